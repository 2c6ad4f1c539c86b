/* SPDX-License-Identifier: GPL-2.0-only */
/* Interrupts: sources, enables, delegation, priorities, vectored mode, wfi. */
#include "m.h"

enum { SSI = 1, MSI = 3, STI = 5, MTI = 7, SEI = 9, MEI = 11 };
#define BIT(i) (1ull << (i))
#define PLIC 0xc000000ull
#define UART 0x10000000ull
#define UART_IRQ 10

static unsigned order[16], taken;

/* Serves the UART's interrupt, and switches it off. */
static void serve(uint64_t context)
{
    uint32_t source = REG32(PLIC + 0x200004 + 0x1000 * context);
    REG8(UART + 1) = 0;
    REG32(PLIC + 0x200004 + 0x1000 * context) = source;
}

/* Takes each source away as it is delivered. */
static void taken_away(uint64_t code)
{
    if (taken < 16)
        order[taken++] = (unsigned)code;
    if (code == MSI)
        CLINT_MSIP = 0;
    else if (code == MTI)
        CLINT_MTIMECMP = ~0ull;
    else if (code == MEI)
        serve(0);
    else
        CSRC(mip, BIT(code));
}

static void forget(void)
{
    taken = 0;
    for (int i = 0; i < 16; i++) {
        order[i] = 0;
        interrupts[i] = 0;
    }
}

static void settle(void)
{
    for (volatile int i = 0; i < 100; i++)
        ;
}

static void machine_sources(void)
{
    CSRW(mstatus, 0);
    CLINT_MTIMECMP = ~0ull;
    CSRW(mie, BIT(MSI) | BIT(MTI));
    check("nothing is pending", CSRR(mip) & 0xaaa, 0);
    CLINT_MSIP = 1;
    check("msip sets MSIP", CSRR(mip) & 0xaaa, BIT(MSI));
    CSRW(mip, 0);
    check("which mip cannot clear", CSRR(mip) & 0xaaa, BIT(MSI));
    settle();
    check("no interrupt with MIE off", interrupts[MSI], 0);
    CSRS(mstatus, MIE);
    settle();
    check("with MIE on it is taken", interrupts[MSI], 1);
    check("and gone", CSRR(mip) & 0xaaa, 0);
    CLINT_MTIMECMP = CLINT_MTIME;
    settle();
    check("mtimecmp reached", interrupts[MTI], 1);
    CLINT_MTIMECMP = CLINT_MTIME + 20000;
    settle();
    check("mtimecmp not reached", CSRR(mip) & BIT(MTI), 0);
    while (interrupts[MTI] < 2)
        ;
    check_true("mtimecmp reached later", 1);
    CSRW(mstatus, 0);
    CLINT_MTIMECMP = CLINT_MTIME + 20000;
    __asm__ volatile("wfi");
    check("wfi with MIE off ends when one is pending", CSRR(mip) & BIT(MTI), BIT(MTI));
    check("it is not taken", interrupts[MTI], 2);
    CLINT_MTIMECMP = ~0ull;
    check("mtimecmp in the future clears MTIP", CSRR(mip) & BIT(MTI), 0);
}

static void raise_all(void)
{
    CSRW(mip, BIT(SSI) | BIT(STI) | BIT(SEI));
    CLINT_MSIP = 1;
    CLINT_MTIMECMP = 0;
    REG32(PLIC + 4 * UART_IRQ) = 1;
    REG32(PLIC + 0x2000) = 1 << UART_IRQ; /* enabled for context 0: M */
    REG32(PLIC + 0x200000) = 0;
    REG8(UART + 1) = 2; /* transmitter empty */
    while (!(CSRR(mip) & BIT(MEI)))
        ;
}

static void priorities(void)
{
    static const unsigned want[] = {MEI, MSI, MTI, SEI, SSI, STI}; /* QEMU 7.2 takes the lowest number first */
    CSRW(mstatus, 0);
    CSRW(mideleg, 0);
    CSRW(mie, 0);
    raise_all();
    check("all six are pending", CSRR(mip) & 0xaaa, 0xaaa);
    forget();
    CSRW(mie, 0xaaa);
    CSRS(mstatus, MIE);
    settle();
    CSRC(mstatus, MIE);
    check("six were taken", taken, 6);
    for (unsigned i = 0; i < 6; i++)
        check("  in this order", ON_QEMU ? want[i] : order[i], want[i]);
}

static void vectored(void)
{
    CSRW(mtvec, m_vectors + 1);
    for (unsigned code = SSI; code <= STI; code += 4) {
        vector_taken = 99;
        forget();
        CSRS(mip, BIT(code));
        CSRW(mie, BIT(code));
        CSRS(mstatus, MIE);
        settle();
        CSRC(mstatus, MIE);
        check("vectored: the entry of its number", vector_taken, code);
        check("  taken", interrupts[code], 1);
    }
    vector_taken = 99;
    m_caught.traps = 0;
    attempt((void *)0x50000, 0, 0, 0);
    check("vectored: exceptions to the base", vector_taken, 0);
    check("  cause", m_caught.cause, 1);
    CSRW(mtvec, m_entry);
}

/* ---- lower modes ---- */

INSN(spin, "1: addi a0, a0, -1\nbnez a0, 1b");
INSN(set_ssip, "csrs sip, a0");
INSN(enable_and_spin, "csrs sstatus, 2\nli a0, 1000\n1: addi a0, a0, -1\nbnez a0, 1b");
INSN(set_and_read, "csrs sip, 2\ncsrr a0, sip");
INSN(swap_sip, "csrrw a0, sip, a0");
INSN(wait, "wfi");
INSN(swap_stimecmp, "csrw 0x14d, a0\n1: addi a1, a1, 1\nj 1b");

