/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Segments: making, copying, resizing, releasing, and changing where their
 * bytes come from. fault.c brings pages in, fill.c puts them together; fileio.c moves file contents.
 */
#include <string.h>
#include "fault.h"
#include "fileio.h"
#include "proc.h"
#include "reserve.h"
#include "trace.h"

static Segment *segments; /* all of them, doubly linked in a ring; where the clock's hand is */
static unsigned nsegments;

/* ---- the registry ---- */

static void enlist(Segment *s)
{
    nsegments++;
    if (segments == NULL) {
        segments = s->next = s->prev = s;
        return;
    }
    s->next = segments;
    s->prev = segments->prev;
    s->prev->next = s->next->prev = s;
}

static void delist(Segment *s)
{
    if (segments == s)
        segments = s->next != s ? s->next : NULL;
    s->prev->next = s->next;
    s->next->prev = s->prev;
    nsegments--;
}

Segment *handseg(void)
{
    return segments;
}

void passhand(Segment *s)
{
    if (segments == s)
        segments = s->next;
}

unsigned countsegs(void)
{
    return nsegments;
}

void eachsegment(void (*fn)(Segment *, void *arg), void *arg)
{
    static uint64_t rounds;
    uint64_t round = ++rounds;
    for (Segment *s = segments; s != NULL && s->visit != round;) {
        s->visit = round;
        s->ref++;
        fn(s, arg);
        Segment *next = s->next;
        putseg(s);
        s = next;
        if (s->visit == round) /* all round, or the ring has changed meanwhile: is one left? */
            for (s = segments; s != NULL && s->visit == round;)
                s = s->next != segments ? s->next : NULL;
    }
}

/* ---- making and releasing ---- */

/* A segment with the given maps; frees them if there is no memory. */
static Segment *makeseg(Segment model, SourceMap *sources, PageMap *pages, uint64_t parent)
{
    Segment *s = sources != NULL && pages != NULL ? kalloc(sizeof *s) : NULL;
    if (s == NULL) {
        if (sources != NULL)
            freesources(sources);
        if (pages != NULL)
            freepagemap(pages);
        return NULL;
    }
    *s = (Segment){
        .ref = 1,
        .type = model.type,
        .policy = model.policy,
        .attr = model.attr,
        .exec = model.exec,
        .base = model.base,
        .top = model.top,
        .sources = sources,
        .pages = pages,
    };
    s->id = TRACE(segment, .type = s->type, .policy = s->policy, .base = s->base, .length = s->top - s->base,
                  .shared = (s->attr & SG_SHARED) != 0, .parent = parent);
    enlist(s);
    return s;
}

Segment *newseg(enum ev_enum_segment_type type, uint64_t base, uint64_t bytes, int attr, enum ev_enum_io_policy policy)
{
    Segment model = {.type = type, .policy = policy, .attr = attr, .exec = type == EV_segment_type_text};
    model.base = base & ~PGMASK;
    model.top = (base + bytes + PGMASK) & ~PGMASK;
    return makeseg(model, newsources(), newpagemap(), 0);
}

/* A page of s once more, by reference, in the copy. 0 or -T_ENOMEM. */
static int sharepage(Segment *s, PageMap *copy, uint64_t pn, Resident r)
{
    if (r.page == NULL)
        refslot(r.slot);
    else
        pageref(r.page);
    int err = setresident(copy, pn, (Resident){r.page, r.page != NULL ? r.flags | PAGE_COW : r.flags, r.slot});
    if (err < 0 && r.page == NULL)
        putslot(r.slot);
    else if (err < 0)
        putpage(r.page);
    else if (r.page != NULL)
        setresident(s->pages, pn, residentat(copy, pn));
    return err;
}

/* What is resident or swapped of s once more, by reference (S4). NULL: no memory. */
static PageMap *sharepages(Segment *s)
{
    PageMap *copy = newpagemap();
    uint64_t end = pagenumber(s, s->top);
    for (uint64_t pn = 0; copy != NULL; pn++) {
        Resident r = nextheld(s->pages, &pn, end);
        if (!isheld(r))
            break;
        if (sharepage(s, copy, pn, r) < 0) {
            freepagemap(copy);
            return NULL;
        }
    }
    return copy;
}

Segment *dupseg(Segment *s)
{
    if ((s->attr & SG_SHARED) || s->type == EV_segment_type_text) {
        s->ref++;
        return s;
    }
    qlock(&s->lock);
    protectmappings(s, s->base, s->top - s->base); /* before the frames are shared: no store slips in between */
    SourceMap *sources = copysources(s->sources);
    Segment *copy = makeseg(*s, sources, sources != NULL ? sharepages(s) : NULL, s->id);
    qunlock(&s->lock);
    return copy;
}

