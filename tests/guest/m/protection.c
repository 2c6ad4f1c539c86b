/* SPDX-License-Identifier: GPL-2.0-only */
/* MPRV, SUM and MXR on M mode's loads and stores; PMP. */
#include "m.h"

#define PAGE 4096ull
#define VA 0x40000000ull
#define SV39 (8ull << 60)
#define TOR 0x08
#define NAPOT 0x18
#define LOCKED 0x80

static uint64_t tables[3][512] __attribute__((aligned(4096)));
static uint64_t pages[8][512] __attribute__((aligned(4096)));
uint64_t alias_target[512] __attribute__((aligned(4096)));

INSN(load, "ld a0, 0(a0)");
INSN(store, "sd a0, 0(a0)");
INSN(amo, "amoadd.d a0, a0, (a0)");
INSN(jump, "jr a0");
INSN(nothing, "nop");

static uint64_t pa(const void *p) { return (uint64_t)(uintptr_t)p; }

/* A page of tables' own: 4 KiB leaves at VA + 4096 i; RAM at its own place for S, and again at 3 GiB for U. */
static void set_leaf(unsigned i, uint64_t address, uint64_t flags)
{
    tables[2][i] = address >> 2 | flags;
    sfence();
}

static void make_tables(void)
{
    tables[0][VA >> 30] = pa(tables[1]) >> 2 | V;
    tables[1][0] = pa(tables[2]) >> 2 | V;
    tables[0][2] = 0x80000000ull >> 2 | V | R | W | X | A | D;
    set_leaf(0, pa(pages[0]), V | R | W | A | D);
    set_leaf(1, pa(pages[1]), V | R | W | U | A | D);
    set_leaf(2, pa(pages[2]), V | X | A);
    set_leaf(3, pa(pages[3]), V | R | A);
    set_leaf(4, pa(pages[4]), V | R | W);
    for (unsigned i = 0; i < 8; i++)
        pages[i][0] = 100 + i;
    CSRW(satp, SV39 | pa(tables[0]) >> 12);
    sfence();
}

/* f(address) in M mode with MPRV and MPP as told. mstatus is as before afterwards. */
static void with_mprv(void *f, uint64_t mode, uint64_t address, uint64_t more)
{
    m_caught.traps = 0;
    __asm__ volatile("csrw mstatus, %1\nmv a0, %2\njalr %0\ncsrw mstatus, x0\nsd a0, 80(%3)"
                     : : "r"(f), "r"(MPRV | mode << MPP_SHIFT | more), "r"(address), "r"(frame)
                     : "a0", "ra", "memory");
}

/* Like it, but the access is refused. */
struct mprv_try { void *f; uint64_t mode, address, more; };

static void try_it(struct mprv_try *t)
{
    uint64_t status = MPRV | t->mode << MPP_SHIFT | t->more;
    __asm__ volatile("mv a0, %2\ncsrw mstatus, %1\njr %0" : : "r"(t->f), "r"(status), "r"(t->address) : "a0");
}

static void refused(const char *name, void *f, uint64_t mode, uint64_t address, uint64_t more, uint64_t cause)
{
    struct mprv_try t = {f, mode, address, more};
    m_caught.traps = 0;
    attempt((void *)try_it, pa(&t), 0, 0);
    CSRW(mstatus, 0);
    check(name, m_caught.traps ? m_caught.cause : ~0ull, cause);
    check("  tval", m_caught.tval, address);
    check("  it came from M mode, MPRV is still set", m_caught.status & (MPP | MPRV), MPP | MPRV);
}

static void given(const char *name, void *f, uint64_t mode, uint64_t address, uint64_t more, uint64_t want)
{
    with_mprv(f, mode, address, more);
    check(name, frame[10], want);
}

static void mprv(void)
{
    make_tables();
    given("MPRV, MPP = S: a load is translated", load, IN_S, VA, 0, 100);
    given("MPRV, MPP = U", load, IN_U, VA + PAGE, 0, 101);
    given("MPRV, MPP = M: not translated", load, IN_M, pa(pages[5]), 0, 105);
    refused("MPRV, MPP = S: a user page", load, IN_S, VA + PAGE, 0, 13);
    given("  with SUM", load, IN_S, VA + PAGE, SUM, 101);
    refused("  and without again", load, IN_S, VA + PAGE, 0, 13);
    refused("MPRV, MPP = U: a supervisor page", load, IN_U, VA, 0, 13);
    refused("MPRV: an execute-only page", load, IN_S, VA + 2 * PAGE, 0, 13);
    given("  with MXR", load, IN_S, VA + 2 * PAGE, MXR, 102);
    refused("MPRV: a store to a read-only page", store, IN_S, VA + 3 * PAGE, 0, 15);
    if (ON_QEMU) {
        skip("MPRV: an AMO to a read-only page");
        skip("  tval");
        skip("  it came from M mode, MPRV is still set");
    } else {
        refused("MPRV: an AMO to a read-only page", amo, IN_S, VA + 3 * PAGE, 0, 15);
    }
    refused("MPRV: an unmapped page", store, IN_S, VA + 9 * PAGE, 0, 15);
    given("MPRV: a load sets A", load, IN_S, VA + 4 * PAGE, 0, 104);
    check("  A", tables[2][4] & (A | D), A);
    given("MPRV: a store sets D", store, IN_S, VA + 4 * PAGE, 0, VA + 4 * PAGE);
    check("  D", tables[2][4] & (A | D), A | D);
    check("  it went to the frame", pages[4][0], VA + 4 * PAGE);
    m_caught.traps = 0;
    CSRW(mstatus, 0);
    attempt((void *)load, pa(pages[0]), 0, 0);
    check("without MPRV nothing is translated", m_caught.traps, 0);
}

