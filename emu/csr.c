/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CSRs that are the host's business: all of the machine's, and of the supervisor's and user's those that Unicorn
 * does not have or does not get right. Values are WARL as the privileged spec says; the sections are its.
 */
#include <stddef.h>

#include "../mmu/pte.h"
#include "insn.h"
#include "machine_priv.h"
#include "tlb_model.h"

#define MISA 0x800000000014112dull /* RV64IMAFDC, S and U */
#define MEDELEG_MASK 0xb3ffull     /* all but the machine's own ecall (3.1.8) */
#define COUNTINHIBIT_MASK (COUNTER_CYCLE | COUNTER_INSTRET)

/* ---- counters ---- */

static uint64_t *counter(struct hart *h, unsigned csr)
{
    return csr & 2 ? &h->instret : &h->cycle;
}

static bool inhibited(const struct hart *h, unsigned csr)
{
    return h->mcountinhibit & (csr & 2 ? COUNTER_INSTRET : COUNTER_CYCLE);
}

uint64_t csr_counter(const struct hart *h, unsigned csr, uint64_t insns)
{
    return (csr & 2 ? h->instret : h->cycle) + (inhibited(h, csr) ? 0 : insns);
}

static void set_counter(struct hart *h, unsigned csr, uint64_t value)
{
    *counter(h, csr) = value - (inhibited(h, csr) ? 0 : h->insns);
}

static void set_inhibit(struct hart *h, uint64_t value)
{
    uint64_t cycle = csr_counter(h, CSR_MCYCLE, h->insns), instret = csr_counter(h, CSR_MINSTRET, h->insns);
    h->mcountinhibit = value & COUNTINHIBIT_MASK;
    set_counter(h, CSR_MCYCLE, cycle);
    set_counter(h, CSR_MINSTRET, instret);
}

bool csr_counter_allowed(const struct hart *h, unsigned i)
{
    uint32_t bit = 1u << i;
    if (h->privilege == MMU_MACHINE)
        return true;
    return (h->mcounteren & bit) && (h->privilege == MMU_SUPERVISOR || (h->scounteren & bit));
}

/* ---- the supervisor's timer: Sstc ---- */

static void look_at_timer(struct hart *h)
{
    if (!(h->menvcfg & MENVCFG_STCE)) {
        clock_set(h->machine, CLOCK_STIMER, CLOCK_NEVER); /* STIP is the machine's to write */
        return;
    }
    bool now = clock_ticks(h->machine) >= h->stimecmp;
    hart_set_line(h, IRQ_STIMER, now);
    clock_set(h->machine, CLOCK_STIMER, now ? CLOCK_NEVER : clock_ticks_to_ns(h->stimecmp));
}

void csr_set_stimecmp(struct hart *h, uint64_t ticks)
{
    h->stimecmp = ticks;
    look_at_timer(h);
}

static void set_menvcfg(struct hart *h, uint64_t value)
{
    uint64_t old = h->menvcfg;
    h->menvcfg = value & (ENVCFG_FIOM | MENVCFG_STCE);
    if ((old ^ value) & MENVCFG_STCE)
        look_at_timer(h);
}

/* ---- interrupts (3.1.9) ---- */

/* mask: the bits of mip that this write reaches */
static void set_pending(struct hart *h, uint64_t value, uint64_t mask)
{
    const uint64_t external = 1ull << IRQ_SEXT;
    mask &= IRQS_SUPERVISOR;
    if (h->menvcfg & MENVCFG_STCE)
        mask &= ~(1ull << IRQ_STIMER);
    if (mask & external)
        h->seip = value & external;
    mask &= ~external;
    h->lines = (h->lines & ~mask) | (value & mask);
}

/* mip as it is to be modified: of SEIP only the software's half */
static uint64_t software_pending(const struct hart *h)
{
    const uint64_t external = 1ull << IRQ_SEXT;
    return (h->lines & ~external) | (h->seip ? external : 0);
}

/* ---- writes with a shape of their own ---- */

