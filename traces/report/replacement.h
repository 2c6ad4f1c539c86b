/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TARRY_REPORT_REPLACEMENT_H
#define TARRY_REPORT_REPLACEMENT_H

#include <sqlite3.h>
#include <stdio.h>

/* Writes the study of a trace as a JSON object; null: it has no accesses or samples (or too many accesses and no samples). */
void report_write_replacement(sqlite3 *, FILE *to);

#endif
