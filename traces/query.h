/* SPDX-License-Identifier: GPL-2.0-only */
/* `tarry query`: asks a trace; never writes to it. */
#ifndef TARRY_QUERY_H
#define TARRY_QUERY_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>

/* The command; argv[0] is "query". Returns the exit status: 0, or 2 with one line on stderr. */
int cmd_query(int argc, char **argv);

/* Opens a trace for reading. Returns NULL with a message (what: why; remedy). */
sqlite3 *query_open(const char *path, char *err, size_t errlen);

/* Adds another trace as schema `name`, for reading. Before query_prepare. Returns 0, or -1 with a message. */
int query_attach(sqlite3 *, const char *path, const char *name, char *err, size_t errlen);

/* Did an older tarry write what is attached as `schema`? For main, query_open has made up for what it lacks, with nothing. */
bool query_is_old(sqlite3 *, const char *schema);

/* Is the trace whole? Not if it is still being written or its run was killed. */
bool query_is_complete(sqlite3 *);

/*
 * Prepares one statement that only reads. Returns NULL with a message if the SQL is wrong, holds
 * more than one statement, or would change anything (ATTACH and PRAGMA with a value included).
 */
sqlite3_stmt *query_prepare(sqlite3 *, const char *sql, char *err, size_t errlen);

#endif
