/* SPDX-License-Identifier: GPL-2.0-only */
/* Code that changes: through another mapping, in place, with the address space; and what instret makes of it. */
#include "guest.h"

#define VA 0x2000000000ull
#define PAGE 4096ull

#define RET 0x8082u
#define ADDI_A0_1 0x00150513u /* addi a0, a0, 1 */
#define C_ADDI_A0_1 0x0505u

static uint64_t call(uint64_t va, uint64_t a0)
{
    return ((uint64_t(*)(uint64_t))va)(a0);
}

/* li a0, n; ret */
static void constant(uint64_t at, uint32_t n)
{
    REG32(at) = 0x00000513 | n << 20;
    REG32(at + 4) = RET;
}

static void alias(void)
{
    uint64_t page = (uint64_t)(uintptr_t)new_page();
    map(VA, page, V | R | X | A | D);
    sfence();
    int same = 1;
    for (uint32_t i = 0; i < 20; i++) {
        constant(page, i);
        fence_i();
        same &= call(VA, 0) == i;
    }
    check_true("code written through another mapping runs", same);
    for (uint32_t i = 0; i < 20; i++) {
        constant(page, i);
        fence_i();
        same &= call(page, 0) == i;
        same &= call(VA, 0) == i;
    }
    check_true("through two mappings", same);
}

static void in_place(void)
{
    uint64_t page = (uint64_t)(uintptr_t)new_page();
    map(VA + PAGE, page, V | R | W | X | A | D);
    sfence();
    int same = 1;
    for (uint32_t i = 0; i < 20; i++) {
        constant(VA + PAGE, i);
        constant(VA + PAGE + 64, 100 + i);
        fence_i();
        same &= call(VA + PAGE, 0) == i;
        same &= call(VA + PAGE + 64, 0) == 100 + i;
    }
    check_true("a page that is written and executed in turn", same);
}

static void remapped(void)
{
    uint64_t a = (uint64_t)(uintptr_t)new_page(), b = (uint64_t)(uintptr_t)new_page();
    constant(a, 1);
    constant(b, 2);
    fence_i();
    uint64_t sum = 0;
    for (int i = 0; i < 10; i++) {
        map(VA + 2 * PAGE, i & 1 ? b : a, V | R | X | A);
        sfence();
        sum = sum * 10 + call(VA + 2 * PAGE, 0);
    }
    check("another frame at the same address", sum, 1212121212);
}

/* Two spaces that differ in satp.PPN alone, no sfence.vma between them; code and data of their own at one address. */
static void spaces(void)
{
    static uint64_t other[512] __attribute__((aligned(4096)));
    static uint64_t middle[512] __attribute__((aligned(4096))), last[512] __attribute__((aligned(4096)));
    uint64_t first = CSRR(satp), second = (first & ~((1ull << 44) - 1)) | (uint64_t)(uintptr_t)other >> 12;
    uint64_t code = (uint64_t)(uintptr_t)new_page(), data = (uint64_t)(uintptr_t)new_page();
    for (int i = 0; i < 512; i++)
        other[i] = root[i];
    uint64_t va = VA + 8 * PAGE;
    map(va, (uint64_t)(uintptr_t)new_page(), V | R | W | X | A | D);
    map(va + PAGE, (uint64_t)(uintptr_t)new_page(), V | R | W | A | D);
    other[va >> 30 & 511] = (uint64_t)(uintptr_t)middle >> 2 | V;
    middle[va >> 21 & 511] = (uint64_t)(uintptr_t)last >> 2 | V;
    last[va >> 12 & 511] = code >> 2 | V | R | X | A;
    last[(va >> 12 & 511) + 1] = data >> 2 | V | R | W | A | D;
    sfence();
    /* four bytes each: one instruction here, two there */
    REG32(va) = ADDI_A0_1;
    REG32(va + 4) = RET;
    REG64(va + PAGE) = 11;
    REG32(code) = C_ADDI_A0_1 | C_ADDI_A0_1 << 16;
    REG32(code + 4) = RET;
    REG64(data) = 22;
    fence_i();
    int right = 1, exact = 1;
    for (int i = 0; i < 40; i++) {
        uint64_t before, after, a0 = 0, value;
        CSRW(satp, i & 1 ? second : first);
        value = REG64(va + PAGE);
        __asm__ volatile("mv a0, zero\nrdinstret %1\njalr %3\nrdinstret %2\nmv %0, a0"
                         : "=r"(a0), "=&r"(before), "=&r"(after) : "r"(va) : "a0", "ra", "memory");
        right &= value == (i & 1 ? 22 : 11) && a0 == (uint64_t)(i & 1 ? 2 : 1);
        exact &= after - before == (uint64_t)(i & 1 ? 5 : 4);
    }
    CSRW(satp, first);
    check_true("a write to satp.PPN alone changes the space", right);
    if (on_tarry())
        check_true("instret counts each space's instructions", exact);
    else
        skip("instret counts each space's instructions");
    CSRW(satp, 0);
    check("a write to satp.MODE alone too", REG64((uint64_t)(uintptr_t)&root[2]), root[2]);
    attempt((void *)call, va, 0, 0);
    check_true("nothing is mapped there now", caught.traps == 1 && (caught.cause == 1 || caught.cause == 5));
    CSRW(satp, first);
    check("and back", call(va, 0), 1);
    CSRW(satp, 15ull << 60 | (first & ((1ull << 44) - 1)));
    check("a mode that does not exist is not taken", CSRR(satp), first);
}

/* instret over a loop whose body has both lengths, entered in the middle too. */
static void counting(void)
{
    uint64_t before, after;
    __asm__ volatile("li t0, 100\n"
                     "rdinstret %0\n"
                     "1: addi t0, t0, -1\n"
                     ".option push\n.option norvc\nnop\n.option pop\n"
                     "andi t1, t0, 1\n"
                     "bnez t1, 1b\n"
                     "nop\n"
                     "bnez t0, 1b\n"
                     "rdinstret %1"
                     : "=&r"(before), "=&r"(after) : : "t0", "t1");
    if (on_tarry())
        check("instret over a loop", after - before, 100 * 4 + 50 * 2 + 1);
    else
        skip("instret over a loop");
}

int main(void)
{
    paging_on();
    alias();
    in_place();
    remapped();
    spaces();
    counting();
    plan();
    return 0;
}
