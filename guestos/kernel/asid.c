/* SPDX-License-Identifier: GPL-2.0-only */
/* Address-space numbers: see mmuops.h. */
#include <stddef.h>
#include "mmuops.h"
#include "riscv.h"
#include "trace.h"
#include "../../mmu/pte.h"

#define ASID_MASK 0xffffull

static uint64_t generation = 1;
static unsigned last, next = 1; /* the largest number (0: the hart has but one); the one that is given out next */
static const Asid *current;     /* whose translations the hart uses; NULL: the kernel's */

void asidinit(void)
{
    uint64_t satp = csrread(satp);
    csrwrite(satp, satp | ASID_MASK << SATP_ASID_SHIFT);
    last = csrread(satp) >> SATP_ASID_SHIFT & ASID_MASK;
    csrwrite(satp, satp);
    sfence();
}

static bool asids(void)
{
    return last > 0;
}

/* A number of this generation, if it has none. */
static unsigned numberof(Asid *a)
{
    if (!asids() || a->generation == generation)
        return a->number;
    if (next > last) {
        TRACE(asid_rollover, .generation = ++generation, .asids = last);
        next = 1;
        sfence();
    }
    *a = (Asid){generation, next++};
    return a->number;
}

void asidswitch(uint64_t satp, Asid *a)
{
    current = a;
    csrwrite(satp, satp | (uint64_t)(a != NULL ? numberof(a) : 0) << SATP_ASID_SHIFT);
    if (!asids())
        sfence();
}

/* May the TLB hold something of it? */
static bool isknown(const Asid *a)
{
    return asids() ? a->generation == generation : a == current;
}

void asidfencepage(const Asid *a, uint64_t va)
{
    if (isknown(a))
        __asm__ volatile("sfence.vma %0, %1" ::"r"(va), "r"((uint64_t)a->number) : "memory");
}

void asidfence(const Asid *a)
{
    if (isknown(a))
        __asm__ volatile("sfence.vma zero, %0" ::"r"((uint64_t)a->number) : "memory");
}
