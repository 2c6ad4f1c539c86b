/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The block cache: disk blocks in frames, found by number. A buffer is on one of two lists, or pinned and clean
 * and on none:
 *
 *   clean   not pinned; least recently used last. cachereclaim takes frames from its end.
 *   dirty   to be written by the next flush, or earlier if memory is short.
 *
 * A buffer that is being read is pinned by its reader and whoever else wants it waits. One that is being written may be
 * read, and changed too: then it is dirty again and is written once more, but not before the first write is done.
 */
#include <string.h>
#include "cache.h"
#include "fileio.h"
#include "proc.h"
#include "trace.h"
#include "virtio.h"

enum { DIRTY_SHARE = 4, WRITE_BACK = 256, SECTORS = 8 };

typedef struct Buf Buf;
struct Buf {
    uint64_t blk;
    Page *page;
    uint32_t pins;
    uint8_t class;    /* enum tfs_class */
    bool hashed;      /* still the buffer of blk (not dropped, not failed) */
    bool reading;     /* being read: contents undefined */
    bool writing;     /* being written */
    bool dirty;       /* on the dirty list */
    bool unchecked;   /* read from the disk, checksum not compared yet */
    int failed;       /* the error of the read */
    Rendez waiters;   /* for reading or writing to end */
    Buf *chain;       /* same hash bucket */
    Buf *next, *prev; /* in a list */
    Buf *run;         /* to be written by one process */
};

struct list {
    Buf head; /* sentinel */
    uint64_t n;
};

static struct list clean, dirty;
static Buf **buckets;
static uint64_t nbuckets;  /* power of two */
static uint64_t nwriting;
static uint64_t nbufs;
static Rendez writedone;

/* ---- lists and the hash table ---- */

static void listinit(struct list *l)
{
    l->head.next = l->head.prev = &l->head;
}

static void addto(struct list *l, Buf *b)
{
    b->next = l->head.next;
    b->prev = &l->head;
    b->next->prev = b;
    l->head.next = b;
    l->n++;
}

static void removefrom(struct list *l, Buf *b)
{
    b->next->prev = b->prev;
    b->prev->next = b->next;
    b->next = b->prev = NULL;
    l->n--;
}

void cacheinit(void)
{
    nbuckets = 64;
    while (nbuckets < totalpages() / 2)
        nbuckets *= 2;
    buckets = kalloc(nbuckets * sizeof *buckets);
    if (buckets == NULL)
        panic("no memory for the block cache");
    listinit(&clean);
    listinit(&dirty);
}

static Buf **bucket(uint64_t blk)
{
    return &buckets[(blk * 0x9e3779b97f4a7c15ull >> 20) & (nbuckets - 1)];
}

static Buf *lookup(uint64_t blk)
{
    Buf *b = *bucket(blk);
    while (b != NULL && b->blk != blk)
        b = b->chain;
    return b;
}

static void hash(Buf *b)
{
    Buf **at = bucket(b->blk);
    b->chain = *at;
    *at = b;
    b->hashed = true;
}

static void unhash(Buf *b)
{
    Buf **at = bucket(b->blk);
    while (*at != b)
        at = &(*at)->chain;
    *at = b->chain;
    b->hashed = false;
}

static void freebuf(Buf *b)
{
    nbufs--;
    b->page->owner = NULL;
    putpage(b->page);
    kfree(b);
}

/* A pinned buffer for blk that is not in the cache. NULL: no memory, or the block has come in while we slept. */
static Buf *newbuf(uint64_t blk, enum tfs_class class)
{
    Page *page = newpage();
    Buf *b = page != NULL ? kalloc(sizeof *b) : NULL;
    if (b == NULL || lookup(blk) != NULL) {
        if (page != NULL)
            putpage(page);
        kfree(b);
        return NULL;
    }
    b->blk = blk;
    b->page = page;
    b->class = (uint8_t)class;
    b->pins = 1;
    page->owner = b;
    nbufs++;
    hash(b);
    return b;
}

static void pin(Buf *b)
{
    if (b->pins++ == 0 && !b->dirty)
        removefrom(&clean, b);
}

