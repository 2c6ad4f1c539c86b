/* SPDX-License-Identifier: GPL-2.0-only */
/* The two halves of the device tree's code: making the board's, and patching any. */
#ifndef EMU_FDT_PRIV_H
#define EMU_FDT_PRIV_H

#include <stddef.h>
#include <stdint.h>

/* Writes the board's tree, without boot arguments. Returns libfdt's error, 0 for none. */
int fdt_board(uint64_t ram_bytes, void *to, size_t room);

#endif
