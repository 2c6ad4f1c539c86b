/* SPDX-License-Identifier: GPL-2.0-only */
/* SQL that was put together in an sqlite3_str: run or prepared, and freed in any case. */
#ifndef TARRY_SQL_H
#define TARRY_SQL_H

#include <sqlite3.h>

/* Both return an SQLite result code: of the text, if there was no memory for it. */
int sql_exec(sqlite3 *, sqlite3_str *);
/* *out is NULL on failure. */
int sql_prepare(sqlite3 *, sqlite3_str *, sqlite3_stmt **out);

#endif
