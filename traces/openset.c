/* SPDX-License-Identifier: GPL-2.0-only */
/* A hash table with linear probing; an entry that is removed is filled from behind, so there are no tombstones. */
#include "openset.h"
#include <stdlib.h>
#include <string.h>

#define FIRST_BITS 8

static uint32_t place_of(const struct openset *s, uint64_t id)
{
    return (uint32_t)(id * 0x9e3779b97f4a7c15ull >> (64 - s->bits));
}

static uint32_t mask(const struct openset *s)
{
    return (1u << s->bits) - 1;
}

static void enter(struct openset *s, uint32_t slot)
{
    uint32_t i = place_of(s, s->slots[slot].words[W_ID]);

    while (s->table[i] != 0)
        i = (i + 1) & mask(s);
    s->table[i] = slot + 1;
}

/* Makes the table twice as large, with half as many slots as places. */
static int grow(struct openset *s, uint32_t bits)
{
    uint32_t old = s->nslots, n = 1u << (bits - 1);
    struct record *slots = realloc(s->slots, n * sizeof(*slots));
    uint32_t *unused, *table;

    if (slots == NULL)
        return -1;
    s->slots = slots;
    unused = realloc(s->free, n * sizeof(*unused));
    if (unused == NULL)
        return -1;
    s->free = unused;
    table = calloc(1u << bits, sizeof(*table));
    if (table == NULL)
        return -1;
    free(s->table);
    s->table = table;
    s->bits = bits;
    s->nslots = n;
    for (uint32_t slot = 0; slot < old; slot++) /* called when all of them are in use */
        enter(s, slot);
    for (uint32_t slot = n; slot > old; slot--)
        s->free[s->nfree++] = slot - 1;
    return 0;
}

int openset_init(struct openset *s)
{
    memset(s, 0, sizeof(*s));
    return grow(s, FIRST_BITS);
}

void openset_free(struct openset *s)
{
    free(s->slots);
    free(s->free);
    free(s->table);
}

uint32_t openset_count(const struct openset *s)
{
    return s->nslots - s->nfree;
}

struct record *openset_add(struct openset *s, uint64_t id) {
    uint32_t slot;

    if (s->nfree == 0 && grow(s, s->bits + 1) < 0)
        return NULL;
    slot = s->free[--s->nfree];
    s->slots[slot].words[W_ID] = id;
    enter(s, slot);
    return &s->slots[slot];
}

/* The place of an id in the table, or of the gap where it would be. */
static uint32_t seek(const struct openset *s, uint64_t id)
{
    uint32_t i = place_of(s, id);

    while (s->table[i] != 0 && s->slots[s->table[i] - 1].words[W_ID] != id)
        i = (i + 1) & mask(s);
    return i;
}

struct record *openset_find(struct openset *s, uint64_t id) {
    uint32_t i = seek(s, id);
    return s->table[i] != 0 ? &s->slots[s->table[i] - 1] : NULL;
}

void openset_remove(struct openset *s, uint64_t id)
{
    uint32_t gap = seek(s, id);

    s->free[s->nfree++] = s->table[gap] - 1;
    for (uint32_t i = (gap + 1) & mask(s); s->table[i] != 0; i = (i + 1) & mask(s)) {
        uint32_t home = place_of(s, s->slots[s->table[i] - 1].words[W_ID]);
        if (((i - home) & mask(s)) >= ((i - gap) & mask(s))) { /* its home is not behind the gap: it may move there */
            s->table[gap] = s->table[i];
            gap = i;
        }
    }
    s->table[gap] = 0;
}

void openset_each(struct openset *s, void (*fn)(void *, struct record *), void *arg)
{
    for (uint32_t i = 0; i <= mask(s); i++)
        if (s->table[i] != 0)
            fn(arg, &s->slots[s->table[i] - 1]);
}
