/* SPDX-License-Identifier: GPL-2.0-only */
/* The canned queries, exports and figures: made from traces/queries, traces/exports and traces/report by traces.mk. */
#include "queries.h"

const struct canned_query queries[] = {
#define QUERY(name, title, question, sql) {name, title, question, sql},
#include "queries.inc"
};
const unsigned queries_count = sizeof(queries) / sizeof(queries[0]);

const struct canned_query exports[] = {
#include "exports.inc"
};
const unsigned exports_count = sizeof(exports) / sizeof(exports[0]);

const struct canned_query figures[] = {
#include "report.inc"
#undef QUERY
};
const unsigned figures_count = sizeof(figures) / sizeof(figures[0]);