/* The code's own page is mapped to another frame for data: it must go on running from its own. */
static void fetch_is_not_translated(void)
{
    uint64_t code = pa(load) & ~(PAGE - 1);
    uint64_t third[2] = {tables[0][2], 0};
    static uint64_t middle[512] __attribute__((aligned(4096))), last[512] __attribute__((aligned(4096)));
    for (unsigned i = 0; i < 512; i++) {
        middle[i] = (0x80000000ull + ((uint64_t)i << 21)) >> 2 | V | R | W | A | D;
        last[i] = (0x80000000ull + ((uint64_t)i << 12)) >> 2 | V | R | W | A | D;
    }
    middle[0] = pa(last) >> 2 | V;
    last[code >> 12 & 511] = pa(alias_target) >> 2 | V | R | W | A | D;
    tables[0][2] = pa(middle) >> 2 | V;
    sfence();
    alias_target[(pa(load) & (PAGE - 1)) / 8] = 0x1122334455667788;
    if (ON_QEMU) { /* 7.2 takes the entry of the fetch for the load */
        skip("data at the code's own address comes from elsewhere");
        skip("again");
        skip("a store goes elsewhere too");
        skip("and leaves the code alone");
        tables[0][2] = third[0];
        sfence();
        return;
    }
    given("data at the code's own address comes from elsewhere", load, IN_S, pa(load) & ~7ull, 0, 0x1122334455667788);
    given("again", load, IN_S, pa(load) & ~7ull, 0, 0x1122334455667788);
    with_mprv(store, IN_S, code + 8, 0);
    check("a store goes elsewhere too", alias_target[1], code + 8);
    check_true("and leaves the code alone", *(uint64_t *)(code + 8) != code + 8);
    tables[0][2] = third[0];
    sfence();
}

static void pmp_rights(void)
{
    CSRW(satp, 0);
    CSRW(pmpaddr0, pa(pages[1]) >> 2 | 0x1ff);
    CSRW(pmpcfg0, NAPOT | 7);
    check_traps("no entry matches: S mode may not fetch", IN_S, nothing, 0, 1);
    check("  epc", m_caught.epc, pa(nothing));
    m_caught.traps = 0;
    attempt((void *)load, pa(pages[0]), 0, 0);
    check("M mode may", m_caught.traps, 0);
    /* 0: page 1 read-only; 1: page 2 nothing; 2: page 3 execute-only; 7: the rest all */
    CSRW(pmpaddr1, pa(pages[2]) >> 2);
    CSRW(pmpaddr2, pa(pages[3]) >> 2); /* TOR: page 2 */
    CSRW(pmpaddr3, pa(pages[3]) >> 2 | 0x1ff);
    CSRW(pmpaddr7, ~0ull);
    CSRW(pmpcfg0, 0x1full << 56 | (NAPOT | 4ull) << 24 | (TOR | 0ull) << 16 | NAPOT | 1);
    check_runs("S mode fetches where it may", IN_S, nothing, 0);
    check_runs("S mode reads a read-only page", IN_S, load, pa(pages[1]) + 8);
    check_traps("S mode writes it", IN_S, store, pa(pages[1]) + 8, 7);
    check("  tval", m_caught.tval, pa(pages[1]) + 8);
    check_traps("U mode writes it", IN_U, store, pa(pages[1]) + 8, 7);
    check_traps("S mode reads a page without rights", IN_S, load, pa(pages[2]) + 4088, 5);
    check("  tval", m_caught.tval, pa(pages[2]) + 4088);
    check_runs("the page before it", IN_S, load, pa(pages[0]) + 4088);
    check_runs("the page after the next", IN_S, store, pa(pages[4]));
    check_traps("S mode reads an execute-only page", IN_S, load, pa(pages[3]), 5);
    check_traps("U mode jumps to a page without X", IN_U, jump, pa(pages[1]), 1);
    check("  epc", m_caught.epc, pa(pages[1]));
    m_caught.traps = 0;
    attempt((void *)store, pa(pages[1]), 0, 0);
    check("M mode is not bound by entries that are not locked", m_caught.traps, 0);
    refused("but with MPRV it is", store, IN_S, pa(pages[1]), 0, 7);
    given("and reads what S may read", load, IN_S, pa(pages[1]), 0, pa(pages[1]));
}

