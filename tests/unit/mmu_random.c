/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The walker against another one, Unicorn's own (UC_TLB_CPU): random page
 * tables, contexts and accesses must be refused or allowed alike, reach the same
 * physical address and leave the same A and D bits. What the older Unicorn does not check
 * (reserved bits, A, D and U in pointers) is left to mmu_walk.c.
 *
 * TARRY_SEED repeats a run.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicorn/unicorn.h>

#include <cmocka.h>

#include "mmu/pte.h"
#include "mmu/walk.h"

#define BASE 0x80000000ull
#define PAGES 64
#define TABLES 12 /* pages 0..11 are tables, the others are mapped */
#define CODE (BASE + (PAGES - 1) * 4096)
#define CASES 20000

#define LOAD_INSN 0x00053503u  /* ld a0, 0(a0) */
#define STORE_INSN 0x00b53023u /* sd a1, 0(a0) */
#define EBREAK_INSN 0x00100073u

static _Alignas(4096) uint8_t ram[PAGES * 4096], before[PAGES * 4096];
static uint64_t seed;
static uint32_t trapped; /* exception that Unicorn raised, 0: none */

static uint64_t rnd(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed * 0x2545f4914f6cdd1dull;
}

static unsigned below(unsigned n)
{
    return (unsigned)(rnd() >> 33) % n;
}

static void on_trap(uc_engine *uc, uint32_t number, void *user)
{
    (void)user;
    trapped = number;
    uc_emu_stop(uc);
}

static bool on_ebreak(uc_engine *uc, void *user)
{
    (void)user;
    uc_emu_stop(uc);
    return true;
}

static uint64_t random_pte(void)
{
    uint64_t flags = PTE_V | (rnd() & 0xfe);
    unsigned kind = below(16);
    if (kind == 0)
        return rnd() & 0xffffffffull & ~PTE_V;
    if (kind < 6) /* pointer to a table, sometimes outside of memory */
        return PA_TO_PTE(below(20) ? BASE + below(TABLES) * 4096ull : 0x10000ull) | PTE_V;
    if (kind < 8) /* superpage, aligned or not */
        return PA_TO_PTE(BASE + below(2) * below(PAGES) * 4096ull) | flags;
    if (!(flags & (PTE_R | PTE_W | PTE_X)))
        flags |= PTE_R | PTE_X;
    return PA_TO_PTE(BASE + (TABLES + below(PAGES - TABLES - 1)) * 4096ull) | flags;
}

/* Every word of the mapped pages is an ebreak and tells where it lies. */
static void fill(void)
{
    for (size_t i = 0; i < sizeof ram; i += 8) {
        uint64_t word = i < TABLES * 4096 ? random_pte() : EBREAK_INSN | (uint64_t)(i + 1) << 32;
        memcpy(ram + i, &word, 8);
    }
    memcpy(ram + CODE - BASE, (uint32_t[]){LOAD_INSN, EBREAK_INSN, STORE_INSN, EBREAK_INSN}, 16);
}

static bool read_pte(void *arg, uint64_t pa, uint64_t *pte)
{
    (void)arg;
    if (pa < BASE || pa - BASE > sizeof ram - 8)
        return false;
    memcpy(pte, ram + (pa - BASE), 8);
    return true;
}

static bool write_pte(void *arg, uint64_t pa, uint64_t pte)
{
    (void)arg;
    memcpy(ram + (pa - BASE), &pte, 8);
    return true;
}

static void set(uc_engine *uc, int reg, uint64_t value)
{
    assert_int_equal(uc_reg_write(uc, reg, &value), UC_ERR_OK);
}

/* Loads and stores run in machine mode with MPRV, fetches at the address itself. */
static void run(uc_engine *uc, const struct mmu_context *c, uint64_t va, enum mmu_access access, uint64_t *loaded)
{
    uint64_t mstatus = (uint64_t)c->sum << 18 | (uint64_t)c->mxr << 19;
    if (access != MMU_FETCH)
        mstatus |= 1ull << 17 | (uint64_t)c->privilege << 11;
    set(uc, UC_RISCV_REG_PRIV, 3);
    set(uc, UC_RISCV_REG_SATP, c->satp);
    set(uc, UC_RISCV_REG_MSTATUS, mstatus);
    uc_ctl_flush_tlb(uc);
    set(uc, UC_RISCV_REG_A0, va);
    set(uc, UC_RISCV_REG_A1, 0);
    if (access == MMU_FETCH)
        set(uc, UC_RISCV_REG_PRIV, c->privilege);
    trapped = 0;
    uc_emu_start(uc, access == MMU_FETCH ? va : access == MMU_LOAD ? CODE : CODE + 8, 0, 0, 0);
    uc_reg_read(uc, UC_RISCV_REG_A0, loaded);
}

