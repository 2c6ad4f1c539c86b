/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Runs the machine for the debugger. At full speed as long as nothing is near; blocks that hold a breakpoint,
 * instructions that touch a watched page, and the last stretch to a given position go in pieces (step.c), so
 * that the guest runs exactly as it would without a debugger.
 */
#include "../insn.h"
#include "../machine_priv.h"
#include "debug.h"

#define NEAR 1024 /* more than a block of code has instructions */

static bool done(struct stop_report *r, enum why why)
{
    r->why = why;
    return true;
}

/* The address of the instruction that is n behind pc, but not beyond `to`. */
static uint64_t after(struct hart *h, uint64_t pc, uint64_t to, uint64_t n)
{
    uint32_t insn;
    while (pc < to && n-- && tlb_instruction(h, pc, &insn))
        pc += insn_bytes((uint16_t)insn);
    return pc < to ? pc : to;
}

/* The next instruction, whatever it touches. */
static void unwatched(struct hart *h)
{
    bool flush = h->stops && h->stops->watching;
    h->watch_off = true;
    step_one(h);
    h->watch_off = false;
    if (flush)
        uc_ctl_flush_tlb(h->uc);
}

/* In the middle of a block. `fresh`: the position is the one where the user is, its points are known to him. */
static bool in_block(struct debug *d, uint64_t limit, bool fresh, struct stop_report *r)
{
    struct hart *h = &d->machine->hart;
    const struct stop_point *p = h->stops ? stops_at(h->stops, h->pc) : NULL;
    uint64_t end = h->block->pc + h->block->bytes, to;
    if (!fresh && p) {
        r->point = *p;
        return done(r, WHY_BREAK);
    }
    bool refused = h->fault.valid && h->fault.watched && h->fault.pc == h->pc;
    if (refused && h->stops && (p = stops_touched(h, &r->address))) {
        r->point = *p;
        return done(r, WHY_WATCH);
    }
    if (refused) {
        unwatched(h);
        return false;
    }
    to = h->stops ? stops_next(h->stops, h->pc, end) : end;
    to = after(h, h->pc, to, limit - step_position(h));
    if (h->pc == end)
        step_finish(h);
    else
        step_advance(h, to);
    return false;
}

/* One thing more. True: stopped. */
static bool go_on(struct debug *d, uint64_t start, uint64_t limit, struct stop_report *r)
{
    struct machine *m = d->machine;
    struct hart *h = &m->hart;
    uint64_t here = step_position(h), interrupts = h->interrupts;
    if (m->result.stop != STOP_NONE && !h->midway)
        return done(r, WHY_END);
    if (here >= limit)
        return done(r, WHY_STEP);
    if (h->midway)
        return in_block(d, limit, here == start, r);
    if (here == start || limit - here <= NEAR ||
        (h->announced && h->stops && stops_in(h->stops, h->pc, h->announced_bytes))) {
        if (machine_between(m) && h->interrupts == interrupts)
            step_begin(h);
    } else {
        m->until = limit - here - NEAR < UINT64_MAX - h->insns ? h->insns + (limit - here - NEAR) : UINT64_MAX;
        h->announced = false;
        machine_turn(m);
    }
    return false;
}

void debug_over(struct debug *d)
{
    unwatched(&d->machine->hart);
}

void debug_forward(struct debug *d, uint64_t limit, struct stop_report *r)
{
    uint64_t start = step_position(&d->machine->hart);
    struct machine *m = d->machine;
    while (!go_on(d, start, limit, r)) {
        if (m->hart.midway)
            continue;
        machine_check(m);
        travel_pass(d);
        if (!d->silent && connect_interrupted(d)) {
            r->why = WHY_INTERRUPT;
            break;
        }
    }
    console_flush(m);
}
