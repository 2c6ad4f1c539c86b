/* SPDX-License-Identifier: GPL-2.0-only */
/* Zeros into user memory; see zero.h. */
#include "fault.h"
#include "proc.h"
#include "zero.h"

enum { BREATH = 1 << 20 }; /* bytes of zeros between two looks at what else is to be done */

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
    if (s == NULL || !allows(s, EV_access_write)) {
        error(T_EFAULT, "bad address in system call");
        return NULL;
    }
    if (*n > s->top - va)
        *n = s->top - va;
    return s;
}

/* A part of a page. If the page is in memory and the segment's own, storing is cheaper than another piece. */
static int zeropart(Segment *s, uint64_t va, uint64_t n)
{
    if (n == 0)
        return 0;
    qlock(&s->lock);
    PageView v = viewpage(s, va & ~PGMASK);
    qunlock(&s->lock);
    return v.resident.page != NULL && ownsall(&v) ? copyzeros(va, n) : segzero(s, va, n);
}

static int zerosources(Segment *s, uint64_t va, uint64_t n)
{
    uint64_t end = va + n, first = (va + PGMASK) & ~PGMASK, last = end & ~PGMASK;
    if (first >= last && (va & ~PGMASK) == ((end - 1) & ~PGMASK))
        return zeropart(s, va, n);
    int r = zeropart(s, va, first - va);
    if (r == 0 && first < last)
        r = segzero(s, first, last - first);
    return r == 0 ? zeropart(s, last, end - last) : r;
}

int userzero(uint64_t va, uint64_t n, bool (*ofsource)(const Segment *))
{
    uint64_t part;
    int r = 0;
    for (uint64_t done = 0; done < n; done += part) { /* nothing is changed if some of the range is bad */
        part = n - done;
        if (writable(va + done, &part) == NULL)
            return -T_EFAULT;
    }
    for (uint64_t done = 0; done < n && r == 0; done += part) {
        part = n - done;
        Segment *s = writable(va + done, &part);
        r = s == NULL     ? -T_EFAULT
            : ofsource(s) ? zerosources(s, va + done, part)
                          : copyzeros(va + done, part);
    }
    return r;
}
