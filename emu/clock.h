/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Virtual time: so many nanoseconds per retired instruction (one, if nothing else was asked for) plus what was skipped
 * while the hart waited. Nothing of the host's time enters. Devices name a
 * moment; the run loop calls them when it has come.
 */
#ifndef EMU_CLOCK_H
#define EMU_CLOCK_H

#include <stdint.h>

struct machine;

#define CLOCK_NEVER UINT64_MAX

/* Fixed slots: events of the same moment fire in this order. */
enum clock_event { CLOCK_STIMER, CLOCK_MTIMER, CLOCK_DISK, CLOCK_EVENTS = CLOCK_DISK + 8 };

struct clock {
    uint64_t insn_ns;           /* time that an instruction takes */
    uint64_t skipped_ns;        /* time that passed without instructions */
    uint64_t due[CLOCK_EVENTS]; /* virtual ns, or CLOCK_NEVER */
};

void clock_init(struct clock *, uint64_t insn_ns);
uint64_t clock_now(const struct machine *);   /* virtual ns since reset */
uint64_t clock_after(const struct machine *, uint64_t insns); /* the same when so many instructions are retired */
uint64_t clock_insns(const struct machine *, uint64_t ns); /* how many are retired when it is ns, if nothing is skipped */
uint64_t clock_ticks(const struct machine *); /* mtime */
uint64_t clock_ticks_to_ns(uint64_t ticks);   /* CLOCK_NEVER if it does not fit */
/* Sets or moves (CLOCK_NEVER: cancels) an event, and makes the hart look up soon. */
void clock_set(struct machine *, enum clock_event, uint64_t due_ns);
uint64_t clock_next(const struct machine *); /* the earliest event, or CLOCK_NEVER */
void clock_fire(struct machine *);           /* runs all events that are due */
void clock_skip_to(struct machine *, uint64_t ns);

#endif
