/* SPDX-License-Identifier: GPL-2.0-only */
/* Texts that events name by a number: equal texts have one number, counted from 1. */
#ifndef TARRY_STRINGS_H
#define TARRY_STRINGS_H

#include <stddef.h>
#include <stdint.h>

struct interned {
    struct interned *next; /* in its bucket */
    uint64_t id, hash;
    size_t n;
    char text[];
};

struct strings {
    struct interned **buckets;
    size_t nbuckets; /* power of two */
    uint64_t count;
};

/* Returns 0, or -1 if there is no memory. */
int strings_init(struct strings *);
void strings_free(struct strings *);
/* The entry of a text; it stays where it is until strings_free. *fresh: it was not known before. NULL: no memory. */
const struct interned *strings_intern(struct strings *, const char *text, size_t n, int *fresh);

#endif
