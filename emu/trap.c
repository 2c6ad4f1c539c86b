/* SPDX-License-Identifier: GPL-2.0-only */
/* Delivers exceptions and interrupts (privileged spec, 3.1.8, 3.1.9, 4.1) and emulates privileged instructions. */
#include "../mmu/pte.h"
#include "../traces/events.h"
#include "access.h"
#include "insn.h"
#include "machine_priv.h"
#include "tlb_model.h"

#define NREGS(a) ((int)(sizeof(a) / sizeof *(a)))

static uint64_t vector(uint64_t tvec, uint64_t cause)
{
    uint64_t base = tvec & ~3ull;
    return (tvec & 3) == 1 && (cause & CAUSE_INTERRUPT) ? base + 4 * (cause & ~CAUSE_INTERRUPT) : base;
}

/* By a batch of one: a plain write of pc would have Unicorn show a stale pc to hooks of loads and stores from now on. */
static void set_pc(struct hart *h, uint64_t pc)
{
    int reg = UC_RISCV_REG_PC;
    void *value = &pc;
    h->pc = pc;
    uc_reg_write_batch(h->uc, &reg, &value, 1);
}

/* The trap itself: what the hart does between two instructions. */
static void enter_supervisor(struct hart *h, enum mmu_privilege from, uint64_t cause, uint64_t epc, uint64_t tval)
{
    uint64_t old = mode_trap_status(h), status = old & ~(STATUS_SIE | STATUS_SPIE | STATUS_SPP);
    if (old & STATUS_SIE)
        status |= STATUS_SPIE;
    if (from == MMU_SUPERVISOR)
        status |= STATUS_SPP;
    h->mstatus = status;
    h->privilege = MMU_SUPERVISOR;
    h->pc = vector(h->stvec, cause);
    uint64_t mode = MMU_SUPERVISOR, pc = h->pc;
    /* PRIV first: the API checks it; written always, as that ends an LR reservation. */
    int regs[] = {UC_RISCV_REG_PRIV, UC_RISCV_REG_SEPC, UC_RISCV_REG_SCAUSE,
                  UC_RISCV_REG_STVAL, UC_RISCV_REG_SSTATUS, UC_RISCV_REG_PC};
    void *values[] = {&mode, &epc, &cause, &tval, &status, &pc};
    uc_reg_write_batch(h->uc, regs, values, NREGS(regs));
}

static void enter_machine(struct hart *h, uint64_t cause, uint64_t epc, uint64_t tval)
{
    mode_enter_machine(h);
    h->mepc = epc;
    h->mcause = cause;
    h->mtval = tval;
    set_pc(h, vector(h->mtvec, cause));
}

void trap_exception(struct hart *h, unsigned code, uint64_t epc, uint64_t tval)
{
    enum mmu_privilege from = hart_privilege(h);
    bool delegated = from != MMU_MACHINE && h->medeleg >> code & 1;
    trap_returned(h, epc);
    if (SATP_MODE(h->satp) == SATP_SOFTTLB && (code == EXC_FETCH_PAGE || code == EXC_LOAD_PAGE || code == EXC_STORE_PAGE))
        h->stlbhi = tval & ~(uint64_t)(PAGE_BYTES - 1);
    if (h->access)
        access_trapped(h->access);
    h->insns++; /* a trap takes time, or a vector that faults would stop it */
    if (code != EXC_ECALL_U && code != EXC_ECALL_S && code != EXC_ECALL_M)
        traceport_trap(h->machine, epc, code, tval, from, delegated ? EV_privilege_supervisor : EV_privilege_machine);
    if (delegated)
        enter_supervisor(h, from, code, epc, tval);
    else
        enter_machine(h, code, epc, tval);
}

/* ---- interrupts ---- */

uint64_t trap_pending(const struct hart *h)
{
    return h->lines | (h->seip ? 1ull << IRQ_SEXT : 0);
}

bool hart_wakes(struct hart *h)
{
    return (trap_pending(h) & h->mie) != 0;
}

void trap_look(struct hart *h)
{
    if (trap_pending(h) & h->mie)
        h->deadline = 0;
}

static bool supervisor_enabled(const struct hart *h)
{
    return h->privilege == MMU_USER || (h->privilege == MMU_SUPERVISOR && h->mstatus & STATUS_SIE);
}

void hart_interrupt(struct hart *h)
{
    static const unsigned order[] = {IRQ_MEXT, IRQ_MSOFT, IRQ_MTIMER, IRQ_SEXT, IRQ_SSOFT, IRQ_STIMER}; /* 3.1.9 */
    uint64_t pending = trap_pending(h) & h->mie;
    if (!pending)
        return;
    uint64_t ready = pending & ~h->mideleg;
    bool machine = ready && (h->privilege != MMU_MACHINE || h->mstatus & STATUS_MIE);
    if (!machine)
        ready = pending & h->mideleg;
    if (!ready || (!machine && !supervisor_enabled(h)))
        return;
    unsigned code = 0;
    for (int i = NREGS(order) - 1; i >= 0; i--)
        if (ready >> order[i] & 1)
            code = order[i];
    enum mmu_privilege from = hart_privilege(h);
    uint64_t pc = h->pc;
    trap_returned(h, pc);
    h->waiting = false;
    h->interrupts++;
    traceport_interrupt(h->machine, pc, code, from);
    if (machine)
        enter_machine(h, CAUSE_INTERRUPT | code, pc, 0);
    else
        enter_supervisor(h, from, CAUSE_INTERRUPT | code, pc, 0);
}

