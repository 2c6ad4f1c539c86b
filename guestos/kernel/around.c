/* SPDX-License-Identifier: GPL-2.0-only */
/* Fill-around; see around.h. */
#include <string.h>
#include "around.h"
#include "fault.h"
#include "fileio.h"
#include "policy.h"
#include "proc.h"

enum { FIRST = 4 }; /* pages after the second fault of a sequence; doubled with each */

unsigned fillaround = AROUND_OFF;

bool aroundnamed(const char *text, unsigned *value)
{
    unsigned n = 0;
    *value = strcmp(text, "seq") == 0 ? AROUND_SEQUENTIAL : AROUND_OFF;
    if (*value != AROUND_OFF || strcmp(text, "off") == 0)
        return true;
    for (; *text >= '0' && *text <= '9' && n <= AROUND_MOST; text++)
        n = n * 10 + (unsigned)(*text - '0');
    *value = n;
    return *text == '\0' && n >= 2 && n <= AROUND_MOST;
}

/* Does the page come from one snapshot, and is it not in memory? */
static bool sourced(const Segment *s, uint64_t va)
{
    PageView v = viewpage(s, va);
    return v.resident.page == NULL && v.kinds == 1u << EV_source_kind_snapshot;
}

/* Memory for guesses must not be taken from what is in use. */
static bool plenty(uint64_t pages)
{
    return freepages() > 4 * framereserve() + pages;
}

static Window sequential(Segment *s, uint64_t va)
{
    if (va != s->expected)
        s->ahead = 0;
    else
        s->ahead = s->ahead == 0 ? FIRST : s->ahead < AROUND_MOST / 2 ? 2 * s->ahead : AROUND_MOST;
    return (Window){va + PGSIZE, va + (1 + (uint64_t)s->ahead) * PGSIZE};
}

static Window aligned(const Segment *s, uint64_t va)
{
    uint64_t pn = pagenumber(s, va) / fillaround * fillaround;
    return (Window){pageaddress(s, pn), pageaddress(s, pn + fillaround)};
}

/* Asks for the blocks of pages that come from snapshots. */
static void prefetch(Segment *s, uint64_t va, uint64_t end)
{
    struct tfs_extent x;
    while (va < end) {
        Source piece = sourceat(s->sources, va, end);
        uint64_t last = piece.off + (piece.end - va);
        for (uint64_t off = piece.off; off < last;) {
            if (snapmap(piece.snap, off / TFS_BLOCK, &x) < 0)
                return; /* it shows where the block is used */
            off = (off / TFS_BLOCK + readcluster(&x, tfs_snap_ino(piece.snap), off, last - off)) * TFS_BLOCK;
        }
        va = piece.end;
    }
}

Window aroundbegin(Segment *s, uint64_t va)
{
    if (!sourced(s, va))
        return (Window){0, 0};
    Window w = fillaround == AROUND_SEQUENTIAL ? sequential(s, va) : aligned(s, va);
    w.end = w.end < s->top ? w.end : s->top;
    s->expected = w.end;
    if (w.va >= w.end || !plenty((w.end - w.va) / PGSIZE))
        return (Window){0, 0};
    while (w.va < va && !sourced(s, w.va)) /* the part of it that is wanted */
        w.va += PGSIZE;
    while (w.end > w.va && w.end > va + PGSIZE && !sourced(s, w.end - PGSIZE))
        w.end -= PGSIZE;
    for (uint64_t at = w.va < va ? w.va : va, end; at < w.end; at = end) {
        for (end = at + PGSIZE; sourced(s, at) && end < w.end && sourced(s, end);)
            end += PGSIZE;
        if (sourced(s, at))
            prefetch(s, at, end);
    }
    return w;
}

void aroundend(Segment *s, Window w, Space *space)
{
    for (uint64_t va = w.va; va < w.end && plenty(1); va += PGSIZE)
        if (sourced(s, va) && fillguess(s, va, space) < 0)
            return; /* who needs the page gets the error */
}
