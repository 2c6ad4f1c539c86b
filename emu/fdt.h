/* SPDX-License-Identifier: GPL-2.0-only */
/* The flattened device tree that describes the machine to its kernel. */
#ifndef EMU_FDT_H
#define EMU_FDT_H

#include <stddef.h>
#include <stdint.h>

struct machine;

/* Writes the tree into the last FDT_ROOM bytes of RAM. Returns its physical address, or 0 with a message. */
uint64_t fdt_make(struct machine *, char *err, size_t errlen);

#endif
