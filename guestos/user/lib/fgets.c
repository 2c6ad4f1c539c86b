/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fgets in place of picolibc 1.8's, which loses a last line that has no newline (C11 7.21.7.2: null only if nothing was
 * read).
 */
#include <stdio.h>

char *fgets(char *restrict buf, int size, FILE *restrict f)
{
    int n = 0, c = 0;
    if (size <= 0)
        return NULL;
    while (n < size - 1 && c != '\n' && (c = getc(f)) != EOF)
        buf[n++] = (char)c;
    if (n == 0 && size > 1)
        return NULL;
    buf[n] = 0;
    return ferror(f) ? NULL : buf;
}
