/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * zeros HOW FILE: makes a buffer zero that FILE was read into and that has not been looked at. HOW:
 *   loop     stores, one for each page and the rest of it
 *   memset   the C library's, which asks the kernel
 *   calloc   after free, of malloc's memory in a deferred segment
 *   devzero  a read of /dev/zero
 *   segzero  the system call
 *   segfree  the pages are given back
 * The trace tells how many pages were loaded for it: calls of nsec mark the phases: read, make zero (the canned query
 * experiment-phases).
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tarry.h"

static const char help[] = "zeros loop|memset|calloc|devzero|segzero|segfree FILE\n"
                           "Makes a buffer zero that FILE was read into.";

static void *(*volatile any_memset)(void *, int, size_t) = memset;

static char *zero(const char *how, char *p, size_t n)
{
    int fd;
    if (strcmp(how, "loop") == 0) {
        for (size_t i = 0; i < n; i++)
            ((volatile char *)p)[i] = 0;
        return p;
    }
    if (strcmp(how, "memset") == 0)
        return any_memset(p, 0, n);
    if (strcmp(how, "calloc") == 0) {
        free(p);
        return calloc(1, n);
    }
    if (strcmp(how, "devzero") == 0)
        return (fd = open("/dev/zero", O_RDONLY)) >= 0 && read(fd, p, n) == (ssize_t)n ? p : NULL;
    if (strcmp(how, "segzero") == 0)
        return segzero(p, n) == 0 ? p : NULL;
    if (strcmp(how, "segfree") == 0)
        return segfree(p, n) == 0 ? p : NULL;
    usage(help);
}

int main(int argc, char **argv)
{
    struct tarry_stat st;
    if (help_asked(argc, argv, help))
        return 0;
    if (argc != 3)
        usage(help);
    int fd = open(argv[2], O_RDONLY);
    if (fd < 0 || dirfstat(fd, &st) < 0 || malloc_deferred(st.length + (1 << 20)) < 0) {
        complain(argv[2]);
        return 1;
    }
    char *p = malloc(st.length);
    nsec();
    ssize_t n = p ? pread(fd, p, st.length, 0) : -1;
    nsec();
    if (n != (ssize_t)st.length || !(p = zero(argv[1], p, st.length))) {
        complain(argv[1]);
        return 1;
    }
    nsec();
    size_t bad = 0;
    for (size_t i = 0; i < st.length; i += 1021)
        bad += p[i] != 0;
    printf("%s: %llu bytes, %zu of those looked at are not zero\n", argv[1], (unsigned long long)st.length, bad);
    return finish_output(bad != 0);
}
