/* SPDX-License-Identifier: GPL-2.0-only */
/* Surroundings of the block cache for tests; see cachehost.h. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cachehost.h"
#include "guestos/kernel/fileio.h"

struct cachehost host;
Proc *up;
struct tfs *rootfs;

static Proc process;
static uint64_t words[BLOCKS][TFS_BLOCK / 8];

uint64_t *medium(uint64_t blk)
{
    return words[blk];
}

/* ---- memory ---- */

typedef struct Frame {
    Page page;
    _Alignas(16) char bytes[PGSIZE];
} Frame;

/* As makeroom in page.c does it for the cache. */
static bool makespace(void)
{
    return cachereclaim(16, 8) > 0 || (cachedirty() > 8 && cachewriteback() && cachereclaim(16, 8) > 0) ||
           cachereclaim(16, 0) > 0 || (cachewriteback() && cachereclaim(16, 0) > 0) ||
           (cachewait() && cachereclaim(16, 0) > 0);
}

Page *newpage(void)
{
    while (host.frames >= host.frame_limit)
        if (!makespace())
            return NULL;
    Frame *f = malloc(sizeof *f);
    memset(f, 0xa5, sizeof *f);
    f->page = (Page){.ref = 1};
    host.frames++;
    return &f->page;
}

void putpage(Page *p)
{
    if (--p->ref > 0)
        return;
    host.frames--;
    free(p);
}

void *pagekva(const Page *p)
{
    return ((Frame *)(uintptr_t)p)->bytes;
}

Page *kvapage(const void *kva)
{
    return (Page *)((uintptr_t)kva - offsetof(Frame, bytes));
}

uint64_t totalpages(void)
{
    return host.total;
}

void *kalloc(size_t bytes)
{
    host.objects++;
    return calloc(1, bytes);
}

void kfree(void *object)
{
    host.objects -= object != NULL;
    free(object);
}

/* ---- the disk ---- */

struct transfer {
    Diskop *op;
    bool write;
    uint64_t blk;
    unsigned n;
    void *bytes[DISK_RUN];
};
static struct transfer queue[64];

void diskstart(Diskop *op, bool write, uint64_t blk, Page *const *frames, unsigned n)
{
    struct transfer *t = &queue[host.pending++];
    ASSERT(n > 0 && n <= DISK_RUN && blk + n <= BLOCKS, "a request of the disk");
    if (host.pending > host.most_pending)
        host.most_pending = host.pending;
    *t = (struct transfer){.op = op, .write = write, .blk = blk, .n = n};
    for (unsigned i = 0; i < n; i++)
        t->bytes[i] = pagekva(frames[i]);
    op->done = false;
}

bool disk_step(void)
{
    if (host.pending == 0)
        return false;
    struct transfer t = queue[0];
    bool bad = host.bad_block != 0 && host.bad_block >= t.blk && host.bad_block < t.blk + t.n;
    memmove(queue, queue + 1, --host.pending * sizeof *queue);
    for (unsigned i = 0; i < t.n && !bad; i++)
        memcpy(t.write ? (void *)words[t.blk + i] : t.bytes[i], t.write ? t.bytes[i] : words[t.blk + i], TFS_BLOCK);
    host.requests[t.write]++;
    host.blocks[t.write] += t.n;
    t.op->status = bad;
    t.op->done = true;
    if (t.op->ended != NULL)
        t.op->ended(t.op);
    return true;
}

int diskresult(const Diskop *op)
{
    return op->status == 0 ? 0 : -T_EIO;
}

int diskflush(void)
{
    for (uint64_t i = 0; i < host.pending; i++)
        ASSERT(!queue[i].write, "a commit's barrier comes after its writes");
    host.flushes++;
    return 0;
}

/* ---- processes ---- */

void sleepon(Rendez *r, enum ev_enum_wait wait)
{
    (void)r;
    (void)wait;
    if (host.meanwhile != NULL)
        host.meanwhile();
    else if (!disk_step())
        panic("asleep for ever");
}

void wakeone(Rendez *r)
{
    (void)r;
}

void wakeall(Rendez *r)
{
    (void)r;
}

int error(int code, const char *fmt, ...)
{
    (void)fmt;
    return -code;
}

int print(const char *fmt, ...)
{
    (void)fmt;
    return 0;
}

void panic(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fprintf(stderr, "\n");
    abort();
}

uint64_t nanoseconds(void)
{
    return 0;
}

void preserved(const struct tfs_event *e)
{
    (void)e;
}

/* ---- the trace ---- */

uint64_t traceevent(unsigned kind, void *record, size_t bytes)
{
    if (kind == EV_cache)
        memcpy(&host.last, record, bytes);
    return ++host.events[kind];
}

void traceend(uint64_t id, const void *record, size_t bytes)
{
    (void)id;
    (void)record;
    (void)bytes;
}

void tracedisk(uint64_t sector, uint64_t cause, unsigned block_class)
{
    (void)sector;
    (void)cause;
    (void)block_class;
}

/* ---- */

static bool begun;

void cachehost_begin(void)
{
    host = (struct cachehost){.frame_limit = UINT64_MAX, .total = 512};
    cachestat = (Cachestat){0};
    memset(words, 0, sizeof words);
    up = &process;
    if (!begun)
        cacheinit();
    begun = true;
    host.objects = 0;
}

void cachehost_end(void)
{
    while (disk_step())
        ;
    uint64_t written = 0;
    cacheenv.flush(NULL, &written);
    cachereclaim(UINT64_MAX, 0);
    cachereclaim(UINT64_MAX, 0); /* and those that were spared once */
}
