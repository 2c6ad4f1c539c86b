/* SPDX-License-Identifier: GPL-2.0-only */
/* Every exception: cause, epc and the exact tval. */
#include "guest.h"

#define VA 0x2000000000ull /* not in the gigapages that paging_on maps */
#define PAGE 4096ull
#define NOWHERE 0x50000ull /* neither RAM nor device, on QEMU too */

static uint64_t load8(uint64_t a) { return *(volatile uint64_t *)a; }
static uint64_t load1(uint64_t a) { return *(volatile uint8_t *)a; }
static void store8(uint64_t a, uint64_t v) { *(volatile uint64_t *)a = v; }
static void store2(uint64_t a, uint64_t v) { *(volatile uint16_t *)a = (uint16_t)v; }
static void amo8(uint64_t a) { __asm__ volatile("amoadd.d zero, zero, (%0)" : : "r"(a) : "memory"); }
static void lr8(uint64_t a) { __asm__ volatile("lr.d zero, (%0)" : : "r"(a) : "memory"); }
static void fld(uint64_t a)
{
    __asm__ volatile(".option push\n.option arch, +d\nfld ft0, 16(%0)\n.option pop" : : "r"(a));
}
static void jump(uint64_t a) { ((void (*)(void))a)(); }
static void illegal(void) { __asm__ volatile(".word 0xffffffff"); }
static void illegal2(void) { __asm__ volatile(".half 0"); }
static void ebreak(void) { __asm__ volatile(".option push\n.option norvc\nebreak\n.option pop"); }
static void m_csr(void) { __asm__ volatile("csrr zero, mscratch"); }

static void expect(const char *name, uint64_t cause, uint64_t tval)
{
    check_true(name, caught.traps == 1);
    check("  cause", caught.cause, cause);
    check("  tval", caught.tval, tval);
    caught.traps = 0;
}

/* For AMOs: QEMU 7.2 reports some faults of their load half as load faults. */
static void expect_on_tarry(const char *name, uint64_t cause, uint64_t tval)
{
    if (on_tarry()) {
        expect(name, cause, tval);
        return;
    }
    caught.traps = 0;
    skip(name);
    skip("  cause");
    skip("  tval");
}

#define TRY(f, ...) attempt((void *)f, __VA_ARGS__)

static void in_bare_mode(void)
{
    TRY(illegal, 0, 0, 0);
    expect("illegal instruction", 2, 0xffffffff);
    check("  epc", caught.epc, (uint64_t)(uintptr_t)illegal);
    TRY(illegal2, 0, 0, 0);
    expect("illegal compressed instruction", 2, 0);
    TRY(m_csr, 0, 0, 0);
    expect("machine-mode CSR", 2, 0x34002073);
    TRY(ebreak, 0, 0, 0);
    check("ebreak: cause", caught.cause, 3);
    check("  epc", caught.epc, (uint64_t)(uintptr_t)ebreak);
    caught.traps = 0;
    TRY(load8, NOWHERE, 0, 0);
    expect("load from nowhere", 5, NOWHERE);
    TRY(store8, NOWHERE + 8, 0, 0);
    expect("store to nowhere", 7, NOWHERE + 8);
    TRY(jump, NOWHERE, 0, 0);
    expect("jump to nowhere", 1, NOWHERE);
    TRY(amo8, (uint64_t)(uintptr_t)root + 4, 0, 0);
    expect_on_tarry("misaligned AMO", 6, (uint64_t)(uintptr_t)root + 4);
    TRY(lr8, (uint64_t)(uintptr_t)root + 2, 0, 0);
    expect("misaligned LR", 4, (uint64_t)(uintptr_t)root + 2);
}

static void data_faults(void)
{
    uint64_t pa = (uint64_t)(uintptr_t)new_page();
    map(VA, pa, V | R | W | A | D);
    map(VA + PAGE, 0, 0);
    map(VA + 2 * PAGE, pa, V | R | A);
    map(VA + 3 * PAGE, pa, V | X | A);
    map(VA + 4 * PAGE, pa, V | R | W | U | A | D);
    sfence();
    TRY(load8, VA + PAGE + 24, 0, 0);
    expect("load of an unmapped page", 13, VA + PAGE + 24);
    TRY(load1, VA + PAGE + 4095, 0, 0);
    expect("load of its last byte", 13, VA + PAGE + 4095);
    TRY(store2, VA + PAGE + 6, 1, 0);
    expect("store to an unmapped page", 15, VA + PAGE + 6);
    TRY(amo8, VA + PAGE + 16, 0, 0);
    expect_on_tarry("AMO to an unmapped page", 15, VA + PAGE + 16);
    TRY(lr8, VA + PAGE + 16, 0, 0);
    expect("LR from an unmapped page", 13, VA + PAGE + 16);
    CSRS(sstatus, 0x2000);
    TRY(fld, VA + PAGE + 8, 0, 0);
    expect("FLD from an unmapped page", 13, VA + PAGE + 24);
    TRY(store8, VA + 2 * PAGE + 8, 1, 0);
    expect("store to a read-only page", 15, VA + 2 * PAGE + 8);
    TRY(amo8, VA + 2 * PAGE + 8, 0, 0);
    expect("AMO to a read-only page", 15, VA + 2 * PAGE + 8);
    TRY(load8, VA + 3 * PAGE, 0, 0);
    expect("load of an execute-only page", 13, VA + 3 * PAGE);
    TRY(load8, VA + 4 * PAGE + 8, 0, 0);
    expect("supervisor load of a user page", 13, VA + 4 * PAGE + 8);
    TRY(load8, 0x8000000000000000ull, 0, 0);
    expect("address that is not canonical", 13, 0x8000000000000000ull);
}

