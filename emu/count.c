/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counts retired instructions. Unicorn announces each block of code that it
 * is about to run; how many instructions it holds is looked up in a
 * cache by pc, size, address space and code version.
 *
 * A CSR instruction ends its block. What Unicorn does not do right about some of
 * them is done between that block and the next: the block's `tail`.
 */
#include "access.h"
#include "debug/stops.h"
#include "insn.h"
#include "machine_priv.h"
#include "tlb_model.h"

/* tail = kind | rd << 8 | csr << 16 */
enum tail {
    TAIL_NONE,
    TAIL_SIE_ON,       /* of sstatus alone */
    TAIL_SIE_OFF,
    TAIL_RETURN,       /* sret: another privilege; interrupts may have become enabled */
    TAIL_STATUS_READ,  /* rd lacks UXL, and perhaps SD */
    TAIL_STATUS_WRITE, /* the same, and shadows */
    TAIL_STVEC,        /* its shadow */
    TAIL_SCOUNTEREN,   /* its shadow, and it has 32 bits */
    TAIL_SEPC,         /* bit 0 is always 0 */
    TAIL_SIE,          /* sie and sip are ours, not Unicorn's */
    TAIL_SIP,
    TAIL_COUNTER,      /* rd got the host's ticks: give it the count */
    TAIL_RETURNED,     /* of count_returned */
    TAIL_CROSSES = 0x80, /* a flag, for a TLB model: the last instruction ends on another page */
};

/* In a block's key: count_special, or the debugger, must be asked before it runs. */
#define KEY_SPECIAL (1ull << 63)

static uint32_t make_tail(enum tail kind, const struct insn_csr *c)
{
    return (uint32_t)kind | c->rd << 8 | c->csr << 16;
}

/* The most frequent ones are csrrsi and csrrci of SIE alone: no need to ask Unicorn. */
static uint32_t sstatus_tail(const struct insn_csr *c)
{
    if (!c->writes)
        return make_tail(TAIL_STATUS_READ, c);
    bool sie_only = c->immediate && c->op != 1 && !(c->rs1 & ~STATUS_SIE) && !c->rd;
    if (sie_only)
        return c->op == 2 ? TAIL_SIE_ON : TAIL_SIE_OFF;
    return make_tail(TAIL_STATUS_WRITE, c);
}

/* To ask for a register is cheaper than for a CSR: in place of rd the one that was written, if it still has the value. */
static uint32_t sepc_tail(const struct insn_csr *c)
{
    bool there = c->op == 1 && !c->immediate && c->rd != c->rs1;
    return (uint32_t)TAIL_SEPC | (there ? c->rs1 << 8 : 0);
}

static uint32_t tail_of(uint32_t insn)
{
    struct insn_csr c;
    if (insn == INSN_SRET)
        return TAIL_RETURN;
    if (!insn_csr(insn, &c))
        return TAIL_NONE;
    switch (c.csr) {
    case CSR_SSTATUS:
        return sstatus_tail(&c);
    case CSR_STVEC:
        return c.writes ? TAIL_STVEC : TAIL_NONE;
    case CSR_SCOUNTEREN:
        return c.writes ? TAIL_SCOUNTEREN : TAIL_NONE;
    case CSR_SEPC:
        return c.writes ? sepc_tail(&c) : TAIL_NONE;
    case CSR_SIE:
        return make_tail(TAIL_SIE, &c);
    case CSR_SIP:
        return make_tail(TAIL_SIP, &c);
    case CSR_CYCLE:
    case CSR_INSTRET:
        return c.rd ? make_tail(TAIL_COUNTER, &c) : TAIL_NONE;
    }
    return TAIL_NONE;
}

/* sie or sip of which nobody could tell afterwards which bits were to be cleared: rd has taken the operand's place */
static bool loses_operand(const struct insn_csr *c)
{
    return (c->csr == CSR_SIE || c->csr == CSR_SIP) && c->op == 3 && !c->immediate && c->rd && c->rd == c->rs1;
}

/* Unicorn does nothing at all for reserved compressed instructions, nor for compressed loads and stores of doubles while FS is off; it runs fsgnj.d. */
static bool not_trapping(const struct hart *h, uint32_t insn)
{
    return insn_is_reserved(insn) || (h->fs_off && insn_is_fp(insn));
}

static bool may_be_special(const struct hart *h, uint32_t insn)
{
    struct insn_csr c;
    return not_trapping(h, insn) ||
           (insn_csr(insn, &c) && ((c.csr >= CSR_CYCLE && c.csr <= CSR_HPMCOUNTER31) || loses_operand(&c)));
}

