/* SPDX-License-Identifier: GPL-2.0-only */
/* The canned queries and exports: made from traces/queries and traces/exports by traces.mk. */
#include "queries.h"

const struct canned_query queries[] = {
#define QUERY(name, title, question, sql) {name, title, question, sql},
#include "queries.inc"
};
const unsigned queries_count = sizeof(queries) / sizeof(queries[0]);

const struct canned_query exports[] = {
#include "exports.inc"
#undef QUERY
};
const unsigned exports_count = sizeof(exports) / sizeof(exports[0]);
