/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Indexes whose entries do not rise with the ids (schema.h). Entry by entry in the order of the events such an index
 * would be slow to make, and made at the end it keeps the user waiting. So entries are gathered, and put in sorted when
 * they are a fraction of what is there; they go into a table of its own, `NAME_growing`, since until then the index
 * would lie. A table WITHOUT ROWID whose key is the columns of the index and the id is, byte for byte, the b-tree of that index:
 * when the run has ended its row in sqlite_schema is changed and it is the index. An index that
 * becomes larger than the host's caches like is dropped and made at the end after all; so is one that lags behind because
 * the writer had no time for it.
 */
#ifndef TARRY_GROWING_H
#define TARRY_GROWING_H

#include <sqlite3.h>
#include "ring.h"

struct growing;

/* NULL: no memory. */
struct growing *growing_new(void);
void growing_free(struct growing *);

/* Notes the entries of records that become rows. Returns an SQLite result code, as the others do. */
int growing_add(struct growing *, unsigned kind, const struct record *const *, uint32_t n);
/* Writes what has been noted, if it is worth it. To be called in transactions that store rows, when nothing more urgent waits. */
int growing_write(struct growing *, sqlite3 *);
/* Writes the rest and makes the indexes. To be called in a transaction. */
int growing_finish(struct growing *, sqlite3 *);

#endif
