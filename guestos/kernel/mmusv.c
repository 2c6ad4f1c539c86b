/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hardware's view of an address space: sv39 or sv48 page tables (RISC-V privileged spec, 10.4, 10.5). The upper
 * half of every root is the kernel's. For sv48 there is one more table on top, which leads to the same root for the lowest and
 * the highest addresses: the kernel and the programs need no more. A new entry has A and D set, so that the hardware need not; the clock clears A.
 * A table counts its valid entries (Page.inuse) and goes when the last one does: what is not resident needs no tables.
 */
#include <string.h>
#include "mmuops.h"
#include "page.h"
#include "proc.h"
#include "riscv.h"
#include "../../mmu/pte.h"

enum { LEVELS = 3, ENTRIES = 1 << PTE_INDEX_BITS, USER_ENTRIES = ENTRIES / 2 };

struct Space {
    uint64_t *root; /* a frame */
    uint64_t *top;  /* sv48: another; else NULL */
    Asid asid;
};

extern uint64_t kernelroot[ENTRIES]; /* boot.S */

static Space *current; /* what the hart uses; NULL: only the kernel's half */
static Space kernelspace = {.root = kernelroot};
static uint64_t kerneltop[ENTRIES] __attribute__((aligned(4096)));
static uint64_t mode = SATP_SV39;

static uint64_t *ptetable(uint64_t pte)
{
    return (uint64_t *)(KZERO + PTE_TO_PA(pte));
}

static unsigned shift(int level)
{
    return PGSHIFT + PTE_INDEX_BITS * level;
}

static void linktop(uint64_t *top, uint64_t *root)
{
    top[0] = top[ENTRIES - 1] = PA_TO_PTE((uint64_t)root - KZERO) | PTE_V;
}

static Space *svnewspace(void)
{
    Space *s = kalloc(sizeof *s);
    Page *root = s != NULL ? newzeropage() : NULL;
    Page *top = root != NULL && mode == SATP_SV48 ? newzeropage() : NULL;
    if (root == NULL || (mode == SATP_SV48 && top == NULL)) {
        if (root != NULL)
            putpage(root);
        kfree(s);
        return NULL;
    }
    *s = (Space){.root = pagekva(root), .top = top != NULL ? pagekva(top) : NULL};
    if (s->top != NULL)
        linktop(s->top, s->root);
    memcpy(s->root + USER_ENTRIES, kernelroot + USER_ENTRIES, USER_ENTRIES * sizeof(uint64_t));
    return s;
}

static void freetable(uint64_t *table, int level)
{
    for (unsigned i = 0; level > 0 && i < (level == LEVELS - 1 ? USER_ENTRIES : ENTRIES); i++)
        if (table[i] & PTE_V)
            freetable(ptetable(table[i]), level - 1);
    putpage(kvapage(table));
}

static void svswitch(Space *s);

static void svfreespace(Space *s)
{
    if (s == current)
        svswitch(NULL);
    freetable(s->root, LEVELS - 1);
    if (s->top != NULL)
        putpage(kvapage(s->top));
    kfree(s);
}

/*
 * An entry that only gains rights, or was invalid, needs no fence: at worst the access faults once more by the old one
 * (10.2.1). Then it is found as it should be, and fenced.
 */
static bool needsfence(uint64_t old, uint64_t new)
{
    bool gains = (old & ~new) == 0 && new != old && ((old ^ new) & PTE_PPN_MASK) == 0;
    return (old & PTE_V) && !gains;
}

/*
 * The leaf entry of va. NULL: a table is missing, and *spare, which is used up if it is needed, was NULL. Who gets one
 * may sleep, and tables go meanwhile; so he begins anew.
 */
static uint64_t *leafof(const Space *s, uint64_t va, Page **spare)
{
    uint64_t *table = s->root;
    for (int level = LEVELS - 1; level > 0; level--) {
        uint64_t *e = &table[va >> shift(level) & (ENTRIES - 1)];
        if ((*e & PTE_V) == 0) {
            if (*spare == NULL)
                return NULL;
            *e = PA_TO_PTE(pagepa(*spare)) | PTE_V;
            kvapage(table)->inuse++;
            *spare = NULL;
        }
        table = ptetable(*e);
    }
    return &table[va >> PGSHIFT & (ENTRIES - 1)];
}

