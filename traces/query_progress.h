/* SPDX-License-Identifier: GPL-2.0-only */
/* Says on a terminal that a long query is at work. */
#ifndef TARRY_QUERY_PROGRESS_H
#define TARRY_QUERY_PROGRESS_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

struct query_progress {
    sqlite3 *db;
    sqlite3_stmt *statement;
    const char *what; /* shown before the rest; the caller's */
    uint64_t began, shown; /* host ns; shown 0: nothing is on the line */
    bool quiet;            /* rows have begun to come */
};

/* From now on, until the statement's first row. Does nothing if stderr is no terminal. */
void query_progress_begin(struct query_progress *, sqlite3 *, sqlite3_stmt *, const char *what);
/* Before the statement is finalized. */
void query_progress_end(struct query_progress *);

#endif