static bool mode_exists(const struct hart *h, unsigned mode)
{
    enum machine_mmu mmu = h->machine->config.mmu;
    return mode == SATP_BARE || mode == SATP_SV39 || (mode == SATP_SV48 && mmu == MMU_SV39_SV48) ||
           (mode == SATP_SOFTTLB && mmu == MMU_SV39_SOFTTLB);
}

static bool is_softtlb(const struct hart *h, unsigned csr)
{
    return h->machine->config.mmu == MMU_SV39_SOFTTLB && (csr == CSR_STLBHI || csr == CSR_STLBLO);
}

static void set_satp(struct hart *h, uint64_t satp)
{
    unsigned mode = (unsigned)(satp >> 60);
    if (h->tlb)
        satp &= tlb_model_satp_mask(h->tlb);
    if (satp == h->satp || !mode_exists(h, mode)) /* WARL: such a write changes nothing (4.1.11) */
        return;
    h->satp = satp;
    traceport_satp(h->machine, satp);
    if (h->tlb)
        tlb_model_switch(h->tlb);
    code_space(h);
    uc_ctl_flush_tlb(h->uc);
}

static void set_vector(uint64_t *vector, uint64_t value)
{
    if ((value & 3) < 2)
        *vector = value;
}

static void set_pmp(struct hart *h, unsigned csr, uint64_t value)
{
    if (csr >= CSR_PMPADDR0)
        pmp_write_addr(&h->pmp, csr - CSR_PMPADDR0, value);
    else
        pmp_write_cfg(&h->pmp, (csr - CSR_PMPCFG0) * 4, value);
    uc_ctl_flush_tlb(h->uc);
}

/* ---- all of them ---- */

/* Those that are a word of struct hart; writes with a mask of 0 have a shape of their own: write_special. */
static const struct word {
    unsigned csr;
    size_t offset;
    uint64_t mask;
} words[] = {
    {CSR_MEDELEG, offsetof(struct hart, medeleg), MEDELEG_MASK},
    {CSR_MIDELEG, offsetof(struct hart, mideleg), IRQS_SUPERVISOR},
    {CSR_MIE, offsetof(struct hart, mie), IRQS_ALL},
    {CSR_MTVEC, offsetof(struct hart, mtvec), 0},
    {CSR_MENVCFG, offsetof(struct hart, menvcfg), 0},
    {CSR_MSCRATCH, offsetof(struct hart, mscratch), UINT64_MAX},
    {CSR_MEPC, offsetof(struct hart, mepc), ~1ull},
    {CSR_MCAUSE, offsetof(struct hart, mcause), UINT64_MAX},
    {CSR_MTVAL, offsetof(struct hart, mtval), UINT64_MAX},
    {CSR_STVEC, offsetof(struct hart, stvec), 0},
    {CSR_SENVCFG, offsetof(struct hart, senvcfg), ENVCFG_FIOM},
    {CSR_SSCRATCH, offsetof(struct hart, sscratch), UINT64_MAX},
    {CSR_SEPC, offsetof(struct hart, sepc), ~1ull},
    {CSR_SCAUSE, offsetof(struct hart, scause), UINT64_MAX},
    {CSR_STVAL, offsetof(struct hart, stval), UINT64_MAX},
    {CSR_STIMECMP, offsetof(struct hart, stimecmp), 0},
    {CSR_SATP, offsetof(struct hart, satp), 0},
};

static const struct word *word_of(unsigned csr)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (words[i].csr == csr)
            return &words[i];
    return NULL;
}

static uint64_t *word_at(struct hart *h, const struct word *w)
{
    return (uint64_t *)((char *)h + w->offset);
}

static bool is_pmpaddr(unsigned csr)
{
    return csr >= CSR_PMPADDR0 && csr <= CSR_PMPADDR15;
}

