/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Faults: making a page resident and fit for an access. What a page needs follows
 * from its condition alone:
 *
 *   condition   read or execute    write
 *   SWAPPED     bring in, and then as it is
 *   ABSENT      fill               fill, detach
 *   PARTIAL     fill               fill, detach
 *   MAPPED      -                  tell the image (policy mmap-shared)
 *   SHARED      -                  copy (or take over), detach
 *   CLEAN       -                  detach
 *   OWN         -                  -
 *
 * Filling is fill.c's. "Detach" makes the whole page own in the source map before the store runs (S2).
 */
#include <string.h>
#include "around.h"
#include "clock.h"
#include "fault.h"
#include "fill.h"
#include "image.h"
#include "proc.h"
#include "reserve.h"
#include "trace.h"

enum condition {
    SWAPPED, /* not resident; swap has it */
    ABSENT,  /* not resident */
    PARTIAL, /* resident, but bytes that are not its own are not loaded */
    MAPPED,  /* resident in the frame of an image, which stores are meant for */
    SHARED,  /* resident in a frame that others may have, too */
    CLEAN,   /* resident, has bytes that are not its own */
    OWN,     /* resident, all its own */
};

/* ---- a page as the maps describe it ---- */

PageView viewresident(const Segment *s, uint64_t va, Resident resident)
{
    PageView v = {.resident = resident, .shared = s->policy == EV_io_policy_mmap_shared};
    v.kinds = sourcekinds(s->sources, va, va + PGSIZE, &v.pieces);
    return v;
}

PageView viewpage(const Segment *s, uint64_t va)
{
    return viewresident(s, va, residentat(s->pages, pagenumber(s, va)));
}

enum ev_enum_page_state pagestate(const PageView *v)
{
    if (v->resident.page != NULL)
        return ownssome(v) ? EV_page_state_dirty : EV_page_state_clean;
    if (v->resident.slot != NULL)
        return EV_page_state_swapped;
    return allzero(v) ? EV_page_state_empty : EV_page_state_sourced;
}

void tracepage(const Segment *s, uint64_t va, enum ev_enum_page_state old, enum ev_enum_page_state new)
{
    if (old != new)
        TRACE(page, .segment = s->id, .va = va, .old = old, .new = new);
}

/* Has the image heard of stores to a page that is MAPPED? */
static bool stored(const Segment *s, uint64_t va)
{
    Source piece = sourceat(s->sources, va, va + PGSIZE);
    return imagedirty(piece.image, piece.off >> PGSHIFT);
}

static inline enum condition conditionof(const PageView *v)
{
    if (v->resident.slot != NULL)
        return SWAPPED;
    if (v->resident.page == NULL)
        return ABSENT;
    if (v->resident.flags & PAGE_PARTIAL)
        return PARTIAL;
    if ((v->resident.flags & PAGE_IMAGE) && v->shared)
        return MAPPED;
    if (v->resident.flags & PAGE_COW)
        return SHARED;
    return ownsall(v) ? OWN : CLEAN;
}

bool allows(const Segment *s, enum ev_enum_access access)
{
    switch (access) {
    case EV_access_write:
        return (s->attr & SG_RONLY) == 0 && s->type != EV_segment_type_text;
    case EV_access_execute:
        return s->exec;
    case EV_access_read:
        break;
    }
    return true;
}

/* ---- the rule that a fault falls under (enum rule of the trace) ---- */

/* Nothing is wrong with the page: what is wrong with its translation? */
static enum ev_enum_rule translationrule(const Space *space, uint64_t va, enum ev_enum_access access)
{
    static const int need[] = {
        [EV_access_read] = PUT_READ, [EV_access_write] = PUT_WRITE, [EV_access_execute] = PUT_EXEC};
    int have = space != NULL ? rightsmmu(space, va) : 0;
    return have == 0 ? EV_rule_absent : have & need[access] ? EV_rule_stale_tlb : EV_rule_rights;
}

