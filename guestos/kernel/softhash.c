/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A hashed inverted page table: as many entries as the machine has frames, found by the hash of space and page, in chains.
 * A frame that several spaces map has an entry for each; when all are taken, the one under a hand that goes round has to go.
 */
#include <stddef.h>
#include "page.h"
#include "softmap.h"

typedef struct Node {
    SoftEntry entry; /* first: a SoftEntry is its Node */
    uint32_t next;   /* in its chain, or of the free ones; 0: the last */
} Node;

enum { PER_PAGE = PGSIZE / sizeof(Node), HEADS_PER_PAGE = PGSIZE / sizeof(uint32_t) };

static Node **nodes;      /* pages of nodes; number 0 is not used */
static uint32_t **heads;  /* pages of first numbers */
static uint32_t count, buckets, freelist, hand;

static Node *node(uint32_t i)
{
    return &nodes[i / PER_PAGE][i % PER_PAGE];
}

static uint32_t *head(uint64_t space, uint64_t vpn)
{
    uint64_t h = (vpn + space * 0x9e3779b97f4a7c15ull) * 0xff51afd7ed558ccdull;
    uint32_t i = (uint32_t)(h >> 40) & (buckets - 1);
    return &heads[i / HEADS_PER_PAGE][i % HEADS_PER_PAGE];
}

/* n pages of zeros, and an array of their addresses */
static void *pages(uint32_t n)
{
    void **p = kalloc(n * sizeof *p);
    for (uint32_t i = 0; p != NULL && i < n; i++) {
        Page *page = newzeropage();
        if (page == NULL)
            return NULL; /* the kernel will not start */
        p[i] = pagekva(page);
    }
    return p;
}

static bool init(uint64_t frames)
{
    count = (uint32_t)frames + 1;
    for (buckets = HEADS_PER_PAGE; buckets < frames; buckets *= 2)
        continue;
    nodes = pages(count / PER_PAGE + 1);
    heads = pages(buckets / HEADS_PER_PAGE);
    if (nodes == NULL || heads == NULL)
        return false;
    for (uint32_t i = 1; i < count; i++)
        node(i)->next = i + 1 < count ? i + 1 : 0;
    freelist = 1;
    return true;
}

static SoftEntry *find(uint64_t space, uint64_t vpn)
{
    for (uint32_t i = *head(space, vpn); i != 0; i = node(i)->next) {
        SoftEntry *e = &node(i)->entry;
        if (e->vpn == vpn && e->space == space)
            return e;
    }
    return NULL;
}

static void unlink(Node *n)
{
    uint32_t *p = head(n->entry.space, n->entry.vpn);
    while (node(*p) != n)
        p = &node(*p)->next;
    *p = n->next;
}

/* It is put into the chain of its page already; the caller fills it in. */
static SoftEntry *place(uint64_t space, uint64_t vpn)
{
    uint32_t i = freelist;
    static SoftEntry gone;
    if (i == 0) {
        hand = hand % (count - 1) + 1;
        i = hand;
        gone = node(i)->entry;
        unlink(node(i));
    } else {
        freelist = node(i)->next;
        gone.space = 0;
    }
    uint32_t *h = head(space, vpn);
    node(i)->next = *h;
    *h = i;
    node(i)->entry = gone; /* what has to go, for the caller to see */
    return &node(i)->entry;
}

static void removeentry(SoftEntry *e)
{
    Node *n = (Node *)e;
    uint32_t *p = head(e->space, e->vpn), i;
    while (node(*p) != n)
        p = &node(*p)->next;
    i = *p;
    *p = n->next;
    e->space = 0;
    n->next = freelist;
    freelist = i;
}

static void each(uint64_t space, uint64_t first, uint64_t end, void (*f)(SoftEntry *, void *), void *arg)
{
    if (end - first < count) {
        for (uint64_t vpn = first; vpn < end; vpn++) {
            SoftEntry *e = find(space, vpn);
            if (e != NULL)
                f(e, arg);
        }
        return;
    }
    for (uint32_t i = 1; i < count; i++) {
        SoftEntry *e = &node(i)->entry;
        if (e->space == space && e->vpn >= first && e->vpn < end)
            f(e, arg);
    }
}

const SoftMap softhash = {"hash", init, find, place, removeentry, each};
