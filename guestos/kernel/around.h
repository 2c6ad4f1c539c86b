/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fill-around: a fault on a page that comes from a snapshot brings its neighbours, too. Off by default; chosen by
 * --fill-around. It changes when bytes are transferred, never which.
 */
#ifndef AROUND_H
#define AROUND_H

#include "segment.h"

enum { AROUND_OFF = 0, AROUND_MOST = 64, AROUND_SEQUENTIAL = AROUND_MOST + 1 };

/*
 * --fill-around: N, the aligned window of N pages around the fault; AROUND_SEQUENTIAL, pages after it, the more the
 * longer faults come in sequence; or AROUND_OFF.
 */
extern unsigned fillaround;
/* "off", "seq" or a number from 2 to AROUND_MOST; false if it is neither. */
bool aroundnamed(const char *text, unsigned *value);

/* Pages that a fault brings. */
typedef struct Window {
    uint64_t va, end; /* [va, end), page-aligned; empty: none but its own */
} Window;

/*
 * The window of a fault on the page at va, which is not resident. Asks the disk for its blocks all at once. The caller holds
 * the segment's lock.
 */
Window aroundbegin(Segment *, uint64_t va);
/* Once the page itself is there: makes the others resident, and maps them for reading if there is a space. */
void aroundend(Segment *, Window, Space *);

#endif
