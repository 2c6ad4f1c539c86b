/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The database as the writer thread uses it: records go in by the slice, are
 * each slice a transaction, and get the rest of their indexes at the end.
 */
#ifndef TARRY_STORE_H
#define TARRY_STORE_H

#include <sqlite3.h>
#include "digest.h"
#include "growing.h"
#include "recorder.h"
#include "ring.h"
#include "rollup.h"
#include "rollup_time.h"
#include "slice.h"

struct store {
    sqlite3 *db;
    sqlite3_stmt *insert[EV_COUNT], *remove[EV_COUNT];
    sqlite3_stmt *insert_string, *progress;
    struct slice slice;
    struct growing *growing;
    struct digest *digest;
    struct rollup_store *rollups;
    struct time_rollup *times;
    struct record records[SLICE_RECORDS];      /* of the slice: put here by the caller */
    const struct record *order[SLICE_RECORDS]; /* the same, grouped by kind */
    uint64_t rows[EV_COUNT];     /* inserted, by kind */
    uint64_t events, insn, ts;   /* of all that was inserted: rows, last instruction, last time */
    uint64_t commits;            /* host fact */
};

/* What the recorder says about itself when it ends. */
struct store_diagnostic {
    const char *name, *unit, *doc;
    uint64_t value;
    int host; /* differs between equal runs */
};

/* Makes the empty file a trace with nothing in it. Returns 0 or an errno. */
int store_create(int fd);
/* All others return an SQLite result code. The store is all zero. Writes `run` in the trace `path`, which others may read from now on. */
int store_open(struct store *, const char *path, const struct run_facts *);
/* Stores the first n of `records`: one transaction. more: others wait already, so that what can be done later is left. */
int store_write(struct store *, uint32_t n, bool more);
/*
 * The rest of the indexes, statistics, the end of `run`; then one plain file with no log beside it. happened: events of
 * each kind, stored or not; whole: nothing of the default was left out.
 */
int store_finish(struct store *, const struct run_result *, const uint64_t happened[EV_COUNT], bool whole,
                 const struct store_diagnostic *, unsigned ndiagnostics);
/* Is all of it in the one file? Not while a reader holds on to the log. */
int store_is_single_file(struct store *);
void store_close(struct store *);

#endif
