/* SPDX-License-Identifier: GPL-2.0-only */
/* How many pages are resident, dirty and swapped by when: changes of state added up, until each segment ends. */
#ifndef TARRY_REPORT_MEMORY_H
#define TARRY_REPORT_MEMORY_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "curve.h"

#define MEMORY_STATES 5 /* enum_page_state */

struct memory_segment {
    uint64_t id, end;              /* end: virtual ns; UINT64_MAX if it did not */
    int64_t pages[MEMORY_STATES]; /* in each state that holds memory or swap */
};

struct memory {
    struct memory_segment *segments; /* by id */
    size_t *by_end;                  /* indices of segments, in the order in which they end */
    size_t n, ended;
    struct curve *resident, *dirty, *swapped;
};

/* Is a page in this state in memory or swap? */
bool memory_holds(unsigned state);
/* Reads the segments of a trace. Returns 0, or -1 if they cannot be read. */
int memory_init(struct memory *, sqlite3 *, struct curve *resident, struct curve *dirty, struct curve *swapped);
/* A page changes its state; changes come in order of time. */
void memory_change(struct memory *, uint64_t ts, uint64_t segment, unsigned before, unsigned after);
/* No more changes: the segments that still have pages end. */
void memory_end(struct memory *);
void memory_free(struct memory *);

#endif
