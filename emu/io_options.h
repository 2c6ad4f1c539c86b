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
    const char *policy;   /* --io */
    const char *snapshot; /* --snapshot */
    const char *lend;     /* --lend */
    const char *around;   /* --fill-around */
    const char *nospace;  /* --nospace */
    const char *superpages; /* --superpages */
};

/* What holds if nothing is asked for. */
void io_options_default(struct io_options *);
/* For a command's getopt_long. */
enum { OPT_IO = 0x300, OPT_SNAPSHOT, OPT_LEND, OPT_FILL_AROUND, OPT_NOSPACE, OPT_SUPERPAGES };
#define IO_LONG {"io", 1, 0, OPT_IO}, {"snapshot", 1, 0, OPT_SNAPSHOT}, {"lend", 1, 0, OPT_LEND}, \
                {"fill-around", 1, 0, OPT_FILL_AROUND}, {"nospace", 1, 0, OPT_NOSPACE}, \
                {"superpages", 1, 0, OPT_SUPERPAGES}
/* Takes option c, if it is one of these: else *taken is false. False after a message. */
bool io_options_take(struct io_options *, int c, const char *arg, bool *taken);
/* The i-th boot argument, "key=value" in buf; false if there are no more. */
bool io_options_bootarg(const struct io_options *, unsigned i, char *buf, size_t len);
/* The lines of --help. */
extern const char io_options_help[];

#endif
