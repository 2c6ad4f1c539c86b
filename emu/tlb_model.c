/* SPDX-License-Identifier: GPL-2.0-only */
/* Keeps the TLB model in step with the guest's accesses, and counts. See tlb_model.h. */
#include "tlb_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../mmu/pte.h"
#include "../traces/events.h"
#include "insn.h"
#include "machine_priv.h"
#include "tlb_changes.h"
#include "tlb_trace.h"

#define NO_PAGE 1ull /* the start of no page */
#define LEAST_SETS 8   /* with less, what was used last in its set changes too often (tests/bench/tlb) */
#define FENCE_PAGES 64 /* as Linux, for one, does it */

struct tlb_model {
    struct hart *hart;
    struct tlb_options options;
    struct mmu_tlb *tlb;
    struct tlb_counts counts[3];
    struct array_counts {
        uint64_t evictions, shootdowns;
    } array[MMU_TLB_ARRAYS];
    uint64_t served;     /* the newest trap that an entry of the software-managed TLB has been written for */
    uint64_t fetch_page; /* the page that was fetched last and still has its entry; NO_PAGE: look */
    bool unified;        /* one array for instructions and data */
    bool flush;          /* Unicorn's entries are to go before the next block */
    bool matters;        /* hits of data decide what goes next: Unicorn may only know what was used last in its set */
    bool watches;        /* every load and store is looked at */
    struct changes *changes; /* with --stale-tlb */
};

const struct tlb_counts *tlb_model_counts(const struct tlb_model *t)
{
    return t->counts;
}

const struct tlb_options *tlb_model_options(const struct tlb_model *t)
{
    return &t->options;
}

const struct mmu_tlb *tlb_model_tlb(const struct tlb_model *t)
{
    return t->tlb;
}

/* ---- where it stands ---- */

struct tlb_model *tlb_model_new(struct hart *h, const struct tlb_options *o, char *err, size_t errlen)
{
    struct tlb_model *t = calloc(1, sizeof *t + mmu_tlb_bytes(&o->config));
    if (t && o->stale && !(t->changes = changes_new())) {
        free(t);
        t = NULL;
    }
    if (!t) {
        snprintf(err, errlen, "the host is out of memory");
        return NULL;
    }
    t->hart = h;
    t->options = *o;
    t->tlb = mmu_tlb_init(t + 1, &o->config);
    t->fetch_page = NO_PAGE;
    t->unified = o->config.itlb.entries == 0;
    t->matters = mmu_tlb_hits_matter(t->tlb, MMU_LOAD);
    t->watches = o->stale || o->watch || (t->matters && o->config.dtlb.entries / o->config.dtlb.ways < LEAST_SETS);
    return t;
}

void tlb_model_free(struct tlb_model *t)
{
    if (t)
        changes_free(t->changes);
    free(t);
}

static unsigned asid(const struct tlb_model *t)
{
    return (unsigned)(t->hart->satp >> SATP_ASID_SHIFT) & ((1u << t->options.config.asid_bits) - 1);
}

static bool is_soft(const struct tlb_model *t)
{
    return SATP_MODE(t->hart->satp) == SATP_SOFTTLB;
}

/* Levels of the page table that this access is translated by (1 if there is none but the TLB); 0: it is not translated. */
static unsigned levels(const struct tlb_model *t, uint64_t va, enum mmu_access access)
{
    unsigned mode = SATP_MODE(t->hart->satp);
    if (mode_of_access(t->hart, access) == MMU_MACHINE)
        return 0;
    if (mode == SATP_SOFTTLB)
        return va - SOFTTLB_WINDOW >= SOFTTLB_WINDOW_BYTES;
    return mode == SATP_SV39 ? 3 : mode == SATP_SV48 ? 4 : 0;
}

static uint64_t page_of(uint64_t va)
{
    return va & ~(uint64_t)(PAGE_BYTES - 1);
}

/* Time passes in the middle of a block: what is due comes after fewer instructions. */
static void spend(struct tlb_model *t, uint64_t ns)
{
    struct hart *h = t->hart;
    struct clock *c = &h->machine->clock;
    if (ns == 0)
        return;
    c->skipped_ns += ns;
    uint64_t insns = ns / c->insn_ns + 1;
    h->deadline = h->deadline > insns ? h->deadline - insns : 0;
}

