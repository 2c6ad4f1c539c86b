/* SPDX-License-Identifier: GPL-2.0-only */
/* The host's terminal while a guest has the console. */
#include "terminal.h"

#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

static struct termios saved;
static bool changed;

void terminal_restore(void)
{
    if (changed)
        tcsetattr(STDIN_FILENO, TCSADRAIN, &saved);
    changed = false;
}

void terminal_raw(bool all)
{
    if (changed || !isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &saved) != 0)
        return;
    struct termios t = saved;
    t.c_lflag &= ~(tcflag_t)(ICANON | ECHO | IEXTEN);
    if (all)
        t.c_lflag &= ~(tcflag_t)ISIG;
    t.c_iflag &= ~(tcflag_t)IXON;
    t.c_cc[VMIN] = 1;
    t.c_cc[VTIME] = 0;
    if (tcsetattr(STDIN_FILENO, TCSADRAIN, &t) != 0)
        return;
    changed = true;
    atexit(terminal_restore);
}
