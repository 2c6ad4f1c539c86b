/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Privilege modes (privileged spec, 1.2, 3.1.6). M mode runs as Unicorn's U mode, on its soft TLB entries, so these
 * go whenever M mode is entered or left, and whenever what its data accesses are translated by changes.
 *
 * In Unicorn's own mstatus TVM is always set: a supervisor's satp and sfence.vma come to the host. Its TW and TSR lie
 * where an old draft of the specification had them.
 */
#include "machine_priv.h"
#include "tlb_model.h"

#define ENGINE_TVM (1ull << 20)
#define ENGINE_TW (1ull << 29)
#define ENGINE_TSR (1ull << 30)

#define NREGS(a) ((int)(sizeof(a) / sizeof *(a)))

static void set_engine(struct hart *h, enum mmu_privilege privilege)
{
    hart_set_reg(h, UC_RISCV_REG_PRIV, privilege);
}

void mode_take_status(struct hart *h, uint64_t mstatus)
{
    h->mstatus = mstatus;
    h->sum = mstatus & STATUS_SUM;
    h->mxr = mstatus & STATUS_MXR;
    code_status(h, mstatus);
}

/* FS may be on its way to dirty, in Unicorn. */
static bool status_moves(const struct hart *h)
{
    uint64_t fs = h->mstatus & STATUS_FS;
    return fs != 0 && fs != STATUS_FS;
}

/* Unicorn is in S or M mode. */
static void pull_fs(struct hart *h)
{
    h->mstatus = (h->mstatus & ~STATUS_FS) | (hart_reg(h, UC_RISCV_REG_SSTATUS) & STATUS_FS);
}

/* Unicorn is in S or M mode. */
static void pull(struct hart *h)
{
    int regs[] = {UC_RISCV_REG_SEPC, UC_RISCV_REG_SCAUSE, UC_RISCV_REG_STVAL, UC_RISCV_REG_SSCRATCH};
    void *values[] = {&h->sepc, &h->scause, &h->stval, &h->sscratch};
    uc_reg_read_batch(h->uc, regs, values, NREGS(regs));
    if (status_moves(h))
        pull_fs(h);
}

/* Unicorn is in M mode. */
static void push(struct hart *h)
{
    uint64_t mstatus = (h->mstatus & STATUS_SUPERVISOR) | ENGINE_TVM, scounteren = h->scounteren;
    if (h->mstatus & STATUS_TW)
        mstatus |= ENGINE_TW;
    if (h->mstatus & STATUS_TSR)
        mstatus |= ENGINE_TSR;
    int regs[] = {UC_RISCV_REG_MSTATUS, UC_RISCV_REG_STVEC, UC_RISCV_REG_SEPC, UC_RISCV_REG_SCAUSE,
                  UC_RISCV_REG_STVAL, UC_RISCV_REG_SSCRATCH, UC_RISCV_REG_SCOUNTEREN};
    void *values[] = {&mstatus, &h->stvec, &h->sepc, &h->scause, &h->stval, &h->sscratch, &scounteren};
    uc_reg_write_batch(h->uc, regs, values, NREGS(regs));
}

/* ---- what Unicorn has, without disturbing it (a change of its mode ends an LR reservation) ---- */

static void begin_peek(struct hart *h)
{
    uc_context_save(h->uc, h->saved);
    set_engine(h, MMU_MACHINE);
}

static void end_peek(struct hart *h)
{
    uc_context_restore(h->uc, h->saved);
}

void mode_peek(struct hart *h)
{
    begin_peek(h);
    if (h->privilege == MMU_MACHINE)
        pull_fs(h);
    else
        pull(h);
    end_peek(h);
}

void mode_poke(struct hart *h)
{
    set_engine(h, MMU_MACHINE);
    push(h);
    set_engine(h, mode_engine(h->privilege));
}

uint64_t mode_read_fp(struct hart *h, int reg)
{
    begin_peek(h);
    hart_set_reg(h, UC_RISCV_REG_MSTATUS, hart_reg(h, UC_RISCV_REG_MSTATUS) | STATUS_FS);
    uint64_t value = hart_reg(h, reg);
    end_peek(h);
    return value;
}

