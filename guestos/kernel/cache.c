/* SPDX-License-Identifier: GPL-2.0-only */
/* The block cache, read side: blocks that are asked for, and blocks that will be. */
#include "buf.h"
#include "proc.h"

enum { SECTORS = 8 };

void cacheinit(void)
{
    bufinit();
}

/* Starts to read a chain of buffers. The request takes a pin of each over. */
static void startread(Buf *chain, uint64_t n, uint64_t ino, uint64_t off, uint64_t cause)
{
    for (Buf *b = chain; b != NULL; b = b->run)
        b->reading = true;
    startio(chain, false, tracetransfer(chain, n, EV_boundary_disk, false, ino, off, cause), NULL);
}

/* Waits for a pinned buffer to be read. 0, or the error and the pin is gone. */
static int finishread(Buf *b)
{
    while (b->reading)
        sleepon(&b->waiters, EV_wait_block);
    int err = b->failed;
    if (err == 0)
        return 0;
    uint64_t sector = b->blk * SECTORS;
    unpinbuf(b);
    return error(-err, "disk: sector %lu: i/o error", sector);
}

static int readone(Buf *b, uint64_t ino, uint64_t off, uint64_t cause)
{
    cachestat.misses++;
    pinbuf(b); /* the request's */
    b->run = NULL;
    startread(b, 1, ino, off, cause);
    return finishread(b);
}

/* A buffer that is in the cache, or on its way. 0, 1 if it has to be read anew, or an error. */
static int finishhit(Buf *b)
{
    while (b->reading)
        sleepon(&b->waiters, EV_wait_block);
    if (b->failed == 0 || !b->together)
        return finishread(b);
    unpinbuf(b);
    return 1;
}

int bufget(uint64_t blk, enum tfs_class class, enum tfs_how how, uint64_t ino, uint64_t off, uint64_t cause, Buf **out,
           bool *hit)
{
    int err;
    do {
        Buf *b = buflookup(blk);
        *hit = b != NULL;
        if (b == NULL && (b = newbuf(blk, class)) == NULL) {
            if (buflookup(blk) == NULL)
                return error(T_ENOMEM, "out of memory");
            err = 1;
            continue;
        }
        *out = b;
        if (!*hit)
            return how == TFS_GET_READ ? readone(b, ino, off, cause) : 0;
        pinbuf(b);
        cachestat.hits[class]++;
        b->ahead = false;
        err = finishhit(b);
    } while (err == 1);
    return err;
}

static int checkcrc(Buf *b, const struct tfs_extent *e)
{
    if (!b->unchecked)
        return 0;
    if (e != NULL && tfs_crc32c(0, pagekva(b->page), TFS_BLOCK) != e->crc) {
        print("file system: block %lu: checksum is wrong\n", b->blk);
        if (b->hashed)
            unhashbuf(b); /* who asks again has it read again (E1) */
        return error(T_EIO, "block %lu: checksum is wrong", b->blk);
    }
    b->unchecked = false;
    return 0;
}

int cacheget(uint64_t blk, const struct tfs_extent *e, uint64_t ino, uint64_t off, uint64_t cause, Page **page)
{
    Buf *b;
    bool hit;
    int err = bufget(blk, TFS_DATA, TFS_GET_READ, ino, off, cause, &b, &hit);
    if (err < 0)
        return err;
    if (hit && !b->unchecked) /* the first use of what was read ahead has its row: that of the read */
        tracetransfer(b, 1, EV_boundary_cache, false, ino, off, cause);
    err = checkcrc(b, e);
    if (err < 0)
        unpinbuf(b);
    else
        *page = b->page;
    return err;
}

void cacheput(uint64_t blk, Page *page)
{
    Buf *b = page->owner;
    ASSERT(b != NULL && b->blk == blk, "cacheput gets what cacheget gave");
    unpinbuf(b);
}

/* New buffers for up to n blocks from blk on, as far as they are not in the cache; as a chain. How many. */
static uint64_t newrun(uint64_t blk, uint64_t n, Buf **chain)
{
    Buf **end = chain;
    uint64_t got = 0;
    for (; got < n && got < DISK_RUN && buflookup(blk + got) == NULL; got++) {
        Buf *b = newbuf(blk + got, TFS_DATA);
        if (b == NULL)
            break;
        b->reading = b->ahead = b->together = true; /* now: making the next one may sleep */
        *end = b;
        end = &b->run;
    }
    *end = NULL;
    return got;
}

void cachecluster(uint64_t blk, uint64_t n, uint64_t ino, uint64_t off, uint64_t cause)
{
    for (uint64_t i = 0, got; i < n; i += got > 0 ? got : 1) {
        Buf *chain = NULL;
        got = newrun(blk + i, n - i, &chain);
        if (got == 0 && buflookup(blk + i) == NULL)
            return; /* memory is short */
        if (got == 0)
            continue;
        cachestat.ahead += got;
        startread(chain, got, ino, off + i * TFS_BLOCK, cause);
    }
}

bool cachehas(uint64_t blk)
{
    const Buf *b = buflookup(blk);
    return b != NULL && !b->reading;
}