static void unpin(Buf *b)
{
    ASSERT(b->pins > 0, "a buffer is put as often as it was got");
    if (--b->pins > 0)
        return;
    if (!b->hashed)
        freebuf(b);
    else if (!b->dirty)
        addto(&clean, b);
}

static void markdirty(Buf *b)
{
    if (b->dirty || !b->hashed)
        return;
    b->dirty = true;
    addto(&dirty, b);
}

/* ---- reading ---- */

static uint64_t tracetransfer(const Buf *b, uint64_t blocks, enum ev_enum_boundary boundary, bool output, uint64_t ino,
                              uint64_t off, uint64_t cause)
{
    return TRACECAUSE(transfer, cause, .boundary = boundary, .class = b->class, .file = ino, .offset = off,
                      .block = b->blk, .bytes = blocks * TFS_BLOCK, .pages = blocks, .output = output);
}

/* The reader's end of a read of n buffers. */
static void readdone(Buf **bufs, unsigned n, int err)
{
    for (unsigned i = 0; i < n; i++) {
        bufs[i]->reading = false;
        bufs[i]->unchecked = err == 0;
        bufs[i]->failed = err;
        if (err < 0)
            unhash(bufs[i]);
        wakeall(&bufs[i]->waiters);
    }
}

static int readbufs(Buf **bufs, unsigned n, uint64_t ino, uint64_t off, uint64_t cause)
{
    Page *frames[DISK_RUN];
    for (unsigned i = 0; i < n; i++) {
        frames[i] = bufs[i]->page;
        bufs[i]->reading = true;
    }
    uint64_t transfer = tracetransfer(bufs[0], n, EV_boundary_disk, false, ino, off, cause);
    tracedisk(bufs[0]->blk * SECTORS, transfer, bufs[0]->class);
    int err = diskio(false, bufs[0]->blk, frames, n);
    readdone(bufs, n, err);
    return err;
}

/* Pins the buffer of blk if it is in the cache; waits if somebody reads it. 0, 1 if it is not there, or the error. */
static int getcached(uint64_t blk, Buf **out)
{
    Buf *b = lookup(blk);
    if (b == NULL)
        return 1;
    pin(b);
    while (b->reading)
        sleepon(&b->waiters);
    int err = b->failed;
    if (err < 0) {
        unpin(b);
        return error(-err, "block %lu: i/o error", blk);
    }
    *out = b;
    return 0;
}

/* Pins the buffer of blk, reading it if need be. *hit: it was in the cache. */
static int bufget(uint64_t blk, enum tfs_class class, enum tfs_how how, uint64_t ino, uint64_t off, uint64_t cause,
                  Buf **out, bool *hit)
{
    int err;
    while ((err = getcached(blk, out)) == 1) {
        Buf *b = newbuf(blk, class);
        if (b == NULL && lookup(blk) == NULL)
            return error(T_ENOMEM, "out of memory");
        if (b == NULL)
            continue;
        *hit = false;
        err = how == TFS_GET_READ ? readbufs(&b, 1, ino, off, cause) : 0;
        if (err < 0)
            unpin(b);
        *out = b;
        return err;
    }
    *hit = true;
    return err;
}