/* Translation goes through PMP, and so does the walk itself. */
static void pmp_and_translation(void)
{
    CSRW(satp, SV39 | pa(tables[0]) >> 12);
    set_leaf(1, pa(pages[1]), V | R | W | A | D);
    set_leaf(2, pa(pages[2]), V | R | W | A | D);
    check_runs("S mode reads a mapped read-only page", IN_S, load, VA + PAGE);
    check_traps("a store is an access fault", IN_S, store, VA + PAGE, 7);
    check("  tval", m_caught.tval, VA + PAGE);
    check_traps("a load of a forbidden page is an access fault", IN_S, load, VA + 2 * PAGE, 5);
    CSRW(pmpaddr1, pa(tables[2]) >> 2);
    CSRW(pmpaddr2, (pa(tables[2]) + PAGE) >> 2);
    sfence();
    check_traps("a page table that may not be read", IN_S, load, VA, 5);
    check("  tval", m_caught.tval, VA);
    CSRW(pmpcfg0, 0x1full << 56 | (TOR | 1ull) << 16);
    sfence();
    check_runs("now it may be read", IN_S, load, VA);
    set_leaf(4, pa(pages[4]), V | R | W);
    if (ON_QEMU) { /* 7.2 sets it */
        skip("but not written: A cannot be set");
        skip("  it was not");
    } else {
        check_traps("but not written: A cannot be set", IN_S, load, VA + 4 * PAGE, 5);
        check("  it was not", tables[2][4] & (A | D), 0);
    }
    CSRW(satp, 0);
    sfence();
}

static void pmp_registers(void)
{
    CSRW(pmpcfg0, 0);
    CSRW(pmpaddr4, ~0ull);
    CSRW(pmpcfg0, (NAPOT | 7ull) << 32);
    check("pmpaddr has 54 bits", ON_QEMU ? (1ull << 54) - 1 : CSRR(pmpaddr4), (1ull << 54) - 1);
    CSRW(pmpcfg0, 0);
    CSRW(pmpcfg2, 0x0706050403020100ull & ~0x0002020000020200ull);
    check("pmpcfg2", CSRR(pmpcfg2), 0x0706050403020100ull & ~0x0002020000020200ull);
    CSRW(pmpcfg2, 0);
    CSRW(pmpaddr15, 0x12345400);
    check("pmpaddr15", CSRR(pmpaddr15), 0x12345400);
    if (ON_QEMU) { /* its granularity is 4 bytes */
        skip("granularity 4 KiB: off");
        skip("granularity 4 KiB: NAPOT");
        skip("granularity 4 KiB: no NA4");
        skip("no W without R");
        return;
    }
    CSRW(pmpaddr5, 0x12345678);
    check("granularity 4 KiB: off", CSRR(pmpaddr5), 0x12345400);
    CSRW(pmpcfg0, (uint64_t)NAPOT << 40);
    check("granularity 4 KiB: NAPOT", CSRR(pmpaddr5), 0x123457ff);
    CSRW(pmpcfg0, 0x11ull << 40);
    check("granularity 4 KiB: no NA4", CSRR(pmpcfg0) >> 40 & 0x18, NAPOT);
    CSRW(pmpcfg0, 0x2ull << 40);
    check("no W without R", CSRR(pmpcfg0) >> 40, 0);
}

/* Last: what is locked stays so. */
static void pmp_locks(void)
{
    CSRW(pmpcfg0, 0);
    CSRW(pmpaddr0, pa(pages[6]) >> 2);
    CSRW(pmpaddr1, pa(pages[7]) >> 2);
    CSRW(pmpcfg0, (LOCKED | TOR | 1ull) << 8);
    check_traps("a locked entry binds M mode", IN_M, store, pa(pages[6]), 7);
    check("  tval", m_caught.tval, pa(pages[6]));
    m_caught.traps = 0;
    attempt((void *)load, pa(pages[6]), 0, 0);
    check("which may still read", m_caught.traps, 0);
    CSRW(pmpcfg0, 0);
    check("pmpcfg of a locked entry cannot be written", CSRR(pmpcfg0) & 0xff00, (LOCKED | TOR | 1) << 8);
    CSRW(pmpaddr1, 0);
    check("nor its pmpaddr", CSRR(pmpaddr1), pa(pages[7]) >> 2);
    CSRW(pmpaddr0, 0);
    check("nor the bottom of a locked TOR", CSRR(pmpaddr0), pa(pages[6]) >> 2);
    CSRW(pmpaddr2, 0x80000);
    check("others can", CSRR(pmpaddr2), 0x80000);
}

int m_main(void)
{
    open_pmp();
    mprv();
    fetch_is_not_translated();
    pmp_rights();
    pmp_and_translation();
    pmp_registers();
    pmp_locks();
    plan();
    return 0;
}
