/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The page map: a radix tree of 16 slots a node (a node fills a kalloc object). Height h
 * holds the pages below 16^h. A slot of a leaf is the address of a Page or a (swap) Slot with its flags in the low bits.
 */
#include <stdbool.h>
#include <stddef.h>
#include "pagemap.h"
#include "proc.h"

/* In the low bits of a leaf's slot: the page's flags, and whether the rest is the address of a Slot. */
enum { FAN_BITS = 4, FAN = 1 << FAN_BITS, FLAGS = PAGE_PARTIAL | PAGE_COW | PAGE_IMAGE, SWAPPED = 8 };

typedef struct RadixNode {
    uintptr_t slot[FAN]; /* leaf: Page * or Slot *, | flags; else: RadixNode *; 0: nothing below */
} RadixNode;

struct PageMap {
    RadixNode *root; /* NULL: empty */
    unsigned height; /* levels of nodes */
    uint64_t count;  /* resident and swapped pages */
};

static uint64_t mapped; /* frames in page maps */

PageMap *newpagemap(void)
{
    return kalloc(sizeof(PageMap));
}

static unsigned slotof(uint64_t pn, unsigned level)
{
    return pn >> (FAN_BITS * level) & (FAN - 1);
}

static bool fits(const PageMap *m, uint64_t pn)
{
    return pn >> (FAN_BITS * m->height) == 0;
}

static Resident unpack(uintptr_t slot)
{
    uintptr_t address = slot & ~(uintptr_t)(FLAGS | SWAPPED);
    if (slot & SWAPPED)
        return (Resident){.slot = (Slot *)address, .flags = slot & FLAGS};
    return (Resident){.page = (Page *)address, .flags = slot & FLAGS};
}

static uintptr_t pack(Resident r)
{
    return r.page != NULL ? (uintptr_t)r.page | r.flags : (uintptr_t)r.slot | r.flags | SWAPPED;
}

/* The map has something more, or less. */
static void enter(Resident r)
{
    if (r.page != NULL)
        mapped += r.page->maps++ == 0;
}

static void giveup(Resident r)
{
    if (r.page != NULL) {
        mapped -= --r.page->maps == 0;
        putpage(r.page);
    } else if (r.slot != NULL) {
        putslot(r.slot);
    }
}

static void freenode(RadixNode *node, unsigned level)
{
    for (unsigned i = 0; i < FAN; i++) {
        if (node->slot[i] == 0)
            continue;
        if (level > 0)
            freenode((RadixNode *)node->slot[i], level - 1);
        else
            giveup(unpack(node->slot[i]));
    }
    kfree(node);
}

void freepagemap(PageMap *m)
{
    if (m->root != NULL)
        freenode(m->root, m->height - 1);
    kfree(m);
}

Resident residentat(const PageMap *m, uint64_t pn)
{
    uintptr_t slot = (uintptr_t)m->root;
    if (!fits(m, pn))
        return (Resident){0};
    for (unsigned level = m->height; level-- > 0 && slot != 0;)
        slot = ((RadixNode *)slot)->slot[slotof(pn, level)];
    return unpack(slot);
}

/* Adds levels on top until pn fits. */
static int grow(PageMap *m, uint64_t pn)
{
    unsigned height;
    while (m->root == NULL || !fits(m, pn)) {
        if (m->root == NULL)
            for (height = 1; pn >> (FAN_BITS * height) != 0;)
                height++;
        else
            height = m->height + 1;
        RadixNode *top = kalloc(sizeof *top);
        if (top == NULL)
            return -T_ENOMEM;
        top->slot[0] = (uintptr_t)m->root;
        m->root = top;
        m->height = height;
    }
    return 0;
}

/* Frees the nodes on the way to pn that have nothing below. Says whether `node` was one. */
static bool prune(RadixNode *node, unsigned level, uint64_t pn)
{
    uintptr_t *slot = &node->slot[slotof(pn, level)];
    if (level > 0 && *slot != 0 && prune((RadixNode *)*slot, level - 1, pn))
        *slot = 0;
    for (unsigned i = 1; i <= FAN; i++) /* what goes goes in ascending order, mostly: the next one is there */
        if (node->slot[(slotof(pn, level) + i) % FAN] != 0)
            return false;
    kfree(node);
    return true;
}

static void pruneroot(PageMap *m, uint64_t pn)
{
    if (m->root != NULL && prune(m->root, m->height - 1, pn)) {
        m->root = NULL;
        m->height = 0;
    }
}

/* The leaf's slot of pn, its way made if need be. NULL: no memory. */
static uintptr_t *makeslot(PageMap *m, uint64_t pn)
{
    if (grow(m, pn) < 0)
        return NULL;
    RadixNode *node = m->root;
    for (unsigned level = m->height - 1; level > 0; level--) {
        uintptr_t *slot = &node->slot[slotof(pn, level)];
        if (*slot == 0)
            *slot = (uintptr_t)kalloc(sizeof *node);
        if (*slot == 0)
            return NULL;
        node = (RadixNode *)*slot;
    }
    return &node->slot[slotof(pn, 0)];
}

int setresident(PageMap *m, uint64_t pn, Resident r)
{
    uintptr_t *slot = makeslot(m, pn);
    if (slot == NULL) {
        pruneroot(m, fits(m, pn) ? pn : 0);
        return -T_ENOMEM;
    }
    Resident old = unpack(*slot);
    *slot = pack(r);
    if (!isheld(old))
        m->count++;
    if (old.page == r.page && old.slot == r.slot)
        return 0;
    enter(r);
    giveup(old);
    return 0;
}

void dropresident(PageMap *m, uint64_t pn)
{
    uintptr_t *slot = makeslot(m, pn);
    ASSERT(slot != NULL && *slot != 0, "S1: only a resident or swapped page is dropped");
    giveup(unpack(*slot));
    *slot = 0;
    m->count--;
    pruneroot(m, pn);
}

/* The first page held from pn on and below end, in the subtree of `node` whose first page is `first`. */
static Resident search(const RadixNode *node, unsigned level, uint64_t first, uint64_t *pn, uint64_t end)
{
    unsigned bits = FAN_BITS * level;
    uint64_t from = *pn > first ? *pn - first : 0;
    for (unsigned i = (unsigned)(from >> bits); i < FAN; i++) {
        uint64_t start = first + ((uint64_t)i << bits);
        if (start >= end)
            break;
        if (node->slot[i] == 0)
            continue;
        if (level == 0) {
            *pn = start;
            return unpack(node->slot[i]);
        }
        Resident found = search((RadixNode *)node->slot[i], level - 1, start, pn, end);
        if (isheld(found))
            return found;
    }
    return (Resident){0};
}

Resident nextheld(const PageMap *m, uint64_t *pn, uint64_t end)
{
    if (m->root == NULL || !fits(m, *pn) || *pn >= end)
        return (Resident){0};
    Resident r = residentat(m, *pn); /* pages lie in rows, mostly */
    return isheld(r) ? r : search(m->root, m->height - 1, 0, pn, end);
}

Resident nextresident(const PageMap *m, uint64_t *pn, uint64_t end)
{
    Resident r;
    for (r = nextheld(m, pn, end); r.slot != NULL; r = nextheld(m, pn, end))
        ++*pn;
    return r;
}

uint64_t countresident(const PageMap *m)
{
    return m->count;
}

uint64_t mappedframes(void)
{
    return mapped;
}
