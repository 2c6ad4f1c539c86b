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
