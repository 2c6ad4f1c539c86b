/* SPDX-License-Identifier: GPL-2.0-only */
/* The deferred segments of this process; see deferred.h. */
#include <stdint.h>
#include "deferred.h"

enum { MOST = 16 }; /* segments that a process can attach */

static struct {
    uintptr_t start, end; /* end 0: unused */
} deferred[MOST];

bool in_deferred(const void *p, size_t n)
{
    uintptr_t at = (uintptr_t)p;
    for (int i = 0; i < MOST; i++)
        if (at >= deferred[i].start && at < deferred[i].end && n <= deferred[i].end - at)
            return true;
    return false;
}

void note_attached(const void *p, size_t n)
{
    for (int i = 0; i < MOST; i++)
        if (deferred[i].end == 0) {
            deferred[i].start = (uintptr_t)p;
            deferred[i].end = (uintptr_t)p + n;
            return;
        }
}

void note_detached(const void *p)
{
    for (int i = 0; i < MOST; i++)
        if ((uintptr_t)p >= deferred[i].start && (uintptr_t)p < deferred[i].end)
            deferred[i].end = 0;
}
