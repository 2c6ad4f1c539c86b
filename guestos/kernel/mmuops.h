/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is behind mmu.h: page tables that the hart walks (mmusv.c), or a TLB that the kernel fills (mmusoft.c). For the files mmu*.c
 * only; the functions are those of mmu.h.
 */
#ifndef KERNEL_MMUOPS_H
#define KERNEL_MMUOPS_H

#include "mmu.h"
#include "../../mmu/pte.h"

typedef struct MmuOps {
    Space *(*newspace)(void);
    void (*freespace)(Space *);
    int (*putmmu)(Space *, uint64_t va, uint64_t pa, int rights);
    void (*flushmmu)(Space *, uint64_t va, uint64_t bytes, enum ev_enum_demotion);
    void (*protectmmu)(Space *, const Segment *, uint64_t va, uint64_t bytes);
    bool (*promotemmu)(Space *, const Segment *, uint64_t va); /* NULL: there are no superpages */
    int (*rightsmmu)(const Space *, uint64_t va);
    bool (*agemmu)(Space *, uint64_t va);
    void (*mmuswitch)(Space *);
    bool (*refillmmu)(uint64_t va, int rights); /* NULL: the hart walks by itself */
} MmuOps;

/* Levels: 3 (sv39) or 4 (sv48). */
const MmuOps *svinit(int levels);
/* Name of the page table's form: NULL is the first one. Panics if there is none of that name. */
const MmuOps *softinit(const char *form);

/*
 * Address-space numbers (4.1.11). A space gets one when it is used, and keeps it until all have been given out: then a new
 * generation begins, with nothing in the TLB. Number 0 is the kernel's. A hart that has no others is served, too: its TLB is
 * emptied whenever the space changes.
 */
typedef struct Asid {
    uint64_t generation; /* 0: none yet */
    unsigned number;
} Asid;

/* Does the leaf `old` become one that may be stored to, of the same page? */
static inline bool gainsdirty(uint64_t old, uint64_t new)
{
    return (old & PTE_V) && (new & ~old & PTE_D) && ((old ^ new) & PTE_PPN_MASK) == 0;
}
/* Tells the trace that the kernel has changed A or D of a page's leaf, at pte_pa (0: in no page table of the hart's). */
void tracestatus(const Asid *, uint64_t va, uint64_t pte_pa, uint64_t before, uint64_t after);

/* Finds out how many the hart has; satp is written and restored. */
void asidinit(void);
/* The hart translates by `satp` (its ASID 0) from now on, for this address space. NULL: for the kernel alone. */
void asidswitch(uint64_t satp, Asid *);
/* Drops what the TLB may hold of a page, or of all, of this address space. */
void asidfencepage(const Asid *, uint64_t va);
void asidfence(const Asid *);

#endif
