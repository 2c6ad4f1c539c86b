/* SPDX-License-Identifier: GPL-2.0-only */
/* Delivers exceptions and interrupts to supervisor mode (privileged spec, 4.1). */
#include "../traces/events.h"
#include "insn.h"
#include "machine_priv.h"

#define SSTATUS_SIE (1ull << 1)
#define SSTATUS_SPIE (1ull << 5)
#define SSTATUS_SPP (1ull << 8)

#define NREGS(a) ((int)(sizeof(a) / sizeof *(a)))

/* The trap itself: what the hart does between two instructions. */
static void enter_supervisor(struct hart *h, enum mmu_privilege from, uint64_t cause, uint64_t epc, uint64_t tval)
{
    if (from != MMU_SUPERVISOR)
        hart_set_reg(h, UC_RISCV_REG_PRIV, MMU_SUPERVISOR); /* first: the API checks it */
    h->privilege = MMU_SUPERVISOR;
    uint64_t sstatus = hart_reg(h, UC_RISCV_REG_SSTATUS);
    uint64_t status = sstatus & ~(SSTATUS_SIE | SSTATUS_SPIE | SSTATUS_SPP);
    if (sstatus & SSTATUS_SIE)
        status |= SSTATUS_SPIE;
    if (from == MMU_SUPERVISOR)
        status |= SSTATUS_SPP;
    uint64_t pc = h->stvec & ~3ull;
    if ((h->stvec & 3) == 1 && (cause & CAUSE_INTERRUPT))
        pc += 4 * (cause & ~CAUSE_INTERRUPT);
    int regs[] = {UC_RISCV_REG_SEPC, UC_RISCV_REG_SCAUSE, UC_RISCV_REG_STVAL, UC_RISCV_REG_SSTATUS, UC_RISCV_REG_PC};
    void *values[] = {&epc, &cause, &tval, &status, &pc};
    uc_reg_write_batch(h->uc, regs, values, NREGS(regs));
    h->pc = pc;
}

void trap_exception(struct hart *h, unsigned code, uint64_t epc, uint64_t tval)
{
    enum mmu_privilege from = hart_privilege(h);
    h->insns++; /* a trap takes time, or a vector that faults would stop it */
    if (code != EXC_ECALL_U && code != EXC_ECALL_S)
        traceport_trap(h->machine, epc, (uint64_t[]){code, tval, from, EV_privilege_supervisor});
    enter_supervisor(h, from, code, epc, tval);
}

/* ---- interrupts ---- */

static uint64_t pending(const struct hart *h)
{
    return h->lines & h->sie; /* sie has supervisor interrupts only */
}

bool hart_wakes(struct hart *h)
{
    return pending(h) != 0;
}

void hart_interrupt(struct hart *h)
{
    static const unsigned order[] = {IRQ_SEXT, IRQ_SSOFT, IRQ_STIMER}; /* 3.1.9 */
    uint64_t ready = pending(h);
    if (!ready)
        return;
    enum mmu_privilege from = hart_privilege(h);
    if (from == MMU_SUPERVISOR && !(hart_reg(h, UC_RISCV_REG_SSTATUS) & SSTATUS_SIE))
        return;
    unsigned code = 0;
    for (int i = NREGS(order) - 1; i >= 0; i--)
        if (ready >> order[i] & 1)
            code = order[i];
    uint64_t pc = h->pc;
    h->waiting = false;
    h->interrupts++;
    traceport_interrupt(h->machine, pc, (uint64_t[]){code, from});
    enter_supervisor(h, from, CAUSE_INTERRUPT | code, pc, 0);
}

/* ---- exceptions that Unicorn raises ---- */

static void illegal(struct hart *h, uint64_t pc)
{
    uint32_t insn;
    if (!tlb_instruction(h, pc, &insn))
        insn = 0;
    if (csr_emulate(h, pc, insn))
        return;
    if (insn_bytes((uint16_t)insn) == 2)
        insn &= 0xffff;
    trap_exception(h, EXC_ILLEGAL, pc, insn);
}

/* Only atomics must be aligned here; Unicorn calls a misaligned AMO a load. */
static void misaligned(struct hart *h, uint64_t pc)
{
    uint32_t insn;
    struct insn_access a = {0};
    uint64_t ea = 0;
    if (tlb_instruction(h, pc, &insn) && insn_access(insn, &a))
        ea = (a.base ? hart_reg(h, UC_RISCV_REG_X0 + (int)a.base) : 0) + (uint64_t)a.offset;
    trap_exception(h, a.store ? EXC_STORE_MISALIGNED : EXC_LOAD_MISALIGNED, pc, ea);
}

static void ecall(struct hart *h, uint64_t pc)
{
    if (hart_privilege(h) == MMU_USER) {
        trap_exception(h, EXC_ECALL_U, pc, 0);
        return;
    }
    h->insns++;
    sbi_call(h->machine);
}

void trap_hook(uc_engine *uc, uint32_t number, void *user)
{
    struct hart *h = user;
    (void)uc;
    uint64_t pc = hart_reg(h, UC_RISCV_REG_PC) - 4; /* Unicorn has added 4, whatever the length */
    count_retire(h, pc);
    switch (number) {
    case EXC_ECALL_U: /* Unicorn's number for every mode */
        ecall(h, pc);
        break;
    case EXC_ILLEGAL:
        illegal(h, pc);
        break;
    case EXC_LOAD_MISALIGNED:
    case EXC_STORE_MISALIGNED:
        misaligned(h, pc);
        break;
    default:
        trap_exception(h, number, pc, 0);
    }
}

/* ebreak comes this way, with pc at it. */
bool trap_invalid_hook(uc_engine *uc, void *user)
{
    struct hart *h = user;
    (void)uc;
    uint64_t pc = hart_reg(h, UC_RISCV_REG_PC);
    count_retire(h, pc);
    trap_exception(h, EXC_BREAKPOINT, pc, pc);
    return true;
}