static void report_array(struct tlb_model *t, enum mmu_tlb_array which)
{
    const struct mmu_tlb_entry *e;
    uint64_t entries = 0, valid = 0;
    for (; (e = mmu_tlb_entry_at(t->tlb, which, (unsigned)entries)) != NULL; entries++)
        valid += e->valid;
    uint64_t cols[] = {which, entries, valid, t->array[which].evictions, t->array[which].shootdowns};
    if (entries)
        traceport_event(t->hart->machine, EV_tlb_array, t->hart->pc, 0, cols, sizeof cols / sizeof *cols);
}

void tlb_model_report(struct tlb_model *t)
{
    t->counts[MMU_FETCH].accesses = step_retired(t->hart);
    for (enum mmu_tlb_array i = 0; i < MMU_TLB_ARRAYS; i++)
        report_array(t, i);
    for (unsigned i = 0; i < 3; i++) {
        const struct tlb_counts *c = &t->counts[i];
        uint64_t cols[] = {tlb_trace_access((enum mmu_access)i), c->accesses, c->misses, c->second, c->walks,
                           c->refused, c->references, c->again, c->evictions};
        traceport_event(t->hart->machine, EV_tlb_total, t->hart->pc, 0, cols, sizeof cols / sizeof *cols);
    }
}

/* ---- entries that are not what the page table says: --stale-tlb ---- */

const struct mmu_tlb_entry *tlb_model_stale_entry(const struct tlb_model *t, uint64_t va, enum mmu_access access)
{
    if (!t->options.stale || is_soft(t) || levels(t, va, access) == 0)
        return NULL;
    const struct mmu_tlb_entry *e = mmu_tlb_probe(t->tlb, va, asid(t), access, MMU_TLB_L2);
    if (e && access == MMU_STORE && e->pte & PTE_W && !(e->pte & PTE_D))
        return NULL; /* it is walked again, for D */
    return e;
}

/* Has this leaf lost something? What is only gained needs no fence: at worst there is a fault too many (4.2.1). */
static bool differs(uint64_t entry, uint64_t now)
{
    const uint64_t status = PTE_A | PTE_D;
    return entry & ~now & ~status & ~PTE_PPN_MASK || (now ^ entry) & PTE_PPN_MASK;
}

/*
 * An entry is used: if the page table has changed since and nobody fenced, the trace says so, once. A global entry may have
 * come from the table of a space that is no more: then the one of now tells.
 */
static void check_fresh(struct tlb_model *t, uint64_t pc, uint64_t va, enum mmu_access access, struct mmu_tlb_entry *e)
{
    const void *host = ram_at(t->hart->machine, e->pte_pa, sizeof(uint64_t));
    uint64_t now, by = 0, when = 0;
    struct tlb_walk w;
    if (e->mark || !host)
        return;
    memcpy(&now, host, sizeof now);
    if (!differs(e->pte, now))
        return;
    if (tlb_walk(t->hart, va, access, &w) && !differs(e->pte, w.result.pte)) {
        e->pte_pa = w.result.pte_pa;
        return;
    }
    e->mark = true;
    changes_find(t->changes, e->pte_pa, &by, &when);
    uint64_t cols[] = {va, tlb_trace_access(access), asid(t), e->pte, now, e->pte_pa, by, when};
    traceport_instruction(t->hart->machine, pc, hart_privilege(t->hart));
    if (by)
        traceport_instruction(t->hart->machine, by, EV_privilege_supervisor);
    traceport_event(t->hart->machine, EV_tlb_stale, pc, 0, cols, sizeof cols / sizeof *cols);
}

/* ---- misses ---- */

/* The array of the first level that this kind of access asks */
static enum mmu_tlb_array first_array(const struct tlb_model *t, enum mmu_access access)
{
    return access == MMU_FETCH && !t->unified ? MMU_TLB_INSTRUCTION : MMU_TLB_DATA;
}

/* Entries that had to go for a new one, and the row of that. */
static void note_evictions(struct tlb_model *t, uint64_t pc, uint64_t cause, const struct mmu_tlb_victims *out)
{
    for (enum mmu_tlb_array i = 0; i < MMU_TLB_ARRAYS; i++)
        if (out->entry[i].valid) {
            t->array[i].evictions++;
            tlb_trace_gone(t->hart->machine, EV_tlb_eviction, pc, cause, i, &out->entry[i]);
        }
}