bool count_special(struct hart *h, uint32_t insn)
{
    struct insn_csr c;
    if (!may_be_special(h, insn))
        return false;
    if (!insn_csr(insn, &c))
        return true;
    if (c.csr >= CSR_CYCLE)
        return c.writes || !csr_counter_allowed(h, c.csr & 31); /* Unicorn writes 0, and knows no mcounteren */
    return h->privilege == MMU_SUPERVISOR;
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

uint32_t count_accesses(struct hart *h, uint64_t pc, uint64_t end, uint32_t *loads, uint32_t *stores)
{
    uint32_t n = 0, insn;
    *loads = *stores = 0;
    for (struct insn_access a; pc < end && tlb_instruction(h, pc, &insn); pc += insn_bytes((uint16_t)insn), n++)
        if (insn_access(insn, &a))
            ++*(a.store ? stores : loads);
    return n;
}

static bool any_special(struct hart *h, uint64_t pc, uint64_t end)
{
    for (uint32_t insn; pc < end && tlb_instruction(h, pc, &insn); pc += insn_bytes((uint16_t)insn))
        if (may_be_special(h, insn))
            return true;
    return false;
}

uint64_t count_find_special(struct hart *h, uint64_t pc, uint64_t end)
{
    for (uint32_t insn; pc < end && tlb_instruction(h, pc, &insn); pc += insn_bytes((uint16_t)insn))
        if (count_special(h, insn))
            return pc;
    return end;
}

static void learn_accesses(struct hart *h, struct block *b)
{
    uint32_t loads, stores;
    uint64_t last = b->pc + b->bytes - 1;
    count_accesses(h, b->pc, last, &loads, &stores);
    b->loads = (uint16_t)loads;
    b->stores = (uint16_t)stores;
    if ((b->pc ^ last) & ~(PAGE_BYTES - 1))
        b->tail |= TAIL_CROSSES;
}

static void learn(struct hart *h, struct block *b, uint64_t pc, uint32_t bytes)
{
    uint32_t last;
    b->insns = count_insns(h, pc, pc + bytes, &last);
    b->tail = tail_of(last);
    b->pc = pc;
    b->bytes = bytes;
    if (h->tlb)
        learn_accesses(h, b);
    bool special = any_special(h, pc, pc + bytes) || (h->stops && stops_in(h->stops, pc, bytes));
    b->key = h->code_key | bytes | (special ? KEY_SPECIAL : 0);
}

static int tail_rd(uint32_t tail)
{
    return UC_RISCV_REG_X0 + (int)(tail >> 8 & 31);
}

static void give_count(struct hart *h, uint32_t tail)
{
    /* not counting the instruction itself */
    hart_set_reg(h, tail_rd(tail), csr_counter(h, tail >> 16, h->insns - 1));
}

static void give_status(struct hart *h, uint32_t tail)
{
    int rd = tail_rd(tail);
    if (rd != UC_RISCV_REG_X0)
        hart_set_reg(h, rd, status_shown(hart_reg(h, rd)) | STATUS_UXL_64);
}

static void take_status(struct hart *h)
{
    uint64_t sstatus = hart_reg(h, UC_RISCV_REG_SSTATUS);
    mode_take_status(h, (h->mstatus & ~STATUS_SUPERVISOR) | (sstatus & STATUS_SUPERVISOR));
}

/* No block, but one that was an sret has just been: the next is begin_block's, and nothing's before that. */
static const struct block count_returned = {.tail = TAIL_RETURNED};

/* 3.1.6.1, 3.1.6.3 */
static void take_sret(struct hart *h)
{
    uint64_t old = h->mstatus;
    h->privilege = old & STATUS_SPP ? MMU_SUPERVISOR : MMU_USER;
    h->returned = h->privilege == MMU_USER;
    h->mstatus = (old & ~(STATUS_SIE | STATUS_SPP | STATUS_MPRV)) | STATUS_SPIE | (old & STATUS_SPIE ? STATUS_SIE : 0);
}

static void take_scounteren(struct hart *h)
{
    uint64_t value = hart_reg(h, UC_RISCV_REG_SCOUNTEREN);
    h->scounteren = (uint32_t)value;
    if (value >> 32)
        hart_set_reg(h, UC_RISCV_REG_SCOUNTEREN, h->scounteren);
}

static void even_sepc(struct hart *h, uint32_t tail)
{
    int source = tail_rd(tail);
    uint64_t sepc = hart_reg(h, source == UC_RISCV_REG_X0 ? UC_RISCV_REG_SEPC : source);
    if (sepc & 1)
        hart_set_reg(h, UC_RISCV_REG_SEPC, sepc & ~1ull);
}

/*
 * sie and sip are kept here, and are 0 in Unicorn - unless this instruction has just set bits: they are taken
 * out again. `old`: the value before it. Returns the new one.
 */
static uint64_t take_bits(struct hart *h, const struct insn_csr *c, int reg, uint64_t old)
{
    if (c->op == 3) {
        uint64_t operand = c->immediate ? c->rs1 : hart_reg(h, UC_RISCV_REG_X0 + (int)c->rs1);
        return old & ~operand;
    }
    uint64_t set = hart_reg(h, reg);
    if (set)
        hart_set_reg(h, reg, 0);
    return c->op == 2 ? old | set : set;
}

static void fix_bits(struct hart *h, const struct block *b)
{
    const uint64_t soft = 1ull << IRQ_SSOFT;
    uint32_t insn;
    struct insn_csr c;
    if (!tlb_instruction(h, b->pc + b->bytes - 4, &insn) || !insn_csr(insn, &c))
        return;
    bool sie = c.csr == CSR_SIE;
    uint64_t old = (sie ? h->mie : trap_pending(h)) & h->mideleg;
    if (c.writes) {
        uint64_t new = take_bits(h, &c, sie ? UC_RISCV_REG_SIE : UC_RISCV_REG_SIP, old);
        if (sie)
            h->mie = (h->mie & ~h->mideleg) | (new & h->mideleg);
        else if (h->mideleg & soft)
            h->lines = (h->lines & ~soft) | (new & soft);
    }
    if (c.rd)
        hart_set_reg(h, UC_RISCV_REG_X0 + (int)c.rd, old);
}

static void do_tail(struct hart *h, const struct block *b)
{
    uint32_t tail = b->tail & ~(uint32_t)TAIL_CROSSES;
    if (b->tail & TAIL_CROSSES)
        tlb_model_fetch(h->tlb, b->pc + b->bytes - 1);
    switch (tail & 0xff) {
    case TAIL_NONE:
        return;
    case TAIL_COUNTER:
        give_count(h, tail);
        return;
    case TAIL_RETURN:
        take_sret(h);
        h->block = &count_returned;
        break;
    case TAIL_RETURNED:
        if (h->returned)
            h->block = &count_returned;
        return;
    case TAIL_SIE_ON:
        h->mstatus |= STATUS_SIE;
        break;
    case TAIL_SIE_OFF:
        h->mstatus &= ~STATUS_SIE;
        return;
    case TAIL_STATUS_READ:
        give_status(h, tail);
        return;
    case TAIL_STATUS_WRITE:
        give_status(h, tail);
        take_status(h);
        break;
    case TAIL_STVEC:
        h->stvec = hart_reg(h, UC_RISCV_REG_STVEC);
        return;
    case TAIL_SCOUNTEREN:
        take_scounteren(h);
        return;
    case TAIL_SEPC:
        even_sepc(h, tail);
        return;
    case TAIL_SIE:
    case TAIL_SIP:
        fix_bits(h, b);
        break;
    }
    trap_look(h); /* the run loop decides */
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
    if (b->pc != pc || (b->key & ~KEY_SPECIAL) != (h->code_key | bytes))
        learn(h, b, pc, bytes);
    return b;
}

/* Before a block with an instruction which is not Unicorn's to run. */
static bool stops_here(struct hart *h, const struct block *b)
{
    return b->key & KEY_SPECIAL && count_find_special(h, b->pc, b->pc + b->bytes) != b->pc + b->bytes;
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
    trap_returned(h, pc);
    bool due = h->insns >= h->deadline, breaks = h->stops && stops_in(h->stops, pc, bytes);
    const struct block *b = due || breaks ? NULL : count_block(h, pc, bytes);
    if (due || breaks || stops_here(h, b)) {
        h->stopped = h->announced = true;
        h->special = !due && !breaks;
        if (breaks)
            h->deadline = 0; /* the debugger goes on from here */
        h->announced_pc = pc;
        h->announced_bytes = bytes;
        uc_emu_stop(h->uc); /* before this block; it will be announced again */
        return;
    }
    h->block = b;
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

void count_begun(struct hart *h)
{
    if (h->tlb)
        tlb_model_begin(h->tlb, h->block);
    if (h->access)
        access_begin(h->access, h->block);
}

/* With a TLB model or a trace of accesses: every block is shown to them. */
void count_hook_watched(uc_engine *uc, uint64_t pc, uint32_t bytes, void *user)
{
    struct hart *h = user;
    bool resuming = h->resuming;
    count_hook(uc, pc, bytes, h);
    if (!h->stopped && !resuming)
        count_begun(h);
    else if (resuming && h->access)
        access_resume(h->access, pc);
}

void count_retire(struct hart *h, uint64_t pc)
{
    const struct block *b = h->block;
    uint32_t last;
    if (pc - b->pc >= b->bytes) {
        count_settle(h);
        return;
    }
    if (h->tlb)
        tlb_model_cut(h->tlb, b, pc);
    uint64_t left = b->pc + b->bytes - pc;
    if (left == 2 || (left == 4 && tlb_instruction(h, pc, &last) && insn_bytes((uint16_t)last) == 4))
        h->insns += b->insns - 1; /* the usual case: the last one */
    else
        h->insns += count_insns(h, b->pc, pc, &last);
    h->block = &count_none;
}
