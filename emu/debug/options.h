/* SPDX-License-Identifier: GPL-2.0-only */
/* The options about debugging that every command which runs a machine has. */
#ifndef EMU_DEBUG_OPTIONS_H
#define EMU_DEBUG_OPTIONS_H

#include <stdbool.h>

struct debug_options {
    const char *gdb;    /* --gdb: port or path of a socket; NULL: no debugger */
};

/* For getopt_long: their values are base + DEBUG_... */
enum { DEBUG_GDB };
#define DEBUG_LONG(base) {"gdb", 1, 0, (base) + DEBUG_GDB}

/* The lines of --help about them. */
void debug_help(void);
/* Takes option DEBUG_...; false after a message. */
bool debug_take(struct debug_options *, int option, char *arg);

#endif
