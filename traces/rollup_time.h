/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The time that each process spent running, ready, and blocked on what: table process_time, kept by the writer from the
 * rows of process, sched and wake. It says what view process_state says, added up.
 */
#ifndef TARRY_ROLLUP_TIME_H
#define TARRY_ROLLUP_TIME_H

#include <sqlite3.h>
#include "ring.h"

struct time_rollup;

/* NULL: no memory. */
struct time_rollup *time_rollup_new(void);
void time_rollup_free(struct time_rollup *);
/* Looks at a record; they come as the machine emitted them. Returns an SQLite result code. */
int time_rollup_add(struct time_rollup *, sqlite3 *, const struct record *);
/* The run has ended at this virtual time: writes what is left. Returns an SQLite result code. */
int time_rollup_finish(struct time_rollup *, sqlite3 *, uint64_t virtual_ns);

#endif
