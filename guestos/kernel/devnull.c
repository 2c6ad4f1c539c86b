/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * /dev/null and /dev/zero. A read of zeros into a deferred segment changes the segment's sources and
 * touches no page (R8); elsewhere the zeros are copied.
 */
#include "chan.h"
#include "proc.h"

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

static int copyzeros(uint64_t va, uint64_t n)
{
    static const char zeros[PGSIZE];
    int err = 0;
    for (uint64_t done = 0; done < n && err == 0; done += PGSIZE)
        err = copyout(va + done, zeros, n - done < PGSIZE ? n - done : PGSIZE);
    return err;
}

static int64_t zeroread(Chan *c, uint64_t va, uint64_t n, uint64_t off)
{
    (void)c;
    (void)off;
    for (uint64_t done = 0; done < n;) {
        Segment *s = segfor(up, va + done);
        if (s == NULL || (s->attr & SG_RONLY))
            return done > 0 ? (int64_t)done : error(T_EFAULT, "bad address in system call");
        uint64_t part = s->top - (va + done) < n - done ? s->top - (va + done) : n - done;
        int err = s->policy == EV_io_policy_deferred ? segzero(s, va + done, part) : copyzeros(va + done, part);
        if (err < 0)
            return err;
        done += part;
    }
    return (int64_t)n;
}

static int zerostat(Chan *c, struct tarry_stat *st)
{
    synthstat(st, "zero", &zerodev, c->qid, 0444);
    return 0;
}

const Dev nulldev = {.letter = '0', .read = nullread, .write = nullwrite, .stat = nullstat};
const Dev zerodev = {.letter = '0', .read = zeroread, .stat = zerostat};
