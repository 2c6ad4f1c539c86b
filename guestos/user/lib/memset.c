/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * memset, which calloc calls, too. Zeros over many pages of a deferred segment are the kernel's affair (segzero): to store
 * them would load every page that was read before, only to lose it.
 */
#include <stdint.h>
#include <string.h>
#include "deferred.h"
#include "tarry.h"

enum { LEAST = 16 * TARRY_PAGE, WORD = sizeof(uint64_t) };

typedef uint64_t __attribute__((may_alias)) word;

__attribute__((optimize("no-tree-loop-distribute-patterns"))) void *memset(void *p, int c, size_t n)
{
    char *to = p, *end = to + n;
    uint64_t value = (uint8_t)c * 0x0101010101010101u;
    if (n >= LEAST && value == 0 && in_deferred(p, n) && sys_segzero((uintptr_t)p, n) == 0)
        return p;
    for (; to < end && ((uintptr_t)to & (WORD - 1)); to++)
        *to = (char)c;
    for (; end - to >= WORD; to += WORD)
        *(word *)(void *)to = value;
    while (to < end)
        *to++ = (char)c;
    return p;
}
