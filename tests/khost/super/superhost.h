/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's frames, reservations and page tables on the host: the very sources of page.c, kalloc.c, reserve.c, pagemap.c,
 * mmusv.c and mmusuper.c. Memory is one block, the address of a byte in it is its physical address (KZERO is 0), and there is
 * nothing but free frames to make room from.
 */
#ifndef SUPERHOST_H
#define SUPERHOST_H

#include <stdbool.h>
#include <stdint.h>
#include "guestos/kernel/fault.h"
#include "guestos/kernel/mmuops.h"
#include "guestos/kernel/proc.h"
#include "guestos/kernel/reserve.h"

enum { MEMORY = 64 << 20 };

struct superhost {
    uint64_t satp;                         /* as mmuswitch left it */
    void (*fence)(uint64_t va, bool all);  /* a fence of the only address space; NULL: nobody listens */
    uint64_t promoted, demoted[16];        /* rows of the trace: superpages, and how they ended, by enum demotion */
};
extern struct superhost host;

void superhost_begin(void); /* memory, all of it free; superpages are on */
void superhost_end(void);   /* all of it must be free again */

#endif
