/* SPDX-License-Identifier: GPL-2.0-only */
/* The hardware's view of an address space for the tests: a list of translations. */
#include <stdlib.h>
#include <string.h>
#include "khost.h"
#include "guestos/kernel/reserve.h"

#define PG(n) ((uint64_t)(n) * PGSIZE)

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

void flushmmu(Space *s, uint64_t va, uint64_t bytes, enum ev_enum_demotion why)
{
    (void)why;
    for (unsigned i = 0; i < s->n;)
        if (inside(&s->map[i], va, bytes))
            s->map[i] = s->map[--s->n];
        else
            i++;
}

void protectmmu(Space *s, const Segment *segment, uint64_t va, uint64_t bytes)
{
    (void)segment;
    for (unsigned i = 0; i < s->n; i++)
        if (inside(&s->map[i], va, bytes))
            s->map[i].rights &= ~PUT_WRITE;
}

/* A list has no superpages; but here is where one could be. */
bool promotemmu(Space *s, const Segment *segment, uint64_t va)
{
    uint64_t first = va & ~(SUPERPAGE - 1);
    const struct mapping *m = find(s, first);
    if (!superpages || m == NULL || m->pa % SUPERPAGE != 0 || first < segment->base || first + SUPERPAGE > segment->top)
        return false;
    for (unsigned i = 1; i < SUPER_PAGES; i++) {
        const struct mapping *next = find(s, first + PG(i));
        if (next == NULL || next->pa != m->pa + PG(i) || next->rights != m->rights)
            return false;
    }
    memory.promotions++;
    return false;
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
