/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Functions for asking traces in SQL: docs/extension.md. The same code is a part of `tarry query` and, compiled with
 * TARRY_LOADABLE, the extension tarry.so. No canned query, view or index needs them.
 */
#ifndef TARRY_EXT_H
#define TARRY_EXT_H

#ifdef TARRY_LOADABLE
#include <sqlite3ext.h>
SQLITE_EXTENSION_INIT3
#else
#include <sqlite3.h>
#endif

/* Each adds its functions to the connection; SQLITE_OK or what SQLite answered. */
int ext_scalar_register(sqlite3 *);    /* hexa, page, disasm, symbol */
int ext_aggregate_register(sqlite3 *); /* percentile, histogram */
int ext_interval_register(sqlite3 *);  /* intervals, residency */
int ext_access_register(sqlite3 *);    /* accesses */

/* All of them. */
int ext_register(sqlite3 *);

/*
 * The name of the schema that an argument `run` means: 1 or NULL is main, a text is the name that a trace was
 * attached by. Returns NULL if it is neither.
 */
const char *ext_schema(sqlite3_value *run);

#endif
