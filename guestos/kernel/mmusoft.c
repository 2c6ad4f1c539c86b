/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A software-managed TLB (docs/softtlb.md): satp.MODE 15. A miss is a page fault; the entry is written by two CSRs. There is
 * no page table that the hart would know of: translations are kept in one of two forms (softmap.h).
 * What is kept there includes what the TLB holds, so that whoever takes an entry from it can take it from the TLB, too.
 */
#include <string.h>
#include "devtree.h"
#include "io.h"
#include "mmuops.h"
#include "page.h"
#include "proc.h"
#include "riscv.h"
#include "softmap.h"
#include "../../mmu/pte.h"

struct Space {
    uint64_t number; /* never used again */
    Asid asid;
};

static const SoftMap *map;
static const Space *current;
static uint64_t spaces;

/* CSRs stlbhi, the page, and stlblo, its leaf: a write of that makes the entry. */
static void writetlb(uint64_t va, uint64_t pte)
{
    __asm__ volatile("csrw 0x5c0, %0; csrw 0x5c1, %1" ::"r"(va), "r"(pte) : "memory");
}

static Space *softnewspace(void)
{
    Space *s = kalloc(sizeof *s);
    if (s != NULL)
        *s = (Space){.number = ++spaces};
    return s;
}

static void forget(SoftEntry *e, void *arg)
{
    (void)arg;
    map->remove(e);
}

static void softswitch(Space *s)
{
    if (s == current)
        return;
    current = s;
    asidswitch((uint64_t)SATP_SOFTTLB << SATP_MODE_SHIFT, s != NULL ? &s->asid : NULL);
}

static void softfreespace(Space *s)
{
    if (s == current)
        softswitch(NULL);
    map->each(s->number, 0, UINT64_MAX >> PGSHIFT, forget, NULL);
    kfree(s);
}

/* Whoever loses his place to another must leave the TLB, too; his space is only known by number, so all of that page go. */
static SoftEntry *makeplace(const Space *s, uint64_t vpn)
{
    SoftEntry *e = map->place(s->number, vpn);
    if (e->space != 0)
        sfencepage(e->vpn << PGSHIFT);
    return e;
}

static int softput(Space *s, uint64_t va, uint64_t pa, int rights)
{
    uint64_t vpn = va >> PGSHIFT;
    uint64_t pte = PA_TO_PTE(pa) | PTE_V | PTE_U | PTE_A | (rights & PUT_READ ? PTE_R : 0) | (rights & PUT_EXEC ? PTE_X : 0) |
                   (rights & PUT_WRITE ? PTE_R | PTE_W | PTE_D : 0);
    SoftEntry *e = map->find(s->number, vpn);
    uint64_t old = e != NULL ? e->pte : 0;
    if (e != NULL)
        asidfencepage(&s->asid, va);
    else
        e = makeplace(s, vpn);
    if (gainsdirty(old, pte))
        tracestatus(&s->asid, va, 0, old, pte);
    *e = (SoftEntry){s->number, vpn, pte, true};
    if (rights & PUT_EXEC)
        fencei();
    if (s == current)
        writetlb(va & ~(uint64_t)PGMASK, pte);
    return 0;
}

static int softrights(const Space *s, uint64_t va)
{
    const SoftEntry *e = map->find(s->number, va >> PGSHIFT);
    if (e == NULL)
        return 0;
    return (e->pte & PTE_R ? PUT_READ : 0) | (e->pte & PTE_W ? PUT_WRITE : 0) | (e->pte & PTE_X ? PUT_EXEC : 0);
}

static bool softrefill(uint64_t va, int rights)
{
    if (current == NULL || (softrights(current, va) & rights) != rights)
        return false;
    SoftEntry *e = map->find(current->number, va >> PGSHIFT);
    e->used = true;
    writetlb(va & ~(uint64_t)PGMASK, e->pte);
    return true;
}

/* Does `with` to every entry of the pages that [va, va + bytes) touches. */
static void change(Space *s, uint64_t va, uint64_t bytes, void (*with)(SoftEntry *, void *))
{
    uint64_t first = va >> PGSHIFT, end = (va + bytes + PGMASK) >> PGSHIFT;
    map->each(s->number, first, end, with, NULL);
    if (end - first == 1)
        asidfencepage(&s->asid, va);
    else
        asidfence(&s->asid);
}

static void softflush(Space *s, uint64_t va, uint64_t bytes, enum ev_enum_demotion why)
{
    (void)why; /* there are no superpages */
    change(s, va, bytes, forget);
}

static void readonly(SoftEntry *e, void *arg)
{
    (void)arg;
    e->pte &= ~(uint64_t)(PTE_W | PTE_D);
}

static void softprotect(Space *s, const Segment *segment, uint64_t va, uint64_t bytes)
{
    (void)segment;
    change(s, va, bytes, readonly);
}

/* There is no A bit: a page has been used if it had to be filled into the TLB since; so it is taken out. */
static bool softage(Space *s, uint64_t va)
{
    SoftEntry *e = map->find(s->number, va >> PGSHIFT);
    if (e == NULL || !e->used)
        return false;
    e->used = false;
    asidfencepage(&s->asid, va);
    return true;
}

const MmuOps *softinit(const char *form)
{
    static const SoftMap *const forms[] = {&softcache, &softhash};
    static const MmuOps ops = {
        .newspace = softnewspace, .freespace = softfreespace, .putmmu = softput, .flushmmu = softflush,
        .protectmmu = softprotect, .rightsmmu = softrights, .agemmu = softage, .mmuswitch = softswitch, .refillmmu = softrefill,
    };
    for (unsigned i = 0; i < sizeof forms / sizeof *forms; i++)
        if (map == NULL && (form == NULL || strcmp(form, forms[i]->name) == 0))
            map = forms[i];
    if (map == NULL)
        panic("pagetable=%s: must be segments or hash", form);
    if (!map->init(devtree.ram_bytes >> PGSHIFT))
        panic("not enough memory for a page table");
    asidswitch((uint64_t)SATP_SOFTTLB << SATP_MODE_SHIFT, NULL);
    asidinit();
    return &ops;
}
