/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Snapshots as the kernel handles them, with their trace rows. (The read and
 * write calls themselves, fileread and filewrite, are declared in segment.h.)
 */
#ifndef FILEIO_H
#define FILEIO_H

#include "../../fs/tfs.h"

/*
 * A snapshot for n bytes of the file at off (n > 0); opens its trace row if it is a new one. The caller holds fslock. 0
 * or a T_ error.
 */
int takesnap(struct tfs_file *, uint64_t off, uint64_t n, struct tfs_snap **);
/* The same without a row: for a moment. */
int takemoment(struct tfs_file *, uint64_t off, uint64_t n, struct tfs_snap **);
/* Gives that reference back; the last one ends the trace row. Takes fslock if the caller does not hold it. */
void dropsnap(struct tfs_snap *);
/*
 * Another reference, to the blocks of n bytes at off only, by someone who has one to these; and a change of what it wants,
 * to a part, or to more of what somebody else wants still. Neither needs a lock: they do not sleep.
 */
void wantsnap(struct tfs_snap *, struct tfs_want *, uint64_t off, uint64_t n);
void rewantsnap(struct tfs_snap *, struct tfs_want *, uint64_t off, uint64_t n);
/* Gives that one back; what was preserved for it alone is free (S2). As dropsnap. */
void unwantsnap(struct tfs_snap *, struct tfs_want *);
/* tfs_snap_map for a caller who does not hold fslock. 0 or a T_ error. */
int snapmap(struct tfs_snap *, uint64_t fblk, struct tfs_extent *);
/* Trace row of a snapshot. */
uint64_t snapid(struct tfs_snap *);

/* For tfs_env.event: records that a block was kept for a snapshot (TFS_EV_PRESERVE, W6). */
void preserved(const struct tfs_event *);

#endif
