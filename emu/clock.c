/* SPDX-License-Identifier: GPL-2.0-only */
/* Virtual time and the events that wait for it. */
#include "board.h"
#include "clock.h"
#include "machine_priv.h"

void clock_init(struct clock *c, uint64_t insn_ns)
{
    c->insn_ns = insn_ns ? insn_ns : 1;
    c->skipped_ns = 0;
    for (int i = 0; i < CLOCK_EVENTS; i++)
        c->due[i] = CLOCK_NEVER;
}

uint64_t clock_now(const struct machine *m)
{
    return clock_after(m, m->hart.insns);
}

uint64_t clock_after(const struct machine *m, uint64_t insns)
{
    return insns * m->clock.insn_ns + m->clock.skipped_ns;
}

uint64_t clock_insns(const struct machine *m, uint64_t ns)
{
    uint64_t busy = ns > m->clock.skipped_ns ? ns - m->clock.skipped_ns : 0;
    return busy / m->clock.insn_ns + (busy % m->clock.insn_ns != 0);
}

uint64_t clock_ticks(const struct machine *m)
{
    return clock_now(m) / NS_PER_TICK;
}

uint64_t clock_ticks_to_ns(uint64_t ticks)
{
    return ticks > CLOCK_NEVER / NS_PER_TICK ? CLOCK_NEVER : ticks * NS_PER_TICK;
}

void clock_set(struct machine *m, enum clock_event e, uint64_t due_ns)
{
    m->clock.due[e] = due_ns;
    hart_look_up(&m->hart);
}

uint64_t clock_next(const struct machine *m)
{
    uint64_t next = CLOCK_NEVER;
    for (int i = 0; i < CLOCK_EVENTS; i++)
        if (m->clock.due[i] < next)
            next = m->clock.due[i];
    return next;
}

static void fire(struct machine *m, int e)
{
    if (e == CLOCK_STIMER)
        hart_set_line(&m->hart, IRQ_STIMER, true);
    else if (e == CLOCK_MTIMER)
        hart_set_line(&m->hart, IRQ_MTIMER, true);
    else
        virtio_blk_complete(m->disks[e - CLOCK_DISK]);
}

void clock_fire(struct machine *m)
{
    for (int i = 0; i < CLOCK_EVENTS; i++)
        while (m->clock.due[i] <= clock_now(m)) {
            m->clock.due[i] = CLOCK_NEVER;
            fire(m, i);
        }
}

void clock_skip_to(struct machine *m, uint64_t ns)
{
    if (ns > clock_now(m))
        m->clock.skipped_ns += ns - clock_now(m);
}
