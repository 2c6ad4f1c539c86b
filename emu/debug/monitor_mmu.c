/* SPDX-License-Identifier: GPL-2.0-only */
/* The commands of `monitor` about translation: the page table, and the TLB model. */
#include <stdio.h>
#include <string.h>

#include "../../mmu/pte.h"
#include "../machine_priv.h"
#include "../tlb_model.h"
#include "debug.h"
#include "monitor.h"

static bool read_pte(void *arg, uint64_t pa, uint64_t *pte)
{
    const void *host = ram_at(arg, pa, sizeof *pte);
    if (host)
        memcpy(pte, host, sizeof *pte);
    return host != NULL;
}

static void print_bits(uint64_t pte, char out[9])
{
    static const char names[] = "VRWXUGAD";
    for (int i = 0; i < 8; i++)
        out[i] = pte >> i & 1 ? names[i] : '-';
    out[8] = '\0';
}

static unsigned levels(uint64_t satp)
{
    return SATP_MODE(satp) == SATP_SV39 ? 3 : SATP_MODE(satp) == SATP_SV48 ? 4 : 0;
}

/* ---- the TLB model ---- */

static void print_entry(struct debug *d, enum mmu_tlb_array which, unsigned i, const struct mmu_tlb_entry *e)
{
    static const char *const names[] = {"instructions", "data", "second level"};
    unsigned set, way;
    bool large = mmu_tlb_place_at(tlb_model_tlb(d->machine->hart.tlb), which, i, &set, &way);
    uint64_t page = 1ull << (PAGE_SHIFT_4K + PTE_INDEX_BITS * e->level);
    char bits[9], whose[24];
    print_bits(e->pte, bits);
    snprintf(whose, sizeof whose, e->global ? "global" : "ASID %u", e->asid);
    gdb_print(d, "  %s, %sset %u way %u: 0x%llx-0x%llx -> 0x%llx %s, %s, leaf of level %u\n", names[which],
              large ? "superpages, " : "", set, way, (unsigned long long)e->va, (unsigned long long)(e->va + e->bytes - 1),
              (unsigned long long)((PTE_TO_PA(e->pte) & ~(page - 1)) + (e->va & (page - 1))), bits, whose, e->level);
}

/* Those that are valid; `only`: that translate va, for whatever address space. Returns how many. */
static unsigned print_entries(struct debug *d, bool only, uint64_t va)
{
    const struct mmu_tlb *tlb = tlb_model_tlb(d->machine->hart.tlb);
    const struct mmu_tlb_entry *e;
    unsigned n = 0;
    for (enum mmu_tlb_array which = 0; which < MMU_TLB_ARRAYS; which++)
        for (unsigned i = 0; (e = mmu_tlb_entry_at(tlb, which, i)) != NULL; i++)
            if (e->valid && (!only || va - e->va < e->bytes)) {
                print_entry(d, which, i, e);
                n++;
            }
    return n;
}

void monitor_tlb(struct debug *d, const struct words *w)
{
    const struct tlb_model *t = d->machine->hart.tlb;
    uint64_t va = 0;
    if (!t) {
        gdb_print(d, "there is no TLB that a program could observe; with --tlb the machine has a model of one\n");
        return;
    }
    if (w->n > 1 && !monitor_number(d, w->word[1], &va))
        return;
    unsigned n = print_entries(d, w->n > 1, va);
    const struct tlb_counts *c = tlb_model_counts(t);
    gdb_print(d, "--tlb %s: %u entries; misses so far: %llu of loads, %llu of stores, %llu of fetches\n",
              tlb_model_options(t)->text, n, (unsigned long long)c[MMU_LOAD].misses, (unsigned long long)c[MMU_STORE].misses,
              (unsigned long long)c[MMU_FETCH].misses);
}

/* ---- the page table ---- */

/* The entries that lead to va, each in words. */
static void print_path(struct debug *d, uint64_t va)
{
    struct machine *m = d->machine;
    uint64_t satp = m->hart.satp, table = SATP_ROOT(satp), pte;
    for (unsigned level = levels(satp); level-- > 0;) {
        uint64_t index = va >> (PAGE_SHIFT_4K + PTE_INDEX_BITS * level) & 511, at = table + 8 * index;
        char bits[9];
        if (!read_pte(m, at, &pte)) {
            gdb_print(d, "  level %u: the entry at 0x%llx is outside of memory\n", level, (unsigned long long)at);
            return;
        }
        print_bits(pte, bits);
        bool leaf = pte & (PTE_R | PTE_X);
        gdb_print(d, "  level %u: entry %llu at 0x%llx = 0x%016llx %s: %s 0x%llx\n", level, (unsigned long long)index,
                  (unsigned long long)at, (unsigned long long)pte, bits,
                  !(pte & PTE_V) ? "not valid"
                  : leaf         ? "page at"
                                 : "table at",
                  (unsigned long long)PTE_TO_PA(pte));
        if (!(pte & PTE_V) || leaf)
            return;
        table = PTE_TO_PA(pte);
    }
}

