/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hardware's view of an address space: sv39 or sv48 page tables (RISC-V privileged spec, 4.4, 4.5). The upper
 * half of every root is the kernel's. For sv48 there is one more table on top, which leads to the same root for the lowest and
 * the highest addresses: the kernel and the programs need no more. A new entry has A and D set, so that the hardware need not; the clock clears A.
 * A table counts its valid entries (Page.inuse) and goes when the last one does: what is not resident needs no tables.
 * Superpages (mmusuper.h) come and go as the rights of single pages do.
 */
#include <string.h>
#include "mmuops.h"
#include "mmusuper.h"
#include "proc.h"
#include "reserve.h"
#include "riscv.h"

enum { LEVELS = 3, SUPER_LEVEL = 1, USER_ENTRIES = ENTRIES / 2 };

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

static unsigned shift(int level)
{
    return PGSHIFT + PTE_INDEX_BITS * level;
}

static unsigned entryof(uint64_t va, int level)
{
    return va >> shift(level) & (ENTRIES - 1);
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
        if (isleaf(table[i]))
            dropsuper(table, i, EV_demotion_unmap);
        else if (table[i] & PTE_V)
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
 * (4.2.1). Then it is found as it should be, and fenced.
 */
static bool needsfence(uint64_t old, uint64_t new)
{
    bool gains = (old & ~new) == 0 && new != old && ((old ^ new) & PTE_PPN_MASK) == 0;
    return (old & PTE_V) && !gains;
}

/* The table of a level that has the entry of va; NULL: there is none, or a superpage is in its place. */
static uint64_t *tableof(const Space *s, uint64_t va, int level)
{
    uint64_t *table = s->root;
    for (int at = LEVELS - 1; at > level; at--) {
        uint64_t e = table[entryof(va, at)];
        if ((e & PTE_V) == 0 || isleaf(e))
            return NULL;
        table = ptetable(e);
    }
    return table;
}

/* The superpage of va, as an entry of *table; NULL: there is none. */
static uint64_t *superof(const Space *s, uint64_t va, uint64_t **table)
{
    *table = superpages ? tableof(s, va, SUPER_LEVEL) : NULL;
    return *table != NULL && isleaf((*table)[entryof(va, SUPER_LEVEL)]) ? &(*table)[entryof(va, SUPER_LEVEL)] : NULL;
}

/* The superpage of va becomes pages. False: there is none. */
static bool split(Space *s, uint64_t va, enum ev_enum_demotion why)
{
    uint64_t *table;
    if (superof(s, va, &table) == NULL)
        return false;
    demote(table, entryof(va, SUPER_LEVEL), why);
    asidfence(&s->asid);
    return true;
}

/*
 * The leaf entry of va. NULL: a table is missing, and *spare, which is used up if it is needed, was NULL. Who gets one
 * may sleep, and tables go meanwhile; so he begins anew.
 */
static uint64_t *leafof(const Space *s, uint64_t va, Page **spare)
{
    uint64_t *table = s->root;
    for (int level = LEVELS - 1; level > 0; level--) {
        uint64_t *e = &table[entryof(va, level)];
        if (isleaf(*e))
            return e;
        if ((*e & PTE_V) == 0) {
            if (*spare == NULL)
                return NULL;
            *e = PA_TO_PTE(pagepa(*spare)) | PTE_V;
            kvapage(table)->inuse++;
            *spare = NULL;
        }
        table = ptetable(*e);
    }
    return &table[entryof(va, 0)];
}

static uint64_t leafentry(uint64_t pa, int rights)
{
    uint64_t flags = PTE_V | PTE_U | PTE_A;
    flags |= rights & PUT_READ ? PTE_R : 0;
    flags |= rights & PUT_WRITE ? PTE_R | PTE_W | PTE_D : 0;
    flags |= rights & PUT_EXEC ? PTE_X : 0;
    return PA_TO_PTE(pa) | flags;
}

/* Has the page that very entry by a superpage? */
static bool covered(Space *s, uint64_t va, uint64_t pte)
{
    uint64_t *table, *e = superof(s, va, &table);
    if (e == NULL || (*e | PTE_A) + PA_TO_PTE(va & (SUPERPAGE - PGSIZE)) != pte)
        return false;
    *e |= PTE_A; /* it has just been used */
    asidfencepage(&s->asid, va);
    return true;
}

static int svput(Space *s, uint64_t va, uint64_t pa, int rights)
{
    Page *spare = NULL;
    uint64_t *leaf;
    if (superpages && covered(s, va, leafentry(pa, rights)))
        return 0;
    split(s, va, EV_demotion_write);
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
    if (gainsdirty(old, *leaf))
        tracestatus(&s->asid, va, (uint64_t)leaf - KZERO, old, *leaf);
    if (needsfence(old, *leaf))
        asidfencepage(&s->asid, va);
    return 0;
}

static bool svpromote(Space *s, const Segment *segment, uint64_t va)
{
    uint64_t *table = tableof(s, va, SUPER_LEVEL);
    unsigned i = entryof(va, SUPER_LEVEL);
    if (table == NULL || (table[i] & PTE_V) == 0 || isleaf(table[i]) || !promote(table, i, segment, va))
        return false;
    asidfence(&s->asid);
    return true;
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
    if (split(s, va, EV_demotion_age)) /* from now on each has its own */
        leaf = leafof(s, va, &none);
    *leaf &= ~(uint64_t)PTE_A;
    tracestatus(&s->asid, va, (uint64_t)leaf - KZERO, *leaf | PTE_A, *leaf);
    asidfencepage(&s->asid, va);
    return true;
}

typedef struct Change {
    uint64_t mask;             /* the bits to be cleared in leaves */
    enum ev_enum_demotion why; /* if they are all */
    const Segment *segment;    /* superpages may come of it, if the pages are of this one; NULL: may not */
    bool coarse;               /* more than leaves of pages have changed */
} Change;

static void clearrange(uint64_t *table, int level, uint64_t va, uint64_t end, Change *);

/* What entry e, of level 1 or more, stands for has changed, or changes from va to `end`. */
static void clearbelow(uint64_t *table, uint64_t *e, int level, uint64_t va, uint64_t end, Change *c)
{
    if (isleaf(*e)) {
        demote(table, (unsigned)(e - table), c->why);
        c->coarse = true;
    }
    clearrange(ptetable(*e), level - 1, va, end, c);
    if (kvapage(ptetable(*e))->inuse == 0) {
        putpage(kvapage(ptetable(*e)));
        *e = 0;
        c->coarse = true;
    } else if (level == SUPER_LEVEL && c->segment != NULL) {
        c->coarse |= promote(table, (unsigned)(e - table), c->segment, va);
    }
}

static void clearsuper(uint64_t *table, uint64_t *e, Change *c)
{
    if (c->mask & PTE_V)
        dropsuper(table, (unsigned)(e - table), c->why);
    else
        *e &= ~c->mask;
    c->coarse = true;
}

/* Changes every leaf of [va, end) below `table`. Costs the tables present. */
static void clearrange(uint64_t *table, int level, uint64_t va, uint64_t end, Change *c)
{
    while (va < end) {
        uint64_t *e = &table[entryof(va, level)], old = *e;
        uint64_t first = va >> shift(level) << shift(level), next = first + (1ull << shift(level));
        if (old & PTE_V) {
            if (level == 0)
                *e &= ~c->mask;
            else if (isleaf(old) && va == first && next <= end)
                clearsuper(table, e, c);
            else
                clearbelow(table, e, level, va, next < end ? next : end, c);
            kvapage(table)->inuse -= (*e & PTE_V) == 0;
        }
        va = next;
    }
}

static void change(Space *s, uint64_t va, uint64_t bytes, Change c)
{
    uint64_t end = (va + bytes + PGMASK) & ~PGMASK;
    clearrange(s->root, LEVELS - 1, va & ~PGMASK, end, &c);
    if (c.coarse || bytes > PGSIZE || (va & PGMASK) != 0)
        asidfence(&s->asid); /* one with an address speaks of leaves only (4.2.1) */
    else
        asidfencepage(&s->asid, va);
}

static void svflush(Space *s, uint64_t va, uint64_t bytes, enum ev_enum_demotion why)
{
    change(s, va, bytes, (Change){.mask = ~0ull, .why = why});
}

static void svprotect(Space *s, const Segment *segment, uint64_t va, uint64_t bytes)
{
    const Segment *mayrise = superpages ? segment : NULL;
    change(s, va, bytes, (Change){.mask = PTE_W | PTE_D, .why = EV_demotion_protect, .segment = mayrise});
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
        .protectmmu = svprotect, .promotemmu = svpromote, .rightsmmu = svrights, .agemmu = svage,
        .mmuswitch = svswitch,
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
