/* SPDX-License-Identifier: GPL-2.0-only */
/* The options about debugging that every command which runs a machine has. */
#ifndef EMU_DEBUG_OPTIONS_H
#define EMU_DEBUG_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

struct recording;

struct debug_options {
    const char *gdb;             /* --gdb: port or path of a socket; NULL: no debugger */
    const char *record;          /* --record: file that takes the console input; NULL: none */
    const char *replay;          /* --replay: file that gives it */
    struct recording *recording; /* what is in that file */

    /* tarry goto */
    uint64_t event;      /* where to stop: id, 0: none */
    uint64_t event_insn; /* its columns */
    uint64_t event_pc;
    const char *event_kind;
    bool attach; /* start gdb, on this terminal */
};

/* From now on every run in this process is debugged like this, whatever its own options say. */
void debug_plan(const struct debug_options *);
/* The plan; NULL: none. */
const struct debug_options *debug_planned(void);

/* For getopt_long: their values are base + DEBUG_... */
enum { DEBUG_GDB, DEBUG_RECORD, DEBUG_REPLAY };
#define DEBUG_LONG(base)                                                                                               \
    {"gdb", 1, 0, (base) + DEBUG_GDB}, {"record", 1, 0, (base) + DEBUG_RECORD},                                        \
    {                                                                                                                  \
        "replay", 1, 0, (base) + DEBUG_REPLAY                                                                          \
    }

/* The lines of --help about them. */
void debug_help(void);
/* Is the console a terminal - now, or in the run that is replayed? */
bool debug_terminal(const struct debug_options *);
/* Takes option DEBUG_...; false after a message. */
bool debug_take(struct debug_options *, int option, char *arg);

#endif
