/* SPDX-License-Identifier: GPL-2.0-only */
/* head [-n LINES | -c BYTES] [FILE...]: the first lines or bytes of files. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "tarry.h"

static const char help[] = "head [-n LINES | -c BYTES] [FILE...]\n"
                           "Copies the first LINES lines (10) or BYTES bytes of each FILE or the input.";

static char buf[4096];

/* `most` lines, or bytes. */
static int head(int fd, const char *name, uint64_t most, bool bytes)
{
    ssize_t n = 0;
    while (most && (n = read(fd, buf, bytes && most < sizeof buf ? most : sizeof buf)) > 0) {
        size_t use = 0;
        while (use < (size_t)n && most)
            if (bytes | (buf[use++] == '\n'))
                most--;
        if (use < (size_t)n)
            lseek(fd, (off_t)use - n, SEEK_CUR); /* who reads on begins where we ended, if it is a file */
        if (write_all(1, buf, use) < 0)
            return output_failed();
    }
    if (n < 0)
        complain(name);
    return n < 0;
}

int main(int argc, char **argv)
{
    uint64_t most = 10;
    bool bytes = false;
    int i = 1, failed = 0;
    if (help_asked(argc, argv, help))
        return 0;
    if (i < argc && (strcmp(argv[i], "-n") == 0 || strcmp(argv[i], "-c") == 0)) {
        bytes = argv[i][1] == 'c';
        if (i + 1 == argc || !parse_number(argv[i + 1], &most))
            usage(help);
        i += 2;
    }
    if (i < argc && argv[i][0] == '-')
        usage(help);
    if (i == argc)
        return head(0, "input", most, bytes);
    for (; i < argc; i++) {
        int fd = open(argv[i], O_RDONLY);
        if (fd < 0) {
            complain(argv[i]);
            failed = 1;
            continue;
        }
        failed |= head(fd, argv[i], most, bytes);
        close(fd);
    }
    return failed;
}