static enum ev_enum_rule ruleof(const Segment *s, uint64_t va, enum ev_enum_access access, const Space *space,
                                const PageView *v)
{
    enum condition c = conditionof(v);
    if (!allows(s, access))
        return EV_rule_protection;
    if (c == SWAPPED)
        return EV_rule_page_in;
    if (c == ABSENT || c == PARTIAL)
        return allzero(v) ? EV_rule_first_touch : EV_rule_fill;
    if (access == EV_access_write && c == MAPPED && !stored(s, va & ~PGMASK))
        return EV_rule_mapped_store;
    if (access == EV_access_write && c == SHARED)
        return EV_rule_copy_on_write;
    if (access == EV_access_write && c == CLEAN)
        return EV_rule_first_store;
    return translationrule(space, va, access);
}

/* ---- memory for a fault ---- */

enum { SQUEEZE = 16 }; /* pages that a segment gives back at a time for its own faults */

/* newpage has asked every other segment already, but skipped this one, which is locked: by us. */
bool squeeze(Segment *s)
{
    return clockpages(SQUEEZE, s) > 0;
}

static Page *frameof(Segment *s, uint64_t va, bool copy)
{
    Page *frame = superpages ? reservedframe(s, va, copy) : NULL;
    while (frame == NULL && (frame = newpage()) == NULL && squeeze(s))
        ;
    return frame;
}

Page *newframe(Segment *s, uint64_t va)
{
    return frameof(s, va, false);
}

int reserve(Segment *s)
{
    while (reservesources(s->sources) < 0)
        if (!squeeze(s))
            return error(T_ENOMEM, "out of memory");
    return 0;
}

int install(Segment *s, uint64_t va, PageView *v, Page *frame, unsigned flags)
{
    Resident r = {.page = frame, .flags = flags};
    while (setresident(s->pages, pagenumber(s, va), r) < 0)
        if (!squeeze(s)) {
            putpage(frame);
            return error(T_ENOMEM, "out of memory");
        }
    v->resident = r;
    frame->young = true;
    return 0;
}

/* ---- steps ---- */

/* SWAPPED -> PARTIAL, CLEAN or OWN. The slot is free then, unless a fork shares it. */
static int pagein(Segment *s, uint64_t va, PageView *v)
{
    Page *frame = newframe(s, va);
    if (frame == NULL)
        return error(T_ENOMEM, "out of memory");
    int r = swapin(s, va, v->resident.slot, frame);
    if (r != 0) {
        putpage(frame); /* E1 */
        return error(T_EIO, "deferred read error: swap of address 0x%lx%s", (unsigned long)va,
                     r == SWAP_ROTTEN ? ": checksum is wrong" : "");
    }
    v->resident.page = frame;
    v->resident.slot = NULL;
    frame->young = true;
    return setresident(s->pages, pagenumber(s, va), v->resident);
}

/* SHARED -> CLEAN or OWN */
static int unshare(Segment *s, uint64_t va, PageView *v, enum ev_enum_resolution *how)
{
    Page *old = v->resident.page; /* pinned, so nobody takes it meanwhile */
    if (old->maps == 1 && old->owner == NULL) {
        *how = EV_resolution_reused;
        forgetswap(old);
        return install(s, va, v, old, 0);
    }
    *how = EV_resolution_copied;
    Page *frame = frameof(s, va, true);
    if (frame == NULL)
        return error(T_ENOMEM, "out of memory");
    memcpy(pagekva(frame), pagekva(old), PGSIZE);
    TRACE(transfer, .boundary = EV_boundary_private, .class = EV_block_class_data, .segment = s->id, .va = va,
          .bytes = PGSIZE, .pages = 1);
    flushmappings(s, va, PGSIZE, EV_demotion_copy);
    return install(s, va, v, frame, 0);
}

/* A store through a shared mapping: the page's source changes with it. */
static void storemapped(Segment *s, uint64_t va)
{
    Source piece = sourceat(s->sources, va, va + PGSIZE);
    imagestored(piece.image, piece.off >> PGSHIFT);
}

