/* SPDX-License-Identifier: GPL-2.0-only */
/* What the commands of `monitor` share. */
#ifndef EMU_DEBUG_MONITOR_H
#define EMU_DEBUG_MONITOR_H

#include <stdbool.h>
#include <stdint.h>

#include "../../mmu/walk.h"

struct debug;

struct words {
    char *word[8];
    int n;
};

/* False, and the user is told: it is no number. */
bool monitor_number(struct debug *, const char *text, uint64_t *value);
/* M, S or U */
const char *monitor_mode(enum mmu_privilege);

/* monitor_mmu.c */
void monitor_walk(struct debug *, const struct words *);
void monitor_pagetable(struct debug *, const struct words *);
void monitor_tlb(struct debug *, const struct words *);

#endif
