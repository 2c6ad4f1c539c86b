/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * memcpy and memset by words: most of what the kernel moves are whole frames, and picolibc's go byte by byte.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint64_t __attribute__((may_alias)) word;

enum { WORD = sizeof(word), STRIDE = 8 }; /* words per turn of the inner loop */

static void copywords(word *to, const word *from, size_t words)
{
    for (; words >= STRIDE; words -= STRIDE, to += STRIDE, from += STRIDE) {
        word a = from[0], b = from[1], c = from[2], d = from[3];
        word e = from[4], f = from[5], g = from[6], h = from[7];
        to[0] = a, to[1] = b, to[2] = c, to[3] = d;
        to[4] = e, to[5] = f, to[6] = g, to[7] = h;
    }
    while (words-- > 0)
        *to++ = *from++;
}

void *memcpy(void *restrict dst, const void *restrict src, size_t n)
{
    char *to = dst;
    const char *from = src;
    if ((((uintptr_t)to ^ (uintptr_t)from) & (WORD - 1)) == 0) {
        for (; n > 0 && ((uintptr_t)to & (WORD - 1)) != 0; n--)
            *to++ = *from++;
        size_t bytes = n & ~(size_t)(WORD - 1);
        copywords((word *)(void *)to, (const word *)(const void *)from, bytes / WORD);
        to += bytes;
        from += bytes;
        n -= bytes;
    }
    while (n-- > 0)
        *to++ = *from++;
    return dst;
}

static void setwords(word *to, word value, size_t words)
{
    for (; words >= STRIDE; words -= STRIDE, to += STRIDE) {
        to[0] = value, to[1] = value, to[2] = value, to[3] = value;
        to[4] = value, to[5] = value, to[6] = value, to[7] = value;
    }
    while (words-- > 0)
        *to++ = value;
}

void *memset(void *dst, int c, size_t n)
{
    char *to = dst;
    for (; n > 0 && ((uintptr_t)to & (WORD - 1)) != 0; n--)
        *to++ = (char)c;
    size_t bytes = n & ~(size_t)(WORD - 1);
    setwords((word *)(void *)to, (uint8_t)c * 0x0101010101010101ull, bytes / WORD);
    to += bytes;
    for (n -= bytes; n > 0; n--)
        *to++ = (char)c;
    return dst;
}
