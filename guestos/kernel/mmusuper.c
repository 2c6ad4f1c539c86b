/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Superpages in page tables; see mmusuper.h. The table of pages that a superpage stands for is kept, so that the pages can
 * come back when there is no memory: it lies idle, and what is in it says for which entry.
 */
#include "mmusuper.h"
#include "proc.h"
#include "reserve.h"
#include "trace.h"

typedef struct Idle { /* in the frame of an idle table */
    struct Idle *next, *prev; /* those of one table of level 1, in a ring that Page.owner of that has the first of */
    unsigned entry;           /* the superpage's */
    uint64_t row;             /* of the trace */
} Idle;

static void park(uint64_t *table, unsigned i, uint64_t row)
{
    Page *page = kvapage(table);
    Idle *idle = (Idle *)ptetable(table[i]), *others = page->owner;
    *idle = (Idle){others, others, i, row};
    if (others == NULL) {
        page->owner = idle->next = idle->prev = idle;
    } else {
        idle->prev = others->prev;
        idle->prev->next = others->prev = idle;
    }
}

/* The idle table of entry i is idle no more. The row of its superpage ends. */
static uint64_t *unpark(uint64_t *table, unsigned i, enum ev_enum_demotion why)
{
    Page *page = kvapage(table);
    Idle *idle = page->owner;
    while (idle->entry != i)
        idle = idle->next;
    page->owner = idle->next != idle ? idle->next : NULL;
    idle->prev->next = idle->next;
    idle->next->prev = idle->prev;
    ENDTRACE(superpage, idle->row, .why = why, .by = up != NULL ? up->cause : 0);
    return (uint64_t *)idle;
}

/* Page k of a superpage, as a leaf of its own. */
static uint64_t part(uint64_t leaf, unsigned k)
{
    return leaf + PA_TO_PTE(k * PGSIZE);
}

/* Is it what it would be as a part of the leaf, which has A? Whether it was used makes no difference. */
static bool alike(const uint64_t *pages, unsigned k, uint64_t leaf)
{
    return (pages[k] | PTE_A) == part(leaf, k);
}

/*
 * The leaf that can stand for a table; 0: there is none. Neighbours of page i first: who goes through the pages one after
 * the other finds the difference at once.
 */
static uint64_t whole(const uint64_t *pages, unsigned i)
{
    uint64_t leaf = (pages[i] | PTE_A) - PA_TO_PTE(i * PGSIZE), used = 0;
    if (PTE_TO_PA(leaf) % SUPERPAGE != 0 || !alike(pages, (i + ENTRIES - 1) % ENTRIES, leaf))
        return 0;
    for (unsigned n = 0, k = i; n < ENTRIES; n++, k = (k + 1) % ENTRIES) {
        if (!alike(pages, k, leaf))
            return 0;
        used |= pages[k];
    }
    return (leaf & ~PTE_A) | (used & PTE_A);
}

bool promote(uint64_t *table, unsigned i, const Segment *s, uint64_t va)
{
    uint64_t *pages = ptetable(table[i]), stretch = va & ~(SUPERPAGE - 1);
    if (kvapage(pages)->inuse < ENTRIES || stretch < s->base || stretch + SUPERPAGE > s->top)
        return false;
    uint64_t leaf = whole(pages, va >> PGSHIFT & (ENTRIES - 1));
    if (leaf == 0)
        return false;
    uint64_t row = TRACE(superpage, .segment = s->id, .va = stretch, .pa = PTE_TO_PA(leaf), .writable = (leaf & PTE_W) != 0);
    park(table, i, row);
    table[i] = leaf;
    return true;
}

void demote(uint64_t *table, unsigned i, enum ev_enum_demotion why)
{
    uint64_t leaf = table[i], *pages = unpark(table, i, why);
    for (unsigned k = 0; k < ENTRIES; k++)
        pages[k] = part(leaf, k);
    table[i] = PA_TO_PTE((uint64_t)pages - KZERO) | PTE_V;
}

void dropsuper(uint64_t *table, unsigned i, enum ev_enum_demotion why)
{
    Page *pages = kvapage(unpark(table, i, why));
    table[i] = 0;
    putpage(pages);
}
