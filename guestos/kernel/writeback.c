/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The block cache, write side. Dirty blocks go out in order of their numbers, neighbours in one request, several requests
 * at a time. All of them at a commit (flushbufs); and some before it, because there are many or because memory is short.
 * What goes early is contents rather than metadata, which is likely to change again before the commit.
 */
#include "buf.h"
#include "proc.h"
#include "trace.h"

enum {
    BEHIND_SHARE = 8, /* of memory: if so much is dirty, writing back begins, ... */
    DIRTY_SHARE = 4,  /* ... and if so much is, who makes more waits for it */
    AT_ONCE = 256     /* blocks that are written back at a time, at most or so */
};

static Batch behind;       /* what is written before a commit */
static uint64_t behindrow; /* its row of the trace */

/* ---- what to write ---- */

static bool writable(const Buf *b, bool pinnedtoo)
{
    return b != NULL && b->dirty && !b->writing && (pinnedtoo || b->pins == 0);
}

/* Puts a dirty buffer at the head of a chain, pinned for the request. It stays on the dirty list for now. */
static void take(Buf *b, Buf **chain)
{
    b->writing = true;
    b->pins++;
    b->run = *chain;
    *chain = b;
}

static void takenoff(Buf *chain)
{
    for (; chain != NULL; chain = chain->run)
        takedirty(chain);
}

static Buf *collectall(void)
{
    Buf *chain = NULL;
    for (Buf *b = dirtybufs.head.prev; b != &dirtybufs.head; b = b->prev)
        if (writable(b, true))
            take(b, &chain);
    takenoff(chain);
    return chain;
}

/* b, and its neighbours on the disk as far as they can go with it in one request. How many. */
static uint64_t takeneighbours(const Buf *b, Buf **chain)
{
    uint64_t first = b->blk, n = 0;
    uint8_t class = b->class;
    while (first > 0 && b->blk - first < DISK_RUN / 2 && writable(buflookup(first - 1), false))
        first--;
    for (Buf *next; n < DISK_RUN && writable(next = buflookup(first + n), false) && next->class == class; n++)
        take(next, chain);
    return n;
}

/*
 * The blocks of a class that have been dirty for longest, with their neighbours: about AT_ONCE, but no more than half of all,
 * so that those that are new find neighbours yet.
 */
static Buf *collectoldest(enum tfs_class class)
{
    Buf *chain = NULL;
    uint64_t got = 0, enough = (dirtybufs.n + 1) / 2 < AT_ONCE ? (dirtybufs.n + 1) / 2 : AT_ONCE;
    for (Buf *b = dirtybufs.head.prev; b != &dirtybufs.head && got < enough; b = b->prev)
        if (b->class == class && writable(b, false))
            got += takeneighbours(b, &chain);
    takenoff(chain);
    return chain;
}

/* ---- in which order ---- */

static Buf *merge(Buf *a, Buf *b)
{
    Buf *first = NULL, **end = &first;
    while (a != NULL && b != NULL) {
        Buf **lower = a->blk < b->blk ? &a : &b;
        *end = *lower;
        end = &(*lower)->run;
        *lower = *end;
    }
    *end = a != NULL ? a : b;
    return first;
}

/* Merge sort by block, bottom up: slot i holds a sorted chain of 2^i buffers. */
static Buf *sort(Buf *chain)
{
    Buf *slots[40] = {NULL};
    while (chain != NULL) {
        Buf *b = chain;
        chain = b->run;
        b->run = NULL;
        int i = 0;
        for (; slots[i] != NULL; i++) {
            b = merge(slots[i], b);
            slots[i] = NULL;
        }
        slots[i] = b;
    }
    Buf *all = NULL;
    for (int i = 0; i < 40; i++)
        all = merge(slots[i], all);
    return all;
}

/* ---- writing ---- */

/* Cuts the consecutive blocks of one class off the head of a sorted chain. */
static uint64_t cutrun(Buf **chain)
{
    Buf *b = *chain;
    uint64_t n = 1;
    for (; n < DISK_RUN && b->run != NULL && b->run->blk == b->blk + 1 && b->run->class == b->class; n++)
        b = b->run;
    *chain = b->run;
    b->run = NULL;
    return n;
}

static void startchain(Buf *chain, Batch *batch)
{
    batch->left++; /* so that it is not done before all have been started */
    for (chain = sort(chain); chain != NULL;) {
        Buf *run = chain;
        uint64_t n = cutrun(&chain);
        for (Buf *b = run; b != NULL; b = b->run)
            if (b->class == TFS_META)
                tfs_seal(pagekva(b->page), b->blk);
        cachestat.written += n;
        startio(run, true, tracetransfer(run, n, EV_boundary_disk, true, 0, 0, 0), batch);
    }
    endio(batch, 0, 0);
}

int flushbufs(uint64_t *written)
{
    while (dirtybufs.n > 0 || behind.left > 0) {
        Batch batch = {0};
        Buf *chain = collectall();
        if (chain == NULL) { /* they are being written */
            waitbatch(&behind);
            continue;
        }
        startchain(chain, &batch);
        waitbatch(&batch);
        *written += batch.blocks;
        if (batch.err < 0)
            return error(-batch.err, "disk: i/o error");
    }
    return 0;
}

/* ---- writing before a commit ---- */

static void behinddone(Batch *batch)
{
    ENDTRACE(writeback, behindrow, .blocks = batch->blocks, .requests = batch->requests,
             .error = (uint64_t)-batch->err);
}

/* Starts to write some blocks, unless that is under way. False: there is nothing to write. */
static bool writebehind(enum ev_enum_writeback_why why)
{
    if (behind.left > 0)
        return true;
    Buf *chain = collectoldest(TFS_DATA);
    if (chain == NULL)
        chain = collectoldest(TFS_META);
    if (chain == NULL)
        return false;
    behind = (Batch){.done = behinddone};
    behindrow = TRACE(writeback, .why = why, .dirty = dirtybufs.n);
    uint64_t cause = pushcause(behindrow);
    startchain(chain, &behind);
    popcause(cause);
    return true;
}

void balancedirty(void)
{
    if (dirtybufs.n > totalpages() / BEHIND_SHARE && writebehind(EV_writeback_why_share) &&
        dirtybufs.n > totalpages() / DIRTY_SHARE)
        waitbatch(&behind);
}

bool cachewriteback(void)
{
    if (!writebehind(EV_writeback_why_memory))
        return false;
    waitbatch(&behind);
    return behind.err == 0;
}
