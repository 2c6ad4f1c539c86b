/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Parameters of queries. The head of a canned query names each, with the kind of value that it takes:
 *
 *     -- param NAME (KIND): what it is; default: ...
 *
 * KIND: id, count (1 or more), bytes (suffixes k, M, G, T), ns (suffixes us, ms, s), address, text. A parameter
 * without a kind, and those of SQL, take numbers (0x... too) and text.
 */
#ifndef TARRY_QUERY_PARAM_H
#define TARRY_QUERY_PARAM_H

#include <sqlite3.h>
#include <stddef.h>

struct query_param {
    const char *name; /* without -- */
    const char *value;
};

/* Binds them to :NAME of the statement, which `sql` was prepared to. Returns 0, or -1 with a message (what: why). */
int query_bind(sqlite3_stmt *, const char *sql, const struct query_param *, int n, char *err, size_t errlen);

#endif
