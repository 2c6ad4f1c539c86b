/* SPDX-License-Identifier: GPL-2.0-only */
/* A kernel that forgets fences, for --stale-tlb: what it sees there is what a TLB may do (privileged spec, 4.2.1). */
#include "guest.h"

#define VA 0x2000000000ull
#define PAGE 4096ull
#define ASID(n) ((uint64_t)(n) << 44)

static uint64_t load8(uint64_t a) { return *(volatile uint64_t *)a; }
static void store8(uint64_t a, uint64_t v) { *(volatile uint64_t *)a = v; }
__attribute__((noinline)) static void change(uint64_t va, uint64_t pa, uint64_t flags)
{
    *(volatile uint64_t *)pte_of(va) = pa >> 2 | flags; /* LINE change */
}

static void old_entry_allows(void)
{
    attempt((void *)load8, VA, 0, 0);
    change(VA, 0, 0);
    caught.traps = 0;
    attempt((void *)load8, VA, 0, 0);
    check("a load goes by the old entry", caught.traps, 0);
}

static void old_entry_refuses(uint64_t pa, uint64_t other)
{
    map(VA + PAGE, pa, V | R | A);
    sfence();
    attempt((void *)load8, VA + PAGE, 0, 0);
    change(VA + PAGE, other, V | R | W | A | D);
    caught.traps = 0;
    attempt((void *)store8, VA + PAGE + 8, 1, 0);
    check("a store is refused by the old entry", caught.cause, 15);
    sfence();
    caught.traps = 0;
    attempt((void *)store8, VA + PAGE + 8, 1, 0);
    check("... and done behind the fence", caught.traps, 0);
}

/* A second table, which has another page there, under the same ASID. */
static void same_asid(uint64_t pa)
{
    uint64_t *second = new_page(), *middle = new_page(), *last = new_page(), satp = CSRR(satp) | ASID(5);
    map(VA + 2 * PAGE, pa, V | R | A);
    for (int i = 0; i < 512; i++)
        second[i] = root[i];
    second[VA >> 30 & 511] = (uint64_t)(uintptr_t)middle >> 2 | V;
    middle[0] = (uint64_t)(uintptr_t)last >> 2 | V;
    last[2] = pa >> 2 | V | R | W | A | D;
    CSRW(satp, satp);
    sfence();
    attempt((void *)load8, VA + 2 * PAGE, 0, 0);
    CSRW(satp, (satp & ~0xfffffffffffull) | (uint64_t)(uintptr_t)second >> 12);
    caught.traps = 0;
    attempt((void *)store8, VA + 2 * PAGE + 16, 1, 0);
    check("a store is refused by the other table's entry", caught.cause, 15);
}

int main(void)
{
    uint64_t pa, other;
    paging_on();
    pa = (uint64_t)(uintptr_t)new_page();
    other = (uint64_t)(uintptr_t)new_page();
    map(VA, pa, V | R | W | A | D);
    sfence();
    old_entry_allows();
    old_entry_refuses(pa, other);
    same_asid(pa);
    plan();
    return 0;
}
