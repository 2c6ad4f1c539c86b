/* SPDX-License-Identifier: GPL-2.0-only */
/* At the end of a run: the files of the programs whose instructions the trace names (traces/code.h). */
#ifndef EMU_ANNOTATE_H
#define EMU_ANNOTATE_H

#include "../traces/code.h"

struct image;
struct machine;

/*
 * booted: the kernel's file on the host. disk: where the guest's programs are, or NULL; it is only read. What cannot be
 * found is left out. The result is to be freed with annotate_free.
 */
struct code annotate(const struct machine *, const char *booted, struct image *disk);
void annotate_free(struct code *);

#endif
