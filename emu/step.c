/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Runs the machine by single instructions without the guest seeing it.
 *
 * The guest can see where blocks of code end: interrupts are taken and devices' time comes only there, and what a
 * device asks the clock in mid-block is the time of the block's start. So a step never makes a block of its own:
 * Unicorn first announces the block that would run (and is stopped before it), then the block is run in pieces. While
 * it is under way (h->midway) it stays h->block and its instructions are not yet counted in h->insns, just as if it
 * ran.
 *
 * A piece is ended by an exit, an address at which Unicorn translates no further. The translation of the piece
 * is dropped afterwards, so that no later run of the same code finds its block cut short.
 */
#include "insn.h"
#include "machine_priv.h"
#include "tlb_model.h"

uint64_t step_retired(struct hart *h)
{
    return h->insns + (h->midway ? count_between(h, h->block->pc, h->pc) : 0);
}

uint64_t step_position(struct hart *h)
{
    return step_retired(h) + h->interrupts;
}

/*
 * Drops translations that hold the instruction at va. Without a detour by M mode, if possible: that would clear the LR
 * reservation. But not in a mode that has not fetched from there, or its entry would get its A bit.
 */
static void forget(struct hart *h, uint64_t va, uint64_t pa, enum mmu_privilege fetched)
{
    uint64_t now;
    if (h->privilege == fetched && tlb_physical(h, va, MMU_FETCH, &now) && now == pa)
        uc_ctl_remove_cache(h->uc, va, va + 2);
    else
        code_forget(h, pa, 2);
}

/* What has become of the block after a piece of it ran? */
static void look(struct hart *h, const struct block *b)
{
    bool left = h->block != b; /* a trap, or another block was announced: it is counted */
    if (!left && h->pc == b->pc + b->bytes && !h->cut) {
        h->hold = false;
        count_settle(h);
        left = true;
    }
    h->midway = h->hold = !left;
    h->cut = h->cut && !left;
}

/* A piece that Unicorn may run. */
static void advance(struct hart *h, uint64_t to)
{
    const struct block *b = h->block;
    uint64_t from = h->pc, pa = 0;
    enum mmu_privilege privilege = h->privilege;
    bool mapped = tlb_physical(h, from, MMU_FETCH, &pa);
    if (mapped)
        forget(h, from, pa, privilege);
    uc_ctl_set_exits(h->uc, &to, 1);
    h->resuming = true;
    h->deadline = 0; /* stop before the block after this one */
    hart_run_once(h);
    h->resuming = false;
    uc_ctl_set_exits(h->uc, &to, 0);
    look(h, b);
    if (mapped)
        forget(h, from, pa, privilege);
}

/* The last instruction of a block. 0: it cannot be read, or there is none. */
static uint32_t last_insn(struct hart *h, const struct block *b)
{
    uint32_t last = 0;
    for (uint64_t pc = b->pc; pc < b->pc + b->bytes; pc += insn_bytes((uint16_t)last))
        if (!tlb_instruction(h, pc, &last))
            return 0;
    return last;
}

/* An instruction that is not Unicorn's to run is trap_instruction's. */
void step_advance(struct hart *h, uint64_t to)
{
    uint64_t at = count_find_special(h, h->pc, to);
    if (at == to) {
        advance(h, to);
        return;
    }
    if (h->pc != at)
        advance(h, at);
    if (!h->midway || h->pc != at)
        return;
    trap_instruction(h, h->pc);
    h->midway = h->hold = h->cut = false;
}

/* The instruction at pc cannot be fetched, or Unicorn announces no bytes for it: it traps. */
static void run_trap(struct hart *h)
{
    count_settle(h);
    h->midway = h->cut = false;
    h->resuming = true;
    h->deadline = 0;
    hart_run_once(h);
    h->resuming = h->hold = false;
}

