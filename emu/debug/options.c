/* SPDX-License-Identifier: GPL-2.0-only */
/* The options about debugging. */
#include "options.h"

#include <stdio.h>
#include <unistd.h>

#include "../input.h"
#include "../say.h"

void debug_help(void)
{
    printf("      --gdb PORT|SOCKET   wait for gdb there before the first instruction (docs/debugger.md)\n"
           "      --record FILE       keep the console input, so that the run can be repeated\n"
           "      --replay FILE       take the console input of a recorded run\n");
}

bool debug_terminal(const struct debug_options *o)
{
    return o->recording ? o->recording->log->terminal : isatty(STDIN_FILENO);
}

bool debug_take(struct debug_options *o, int option, char *arg)
{
    char err[512];
    switch (option) {
    case DEBUG_GDB:
        if (!*arg) {
            say("--gdb: needs a TCP port of this host or a path for a socket");
            return false;
        }
        o->gdb = arg;
        return true;
    case DEBUG_RECORD:
        o->record = arg;
        return true;
    case DEBUG_REPLAY:
        o->replay = arg;
        o->recording = recording_load(arg, err, sizeof err);
        if (!o->recording)
            say("%s", err);
        return o->recording != NULL;
    }
    return false;
}
