/* SPDX-License-Identifier: GPL-2.0-only */
/* kill PID...: ends processes, by writing to /proc/PID/ctl. */
#include <signal.h>
#include "tarry.h"

static const char help[] = "kill PID...\n"
                           "Ends each process PID.";

int main(int argc, char **argv)
{
    int failed = 0;
    if (help_asked(argc, argv, help))
        return 0;
    if (argc < 2)
        usage(help);
    for (int i = 1; i < argc; i++) {
        uint64_t pid;
        if (!parse_number(argv[i], &pid) || pid > INT32_MAX)
            usage(help);
        if (kill((pid_t)pid, SIGKILL) < 0) {
            complain(argv[i]);
            failed = 1;
        }
    }
    return failed;
}
