/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * /dev/swap: where memory is, a line each. USED/ALL counts frames for user, slots for swap; what is pinned are blocks
 * of the disk that snapshots hold.
 *
 *   BYTES memory; BYTES pagesize; FRAMES kernel; USED/ALL user; FRAMES cache; USED/ALL swap;
 *   N segments; N snapshots; N pinned
 */
#include "cache.h"
#include "chan.h"
#include "fault.h"
#include "pagemap.h"
#include "proc.h"
#include "swap.h"

/* Blocks that only snapshots, or removed files that are open, hold. */
static uint64_t pinnedblocks(const struct tfs_space *space)
{
    uint64_t lent = swapused() + swappool() + swaplost();
    return space->held_blocks > lent ? space->held_blocks - lent : 0;
}

static int64_t swapread(Chan *c, uint64_t va, uint64_t n, uint64_t off)
{
    char text[512];
    struct tfs_space space;
    uint64_t user = mappedframes(), cache = cacheframes(), taken = totalpages() - freepages();
    (void)c;
    tfs_space(rootfs, &space);
    format(text, sizeof text,
           "%lu memory\n%lu pagesize\n%lu kernel\n%lu/%lu user\n%lu cache\n%lu/%lu swap\n%u segments\n%lu snapshots\n"
           "%lu pinned\n",
           (uint64_t)(totalpages() * PGSIZE), (uint64_t)PGSIZE, taken > user + cache ? taken - user - cache : 0, user, totalpages(),
           cache, swapused(), swapused() + swappool(), countsegs(), space.snapshots, pinnedblocks(&space));
    return readtext(va, n, off, text);
}

static int swapstat(Chan *c, struct tarry_stat *st)
{
    synthstat(st, "swap", &swapdev, c->qid, 0444);
    return 0;
}

const Dev swapdev = {.letter = 'c', .seekable = true, .read = swapread, .stat = swapstat};