static void lower_modes(void)
{
    CSRW(mstatus, 0);
    CSRW(mideleg, 0);
    CSRW(mie, BIT(MSI));
    forget();
    CLINT_MSIP = 1;
    run_in(IN_U, spin, 1000);
    check("in U mode M's interrupts are on, whatever MIE says", interrupts[MSI], 1);
    check("  and U mode goes on", m_caught.cause, ECALL_U);
    CSRW(mie, BIT(SSI));
    CSRS(mip, BIT(SSI));
    run_in(IN_S, spin, 1000);
    check("SSI that is not delegated goes to M mode", interrupts[SSI], 1);
    CSRW(mideleg, BIT(SSI) | BIT(STI) | BIT(SEI));
    CSRW(stvec, s_entry);
    CSRS(mip, BIT(SSI));
    CSRS(mstatus, MIE);
    settle();
    CSRC(mstatus, MIE);
    check("delegated: never taken in M mode", interrupts[SSI], 1);
    run_in(IN_S, spin, 1000);
    check("  nor in S mode with SIE off", s_caught.traps, 0);
    run_in(IN_S, enable_and_spin, 0);
    check("  but with SIE on", s_caught.cause, CAUSE(SSI));
    run_in(IN_U, spin, 1000);
    check("  and in U mode", s_caught.cause, CAUSE(SSI));
    check("  by S mode", s_caught.traps, 1);
    CSRC(mip, BIT(SSI));
    CSRC(mstatus, 2);
    CSRW(mie, 0);
    check("S mode sets SSIP", run_in(IN_S, set_and_read, 0), BIT(SSI));
    check("  M mode sees it", CSRR(mip) & 0xaaa, BIT(SSI));
    check("csrrw sip gives the old value", run_in(IN_S, swap_sip, 0), BIT(SSI));
    check("  and clears it", CSRR(mip) & 0xaaa, 0);
    run_in(IN_S, set_ssip, 0x222);
    check("S mode sets no other", CSRR(mip) & 0xaaa, BIT(SSI));
    CSRC(mip, BIT(SSI));
}

static void both_at_once(void)
{
    CSRW(mie, BIT(SSI) | BIT(MTI));
    CSRS(mip, BIT(SSI));
    forget();
    CLINT_MTIMECMP = 0;
    run_in(IN_U, spin, 1000);
    check("M's come before S's", interrupts[MTI], 1);
    check("  then S's", s_caught.cause, CAUSE(SSI));
    CSRC(mip, BIT(SSI));
    CSRW(mie, BIT(STI) | BIT(SEI) | BIT(SSI));
    CSRS(mip, BIT(STI) | BIT(SEI) | BIT(SSI));
    run_in(IN_U, spin, 1000);
    check("SEI first", ON_QEMU ? CAUSE(SEI) : s_caught.cause, CAUSE(SEI));
    CSRC(mip, BIT(SEI));
    run_in(IN_U, spin, 1000);
    check("then SSI", s_caught.cause, CAUSE(SSI));
    CSRC(mip, BIT(SSI));
    run_in(IN_U, spin, 1000);
    check("then STI", s_caught.cause, CAUSE(STI));
    CSRC(mip, BIT(STI));
    run_in(IN_U, spin, 1000);
    check("then none", s_caught.traps, 0);
}

/* SEIP is the software's bit or the PLIC's line. */
static void external(void)
{
    CSRW(mie, 0);
    REG32(PLIC + 4 * UART_IRQ) = 1;
    REG32(PLIC + 0x2080) = 1 << UART_IRQ; /* context 1: S */
    REG32(PLIC + 0x201000) = 0;
    REG8(UART + 1) = 2;
    while (!(CSRR(mip) & BIT(SEI)))
        ;
    check_true("the PLIC's line is seen in mip.SEIP", 1);
    CSRC(mip, BIT(SEI));
    check("software cannot clear it", CSRR(mip) & BIT(SEI), BIT(SEI));
    CSRS(mip, BIT(SSI)); /* must not copy the line into the software's bit */
    serve(1);
    check("without the line SEIP is gone", CSRR(mip) & 0xaaa, BIT(SSI));
    CSRC(mip, BIT(SSI));
}

static void supervisor_timer(void)
{
    CSRW(mcounteren, 7);
    CSRW(mip, BIT(STI));
    check("without Sstc M mode writes STIP", CSRR(mip) & BIT(STI), BIT(STI));
    CSRW(mip, 0);
    CSRW(0x14d, ~0ull);
    CSRW(0x30a, 1ull << 63);
    CSRW(mip, BIT(STI));
    check("with Sstc it does not", CSRR(mip) & BIT(STI), 0);
    CSRW(0x14d, CSRR(time));
    check("stimecmp reached", CSRR(mip) & BIT(STI), BIT(STI));
    CSRW(0x14d, ~0ull);
    check("stimecmp in the future", CSRR(mip) & BIT(STI), 0);
    CSRW(mie, BIT(STI));
    CSRW(mstatus, 2);
    run_in(IN_S, swap_stimecmp, CSRR(time) + 20000);
    check("S mode's own timer interrupt", s_caught.cause, CAUSE(STI));
    CSRW(0x14d, CSRR(time) + 20000);
    CSRW(mstatus, 0);
    check_runs("wfi in S mode", IN_S, wait, 0);
    check("  until the timer", CSRR(mip) & BIT(STI), BIT(STI));
    CSRW(0x14d, ~0ull);
    CSRW(0x30a, 0);
    CSRW(mie, 0);
}

int m_main(void)
{
    on_interrupt = taken_away;
    open_pmp();
    machine_sources();
    priorities();
    vectored();
    lower_modes();
    both_at_once();
    external();
    supervisor_timer();
    plan();
    return 0;
}
