/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hardware's view of an address space. It is a cache: Segment (segment.h)
 * is the truth, and any entry may be thrown away at any time; the next touch
 * faults and puts it back.
 */
#ifndef KERNEL_MMU_H
#define KERNEL_MMU_H

#include <stdbool.h>
#include <stdint.h>
#include "../../traces/events.h"

typedef struct Segment Segment;
typedef struct Space Space; /* page table of one process; the kernel's half is shared */

enum { PUT_READ = 1, PUT_WRITE = 2, PUT_EXEC = 4 };

/* Chooses the form that the hart has (device tree); until then nothing of the others may be called. */
void mmuinit(void);
Space *newspace(void); /* NULL: no memory */
void freespace(Space *);
/* Maps the page of va to the frame at pa for user mode. Returns 0 or -T_ENOMEM (for a table). */
int putmmu(Space *, uint64_t va, uint64_t pa, int rights);
/* Forgets every entry of [va, va + bytes). Costs the entries present, not the bytes. `why`, if superpages go with it. */
void flushmmu(Space *, uint64_t va, uint64_t bytes, enum ev_enum_demotion why);
/* Takes PUT_WRITE from every entry of the range, which is one of the segment. */
void protectmmu(Space *, const Segment *, uint64_t va, uint64_t bytes);
/*
 * The entry of va, in a segment, is new. If it and its neighbours can be one superpage, they are. Nobody can tell: whatever
 * concerns one of its pages makes it pages again. False: they cannot.
 */
bool promotemmu(Space *, const Segment *, uint64_t va);
/* The rights that the entry of va gives to user mode, as of putmmu; 0: there is none. */
int rightsmmu(const Space *, uint64_t va);
/* Has the page of va been used through this space since it was last asked (A bit, 10.3.1)? */
bool agemmu(Space *, uint64_t va);
/*
 * A page fault of the current process: was only the hart's TLB without an entry, and now it has one? Always false if the
 * hart walks page tables. rights: what the access needs.
 */
bool refillmmu(uint64_t va, int rights);
/* Makes the hart use this space (NULL: only the kernel's half). */
void mmuswitch(Space *);

#endif