static void crossing(void)
{
    uint64_t pa = (uint64_t)(uintptr_t)new_page();
    map(VA + 8 * PAGE, pa, V | R | W | A | D);
    sfence();
    TRY(load8, VA + 9 * PAGE - 3, 0, 0);
    expect("load that runs into an unmapped page", 13, VA + 9 * PAGE);
    TRY(store8, VA + 9 * PAGE - 1, ~0ull, 0);
    expect("store that runs into an unmapped page", 15, VA + 9 * PAGE);
    check("  nothing was stored", *(volatile uint8_t *)(pa + 4095), 0);
    map(VA + 9 * PAGE, pa, V | R | A);
    sfence();
    TRY(store8, VA + 9 * PAGE - 1, ~0ull, 0);
    expect("store that runs into a read-only page", 15, VA + 9 * PAGE);
    check("  nothing was stored", *(volatile uint8_t *)(pa + 4095), 0);
    if (!on_tarry()) { /* QEMU 7.2 rounds the address down here */
        skip("load that begins in an unmapped page");
        skip("  cause");
        skip("  tval");
        return;
    }
    TRY(load8, VA + 8 * PAGE - 3, 0, 0);
    expect("load that begins in an unmapped page", 13, VA + 8 * PAGE - 3);
}

static void fetch(void)
{
    uint64_t page = (uint64_t)(uintptr_t)new_page();
    uint16_t *code = (uint16_t *)page;
    code[0] = 0x0505;    /* c.addi a0, 1 */
    code[2044] = 0x0505; /* at 4088 */
    code[2045] = 0x0505;
    code[2046] = 0x0505; /* at 4092 */
    code[2047] = 0x0513; /* at 4094: first half of addi a0, a0, 1 */
    map(VA + 16 * PAGE, page, V | R | X | A);
    fence_i();
    sfence();
    TRY(jump, VA + 17 * PAGE, 0, 0);
    expect("jump to an unmapped page", 12, VA + 17 * PAGE);
    check("  epc", caught.epc, VA + 17 * PAGE);
    TRY(jump, VA + 17 * PAGE - 2, 0, 0);
    expect("instruction that runs into an unmapped page", 12, VA + 17 * PAGE);
    check("  epc", caught.epc, VA + 17 * PAGE - 2);
    for (int i = 0; i < 2; i++) {
        TRY(jump, VA + 17 * PAGE - 8, 0, 0);
        expect("the same after three others", 12, VA + 17 * PAGE);
        check("  epc", caught.epc, VA + 17 * PAGE - 2);
        check("  the three have run", frame[10], VA + 17 * PAGE - 8 + 3);
    }
    uint16_t *next = (uint16_t *)new_page();
    next[0] = 0x0015; /* second half */
    next[1] = 0x8082; /* ret */
    map(VA + 17 * PAGE, (uint64_t)(uintptr_t)next, V | R | X | A);
    fence_i();
    sfence();
    register uint64_t a0 __asm__("a0") = 5;
    __asm__ volatile("jalr %1" : "+r"(a0) : "r"(VA + 17 * PAGE - 8) : "ra", "t0", "memory");
    check("with the next page mapped it runs", a0, 5 + 3 + 1);
    map(VA + 17 * PAGE, 0, 0);
    sfence();
    TRY(jump, VA + 17 * PAGE - 8, 0, 0);
    expect("and faults when it is gone again", 12, VA + 17 * PAGE);
    check("  epc", caught.epc, VA + 17 * PAGE - 2);
    map(VA + 18 * PAGE, page, V | R | A);
    map(VA + 19 * PAGE, page, V | R | X | U | A);
    sfence();
    TRY(jump, VA + 18 * PAGE, 0, 0);
    expect("fetch from a page without X", 12, VA + 18 * PAGE);
    TRY(jump, VA + 19 * PAGE, 0, 0);
    expect("supervisor fetch from a user page", 12, VA + 19 * PAGE);
    map(VA + 20 * PAGE, 0, 0);
    map(VA + 21 * PAGE, (uint64_t)(uintptr_t)new_page(), V | R | X | A);
    sfence();
    TRY(jump, VA + 21 * PAGE, 0, 0);
    expect("zeros at the start of a page, the page before unmapped", 2, 0);
    check("  epc", caught.epc, VA + 21 * PAGE);
}