void step_finish(struct hart *h)
{
    uint64_t end = h->block->pc + h->block->bytes;
    if (h->pc == end)
        run_trap(h);
    else
        step_advance(h, end);
}

/* Does this instruction end a block? */
static bool ends_block(uint32_t insn)
{
    if ((insn & 3) == 3) { /* branches, SYSTEM, fence.i */
        unsigned opcode = insn & 0x7f;
        return opcode == 0x63 || opcode == 0x67 || opcode == 0x6f || opcode == 0x73 || (insn & 0x707f) == 0x100f;
    }
    unsigned kind = (insn & 3) << 3 | (insn >> 13 & 7);
    if (kind == (1 << 3 | 5) || kind == (1 << 3 | 6) || kind == (1 << 3 | 7)) /* c.j, c.beqz, c.bnez */
        return true;
    return kind == (2 << 3 | 4) && !(insn >> 2 & 31); /* c.jr, c.jalr, c.ebreak */
}

/*
 * Does the instruction behind the block trap at its fetch, so that the block ends there? Unicorn gives a block that
 * runs into an illegal c.addi4spn (all zeros, say) a size without it; and it may run into a page that may not be
 * executed.
 */
static bool ends_in_trap(struct hart *h, const struct block *b)
{
    uint64_t end = b->pc + b->bytes, pa;
    uint32_t next;
    if (ends_block(last_insn(h, b)))
        return false;
    if (end % PAGE_BYTES == PAGE_BYTES - 2 && !tlb_physical(h, end + 2, MMU_FETCH, &pa))
        return true; /* an instruction of 16 bits would have belonged to the block */
    return tlb_instruction(h, end, &next) && (next & 0xffe3) == 0;
}

void step_open(struct hart *h)
{
    h->announced = false;
    h->block = count_block(h, h->announced_pc, h->announced_bytes);
    h->cut = ends_in_trap(h, h->block);
    h->midway = h->hold = true;
    count_begun(h);
}

void step_watched(struct hart *h)
{
    if (!h->midway)
        h->cut = ends_in_trap(h, h->block);
    h->midway = h->hold = true;
    h->deadline = 0;
}

bool step_begin(struct hart *h)
{
    uint64_t pc = h->pc, insns = h->insns;
    h->deadline = 0;
    h->announced = false;
    hart_run_once(h);
    if (h->crossing) { /* the end of the block cannot be fetched: what lies before it is a block */
        h->announced_pc = pc;
        h->announced_bytes = (uint32_t)(h->crossing - pc);
        h->announced = true;
        h->crossing = 0;
        uc_ctl_set_exits(h->uc, &pc, 0);
    }
    if (h->insns != insns || !h->announced)
        return false;
    step_open(h);
    return true;
}

void step_special(struct hart *h)
{
    step_open(h);
    step_finish(h);
}

void step_one(struct hart *h)
{
    uint32_t insn;
    if (h->pc == h->block->pc + h->block->bytes)
        run_trap(h);
    else if (tlb_instruction(h, h->pc, &insn))
        step_advance(h, h->pc + insn_bytes((uint16_t)insn));
    else
        step_finish(h); /* cannot be: Unicorn has just read it */
}

static void step_insn(struct machine *m)
{
    struct hart *h = &m->hart;
    uint64_t interrupts = h->interrupts;
    if (h->midway || (machine_between(m) && h->interrupts == interrupts && step_begin(h)))
        step_one(h);
}

void machine_step(struct machine *m, struct machine_result *result)
{
    struct hart *h = &m->hart;
    uint64_t before = step_position(h);
    if (!m->loaded)
        machine_stop(m, STOP_ERROR, 1, "no kernel was loaded");
    while (m->result.stop == STOP_NONE && step_position(h) == before) {
        step_insn(m);
        if (!h->midway)
            machine_check(m);
    }
    while (m->result.stop != STOP_NONE && h->midway)
        step_finish(h); /* a guest that switches itself off does so with its whole block */
    machine_report(m, result);
}
