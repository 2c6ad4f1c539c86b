/* SPDX-License-Identifier: GPL-2.0-only */
/* Address-space numbers: see mmuops.h. */
#include "mmuops.h"
#include "riscv.h"
#include "../../mmu/pte.h"

#define ASID_MASK 0xffffull

static uint64_t generation = 1;
static unsigned last, next = 1; /* the largest number; the one that is given out next */

void asidinit(void)
{
    uint64_t satp = csrread(satp);
    csrwrite(satp, satp | ASID_MASK << SATP_ASID_SHIFT);
    last = csrread(satp) >> SATP_ASID_SHIFT & ASID_MASK;
    csrwrite(satp, satp);
    sfence();
}

bool asids(void)
{
    return last > 0;
}

bool asidlive(const Asid *a)
{
    return a->generation == generation;
}

unsigned asidof(Asid *a)
{
    if (!asids() || asidlive(a))
        return a->number;
    if (next > last) {
        generation++;
        next = 1;
        sfence();
    }
    *a = (Asid){generation, next++};
    return a->number;
}

void asidfencepage(const Asid *a, uint64_t va)
{
    if (asidlive(a))
        __asm__ volatile("sfence.vma %0, %1" ::"r"(va), "r"((uint64_t)a->number) : "memory");
}

void asidfence(const Asid *a)
{
    if (asidlive(a))
        __asm__ volatile("sfence.vma zero, %0" ::"r"((uint64_t)a->number) : "memory");
}
