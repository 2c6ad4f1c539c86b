/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rows of the trace about translation: why a walk ended, what the TLB model did, which bits of an entry have changed.
 * All of them are made from what the architecture says; what Unicorn's own TLB does depends on the host.
 */
#ifndef EMU_TLB_TRACE_H
#define EMU_TLB_TRACE_H

#include <stdint.h>

#include "../mmu/tlb.h"

struct hart;
struct machine;
struct tlb_walk;

/* The walk of the access that `trap` (a row) is about, made once more. code, va: of the trap; nothing for other codes. */
void tlb_trace_walk(struct machine *, uint64_t trap, uint64_t pc, unsigned code, uint64_t va);
/* A miss of the first level. Returns the row's id. */
struct tlb_miss {
    uint64_t pc, va;
    enum mmu_access access;
    unsigned asid, levels;              /* of the page table */
    unsigned references, saved;         /* entries read; those before them, which the walk cache knew */
    const struct tlb_walk *walk;        /* NULL: the second level had it */
    const struct mmu_tlb_entry *victim; /* in the first level */
};
uint64_t tlb_trace_refill(struct machine *, const struct tlb_miss *);
/* An entry that has gone. event: EV_tlb_eviction or EV_tlb_shootdown; cause: the row of what did it. */
void tlb_trace_gone(struct machine *, unsigned event, uint64_t pc, uint64_t cause, enum mmu_tlb_array,
                    const struct mmu_tlb_entry *);
/* An entry of the software-managed TLB is written, because of the row `cause`. Returns the row's id. */
uint64_t tlb_trace_written(struct machine *, uint64_t cause, uint64_t va, uint64_t pte, bool replaced);
/* The hart sets A or D. */
void tlb_trace_status(struct machine *, uint64_t va, enum mmu_access, uint64_t pte_pa, uint64_t before, uint64_t after);
/* enum ev_enum_access */
uint64_t tlb_trace_access(enum mmu_access);

#endif
