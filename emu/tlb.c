/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Answers the misses of Unicorn's soft TLB. How often it asks depends on the
 * host, so nothing here may change what the guest can see - but the A and D bits,
 * which the architecture wants set by the access itself.
 */
#include <string.h>

#include "../mmu/pte.h"
#include "access.h"
#include "debug/stops.h"
#include "insn.h"
#include "machine_priv.h"
#include "tlb_model.h"
#include "tlb_trace.h"

/* Page tables are read and written with the supervisor's rights (3.7.1). */
static void *pte_at(const struct machine *m, uint64_t pa, unsigned right)
{
    return pmp_rights(&m->hart.pmp, pa, false) & right ? ram_at(m, pa, sizeof(uint64_t)) : NULL;
}

/* The walk that an access does, and which sets A and D. */
struct access_walk {
    struct machine *machine;
    uint64_t va;
    enum mmu_access access;
};

static bool read_pte(void *arg, uint64_t pa, uint64_t *pte)
{
    const struct access_walk *w = arg;
    const void *host = pte_at(w->machine, pa, MMU_READ);
    if (host)
        memcpy(pte, host, sizeof *pte);
    return host != NULL;
}

static bool write_pte(void *arg, uint64_t pa, uint64_t pte)
{
    const struct access_walk *w = arg;
    void *host = pte_at(w->machine, pa, MMU_WRITE);
    uint64_t before;
    if (!host)
        return false;
    memcpy(&before, host, sizeof before);
    memcpy(host, &pte, sizeof pte);
    ram_written(w->machine, pa, sizeof pte);
    tlb_trace_status(w->machine, w->va, w->access, pa, before, pte);
    return true;
}

/* satp.MODE 15, docs/softtlb.md: entries are what the supervisor has written, and its own window needs none. */
static bool soft(struct hart *h, const struct mmu_context *c, uint64_t va, enum mmu_access access, struct mmu_result *r)
{
    *r = (struct mmu_result){0};
    if (va - SOFTTLB_WINDOW < SOFTTLB_WINDOW_BYTES) {
        r->refusal = c->privilege == MMU_USER ? MMU_WINDOW : MMU_OK;
        r->pa = va - SOFTTLB_WINDOW;
        r->rights = MMU_READ | MMU_WRITE | MMU_EXEC;
        return r->refusal == MMU_OK;
    }
    const struct mmu_tlb_entry *e = tlb_model_entry(h->tlb, va, access);
    r->refusal = MMU_NO_ENTRY;
    if (!e || !mmu_leaf(c, e->pte, 0, va, access, r))
        return false;
    if (access == MMU_STORE && !(e->pte & PTE_D))
        r->refusal = MMU_NOT_DIRTY;
    return r->refusal == MMU_OK;
}

static bool is_soft(const struct hart *h, const struct mmu_context *c)
{
    return SATP_MODE(h->satp) == SATP_SOFTTLB && c->privilege != MMU_MACHINE;
}

static bool translate(struct hart *h, uint64_t va, enum mmu_access access, bool update, struct mmu_result *r)
{
    static const unsigned right[] = {[MMU_LOAD] = MMU_READ, [MMU_STORE] = MMU_WRITE, [MMU_FETCH] = MMU_EXEC};
    struct mmu_context context = {h->satp, mode_of_access(h, access), h->sum, h->mxr};
    struct access_walk walk = {h->machine, va, access};
    struct mmu_memory memory = {&walk, read_pte, update ? write_pte : NULL};
    const struct mmu_tlb_entry *entry = h->tlb ? tlb_model_stale_entry(h->tlb, va, access) : NULL;
    bool found = is_soft(h, &context) ? soft(h, &context, va, access, r)
                 : entry              ? mmu_leaf(&context, entry->pte, entry->level, va, access, r)
                                      : mmu_walk(&context, &memory, va, access, r);
    if (!found)
        return false;
    r->rights &= pmp_rights(&h->pmp, r->pa, context.privilege == MMU_MACHINE);
    if (h->privilege == MMU_MACHINE && h->mstatus & STATUS_MPRV) /* an entry is good for one kind of access only */
        r->rights &= access == MMU_FETCH ? MMU_EXEC : MMU_READ | MMU_WRITE;
    if (r->rights & right[access])
        return true;
    r->refusal = MMU_NO_TABLE; /* an access fault */
    return false;
}

struct noted_walk {
    struct access_walk walk; /* first: it is read_pte's */
    struct tlb_walk *notes;
};

static bool read_noted(void *arg, uint64_t pa, uint64_t *pte)
{
    struct tlb_walk *w = ((struct noted_walk *)arg)->notes;
    if (!read_pte(arg, pa, pte))
        return false;
    w->pa[w->n] = pa;
    w->pte[w->n++] = *pte;
    return true;
}

