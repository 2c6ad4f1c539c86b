/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * FIFO, clock and random replacement by simulation. Memories of all sizes are simulated beside each other: a page has a bit for
 * each that holds it, so that a reference which hits everywhere costs the same as one.
 */
#include <stdlib.h>
#include <string.h>
#include "study.h"

struct memory {
    uint64_t frames, used, hand; /* used: frames that hold a page */
    uint64_t misses;
    uint32_t *pages; /* by frame */
    uint64_t room;   /* of pages: grows up to frames */
};

struct study_queue {
    enum study_queue_kind kind;
    unsigned n;
    uint64_t all; /* a bit for each memory */
    uint64_t seed;
    struct memory memories[STUDY_MOST_SIZES];
    uint64_t *resident, *referenced; /* by page: bits of memories */
    uint32_t pages_room;
};

static uint64_t rnd(struct study_queue *q)
{
    q->seed ^= q->seed << 13;
    q->seed ^= q->seed >> 7;
    q->seed ^= q->seed << 17;
    return q->seed * 0x2545f4914f6cdd1dull >> 16;
}

/* The frame whose page has to go. */
static uint64_t victim(struct study_queue *q, unsigned i)
{
    struct memory *m = &q->memories[i];
    uint64_t bit = 1ull << i, at;
    if (q->kind == STUDY_RANDOM)
        return rnd(q) % m->frames;
    while (q->kind == STUDY_CLOCK && q->referenced[m->pages[m->hand]] & bit) { /* a second chance */
        q->referenced[m->pages[m->hand]] &= ~bit;
        m->hand = m->hand + 1 == m->frames ? 0 : m->hand + 1;
    }
    at = m->hand;
    m->hand = m->hand + 1 == m->frames ? 0 : m->hand + 1;
    return at;
}

static bool free_frame(struct memory *m, uint64_t *at)
{
    if (m->used == m->room) {
        uint64_t room = 2 * m->room + 64 < m->frames ? 2 * m->room + 64 : m->frames;
        uint32_t *larger = realloc(m->pages, room * sizeof *larger);
        if (!larger)
            return false;
        m->pages = larger;
        m->room = room;
    }
    *at = m->used++;
    return true;
}

static bool miss(struct study_queue *q, unsigned i, uint32_t page)
{
    struct memory *m = &q->memories[i];
    uint64_t at;
    m->misses++;
    if (m->used < m->frames) {
        if (!free_frame(m, &at))
            return false;
    } else {
        at = victim(q, i);
        q->resident[m->pages[at]] &= ~(1ull << i);
    }
    m->pages[at] = page;
    return true;
}

static bool make_room(struct study_queue *q, uint32_t page)
{
    if (page < q->pages_room)
        return true;
    uint32_t room = 2 * page + 1024;
    uint64_t *resident = realloc(q->resident, room * sizeof *resident);
    if (resident)
        q->resident = resident;
    uint64_t *referenced = realloc(q->referenced, room * sizeof *referenced);
    if (referenced)
        q->referenced = referenced;
    if (!resident || !referenced)
        return false;
    memset(resident + q->pages_room, 0, (room - q->pages_room) * sizeof *resident);
    memset(referenced + q->pages_room, 0, (room - q->pages_room) * sizeof *referenced);
    q->pages_room = room;
    return true;
}

bool study_queue_refer(struct study_queue *q, uint32_t page)
{
    if (!make_room(q, page))
        return false;
    uint64_t missing = q->all & ~q->resident[page];
    for (uint64_t left = missing; left; left &= left - 1)
        if (!miss(q, (unsigned)__builtin_ctzll(left), page))
            return false;
    q->resident[page] = q->all;
    q->referenced[page] = q->all;
    return true;
}

uint64_t study_queue_misses(const struct study_queue *q, unsigned size)
{
    return q->memories[size].misses;
}

struct study_queue *study_queue_new(enum study_queue_kind kind, const uint64_t *frames, unsigned n, uint64_t seed)
{
    struct study_queue *q = calloc(1, sizeof *q);
    if (!q)
        return NULL;
    q->kind = kind;
    q->n = n;
    q->all = n == 64 ? UINT64_MAX : (1ull << n) - 1;
    q->seed = seed * 0x9e3779b97f4a7c15ull | 1;
    for (unsigned i = 0; i < n; i++)
        q->memories[i].frames = frames[i];
    return q;
}

void study_queue_free(struct study_queue *q)
{
    if (!q)
        return;
    for (unsigned i = 0; i < q->n; i++)
        free(q->memories[i].pages);
    free(q->resident);
    free(q->referenced);
    free(q);
}
