/* SPDX-License-Identifier: GPL-2.0-only */
/* What happens when the disk has no room to preserve a block for a snapshot (E2). */
#ifndef NOSPACE_H
#define NOSPACE_H

#include <stdbool.h>

/* Boot argument nospace=: pages are made independent of the snapshots first, or the writer gets the error at once. */
enum nospace { NOSPACE_MATERIALISE, NOSPACE_FAIL_WRITER };
extern enum nospace nospace_policy;
bool nospacenamed(const char *name, enum nospace *);

/*
 * Makes some pages that come from preserved blocks the segments' own, in memory or in swap, so that the blocks
 * are free. True if another try to write makes sense. The caller holds no lock. Sleeps.
 */
bool materialisesome(void);

#endif
