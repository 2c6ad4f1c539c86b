/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Figures of one dimension, in bounded memory: a sum over time that becomes coarser in place of longer, and a distribution
 * of durations on a logarithmic scale.
 */
#ifndef TARRY_REPORT_CURVE_H
#define TARRY_REPORT_CURVE_H

#include <stdint.h>

#define CURVE_POINTS 1024

struct curve { /* {0} has no points */
    unsigned shift; /* point i stands for the times col[i] << shift until the next column */
    unsigned n;
    uint64_t col[CURVE_POINTS];
    int64_t sum[CURVE_POINTS]; /* of all that was added up to the end of the column */
};

/* Adds to the sum at a time, which is not before the last one added (if it is, it counts as of then). */
void curve_add(struct curve *, uint64_t ts, int64_t amount);

/* Durations: DISTRIBUTION_STEPS bins for each power of two, the first for 0 and 1 ns. */
#define DISTRIBUTION_STEPS 16
#define DISTRIBUTION_BINS (64 * DISTRIBUTION_STEPS)

/* The bin of a duration: its bounds are 2^(bin / STEPS) and 2^((bin + 1) / STEPS), within what integers allow. */
unsigned distribution_bin(uint64_t ns);

#endif
