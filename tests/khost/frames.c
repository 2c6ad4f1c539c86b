/* SPDX-License-Identifier: GPL-2.0-only */
/* Frames for the tests: each a heap block of its own. */
#include <stdlib.h>
#include <string.h>
#include "khost.h"
#include "guestos/kernel/clock.h"

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

void pageref(Page *p)
{
    ASSERT(p->ref > 0, "a reference is taken to a frame that someone holds");
    p->ref++;
}

void putpage(Page *p)
{
    ASSERT(p->ref > 0, "a frame is put as often as it was taken");
    if (--p->ref == 0) {
        memory.frames--;
        forgetswap(p);
        free(p);
    }
}

void *pagekva(const Page *p)
{
    return ((Frame *)(uintptr_t)p)->bytes;
}

uint64_t pagepa(const Page *p)
{
    return (uint64_t)(uintptr_t)pagekva(p);
}

Page *kvapage(const void *kva)
{
    return (Page *)((uintptr_t)kva - offsetof(Frame, bytes));
}
