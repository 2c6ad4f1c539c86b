/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counts retired instructions. Unicorn announces each block of code that it
 * is about to run; how many instructions it holds is looked up in a
 * cache by pc, size, address space and code version.
 *
 * A CSR instruction ends its block. What Unicorn does not do right about some of
 * them is done between that block and the next: the block's `tail`.
 */
#include "insn.h"
#include "machine_priv.h"

/* tail = kind | rd << 8 | csr << 16 */
enum tail {
    TAIL_NONE,
    TAIL_INTERRUPTS, /* interrupts may have become enabled */
    TAIL_RETURN,     /* sret, mret: another privilege; interrupts may have become enabled */
    TAIL_RELOAD,     /* satp, sie, stvec, sstatus, scounteren: shadows, and the TLB for satp */
    TAIL_COUNTER,    /* rd got the host's ticks: give it the count */
    TAIL_SIP,        /* sip is ours, not Unicorn's */
};

enum {
    CSR_SSTATUS = 0x100,
    CSR_SIE = 0x104,
    CSR_STVEC = 0x105,
    CSR_SCOUNTEREN = 0x106,
    CSR_SIP = 0x144,
    CSR_SATP = 0x180,
    CSR_MCYCLE = 0xb00,
    CSR_MINSTRET = 0xb02,
    CSR_CYCLE = 0xc00,
    CSR_INSTRET = 0xc02,
};

#define SSTATUS_SIE 2u
#define SIP_LINES (1ull << IRQ_SSOFT | 1ull << IRQ_STIMER | 1ull << IRQ_SEXT)

static uint32_t make_tail(enum tail kind, const struct insn_csr *c)
{
    return (uint32_t)kind | c->rd << 8 | c->csr << 16;
}

/* The most frequent ones, csrrsi and csrrci of SIE alone, need no reload. */
static uint32_t sstatus_tail(const struct insn_csr *c)
{
    if (!c->writes)
        return TAIL_NONE;
    if (c->immediate && c->op == 3 && !(c->rs1 & ~SSTATUS_SIE))
        return TAIL_NONE;
    if (c->immediate && c->op == 2 && !(c->rs1 & ~SSTATUS_SIE))
        return TAIL_INTERRUPTS;
    return make_tail(TAIL_RELOAD, c);
}

static uint32_t tail_of(uint32_t insn)
{
    struct insn_csr c;
    if (insn == INSN_SRET || insn == INSN_MRET)
        return TAIL_RETURN;
    if (!insn_csr(insn, &c))
        return TAIL_NONE;
    switch (c.csr) {
    case CSR_SSTATUS:
        return sstatus_tail(&c);
    case CSR_SIE:
    case CSR_STVEC:
    case CSR_SCOUNTEREN:
    case CSR_SATP:
        return c.writes ? make_tail(TAIL_RELOAD, &c) : TAIL_NONE;
    case CSR_SIP:
        return make_tail(TAIL_SIP, &c);
    case CSR_CYCLE:
    case CSR_INSTRET:
    case CSR_MCYCLE:
    case CSR_MINSTRET:
        return c.rd ? make_tail(TAIL_COUNTER, &c) : TAIL_NONE;
    }
    return TAIL_NONE;
}

/* Counts the instructions that begin in [pc, end); the last one's bits in *last. */
static uint32_t count_insns(struct hart *h, uint64_t pc, uint64_t end, uint32_t *last)
{
    uint32_t n = 0;
    *last = 0;
    while (pc < end) {
        if (!tlb_instruction(h, pc, last))
            return n + (uint32_t)((end - pc) / 4); /* cannot be: Unicorn has just read it */
        pc += insn_bytes((uint16_t)*last);
        n++;
    }
    return n;
}

static void learn(struct hart *h, struct block *b, uint64_t pc, uint32_t bytes)
{
    uint32_t last;
    b->insns = count_insns(h, pc, pc + bytes, &last);
    b->tail = tail_of(last);
    b->pc = pc;
    b->bytes = bytes;
    b->key = h->code_key | bytes;
}

static void give_count(struct hart *h, uint32_t tail)
{
    unsigned rd = tail >> 8 & 31;
    hart_set_reg(h, UC_RISCV_REG_X0 + (int)rd, h->insns - 1); /* not counting the instruction itself */
}

/*
 * sip: the pending bits are our lines. Unicorn's sip was 0 before, so what is in it now is what the instruction set.
 * (If interrupts were enabled, Unicorn has even delivered it.)
 */
static void write_sip(struct hart *h, const struct insn_csr *c)
{
    const uint64_t soft = 1ull << IRQ_SSOFT;
    uint64_t set = hart_reg(h, UC_RISCV_REG_SIP) & soft, cleared = soft;
    if (c->op == 3) {
        bool lost = !c->immediate && c->rs1 == c->rd; /* the operand was overwritten: take it as all ones */
        uint64_t operand = c->immediate ? c->rs1 : hart_reg(h, UC_RISCV_REG_X0 + (int)c->rs1);
        cleared = lost ? soft : operand & soft;
    } else if (c->op == 2) {
        cleared = 0;
    }
    h->lines = (h->lines & ~cleared) | set;
    if (set) {
        hart_set_reg(h, UC_RISCV_REG_SIP, 0);
        h->privilege = (enum mmu_privilege)hart_reg(h, UC_RISCV_REG_PRIV);
    }
}

