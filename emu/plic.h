/* SPDX-License-Identifier: GPL-2.0-only */
/* PLIC (RISC-V PLIC spec 1.0): level-triggered sources, contexts 0 (M) and 1 (S) of the one hart. */
#ifndef EMU_PLIC_H
#define EMU_PLIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "board.h"

struct machine;

#define PLIC_CONTEXTS 2

struct plic {
    uint32_t priority[PLIC_SOURCES + 1]; /* 0..7; 0: never */
    uint64_t level;                      /* bit i: source i holds its line high */
    uint64_t pending;
    uint64_t claimed;                    /* claimed and not completed: the gateway is closed */
    uint64_t enable[PLIC_CONTEXTS];
    uint32_t threshold[PLIC_CONTEXTS];
};

int plic_init(struct machine *, char *err, size_t errlen);
void plic_set_level(struct machine *, unsigned source, bool high);

#endif
