/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The event catalogue (events.def) as tables for the host: what the schema,
 * the recorder and the documentation are made from.
 */
#ifndef TARRY_CATALOGUE_H
#define TARRY_CATALOGUE_H

#include <stdbool.h>
#include "events.h"

enum column_type {
    COL_UINT, /* an unsigned number */
    COL_INT,  /* a signed number */
    COL_HEX,  /* an address: 64 bits, stored signed, shown in hex by the views */
    COL_STR,  /* id of a row of `string` */
    COL_REF,  /* id of another event; 0: none */
    COL_ENUM  /* number of a row of `enum_NAME` */
};

struct column {
    const char *name;
    enum column_type type;
    const char *enum_name; /* COL_ENUM: the part after `enum_`; else NULL */
    const char *unit;      /* "" if it has none */
    const char *doc;
};

/* Events that --trace chooses together. */
struct event_group {
    const char *name;
    enum { GROUP_ALWAYS, GROUP_DEFAULT, GROUP_EXTRA, GROUP_NAMED } when; /* EXTRA: only if asked for; NAMED: by name */
    const char *doc;
};

struct event {
    const char *name; /* also the name of its table */
    const char *doc;
    unsigned group;         /* index in catalogue_groups */
    bool interval;          /* it lasts: has dur, and results that are known at its end */
    bool thing;             /* an interval that other rows name: stored when it begins already, and again at its end */
    const struct column *columns; /* ncols COLUMNs, then nresults RESULTs */
    unsigned ncols, nresults;
};

struct enum_value {
    const char *enum_name;
    const char *name;
    int64_t number;
    const char *doc;
};

struct enum_type {
    const char *name;
    const char *doc;
};

/* Longest COLUMNs plus RESULTs of one event; catalogue.c checks it when it is compiled. */
#define CATALOGUE_MAX_WORDS 12

/* Indexed by event number; entry EV_none is empty. */
extern const struct event catalogue_events[EV_COUNT];

extern const struct event_group catalogue_groups[];
extern const unsigned catalogue_ngroups;

extern const struct enum_type catalogue_enums[];
extern const unsigned catalogue_nenums;
extern const struct enum_value catalogue_values[];
extern const unsigned catalogue_nvalues;

/* The enum that a column's numbers are named by, or NULL: its own, or that of the system calls. */
const char *catalogue_enum_of(const struct event *, const struct column *);

/* What documentation calls a column's type: "uint", "int", "hex", "string", "event", "enum". */
const char *catalogue_type_name(const struct column *);

#endif