void mode_write_fp(struct hart *h, int reg, uint64_t value)
{
    set_engine(h, MMU_MACHINE);
    uint64_t mstatus = hart_reg(h, UC_RISCV_REG_MSTATUS);
    hart_set_reg(h, UC_RISCV_REG_MSTATUS, mstatus | STATUS_FS);
    hart_set_reg(h, reg, value);
    hart_set_reg(h, UC_RISCV_REG_MSTATUS, mstatus);
    set_engine(h, mode_engine(h->privilege));
}

/* ---- mstatus ---- */

uint64_t mode_status(struct hart *h)
{
    if (status_moves(h))
        mode_peek(h);
    return status_shown(h->mstatus) | STATUS_UXL_64 | STATUS_SXL_64;
}

/* In M mode floating-point instructions run in Unicorn: FS must be there at once. */
static void give_fs(struct hart *h)
{
    set_engine(h, MMU_MACHINE);
    uint64_t mstatus = hart_reg(h, UC_RISCV_REG_MSTATUS);
    hart_set_reg(h, UC_RISCV_REG_MSTATUS, (mstatus & ~STATUS_FS) | (h->mstatus & STATUS_FS));
    set_engine(h, MMU_USER);
}

void mode_set_status(struct hart *h, uint64_t value)
{
    uint64_t old = mode_status(h), mask = STATUS_SUPERVISOR | STATUS_MACHINE;
    if ((value & STATUS_MPP) == 2ull << STATUS_MPP_SHIFT) /* WARL: no such mode */
        mask &= ~STATUS_MPP;
    mode_take_status(h, (h->mstatus & ~mask) | (value & mask));
    h->dirty = true;
    if (h->privilege == MMU_MACHINE && (old ^ h->mstatus) & STATUS_FS)
        give_fs(h);
    mode_changed(h);
}

uint64_t mode_trap_status(struct hart *h)
{
    if (status_moves(h)) {
        set_engine(h, MMU_SUPERVISOR);
        pull_fs(h);
    }
    return h->mstatus;
}

/* ---- translation ---- */

enum mmu_privilege mode_of_access(const struct hart *h, enum mmu_access access)
{
    if (h->privilege == MMU_MACHINE && access != MMU_FETCH && h->mstatus & STATUS_MPRV)
        return (enum mmu_privilege)(h->mstatus >> STATUS_MPP_SHIFT & 3);
    return h->privilege;
}

void mode_changed(struct hart *h)
{
    enum mmu_privilege data = mode_of_access(h, MMU_LOAD);
    unsigned context = 0; /* S and U mode have soft TLB entries of their own */
    if (h->privilege == MMU_MACHINE)
        context = 1 | data << 1 | (data == MMU_MACHINE ? 0 : (unsigned)h->sum << 3 | (unsigned)h->mxr << 4);
    if (context == h->data_context)
        return;
    if (!context != !h->data_context)
        code_space(h);
    h->data_context = context;
    if (h->tlb)
        tlb_model_switch(h->tlb);
    uc_ctl_flush_tlb(h->uc);
}

/* ---- in and out of M mode ---- */

void mode_enter_machine(struct hart *h)
{
    enum mmu_privilege from = h->privilege;
    if (from == MMU_USER)
        set_engine(h, MMU_SUPERVISOR);
    if (from != MMU_MACHINE) {
        pull(h);
        h->dirty = false;
    }
    set_engine(h, MMU_USER); /* always: it also ends an LR reservation, as a trap does on other harts */
    h->privilege = MMU_MACHINE;
    uint64_t status = h->mstatus & ~(STATUS_MIE | STATUS_MPIE | STATUS_MPP);
    if (h->mstatus & STATUS_MIE)
        status |= STATUS_MPIE;
    h->mstatus = status | (uint64_t)from << STATUS_MPP_SHIFT;
    mode_changed(h);
}

void mode_leave_machine(struct hart *h, enum mmu_privilege to)
{
    if (to != MMU_MACHINE && (h->dirty || status_moves(h))) {
        set_engine(h, MMU_MACHINE);
        if (status_moves(h))
            pull_fs(h);
        if (h->dirty)
            push(h);
    }
    h->privilege = to;
    set_engine(h, mode_engine(to));
    mode_changed(h);
}
