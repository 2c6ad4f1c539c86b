/* SPDX-License-Identifier: GPL-2.0-only */
/* A trace of known events as a file in a directory of its own, for the unit tests that ask traces. */
#ifndef TESTS_TRACE_DB_H
#define TESTS_TRACE_DB_H

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "traces/recorder.h"

struct trace_db {
    char dir[40], path[60];
    sqlite3 *db; /* open for writing, so that tests may break what is in it */
};

typedef struct run_result trace_db_record(struct recorder *);

/* Records into `file`. 0, or -1 with a line on stderr. */
static inline int trace_db_write(const char *file, const char *io, trace_db_record *record)
{
    char err[512];
    struct recorder *r = recorder_open(file, &(struct run_facts){.command = "test", .io = io}, err, sizeof(err));
    struct run_result result;

    if (r == NULL) {
        fprintf(stderr, "%s\n", err);
        return -1;
    }
    result = record(r);
    return recorder_close(r, &result, err, sizeof(err));
}

/* Makes the directory, records and opens. 0 or -1. */
static inline int trace_db_make(struct trace_db *t, const char *io, trace_db_record *record)
{
    snprintf(t->dir, sizeof(t->dir), "/tmp/tarry_trace.XXXXXX");
    if (mkdtemp(t->dir) == NULL)
        return -1;
    snprintf(t->path, sizeof(t->path), "%s/t.db", t->dir);
    if (trace_db_write(t->path, io, record) != 0)
        return -1;
    return sqlite3_open_v2(t->path, &t->db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK ? 0 : -1;
}

/* Not 0 if a statement is still held, or files are left that the test made. */
static inline int trace_db_drop(struct trace_db *t)
{
    int rc = sqlite3_close(t->db);

    unlink(t->path);
    return rc | rmdir(t->dir);
}

#endif
