/* SPDX-License-Identifier: GPL-2.0-only */
#include "memory.h"
#include <stdlib.h>
#include <string.h>
#include "../events.h"

bool memory_holds(unsigned state)
{
    return state == EV_page_state_clean || state == EV_page_state_dirty || state == EV_page_state_swapped;
}

static int by_end(const void *a, const void *b, void *arg)
{
    const struct memory_segment *s = arg;
    uint64_t x = s[*(const size_t *)a].end, y = s[*(const size_t *)b].end;

    return x < y ? -1 : x > y;
}

static int add_segment(struct memory *m, size_t *room, uint64_t id, uint64_t end)
{
    if (m->n == *room) {
        struct memory_segment *larger;
        *room = *room > 0 ? 2 * *room : 64;
        larger = realloc(m->segments, *room * sizeof(*larger));
        if (larger == NULL)
            return -1;
        m->segments = larger;
    }
    m->segments[m->n++] = (struct memory_segment){.id = id, .end = end};
    return 0;
}

int memory_init(struct memory *m, sqlite3 *db, struct curve *resident, struct curve *dirty, struct curve *swapped)
{
    sqlite3_stmt *s;
    size_t room = 0;
    int rc;

    memset(m, 0, sizeof(*m));
    m->resident = resident;
    m->dirty = dirty;
    m->swapped = swapped;
    if (sqlite3_prepare_v2(db, "SELECT id, ts + dur FROM segment ORDER BY id", -1, &s, NULL) != SQLITE_OK)
        return -1;
    while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
        bool ended = sqlite3_column_type(s, 1) != SQLITE_NULL;
        if (add_segment(m, &room, (uint64_t)sqlite3_column_int64(s, 0),
                        ended ? (uint64_t)sqlite3_column_int64(s, 1) : UINT64_MAX) < 0)
            break;
    }
    sqlite3_finalize(s);
    m->by_end = calloc(m->n + 1, sizeof(*m->by_end));
    if (rc != SQLITE_DONE || m->by_end == NULL)
        return -1;
    for (size_t i = 0; i < m->n; i++)
        m->by_end[i] = i;
    if (m->n > 0)
        qsort_r(m->by_end, m->n, sizeof(*m->by_end), by_end, m->segments);
    return 0;
}

void memory_free(struct memory *m)
{
    free(m->segments);
    free(m->by_end);
}

/*
 * A page that a fork left to the segment has no row of its own when it leaves its state: what the segment does not have
 * is not taken from it, so that a shared page counts once, where it came in.
 */
static void add(struct memory *m, uint64_t ts, struct memory_segment *s, unsigned state, int64_t pages)
{
    if (s->pages[state] + pages < 0)
        pages = -s->pages[state];
    if (pages == 0)
        return;
    s->pages[state] += pages;
    if (state == EV_page_state_swapped) {
        curve_add(m->swapped, ts, pages);
        return;
    }
    curve_add(m->resident, ts, pages);
    if (state == EV_page_state_dirty)
        curve_add(m->dirty, ts, pages);
}

static void end_until(struct memory *m, uint64_t ts)
{
    for (; m->ended < m->n; m->ended++) {
        struct memory_segment *s = &m->segments[m->by_end[m->ended]];
        if (s->end > ts || s->end == UINT64_MAX)
            return;
        for (unsigned state = 0; state < MEMORY_STATES; state++)
            add(m, s->end, s, state, -s->pages[state]);
    }
}

static int by_id(const void *id, const void *segment)
{
    uint64_t x = *(const uint64_t *)id, y = ((const struct memory_segment *)segment)->id;
    return x < y ? -1 : x > y;
}

void memory_change(struct memory *m, uint64_t ts, uint64_t segment, unsigned before, unsigned after)
{
    struct memory_segment *s;

    end_until(m, ts);
    s = m->n > 0 ? bsearch(&segment, m->segments, m->n, sizeof(*s), by_id) : NULL;
    if (s == NULL)
        return;
    if (memory_holds(before))
        add(m, ts, s, before, -1);
    if (memory_holds(after))
        add(m, ts, s, after, 1);
}

void memory_end(struct memory *m)
{
    end_until(m, UINT64_MAX - 1);
}