/* CLEAN -> OWN (S2). There is a reserve. */
static void detach(Segment *s, uint64_t va, PageView *v)
{
    setsource(s->sources, (Source){.va = va, .end = va + PGSIZE, .kind = EV_source_kind_own});
    sweepsources(s->sources);
    v->kinds = 1u << EV_source_kind_own;
    v->pieces = 1;
}

/* What a page that is not swapped needs. Nobody takes its frame meanwhile, not even the caller himself (squeeze). */
static int step(Segment *s, uint64_t va, bool write, PageView *v, enum ev_enum_resolution *how)
{
    enum condition c = conditionof(v);
    Page *frame = v->resident.page;
    if (c == CLEAN && write)
        *how = EV_resolution_detached;
    if (c == MAPPED || c == CLEAN || c == OWN || (c == SHARED && !write))
        return 0;
    if (frame != NULL)
        pageref(frame);
    int r = c == SHARED ? unshare(s, va, v, how) : fill(s, va, write, v, how);
    if (frame != NULL)
        putpage(frame);
    return r;
}

/*
 * Frames and nodes for a fault. A page that becomes dirty leaves more frames to others: without swap it is the stores
 * that fail, not the loads (E3). If the segment has given pages for it the page is looked at again.
 */
static int prepare(Segment *s, uint64_t va, bool write, PageView *v)
{
    bool dirties = write && !ownsall(v), gave = false;
    uint64_t least = (dirties ? 2 : 1) * framereserve();
    while (freepages() <= least && makeroom(s))
        gave = true;
    if (dirties && freepages() <= least)
        return error(T_ENOMEM, "no swap space");
    while (write && reservesources(s->sources) < 0) {
        if (!squeeze(s))
            return error(T_ENOMEM, "out of memory");
        gave = true;
    }
    if (gave)
        *v = viewpage(s, va);
    return 0;
}

/* Takes the page through the state machine. */
static int resolve(Segment *s, uint64_t va, bool write, PageView *v, enum ev_enum_resolution *how)
{
    int r = prepare(s, va, write, v);
    if (r < 0)
        return r;
    bool swapped = v->resident.slot != NULL;
    *how = EV_resolution_remapped;
    if (swapped && (r = pagein(s, va, v)) < 0)
        return r;
    enum ev_enum_page_state before = pagestate(v);
    if (swapped)
        tracepage(s, va, EV_page_state_swapped, before);
    r = step(s, va, write, v, how);
    if (r < 0)
        return r;
    if (swapped)
        *how = EV_resolution_paged_in;
    if (write && conditionof(v) == MAPPED)
        storemapped(s, va);
    else if (write && !ownsall(v))
        detach(s, va, v);
    tracepage(s, va, before, pagestate(v));
    return 0;
}

/* A page may be mapped for writing only if a store need not be noticed. */
static bool writable(const Segment *s, uint64_t va, const PageView *v)
{
    enum condition c = conditionof(v);
    return (c == OWN || (c == MAPPED && stored(s, va))) && allows(s, EV_access_write);
}

static int map(Segment *s, uint64_t va, const PageView *v, Space *space)
{
    int rights = PUT_READ | (s->exec ? PUT_EXEC : 0) | (writable(s, va, v) ? PUT_WRITE : 0);
    Page *page = v->resident.page;
    int r = putmmu(space, va, pagepa(page), rights);
    if (r == -T_ENOMEM) {
        pageref(page); /* squeeze must not take it */
        while (r == -T_ENOMEM && squeeze(s))
            r = putmmu(space, va, pagepa(page), rights);
        putpage(page);
    }
    if (r == 0)
        promotemmu(space, s, va);
    return r;
}

/* Would the access run, if it were mapped? */
static bool fit(const Segment *s, const PageView *v, enum ev_enum_access access)
{
    enum condition c = conditionof(v);
    return c >= MAPPED && (access == EV_access_write ? c == OWN : true) && allows(s, access);
}

