/* SPDX-License-Identifier: GPL-2.0-only */
/* The options about debugging. */
#include "options.h"

#include <stdio.h>
#include <unistd.h>

#include "../input.h"
#include "../say.h"
#include "debug.h"

void debug_help(void)
{
    printf("      --gdb PORT|SOCKET   wait for gdb there before the first instruction (docs/debugger.md)\n"
           "      --record FILE       keep the console input, so that the run can be repeated\n"
           "      --replay FILE       take the console input of a recorded run\n");
}

static const struct debug_options *plan;

void debug_plan(const struct debug_options *o)
{
    plan = o;
}

const struct debug_options *debug_planned(void)
{
    return plan;
}

bool debug_terminal(const struct debug_options *o)
{
    if (plan)
        o = plan;
    return o->recording ? o->recording->log->terminal : isatty(STDIN_FILENO);
}

bool debug_take(struct debug_options *o, int option, char *arg)
{
    char err[512];
    if (plan)
        return true;
    switch (option) {
    case DEBUG_GDB:
        if (!connect_valid(arg, err, sizeof err)) {
            say("%s", err);
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
