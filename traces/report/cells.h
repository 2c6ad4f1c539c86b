/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a map (page by time, disk address by time) shows, in bounded memory. Things that happened are added one after
 * the other and kept as cells of (band, row, column, kind). At first a cell is as fine as the trace: one row is one page,
 * one column one nanosecond. When there are more cells than the budget allows, columns become
 * twice as wide, or rows twice as high, and cells that fall together are merged: a small trace keeps every event, a huge one a picture of it.
 */
#ifndef TARRY_REPORT_CELLS_H
#define TARRY_REPORT_CELLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cell {
    uint64_t band;  /* segment row of the trace, or number of a disk */
    uint64_t row;   /* page of the segment, or block of the disk, >> row_shift */
    uint64_t col;   /* virtual ns >> col_shift */
    int64_t count;  /* events; for states: pages that entered it, less those that left */
    uint64_t sum;   /* of what the map measures (virtual ns of faults, sectors of requests) */
    uint64_t max;   /* longest duration, virtual ns */
    uint64_t id;    /* the first of the events */
    uint64_t cause; /* ... its cause, pc and flags */
    uint64_t pc;
    uint32_t flags;
    uint8_t kind; /* at most 254 */
    bool used;
};

struct cells {
    struct cell *table; /* open addressing; twice the budget, at least */
    uint32_t bits, n, budget;
    unsigned row_shift, col_shift;
    uint32_t rows; /* in use when they were last made higher; 0: they never were */
    uint64_t span;     /* virtual ns that the columns cover: what the caller said, or the last event */
    uint64_t left_out; /* events that no cell could be made for: more bands than cells */
};

/* At most `budget` cells (16 to 2^24) for a run of `span` virtual ns. Returns 0, or -1 if there is no memory. */
int cells_init(struct cells *, uint32_t budget, uint64_t span);
void cells_free(struct cells *);

/*
 * Adds one event. Its row is a page (or block), its column a time in ns: the shifts are applied here. Returns 0, or -1 if
 * there is no memory.
 */
int cells_add(struct cells *, const struct cell *);

/* Sorts the cells by band, row, column, kind; nothing can be added after it. The first of ->n; NULL if there are none. */
const struct cell *cells_sorted(struct cells *);

#endif