int fillguess(Segment *s, uint64_t va, Space *space)
{
    PageView v = viewpage(s, va);
    int r = fillsourced(s, va, false, &v);
    if (r < 0)
        return r;
    tracepage(s, va, EV_page_state_sourced, pagestate(&v));
    return space != NULL ? map(s, va, &v, space) : 0;
}

/* The neighbours of a page that is there now, and stays. */
static void bringaround(Segment *s, Window around, Space *space, const PageView *v)
{
    Page *page = v->resident.page;
    if (around.va == around.end)
        return;
    pageref(page);
    aroundend(s, around, space);
    putpage(page);
}

/* The fault proper: records it, and what came of it. */
static int fault(Segment *s, uint64_t va, enum ev_enum_access access, bool in_kernel, Space *space, PageView *v)
{
    enum ev_enum_resolution how = EV_resolution_protection;
    bool own = ownsall(v);
    uint64_t id = up->fault = TRACE(fault, .va = va, .access = access, .segment = s->id, .in_kernel = in_kernel,
                        .rule = ruleof(s, va, access, space, v), .image = up->image);
    uint64_t old = pushcause(id), page = va & ~PGMASK;
    int r;

    if (allows(s, access)) {
        Window around = fillaround != AROUND_OFF ? aroundbegin(s, page) : (Window){0, 0};
        r = resolve(s, page, access == EV_access_write, v, &how);
        if (r == 0 && space != NULL)
            r = map(s, page, v, space);
        if (r == 0)
            bringaround(s, around, space, v);
        if (r < 0)
            how = EV_resolution_failed;
    } else {
        r = error(T_EFAULT, "bad address");
    }
    popcause(old);
    ENDTRACE(fault, id, .resolution = how, .detached = !own && ownsall(v));
    return r;
}

int materialise(Segment *s, uint64_t va)
{
    enum ev_enum_resolution how = EV_resolution_failed;
    PageView v = viewpage(s, va);
    uint64_t id = up->fault = TRACE(fault, .va = va, .access = EV_access_write, .segment = s->id, .in_kernel = true,
                        .rule = EV_rule_materialise, .image = up->image);
    bool own = ownsall(&v);
    uint64_t old = pushcause(id);
    int r = resolve(s, va, true, &v, &how);
    popcause(old);
    ENDTRACE(fault, id, .resolution = r < 0 ? EV_resolution_failed : how,
             .detached = !own && ownsall(&v));
    return r;
}

int fixlocked(Segment *s, uint64_t va, enum ev_enum_access access, bool in_kernel, Space *space, Page **pin)
{
    if (va < s->base || va >= s->top)
        return error(T_EFAULT, "bad address"); /* it shrank meanwhile */
    PageView v = viewpage(s, va & ~PGMASK);
    if (!in_kernel || space != NULL || !fit(s, &v, access)) {
        int r = fault(s, va, access, in_kernel, space, &v);
        if (r < 0)
            return r;
    }
    if (pin != NULL) {
        v.resident.page->young = true;
        pageref(v.resident.page);
        *pin = v.resident.page;
    }
    return 0;
}

int fixfault(Segment *s, uint64_t va, enum ev_enum_access access, bool in_kernel, Space *space, Page **pin)
{
    qlock(&s->lock);
    int r = fixlocked(s, va, access, in_kernel, space, pin);
    qunlock(&s->lock);
    swaptrim();
    return r;
}

int pagefault(uint64_t va, enum ev_enum_access access)
{
    Segment *s = segfor(up, va);
    uint64_t old = pushcause(tracelasttrap());
    int r;
    if (s != NULL) {
        r = fixfault(s, va, access, false, up->space, NULL);
    } else {
        uint64_t id = up->fault =
            TRACE(fault, .va = va, .access = access, .rule = EV_rule_no_segment, .image = up->image);
        ENDTRACE(fault, id, .resolution = EV_resolution_no_segment);
        r = error(T_EFAULT, "bad address");
    }
    popcause(old);
    return r;
}
