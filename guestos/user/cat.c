/* SPDX-License-Identifier: GPL-2.0-only */
/* cat [FILE...]: copies files to the output; without a file, or for -, the input. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "tarry.h"

static const char help[] = "cat [FILE...]\n"
                           "Copies each FILE (- or none: the input) to the output.";

static char buf[65536];

static int cat(int fd, const char *name)
{
    ssize_t n;
    while ((n = read(fd, buf, sizeof buf)) > 0)
        if (write_all(1, buf, (size_t)n) < 0)
            return output_failed();
    if (n < 0)
        complain(name);
    return n < 0;
}

int main(int argc, char **argv)
{
    int failed = 0;
    if (help_asked(argc, argv, help))
        return 0;
    if (argc > 1 && argv[1][0] == '-' && argv[1][1])
        usage(help);
    if (argc == 1)
        return cat(0, "input");
    for (int i = 1; i < argc; i++) {
        int fd = strcmp(argv[i], "-") == 0 ? 0 : open(argv[i], O_RDONLY);
        if (fd < 0) {
            complain(argv[i]);
            failed = 1;
            continue;
        }
        failed |= cat(fd, argv[i]);
        if (fd)
            close(fd);
    }
    return failed;
}
