/* SPDX-License-Identifier: GPL-2.0-only */
/* The hardware's view of an address space for the tests: a list of translations. */
#include <stdlib.h>
#include <string.h>
#include "khost.h"

struct Space {
    struct mapping *map;
    unsigned n, room;
};

Space *newspace(void)
{
    return calloc(1, sizeof(Space));
}

void freespace(Space *s)
{
    free(s->map);
    free(s);
}

static struct mapping *find(const Space *s, uint64_t va)
{
    for (unsigned i = 0; i < s->n; i++)
        if (s->map[i].va == (va & ~PGMASK))
            return &s->map[i];
    return NULL;
}

const struct mapping *mapped(const Space *s, uint64_t va)
{
    return find(s, va);
}

unsigned mmu_entries(const Space *s)
{
    return s->n;
}

int putmmu(Space *s, uint64_t va, uint64_t pa, int rights)
{
    ASSERT((va & PGMASK) == 0, "a translation is of a page");
    struct mapping *m = find(s, va);
    if (m == NULL) {
        if (s->n == s->room) {
            s->room = s->room * 2 + 16;
            s->map = realloc(s->map, s->room * sizeof *s->map);
        }
        m = &s->map[s->n++];
    }
    *m = (struct mapping){va, pa, rights, true};
    return 0;
}

static bool inside(const struct mapping *m, uint64_t va, uint64_t bytes)
{
    return m->va + PGSIZE > va && m->va < va + bytes;
}

void flushmmu(Space *s, uint64_t va, uint64_t bytes)
{
    for (unsigned i = 0; i < s->n;)
        if (inside(&s->map[i], va, bytes))
            s->map[i] = s->map[--s->n];
        else
            i++;
}

void protectmmu(Space *s, uint64_t va, uint64_t bytes)
{
    for (unsigned i = 0; i < s->n; i++)
        if (inside(&s->map[i], va, bytes))
            s->map[i].rights &= ~PUT_WRITE;
}

int rightsmmu(const Space *s, uint64_t va)
{
    const struct mapping *m = find(s, va);
    return m != NULL ? m->rights : 0;
}

bool agemmu(Space *s, uint64_t va)
{
    struct mapping *m = find(s, va);
    bool used = m != NULL && m->used;
    if (used)
        m->used = false;
    return used;
}

void mmuswitch(Space *s)
{
    (void)s;
}
