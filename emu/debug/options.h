/* SPDX-License-Identifier: GPL-2.0-only */
/* The options about debugging that every command which runs a machine has. */
#ifndef EMU_DEBUG_OPTIONS_H
#define EMU_DEBUG_OPTIONS_H

#include <stdbool.h>

struct recording;

struct debug_options {
    const char *gdb;    /* --gdb: port or path of a socket; NULL: no debugger */
    const char *record; /* --record: file that takes the console input; NULL: none */
    const char *replay; /* --replay: file that gives it */
    struct recording *recording; /* what is in that file */
};

/* For getopt_long: their values are base + DEBUG_... */
enum { DEBUG_GDB, DEBUG_RECORD, DEBUG_REPLAY };
#define DEBUG_LONG(base) \
    {"gdb", 1, 0, (base) + DEBUG_GDB}, {"record", 1, 0, (base) + DEBUG_RECORD}, {"replay", 1, 0, (base) + DEBUG_REPLAY}

/* The lines of --help about them. */
void debug_help(void);
/* Is the console a terminal - now, or in the run that is replayed? */
bool debug_terminal(const struct debug_options *);
/* Takes option DEBUG_...; false after a message. */
bool debug_take(struct debug_options *, int option, char *arg);

#endif
