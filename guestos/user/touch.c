/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * touch FILE...: makes files that do not exist, empty. Times are the file system's business: those that exist stay as
 * they are.
 */
#include <fcntl.h>
#include <unistd.h>
#include "tarry.h"

static const char help[] = "touch FILE...\n"
                           "Makes each FILE that does not exist, empty.";

int main(int argc, char **argv)
{
    int failed = 0;
    if (help_asked(argc, argv, help))
        return 0;
    if (argc < 2 || argv[1][0] == '-')
        usage(help);
    for (int i = 1; i < argc; i++) {
        struct tarry_stat st;
        if (dirstat(argv[i], &st) == 0)
            continue;
        int fd = open(argv[i], O_WRONLY | O_CREAT, 0666);
        if (fd < 0) {
            complain(argv[i]);
            failed = 1;
        } else {
            close(fd);
        }
    }
    return failed;
}
