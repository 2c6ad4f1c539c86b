/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * preserve: what a pending read costs those who write. Reads the first half of FILE into a deferred segment, and then
 * writes N pages of that half, N of the other half, and N of OTHER. The trace tells how many blocks were preserved for
 * the read (W6), which is a matter of --snapshot.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tarry.h"

static const char help[] = "preserve FILE OTHER [--pages N] [--rounds N]\n"
                           "Reads the first half of FILE, then writes N (100) pages of it, N of the second half, and N\n"
                           "of OTHER; all that so many times (1).";

enum { PAGE = 4096 };

static int open_file(const char *name, uint64_t *pages)
{
    struct tarry_stat st;
    int fd = open(name, O_RDWR);
    if (fd < 0 || dirfstat(fd, &st) < 0) {
        complain(name);
        exit(1);
    }
    *pages = st.length / PAGE;
    return fd;
}

static void write_pages(const char *name, int fd, uint64_t from, uint64_t n)
{
    static char page[PAGE];
    memset(page, 'w', sizeof page);
    for (uint64_t i = 0; i < n; i++)
        if (pwrite(fd, page, PAGE, (off_t)((from + i) * PAGE)) != PAGE) {
            complain(name);
            exit(1);
        }
}

int main(int argc, char **argv)
{
    uint64_t n = 100, rounds = 1, pages, others;
    if (help_asked(argc, argv, help))
        return 0;
    for (int i = 3; i < argc; i += 2)
        if (i + 1 == argc || !parse_number(argv[i + 1], strcmp(argv[i], "--pages") == 0 ? &n : &rounds) ||
            (strcmp(argv[i], "--pages") != 0 && strcmp(argv[i], "--rounds") != 0))
            usage(help);
    if (argc < 3)
        usage(help);
    int file = open_file(argv[1], &pages), other = open_file(argv[2], &others);
    if (pages / 2 < n || others < n) {
        complain_of(argv[1], "too short");
        return 1;
    }
    char *p = segattach(0, "defer", NULL, pages / 2 * PAGE);
    if ((intptr_t)p == -1 || pread(file, p, pages / 2 * PAGE, 0) != (ssize_t)(pages / 2 * PAGE)) {
        complain(argv[1]);
        return 1;
    }
    for (; rounds > 0; rounds--) {
        write_pages(argv[1], file, 0, n);
        write_pages(argv[1], file, pages / 2, n);
        write_pages(argv[2], other, 0, n);
    }
    return 0;
}
