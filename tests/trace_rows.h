/* SPDX-License-Identifier: GPL-2.0-only */
/* Asking a trace in a test: a statement's rows as text, and the canned queries by name. */
#ifndef TESTS_TRACE_ROWS_H
#define TESTS_TRACE_ROWS_H

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include "traces/queries.h"

/* The rows of a statement: columns joined by |, rows by newlines, NULL is -. `param` may be NULL. */
static inline char *trace_rows(sqlite3 *db, const char *sql, const char *param, sqlite3_int64 value)
{
    static char text[65536];
    size_t n = 0;
    sqlite3_stmt *s;

    text[0] = '\0';
    if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    if (param != NULL) {
        assert_true(sqlite3_bind_parameter_index(s, param) > 0);
        sqlite3_bind_int64(s, sqlite3_bind_parameter_index(s, param), value);
    }
    while (sqlite3_step(s) == SQLITE_ROW)
        for (int i = 0; i < sqlite3_column_count(s); i++) {
            const unsigned char *cell = sqlite3_column_text(s, i);
            n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s", cell ? (const char *)cell : "-",
                                  i + 1 < sqlite3_column_count(s) ? "|" : "\n");
            assert_true(n < sizeof(text));
        }
    if (sqlite3_finalize(s) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    return text;
}

static inline const char *canned(const char *name)
{
    for (unsigned i = 0; i < queries_count; i++)
        if (strcmp(queries[i].name, name) == 0)
            return queries[i].sql;
    fail_msg("no query %s", name);
    return NULL;
}

#endif