/* One hart, no vendor, no events to count, no triggers */
static bool is_zero(unsigned csr)
{
    return (csr >= CSR_MHPMCOUNTER3 && csr <= CSR_MHPMCOUNTER31) || (csr > CSR_INSTRET && csr <= CSR_HPMCOUNTER31) ||
           (csr >= CSR_MHPMEVENT3 && csr <= CSR_MHPMEVENT31) || (csr >= CSR_TSELECT && csr <= CSR_TDATA3) ||
           (csr >= CSR_MVENDORID && csr <= CSR_MCONFIGPTR);
}

static bool read_special(struct hart *h, unsigned csr, uint64_t *value)
{
    switch (csr) {
    case CSR_MSTATUS:
        *value = mode_status(h);
        return true;
    case CSR_SSTATUS:
        *value = mode_status(h) & (STATUS_SUPERVISOR | STATUS_UXL_64 | STATUS_SD);
        return true;
    case CSR_MISA:
        *value = MISA;
        return true;
    case CSR_SIE:
        *value = h->mie & h->mideleg;
        return true;
    case CSR_MIP:
        *value = trap_pending(h);
        return true;
    case CSR_SIP:
        *value = trap_pending(h) & h->mideleg;
        return true;
    case CSR_MCOUNTEREN:
        *value = h->mcounteren;
        return true;
    case CSR_SCOUNTEREN:
        *value = h->scounteren;
        return true;
    case CSR_MCOUNTINHIBIT:
        *value = h->mcountinhibit;
        return true;
    case CSR_PMPCFG0:
    case CSR_PMPCFG2:
        *value = pmp_read_cfg(&h->pmp, (csr - CSR_PMPCFG0) * 4);
        return true;
    case CSR_STLBHI:
        *value = h->stlbhi;
        return is_softtlb(h, csr);
    case CSR_STLBLO:
        *value = is_softtlb(h, csr) ? tlb_model_read(h->tlb, h->stlbhi) : 0;
        return is_softtlb(h, csr);
    case CSR_TIME:
        *value = clock_ticks(h->machine);
        return true;
    case CSR_MCYCLE:
    case CSR_MINSTRET:
    case CSR_CYCLE:
    case CSR_INSTRET:
        *value = csr_counter(h, csr, h->insns);
        return true;
    }
    return false;
}

/* Outside of M mode those of Unicorn are up to date after mode_peek. */
static bool read_csr(struct hart *h, unsigned csr, uint64_t *value)
{
    const struct word *w = word_of(csr);
    if (w)
        *value = *word_at(h, w);
    else if (is_pmpaddr(csr))
        *value = pmp_read_addr(&h->pmp, csr - CSR_PMPADDR0);
    else if (is_zero(csr))
        *value = 0;
    else
        return read_special(h, csr, value);
    return true;
}

/* mask: the bits that the instruction is about */
static void write_special(struct hart *h, unsigned csr, uint64_t value, uint64_t mask)
{
    switch (csr) {
    case CSR_MSTATUS:
        mode_set_status(h, value);
        break;
    case CSR_SSTATUS:
        mode_set_status(h, (h->mstatus & ~STATUS_SUPERVISOR) | (value & STATUS_SUPERVISOR));
        break;
    case CSR_SIE:
        h->mie = (h->mie & ~h->mideleg) | (value & h->mideleg);
        break;
    case CSR_MIP:
        set_pending(h, value, mask);
        break;
    case CSR_SIP:
        set_pending(h, value, mask & h->mideleg & 1ull << IRQ_SSOFT);
        break;
    case CSR_MTVEC:
        set_vector(&h->mtvec, value);
        break;
    case CSR_STVEC:
        set_vector(&h->stvec, value);
        break;
    case CSR_MCOUNTEREN:
        h->mcounteren = (uint32_t)value;
        break;
    case CSR_SCOUNTEREN:
        h->scounteren = (uint32_t)value;
        break;
    case CSR_MCOUNTINHIBIT:
        set_inhibit(h, value);
        break;
    case CSR_MENVCFG:
        set_menvcfg(h, value);
        break;
    case CSR_STIMECMP:
        csr_set_stimecmp(h, value);
        break;
    case CSR_SATP:
        set_satp(h, value);
        break;
    case CSR_STLBHI:
        h->stlbhi = value & ~(uint64_t)(PAGE_BYTES - 1);
        break;
    case CSR_STLBLO:
        tlb_model_write(h->tlb, h->stlbhi, value);
        break;
    case CSR_MCYCLE:
    case CSR_MINSTRET:
        set_counter(h, csr, value);
        break;
    default:
        if (csr == CSR_PMPCFG0 || csr == CSR_PMPCFG2 || is_pmpaddr(csr))
            set_pmp(h, csr, value);
    }
}

