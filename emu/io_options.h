/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The options of `tarry run` that choose how the guest's kernel does I/O (docs/policies.md). They go to the kernel as
 * boot arguments and into the trace as facts of the run.
 */
#ifndef TARRY_IO_OPTIONS_H
#define TARRY_IO_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

struct io_options {
    const char *policy; /* --io */
};

/* What holds if nothing is asked for. */
void io_options_default(struct io_options *);
/* --io. False after a message. */
bool io_options_policy(struct io_options *, const char *arg);
/* The i-th boot argument, "key=value" in buf; false if there are no more. */
bool io_options_bootarg(const struct io_options *, unsigned i, char *buf, size_t len);
/* The lines of --help. */
extern const char io_options_help[];

#endif
