/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The database as the writer thread uses it: records go in by the slice, are
 * committed by the batch, and get their indexes at the end.
 */
#ifndef TARRY_STORE_H
#define TARRY_STORE_H

#include <sqlite3.h>
#include "recorder.h"
#include "ring.h"

#define STORE_SLICE 8192 /* most records inserted by one call of store_write */

struct store {
    sqlite3 *db;
    sqlite3_stmt *insert[EV_COUNT];
    sqlite3_stmt *insert_string, *progress;
    const struct ring *ring;     /* where the records of the slice are */
    uint32_t order[STORE_SLICE]; /* places in the ring, counted from its oldest, grouped by kind */
    uint32_t begin, end;         /* the part of `order` that the statement under way reads */
    uint64_t events, insn, ts;   /* of all that was inserted: rows, last instruction, last time */
    uint64_t pending;            /* records inserted since the last commit */
    uint64_t commits;            /* host fact */
};

/* What the recorder says about itself when it ends. */
struct store_diagnostic {
    const char *name, *unit, *doc;
    uint64_t value;
    int host; /* differs between equal runs */
};

/* All return an SQLite result code. Creates schema and `run` in the empty file `path`, readable by others from now on.
 */
int store_open(struct store *, const char *path, const struct run_facts *);
/* Inserts the n oldest records of the ring, n <= STORE_SLICE. */
int store_write(struct store *, const struct ring *, uint64_t n);
int store_commit(struct store *);
/* Indexes, statistics, the end of `run`; then one plain file with no log beside it. */
int store_finish(struct store *, const struct run_result *, const struct store_diagnostic *, unsigned ndiagnostics);
/* Is all of it in the one file? Not while a reader holds on to the log. */
int store_is_single_file(struct store *);
void store_close(struct store *);

#endif
