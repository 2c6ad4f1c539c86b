/* SPDX-License-Identifier: GPL-2.0-only */
/* `tarry report`: traces as one HTML file that needs nothing else. */
#ifndef TARRY_REPORT_H
#define TARRY_REPORT_H

#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>

/* The command; argv[0] is "report". Returns the exit status: 0, or 2 with one line on stderr. */
int cmd_report(int argc, char **argv);

/*
 * Writes what the figures show of one trace as a JSON object. `label` is what the trace is called in the report; each of
 * its maps has at most `budget` cells, that of the states (which are small) twice as many. Returns 0, or -1 with a message; errors of the file are left in ferror.
 */
int report_write_run(sqlite3 *, const char *label, uint32_t budget, FILE *to, char *err, size_t errlen);

/* Writes the texts of all queries of the report as a JSON object: name to title, question, reading, sql. */
void report_write_queries(FILE *to);

/* A file that was embedded when tarry was built. */
struct report_asset {
    const char *name;
    const char *begin, *end;
};

/* NULL if there is none of that name. An asset may be empty: uPlot, where the build could not get it. */
const struct report_asset *report_asset(const char *name);

#endif
