/* SPDX-License-Identifier: GPL-2.0-only */
/* The policy `eager`: a conventional read. Every byte is copied at the call, through the block cache. */
#include <string.h>
#include "cache.h"
#include "fileio.h"
#include "policy.h"
#include "proc.h"
#include "transfers.h"

enum { CLUSTER = 64 }; /* blocks that the disk is asked for at a time */

static uint64_t min(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* n bytes, or zeros if src is NULL, into the pages of s at va. */
static int store(Segment *s, uint64_t va, const char *src, uint64_t n)
{
    for (uint64_t done = 0; done < n;) {
        uint64_t in = (va + done) & PGMASK, part = min(n - done, PGSIZE - in);
        Page *page;
        int r = fixfault(s, va + done, EV_access_write, true, NULL, &page);
        if (r < 0)
            return r;
        char *dst = (char *)pagekva(page) + in;
        if (src != NULL)
            memcpy(dst, src + done, part);
        else
            memset(dst, 0, part);
        putpage(page);
        done += part;
    }
    return 0;
}

/* One block's share of the read. */
static int readblock(Segment *s, uint64_t va, uint64_t n, const struct tfs_extent *x, uint64_t ino, uint64_t off)
{
    Page *block;
    if (x->blk == 0) /* R4 */
        return store(s, va, NULL, n);
    int r = cacheget(x->blk, x, ino, off - off % TFS_BLOCK, up->cause, &block);
    if (r < 0)
        return r;
    r = store(s, va, (const char *)pagekva(block) + off % TFS_BLOCK, n);
    cacheput(x->blk, block);
    return r;
}

uint64_t readcluster(const struct tfs_extent *x, uint64_t ino, uint64_t off, uint64_t n)
{
    uint64_t blocks = min(min(x->run, CLUSTER), (off % TFS_BLOCK + n + TFS_BLOCK - 1) / TFS_BLOCK);
    if (x->blk != 0 && blocks > 1)
        cachecluster(x->blk, blocks, ino, off - off % TFS_BLOCK, up->cause);
    return blocks;
}

/*
 * Asks for blocks of the read, from *asked to `end`, until those on the way reach a cluster beyond `at`: the disk reads
 * while we copy. 1 if it asked for some, 0, or the error.
 */
static int readahead(const Input *in, uint64_t ino, uint64_t at, uint64_t end, uint64_t *asked)
{
    struct tfs_extent x;
    int r = 0;
    while (*asked < end && *asked <= at + CLUSTER * TFS_BLOCK) {
        r = snapmap(in->snap, *asked / TFS_BLOCK, &x);
        if (r < 0)
            return r;
        *asked = (*asked / TFS_BLOCK + readcluster(&x, ino, *asked, end - *asked)) * TFS_BLOCK;
        r = 1;
    }
    return r;
}

int readnow(Segment *s, uint64_t va, uint64_t n, const Input *in, uint64_t off)
{
    uint64_t asked = off, ino = tfs_snap_ino(in->snap);
    Run run = {.s = s, .file = ino};
    int r = 0;

    for (uint64_t done = 0, part; done < n && r == 0; done += part) {
        struct tfs_extent x;
        uint64_t at = off + done;
        part = min(n - done, TFS_BLOCK - at % TFS_BLOCK);
        if ((r = readahead(in, ino, at, off + n, &asked)) < 0)
            break;
        if (r > 0) {
            endrun(&run);
            r = breathe();
        }
        if (r == 0 && (r = snapmap(in->snap, at / TFS_BLOCK, &x)) == 0)
            r = readblock(s, va + done, part, &x, ino, at);
        if (r == 0)
            addrun(&run, EV_boundary_eager, va + done, at, part, x.blk);
    }
    endrun(&run);
    return r;
}