static int checkcrc(Buf *b, const struct tfs_extent *e)
{
    if (!b->unchecked)
        return 0;
    if (e != NULL && tfs_crc32c(0, pagekva(b->page), TFS_BLOCK) != e->crc) {
        print("file system: block %lu: checksum is wrong\n", b->blk);
        if (b->hashed)
            unhash(b); /* who asks again has it read again (E1) */
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
        unpin(b);
    else
        *page = b->page;
    return err;
}

void cacheput(uint64_t blk, Page *page)
{
    Buf *b = page->owner;
    ASSERT(b != NULL && b->blk == blk, "cacheput gets what cacheget gave");
    unpin(b);
}

int cachecluster(uint64_t blk, uint64_t n, uint64_t ino, uint64_t off, uint64_t cause)
{
    Buf *run[DISK_RUN];
    int err = 0;
    for (uint64_t i = 0; i < n && err == 0;) {
        unsigned got = 0;
        while (i + got < n && got < DISK_RUN && lookup(blk + i + got) == NULL) {
            Buf *b = newbuf(blk + i + got, TFS_DATA);
            if (b == NULL)
                break;
            b->reading = true;
            run[got++] = b;
        }
        if (got > 0)
            err = readbufs(run, got, ino, off + i * TFS_BLOCK, cause);
        for (unsigned k = 0; k < got; k++)
            unpin(run[k]);
        i += got > 0 ? got : 1;
    }
    return err;
}

bool cachehas(uint64_t blk)
{
    const Buf *b = lookup(blk);
    return b != NULL && !b->reading;
}

uint64_t cacheframes(void)
{
    return nbufs;
}

size_t cachereclaim(size_t n, uint64_t keep)
{
    size_t got = 0;
    for (uint64_t tries = clean.n; got < n && tries > 0 && clean.n > keep; tries--) {
        Buf *b = clean.head.prev;
        removefrom(&clean, b);
        if (b->writing || b->page->ref > 1) { /* lent to a segment: no frame would come free */
            addto(&clean, b);
            continue;
        }
        unhash(b);
        freebuf(b);
        got++;
    }
    return got;
}

/* ---- writing ---- */

/* Takes up to n dirty buffers that nobody is writing off the dirty list, pinned, as a chain. */
static Buf *collect(uint64_t n, bool pinnedtoo)
{
    Buf *chain = NULL;
    for (Buf *b = dirty.head.prev, *before; b != &dirty.head && n > 0; b = before) {
        before = b->prev;
        if (b->writing || (b->pins > 0 && !pinnedtoo))
            continue;
        removefrom(&dirty, b);
        b->dirty = false;
        b->writing = true;
        b->pins++;
        nwriting++;
        b->run = chain;
        chain = b;
        n--;
    }
    return chain;
}

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

static void writtendone(Buf *b, int err)
{
    b->writing = false;
    nwriting--;
    if (err < 0)
        markdirty(b);
    wakeall(&b->waiters);
    wakeall(&writedone);
    unpin(b);
}

/* Writes the consecutive blocks of one class at the head of a sorted chain. Returns how many, or the error. */
static int writerun(Buf **chain)
{
    Page *frames[DISK_RUN];
    Buf *first = *chain, *b = first;
    unsigned n = 0;
    while (b != NULL && n < DISK_RUN && b->blk == first->blk + n && b->class == first->class) {
        if (b->class == TFS_META)
            tfs_seal(pagekva(b->page), b->blk);
        frames[n++] = b->page;
        b = b->run;
    }
    uint64_t transfer = tracetransfer(first, n, EV_boundary_disk, true, 0, 0, 0);
    tracedisk(first->blk * SECTORS, transfer, first->class);
    int err = diskio(true, first->blk, frames, n);
    for (unsigned i = 0; i < n; i++) {
        b = *chain;
        *chain = b->run;
        writtendone(b, err);
    }
    return err < 0 ? err : (int)n;
}

/* Writes a chain; goes on after an error, so that nothing stays marked. Adds to *written. */
static int writechain(Buf *chain, uint64_t *written)
{
    int err = 0;
    chain = sort(chain);
    while (chain != NULL) {
        int n = writerun(&chain);
        if (n < 0)
            err = n;
        else
            *written += (uint64_t)n;
    }
    return err;
}

size_t cachewriteback(void)
{
    uint64_t written = 0;
    writechain(collect(WRITE_BACK, false), &written);
    return written;
}

/* ---- the surroundings of the file system core (fs/tfs.h) ---- */

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
    unpin(b);
    if (isdirty && dirty.n > totalpages() / DIRTY_SHARE)
        cachewriteback();
}

static void envdrop(void *ctx, uint64_t blk)
{
    (void)ctx;
    Buf *b = lookup(blk);
    if (b == NULL)
        return;
    pin(b);
    while (b->reading || b->writing)
        sleepon(&b->waiters);
    if (b->dirty)
        removefrom(&dirty, b);
    b->dirty = false;
    if (b->hashed)
        unhash(b);
    unpin(b);
}

static int envflush(void *ctx, uint64_t *written)
{
    (void)ctx;
    while (dirty.n > 0 || nwriting > 0) {
        Buf *chain = collect(UINT64_MAX, true);
        if (chain == NULL) {
            sleepon(&writedone);
            continue;
        }
        int err = writechain(chain, written);
        if (err < 0)
            return err;
    }
    return diskflush();
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
