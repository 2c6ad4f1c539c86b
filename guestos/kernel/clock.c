/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The clock. Its hand is a segment of the ring and, in each segment, a page. Segments are locked while the hand is in
 * them, also over the writing of their pages, but never waited for: who runs the clock may hold locks of his own (W8).
 */
#include "clock.h"
#include "fault.h"
#include "proc.h"
#include "trace.h"

static QLock clocklock; /* over one run: there is one hand */
static bool busy;       /* see clockbusy */

/* Dirty pages of one segment on their way out. Guarded by clocklock. */
static struct {
    size_t n;
    uint64_t va[SWAP_RUN];
    Page *frame[SWAP_RUN];
    Slot *slot[SWAP_RUN];
} batch;

/* ---- has a page been used? ---- */

typedef struct Use {
    uint64_t va;
    bool used;
} Use;

static void ageone(Proc *p, void *arg)
{
    Use *use = arg;
    use->used |= agemmu(p->space, use->va);
}

/* Since the hand last came by: through a translation, or by the kernel. */
static bool used(Segment *s, uint64_t va, Page *page)
{
    Use use = {va, page->young};
    page->young = false;
    eachmapping(s, ageone, &use);
    return use.used;
}

/* Somebody who sleeps holds the frame for himself. (The block cache that lent it, R11, need not be asked.) */
static bool pinned(const Page *page)
{
    return page->ref > page->maps + (page->owner != NULL);
}

/* ---- giving up pages ---- */

/* Frames that come free when the map's reference goes: at once, or when their lender, cache or image, is asked. */
static size_t freed(const Resident *r)
{
    return r->page->ref == 1u + (r->page->owner != NULL) + ((r->flags & PAGE_IMAGE) != 0);
}

static size_t drop(Segment *s, uint64_t va, const PageView *page)
{
    size_t got = freed(&page->resident);
    PageView gone = {.pieces = page->pieces, .kinds = page->kinds};
    flushmappings(s, va, PGSIZE, EV_demotion_evict);
    dropresident(s->pages, pagenumber(s, va));
    tracepage(s, va, EV_page_state_clean, pagestate(&gone));
    return got;
}

/* The page's bytes are in the slot; the map takes over a reference to it. */
static size_t swapped(Segment *s, uint64_t va, Slot *slot)
{
    Resident r = residentat(s->pages, pagenumber(s, va));
    size_t got = freed(&r);
    if (got == 0 && r.page->swap == NULL) { /* who shares the frame need not write it again */
        refslot(slot);
        r.page->swap = slot;
    }
    setresident(s->pages, pagenumber(s, va), (Resident){.slot = slot, .flags = r.flags & PAGE_PARTIAL});
    tracepage(s, va, EV_page_state_dirty, EV_page_state_swapped);
    return got;
}

/* Writes the batch as far as there are slots. Frames freed. */
static size_t writebatch(Segment *s)
{
    size_t slots = takeslots(batch.slot, batch.n), got = 0;
    for (size_t i = 0; i < slots; i++)
        flushmappings(s, batch.va[i], PGSIZE, EV_demotion_evict); /* no store slips in while it is written */
    size_t written = swapout(s, batch.va, batch.slot, batch.frame, slots);
    for (size_t i = 0; i < written; i++)
        got += swapped(s, batch.va[i], batch.slot[i]);
    for (size_t i = written; i < slots; i++)
        i == written ? loseslot(batch.slot[i]) : putslot(batch.slot[i]);
    batch.n = 0;
    return got;
}

/* A dirty page: at once if swap has it already, else into the batch. */
static size_t expel(Segment *s, uint64_t va, const PageView *page)
{
    Slot *have = page->resident.page->swap;
    if (have != NULL) {
        flushmappings(s, va, PGSIZE, EV_demotion_evict);
        refslot(have);
        return swapped(s, va, have);
    }
    if (swappool() <= batch.n)
        return 0; /* E3 */
    batch.va[batch.n] = va;
    batch.frame[batch.n++] = page->resident.page;
    return batch.n == SWAP_RUN ? writebatch(s) : 0;
}

/* ---- the hand ---- */

/* Goes on in s until n frames are free, or to its end: then *end. */
static size_t sweep(Segment *s, size_t n, bool *end)
{
    uint64_t pn = s->hand, last = pagenumber(s, s->top);
    size_t got = 0;
    for (*end = false; got + batch.n < n; pn++) {
        Resident r = nextresident(s->pages, &pn, last);
        *end = r.page == NULL;
        if (*end)
            break;
        uint64_t va = pageaddress(s, pn);
        if (pinned(r.page) || used(s, va, r.page))
            continue;
        PageView page = viewpage(s, va);
        got += ownssome(&page) ? expel(s, va, &page) : drop(s, va, &page);
    }
    s->hand = *end ? 0 : pn;
    return got + writebatch(s);
}

static size_t turn(size_t n, Segment *mine)
{
    size_t got = 0;
    bool end;
    Segment *s;
    for (unsigned visits = 2 * countsegs() + 1; got < n && visits > 0 && (s = handseg()) != NULL; visits--) {
        if (s != mine && !canqlock(&s->lock)) {
            busy |= !holdsqlock(&s->lock);
            passhand(s);
            continue;
        }
        got += sweep(s, n - got, &end);
        if (end)
            passhand(s);
        if (s != mine)
            qunlock(&s->lock);
    }
    return got;
}

size_t clockpages(size_t n, Segment *mine)
{
    if (up == NULL)
        return 0; /* nobody has segments yet */
    qlock(&clocklock);
    busy = false;
    size_t got = turn(n, mine);
    qunlock(&clocklock);
    return got;
}

bool clockbusy(void)
{
    return busy;
}