void putseg(Segment *s)
{
    ASSERT(s->ref > 0, "S4: a segment is put as often as it was taken");
    if (--s->ref > 0)
        return;
    delist(s); /* from here on nobody else finds it, but ... */
    if (!canqlock(&s->lock))
        qlock(&s->lock); /* ... the clock may be in it still */
    freepagemap(s->pages);
    freesources(s->sources);
    endreservations(s);
    ENDTRACE(segment, s->id);
    kfree(s);
    swaptrim();
}

Segment *segfor(Proc *p, uint64_t va)
{
    for (int i = 0; i < NSEG; i++)
        if (p->seg[i] != NULL && va >= p->seg[i]->base && va < p->seg[i]->top)
            return p->seg[i];
    return NULL;
}

/* ---- hardware mappings ---- */

typedef struct Range {
    Segment *s;
    uint64_t va, bytes;
    enum ev_enum_demotion why;
} Range;

static void flushone(Proc *p, void *arg)
{
    const Range *r = arg;
    flushmmu(p->space, r->va, r->bytes, r->why);
}

static void protectone(Proc *p, void *arg)
{
    const Range *r = arg;
    protectmmu(p->space, r->s, r->va, r->bytes);
}

void flushmappings(Segment *s, uint64_t va, uint64_t bytes, enum ev_enum_demotion why)
{
    eachmapping(s, flushone, &(Range){s, va, bytes, why});
}

void protectmappings(Segment *s, uint64_t va, uint64_t bytes)
{
    eachmapping(s, protectone, &(Range){s, va, bytes, EV_demotion_protect});
}

/* ---- pages whose sources change ---- */

static uint64_t rounddown(uint64_t va)
{
    return va & ~PGMASK;
}

static uint64_t roundup(uint64_t va)
{
    return (va + PGMASK) & ~PGMASK;
}

/* Pages that lie wholly in a range that gets a new source are dropped: no old I/O happens (R8). */
static void dropwhole(Segment *s, uint64_t va, uint64_t end, enum ev_enum_page_state new)
{
    for (uint64_t pn = pagenumber(s, va); va < end; pn++) {
        Resident held = nextheld(s->pages, &pn, pagenumber(s, end));
        if (!isheld(held))
            break;
        PageView old = viewresident(s, pageaddress(s, pn), held);
        dropresident(s->pages, pn);
        tracepage(s, pageaddress(s, pn), pagestate(&old), new);
    }
}

/* A page at an edge, `old` before its sources changed, keeps the bytes that are still its own (R8). */
static void trim(Segment *s, uint64_t va, const PageView *old)
{
    if (!isheld(old->resident))
        return;
    PageView now = viewpage(s, va);
    if (ownssome(&now)) {
        now.resident.flags |= PAGE_PARTIAL;
        setresident(s->pages, pagenumber(s, va), now.resident);
    } else {
        dropresident(s->pages, pagenumber(s, va));
        now.resident = (Resident){0};
    }
    tracepage(s, va, pagestate(old), pagestate(&now));
}

static void tracesource(const Segment *s, const Source *src)
{
    TRACE(source, .segment = s->id, .kind = src->kind, .va = src->va, .length = src->end - src->va,
          .snapshot = src->snap != NULL ? snapid(src->snap) : 0, .offset = src->off);
}

/*
 * Makes [src.va, src.end) come from src. Cannot fail: the source map has a reserve. Does not sleep before it is
 * complete, so nobody sees a page through an old mapping or with an old source.
 */
static void replace(Segment *s, Source src)
{
    uint64_t first = rounddown(src.va), last = rounddown(src.end - 1), pn = pagenumber(s, first);

    if (isheld(nextheld(s->pages, &pn, pagenumber(s, last) + 1))) {
        flushmappings(s, first, last + PGSIZE - first, EV_demotion_replace);
        dropwhole(s, roundup(src.va), rounddown(src.end),
                  src.kind == EV_source_kind_zero ? EV_page_state_empty : EV_page_state_sourced);
        PageView head = viewpage(s, first), tail = viewpage(s, last);
        setsource(s->sources, src);
        trim(s, first, &head);
        if (last != first)
            trim(s, last, &tail);
    } else {
        setsource(s->sources, src);
    }
    tracesource(s, &src);
    sweepsources(s->sources);
}

/* R5: a page of very many pieces is filled at the call and becomes one. If that fails it stays as it is: deferred. */
static void settle(Segment *s, uint64_t va)
{
    PageView page = viewpage(s, rounddown(va));
    if (page.pieces > MAX_PIECES)
        fixlocked(s, va, EV_access_write, true, NULL, NULL);
}

static int changesource(Segment *s, Source src)
{
    if (src.va >= src.end)
        return 0;
    ASSERT(s->base <= src.va && src.end <= s->top, "R5: a source within its segment");
    qlock(&s->lock);
    int r = reserve(s);
    if (r == 0) {
        replace(s, src);
        settle(s, src.va);
        settle(s, src.end - 1);
    }
    qunlock(&s->lock);
    swaptrim();
    return r;
}

