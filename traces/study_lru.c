/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * LRU stack distances. The pages used last stand in a short list; the others in a tree of sums over the times at which
 * they left that list (Fenwick), so that how many are above a page is asked in O(log n). Times are renumbered when they
 * run out.
 */
#include <stdlib.h>
#include <string.h>
#include "study.h"

#define TOP 8u
#define LEAST_TIMES 4096u

struct study_lru {
    uint32_t top[TOP];       /* pages, the newest first */
    unsigned ntop;
    uint32_t *time;          /* of a page in the tree; 0: in the list, or new */
    bool *seen;
    uint32_t pages_room;
    uint32_t *tree;          /* 1 ... times */
    uint32_t *page_at;       /* by time; + 1, 0: none */
    uint32_t times, now;     /* room; the last one given */
    uint32_t inside;         /* pages in the tree */
    uint64_t *distances;     /* how many references had distance i: 1 is the page that was used last */
    size_t distances_room;
    uint64_t first;          /* references to new pages */
};

static void tree_add(struct study_lru *l, uint32_t at, uint32_t by)
{
    for (; at <= l->times; at += at & -at)
        l->tree[at] += by;
}

/* Pages whose time is at most `at`. */
static uint32_t tree_sum(const struct study_lru *l, uint32_t at)
{
    uint32_t sum = 0;
    for (; at; at &= at - 1)
        sum += l->tree[at];
    return sum;
}

/* Renumbers the times from 1 on, with room for as many again. */
static bool renumber(struct study_lru *l)
{
    uint32_t times = 2 * l->inside < LEAST_TIMES ? LEAST_TIMES : 2 * l->inside;
    uint32_t *tree = calloc(times + 1ull, sizeof *tree), *page_at = calloc(times + 1ull, sizeof *page_at), n = 0;
    if (!tree || !page_at) {
        free(tree);
        free(page_at);
        return false;
    }
    for (uint32_t i = 1; i <= l->now; i++)
        if (l->page_at[i]) {
            page_at[++n] = l->page_at[i];
            l->time[l->page_at[i] - 1] = n;
        }
    free(l->tree);
    free(l->page_at);
    l->tree = tree;
    l->page_at = page_at;
    l->times = times;
    l->now = n;
    for (uint32_t i = 1; i <= n; i++)
        tree_add(l, i, 1);
    return true;
}

static bool enter_tree(struct study_lru *l, uint32_t page)
{
    if (l->now == l->times && !renumber(l))
        return false;
    l->time[page] = ++l->now;
    l->page_at[l->now] = page + 1;
    l->inside++;
    tree_add(l, l->now, 1);
    return true;
}

static void leave_tree(struct study_lru *l, uint32_t page)
{
    tree_add(l, l->time[page], (uint32_t)-1);
    l->page_at[l->time[page]] = 0;
    l->time[page] = 0;
    l->inside--;
}

static bool note(struct study_lru *l, uint64_t distance, uint64_t times)
{
    if (distance >= l->distances_room) {
        size_t room = 2 * distance + 64;
        uint64_t *larger = realloc(l->distances, room * sizeof *larger);
        if (!larger)
            return false;
        memset(larger + l->distances_room, 0, (room - l->distances_room) * sizeof *larger);
        l->distances = larger;
        l->distances_room = room;
    }
    l->distances[distance] += times;
    return true;
}

static bool make_room(struct study_lru *l, uint32_t page)
{
    if (page < l->pages_room)
        return true;
    uint32_t room = 2 * page + 1024;
    uint32_t *time = realloc(l->time, room * sizeof *time);
    if (time)
        l->time = time;
    bool *seen = realloc(l->seen, room * sizeof *seen);
    if (seen)
        l->seen = seen;
    if (!time || !seen)
        return false;
    memset(time + l->pages_room, 0, (room - l->pages_room) * sizeof *time);
    memset(seen + l->pages_room, 0, (room - l->pages_room) * sizeof *seen);
    l->pages_room = room;
    return true;
}

static void to_front(struct study_lru *l, uint32_t page, unsigned from)
{
    memmove(l->top + 1, l->top, from * sizeof *l->top);
    l->top[0] = page;
}

/* A page that is not in the list: its distance, 0 if it is new. */
static uint64_t deep_distance(struct study_lru *l, uint32_t page)
{
    if (!l->time[page])
        return 0;
    return TOP + (l->inside - tree_sum(l, l->time[page])) + 1;
}

static bool refer_deep(struct study_lru *l, uint32_t page)
{
    uint64_t distance = deep_distance(l, page);
    if (l->time[page])
        leave_tree(l, page);
    if (!l->seen[page])
        l->first++;
    l->seen[page] = true;
    if (l->ntop == TOP) {
        if (!enter_tree(l, l->top[TOP - 1]))
            return false;
    } else {
        l->ntop++;
    }
    to_front(l, page, l->ntop - 1);
    return distance == 0 || note(l, distance, 1);
}

bool study_lru_refer(struct study_lru *l, uint32_t page, uint64_t times)
{
    unsigned at = 0;
    if (!make_room(l, page))
        return false;
    while (at < l->ntop && l->top[at] != page)
        at++;
    if (at < l->ntop)
        to_front(l, page, at);
    if (at < l->ntop ? !note(l, at + 1, 1) : !refer_deep(l, page))
        return false;
    return times < 2 || note(l, 1, times - 1);
}

uint64_t study_lru_misses(const struct study_lru *l, uint64_t frames)
{
    uint64_t misses = l->first;
    for (size_t d = frames + 1; d < l->distances_room; d++)
        misses += l->distances[d];
    return misses;
}

struct study_lru *study_lru_new(void)
{
    struct study_lru *l = calloc(1, sizeof *l);
    if (l && !renumber(l)) {
        free(l);
        return NULL;
    }
    return l;
}

void study_lru_free(struct study_lru *l)
{
    if (!l)
        return;
    free(l->time);
    free(l->seen);
    free(l->tree);
    free(l->page_at);
    free(l->distances);
    free(l);
}