bool tlb_walk(struct hart *h, uint64_t va, enum mmu_access access, struct tlb_walk *w)
{
    struct noted_walk walk = {{h->machine, va, access}, w};
    struct mmu_context context = {h->satp, mode_of_access(h, access), h->sum, h->mxr};
    struct mmu_memory memory = {&walk, read_noted, NULL};
    w->n = 0;
    if (is_soft(h, &context))
        return soft(h, &context, va, access, &w->result);
    return mmu_walk(&context, &memory, va, access, &w->result);
}

bool tlb_physical(struct hart *h, uint64_t va, enum mmu_access access, uint64_t *pa)
{
    struct mmu_result r;
    bool ok = translate(h, va, access, false, &r) && bus_is_ram(h->machine, r.pa);
    *pa = r.pa;
    return ok;
}

void tlb_visit(struct hart *h, uint64_t va, enum mmu_access access)
{
    struct mmu_result r;
    translate(h, va, access, true, &r);
}

const uint8_t *tlb_look(struct hart *h, uint64_t va, enum mmu_access access, unsigned bytes)
{
    struct mmu_result r;
    if (va % PAGE_BYTES + bytes > PAGE_BYTES || !translate(h, va, access, false, &r))
        return NULL;
    return ram_at(h->machine, r.pa, bytes);
}

/* Code is read page by page: the page of last time is remembered while no mapping of code changed. */
static const uint8_t *code_page(struct hart *h, uint64_t va)
{
    uint64_t page = va & ~(PAGE_BYTES - 1);
    if (page != h->near_page || h->near_key != h->code_key || !h->near_bytes) {
        h->near_bytes = tlb_look(h, page, MMU_FETCH, PAGE_BYTES);
        h->near_page = page;
        h->near_key = h->code_key;
    }
    return h->near_bytes;
}

static bool parcel(struct hart *h, uint64_t va, uint16_t *half)
{
    const uint8_t *page = code_page(h, va);
    if (page)
        memcpy(half, page + va % PAGE_BYTES, sizeof *half);
    return page != NULL;
}

bool tlb_instruction(struct hart *h, uint64_t va, uint32_t *insn)
{
    uint16_t low, high = 0;
    if (!parcel(h, va, &low) || (insn_bytes(low) == 4 && !parcel(h, va + 2, &high)))
        return false;
    *insn = low | (uint32_t)high << 16;
    return true;
}

/* The byte that the refused access wanted: the address itself, or the start of the page that it runs into. */
static uint64_t exact_address(struct hart *h, uint64_t pc, uint64_t page, bool *store)
{
    uint32_t insn;
    struct insn_access a;
    if (!tlb_instruction(h, pc, &insn) || !insn_access(insn, &a))
        return page;
    uint64_t ea = (a.base ? hart_reg(h, UC_RISCV_REG_X0 + (int)a.base) : 0) + (uint64_t)a.offset;
    *store = a.store; /* an AMO first reads, but faults as a store */
    return (ea & ~(PAGE_BYTES - 1)) == page ? ea : page;
}

/*
 * A fetch that the hart never asked for. To Unicorn a compressed instruction of zeros has no length: at the start of a
 * page its block "ends" on the page before. What it means is that the instruction is illegal. Any other page is of Unicorn's own
 * housekeeping, and no business of the guest's.
 */
static bool refuse_nothing(struct hart *h, uint64_t page, uint64_t pc)
{
    uint32_t insn;
    h->fault.valid = page + PAGE_BYTES == pc && tlb_instruction(h, pc, &insn) && (insn & 0xffe3) == 0;
    h->fault.code = EXC_ILLEGAL;
    h->fault.tval = h->fault.valid ? insn & 0xffff : 0;
    return false;
}

static bool refuse(struct hart *h, uint64_t page, enum mmu_access access, bool page_fault)
{
    static const unsigned codes[2][3] = {{EXC_LOAD_ACCESS, EXC_STORE_ACCESS, EXC_FETCH_ACCESS},
                                         {EXC_LOAD_PAGE, EXC_STORE_PAGE, EXC_FETCH_PAGE}};
    struct fault *f = &h->fault;
    if (f->valid)
        return false; /* Unicorn tidies up after the first */
    uint64_t pc = hart_reg(h, UC_RISCV_REG_PC);
    *f = (struct fault){.valid = true, .pc = pc, .page = page};
    if (access == MMU_FETCH && page != (pc & ~(PAGE_BYTES - 1)) && page != (pc & ~(PAGE_BYTES - 1)) + PAGE_BYTES)
        return refuse_nothing(h, page, pc);
    if (access == MMU_FETCH) {
        f->crossing = (pc & ~(PAGE_BYTES - 1)) != page;
        f->tval = f->crossing ? page : pc;
    } else {
        bool store = access == MMU_STORE;
        f->tval = exact_address(h, pc, page, &store);
        access = store ? MMU_STORE : MMU_LOAD;
    }
    f->code = codes[page_fault][access];
    return false;
}

