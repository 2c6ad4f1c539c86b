/* SPDX-License-Identifier: GPL-2.0-only */
/* Loads ELF files into the machine's RAM. */
#ifndef EMU_LOADER_H
#define EMU_LOADER_H

#include <stddef.h>
#include <stdint.h>

struct machine;

/* Loads an RV64 executable by physical addresses; *entry: where to enter it, physical. 0, or -1 with a message. */
int loader_load(struct machine *, const char *path, uint64_t *entry, char *err, size_t errlen);

#endif
