/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fsbench write|read|random-write|random-read FILE: virtual nanoseconds that it takes to write or read the 16 MiB of FILE in
 * sequence, 1 MiB a call, or 1024 random blocks of 4 KiB of it; with the sync after writing. For tests/bench/fs.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tarry.h"

static const char help[] = "fsbench write|read|random-write|random-read FILE\n"
                           "Times 16 MiB in sequence, or 1024 random blocks of 4 KiB, of FILE, in virtual nanoseconds.";

enum { SPAN = 16 << 20, PIECE = 1 << 20, BLOCK = 4096 };

static bool writes;
static char *buf;

static void transfer(int fd, size_t n, off_t off)
{
    ssize_t got = writes ? pwrite(fd, buf, n, off) : pread(fd, buf, n, off);
    if (got == (ssize_t)n)
        return;
    complain(writes ? "write" : "read");
    exit(1);
}

static void sequential(int fd)
{
    for (off_t off = 0; off < SPAN; off += PIECE)
        transfer(fd, PIECE, off);
}

static void at_random(int fd)
{
    uint64_t x = 1;
    for (int i = 0; i < 1024; i++) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        transfer(fd, BLOCK, (off_t)((x >> 33) % (SPAN / BLOCK) * BLOCK));
    }
}

int main(int argc, char **argv)
{
    if (help_asked(argc, argv, help))
        return 0;
    if (argc != 3)
        usage(help);
    bool random = strncmp(argv[1], "random-", 7) == 0;
    const char *what = argv[1] + (random ? 7 : 0);
    writes = strcmp(what, "write") == 0;
    if (!writes && strcmp(what, "read") != 0)
        usage(help);
    int fd = open(argv[2], writes ? O_RDWR | O_CREAT : O_RDONLY, 0644);
    if (fd < 0 || (buf = malloc(PIECE)) == NULL) {
        complain(argv[2]);
        return 1;
    }
    memset(buf, 'b', PIECE); /* its pages are there when the clock starts */
    uint64_t from = nsec();
    if (random)
        at_random(fd);
    else
        sequential(fd);
    if (writes && sys_sync() < 0) {
        complain("sync");
        return 1;
    }
    printf("%s %lu\n", argv[1], (unsigned long)(nsec() - from));
    return finish_output(0);
}
