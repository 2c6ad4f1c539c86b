/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The page map: a radix tree of 16 slots a node (a node fills a kalloc object). Height h
 * holds the pages below 16^h. A slot of a leaf is the address of a Page with its flags in the low bits.
 */
#include <stdbool.h>
#include <stddef.h>
#include "pagemap.h"
#include "proc.h"

enum { FAN_BITS = 4, FAN = 1 << FAN_BITS, FLAGS = PAGE_PARTIAL | PAGE_COW | PAGE_IMAGE };

typedef struct RadixNode {
    uintptr_t slot[FAN]; /* leaf: Page * | flags; else: RadixNode *; 0: nothing below */
} RadixNode;

struct PageMap {
    RadixNode *root; /* NULL: empty */
    unsigned height; /* levels of nodes */
    uint64_t count;  /* resident pages */
};

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
    return (Resident){.page = (Page *)(slot & ~(uintptr_t)FLAGS), .flags = slot & FLAGS};
}

static void freenode(RadixNode *node, unsigned level)
{
    for (unsigned i = 0; i < FAN; i++) {
        if (node->slot[i] == 0)
            continue;
        if (level > 0)
            freenode((RadixNode *)node->slot[i], level - 1);
        else
            putpage(unpack(node->slot[i]).page);
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
    for (unsigned i = 0; i < FAN; i++)
        if (node->slot[i] != 0)
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
    Page *old = unpack(*slot).page;
    *slot = (uintptr_t)r.page | r.flags;
    if (old == NULL)
        m->count++;
    else if (old != r.page)
        putpage(old);
    return 0;
}

void dropresident(PageMap *m, uint64_t pn)
{
    uintptr_t *slot = makeslot(m, pn);
    ASSERT(slot != NULL && *slot != 0, "S1: only a resident page is dropped");
    putpage(unpack(*slot).page);
    *slot = 0;
    m->count--;
    pruneroot(m, pn);
}

/* The first resident page from pn on and below end, in the subtree of `node` whose first page is `first`. */
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
        if (found.page != NULL)
            return found;
    }
    return (Resident){0};
}

Resident nextresident(const PageMap *m, uint64_t *pn, uint64_t end)
{
    if (m->root == NULL || !fits(m, *pn))
        return (Resident){0};
    return search(m->root, m->height - 1, 0, pn, end);
}

uint64_t countresident(const PageMap *m)
{
    return m->count;
}
