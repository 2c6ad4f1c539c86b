/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Digests of rows, kept by the writer: one row of table `digest` for each DIGEST_EVENTS ids, so that two traces are compared
 * by looking only where they differ. The digests of a chunk's rows are added up, since intervals come as they
 * end. What a row begins with and what it ends with are apart: a process that ends otherwise leaves the first chunk's
 * beginnings alike. Strings count by their text. Host facts are in no event.
 */
#ifndef TARRY_DIGEST_H
#define TARRY_DIGEST_H

#include <sqlite3.h>
#include "pack.h"

#define DIGEST_EVENTS 65536u

struct digest;

/* NULL: no memory. */
struct digest *digest_new(void);
void digest_free(struct digest *);
/* A string, before a record names it. Returns an SQLite result code, as the others do. */
int digest_string(struct digest *, uint64_t id, const char *text);
/* A record that is stored; a thing comes when it begins (REC_OPEN) and again when it ends. */
int digest_add(struct digest *, const struct record *);
/* Brings the table up to date. To be called in each transaction that stores rows. */
int digest_write(struct digest *, sqlite3 *);

#endif
