/* SPDX-License-Identifier: GPL-2.0-only */
/* A chained hash table (FNV-1a) that doubles; entries never move, so the writer may read them while it grows. */
#include "strings.h"
#include <stdlib.h>
#include <string.h>

int strings_init(struct strings *s)
{
    s->nbuckets = 256;
    s->count = 0;
    s->buckets = calloc(s->nbuckets, sizeof(struct interned *));
    return s->buckets != NULL ? 0 : -1;
}

void strings_free(struct strings *s)
{
    for (size_t i = 0; i < s->nbuckets; i++)
        for (struct interned *e = s->buckets[i], *next; e != NULL; e = next) {
            next = e->next;
            free(e);
        }
    free(s->buckets);
}

static uint64_t hash_of(const char *text, size_t n)
{
    uint64_t h = 0xcbf29ce484222325ull;

    for (size_t i = 0; i < n; i++)
        h = (h ^ (unsigned char)text[i]) * 0x100000001b3ull;
    return h;
}

/* If there is no memory for a larger table the old one goes on, with longer chains. */
static void grow(struct strings *s)
{
    size_t n = s->nbuckets * 2;
    struct interned **buckets = calloc(n, sizeof(struct interned *));

    if (buckets == NULL)
        return;
    for (size_t i = 0; i < s->nbuckets; i++)
        for (struct interned *e = s->buckets[i], *next; e != NULL; e = next) {
            next = e->next;
            e->next = buckets[e->hash & (n - 1)];
            buckets[e->hash & (n - 1)] = e;
        }
    free(s->buckets);
    s->buckets = buckets;
    s->nbuckets = n;
}

const struct interned *strings_intern(struct strings *s, const char *text, size_t n, int *fresh)
{
    uint64_t hash = hash_of(text, n);
    struct interned *e;

    *fresh = 0;
    for (e = s->buckets[hash & (s->nbuckets - 1)]; e != NULL; e = e->next)
        if (e->hash == hash && e->n == n && memcmp(e->text, text, n) == 0)
            return e;
    e = malloc(sizeof(*e) + n);
    if (e == NULL)
        return NULL;
    if (s->count >= s->nbuckets)
        grow(s);
    e->id = ++s->count;
    e->hash = hash;
    e->n = n;
    memcpy(e->text, text, n);
    e->next = s->buckets[hash & (s->nbuckets - 1)];
    s->buckets[hash & (s->nbuckets - 1)] = e;
    *fresh = 1;
    return e;
}
