/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * mallocs FILE BYTES: what malloc's book-keeping does to buffers that were read. Memory for malloc is a deferred
 * segment; FILE is read into buffers of BYTES, one after the other, which are freed without having been looked at,
 * allocated again, and freed and calloced. Calls of nsec mark the phases: malloc and read, free, malloc, free and calloc (the
 * canned query experiment-phases).
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "tarry.h"

static const char help[] = "mallocs FILE BYTES\n"
                           "Reads FILE into buffers of BYTES from malloc, frees them unseen, and allocates them again.";

static _Noreturn void fail(const char *what)
{
    complain(what);
    exit(1);
}

/* Odd ones first, so that the even ones have neighbours to merge with. */
static void free_all(char **bufs, uint64_t n)
{
    for (uint64_t first = 2; first-- > 0;)
        for (uint64_t i = first; i < n; i += 2)
            free(bufs[i]);
}

static void read_all(int fd, char **bufs, uint64_t n, uint64_t bytes)
{
    for (uint64_t i = 0; i < n; i++)
        if ((bufs[i] = malloc(bytes)) == NULL || pread(fd, bufs[i], bytes, (off_t)(i * bytes)) != (ssize_t)bytes)
            fail("malloc and read");
}

int main(int argc, char **argv)
{
    struct tarry_stat st;
    uint64_t bytes, bad = 0;
    if (help_asked(argc, argv, help))
        return 0;
    if (argc != 3 || !parse_number(argv[2], &bytes) || bytes < 16)
        usage(help);
    int fd = open(argv[1], O_RDONLY);
    if (fd < 0 || dirfstat(fd, &st) < 0)
        fail(argv[1]);
    uint64_t n = st.length / bytes;
    char **bufs = segattach(0, "memory", NULL, (n + 1) * sizeof *bufs); /* out of malloc's way */
    if ((intptr_t)bufs == -1 || malloc_deferred(2 * st.length + n * 64 + (1 << 20)) < 0)
        fail("segattach");
    nsec();
    read_all(fd, bufs, n, bytes);
    nsec();
    free_all(bufs, n);
    nsec();
    for (uint64_t i = 0; i < n; i++)
        if ((bufs[i] = malloc(bytes)) == NULL)
            fail("malloc");
    nsec();
    free_all(bufs, n);
    for (uint64_t i = 0; i < n; i++)
        if ((bufs[i] = calloc(1, bytes)) == NULL)
            fail("calloc");
    nsec();
    for (uint64_t i = 0; i < n; i++)
        bad += bufs[i][0] != 0 || bufs[i][bytes / 2] != 0 || bufs[i][bytes - 1] != 0;
    printf("buffers=%llu bytes=%llu bad=%llu\n", (unsigned long long)n, (unsigned long long)bytes,
           (unsigned long long)bad);
    return finish_output(bad != 0);
}
