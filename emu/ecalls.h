/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * System calls of kernels that do not describe them themselves: from the ecall to the return behind it.
 *
 * A return to user mode belongs to the ecall before it in memory if page table, sp and tp are those of the ecall: no
 * kernel changes these in a call that it returns from. docs/trace-events.md says where that is a guess.
 */
#ifndef EMU_ECALLS_H
#define EMU_ECALLS_H

#include <stdbool.h>
#include <stdint.h>

struct machine;

#define ECALLS 65536u       /* calls that may be under way; of more the oldest is given up */
#define ECALLS_BUCKETS 4096u
#define ECALLS_TEXT 1024u   /* longest text argument */

struct ecall_open {
    uint64_t root, pc, sp, tp; /* at the ecall */
    uint64_t id;               /* its row */
    uint32_t next;             /* in its bucket; free: in the list of those */
    uint32_t older, newer;
    bool forks;                /* a return with 0 is another's */
};

/* Places in `open` are numbered from 1; 0: none. */
struct ecalls {
    struct ecall_open *open; /* made when the first call comes */
    uint32_t *buckets;       /* by root and pc */
    uint32_t n;              /* under way */
    uint32_t used, free;     /* places that have been in use; the first of those that are not any more */
    uint32_t oldest, newest;
    uint64_t kept;           /* bytes of text arguments */
};

void ecalls_free(struct ecalls *);
/* An ecall from user mode at pc; caller: its row's column of that name. */
void ecalls_begin(struct machine *, uint64_t pc, uint64_t caller);
/* The hart has returned to user mode, and goes on at pc. */
void ecalls_returned(struct machine *, uint64_t pc);

#endif
