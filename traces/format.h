/* SPDX-License-Identifier: GPL-2.0-only */
/* Prints the rows of a statement to stdout as a table for people, as CSV (RFC 4180), or as a JSON array of objects. */
#ifndef TARRY_FORMAT_H
#define TARRY_FORMAT_H

#include <sqlite3.h>
#include <stdio.h>

enum format { FORMAT_TABLE, FORMAT_CSV, FORMAT_JSON };

/* "table", "csv", "json". Returns 0, or -1 if it is none of them. */
int format_parse(const char *name, enum format *);

/* Steps the statement to its end. Returns SQLITE_DONE, or the SQLite code of what stopped it. */
int format_print(sqlite3_stmt *, enum format);

/* The CSV of format_print, to a file. Errors of the file are left in ferror. */
int format_csv(sqlite3_stmt *, FILE *);

/* Writes a text as a JSON string, quotes included; it may stand inside HTML's <script>. */
void format_json_text(const char *, FILE *);

/* Writes the value of a column of the current row as JSON; a blob is a string of hex digits. */
void format_json_value(sqlite3_stmt *, int column, FILE *);

#endif