/* An entry of the first level has gone: Unicorn must ask again for its page; and it may be that of the code that runs. */
static void evicted(struct tlb_model *t, enum mmu_access access, const struct mmu_tlb_entry *e)
{
    bool data = first_array(t, access) == MMU_TLB_DATA;
    if (!e->valid)
        return;
    t->counts[access].evictions++;
    if (data && !t->watches)
        uc_ctl_flush_tlb(t->hart->uc);
    t->flush |= t->options.stale; /* not in the middle of an access that Unicorn has translated already */
    if ((!data || t->unified) && t->fetch_page - e->va < e->bytes)
        t->fetch_page = NO_PAGE;
}

/* A miss has been served (or not): what that did to the first level, and to the trace. */
static void missed(struct tlb_model *t, struct tlb_miss *miss, const struct mmu_tlb_victims *out)
{
    miss->asid = asid(t);
    miss->victim = &out->entry[first_array(t, miss->access)];
    note_evictions(t, miss->pc, tlb_trace_refill(t->hart->machine, miss), out);
    evicted(t, miss->access, miss->victim);
}

/* How many entries of page tables the walk need not read, since the walk cache knew them; which learns the rest. */
static unsigned note_pointers(struct tlb_model *t, uint64_t va, unsigned height, const struct tlb_walk *w, bool *global)
{
    uint64_t table;
    unsigned start = mmu_tlb_walk_start(t->tlb, va, asid(t), height, &table, global), skipped = height - 1 - start;
    *global = false;
    for (unsigned i = 0; i < w->n; i++) {
        unsigned level = height - 1 - i;
        *global |= (w->pte[i] & PTE_G) != 0;
        if (i + 1 < w->n && level <= start)
            mmu_tlb_walk_note(t->tlb, va, asid(t), level, PTE_TO_PA(w->pte[i]), *global);
    }
    return w->n > skipped ? skipped : w->n;
}

/* Walks for va, and puts what it finds into the model. */
static void refill(struct tlb_model *t, uint64_t pc, uint64_t va, enum mmu_access access, unsigned height)
{
    struct tlb_counts *c = &t->counts[access];
    struct tlb_walk w;
    struct mmu_tlb_victims out = {0};
    bool global, found = tlb_walk(t->hart, va, access, &w);
    struct tlb_miss miss = {.pc = pc, .va = va, .access = access, .levels = height, .walk = &w};
    miss.saved = is_soft(t) ? 0 : note_pointers(t, va, height, &w, &global);
    miss.references = w.n - miss.saved;
    if (is_soft(t))
        found = false; /* the trap's handler will write it */
    c->references += miss.references;
    for (unsigned i = 0; t->changes && i < w.n; i++)
        changes_table(t->changes, w.pa[i]);
    w.result.pte |= found ? PTE_A | (access == MMU_STORE ? PTE_D : 0) : 0; /* the access sets them, if it has not yet */
    if (found)
        mmu_tlb_fill(t->tlb, va, asid(t), access, w.result.pte, w.result.pte_pa, w.result.level, global, &out);
    else
        c->refused++;
    missed(t, &miss, &out);
    spend(t, miss.references * t->options.walk_ns);
}

/*
 * A hit that must be walked for all the same: a store at an entry without D - or an access that the entry does not allow, since
 * the table may have got the right meanwhile (it need not be fenced for that, 4.2.1). With --stale-tlb that one faults.
 */
static bool lacks_right(const struct tlb_model *t, const struct mmu_tlb_entry *e, enum mmu_access access)
{
    static const uint64_t needs[] = {[MMU_LOAD] = PTE_R, [MMU_STORE] = PTE_W | PTE_D, [MMU_FETCH] = PTE_X};
    if (is_soft(t))
        return false; /* a trap, or what it did, is all that comes of it */
    if (t->options.stale)
        return access == MMU_STORE && (e->pte & (PTE_W | PTE_D)) == PTE_W;
    return (e->pte & needs[access]) != needs[access];
}

