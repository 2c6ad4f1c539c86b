/* SPDX-License-Identifier: GPL-2.0-only */
/* Rows of the trace about translation. See tlb_trace.h. */
#include "tlb_trace.h"

#include "../mmu/pte.h"
#include "../traces/catalogue.h"
#include "../traces/events.h"
#include "../traces/recorder.h"
#include "machine_priv.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

uint64_t tlb_trace_access(enum mmu_access access)
{
    return access == MMU_LOAD ? EV_access_read : access == MMU_STORE ? EV_access_write : EV_access_execute;
}

/* Rows have numbers whether they are recorded or not; what is in those that are not need not be found out. */
static uint64_t unrecorded(struct machine *m, unsigned event, uint64_t pc, uint64_t cause, unsigned ncols)
{
    static const uint64_t nothing[CATALOGUE_MAX_WORDS];
    return traceport_event(m, event, pc, cause, nothing, ncols);
}

static unsigned asid_now(const struct machine *m)
{
    return (unsigned)(m->hart.satp >> SATP_ASID_SHIFT) & 0xffff;
}

/* ---- why an access was refused ---- */

/* What a trap's code says of the access; false: it is not one of translation. */
static bool access_of(unsigned code, enum mmu_access *access, bool *page_fault)
{
    *page_fault = code == EXC_FETCH_PAGE || code == EXC_LOAD_PAGE || code == EXC_STORE_PAGE;
    *access = code == EXC_FETCH_PAGE || code == EXC_FETCH_ACCESS   ? MMU_FETCH
              : code == EXC_STORE_PAGE || code == EXC_STORE_ACCESS ? MMU_STORE
                                                                   : MMU_LOAD;
    return *page_fault || code == EXC_FETCH_ACCESS || code == EXC_LOAD_ACCESS || code == EXC_STORE_ACCESS;
}

/*
 * An access fault: is the page table out of reach (4.3.2, steps 2 and 7), or what it leads to (3.6, 3.7)? *at: that address.
 */
static unsigned out_of_reach(const struct machine *m, const struct tlb_walk *w, bool found, enum mmu_access access,
                             uint64_t *at)
{
    static const unsigned right[] = {[MMU_LOAD] = MMU_READ, [MMU_STORE] = MMU_WRITE, [MMU_FETCH] = MMU_EXEC};
    const struct pmp *pmp = &m->hart.pmp;
    uint64_t status = PTE_A | (access == MMU_STORE ? PTE_D : 0);
    bool updates = w->n > 0 && (w->result.pte & status) != status;
    *at = w->result.pte_pa;
    if (!found)
        return bus_is_ram(m, *at) ? EV_refusal_pmp_table : EV_refusal_no_table;
    if (updates && !(pmp_rights(pmp, *at, false) & MMU_WRITE))
        return EV_refusal_pmp_table;
    *at = w->result.pa;
    bool machine = mode_of_access(&m->hart, access) == MMU_MACHINE;
    return pmp_rights(pmp, *at, machine) & right[access] ? EV_refusal_nowhere : EV_refusal_pmp;
}

void tlb_trace_walk(struct machine *m, uint64_t trap, uint64_t pc, unsigned code, uint64_t va)
{
    enum mmu_access access;
    bool page_fault;
    struct tlb_walk w;
    if (!access_of(code, &access, &page_fault))
        return;
    if (!recorder_wants(m->trace.recorder, EV_walk)) {
        unrecorded(m, EV_walk, pc, trap, 12);
        return;
    }
    bool found = tlb_walk(&m->hart, va, access, &w);
    unsigned mode = mode_of_access(&m->hart, access) == MMU_MACHINE ? SATP_BARE : SATP_MODE(m->hart.satp);
    unsigned refusal = w.result.refusal, top = mode == SATP_SV48 ? 3 : 2;
    uint64_t by_level[4] = {mode == SATP_SOFTTLB ? w.result.pte : 0}, at = found ? w.result.pa : 0;
    for (unsigned i = 0; i < w.n && i <= top; i++)
        by_level[top - i] = w.pte[i];
    if (!page_fault)
        refusal = out_of_reach(m, &w, found, access, &at);
    int match = at ? pmp_match(&m->hart.pmp, at) : -1;
    uint64_t cols[] = {va,          tlb_trace_access(access), mode,        refusal,
                       w.result.level, by_level[3],           by_level[2], by_level[1],
                       by_level[0], w.n ? w.result.pte_pa : 0, at,
                       match < 0 ? 0 : 256 * (1 + (uint64_t)match) + m->hart.pmp.cfg[match]};
    traceport_event(m, EV_walk, pc, trap, cols, COUNT(cols));
}

/* ---- the model ---- */

uint64_t tlb_trace_refill(struct machine *m, const struct tlb_miss *miss)
{
    const struct tlb_walk *w = miss->walk;
    uint64_t pointer[4] = {0};
    if (!recorder_wants(m->trace.recorder, EV_tlb_refill))
        return unrecorded(m, EV_tlb_refill, miss->pc, 0, 12);
    for (unsigned i = miss->saved; w && i < w->n; i++) {
        unsigned level = miss->levels - 1 - i;
        pointer[level] = level > w->result.level ? w->pte[i] : 0;
    }
    uint64_t cols[] = {miss->va & ~(uint64_t)(PAGE_BYTES - 1), tlb_trace_access(miss->access), miss->asid, w == NULL,
                       miss->references, w ? w->result.level : 0, w ? w->result.pte : 0,
                       miss->victim->valid ? miss->victim->va : 0, miss->saved, pointer[3], pointer[2], pointer[1]};
    return traceport_event(m, EV_tlb_refill, miss->pc, 0, cols, COUNT(cols));
}

void tlb_trace_gone(struct machine *m, unsigned event, uint64_t pc, uint64_t cause, enum mmu_tlb_array array,
                    const struct mmu_tlb_entry *e)
{
    uint64_t cols[] = {array, e->va, e->asid, e->global, e->level, e->pte};
    traceport_event(m, event, pc, cause, cols, COUNT(cols));
}

uint64_t tlb_trace_written(struct machine *m, uint64_t cause, uint64_t va, uint64_t pte, bool replaced)
{
    uint64_t cols[] = {va, asid_now(m), pte, replaced};
    return traceport_event(m, EV_stlb_write, traceport_pc(m), cause, cols, COUNT(cols));
}

/* ---- A and D ---- */

void tlb_trace_status(struct machine *m, uint64_t va, enum mmu_access access, uint64_t pte_pa, uint64_t before,
                      uint64_t after)
{
    uint64_t cols[] = {EV_ad_actor_hart, va, tlb_trace_access(access), asid_now(m), pte_pa, before, after};
    traceport_event(m, EV_ad_update, hart_reg(&m->hart, UC_RISCV_REG_PC), 0, cols, COUNT(cols));
}
