/* SPDX-License-Identifier: GPL-2.0-only */
/* The block cache as the file system core sees it: struct tfs_env of fs/tfs.h. */
#include <string.h>
#include "buf.h"
#include "fileio.h"
#include "proc.h"
#include "trace.h"

static void *envalloc(void *ctx, size_t bytes)
{
    (void)ctx;
    return kalloc(bytes);
}

static void envfree(void *ctx, void *p, size_t bytes)
{
    (void)ctx;
    (void)bytes;
    kfree(p);
}

static int envget(void *ctx, uint64_t blk, enum tfs_class class, enum tfs_how how, void **data, int *fresh)
{
    (void)ctx;
    Buf *b;
    bool hit;
    int err = bufget(blk, class, how, 0, 0, up->cause, &b, &hit);
    if (err < 0)
        return err;
    b->class = (uint8_t)class;
    *fresh = b->unchecked && how == TFS_GET_READ;
    b->unchecked = false; /* the core compares it now */
    *data = pagekva(b->page);
    return 0;
}

static void envput(void *ctx, uint64_t blk, void *data, int isdirty)
{
    (void)ctx;
    Buf *b = kvapage(data)->owner;
    ASSERT(b != NULL && b->blk == blk, "put gets what get gave");
    ASSERT(!isdirty || b->page->maps == 0, "R11: a frame that is lent does not change");
    if (isdirty)
        markdirty(b);
    unpinbuf(b);
    if (isdirty)
        balancedirty();
}

static void envdrop(void *ctx, uint64_t blk)
{
    (void)ctx;
    Buf *b = buflookup(blk);
    if (b == NULL)
        return;
    pinbuf(b);
    while (b->reading || b->writing)
        sleepon(&b->waiters, EV_wait_block);
    if (b->dirty)
        takedirty(b);
    if (b->hashed)
        unhashbuf(b);
    unpinbuf(b);
}

static int envflush(void *ctx, uint64_t *written)
{
    (void)ctx;
    int err = flushbufs(written);
    return err < 0 ? err : diskflush();
}

static uint64_t envnow(void *ctx)
{
    (void)ctx;
    return nanoseconds();
}

static void envevent(void *ctx, const struct tfs_event *e)
{
    static uint64_t commit, cause;
    (void)ctx;
    switch (e->kind) {
    case TFS_EV_PRESERVE:
        preserved(e);
        break;
    case TFS_EV_COMMIT_BEGIN:
        commit = TRACE(commit, .epoch = e->epoch);
        cause = pushcause(commit);
        break;
    case TFS_EV_COMMIT_END:
        popcause(cause);
        ENDTRACE(commit, commit, .blocks = e->blocks, .error = (uint64_t)(e->error < 0 ? -e->error : e->error));
        tracecache(EV_cache_moment_commit, e->blocks);
        break;
    }
}

/* While the file system is being mounted a complaint may mean that there is none, which devfs.c says better. */
static void envcomplain(void *ctx, uint64_t blk, const char *what)
{
    (void)ctx;
    if (rootfs != NULL)
        print("file system: block %lu: %s\n", blk, what);
}

const struct tfs_env cacheenv = {
    .alloc = envalloc,
    .free = envfree,
    .get = envget,
    .put = envput,
    .drop = envdrop,
    .flush = envflush,
    .now_ns = envnow,
    .event = envevent,
    .complain = envcomplain,
};
