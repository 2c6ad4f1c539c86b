/* SPDX-License-Identifier: GPL-2.0-only */
/* Buffers of the block cache: found by number, pinned, listed, given up; see buf.h. */
#include "buf.h"
#include "proc.h"

Buflist dirtybufs;

static Buflist clean;
static Buf **buckets;
static uint64_t nbuckets; /* power of two */
static uint64_t nbufs;

/* ---- the lists ---- */

static void listinit(Buflist *l)
{
    l->head.next = l->head.prev = &l->head;
    l->n = 0;
}

static void addto(Buflist *l, Buf *b)
{
    b->next = l->head.next;
    b->prev = &l->head;
    b->next->prev = b;
    l->head.next = b;
    l->n++;
}

static void removefrom(Buflist *l, Buf *b)
{
    b->next->prev = b->prev;
    b->prev->next = b->next;
    b->next = b->prev = NULL;
    l->n--;
}

void markdirty(Buf *b)
{
    if (b->dirty || !b->hashed)
        return;
    b->dirty = true;
    addto(&dirtybufs, b);
}

void takedirty(Buf *b)
{
    removefrom(&dirtybufs, b);
    b->dirty = false;
}

/* ---- the hash table ---- */

void bufinit(void)
{
    nbuckets = 64;
    while (nbuckets < totalpages() / 2)
        nbuckets *= 2;
    buckets = kalloc(nbuckets * sizeof *buckets);
    if (buckets == NULL)
        panic("no memory for the block cache");
    listinit(&clean);
    listinit(&dirtybufs);
}

static Buf **bucket(uint64_t blk)
{
    return &buckets[(blk * 0x9e3779b97f4a7c15ull >> 20) & (nbuckets - 1)];
}

Buf *buflookup(uint64_t blk)
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

void unhashbuf(Buf *b)
{
    Buf **at = bucket(b->blk);
    while (*at != b)
        at = &(*at)->chain;
    *at = b->chain;
    b->hashed = false;
}

/* ---- making, pinning, freeing ---- */

Buf *newbuf(uint64_t blk, enum tfs_class class)
{
    Page *page = newpage();
    Buf *b = page != NULL ? kalloc(sizeof *b) : NULL;
    if (b == NULL || buflookup(blk) != NULL) {
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

static void freebuf(Buf *b)
{
    nbufs--;
    b->page->owner = NULL;
    putpage(b->page);
    kfree(b);
}

void pinbuf(Buf *b)
{
    if (b->pins++ == 0 && !b->dirty)
        removefrom(&clean, b);
}

void unpinbuf(Buf *b)
{
    ASSERT(b->pins > 0, "a buffer is put as often as it was got");
    if (--b->pins > 0)
        return;
    if (!b->hashed)
        freebuf(b);
    else if (!b->dirty)
        addto(&clean, b);
}

uint64_t cacheframes(void)
{
    return nbufs;
}

uint64_t cachedirty(void)
{
    return dirtybufs.n;
}

/* ---- giving frames back ---- */

/* Could its frame come free? What is lent to a segment (R11) stays with that; what was read ahead may be wanted soon. */
static bool spared(Buf *b)
{
    bool ahead = b->ahead;
    b->ahead = false;
    return ahead || b->writing || b->page->ref > 1;
}

size_t cachereclaim(size_t n, uint64_t keep)
{
    size_t got = 0;
    for (uint64_t tries = 2 * clean.n; got < n && tries > 0 && clean.n > keep; tries--) {
        Buf *b = clean.head.prev;
        removefrom(&clean, b);
        if (spared(b)) {
            addto(&clean, b);
            continue;
        }
        unhashbuf(b);
        freebuf(b);
        got++;
    }
    cachestat.evicted += got;
    if (got > 0)
        tracecache(EV_cache_moment_reclaim, got);
    return got;
}