static void fix_sip(struct hart *h, const struct block *b)
{
    uint32_t insn;
    struct insn_csr c;
    uint64_t old = h->lines & SIP_LINES;
    if (!tlb_instruction(h, b->pc + b->bytes - 4, &insn) || !insn_csr(insn, &c))
        return;
    if (c.writes)
        write_sip(h, &c);
    if (c.rd)
        hart_set_reg(h, UC_RISCV_REG_X0 + (int)c.rd, old);
}

void hart_reload(struct hart *h)
{
    uint64_t satp = hart_reg(h, UC_RISCV_REG_SATP), sstatus = hart_reg(h, UC_RISCV_REG_SSTATUS);
    h->sie = hart_reg(h, UC_RISCV_REG_SIE);
    h->stvec = hart_reg(h, UC_RISCV_REG_STVEC);
    h->sum = sstatus >> 18 & 1;
    h->mxr = sstatus >> 19 & 1;
    h->user_time = hart_reg(h, UC_RISCV_REG_SCOUNTEREN) >> 1 & 1;
    if (satp == h->satp)
        return;
    unsigned mode = (unsigned)(satp >> 60);
    if (mode != 0 && mode != 8 && mode != 9) { /* WARL: a mode that is not implemented leaves satp as it was */
        hart_set_reg(h, UC_RISCV_REG_SATP, h->satp);
        return;
    }
    h->satp = satp;
    code_space(h);
    /* Unicorn does so only if the ASID changed. */
    uc_ctl_flush_tlb(h->uc);
    h->deadline = 0; /* the block that is about to run was found through the old translation */
}

static void do_tail(struct hart *h, const struct block *b)
{
    uint32_t tail = b->tail;
    switch (tail & 0xff) {
    case TAIL_COUNTER:
        give_count(h, tail);
        return;
    case TAIL_RETURN:
        h->privilege = (enum mmu_privilege)hart_reg(h, UC_RISCV_REG_PRIV);
        break;
    case TAIL_SIP:
        fix_sip(h, b);
        break;
    case TAIL_RELOAD:
        hart_reload(h);
        break;
    }
    if (h->lines && hart_wakes(h))
        h->deadline = 0; /* the run loop decides */
}

const struct block count_none;

void count_settle(struct hart *h)
{
    const struct block *b = h->block;
    h->insns += b->insns;
    h->block = &count_none;
    if (b->tail)
        do_tail(h, b);
}

const struct block *count_block(struct hart *h, uint64_t pc, uint32_t bytes)
{
    struct block *b = &h->blocks[(pc >> 1) % COUNT_ENTRIES];
    if (b->pc != pc || b->key != (h->code_key | bytes))
        learn(h, b, pc, bytes);
    return b;
}

uint32_t count_between(struct hart *h, uint64_t pc, uint64_t end)
{
    uint32_t last;
    return count_insns(h, pc, end, &last);
}

/* All that is not every block's business. */
static __attribute__((noinline)) void begin_block(struct hart *h, uint64_t pc, uint32_t bytes)
{
    if (h->resuming) {
        h->resuming = false;
        h->hold = pc + bytes != h->block->pc + h->block->bytes;
        return;
    }
    count_settle(h);
    if (h->insns >= h->deadline) {
        h->stopped = h->announced = true;
        h->announced_pc = pc;
        h->announced_bytes = bytes;
        uc_emu_stop(h->uc); /* before this block; it will be announced again */
        return;
    }
    h->block = count_block(h, pc, bytes);
}

/* Half of the host's time goes by in here and in what calls it: keep it lean. */
void count_hook(uc_engine *uc, uint64_t pc, uint32_t bytes, void *user)
{
    struct hart *h = user;
    const struct block *old = h->block, *new = &h->blocks[(pc >> 1) % COUNT_ENTRIES];
    uint64_t insns = h->insns + old->insns;
    (void)uc;
    bool plain = old->tail == 0 && insns < h->deadline && new->pc == pc && new->key == (h->code_key | bytes);
    if (__builtin_expect(plain, 1)) {
        h->insns = insns;
        h->block = new;
        return;
    }
    begin_block(h, pc, bytes);
}

void count_retire(struct hart *h, uint64_t pc)
{
    const struct block *b = h->block;
    uint32_t last;
    if (pc - b->pc >= b->bytes) {
        count_settle(h);
        return;
    }
    uint64_t left = b->pc + b->bytes - pc;
    if (left == 2 || (left == 4 && tlb_instruction(h, pc, &last) && insn_bytes((uint16_t)last) == 4))
        h->insns += b->insns - 1; /* the usual case: the last one */
    else
        h->insns += count_insns(h, b->pc, pc, &last);
    h->block = &count_none;
}
