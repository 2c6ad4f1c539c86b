/* SPDX-License-Identifier: GPL-2.0-only */
/* The rule that everything hangs on (segment.h), checked for a whole address space. */
#include <string.h>
#include "khost.h"

/* Bytes of a page that are the segment's own: of the frame, or of swap. */
static bool own_bytes(Resident r, uint64_t in, unsigned char *buf, uint64_t n)
{
    unsigned char page[PGSIZE];
    if (r.page != NULL)
        memcpy(page, pagekva(r.page), PGSIZE);
    else if (r.slot == NULL || !swap_peek(r.slot, page))
        return false;
    memcpy(buf, page + in, n);
    return true;
}

bool peek(Proc *p, uint64_t va, unsigned char *buf, uint64_t n)
{
    for (uint64_t end = va + n; va < end;) {
        Segment *s = segfor(p, va);
        uint64_t stop = (va & ~PGMASK) + PGSIZE;
        Source piece = sourceat(s->sources, va, stop < end ? stop : end);
        uint64_t part = piece.end - va;
        Resident r = residentat(s->pages, pagenumber(s, va));
        memset(buf, 0, part);
        if (piece.kind == EV_source_kind_own && !own_bytes(r, va & PGMASK, buf, part))
            return false;
        if (piece.kind == EV_source_kind_snapshot &&
                 tfs_snap_read(piece.snap, piece.off, buf, part) != (int64_t)part)
            return false;
        va += part;
        buf += part;
    }
    return true;
}

static const char *page_broken(Proc *p, Segment *s, uint64_t va, Resident r)
{
    unsigned char bytes[PGSIZE];
    const struct mapping *m = mapped(p->space, va);
    PageView v = viewpage(s, va);
    int state = last_state(s->id, va);
    if (state >= 0 && state != (int)pagestate(&v))
        return "S1: the page is not in the state that the trace says";
    if (r.flags & PAGE_PARTIAL)
        return m != NULL        ? "R7: a partial page is mapped"
               : !ownssome(&v) ? "R8: a partial page without own bytes"
                               : NULL;
    if (!peek(p, va, bytes, PGSIZE) || memcmp(bytes, pagekva(r.page), PGSIZE) != 0)
        return "the page is not what its sources say";
    if (m != NULL && m->pa != pagepa(r.page))
        return "a stale translation";
    if (m != NULL && (m->rights & PUT_WRITE) && (!ownsall(&v) || (r.flags & PAGE_COW) || r.page->ref != 1))
        return "S2: a store would go unnoticed";
    return NULL;
}

const char *maps_broken(Proc *p, uint64_t *va)
{
    unsigned translated = 0;
    for (unsigned i = 0; i < NSEG; i++) {
        Segment *s = p->seg[i];
        for (uint64_t pn = 0; s != NULL; pn++) {
            Resident r = nextresident(s->pages, &pn, pagenumber(s, s->top));
            if (r.page == NULL)
                break;
            *va = pageaddress(s, pn);
            const char *rule = page_broken(p, s, *va, r);
            if (rule != NULL)
                return rule;
            translated += mapped(p->space, *va) != NULL;
        }
    }
    return translated == mmu_entries(p->space) ? NULL : "a translation of a page that is not resident";
}
