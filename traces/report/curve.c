/* SPDX-License-Identifier: GPL-2.0-only */
#include "curve.h"
#include <math.h>

/* Columns become twice as wide; points that fall into one keep the later sum. */
static void coarsen(struct curve *c)
{
    unsigned n = 0;

    c->shift++;
    for (unsigned i = 0; i < c->n; i++) {
        uint64_t col = c->col[i] >> 1;
        if (n == 0 || c->col[n - 1] != col)
            n++;
        c->col[n - 1] = col;
        c->sum[n - 1] = c->sum[i];
    }
    c->n = n;
}

void curve_add(struct curve *c, uint64_t ts, int64_t amount)
{
    int64_t before = c->n > 0 ? c->sum[c->n - 1] : 0;

    while (c->n == CURVE_POINTS && ts >> c->shift > c->col[c->n - 1])
        coarsen(c);
    if (c->n == 0 || ts >> c->shift > c->col[c->n - 1])
        c->col[c->n++] = ts >> c->shift;
    c->sum[c->n - 1] = before + amount;
}

unsigned distribution_bin(uint64_t ns)
{
    double bin = ns > 1 ? log2((double)ns) * DISTRIBUTION_STEPS + 1e-9 : 0; /* powers of two begin a bin */

    return bin < DISTRIBUTION_BINS - 1 ? (unsigned)bin : DISTRIBUTION_BINS - 1;
}
