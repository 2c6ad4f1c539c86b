/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Page replacement: a clock over the pages of all segments (S3). docs/paging.md tells how it fits together.
 */
#ifndef CLOCK_H
#define CLOCK_H

#include "segment.h"

/*
 * The hand goes on until n frames are free, at most twice around. A page that was used since it last came by is spared;
 * a clean one is dropped, a dirty one written to swap if there is a slot. Skips what is pinned, and segments that are
 * locked, but for `mine`, which the caller has locked (NULL: none). Frames freed. Sleeps if it writes.
 */
size_t clockpages(size_t n, Segment *mine);
/* Did the last one skip something that may be had in a while? */
bool clockbusy(void);

#endif
