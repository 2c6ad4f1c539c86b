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
#define GROUP(name, when, doc) SAYS("group " #name, doc)
#define POINT(event, group, doc) SAYS("event " #event, doc)
#define INTERVAL(event, group, doc) SAYS("event " #event, doc)
#define COLUMN(event, name, type, unit, doc) SAYS("column " #event "." #name, doc)
#define RESULT(event, name, type, unit, doc) SAYS("column " #event "." #name, doc)
#define EVENT_END(event)                                                                                  \
    _Static_assert((sizeof(struct ev_##event) + sizeof(struct ev_##event##_end)) / 8 <=                   \
                       CATALOGUE_MAX_WORDS + 4, /* 3 words of ev_head, 1 of kind */                       \
                   "event " #event " has more columns than a record holds: raise CATALOGUE_MAX_WORDS");
#include "events.def"

/* ---- columns_NAME ---- */

#define UINT COL_UINT, NULL
#define INT COL_INT, NULL
#define HEX COL_HEX, NULL
#define STR COL_STR, NULL
#define REF COL_REF, NULL
#define ENUM_OF(e) COL_ENUM, #e
#define POINT(event, group, doc) static const struct column columns_##event[] = {
#define INTERVAL(event, group, doc) POINT(event, group, doc)
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

/* ---- catalogue_groups, catalogue_events ---- */

#define GROUP(name, when, doc) GROUP_##name,
enum {
#include "events.def"
    NGROUPS
};

#define GROUP(name, when, doc) {#name, GROUP_##when, doc},
const struct event_group catalogue_groups[] = {
#include "events.def"
};
const unsigned catalogue_ngroups = NGROUPS;
_Static_assert(NGROUPS <= 32, "a choice of groups is a word of 32 bits");

#define EVENT_ROW(event, group, doc, interval, thing)                                            \
    [EV_##event] = {#event,                                                                      \
                    doc,                                                                         \
                    GROUP_##group,                                                               \
                    interval,                                                                    \
                    thing,                                                                       \
                    columns_##event,                                                             \
                    (sizeof(struct ev_##event) - sizeof(struct ev_head)) / sizeof(uint64_t),     \
                    sizeof(struct ev_##event##_end) / sizeof(uint64_t) - 1},
#define POINT(event, group, doc) EVENT_ROW(event, group, doc, false, false)
#define INTERVAL(event, group, doc) EVENT_ROW(event, group, doc, true, false)
#define THING(event, group, doc) EVENT_ROW(event, group, doc, true, true)
const struct event catalogue_events[EV_COUNT] = {
#include "events.def"
};

/* ---- enums ---- */

#define ENUM(name, doc) {#name, doc},
const struct enum_type catalogue_enums[] = {
#include "events.def"
    {"syscall", "System calls of the guest OS (guestos/include/tarry/abi.h)"},
    {"error", "Errors of the guest OS: a system call's result is minus this number"},
};
const unsigned catalogue_nenums = sizeof(catalogue_enums) / sizeof(catalogue_enums[0]);

#define VALUE(e, name, n, doc) {#e, #name, n, doc},
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
