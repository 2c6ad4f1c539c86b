/* SPDX-License-Identifier: GPL-2.0-only */
/* What machine-mode guests share. */
#include "m.h"

struct m_caught m_caught;
volatile uint64_t interrupts[16];
void (*on_interrupt)(uint64_t code);

extern uint64_t attempt_sp;
extern char attempt_failed[];
extern uint64_t frame[32];

static void die(void)
{
    print("Bail out! unexpected trap: cause ");
    print_hex(CSRR(mcause));
    print(" tval ");
    print_hex(CSRR(mtval));
    print(" epc ");
    print_hex(CSRR(mepc));
    put('\n');
    power_off_with(0x13333);
}

void m_trap(void)
{
    uint64_t cause = CSRR(mcause);
    if (cause >> 63) {
        interrupts[cause & 15]++;
        if (!on_interrupt)
            die();
        on_interrupt(cause & 15);
        return;
    }
    if (!attempt_sp)
        die();
    m_caught.traps++;
    m_caught.cause = cause;
    m_caught.tval = CSRR(mtval);
    m_caught.epc = CSRR(mepc);
    m_caught.status = CSRR(mstatus);
    CSRW(mepc, attempt_failed);
    CSRS(mstatus, MPP);
    CSRC(mstatus, MPIE | MPRV);
}

void open_pmp(void)
{
    CSRW(pmpaddr0, ~0ull);
    CSRW(pmpcfg0, 0x1f);
}

uint64_t run_in(uint64_t mode, void *f, uint64_t a)
{
    m_caught.traps = s_caught.traps = 0;
    attempt((void *)enter_mode, (uint64_t)(uintptr_t)f, mode, a);
    return frame[10];
}

void check_traps(const char *name, uint64_t mode, void *f, uint64_t a, uint64_t cause)
{
    if (mode == IN_M) {
        m_caught.traps = 0;
        attempt(f, a, 0, 0);
    } else {
        run_in(mode, f, a);
    }
    check(name, m_caught.traps ? m_caught.cause : ~0ull, cause);
    if (cause == ILLEGAL)
        check("  tval is the instruction", m_caught.tval, *(uint32_t *)m_caught.epc);
}

void check_runs(const char *name, uint64_t mode, void *f, uint64_t a)
{
    run_in(mode, f, a);
    check(name, m_caught.cause, mode == IN_U ? ECALL_U : mode == IN_S ? ECALL_S : ECALL_M);
}