/* What is in the way of the entries: how satp has va translated. False: not at all. */
static bool print_mode(struct debug *d, uint64_t va)
{
    const struct hart *h = &d->machine->hart;
    const char *as = monitor_mode(hart_privilege(h));
    unsigned long long address = va, satp = h->satp;
    if (hart_privilege(h) == MMU_MACHINE || SATP_MODE(satp) == SATP_BARE) {
        gdb_print(d, "no translation: 0x%llx is the physical address (%s mode, satp 0x%llx)\n", address, as, satp);
        return false;
    }
    if (SATP_MODE(satp) == SATP_SOFTTLB)
        gdb_print(d, "0x%llx by the software-managed TLB, ASID %llu, as mode %s:\n", address, satp >> SATP_ASID_SHIFT & 0xffff, as);
    else
        gdb_print(d, "0x%llx by sv%u, root 0x%llx, as mode %s:\n", address, levels(satp) == 3 ? 39 : 48,
                  (unsigned long long)SATP_ROOT(satp), as);
    return true;
}

void monitor_walk(struct debug *d, const struct words *w)
{
    static const char *const verbs[] = {"load", "store", "fetch"};
    struct hart *h = &d->machine->hart;
    uint64_t va;
    if (!monitor_number(d, w->word[1], &va) || !print_mode(d, va))
        return;
    if (levels(h->satp))
        print_path(d, va);
    else if (va - SOFTTLB_WINDOW < SOFTTLB_WINDOW_BYTES)
        gdb_print(d, "  the supervisor's window: no entry is needed\n");
    else
        print_entries(d, true, va);
    for (enum mmu_access a = MMU_LOAD; a <= MMU_FETCH; a++) {
        struct tlb_walk walk;
        if (tlb_walk(h, va, a, &walk))
            gdb_print(d, "  %s: physical 0x%llx\n", verbs[a], (unsigned long long)walk.result.pa);
        else
            gdb_print(d, "  %s: refused: %s\n", verbs[a], mmu_refusal_text(walk.result.refusal));
    }
}

/* A run of pages that follow each other on both sides with equal rights. */
struct mapping {
    uint64_t va, pa, bytes, bits;
};

struct listing {
    struct debug *d;
    struct mapping now;
    unsigned lines, most;
};

static void print_mapping(struct listing *l)
{
    char bits[9];
    if (!l->now.bytes)
        return;
    if (l->lines++ < l->most) {
        print_bits(l->now.bits, bits);
        gdb_print(l->d, "0x%016llx-0x%016llx -> 0x%010llx %s %llu KiB\n", (unsigned long long)l->now.va,
                  (unsigned long long)(l->now.va + l->now.bytes - 1), (unsigned long long)l->now.pa, bits,
                  (unsigned long long)l->now.bytes / 1024);
    }
    l->now.bytes = 0;
}

static void add_mapping(struct listing *l, uint64_t va, uint64_t pa, uint64_t bytes, uint64_t bits)
{
    struct mapping *m = &l->now;
    if (m->bytes && m->va + m->bytes == va && m->pa + m->bytes == pa && m->bits == bits) {
        m->bytes += bytes;
        return;
    }
    print_mapping(l);
    *m = (struct mapping){va, pa, bytes, bits};
}

static void list_table(struct listing *l, uint64_t table, unsigned level, uint64_t base)
{
    unsigned shift = PAGE_SHIFT_4K + PTE_INDEX_BITS * level;
    for (uint64_t i = 0; i < 512 && l->lines <= l->most; i++) {
        uint64_t va = base + (i << shift), pte;
        if (level + 1 == levels(l->d->machine->hart.satp) && i >= 256)
            va |= ~0ull << (shift + 9); /* canonical: copies of the top bit */
        if (!read_pte(l->d->machine, table + 8 * i, &pte) || !(pte & PTE_V))
            continue;
        if (pte & (PTE_R | PTE_X))
            add_mapping(l, va, PTE_TO_PA(pte), 1ull << shift, pte & 0xff);
        else if (level)
            list_table(l, PTE_TO_PA(pte), level - 1, va);
    }
}

void monitor_pagetable(struct debug *d, const struct words *w)
{
    struct listing l = {.d = d, .most = 200};
    uint64_t satp = d->machine->hart.satp, most;
    if (w->n > 1) {
        if (!monitor_number(d, w->word[1], &most))
            return;
        l.most = most < 100000 ? (unsigned)most : 100000;
    }
    if (!levels(satp)) {
        gdb_print(d, "satp is 0x%llx: no page table\n", (unsigned long long)satp);
        return;
    }
    list_table(&l, SATP_ROOT(satp), levels(satp) - 1, 0);
    print_mapping(&l);
    if (l.lines > l.most)
        gdb_print(d, "more than %u lines; 'monitor pagetable N' prints N\n", l.most);
}

