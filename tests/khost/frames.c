/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Frames for the tests: each a heap block of its own. For reservations (reserve.h) there is a pool besides, whose frames lie
 * together; nobody else gets those.
 */
#include <stdlib.h>
#include <string.h>
#include "khost.h"
#include "guestos/kernel/clock.h"
#include "guestos/kernel/reserve.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#endif

enum { POOL_RUNS = 48, POOL = POOL_RUNS * SUPER_PAGES + 5 }; /* the last five are in no run */

static Page pool[POOL];
static char *poolbytes; /* aligned like a superpage */
static uint64_t listed;

uint64_t framereserve(void)
{
    return memory.reserve;
}

uint64_t freepages(void)
{
    return memory.frame_limit == 0                     ? UINT64_MAX
           : memory.frames >= memory.frame_limit ? 0
                                                 : memory.frame_limit - memory.frames;
}

bool makeroom(Segment *mine)
{
    if (endreservation())
        return true;
    if (!memory.no_swap)
        swaprefill();
    return clockpages(16, mine) > 0;
}

size_t segreclaim(size_t n)
{
    return clockpages(n, NULL);
}

Page *newpage(void)
{
    while (freepages() == 0)
        if (!makeroom(NULL))
            return NULL;
    Frame *f = malloc(sizeof *f);
    memset(f, 0xa5, sizeof *f); /* contents are undefined: make a reader of them fail */
    f->page = (Page){.ref = 1};
    memory.frames++;
    return &f->page;
}

Page *newzeropage(void)
{
    Page *p = newpage();
    if (p != NULL)
        memset(pagekva(p), 0, PGSIZE);
    return p;
}

/* ---- the pool ---- */

static bool pooled(const Page *p)
{
    return p >= pool && p < pool + POOL;
}

void superpages_on(void)
{
    superpages = true;
    if (poolbytes != NULL)
        return;
    poolbytes = aligned_alloc(SUPERPAGE, (POOL_RUNS + 1) * SUPERPAGE);
    ASAN_POISON_MEMORY_REGION(poolbytes, POOL * PGSIZE);
    listed = POOL;
    reserveinit();
    memory.objects--; /* the table of runs stays */
}

uint64_t pool_used(void)
{
    return poolbytes != NULL ? POOL - listed - reservedframes() : 0;
}

uint64_t totalpages(void)
{
    return POOL;
}

Page *frameat(uint64_t i)
{
    return &pool[i];
}

uint64_t framenumber(const Page *p)
{
    return (uint64_t)(p - pool);
}

void listframe(Page *p, bool last)
{
    (void)last;
    ASSERT(pooled(p) && p->ref == 0, "only a free frame is on the list");
    listed++;
}

void unlistframe(Page *p)
{
    ASSERT(pooled(p) && p->ref == 0, "only a free frame leaves the list");
    listed--;
}

void useframe(Page *p)
{
    ASSERT(pooled(p) && p->ref == 0, "only a free frame is given to somebody");
    *p = (Page){.ref = 1};
    ASAN_UNPOISON_MEMORY_REGION(pagekva(p), PGSIZE);
    memset(pagekva(p), 0xa5, PGSIZE);
    memory.frames++;
}

/* ---- */

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
    memory.frames--;
    forgetswap(p);
    if (!pooled(p)) {
        free(p);
        return;
    }
    ASAN_POISON_MEMORY_REGION(pagekva(p), PGSIZE);
    if (!framefreed(p))
        listframe(p, false);
}

void *pagekva(const Page *p)
{
    return pooled(p) ? poolbytes + (p - pool) * PGSIZE : ((Frame *)(uintptr_t)p)->bytes;
}

uint64_t pagepa(const Page *p)
{
    return (uint64_t)(uintptr_t)pagekva(p);
}

Page *kvapage(const void *kva)
{
    uint64_t off = (uintptr_t)kva - (uintptr_t)poolbytes;
    return poolbytes != NULL && off < POOL * PGSIZE ? &pool[off / PGSIZE] : (Page *)((uintptr_t)kva - offsetof(Frame, bytes));
}
