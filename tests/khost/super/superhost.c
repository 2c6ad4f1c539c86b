/* SPDX-License-Identifier: GPL-2.0-only */
/* Surroundings of frames, reservations and page tables for tests; see superhost.h. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "superhost.h"
#include "guestos/kernel/cache.h"
#include "guestos/kernel/clock.h"
#include "guestos/kernel/image.h"
#include "guestos/kernel/io.h"
#include "guestos/kernel/trace.h"

struct superhost host;
Proc *up;
QLock fslock;
_Alignas(4096) uint64_t kernelroot[512];

static Proc process;
static void *block; /* of all tests of a process: kalloc.c and page.c begin once */
static uint64_t free_at_first;

void superhost_begin(void)
{
    host = (struct superhost){0};
    superpages = true;
    up = &process;
    if (block != NULL)
        return;
    block = aligned_alloc(SUPERPAGE, MEMORY);
    pageinit((uint64_t)(uintptr_t)block, MEMORY, (uint64_t)(uintptr_t)block);
    reserveinit();
    free_at_first = freepages();
}

void superhost_end(void)
{
    ASSERT(freepages() == free_at_first, "S4: frames are left");
}

void panic(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    fprintf(stderr, "panic: ");
    vfprintf(stderr, fmt, args);
    fprintf(stderr, "\n");
    va_end(args);
    abort();
}

int error(int code, const char *fmt, ...)
{
    (void)fmt;
    return -code;
}

/* ---- there is nobody to take memory from ---- */

bool swaprefill(void)
{
    return false;
}

size_t cachereclaim(size_t n, uint64_t keep)
{
    (void)n;
    (void)keep;
    return 0;
}

uint64_t cachedirty(void)
{
    return 0;
}

bool cachewriteback(void)
{
    return false;
}

bool cachewait(void)
{
    return false;
}

size_t imagereclaim(size_t n)
{
    (void)n;
    return 0;
}

size_t imagewriteback(void)
{
    return 0;
}

size_t clockpages(size_t n, Segment *mine)
{
    (void)n;
    (void)mine;
    return 0;
}

bool clockbusy(void)
{
    return false;
}

void timerwait(uint64_t ns)
{
    (void)ns;
}

bool holdsqlock(const QLock *l)
{
    return l->holder != NULL;
}

void putslot(Slot *slot)
{
    panic("there is no slot %p", (void *)slot);
}

void forgetswap(Page *p)
{
    ASSERT(p->swap == NULL, "there is no swap");
}

/* ---- the hart ---- */

void asidinit(void)
{
}

void asidswitch(uint64_t satp, Asid *a)
{
    (void)a;
    host.satp = satp;
}

void asidfencepage(const Asid *a, uint64_t va)
{
    (void)a;
    if (host.fence != NULL)
        host.fence(va, false);
}

void asidfence(const Asid *a)
{
    (void)a;
    if (host.fence != NULL)
        host.fence(0, true);
}

/* ---- the trace ---- */

void tracestatus(const Asid *a, uint64_t va, uint64_t pte_pa, uint64_t before, uint64_t after)
{
    (void)a;
    (void)va;
    (void)pte_pa;
    ASSERT(before != after, "A or D has changed");
}

uint64_t traceevent(unsigned kind, void *record, size_t bytes)
{
    (void)record;
    (void)bytes;
    ASSERT(kind == EV_superpage, "there are no other events");
    return ++host.promoted;
}

void traceend(uint64_t id, const void *record, size_t bytes)
{
    const struct ev_superpage_end *end = record;
    (void)bytes;
    ASSERT(id > 0 && id <= host.promoted, "what ends has begun");
    host.demoted[end->why]++;
}