/* One access to one page: hit, or miss and refill. */
static void touch(struct tlb_model *t, uint64_t pc, uint64_t va, enum mmu_access access)
{
    unsigned height = levels(t, va, access);
    struct tlb_counts *c = &t->counts[access];
    struct mmu_tlb_entry *e;
    struct mmu_tlb_victims out;
    if (height == 0)
        return;
    if (t->matters && !t->watches && first_array(t, access) == MMU_TLB_DATA &&
        !mmu_tlb_settled(t->tlb, va, asid(t), access))
        uc_ctl_flush_tlb(t->hart->uc); /* what was used last in this set is not any more */
    enum mmu_tlb_place place = mmu_tlb_access(t->tlb, va, asid(t), access, &e, &out);
    c->misses += place != MMU_TLB_L1;
    if (place == MMU_TLB_L2) {
        c->second++;
        missed(t, &(struct tlb_miss){.pc = pc, .va = va, .access = access}, &out);
        spend(t, t->options.l2_ns);
    } else if (place == MMU_TLB_MISS) {
        c->walks++;
        refill(t, pc, va, access, height);
        return;
    }
    if (t->changes)
        check_fresh(t, pc, va, access, e);
    if (lacks_right(t, e, access)) {
        c->again++;
        refill(t, pc, va, access, height);
    }
}

/* ---- what the hart tells ---- */

void tlb_model_fetch(struct tlb_model *t, uint64_t va)
{
    uint64_t page = page_of(va);
    if (page == t->fetch_page && !(t->unified && (t->watches || t->matters)))
        return;
    t->fetch_page = page;
    touch(t, va, page, MMU_FETCH);
}

void tlb_model_begin(struct tlb_model *t, const struct block *b)
{
    t->counts[MMU_LOAD].accesses += b->loads;
    t->counts[MMU_STORE].accesses += b->stores;
    if (t->flush)
        uc_ctl_flush_tlb(t->hart->uc);
    t->flush = false;
    tlb_model_fetch(t, b->pc);
}

void tlb_model_cut(struct tlb_model *t, const struct block *b, uint64_t pc)
{
    uint32_t loads, stores;
    count_accesses(t->hart, pc, b->pc + b->bytes, &loads, &stores);
    t->counts[MMU_LOAD].accesses -= loads;
    t->counts[MMU_STORE].accesses -= stores;
}

unsigned tlb_model_data(struct tlb_model *t, uint64_t va, enum mmu_access access, unsigned rights)
{
    if (levels(t, va, access) == 0 || t->watches)
        return rights;
    touch(t, hart_reg(t->hart, UC_RISCV_REG_PC), va, access);
    const struct mmu_tlb_entry *e = mmu_tlb_probe(t->tlb, va, asid(t), access, MMU_TLB_L1);
    return e && e->pte & PTE_D ? rights : rights & ~(unsigned)MMU_WRITE;
}

unsigned tlb_model_fetch_rights(struct tlb_model *t, uint64_t va, unsigned rights)
{
    if (t->options.stale)
        return rights & MMU_EXEC; /* data may be translated otherwise */
    if (levels(t, va, MMU_LOAD) == 0 || t->watches || mmu_tlb_settled(t->tlb, va, asid(t), MMU_LOAD))
        return rights;
    return rights & MMU_EXEC;
}

bool tlb_model_watches(const struct tlb_model *t)
{
    return t->watches;
}

/* Unicorn tells the physical address: the virtual one is worked out from the instruction. */
void tlb_model_hook(uc_engine *uc, uc_mem_type type, uint64_t pa, int bytes, int64_t value, void *user)
{
    struct hart *h = user;
    struct tlb_model *t = h->tlb;
    struct insn_access a;
    uint32_t insn;
    uint64_t pc = hart_reg(h, UC_RISCV_REG_PC);
    (void)uc;
    (void)value;
    if (t->changes && type == UC_MEM_WRITE)
        changes_store(t->changes, pa, (unsigned)bytes, pc, h->insns);
    if (!tlb_instruction(h, pc, &insn) || !insn_access(insn, &a) || (a.store && type == UC_MEM_READ))
        return; /* an AMO counts when it writes */
    uint64_t va = (a.base ? hart_reg(h, UC_RISCV_REG_X0 + (int)a.base) : 0) + (uint64_t)a.offset;
    enum mmu_access access = a.store ? MMU_STORE : MMU_LOAD;
    touch(t, pc, va, access);
    uint64_t second = page_of(va + a.bytes - 1);
    if (second == page_of(va) || !tlb_walk(h, second, access, &(struct tlb_walk){0})) /* the fault will tell */
        return;
    if (t->options.stale) /* Unicorn has not yet asked for it, and the entry that it will be given says that A and D are set */
        tlb_visit(h, second, access);
    touch(t, pc, second, access);
}

