/* SPDX-License-Identifier: GPL-2.0-only */
/* df [-b]: how much of the file system is used, in KiB; -b: in blocks, as /dev/fs counts. */
#include <stdio.h>
#include <string.h>
#include "tarry.h"

static const char help[] = "df [-b]\n"
                           "The room in the file system in KiB, or in blocks: all, used, free, and of what is used that which is held\n"
                           "only by snapshots of processes, by removed files that are open, and by swap.";

int main(int argc, char **argv)
{
    struct fsspace s;
    if (help_asked(argc, argv, help))
        return 0;
    bool blocks = argc == 2 && strcmp(argv[1], "-b") == 0;
    if (argc > 1 + blocks)
        usage(help);
    if (fsspace(&s) < 0) {
        complain("/dev/fs");
        return 1;
    }
    uint64_t unit = blocks ? 1 : s.blocksize / 1024, used = s.blocks - s.free;
    printf("%14s %14s %14s %10s %5s\n", blocks ? "blocks" : "KiB", "used", "free", "held", "use");
    printf("%14lu %14lu %14lu %10lu %4lu%%\n", (unsigned long)(s.blocks * unit), (unsigned long)(used * unit),
           (unsigned long)(s.free * unit), (unsigned long)(s.held * unit),
           (unsigned long)((100 * used + s.blocks - 1) / s.blocks));
    return finish_output(0);
}
