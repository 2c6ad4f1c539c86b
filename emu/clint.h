/* SPDX-License-Identifier: GPL-2.0-only */
/* CLINT: mtime, mtimecmp and msip of the one hart, at SiFive's offsets. */
#ifndef EMU_CLINT_H
#define EMU_CLINT_H

#include <stdint.h>
#include <stddef.h>

struct machine;

struct clint {
    uint64_t mtimecmp;
    uint32_t msip;
};

int clint_init(struct machine *, char *err, size_t errlen);

#endif
