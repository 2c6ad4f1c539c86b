/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sentences out of words and numbers, without a C library. What does not fit is left out.
 */
#include "core.h"

void text_add(struct text *t, const char *s)
{
    while (*s && t->n + 1 < sizeof t->buf)
        t->buf[t->n++] = *s++;
    t->buf[t->n] = 0;
}

void text_number(struct text *t, uint64_t v)
{
    char digits[21], *p = &digits[20];

    *p = 0;
    do
        *--p = (char)('0' + v % 10);
    while ((v /= 10) != 0);
    text_add(t, p);
}