static void write_csr(struct hart *h, unsigned csr, uint64_t value, uint64_t mask)
{
    const struct word *w = word_of(csr);
    if (csr >> 8 == CSR_SSTATUS >> 8)
        h->dirty = true; /* matters in M mode only */
    if (w && w->mask)
        *word_at(h, w) = value & w->mask;
    else
        write_special(h, csr, value, mask);
    trap_look(h);
}

/* ---- the instructions ---- */

/* Chapter 2, and what else decides whether the current mode may have it. */
static bool allowed(const struct hart *h, const struct insn_csr *c)
{
    if ((c->csr >> 8 & 3) > (unsigned)h->privilege || (c->csr >> 10 == 3 && c->writes))
        return false;
    if (c->csr >= CSR_CYCLE && c->csr <= CSR_HPMCOUNTER31)
        return csr_counter_allowed(h, c->csr & 31);
    if (h->privilege != MMU_SUPERVISOR)
        return true;
    if (c->csr == CSR_SATP)
        return !(h->mstatus & STATUS_TVM);
    if (c->csr == CSR_STIMECMP)
        return h->menvcfg & MENVCFG_STCE && h->mcounteren & COUNTER_TIME;
    return true;
}

bool csr_emulate(struct hart *h, uint32_t insn)
{
    struct insn_csr c;
    uint64_t old, operand;
    if (!insn_csr(insn, &c) || !allowed(h, &c) || !read_csr(h, c.csr, &old))
        return false;
    operand = c.rs1;
    if (!c.immediate)
        operand = c.rs1 ? hart_reg(h, UC_RISCV_REG_X0 + (int)c.rs1) : 0;
    h->insns++;
    if (c.writes) {
        uint64_t base = c.csr == CSR_MIP || c.csr == CSR_SIP ? software_pending(h) : old;
        uint64_t value = c.op == 1 ? operand : c.op == 2 ? base | operand : base & ~operand;
        write_csr(h, c.csr, value, c.op == 1 ? ~0ull : operand);
    }
    if (c.rd)
        hart_set_reg(h, UC_RISCV_REG_X0 + (int)c.rd, old);
    return true;
}

/* ---- from outside ---- */

static int unicorn_fp(unsigned csr)
{
    return csr == CSR_FFLAGS ? UC_RISCV_REG_FFLAGS : csr == CSR_FRM ? UC_RISCV_REG_FRM : UC_RISCV_REG_FCSR;
}

bool csr_get(struct hart *h, unsigned csr, uint64_t *value)
{
    if (csr >= CSR_FFLAGS && csr <= CSR_FCSR) {
        *value = mode_read_fp(h, unicorn_fp(csr));
        return true;
    }
    if (h->privilege != MMU_MACHINE)
        mode_peek(h);
    return read_csr(h, csr, value);
}

bool csr_set(struct hart *h, unsigned csr, uint64_t value)
{
    uint64_t old;
    if (csr >= CSR_FFLAGS && csr <= CSR_FCSR) {
        mode_write_fp(h, unicorn_fp(csr), value);
        return true;
    }
    if (csr >> 10 == 3 || !csr_get(h, csr, &old))
        return false;
    write_csr(h, csr, value, ~0ull);
    if (h->privilege != MMU_MACHINE)
        mode_poke(h);
    return true;
}
