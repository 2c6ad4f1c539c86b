/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * /dev/null and /dev/zero. A read of zeros into a deferred segment changes the segment's sources and
 * touches no page (R8); elsewhere the zeros are copied.
 */
#include "chan.h"
#include "policy.h"
#include "proc.h"
#include "zero.h"

static int64_t nullread(Chan *c, uint64_t va, uint64_t n, uint64_t off)
{
    (void)c;
    (void)va;
    (void)n;
    (void)off;
    return 0;
}

static int64_t nullwrite(Chan *c, uint64_t va, uint64_t n, uint64_t off)
{
    (void)c;
    (void)va;
    (void)off;
    return (int64_t)n;
}

static int nullstat(Chan *c, struct tarry_stat *st)
{
    synthstat(st, "null", &nulldev, c->qid, 0666);
    return 0;
}

static bool zerosource(const Segment *s)
{
    return policyof(s)->zeros;
}

static int64_t zeroread(Chan *c, uint64_t va, uint64_t n, uint64_t off)
{
    (void)c;
    (void)off;
    int r = userzero(va, n, zerosource);
    return r < 0 ? r : (int64_t)n;
}

static int zerostat(Chan *c, struct tarry_stat *st)
{
    synthstat(st, "zero", &zerodev, c->qid, 0444);
    return 0;
}

const Dev nulldev = {.letter = '0', .read = nullread, .write = nullwrite, .stat = nullstat};
const Dev zerodev = {.letter = '0', .read = zeroread, .stat = zerostat};
