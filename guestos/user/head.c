/* SPDX-License-Identifier: GPL-2.0-only */
/* head [-n LINES] [FILE...]: the first lines of files. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "tarry.h"

static const char help[] = "head [-n LINES] [FILE...]\n"
                           "Copies the first LINES lines (10) of each FILE or the input.";

static char buf[4096];

static int head(int fd, const char *name, uint64_t lines) {
    ssize_t n = 0;
    while (lines && (n = read(fd, buf, sizeof buf)) > 0) {
        size_t use = 0;
        while (use < (size_t)n && lines)
            lines -= buf[use++] == '\n';
        if (write_all(1, buf, use) < 0) {
            complain("output");
            return 1;
        }
    }
    if (n < 0)
        complain(name);
    return n < 0;
}

int main(int argc, char **argv) {
    uint64_t lines = 10;
    int i = 1, failed = 0;
    if (help_asked(argc, argv, help))
        return 0;
    if (i < argc && strcmp(argv[i], "-n") == 0) {
        if (i + 1 == argc || !parse_number(argv[i + 1], &lines))
            usage(help);
        i += 2;
    }
    if (i < argc && argv[i][0] == '-')
        usage(help);
    if (i == argc)
        return head(0, "input", lines);
    for (; i < argc; i++) {
        int fd = open(argv[i], O_RDONLY);
        if (fd < 0) {
            complain(argv[i]);
            failed = 1;
            continue;
        }
        failed |= head(fd, argv[i], lines);
        close(fd);
    }
    return failed;
}
