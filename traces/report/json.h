/* SPDX-License-Identifier: GPL-2.0-only */
/* Pieces of the JSON that a report holds. Nothing they write can end the <script> that it stands in: see format_json_text. */
#ifndef TARRY_REPORT_JSON_H
#define TARRY_REPORT_JSON_H

#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include "cells.h"
#include "curve.h"

/*
 * Writes the rows of a statement as {"columns": [...], "rows": [[...]], "more": N}: at most `limit` rows; N more are
 * counted only. Returns SQLITE_DONE, or the SQLite code of what stopped it.
 */
int json_rows(sqlite3_stmt *, uint64_t limit, FILE *to);

/* What the cells of a map say beside where and how many. */
enum json_cells {
    CELLS_COUNTS,   /* nothing: page states */
    CELLS_MEASURES, /* sum, max, and who: id, cause, pc, flags */
};

/*
 * Writes a map as {"row_shift": , "col_shift": , "cells": N, "left_out": N, "data": "..."}. The data are numbers in
 * LEB128, in base64; cell.js reads them. It sorts the cells.
 */
void json_cells(struct cells *, enum json_cells, FILE *to);

/* {"shift": , "t": [...], "v": [...]}: t are differences of columns, v differences of sums. */
void json_curve(const struct curve *, FILE *to);

/* [[bin, count], ...] of the bins that are not 0. */
void json_distribution(const uint64_t count[DISTRIBUTION_BINS], FILE *to);

#endif
