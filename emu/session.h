/* SPDX-License-Identifier: GPL-2.0-only */
/* One run of a machine for the command line: from an opened trace to an exit status. */
#ifndef TARRY_SESSION_H
#define TARRY_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "../traces/recorder.h"
#include "debug/options.h"
#include "machine.h"

/* Exit statuses of a run that does not end by the guest's own; --help lists them. */
enum { STATUS_MISUSE = 2, STATUS_LIMIT = 124, STATUS_STOPPED = 125, STATUS_INTERRUPTED = 130 };

struct session {
    const char *db;               /* where the trace goes; NULL: nowhere */
    struct run_facts facts;
    struct machine_config config; /* recorder is filled in */
    const char *booted;           /* file of the kernel: its symbols go into the trace */
    uint64_t timeout_seconds;     /* of the host's clock; 0: none */
    struct debug_options debug;
    bool keys_to_guest;           /* a terminal's ctrl-C goes to the guest */
    /* Puts the guest into the new machine. 0, or -1 with a message. */
    int (*load)(struct machine *, void *arg, char *err, size_t errlen);
    /* After the run, before the machine goes. May be NULL. 0, or -1 with a message. */
    int (*after)(struct machine *, const struct machine_result *, void *arg, char *err, size_t errlen);
    void *arg;
};

/* Runs it: trace, machine, signals, console. Says what went wrong; returns the exit status. */
int session_run(struct session *);

#endif
