/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * /dev/null and /dev/zero. A read of zeros into a deferred segment changes the segment's sources and
 * touches no page (R8); elsewhere the zeros are copied.
 */
#include "chan.h"
#include "policy.h"
#include "proc.h"

enum { BREATH = 1 << 20 }; /* bytes of zeros between two looks at what else is to be done */

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
    for (uint64_t done = 0; done < n && err == 0; done += PGSIZE) {
        err = copyout(va + done, zeros, n - done < PGSIZE ? n - done : PGSIZE);
        if (err == 0 && done % BREATH == BREATH - PGSIZE)
            err = breathe();
    }
    return err;
}

/* The segment that holds va if a store there is allowed; *n is cut to what lies in it. */
static Segment *writable(uint64_t va, uint64_t *n)
{
    Segment *s = segfor(up, va);
    if (s == NULL || (s->attr & SG_RONLY)) {
        error(T_EFAULT, "bad address in system call");
        return NULL;
    }
    if (*n > s->top - va)
        *n = s->top - va;
    return s;
}

static int64_t zeroread(Chan *c, uint64_t va, uint64_t n, uint64_t off)
{
    uint64_t part;
    int err = 0;
    (void)c;
    (void)off;
    for (uint64_t done = 0; done < n; done += part) { /* nothing is changed if some of the buffer is bad */
        part = n - done;
        if (writable(va + done, &part) == NULL)
            return -T_EFAULT;
    }
    for (uint64_t done = 0; done < n && err == 0; done += part) {
        part = n - done;
        Segment *s = writable(va + done, &part);
        err = s == NULL                                  ? -T_EFAULT
              : policyof(s)->zeros       ? segzero(s, va + done, part)
                                                         : copyzeros(va + done, part);
    }
    return err < 0 ? err : (int64_t)n;
}

static int zerostat(Chan *c, struct tarry_stat *st)
{
    synthstat(st, "zero", &zerodev, c->qid, 0444);
    return 0;
}

const Dev nulldev = {.letter = '0', .read = nullread, .write = nullwrite, .stat = nullstat};
const Dev zerodev = {.letter = '0', .read = zeroread, .stat = zerostat};