/* W^X frames: see code.c */
static unsigned frame_rights(struct hart *h, uint64_t va, uint64_t pa, enum mmu_access access, unsigned rights)
{
    if (access == MMU_FETCH) {
        code_fetched(h, va, pa);
        return rights & ~(unsigned)MMU_WRITE;
    }
    if (access == MMU_LOAD && code_frame(h, pa))
        return rights & MMU_READ;
    if (rights & MMU_WRITE)
        code_stored(h, pa);
    return rights & ~(unsigned)MMU_EXEC;
}

/* A page with watched bytes gets no right to touch them: the debugger looks at each access. */
static bool watched(struct hart *h, uint64_t page, enum mmu_access access, struct mmu_result *r)
{
    if (!h->stops || h->watch_off || access == MMU_FETCH)
        return false;
    r->rights &= ~stops_watched(h->stops, page);
    if (r->rights & (access == MMU_STORE ? MMU_WRITE : MMU_READ))
        return false;
    if (!h->fault.valid)
        h->fault = (struct fault){.valid = true, .watched = true, .pc = hart_reg(h, UC_RISCV_REG_PC), .page = page};
    return true;
}

/*
 * We have stopped Unicorn, and it looks up the addresses of its exits to drop what was translated there. That is no access of the
 * guest: it sets no A bit, and if that is missing the entry has to go again.
 */
static bool look_after(struct hart *h, uint64_t page, uc_tlb_entry *entry)
{
    struct mmu_result r;
    if (!translate(h, page, MMU_FETCH, false, &r) || !bus_is_ram(h->machine, r.pa))
        return false;
    h->stale = h->stale || (r.pte && !(r.pte & PTE_A));
    entry->paddr = r.pa;
    r.rights &= ~(unsigned)MMU_WRITE;
    entry->perms = (uc_prot)(h->access ? access_filled(h->access, page, r.pa, MMU_FETCH, r.rights) : r.rights);
    code_fetched(h, page, r.pa);
    return true;
}

/* An AMO reads first, but it is a store, for the TLB model and for samples, too. */
static bool reads_to_store(struct hart *h)
{
    uint32_t insn;
    struct insn_access a;
    return tlb_instruction(h, hart_reg(h, UC_RISCV_REG_PC), &insn) && insn_access(insn, &a) && a.store;
}

bool tlb_fill_hook(uc_engine *uc, uint64_t page, uc_mem_type type, uc_tlb_entry *entry, void *user)
{
    struct hart *h = user;
    enum mmu_access access = type == UC_MEM_FETCH ? MMU_FETCH : type == UC_MEM_WRITE ? MMU_STORE : MMU_LOAD;
    struct mmu_result r;
    (void)uc;
    if (h->identity) {
        entry->paddr = page;
        entry->perms = UC_PROT_READ | UC_PROT_EXEC;
        return true;
    }
    if (h->tlb && access == MMU_LOAD && reads_to_store(h)) { /* what cannot be read leaves D as it is, as without a model */
        bool found = translate(h, page, MMU_LOAD, true, &r);
        if (!found || (!bus_is_ram(h->machine, r.pa) && !bus_is_device(h->machine, r.pa)))
            return refuse(h, page, MMU_LOAD, !found && r.refusal != MMU_NO_TABLE);
        access = MMU_STORE;
    }
    if (access == MMU_FETCH && h->block->tail && !h->hold)
        count_settle(h); /* the next block is being looked for: satp may have changed */
    if (access == MMU_FETCH && h->stopped)
        return look_after(h, page, entry);
    if (!translate(h, page, access, true, &r))
        return refuse(h, page, access, r.refusal != MMU_NO_TABLE);
    if (bus_is_ram(h->machine, r.pa))
        r.rights = frame_rights(h, page, r.pa, access, r.rights);
    else if (access != MMU_FETCH && bus_is_device(h->machine, r.pa))
        r.rights &= ~(unsigned)MMU_EXEC;
    else
        return refuse(h, page, access, false);
    if (watched(h, page, access, &r))
        return false;
    if (h->tlb)
        r.rights = access == MMU_FETCH ? tlb_model_fetch_rights(h->tlb, page, r.rights)
                                       : tlb_model_data(h->tlb, page, access, r.rights);
    if (h->access)
        r.rights = access_filled(h->access, page, r.pa, access == MMU_LOAD && reads_to_store(h) ? MMU_STORE : access, r.rights);
    entry->paddr = access == MMU_FETCH ? r.pa : tohost_page(&h->machine->tohost, r.pa);
    entry->perms = (uc_prot)r.rights; /* MMU_READ... are UC_PROT_READ... */
    return true;
}