int segsnapshot(Segment *s, uint64_t va, uint64_t n, struct tfs_snap *snap, uint64_t off)
{
    Source src = {.va = va, .end = va + n, .kind = EV_source_kind_snapshot, .snap = snap, .off = off};
    return changesource(s, src);
}

int segzero(Segment *s, uint64_t va, uint64_t n)
{
    return changesource(s, (Source){.va = va, .end = va + n, .kind = EV_source_kind_zero});
}

int seglive(Segment *s, uint64_t va, uint64_t n, struct Image *image, uint64_t off)
{
    Source src = {.va = va, .end = va + n, .kind = EV_source_kind_live, .image = image, .off = off};
    return changesource(s, src);
}

int segmap(Segment *s, uint64_t va, uint64_t n, struct Image *image, uint64_t off)
{
    Source src = {.va = va, .end = va + n, .kind = EV_source_kind_mapping, .image = image, .off = off};
    return changesource(s, src);
}

int resizeseg(Segment *s, uint64_t newtop)
{
    newtop = roundup(newtop);
    if (newtop < s->top) {
        int r = segzero(s, newtop, s->top - newtop);
        if (r < 0)
            return r;
    }
    if (newtop != s->top)
        TRACE(resize, .segment = s->id, .length = newtop - s->base);
    s->top = newtop;
    return 0;
}

/* ---- write-back (W4) ---- */

/* The next piece of own bytes in [*va, end). */
static bool nextown(const Segment *s, uint64_t *va, uint64_t end, Source *own)
{
    for (; *va < end; *va = own->end) {
        *own = sourceat(s->sources, *va, end);
        if (own->kind != EV_source_kind_own)
            continue;
        *va = own->end;
        return true;
    }
    return false;
}

void protectown(Segment *s, uint64_t va, uint64_t n)
{
    Source own;
    for (uint64_t end = va + n; nextown(s, &va, end, &own);)
        protectmappings(s, rounddown(own.va), roundup(own.end) - rounddown(own.va));
}

/* What becomes of a page that had own bytes and has none any more: they were written, so it is clean (W4). */
static void cleaned(Segment *s, uint64_t va, Resident r)
{
    enum ev_enum_page_state state = EV_page_state_clean;
    if (r.flags & PAGE_PARTIAL) { /* the rest of it was never loaded */
        dropresident(s->pages, pagenumber(s, va));
        state = EV_page_state_sourced;
    }
    tracepage(s, va, EV_page_state_dirty, state);
}

/* Cleans the pages with own bytes among those that lie wholly in [va, end). */
static void cleanwhole(Segment *s, uint64_t va, uint64_t end)
{
    Source own;
    uint64_t pn = va < end ? pagenumber(s, va) : 0;
    while (nextown(s, &va, end, &own)) {
        uint64_t from = pagenumber(s, own.va), to = pagenumber(s, roundup(own.end));
        for (pn = from > pn ? from : pn; pn < to; pn++) { /* a page may have several own pieces */
            Resident r = nextresident(s->pages, &pn, to);
            if (r.page == NULL)
                break;
            cleaned(s, pageaddress(s, pn), r);
        }
    }
}

/* The same for a page that lies only partly in it, seen as `old` before. */
static void cleanedge(Segment *s, uint64_t va, const PageView *old)
{
    PageView now = viewpage(s, va);
    if (ownssome(old) && !ownssome(&now))
        cleaned(s, va, now.resident);
}

void rejoin(Segment *s, Source src)
{
    uint64_t va = src.va, end = src.end, first = rounddown(va), last = rounddown(end - 1);

    cleanwhole(s, roundup(va), rounddown(end));
    PageView head = viewpage(s, first), tail = viewpage(s, last);
    setsource(s->sources, src);
    if (first < va || first + PGSIZE > end)
        cleanedge(s, first, &head);
    if (last != first && last + PGSIZE > end)
        cleanedge(s, last, &tail);
    tracesource(s, &src);
    sweepsources(s->sources);
}

void dropmapped(Segment *s, uint64_t va, uint64_t end)
{
    va = rounddown(va);
    for (uint64_t pn = pagenumber(s, va); va < end; pn++) {
        Resident r = nextresident(s->pages, &pn, pagenumber(s, roundup(end)));
        if (r.page == NULL)
            break;
        if (!(r.flags & PAGE_IMAGE))
            continue;
        flushmappings(s, pageaddress(s, pn), PGSIZE, EV_demotion_replace);
        dropresident(s->pages, pn);
        tracepage(s, pageaddress(s, pn), EV_page_state_clean, EV_page_state_sourced);
    }
}
