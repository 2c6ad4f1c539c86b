/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fences with all forms of operands (privileged spec, 4.2.1) and those of the SBI, each behind loads which are known: with
 * --tlb, tests/tlb.t knows which entries go.
 */
#include "guest.h"

#define VA 0x2000000000ull
#define PAGE 4096ull
#define AT(i) (VA + (i) * PAGE)
#define ASID(n) ((uint64_t)(n) << 44)
#define SBI_RFENCE 0x52464e43

static uint64_t satp;

static void go(uint64_t asid) { CSRW(satp, satp | ASID(asid)); }

static void load(unsigned from, unsigned to)
{
    for (unsigned i = from; i <= to; i++)
        (void)REG64(AT(i));
}

/* hart_mask 1, from hart 0 */
static void remote(uint64_t function, uint64_t va, uint64_t bytes, uint64_t asid)
{
    register uint64_t a0 __asm__("a0") = 1;
    register uint64_t a1 __asm__("a1") = 0;
    register uint64_t a2 __asm__("a2") = va;
    register uint64_t a3 __asm__("a3") = bytes;
    register uint64_t a4 __asm__("a4") = asid;
    register uint64_t a6 __asm__("a6") = function;
    register uint64_t a7 __asm__("a7") = SBI_RFENCE;
    __asm__ volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a2), "r"(a3), "r"(a4), "r"(a6), "r"(a7) : "memory");
    check("remote fence", a0, 0);
}

int main(void)
{
    paging_on();
    satp = CSRR(satp);
    for (unsigned i = 0; i < 4; i++) /* page 3 is everybody's */
        map(AT(i), (uint64_t)(uintptr_t)new_page(), V | R | W | A | D | (i == 3 ? G : 0));
    go(1);
    load(0, 3);
    go(2);
    load(0, 3);
    __asm__ volatile("sfence.vma %0, x0" : : "r"(AT(0) + 8) : "memory"); /* page 0 of both */
    load(0, 0);
    __asm__ volatile("sfence.vma %0, %1" : : "r"(AT(1)), "r"(1ull) : "memory"); /* page 1 of 1 */
    __asm__ volatile("sfence.vma %0, %1" : : "r"(AT(3)), "r"(1ull) : "memory"); /* none: it is global */
    __asm__ volatile("sfence.vma x0, %0" : : "r"(1ull) : "memory");             /* page 2 of 1 */
    __asm__ volatile("sfence.vma x0, %0" : : "r"(3ull) : "memory");             /* none */
    remote(1, AT(2), 2 * PAGE, 0);                                              /* page 2 of 2, and 3 */
    remote(2, AT(0), PAGE, 1);                                                  /* none */
    remote(2, AT(0), PAGE, 2);                                                  /* page 0 of 2 */
    load(3, 3);
    __asm__ volatile("sfence.vma x0, x0" : : : "memory"); /* page 1 of 2, and 3 */
    plan();
    return 0;
}
