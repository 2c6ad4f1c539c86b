/* SPDX-License-Identifier: GPL-2.0-only */
/* CSRs that Unicorn does not have: they arrive as illegal instructions and are emulated. */
#include "insn.h"
#include "machine_priv.h"

enum { CSR_SENVCFG = 0x10a, CSR_TIME = 0xc01 };

#define SENVCFG_FIOM 1u

/* Reads a CSR. False: there is none, or not for this mode. */
static bool read_csr(struct hart *h, unsigned csr, enum mmu_privilege privilege, uint64_t *value)
{
    switch (csr) {
    case CSR_TIME:
        *value = clock_ticks(h->machine);
        return privilege != MMU_USER || h->user_time;
    case CSR_SENVCFG:
        *value = h->senvcfg;
        return privilege != MMU_USER;
    }
    return false;
}

static bool write_csr(struct hart *h, unsigned csr, uint64_t value)
{
    if (csr != CSR_SENVCFG)
        return false; /* time is read-only */
    h->senvcfg = value & SENVCFG_FIOM;
    return true;
}

static uint64_t new_value(const struct hart *h, const struct insn_csr *c, uint64_t old)
{
    uint64_t operand = c->rs1;
    if (!c->immediate)
        operand = c->rs1 ? hart_reg(h, UC_RISCV_REG_X0 + (int)c->rs1) : 0;
    return c->op == 1 ? operand : c->op == 2 ? old | operand : old & ~operand;
}

bool csr_emulate(struct hart *h, uint64_t pc, uint32_t insn)
{
    struct insn_csr c;
    uint64_t old;
    if (!insn_csr(insn, &c) || !read_csr(h, c.csr, hart_privilege(h), &old))
        return false;
    if (c.writes && !write_csr(h, c.csr, new_value(h, &c, old)))
        return false;
    if (c.rd)
        hart_set_reg(h, UC_RISCV_REG_X0 + (int)c.rd, old);
    h->insns++;
    hart_set_reg(h, UC_RISCV_REG_PC, pc + 4);
    return true;
}

/* ---- from outside ---- */

/* Unicorn's name of a CSR that it keeps; 0: none. */
static int unicorn_csr(unsigned csr)
{
    switch (csr) {
    case 0x001:
        return UC_RISCV_REG_FFLAGS;
    case 0x002:
        return UC_RISCV_REG_FRM;
    case 0x003:
        return UC_RISCV_REG_FCSR;
    case 0x100:
        return UC_RISCV_REG_SSTATUS;
    case 0x104:
        return UC_RISCV_REG_SIE;
    case 0x105:
        return UC_RISCV_REG_STVEC;
    case 0x106:
        return UC_RISCV_REG_SCOUNTEREN;
    case 0x140:
        return UC_RISCV_REG_SSCRATCH;
    case 0x141:
        return UC_RISCV_REG_SEPC;
    case 0x142:
        return UC_RISCV_REG_SCAUSE;
    case 0x143:
        return UC_RISCV_REG_STVAL;
    case 0x180:
        return UC_RISCV_REG_SATP;
    }
    return 0;
}

bool csr_get(struct hart *h, unsigned csr, uint64_t *value)
{
    int reg = unicorn_csr(csr);
    if (csr == 0xc00 || csr == 0xc02) {
        *value = h->insns;
        return true;
    }
    if (csr == 0x144) {
        *value = h->lines;
        return true;
    }
    if (!reg)
        return read_csr(h, csr, MMU_MACHINE, value);
    hart_set_reg(h, UC_RISCV_REG_PRIV, MMU_MACHINE);
    *value = hart_reg(h, reg);
    hart_set_reg(h, UC_RISCV_REG_PRIV, hart_privilege(h));
    return true;
}

bool csr_set(struct hart *h, unsigned csr, uint64_t value)
{
    int reg = unicorn_csr(csr);
    if (!reg)
        return write_csr(h, csr, value);
    hart_set_reg(h, UC_RISCV_REG_PRIV, MMU_MACHINE);
    hart_set_reg(h, reg, value);
    hart_reload(h);
    hart_set_reg(h, UC_RISCV_REG_PRIV, hart_privilege(h));
    return true;
}
