/* SPDX-License-Identifier: GPL-2.0-only */
/* One query asked of several traces: the rows of all, with a first column `trace` that says whose they are. */
#ifndef TARRY_QUERY_MANY_H
#define TARRY_QUERY_MANY_H

#include <sqlite3.h>
#include <stddef.h>

struct query_many {
    sqlite3 *db; /* a temporary database with the rows, in one table */
    sqlite3_stmt *insert;
    int columns; /* of the query */
};

/* Steps the statement to its end and keeps its rows. Returns 0, or -1 with a message (why; remedy). */
int query_many_add(struct query_many *, const char *trace, sqlite3_stmt *, char *err, size_t errlen);

/* All rows in the order in which they came. NULL: no memory. The caller finalizes it. */
sqlite3_stmt *query_many_rows(struct query_many *);

void query_many_free(struct query_many *);

#endif
