/* SPDX-License-Identifier: GPL-2.0-only */
/* The intervals that have begun and not ended: records found by their id. */
#ifndef TARRY_OPENSET_H
#define TARRY_OPENSET_H

#include "ring.h"

struct openset {
    struct record *slots; /* grows; a slot in use is in `table` */
    uint32_t *free;       /* slots not in use, a stack */
    uint32_t *table;      /* open addressing by hash of id: slot + 1, or 0 */
    uint32_t nslots, nfree, bits; /* the table has 2^bits places, at most half of them used */
};

/* Returns 0, or -1 if there is no memory. */
int openset_init(struct openset *);
void openset_free(struct openset *);
/* A place for the record of a new id, filled in by the caller; NULL if there is no memory. Valid until the next add. */
struct record *openset_add(struct openset *, uint64_t id);
/* The record of an id, or NULL. */
struct record *openset_find(struct openset *, uint64_t id);
/* Removes an id that is there. */
void openset_remove(struct openset *, uint64_t id);
uint32_t openset_count(const struct openset *);
/* Calls fn for every record, in no particular order. */
void openset_each(struct openset *, void (*fn)(void *, struct record *), void *arg);

#endif
