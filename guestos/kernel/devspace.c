/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * /dev/fs: the room in the file system of disk 0, a line each:
 *
 *   BYTES blocksize; N blocks; N free; N held; N snapshots; N epoch
 *
 * What is held is so by snapshots of running processes, by removed files that are open, or is lent to swap: a crash frees it.
 */
#include "chan.h"
#include "proc.h"
#include "../../fs/tfs.h"

static int64_t spaceread(Chan *c, uint64_t va, uint64_t n, uint64_t off)
{
    char text[256];
    struct tfs_space space;
    (void)c;
    qlock(&fslock);
    tfs_space(rootfs, &space);
    qunlock(&fslock);
    format(text, sizeof text, "%u blocksize\n%lu blocks\n%lu free\n%lu held\n%lu snapshots\n%lu epoch\n", TFS_BLOCK,
           space.blocks, space.free_blocks, space.held_blocks, space.snapshots, space.epoch);
    return readtext(va, n, off, text);
}

static int spacestat(Chan *c, struct tarry_stat *st)
{
    synthstat(st, "fs", &spacedev, c->qid, 0444);
    return 0;
}

const Dev spacedev = {.letter = 'c', .seekable = true, .read = spaceread, .stat = spacestat};
