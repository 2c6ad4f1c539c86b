/* SPDX-License-Identifier: GPL-2.0-only */
/* Frames and kernel objects for the tests: each a heap block of its own. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "khost.h"

struct khost_memory memory;

Page *newpage(void)
{
    while (memory.frame_limit != 0 && memory.frames >= memory.frame_limit)
        if (memory.reclaim == NULL || memory.reclaim(16) == 0)
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

void *kalloc(size_t bytes)
{
    memory.kallocs++;
    if (memory.fail_kalloc == 1)
        return NULL;
    if (memory.fail_kalloc > 1)
        memory.fail_kalloc--;
    memory.objects++;
    return calloc(1, bytes);
}

void kfree(void *object)
{
    if (object != NULL)
        memory.objects--;
    free(object);
}

int print(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int n = vfprintf(stderr, fmt, args);
    va_end(args);
    return n;
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
