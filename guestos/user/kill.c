/* SPDX-License-Identifier: GPL-2.0-only */
/* kill: sends notes to processes, or ends them. */
#include <signal.h>
#include <string.h>
#include "tarry.h"

static const char help[] = "kill [-n NOTE | -f] PID...\n"
                           "Sends each process PID a note (\"killed\"), which ends it unless it has a handler.\n"
                           "  -n NOTE  another note, say, interrupt\n"
                           "  -f       ends the process, whatever it does about notes";

int main(int argc, char **argv)
{
    const char *note = "killed";
    int failed = 0, i = 1;
    if (help_asked(argc, argv, help))
        return 0;
    if (argc > 1 && strcmp(argv[1], "-f") == 0) {
        note = NULL;
        i = 2;
    } else if (argc > 2 && strcmp(argv[1], "-n") == 0) {
        note = argv[2];
        i = 3;
    }
    if (i >= argc)
        usage(help);
    for (; i < argc; i++) {
        uint64_t pid;
        if (!parse_number(argv[i], &pid) || pid > INT32_MAX)
            usage(help);
        if ((note ? postnote(NOTE_PROCESS, (int)pid, note) : kill((pid_t)pid, SIGKILL)) < 0) {
            complain(argv[i]);
            failed = 1;
        }
    }
    return failed;
}
