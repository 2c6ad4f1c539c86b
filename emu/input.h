/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Console input of a run with the moments at which the guest was given it, and its file: with the command that
 * made it, such a recording repeats an interactive run.
 */
#ifndef EMU_INPUT_H
#define EMU_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "console.h"

struct run_facts;

struct input_entry {
    uint64_t insns; /* retired before the block of code in which it came */
    uint64_t ns;    /* virtual time then */
    uint64_t asked; /* console.asked then */
    uint32_t how;   /* EV_input_how_... */
    uint8_t byte;
};

/* In memory that processes share: the debugger's time travel (debug/debug.h) needs it. */
struct input_log {
    bool strict;   /* a replay: when all is handed over, nothing comes any more */
    bool terminal; /* it was a terminal's */
    size_t count;
    struct console_source source; /* of all processes that share the log */
    struct input_entry entries[];
};

/* NULL: no memory. */
struct input_log *input_new(bool terminal);
void input_free(struct input_log *);
/* False: it is full. */
bool input_add(struct input_log *, const struct input_entry *);

/* A recording as it is in a file: the log, and what must be the same when it is replayed. */
#define RECORDING_FACTS 9
struct recording {
    char *path;
    char *facts[RECORDING_FACTS]; /* texts as recording_facts names them */
    bool console;                 /* it says what the console was */
    struct input_log *log;
};

/* NULL with a message (file, why, remedy) in err. */
struct recording *recording_load(const char *path, char *err, size_t errlen);
void recording_free(struct recording *); /* not its log */
/* 0, or -1 with a message. */
int recording_save(const char *path, const struct input_log *, const struct run_facts *, char *err, size_t errlen);
/* Was it made by such a run? 0, or -1 with a message saying what differs. */
int recording_fits(const struct recording *, const struct run_facts *, char *err, size_t errlen);

#endif
