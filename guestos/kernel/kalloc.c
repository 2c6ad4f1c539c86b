/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Small objects of the kernel. A frame holds objects of one class, a power of two; frames
 * with a free object are on the list of their class; an empty frame goes back. Larger
 * objects get consecutive frames.
 */
#include <string.h>
#include "page.h"
#include "proc.h"

enum { MIN_SHIFT = 4, MAX_SHIFT = 11, LARGE = MAX_SHIFT + 1 }; /* 16 .. 2048 bytes */

static Page *partial[MAX_SHIFT + 1]; /* by shift: frames with a free object, doubly linked, NULL-ended */

static void link(Page *p)
{
    p->prev = NULL;
    p->next = partial[p->kclass];
    if (p->next != NULL)
        p->next->prev = p;
    partial[p->kclass] = p;
}

static void unlink(Page *p)
{
    if (p->prev != NULL)
        p->prev->next = p->next;
    else
        partial[p->kclass] = p->next;
    if (p->next != NULL)
        p->next->prev = p->prev;
    p->next = p->prev = NULL;
}

/* A new frame, cut into free objects. */
static bool addframe(unsigned shift)
{
    Page *p = newpage();
    if (p == NULL)
        return false;
    p->kclass = (uint16_t)shift;
    char *base = pagekva(p);
    for (size_t at = PGSIZE; at > 0; at -= 1ull << shift) {
        void **object = (void **)(base + at - (1ull << shift));
        *object = p->owner;
        p->owner = object;
    }
    link(p);
    return true;
}

static void *large(size_t bytes)
{
    size_t n = (bytes + PGMASK) / PGSIZE;
    if (n > UINT16_MAX)
        return NULL;
    Page *p = newpages(n);
    if (p == NULL)
        return NULL;
    p->kclass = LARGE;
    p->inuse = (uint16_t)n;
    return memset(pagekva(p), 0, n * PGSIZE);
}

void *kalloc(size_t bytes)
{
    unsigned shift = MIN_SHIFT;
    while (shift <= MAX_SHIFT && (1ull << shift) < bytes)
        shift++;
    if (shift > MAX_SHIFT)
        return large(bytes);
    while (partial[shift] == NULL)
        if (!addframe(shift))
            return NULL;
    Page *p = partial[shift];
    void **object = p->owner;
    p->owner = *object;
    p->inuse++;
    if (p->owner == NULL)
        unlink(p);
    return memset(object, 0, 1ull << shift);
}

void kfree(void *object)
{
    if (object == NULL)
        return;
    Page *p = kvapage(object);
    ASSERT(p->kclass != 0 && p->inuse > 0, "kfree gets what kalloc gave");
    if (p->kclass == LARGE) {
        for (size_t i = 0, n = p->inuse; i < n; i++)
            putpage(&p[i]);
        return;
    }
    if (p->owner == NULL)
        link(p);
    *(void **)object = p->owner;
    p->owner = object;
    if (--p->inuse == 0) {
        unlink(p);
        putpage(p);
    }
}
