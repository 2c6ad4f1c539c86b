/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The rows of one transaction, laid out in memory as an SQLite database that is attached to the writer's connection
 * as `slice`. It has the event tables and their rising indexes, so that `INSERT INTO fault SELECT * FROM slice.fault` is
 * what SQLite calls a transfer: whole records go from one b-tree to the other, and nothing is computed column by
 * column. Only the parts of the file format that such a database needs are written here (https://sqlite.org/fileformat2
 * .html: 1.3 the header, 1.6 b-tree pages, 2.1 records); tests/unit/trace_slice.c has SQLite check them.
 */
#ifndef TARRY_SLICE_H
#define TARRY_SLICE_H

#include <sqlite3.h>
#include <stdint.h>
#include "entries.h"
#include "ring.h"
#include "schema.h"

#define SLICE_RECORDS 32768u /* most records of one slice */

struct slice {
    unsigned char *image;        /* lent to SQLite */
    uint32_t pages;              /* of the image */
    uint32_t first, next;        /* pages behind the roots: the first, the next that is free */
    uint32_t changes;            /* the file change counter: SQLite drops what it has cached */
    uint32_t table[EV_COUNT];    /* root pages */
    uint32_t index[SCHEMA_MOST_INDEXES];
    struct index_entry *entries; /* of the index being made */
};

/* Attaches the slice, empty, to a connection that has no other of that name. Returns an SQLite result code. */
int slice_attach(struct slice *, sqlite3 *);
/* Frees the image; the connection is closed or does not use it any more. */
void slice_free(struct slice *);

/* Empties it. No transaction of the connection may have read from it. */
void slice_clear(struct slice *);
/* Adds all rows of a kind: n records in order of their ids, no id twice. Once per kind. */
void slice_add(struct slice *, unsigned kind, const struct record *const *records, uint32_t n);
/* To be called when all is added, before SQLite looks. */
void slice_done(struct slice *);

#endif