/* ---- privileged instructions that Unicorn leaves to us: M mode's, and the supervisor's sfence.vma ---- */

/* Leaving M mode ends MPRV (3.1.6.3). */
static void return_to(struct hart *h, enum mmu_privilege to, uint64_t status, uint64_t pc)
{
    h->mstatus = to == MMU_MACHINE ? status : status & ~STATUS_MPRV;
    mode_leave_machine(h, to);
    set_pc(h, pc);
    h->returned = to == MMU_USER;
    trap_returned(h, pc);
    trap_look(h);
}

static void mret(struct hart *h)
{
    uint64_t status = (h->mstatus & ~(STATUS_MIE | STATUS_MPP)) | STATUS_MPIE;
    if (h->mstatus & STATUS_MPIE)
        status |= STATUS_MIE;
    return_to(h, (enum mmu_privilege)(h->mstatus >> STATUS_MPP_SHIFT & 3), status, h->mepc);
}

static void sret(struct hart *h)
{
    uint64_t status = (h->mstatus & ~(STATUS_SIE | STATUS_SPP)) | STATUS_SPIE;
    if (h->mstatus & STATUS_SPIE)
        status |= STATUS_SIE;
    h->dirty = true;
    return_to(h, h->mstatus & STATUS_SPP ? MMU_SUPERVISOR : MMU_USER, status, h->sepc);
}

static void wait(struct hart *h)
{
    h->waiting = h->stopped = true;
    uc_emu_stop(h->uc); /* before the next instruction is fetched: that may fault */
}

static void sfence(struct hart *h, uint32_t insn)
{
    unsigned rs1 = insn >> 15 & 31, rs2 = insn >> 20 & 31;
    uint64_t va = rs1 ? hart_reg(h, UC_RISCV_REG_X0 + (int)rs1) : 0;
    uint64_t asid = rs2 ? hart_reg(h, UC_RISCV_REG_X0 + (int)rs2) : 0;
    uint64_t row = traceport_sfence(h->machine, rs1 ? &va : NULL, rs2 ? &asid : NULL, 0);
    uc_ctl_flush_tlb(h->uc);
    if (h->tlb) /* Unicorn's goes whole, the model's as the operands say (4.2.1) */
        tlb_model_fence(h->tlb, row, rs1 ? &va : NULL, rs2 ? &asid : NULL);
}

static bool emulate(struct hart *h, uint32_t insn)
{
    bool machine = h->privilege == MMU_MACHINE;
    if (csr_emulate(h, insn))
        return true;
    if (insn_is_sfence(insn) && (machine || (h->privilege == MMU_SUPERVISOR && !(h->mstatus & STATUS_TVM))))
        sfence(h, insn);
    else if (machine && insn == INSN_MRET)
        mret(h);
    else if (machine && insn == INSN_SRET)
        sret(h);
    else if (machine && insn == INSN_WFI)
        wait(h);
    else
        return false;
    h->insns++;
    return true;
}

/* ---- exceptions that Unicorn raises ---- */

/* The instruction at pc has been fetched, and is not part of a block that Unicorn runs: the TLB model sees where it ends. */
static void fetched(struct hart *h, uint64_t pc)
{
    uint32_t insn;
    if (h->tlb && pc % PAGE_BYTES == PAGE_BYTES - 2 && tlb_instruction(h, pc, &insn) && insn_bytes((uint16_t)insn) == 4)
        tlb_model_fetch(h->tlb, pc + 2);
}

/* Emulated (true), or trapped. Unicorn's pc is behind it, if it is 4 bytes long. */
static bool illegal(struct hart *h, uint64_t pc)
{
    uint32_t insn;
    if (!tlb_instruction(h, pc, &insn))
        insn = 0;
    if (h->access)
        access_emulated(h->access, pc); /* if it traps none of it is retired */
    if (emulate(h, insn))
        return true;
    if (insn_bytes((uint16_t)insn) == 2)
        insn &= 0xffff;
    trap_exception(h, EXC_ILLEGAL, pc, insn);
    return false;
}

void trap_instruction(struct hart *h, uint64_t pc)
{
    count_retire(h, pc);
    fetched(h, pc);
    if (illegal(h, pc))
        h->pc = pc + 4;
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
    enum mmu_privilege from = hart_privilege(h);
    if (from == MMU_SUPERVISOR && h->sbi) {
        if (h->access)
            access_emulated(h->access, pc);
        h->insns++;
        sbi_call(h->machine);
        return;
    }
    if (from == MMU_USER)
        traceport_ecall(h->machine, pc);
    trap_exception(h, from == MMU_USER ? EXC_ECALL_U : from == MMU_SUPERVISOR ? EXC_ECALL_S : EXC_ECALL_M, pc, 0);
}

void trap_hook(uc_engine *uc, uint32_t number, void *user)
{
    struct hart *h = user;
    (void)uc;
    uint64_t pc = hart_reg(h, UC_RISCV_REG_PC) - 4; /* Unicorn has added 4, whatever the length */
    count_retire(h, pc);
    fetched(h, pc);
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
