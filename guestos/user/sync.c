/* SPDX-License-Identifier: GPL-2.0-only */
/* sync: what was written before is on the disk when it ends. */
#include <unistd.h>
#include "tarry.h"

static const char help[] = "sync\n"
                           "Makes durable what was written.";

int main(int argc, char **argv)
{
    if (help_asked(argc, argv, help))
        return 0;
    if (argc > 1)
        usage(help);
    if (sys_sync() == 0)
        return 0;
    complain("sync");
    return 1;
}
