/* SPDX-License-Identifier: GPL-2.0-only */
/* The canned queries: queries.inc is made from traces/queries by traces.mk. */
#include "queries.h"

const struct canned_query queries[] = {
#define QUERY(name, title, question, sql) {name, title, question, sql},
#include "queries.inc"
#undef QUERY
};
const unsigned queries_count = sizeof(queries) / sizeof(queries[0]);
