/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Superpages in page tables (mmusv.c): an entry of level 1 that is a leaf. The fences are the caller's.
 */
#ifndef KERNEL_MMUSUPER_H
#define KERNEL_MMUSUPER_H

#include "page.h"
#include "segment.h"
#include "../../mmu/pte.h"

enum { ENTRIES = 1 << PTE_INDEX_BITS };

static inline uint64_t *ptetable(uint64_t pte)
{
    return (uint64_t *)(KZERO + PTE_TO_PA(pte));
}

static inline bool isleaf(uint64_t pte)
{
    return (pte & (PTE_R | PTE_W | PTE_X)) != 0;
}

/*
 * Entry i of a table of level 1 points to a table of pages, of which the one at va, a page of the segment, has been changed.
 * If all of them are the segment's, have the same rights, and their frames lie together, they become a superpage: true.
 */
bool promote(uint64_t *table, unsigned i, const Segment *, uint64_t va);
/* Entry i, a superpage, becomes pages with the same rights, all as young as it was. */
void demote(uint64_t *table, unsigned i, enum ev_enum_demotion why);
/* Entry i, a superpage, is no more. Its table's count of entries is the caller's. */
void dropsuper(uint64_t *table, unsigned i, enum ev_enum_demotion why);

#endif
