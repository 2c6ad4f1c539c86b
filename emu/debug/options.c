/* SPDX-License-Identifier: GPL-2.0-only */
/* The options about debugging. */
#include "options.h"

#include <stdio.h>

#include "../say.h"

void debug_help(void)
{
    printf("      --gdb PORT|SOCKET   wait for gdb there before the first instruction (docs/debugger.md)\n");
}

bool debug_take(struct debug_options *o, int option, char *arg)
{
    switch (option) {
    case DEBUG_GDB:
        if (!*arg) {
            say("--gdb: needs a TCP port of this host or a path for a socket");
            return false;
        }
        o->gdb = arg;
        return true;
    }
    return false;
}
