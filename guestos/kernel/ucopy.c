/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * User memory for the kernel: page by page through the segments, never through
 * the hardware. Between a pin and the copy nothing sleeps, so a copy sees
 * a page as the process would at that moment.
 */
#include <string.h>
#include "proc.h"
#include "segment.h"

/* Are [va, va + n) addresses that a user could have? */
static bool useraddresses(uint64_t va, uint64_t n)
{
    return n == 0 || (va < TARRY_USER_TOP && n <= TARRY_USER_TOP - va);
}

/* Pins the page of va. The bytes from va to its end, at most `most`, are at *kva; their number, or the error. */
static int64_t pin(uint64_t va, size_t most, enum ev_enum_access access, Page **page, char **kva)
{
    Segment *s = segfor(up, va);
    if (s == NULL)
        return error(T_EFAULT, "bad address");
    int r = fixfault(s, va, access, true, NULL, page);
    if (r < 0)
        return r;
    uint64_t n = PGSIZE - (va & PGMASK);
    *kva = (char *)pagekva(*page) + (va & PGMASK);
    return (int64_t)(n < most ? n : most);
}

/* Page by page; `access` is the one that user memory sees. */
static int copy(char *kernel, uint64_t va, size_t n, enum ev_enum_access access)
{
    if (!useraddresses(va, n))
        return error(T_EFAULT, "bad address");
    for (size_t done = 0; done < n;) {
        Page *page;
        char *kva;
        int64_t part = pin(va + done, n - done, access, &page, &kva);
        if (part < 0)
            return (int)part;
        if (access == EV_access_write)
            memcpy(kva, kernel + done, (size_t)part);
        else
            memcpy(kernel + done, kva, (size_t)part);
        putpage(page);
        done += (size_t)part;
    }
    return 0;
}

int copyin(void *dst, uint64_t va, size_t n)
{
    return copy(dst, va, n, EV_access_read);
}

int copyout(uint64_t va, const void *src, size_t n)
{
    return copy((char *)(uintptr_t)src, va, n, EV_access_write); /* only read */
}

int64_t copyinstr(char *dst, uint64_t va, size_t max)
{
    for (size_t done = 0; done < max;) {
        Page *page;
        char *kva;
        if (!useraddresses(va + done, 1))
            return error(T_EFAULT, "bad address");
        int64_t part = pin(va + done, max - done, EV_access_read, &page, &kva);
        if (part < 0)
            return part;
        const char *nul = memchr(kva, 0, (size_t)part);
        size_t n = nul != NULL ? (size_t)(nul - kva) + 1 : (size_t)part;
        memcpy(dst + done, kva, n);
        putpage(page);
        done += n;
        if (nul != NULL)
            return (int64_t)done - 1;
    }
    return error(T_ENAMETOOLONG, "name too long");
}