static void accessed_and_dirty(void)
{
    uint64_t pa = (uint64_t)(uintptr_t)new_page();
    map(VA + 24 * PAGE, pa, V | R | W);
    sfence();
    (void)load8(VA + 24 * PAGE);
    check("a load sets A alone", *pte_of(VA + 24 * PAGE) & (A | D), A);
    store8(VA + 24 * PAGE, 1);
    check("a store sets D", *pte_of(VA + 24 * PAGE) & (A | D), A | D);
}

static void sum_and_mxr(void)
{
    map(VA + 32 * PAGE, (uint64_t)(uintptr_t)new_page(), V | R | W | U | A | D);
    map(VA + 33 * PAGE, (uint64_t)(uintptr_t)new_page(), V | X | A);
    sfence();
    CSRS(sstatus, 1 << 18);
    TRY(load8, VA + 32 * PAGE, 0, 0);
    check("SUM lets the supervisor read a user page", caught.traps, 0);
    CSRC(sstatus, 1 << 18);
    TRY(load8, VA + 32 * PAGE, 0, 0);
    expect("without SUM no more", 13, VA + 32 * PAGE);
    CSRS(sstatus, 1 << 19);
    TRY(load8, VA + 33 * PAGE, 0, 0);
    check("MXR lets it read an execute-only page", caught.traps, 0);
    CSRC(sstatus, 1 << 19);
    TRY(load8, VA + 33 * PAGE, 0, 0);
    expect("without MXR no more", 13, VA + 33 * PAGE);
}

/* Runs `n` parcels in user mode on a page of its own, with a0 = argument. */
static void user(const uint16_t *parcels, unsigned n, uint64_t argument)
{
    static uint16_t *code;
    if (!code) {
        code = (uint16_t *)new_page();
        map(VA + 40 * PAGE, (uint64_t)(uintptr_t)code, V | X | U | A);
        map(VA + 41 * PAGE, (uint64_t)(uintptr_t)new_page(), V | R | W | U);
        sfence();
    }
    for (unsigned i = 0; i < n; i++)
        code[i] = parcels[i];
    fence_i();
    attempt((void *)enter_user, VA + 40 * PAGE, argument, VA + 42 * PAGE);
}

#define USER(argument, ...) \
    user((const uint16_t[]){__VA_ARGS__}, sizeof((uint16_t[]){__VA_ARGS__}) / 2, argument)
#define WORD(w) (uint16_t)(w), (uint16_t)((w) >> 16)

static void user_mode(void)
{
    uint64_t pc = VA + 40 * PAGE;
    USER(0, 0x0001, WORD(0x00000073)); /* nop; ecall */
    expect("ecall from user mode", 8, 0);
    check("  epc", caught.epc, pc + 2);
    check("  SPP is user", caught.status & 0x100, 0);
    USER(0, 0x9002); /* c.ebreak */
    check("c.ebreak in user mode: cause", caught.cause, 3);
    check("  epc", caught.epc, pc);
    caught.traps = 0;
    USER(0, WORD(0x10002573)); /* csrr a0, sstatus */
    expect("supervisor CSR from user mode", 2, 0x10002573);
    USER(0, WORD(0x10500073)); /* wfi */
    expect("wfi in user mode", 2, 0x10500073);
    USER(0, WORD(0x12000073)); /* sfence.vma */
    expect("sfence.vma in user mode", 2, 0x12000073);
    USER((uint64_t)(uintptr_t)root, 0x0001, 0x6108); /* nop; c.ld a0, 0(a0) */
    expect("user load of a supervisor page", 13, (uint64_t)(uintptr_t)root);
    check("  epc", caught.epc, pc + 2);
    USER(VA + 41 * PAGE + 8, 0xe108, 0x6108, WORD(0x00000073)); /* c.sd a0, 0(a0); c.ld a0, 0(a0); ecall */
    expect("user store and load of its own page", 8, 0);
    check("  the value came back", frame[10], VA + 41 * PAGE + 8);
    USER(0x40, 0x8502); /* c.jr a0 */
    expect("user jump to an unmapped page", 12, 0x40);
    check("  epc", caught.epc, 0x40);
    USER(0, WORD(0xfe013c23), 0); /* sd zero, -8(sp), then a zero parcel */
    expect("a store to the stack, then an illegal instruction", 2, 0);
}

int main(void)
{
    in_bare_mode();
    paging_on();
    data_faults();
    crossing();
    fetch();
    accessed_and_dirty();
    sum_and_mxr();
    user_mode();
    plan();
    return 0;
}
