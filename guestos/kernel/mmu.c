/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hardware's view of an address space: sv39 page tables (RISC-V privileged spec, 10.4). The upper
 * half of every root is the kernel's; A and D are set at once, so that the hardware need not.
 */
#include <string.h>
#include "mmu.h"
#include "page.h"
#include "proc.h"
#include "riscv.h"
#include "../../mmu/pte.h"

enum { LEVELS = 3, ENTRIES = 1 << PTE_INDEX_BITS, USER_ENTRIES = ENTRIES / 2 };

struct Space {
    uint64_t *root; /* a frame */
};

extern uint64_t kernelroot[ENTRIES]; /* boot.S */

static uint64_t current; /* physical address of the root that the hart uses */

static uint64_t *ptetable(uint64_t pte)
{
    return (uint64_t *)(KZERO + PTE_TO_PA(pte));
}

static unsigned shift(int level)
{
    return PGSHIFT + PTE_INDEX_BITS * level;
}

static bool iscurrent(const Space *s)
{
    return (uint64_t)s->root - KZERO == current;
}

Space *newspace(void)
{
    Space *s = kalloc(sizeof *s);
    if (s == NULL)
        return NULL;
    Page *p = newzeropage();
    if (p == NULL) {
        kfree(s);
        return NULL;
    }
    s->root = pagekva(p);
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

void freespace(Space *s)
{
    if (iscurrent(s))
        mmuswitch(NULL);
    freetable(s->root, LEVELS - 1);
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

int putmmu(Space *s, uint64_t va, uint64_t pa, int rights)
{
    uint64_t *table = s->root;
    for (int level = LEVELS - 1; level > 0; level--) {
        uint64_t *e = &table[va >> shift(level) & (ENTRIES - 1)];
        if ((*e & PTE_V) == 0) {
            Page *p = newzeropage();
            if (p == NULL)
                return error(T_ENOMEM, "out of memory");
            if (*e & PTE_V) /* somebody else made it while newzeropage slept */
                putpage(p);
            else
                *e = PA_TO_PTE(pagepa(p)) | PTE_V;
        }
        table = ptetable(*e);
    }
    uint64_t flags = PTE_V | PTE_U | PTE_A;
    flags |= rights & PUT_READ ? PTE_R : 0;
    flags |= rights & PUT_WRITE ? PTE_R | PTE_W | PTE_D : 0;
    flags |= rights & PUT_EXEC ? PTE_X : 0;
    uint64_t *leaf = &table[va >> PGSHIFT & (ENTRIES - 1)], old = *leaf;
    *leaf = PA_TO_PTE(pa) | flags;
    if (rights & PUT_EXEC)
        fencei();
    if (iscurrent(s) && needsfence(old, *leaf))
        sfencepage(va);
    return 0;
}

/* Clears the bits of `mask` in every leaf of [va, end) below `table`. Costs the tables present. */
static void clearrange(uint64_t *table, int level, uint64_t va, uint64_t end, uint64_t mask)
{
    while (va < end) {
        uint64_t *e = &table[va >> shift(level) & (ENTRIES - 1)];
        uint64_t next = ((va >> shift(level)) + 1) << shift(level);
        if (*e & PTE_V) {
            if (level > 0)
                clearrange(ptetable(*e), level - 1, va, next < end ? next : end, mask);
            else
                *e &= ~mask;
        }
        va = next;
    }
}

static void sfencerange(uint64_t va, uint64_t bytes)
{
    if (bytes <= PGSIZE && (va & PGMASK) == 0)
        sfencepage(va);
    else
        sfence();
}

static void change(Space *s, uint64_t va, uint64_t bytes, uint64_t mask)
{
    uint64_t end = (va + bytes + PGMASK) & ~PGMASK;
    clearrange(s->root, LEVELS - 1, va & ~PGMASK, end, mask);
    if (iscurrent(s))
        sfencerange(va, bytes);
}

void flushmmu(Space *s, uint64_t va, uint64_t bytes)
{
    change(s, va, bytes, ~0ull);
}

void protectmmu(Space *s, uint64_t va, uint64_t bytes)
{
    change(s, va, bytes, PTE_W | PTE_D);
}

void mmuswitch(Space *s)
{
    uint64_t root = (s != NULL ? (uint64_t)s->root : (uint64_t)kernelroot) - KZERO;
    if (root == current)
        return;
    current = root;
    csrwrite(satp, (uint64_t)SATP_SV39 << SATP_MODE_SHIFT | root >> PGSHIFT);
    sfence();
}