void tlb_model_refused(struct tlb_model *t, uint64_t va, enum mmu_access access)
{
    if (levels(t, va, access) == 0)
        return;
    if (access != MMU_FETCH)
        t->counts[access].accesses++;
    touch(t, t->hart->pc, va, access);
    if (access == MMU_FETCH)
        t->fetch_page = NO_PAGE;
}

struct shootdown {
    struct tlb_model *model;
    uint64_t cause;
};

static void shot_down(void *arg, enum mmu_tlb_array which, const struct mmu_tlb_entry *e)
{
    struct shootdown *s = arg;
    struct machine *m = s->model->hart->machine;
    s->model->array[which].shootdowns++;
    tlb_trace_gone(m, EV_tlb_shootdown, traceport_pc(m), s->cause, which, e);
}

void tlb_model_fence(struct tlb_model *t, uint64_t row, const uint64_t *va, const uint64_t *id)
{
    unsigned masked = id ? (unsigned)*id & ((1u << t->options.config.asid_bits) - 1) : 0;
    mmu_tlb_fence(t->tlb, va, id ? &masked : NULL, shot_down, &(struct shootdown){t, row});
    t->fetch_page = NO_PAGE;
}

void tlb_model_fence_range(struct tlb_model *t, uint64_t row, uint64_t va, uint64_t bytes, const uint64_t *id)
{
    uint64_t end = bytes < UINT64_MAX - va ? va + bytes : UINT64_MAX;
    if (bytes > FENCE_PAGES * (uint64_t)PAGE_BYTES)
        tlb_model_fence(t, row, NULL, id);
    else
        for (uint64_t page = page_of(va); page < end; page += PAGE_BYTES)
            tlb_model_fence(t, row, &page, id);
}

void tlb_model_switch(struct tlb_model *t)
{
    t->fetch_page = NO_PAGE;
}

/* ---- satp.MODE 15: the model is the TLB ---- */

const struct mmu_tlb_entry *tlb_model_entry(const struct tlb_model *t, uint64_t va, enum mmu_access access)
{
    return mmu_tlb_probe(t->tlb, va, asid(t), access, MMU_TLB_L1);
}

uint64_t tlb_model_read(const struct tlb_model *t, uint64_t va)
{
    const struct mmu_tlb_entry *e = tlb_model_entry(t, va, MMU_LOAD);
    return e ? e->pte : 0;
}

/* The trap that an entry for this page is written for, once; 0: it is another's. */
static uint64_t trap_to_serve(struct tlb_model *t, uint64_t va)
{
    const struct traceport *trace = &t->hart->machine->trace;
    if (trace->last_trap == t->served || page_of(trace->last_tval) != va)
        return 0;
    return t->served = trace->last_trap;
}

void tlb_model_write(struct tlb_model *t, uint64_t va, uint64_t pte)
{
    struct machine *m = t->hart->machine;
    struct mmu_tlb_victims out;
    bool replaced = tlb_model_entry(t, va, MMU_LOAD) != NULL;
    mmu_tlb_fill(t->tlb, va, asid(t), MMU_LOAD, pte, 0, 0, pte & PTE_G, &out);
    note_evictions(t, traceport_pc(m), tlb_trace_written(m, trap_to_serve(t, va), va, pte, replaced), &out);
    t->counts[MMU_LOAD].evictions += out.entry[MMU_TLB_DATA].valid;
    t->fetch_page = NO_PAGE;
    uc_ctl_flush_tlb(t->hart->uc); /* it may hold the victim, or what was here before */
}

uint64_t tlb_model_satp_mask(const struct tlb_model *t)
{
    uint64_t absent = (0xffffull >> t->options.config.asid_bits) << t->options.config.asid_bits;
    return ~(absent << SATP_ASID_SHIFT);
}
