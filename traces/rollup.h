/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rollups: counts and sums of the large event tables, kept by the writer while it stores them, so that questions about
 * a whole run need not read all of its rows. Rollup NAME is table `NAME_rollup`: one row per group of events with equal
 * keys. A group may have several rows (memory is bounded: groups are written out when there are too many), so
 * a reader adds them up. View `NAME_total` is the same for any trace: of a run that was killed, it counts the rows.
 */
#ifndef TARRY_ROLLUP_H
#define TARRY_ROLLUP_H

#include <sqlite3.h>
#include "ring.h"

#define ROLLUP_MOST_KEYS 7
#define ROLLUP_MOST_SUMS 4

struct rollup {
    const char *name;
    unsigned kind;
    /* Columns of the event. `failed`: its result is negative. `sequential`: the request begins where the one before on
     * the same disk ended. */
    const char *keys[ROLLUP_MOST_KEYS];
    const char *sums[ROLLUP_MOST_SUMS]; /* columns whose values are added up */
    const char *doc;
};

extern const struct rollup rollups[];
extern const unsigned nrollups;

/* The statements that create the tables and views; freed by sqlite3_free. */
char *rollup_sql(void);

struct rollup_store;

/* NULL: no memory. */
struct rollup_store *rollup_new(void);
void rollup_free(struct rollup_store *);
/* Counts an event as it is stored; writes groups to their table when there are many. Returns an SQLite result code. */
int rollup_add(struct rollup_store *, sqlite3 *, const struct record *);
/* Writes all groups that are left. Returns an SQLite result code. */
int rollup_write(struct rollup_store *, sqlite3 *);

#endif