static void one_case(uc_engine *uc, unsigned n)
{
    struct mmu_context c = {0, below(2) ? MMU_USER : MMU_SUPERVISOR, below(2), below(2)};
    enum mmu_access access = below(3);
    bool sv48 = below(2);
    uint64_t va = rnd() >> (sv48 ? 17 : 26) & ~7ull, loaded;
    if (below(3) == 0)
        va &= ~0x3ffc0000ull; /* so that superpages of the RAM's start are met inside of it */
    if (below(20) == 0)
        va = ~va & ~7ull;
    if (below(20) == 0)
        va ^= 1ull << (38 + below(26)); /* not canonical, most likely */
    c.satp = (uint64_t)(sv48 ? SATP_SV48 : SATP_SV39) << 60 | BASE / 4096;
    memcpy(before, ram, sizeof ram);
    run(uc, &c, va, access, &loaded);
    static uint8_t theirs[TABLES * 4096];
    memcpy(theirs, ram, sizeof theirs);
    memcpy(ram, before, sizeof ram);

    struct mmu_result r;
    struct mmu_memory m = {NULL, read_pte, write_pte};
    bool ok = mmu_walk(&c, &m, va, access, &r);
    uint64_t word = 0, there = loaded >> 32;
    if (ok && access == MMU_LOAD && trapped == 0 && there > TABLES * 4096 && there <= sizeof ram)
        assert_int_equal(r.pa, BASE + there - 1);
    bool in_ram = ok && r.pa - BASE < sizeof ram && r.pa - BASE >= TABLES * 4096;
    if (r.refusal == MMU_POINTER_BITS || (ok && !in_ram)) {
        memcpy(ram, before, sizeof ram);
        return; /* not checked by Unicorn; or the access itself would change a table */
    }
    memcpy(&word, before + (in_ram ? r.pa - BASE : 0), 8);
    bool same = (trapped == 0) == ok && memcmp(theirs, ram, sizeof theirs) == 0;
    if (ok && access == MMU_LOAD)
        same &= loaded == word;
    if (!same)
        fail_msg("case %u: va 0x%llx access %d privilege %d sum %d mxr %d: walker says '%s', Unicorn trap %u", n,
                 (unsigned long long)va, access, c.privilege, c.sum, c.mxr, mmu_refusal_text(r.refusal), trapped);
    memcpy(ram, before, sizeof ram);
}

static void agrees_with_unicorn(void **state)
{
    uc_engine *uc;
    uc_hook trap, invalid;
    (void)state;
    assert_int_equal(uc_open(UC_ARCH_RISCV, UC_MODE_RISCV64, &uc), UC_ERR_OK);
    assert_int_equal(uc_ctl_exits_enable(uc), UC_ERR_OK);
    assert_int_equal(uc_mem_map_ptr(uc, BASE, sizeof ram, UC_PROT_ALL, ram), UC_ERR_OK);
    assert_int_equal(uc_hook_add(uc, &trap, UC_HOOK_INTR, (void *)on_trap, NULL, 1, 0), UC_ERR_OK);
    assert_int_equal(uc_hook_add(uc, &invalid, UC_HOOK_INSN_INVALID, (void *)on_ebreak, NULL, 1, 0), UC_ERR_OK);
    const char *given = getenv("TARRY_SEED");
    seed = given ? strtoull(given, NULL, 0) : 0x7a22f00d5eedull;
    printf("# TARRY_SEED=0x%llx\n", (unsigned long long)seed);
    for (unsigned n = 0; n < CASES; n++) {
        if (n % 50 == 0)
            fill();
        one_case(uc, n);
    }
    uc_close(uc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(agrees_with_unicorn)};
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
