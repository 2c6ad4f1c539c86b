/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The canned queries, embedded from traces/queries/NAME.sql when tarry is built. Each
 * file begins with comments: `-- title:`, `-- question:`, `-- param NAME:` (one per
 * parameter :NAME), `-- read:` (how to read the answer).
 */
#ifndef TARRY_QUERIES_H
#define TARRY_QUERIES_H

struct canned_query {
    const char *name;
    const char *title;
    const char *question;
    const char *sql; /* the whole file */
};

extern const struct canned_query queries[]; /* sorted by name */
extern const unsigned queries_count;

/* traces/exports/NAME.sql: several statements, whose rows of one column each are the lines of an export. */
extern const struct canned_query exports[]; /* sorted by name */
extern const unsigned exports_count;

/* traces/report/NAME.sql: what the figures of a report show that no canned query does. */
extern const struct canned_query figures[]; /* sorted by name */
extern const unsigned figures_count;

#endif