static uint64_t leafentry(uint64_t pa, int rights)
{
    uint64_t flags = PTE_V | PTE_U | PTE_A;
    flags |= rights & PUT_READ ? PTE_R : 0;
    flags |= rights & PUT_WRITE ? PTE_R | PTE_W | PTE_D : 0;
    flags |= rights & PUT_EXEC ? PTE_X : 0;
    return PA_TO_PTE(pa) | flags;
}

static int svput(Space *s, uint64_t va, uint64_t pa, int rights)
{
    Page *spare = NULL;
    uint64_t *leaf;
    while ((leaf = leafof(s, va, &spare)) == NULL)
        if (spare == NULL && (spare = newzeropage()) == NULL)
            return error(T_ENOMEM, "out of memory");
    if (spare != NULL)
        putpage(spare);
    uint64_t old = *leaf;
    *leaf = leafentry(pa, rights);
    kvapage(leaf)->inuse += (old & PTE_V) == 0;
    if (rights & PUT_EXEC)
        fencei();
    if (needsfence(old, *leaf))
        asidfencepage(&s->asid, va);
    return 0;
}

static int svrights(const Space *s, uint64_t va)
{
    Page *none = NULL;
    const uint64_t *leaf = leafof(s, va, &none);
    if (leaf == NULL || (*leaf & PTE_V) == 0)
        return 0;
    return (*leaf & PTE_R ? PUT_READ : 0) | (*leaf & PTE_W ? PUT_WRITE : 0) | (*leaf & PTE_X ? PUT_EXEC : 0);
}

static bool svage(Space *s, uint64_t va)
{
    Page *none = NULL;
    uint64_t *leaf = leafof(s, va, &none);
    if (leaf == NULL || (*leaf & PTE_V) == 0 || (*leaf & PTE_A) == 0)
        return false;
    *leaf &= ~(uint64_t)PTE_A;
    asidfencepage(&s->asid, va);
    return true;
}

/*
 * Clears the bits of `mask` in every leaf of [va, end) below `table`. Costs the tables present. True if tables have been
 * freed.
 */
static bool clearrange(uint64_t *table, int level, uint64_t va, uint64_t end, uint64_t mask)
{
    bool freed = false;
    while (va < end) {
        uint64_t *e = &table[va >> shift(level) & (ENTRIES - 1)], old = *e;
        uint64_t next = ((va >> shift(level)) + 1) << shift(level);
        if (old & PTE_V) {
            if (level == 0) {
                *e &= ~mask;
            } else {
                freed |= clearrange(ptetable(*e), level - 1, va, next < end ? next : end, mask);
                if (kvapage(ptetable(*e))->inuse == 0) {
                    putpage(kvapage(ptetable(*e)));
                    *e = 0;
                    freed = true;
                }
            }
            kvapage(table)->inuse -= (*e & PTE_V) == 0;
        }
        va = next;
    }
    return freed;
}

static void change(Space *s, uint64_t va, uint64_t bytes, uint64_t mask)
{
    uint64_t end = (va + bytes + PGMASK) & ~PGMASK;
    bool freed = clearrange(s->root, LEVELS - 1, va & ~PGMASK, end, mask);
    if (freed || bytes > PGSIZE || (va & PGMASK) != 0)
        asidfence(&s->asid); /* one with an address speaks of leaves only (10.2.1) */
    else
        asidfencepage(&s->asid, va);
}

static void svflush(Space *s, uint64_t va, uint64_t bytes)
{
    change(s, va, bytes, ~0ull);
}

static void svprotect(Space *s, uint64_t va, uint64_t bytes)
{
    change(s, va, bytes, PTE_W | PTE_D);
}

static void load(Space *s)
{
    uint64_t root = (uint64_t)(s->top != NULL ? s->top : s->root) - KZERO;
    asidswitch(mode << SATP_MODE_SHIFT | root >> PGSHIFT, s == &kernelspace ? NULL : &s->asid);
}

static void svswitch(Space *s)
{
    if (s == current)
        return;
    current = s;
    load(s != NULL ? s : &kernelspace);
}

const MmuOps *svinit(int levels)
{
    static const MmuOps ops = {
        .newspace = svnewspace, .freespace = svfreespace, .putmmu = svput, .flushmmu = svflush,
        .protectmmu = svprotect, .rightsmmu = svrights, .agemmu = svage, .mmuswitch = svswitch,
    };
    if (levels == 4) {
        mode = SATP_SV48;
        linktop(kerneltop, kernelroot);
        kernelspace.top = kerneltop;
    }
    load(&kernelspace);
    asidinit();
    return &ops;
}
