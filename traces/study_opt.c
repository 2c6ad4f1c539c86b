/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Belady's OPT: what goes is the page whose next use is furthest away. For that the future must be known: references are
 * kept. Not all of them. Where no more than k different pages are used for a while, only the first and the last use
 * of each is kept: a memory of at least k frames keeps such a page from the one to the other (there is always
 * another one to throw out, whose next use is later), and compares next uses of pages only where those two stand, so that
 * its misses are the same. k is the smallest number of frames that is asked for.
 */
#include <stdlib.h>
#include <string.h>
#include "study.h"

#define MOST_K 64
#define MOST_KEPT 0x3fffffffu
#define NEVER UINT32_MAX

struct use {
    uint32_t page;
    uint64_t first, last; /* times */
};

struct study_opt {
    uint32_t *refs, *next;   /* pages in order of time; index of the same page's next use */
    uint32_t n, room;
    unsigned k, nuses;
    struct use uses[MOST_K]; /* of the stretch at hand */
    unsigned newest;         /* of uses: the page used last */
    uint64_t time;
    uint32_t pages;          /* highest number + 1 */
    uint32_t *heap, *place;  /* pages in memory, the furthest next use on top; where a page is, + 1 */
    uint32_t *key;           /* next use by page */
    uint32_t heaped;
};

/* ---- thinning out ---- */

static bool keep(struct study_opt *o, uint32_t page)
{
    if (o->n == o->room) {
        uint64_t room = 2ull * o->room + 4096;
        uint32_t *larger = room <= MOST_KEPT ? realloc(o->refs, room * sizeof *larger) : NULL;
        if (!larger)
            return false;
        o->refs = larger;
        o->room = (uint32_t)room;
    }
    o->refs[o->n++] = page;
    return true;
}

static int by_time(const void *a, const void *b)
{
    const struct use *x = a, *y = b;
    return x->first < y->first ? -1 : x->first > y->first;
}

/* The stretch is over: its first and last uses, in order of time. */
static bool flush(struct study_opt *o)
{
    struct use all[2 * MOST_K];
    unsigned n = 0;
    for (unsigned i = 0; i < o->nuses; i++) {
        all[n++] = o->uses[i];
        if (o->uses[i].last != o->uses[i].first)
            all[n++] = (struct use){o->uses[i].page, o->uses[i].last, 0};
    }
    qsort(all, n, sizeof *all, by_time);
    for (unsigned i = 0; i < n; i++)
        if (!keep(o, all[i].page))
            return false;
    o->nuses = 0;
    return true;
}

bool study_opt_refer(struct study_opt *o, uint32_t page)
{
    o->time++;
    if (o->nuses && o->uses[o->newest].page == page) {
        o->uses[o->newest].last = o->time;
        return true;
    }
    for (unsigned i = 0; i < o->nuses; i++)
        if (o->uses[i].page == page) {
            o->uses[i].last = o->time;
            o->newest = i;
            return true;
        }
    if (o->nuses == o->k && !flush(o))
        return false;
    if (page >= o->pages)
        o->pages = page + 1;
    o->newest = o->nuses++;
    o->uses[o->newest] = (struct use){page, o->time, o->time};
    return true;
}

/* ---- the heap of pages in memory ---- */

static void put(struct study_opt *o, uint32_t at, uint32_t page)
{
    o->heap[at] = page;
    o->place[page] = at + 1;
}

static void rise(struct study_opt *o, uint32_t at)
{
    uint32_t page = o->heap[at];
    while (at > 0 && o->key[o->heap[(at - 1) / 2]] < o->key[page]) {
        put(o, at, o->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    put(o, at, page);
}

static void sink(struct study_opt *o, uint32_t at)
{
    uint32_t page = o->heap[at];
    for (;;) {
        uint32_t child = 2 * at + 1;
        if (child >= o->heaped)
            break;
        if (child + 1 < o->heaped && o->key[o->heap[child + 1]] > o->key[o->heap[child]])
            child++;
        if (o->key[o->heap[child]] <= o->key[page])
            break;
        put(o, at, o->heap[child]);
        at = child;
    }
    put(o, at, page);
}

static void evict(struct study_opt *o)
{
    o->place[o->heap[0]] = 0;
    if (--o->heaped) {
        put(o, 0, o->heap[o->heaped]);
        sink(o, 0);
    }
}

/* ---- the simulation ---- */

static bool prepare(struct study_opt *o)
{
    if (!flush(o))
        return false;
    o->next = malloc((o->n + 1ull) * sizeof *o->next);
    o->key = malloc((o->pages + 1ull) * sizeof *o->key);
    o->place = malloc((o->pages + 1ull) * sizeof *o->place);
    o->heap = malloc((o->pages + 1ull) * sizeof *o->heap);
    if (!o->next || !o->key || !o->place || !o->heap)
        return false;
    memset(o->key, 0xff, (o->pages + 1ull) * sizeof *o->key);
    for (uint32_t i = o->n; i-- > 0;) {
        o->next[i] = o->key[o->refs[i]];
        o->key[o->refs[i]] = i;
    }
    return true;
}

bool study_opt_misses(struct study_opt *o, uint64_t frames, uint64_t *misses)
{
    if (!o->next && !prepare(o))
        return false;
    memset(o->place, 0, (o->pages + 1ull) * sizeof *o->place);
    o->heaped = 0;
    *misses = 0;
    for (uint32_t i = 0; i < o->n; i++) {
        uint32_t page = o->refs[i];
        o->key[page] = o->next[i];
        if (o->place[page]) {
            rise(o, o->place[page] - 1);
            continue;
        }
        ++*misses;
        if (o->heaped == frames)
            evict(o);
        put(o, o->heaped++, page);
        rise(o, o->heaped - 1);
    }
    return true;
}

uint64_t study_opt_kept(const struct study_opt *o)
{
    return o->n;
}

struct study_opt *study_opt_new(uint64_t least)
{
    struct study_opt *o = calloc(1, sizeof *o);
    if (o)
        o->k = least < 1 ? 1 : least > MOST_K ? MOST_K : (unsigned)least;
    return o;
}

void study_opt_free(struct study_opt *o)
{
    if (!o)
        return;
    free(o->refs);
    free(o->next);
    free(o->key);
    free(o->place);
    free(o->heap);
    free(o);
}
