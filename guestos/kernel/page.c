/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Frames of physical memory: an array of Page, one for each frame, and a list of the free
 * ones. When few are left the block cache and the pages of segments give back (docs/paging.md).
 */
#include <string.h>
#include "cache.h"
#include "clock.h"
#include "image.h"
#include "io.h"
#include "page.h"
#include "proc.h"
#include "reserve.h"
#include "swap.h"

enum {
    RECLAIM = 64,       /* frames asked for at a time */
    RESERVE_SHARE = 64, /* of memory, for who holds fslock */
    CACHE_SHARE = 32,   /* of memory, that the block cache may keep while segments have pages to give */
    PATIENCE = 50,      /* how often to wait for others to get done */
    WAIT_NS = 1000000
};

static Page *pages;         /* of frames [first_pa, first_pa + npages * PGSIZE) */
static uint64_t first_pa, npages;
static uint64_t nfree; /* with those that are reserved (reserve.h) */
static Page freelist = {.next = &freelist, .prev = &freelist}; /* without */

void listframe(Page *p, bool last)
{
    p->prev = last ? freelist.prev : &freelist;
    p->next = p->prev->next;
    p->next->prev = p->prev->next = p;
}

void unlistframe(Page *p)
{
    p->next->prev = p->prev;
    p->prev->next = p->next;
    p->next = p->prev = NULL;
}

static void addfree(Page *p)
{
    nfree++;
    if (!framefreed(p))
        listframe(p, false);
}

void useframe(Page *p)
{
    p->owner = NULL;
    p->kclass = p->inuse = 0;
    p->young = false;
    p->ref = 1;
    nfree--;
}

static void takefree(Page *p)
{
    unlistframe(p);
    frametaken(p);
    useframe(p);
}

void pageinit(uint64_t ram_base, uint64_t ram_bytes, uint64_t first_free_pa)
{
    uint64_t end = (ram_base + ram_bytes) & ~PGMASK;
    first_free_pa = (first_free_pa + PGMASK) & ~PGMASK;
    uint64_t frames = (end - first_free_pa) / PGSIZE;
    uint64_t table = (frames * sizeof(Page) + PGMASK) & ~PGMASK;
    pages = (Page *)(KZERO + first_free_pa);
    memset(pages, 0, table);
    first_pa = first_free_pa + table;
    npages = (end - first_pa) / PGSIZE;
    for (uint64_t i = npages; i > 0; i--)
        listframe(&pages[i - 1], false);
    nfree = npages;
}

uint64_t framereserve(void)
{
    return npages / RESERVE_SHARE;
}

/* From the block cache. What is dirty beyond its share is written first, rather than pages of segments to swap. */
static bool shrinkcache(uint64_t keep)
{
    return cachereclaim(RECLAIM, keep) > 0 ||
           (up != NULL && cachedirty() > keep && cachewriteback() && cachereclaim(RECLAIM, keep) > 0);
}

bool makeroom(Segment *mine)
{
    swaprefill();
    if (shrinkcache(npages / CACHE_SHARE) || imagereclaim(RECLAIM) > 0 || clockpages(RECLAIM, mine) > 0 ||
        imagereclaim(RECLAIM) > 0 || shrinkcache(0))
        return true;
    if (up != NULL && imagewriteback() > 0 && imagereclaim(RECLAIM) > 0)
        return true;
    while (up != NULL && cachewait()) /* what is read ahead has memory, too */
        if (cachereclaim(RECLAIM, 0) > 0)
            return true;
    return false;
}

/* Nothing is to be had now. True if something may be after a while. */
static bool wait(unsigned tries)
{
    if (up == NULL || tries >= PATIENCE || !clockbusy())
        return false;
    timerwait(WAIT_NS);
    return true;
}

/* The frames that the caller must leave alone. */
static uint64_t keepback(void)
{
    return up != NULL && holdsqlock(&fslock) ? 0 : framereserve();
}

Page *newpage(void)
{
    for (unsigned tries = 0; nfree <= keepback(); tries++)
        if (!makeroom(NULL) && !wait(tries))
            return NULL;
    bool listed = freelist.next != &freelist || endreservation();
    ASSERT(listed, "a frame that is free is on the list, or reserved");
    Page *p = freelist.next;
    takefree(p);
    return p;
}

Page *newzeropage(void)
{
    Page *p = newpage();
    if (p != NULL)
        memset(pagekva(p), 0, PGSIZE);
    return p;
}

/* First of n consecutive frames on the list, NULL if there are none. */
static Page *findrun(size_t n)
{
    size_t run = 0;
    for (uint64_t i = 0; i < npages; i++) {
        run = pages[i].next != NULL && pages[i].ref == 0 ? run + 1 : 0;
        if (run == n)
            return &pages[i + 1 - n];
    }
    return NULL;
}

Page *newpages(size_t n)
{
    if (n == 1)
        return newpage();
    Page *p;
    while ((p = findrun(n)) == NULL)
        if (!endreservation() && !makeroom(NULL))
            return NULL;
    for (size_t i = 0; i < n; i++)
        takefree(&p[i]);
    return p;
}

void pageref(Page *p)
{
    ASSERT(p->ref > 0, "a reference is taken to a frame that someone holds");
    p->ref++;
}

void putpage(Page *p)
{
    ASSERT(p->ref > 0, "a frame is put as often as it was taken");
    if (--p->ref > 0)
        return;
    forgetswap(p);
    addfree(p);
}

Page *frameat(uint64_t i)
{
    return &pages[i];
}

uint64_t framenumber(const Page *p)
{
    return (uint64_t)(p - pages);
}

uint64_t pagepa(const Page *p)
{
    return first_pa + (uint64_t)(p - pages) * PGSIZE;
}

void *pagekva(const Page *p)
{
    return (void *)(KZERO + pagepa(p));
}

Page *kvapage(const void *kva)
{
    uint64_t pa = (uint64_t)kva - KZERO;
    ASSERT(pa >= first_pa && pa < first_pa + npages * PGSIZE, "the address is in a frame");
    return &pages[(pa - first_pa) / PGSIZE];
}

uint64_t freepages(void)
{
    return nfree;
}

uint64_t totalpages(void)
{
    return npages;
}
