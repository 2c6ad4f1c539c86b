/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a debugger wants the machine to stop: breakpoints and watchpoints. Addresses are the hart's own
 * (virtual where it translates), whatever the address space. The machine asks: a block of code that holds a
 * breakpoint is not run before the debugger has looked (count.c), a page that holds a watched byte is
 * not readable or writable without it (tlb.c).
 */
#ifndef EMU_DEBUG_STOPS_H
#define EMU_DEBUG_STOPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hart;

#define STOPS_MAX 256

enum stop_kind { STOP_SOFT_BREAK, STOP_HARD_BREAK, STOP_WATCH_WRITE, STOP_WATCH_READ, STOP_WATCH_ACCESS, STOP_KINDS };

struct stop_point {
    enum stop_kind kind;
    uint64_t address, bytes;
};

/* Holds no pointers: it lies in memory that several processes share (travel.h). */
struct stops {
    struct stop_point points[STOPS_MAX];
    unsigned npoints;
    bool watching; /* there is a watchpoint */
};

/* Adds or removes one. False: there is no room. Call stops_changed afterwards. */
bool stops_add(struct stops *, enum stop_kind, uint64_t address, uint64_t bytes);
void stops_remove(struct stops *, enum stop_kind, uint64_t address, uint64_t bytes);
/* Makes the hart forget what it knew under the old set. */
void stops_changed(struct hart *);

/* Is there a breakpoint in [pc, pc + bytes)? */
bool stops_in(const struct stops *, uint64_t pc, uint64_t bytes);
/* The breakpoint at pc, or NULL. */
const struct stop_point *stops_at(const struct stops *, uint64_t pc);
/* The lowest address of a breakpoint in (pc, end), or end. */
uint64_t stops_next(const struct stops *, uint64_t pc, uint64_t end);
/* The rights (MMU_READ, MMU_WRITE) that the page at va must not have. */
unsigned stops_watched(const struct stops *, uint64_t page);
/* The watchpoint that the instruction at h->pc would touch, and the first watched byte; or NULL. */
const struct stop_point *stops_touched(struct hart *, uint64_t *address);

#endif
