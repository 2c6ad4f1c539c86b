/* SPDX-License-Identifier: GPL-2.0-only */
/* Entries of the indexes of events (schema.h), as records have them, in the order of an index. */
#ifndef TARRY_ENTRIES_H
#define TARRY_ENTRIES_H

#include <stdint.h>
#include "ring.h"

struct index_entry {
    int64_t value, second; /* second 0: the index has one column */
    uint64_t id;
};

/* The entries that n records have in an index of their kind, in no order. */
void entries_of(unsigned index, const struct record *const *, uint32_t n, struct index_entry *out);
/* Puts entries in order. */
void entries_sort(struct index_entry *, uint32_t n);

#endif
