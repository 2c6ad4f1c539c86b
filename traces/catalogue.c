/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tables made from events.def by including it once per table. System call and
 * error numbers have their names from the guest's own list (abi.h).
 */
#include "catalogue.h"
#include <string.h>
#include "../guestos/include/tarry/abi.h"

/* ---- what must hold for the catalogue: an event, column or value without words does not compile ---- */

#define SAYS(what, doc) _Static_assert(sizeof(doc) > 1, what " has no description in events.def");
#define ENUM(name, doc) SAYS("enum " #name, doc)
#define VALUE(e, name, n, doc) SAYS("value " #e "." #name, doc)
#define ENUM_END(name)
#define POINT(event, doc) SAYS("event " #event, doc)
#define INTERVAL(event, doc) SAYS("event " #event, doc)
#define COLUMN(event, name, type, unit, doc) SAYS("column " #event "." #name, doc)
#define RESULT(event, name, type, unit, doc) SAYS("column " #event "." #name, doc)
#define EVENT_END(event)                                                                                  \
    _Static_assert((sizeof(struct ev_##event) + sizeof(struct ev_##event##_end)) / 8 <=                   \
                       CATALOGUE_MAX_WORDS + 4, /* 3 words of ev_head, 1 of kind */                       \
                   "event " #event " has more columns than a record holds: raise CATALOGUE_MAX_WORDS");
#include "events.def"
#undef ENUM
#undef VALUE
#undef ENUM_END
#undef POINT
#undef INTERVAL
#undef COLUMN
#undef RESULT
#undef EVENT_END

/* ---- columns_NAME ---- */

#define ENUM(name, doc)
#define VALUE(e, name, n, doc)
#define ENUM_END(name)
#define UINT COL_UINT, NULL
#define INT COL_INT, NULL
#define HEX COL_HEX, NULL
#define STR COL_STR, NULL
#define REF COL_REF, NULL
#define ENUM_OF(e) COL_ENUM, #e
#define POINT(event, doc) static const struct column columns_##event[] = {
#define INTERVAL(event, doc) POINT(event, doc)
#define COLUMN(event, name, type, unit, doc) {#name, type, unit, doc},
#define RESULT(event, name, type, unit, doc) {#name, type, unit, doc},
#define EVENT_END(event) };
#include "events.def"
#undef UINT
#undef INT
#undef HEX
#undef STR
#undef REF
#undef ENUM_OF
#undef POINT
#undef INTERVAL
#undef COLUMN
#undef RESULT
#undef EVENT_END

/* ---- catalogue_events ---- */

#define COLUMN(event, name, type, unit, doc)
#define RESULT(event, name, type, unit, doc)
#define EVENT_END(event)
#define EVENT_ROW(event, doc, interval)                                                          \
    [EV_##event] = {#event,                                                                      \
                    doc,                                                                         \
                    interval,                                                                    \
                    columns_##event,                                                             \
                    (sizeof(struct ev_##event) - sizeof(struct ev_head)) / sizeof(uint64_t),     \
                    sizeof(struct ev_##event##_end) / sizeof(uint64_t) - 1},
#define POINT(event, doc) EVENT_ROW(event, doc, false)
#define INTERVAL(event, doc) EVENT_ROW(event, doc, true)
const struct event catalogue_events[EV_COUNT] = {
#include "events.def"
};
#undef POINT
#undef INTERVAL
#undef ENUM
#undef VALUE
#undef ENUM_END

/* ---- enums ---- */

#define POINT(event, doc)
#define INTERVAL(event, doc)
#define ENUM(name, doc) {#name, doc},
#define VALUE(e, name, n, doc)
#define ENUM_END(name)
const struct enum_type catalogue_enums[] = {
#include "events.def"
    {"syscall", "System calls of the guest OS (guestos/include/tarry/abi.h)"},
    {"error", "Errors of the guest OS: a system call's result is minus this number"},
};
const unsigned catalogue_nenums = sizeof(catalogue_enums) / sizeof(catalogue_enums[0]);
#undef ENUM
#undef VALUE
#undef ENUM_END

#define ENUM(name, doc)
#define VALUE(e, name, n, doc) {#e, #name, n, doc},
#define ENUM_END(name)
const struct enum_value catalogue_values[] = {
#include "events.def"
#define X(n, name, args, doc) {"syscall", #name, n, doc},
    TARRY_SYSCALLS(X)
#undef X
#define X(n, name, text) {"error", #name, n, text},
    TARRY_ERRORS(X)
#undef X
};
const unsigned catalogue_nvalues = sizeof(catalogue_values) / sizeof(catalogue_values[0]);

const char *catalogue_enum_of(const struct event *e, const struct column *c)
{
    if (c->type == COL_ENUM)
        return c->enum_name;
    if (e == &catalogue_events[EV_syscall] && strcmp(c->name, "number") == 0)
        return "syscall";
    return NULL;
}

const char *catalogue_type_name(const struct column *c)
{
    switch (c->type) {
    case COL_UINT:
        return "uint";
    case COL_INT:
        return "int";
    case COL_HEX:
        return "hex";
    case COL_STR:
        return "string";
    case COL_REF:
        return "event";
    case COL_ENUM:
        break;
    }
    return "enum";
}
