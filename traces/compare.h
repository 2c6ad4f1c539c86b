/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Comparing two traces event by event. Both are read once, in order of event
 * ids, in bounded memory. String columns are compared by their text, host facts
 * are not compared.
 */
#ifndef TARRY_COMPARE_H
#define TARRY_COMPARE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The command `tarry compare`; argv[0] is "compare". Returns 0: the same, 1: they differ, 2: misuse or unreadable. */
int cmd_compare(int argc, char **argv);

struct compare; /* two traces and where the comparison stands */

/* How the first difference shows. */
enum divergence {
    DIVERGE_NONE,   /* every event is the same */
    DIVERGE_COLUMN, /* the same kind of event, another value */
    DIVERGE_KIND,   /* another kind of event */
    DIVERGE_END     /* one trace has ended */
};

struct divergence_at {
    enum divergence how;
    uint64_t id[2];         /* event in A and B; 0: none */
    unsigned kind[2];       /* index in catalogue_events; EV_none: none */
    const char *column;     /* DIVERGE_COLUMN: its name */
    char *value[2];         /* DIVERGE_COLUMN: as text, valid until compare_close */
    uint64_t events;        /* events that were equal before it */
};

#define COMPARE_IGNORED 16

/*
 * Prepares to compare the traces a and b, which stay open as long as it. ignored: names of columns that may differ,
 * at most COMPARE_IGNORED. Returns NULL with a message.
 */
struct compare *compare_open(sqlite3 *a, sqlite3 *b, const char *const *ignored, unsigned nignored, char *err,
                             size_t errlen);
/*
 * Goes on to the first difference, or for about `limit` events. Returns 1 when the comparison has come to its end,
 * 0 to be called again, -1 with a message if a trace cannot be read.
 */
int compare_go_on(struct compare *, uint64_t limit, struct divergence_at *, char *err, size_t errlen);
void compare_close(struct compare *);

#endif
