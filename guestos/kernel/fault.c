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
 * "Detach" makes the whole page own in the source map before the store runs (S2).
 */
#include <string.h>
#include "around.h"
#include "cache.h"
#include "clock.h"
#include "fault.h"
#include "fileio.h"
#include "image.h"
#include "policy.h"
#include "proc.h"
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

PageView viewpage(const Segment *s, uint64_t va)
{
    PageView v = {.resident = residentat(s->pages, pagenumber(s, va)), .shared = s->policy == EV_io_policy_mmap_shared};
    for (uint64_t at = va, end = va + PGSIZE; at < end; v.pieces++) {
        Source piece = sourceat(s->sources, at, end);
        v.kinds |= 1u << piece.kind;
        at = piece.end;
    }
    return v;
}

bool ownssome(const PageView *v)
{
    return v->kinds & 1u << EV_source_kind_own;
}

bool ownsall(const PageView *v)
{
    return v->kinds == 1u << EV_source_kind_own;
}

static bool allmapped(const PageView *v)
{
    return v->kinds == 1u << EV_source_kind_mapping && v->pieces == 1;
}

static bool allzero(const PageView *v)
{
    return v->kinds == 1u << EV_source_kind_zero;
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

static enum condition conditionof(const PageView *v)
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

/* ---- steps ---- */

enum { SQUEEZE = 16 }; /* pages that a segment gives back at a time for its own faults */

/*
 * The caller lacks memory. newpage has asked every other segment already, but skipped this one, which is locked: by us.
 * True if something was to be had, so that another try makes sense. What the caller uses he has pinned.
 */
static bool squeeze(Segment *s)
{
    return clockpages(SQUEEZE, s) > 0;
}

static Page *newframe(Segment *s, Page *(*take)(void))
{
    Page *frame;
    do
        frame = take();
    while (frame == NULL && squeeze(s));
    return frame;
}

int reserve(Segment *s)
{
    while (reservesources(s->sources) < 0)
        if (!squeeze(s))
            return error(T_ENOMEM, "out of memory");
    return 0;
}

/* The frame becomes the page of va. */
static int install(Segment *s, uint64_t va, PageView *v, Page *frame, unsigned flags)
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

/* One block's share of a fill: n bytes of snap at off, within one block, for the byte at va. */
static int readblock(Segment *s, struct tfs_snap *snap, uint64_t off, void *dst, uint64_t n, uint64_t va)
{
    struct tfs_extent x;
    Page *block;

    int r = snapmap(snap, off / TFS_BLOCK, &x);
    if (r < 0)
        return r;
    if (x.blk == 0) { /* R4 */
        memset(dst, 0, n);
        return 0;
    }
    /* The snapshot, which the source map holds, keeps the block in place meanwhile. */
    r = cacheget(x.blk, &x, tfs_snap_ino(snap), off & ~(uint64_t)(TFS_BLOCK - 1), up->cause, &block);
    if (r < 0)
        return r;
    memcpy(dst, (char *)pagekva(block) + off % TFS_BLOCK, n);
    cacheput(x.blk, block);
    TRACE(transfer, .boundary = EV_boundary_copy, .class = EV_block_class_data, .file = tfs_snap_ino(snap),
          .offset = off, .block = x.blk, .segment = s->id, .va = va, .bytes = n, .pages = n == PGSIZE);
    return 0;
}

/* E1: an error of the disk becomes one that says what was to be read. */
static int deferrederror(const Source *piece, uint64_t off, int err)
{
    if (err != -T_EIO)
        return err;
    return error(T_EIO, "deferred read error: file %lu offset %lu", (unsigned long)tfs_snap_ino(piece->snap),
                 (unsigned long)off);
}

/* Bytes of a snapshot for a fill; a piece of a page may need two blocks (R5). */
static int readpiece(Segment *s, const Source *piece, char *dst)
{
    uint64_t n = piece->end - piece->va;
    for (uint64_t done = 0; done < n;) {
        uint64_t off = piece->off + done, part = TFS_BLOCK - off % TFS_BLOCK;
        if (part > n - done)
            part = n - done;
        int r = readblock(s, piece->snap, off, dst + done, part, piece->va + done);
        if (r < 0)
            return deferrederror(piece, off, r);
        done += part;
    }
    return 0;
}

/* The same from the file as it is now, which is what is wrong with the policy `naive`. */
static int readlive(Segment *s, const Source *piece, char *dst)
{
    Source now = *piece;
    int r = imagenow(piece->image, piece->off, piece->end - piece->va, &now.snap);
    if (r < 0)
        return r;
    r = readpiece(s, &now, dst);
    dropsnap(now.snap);
    return r;
}

/* The same from a mapping that covers only a part of the page: that part is a copy. */
static int readmapping(Segment *s, const Source *piece, char *dst)
{
    Page *frame;
    int r = 0;
    for (uint64_t done = 0, n = piece->end - piece->va; done < n && r == 0;) {
        uint64_t off = piece->off + done, in = off & PGMASK, part = PGSIZE - in < n - done ? PGSIZE - in : n - done;
        r = imagepage(piece->image, off >> PGSHIFT, &frame);
        if (r < 0)
            break;
        memcpy(dst + done, (char *)pagekva(frame) + in, part);
        putpage(frame);
        TRACE(transfer, .boundary = EV_boundary_copy, .class = EV_block_class_data, .file = imageino(piece->image),
              .offset = off, .segment = s->id, .va = piece->va + done, .bytes = part, .pages = part == PGSIZE);
        done += part;
    }
    return r;
}

static void tracepiece(const Source *piece)
{
    TRACE(piece, .kind = piece->kind, .va = piece->va, .length = piece->end - piece->va,
          .snapshot = piece->snap != NULL ? snapid(piece->snap) : 0, .offset = piece->off);
}

static uint64_t tracefill(const Segment *s, uint64_t va, const PageView *v, const Source *first)
{
    return TRACE(fill, .segment = s->id, .va = va, .pieces = v->pieces, .kind = first->kind,
                 .snapshot = first->snap != NULL ? snapid(first->snap) : 0, .offset = first->off);
}

/* Puts the whole page together in a frame that nobody sees yet (R7). */
static int compose(Segment *s, uint64_t va, const PageView *v, char *frame)
{
    int r = 0;
    for (uint64_t at = va, end = va + PGSIZE; at < end && r == 0;) {
        Source piece = sourceat(s->sources, at, end);
        char *dst = frame + (at - va);
        if (v->pieces > 1)
            tracepiece(&piece);
        switch (piece.kind) {
        case EV_source_kind_zero:
            memset(dst, 0, piece.end - at);
            break;
        case EV_source_kind_own:
            memcpy(dst, (char *)pagekva(v->resident.page) + (at - va), piece.end - at);
            break;
        case EV_source_kind_snapshot:
            r = readpiece(s, &piece, dst);
            break;
        case EV_source_kind_live:
            r = readlive(s, &piece, dst);
            break;
        case EV_source_kind_mapping:
            r = readmapping(s, &piece, dst);
            break;
        }
        at = piece.end;
    }
    return r;
}

/* Can the cache's frame become the page (R11)? It must hold the whole page, and a store must not be what is wanted. */
static bool lendable(const Segment *s, const PageView *v, const Source *piece)
{
    return (lending || s->policy == EV_io_policy_cached) && v->pieces == 1 && piece->kind == EV_source_kind_snapshot &&
           piece->off % TFS_BLOCK == 0;
}

enum { HOLE = 1 };

/* The frame of the block of a piece, with a reference; HOLE: there is none. */
static int borrow(Segment *s, const Source *piece, Page **frame)
{
    struct tfs_extent x;
    uint64_t ino = tfs_snap_ino(piece->snap);
    int r = snapmap(piece->snap, piece->off / TFS_BLOCK, &x);
    if (r == 0 && x.blk == 0)
        return HOLE;
    if (r == 0)
        r = cacheget(x.blk, &x, ino, piece->off, up->cause, frame);
    if (r < 0)
        return deferrederror(piece, piece->off, r);
    pageref(*frame);
    cacheput(x.blk, *frame);
    TRACE(transfer, .boundary = EV_boundary_lend, .class = EV_block_class_data, .file = ino, .offset = piece->off,
          .block = x.blk, .segment = s->id, .va = piece->va, .bytes = PGSIZE, .pages = 1);
    return 0;
}

/*
 * If the cache's frame becomes the page, shared copy-on-write, nobody can tell: the snapshot, which the source map holds
 * as long as the page is not detached, keeps the block from being written in place; a store copies the frame first; and
 * when the block is freed the cache gives the frame up.
 */
static int fillsourced(Segment *s, uint64_t va, bool write, PageView *v)
{
    Source piece = sourceat(s->sources, va, va + PGSIZE);
    bool borrows = !write && lendable(s, v, &piece);
    Page *frame = borrows ? NULL : newframe(s, newpage);
    if (frame == NULL && !borrows)
        return error(T_ENOMEM, "out of memory");
    uint64_t id = tracefill(s, va, v, &piece);
    uint64_t old = pushcause(id);
    int r = borrows ? borrow(s, &piece, &frame) : HOLE;
    if (r == HOLE && frame == NULL && (frame = newframe(s, newpage)) == NULL)
        r = error(T_ENOMEM, "out of memory");
    unsigned flags = r == 0 ? PAGE_COW : 0;
    if (r == HOLE)
        r = compose(s, va, v, pagekva(frame));
    popcause(old);
    ENDTRACE(fill, id, .error = (uint64_t)-r);
    if (r < 0) {
        if (frame != NULL)
            putpage(frame); /* E1: the page stays sourced */
        return r;
    }
    return install(s, va, v, frame, flags);
}

/* The image's own frame becomes the page. */
static int fillmapped(Segment *s, uint64_t va, PageView *v)
{
    Source piece = sourceat(s->sources, va, va + PGSIZE);
    Page *frame;
    uint64_t id = tracefill(s, va, v, &piece);
    uint64_t old = pushcause(id);
    int r;
    do
        r = imagepage(piece.image, piece.off >> PGSHIFT, &frame);
    while (r == -T_ENOMEM && squeeze(s));
    if (r == 0)
        TRACE(transfer, .boundary = EV_boundary_map, .class = EV_block_class_data, .file = imageino(piece.image),
              .offset = piece.off, .segment = s->id, .va = va, .bytes = PGSIZE, .pages = 1);
    popcause(old);
    ENDTRACE(fill, id, .error = (uint64_t)-r);
    return r < 0 ? r : install(s, va, v, frame, PAGE_IMAGE | (v->shared ? 0 : PAGE_COW));
}

/* ABSENT, PARTIAL -> CLEAN, MAPPED, SHARED or OWN; with `write`, CLEAN, MAPPED or OWN */
static int fill(Segment *s, uint64_t va, bool write, PageView *v, enum ev_enum_resolution *how)
{
    if (!allzero(v)) {
        *how = EV_resolution_filled;
        return allmapped(v) && (v->shared || !write) ? fillmapped(s, va, v) : fillsourced(s, va, write, v);
    }
    *how = EV_resolution_zeroed;
    Page *frame = newframe(s, newzeropage);
    return frame != NULL ? install(s, va, v, frame, 0) : error(T_ENOMEM, "out of memory");
}

/* SWAPPED -> PARTIAL, CLEAN or OWN. The slot is free then, unless a fork shares it. */
static int pagein(Segment *s, uint64_t va, PageView *v)
{
    Page *frame = newframe(s, newpage);
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
    Page *frame = newframe(s, newpage);
    if (frame == NULL)
        return error(T_ENOMEM, "out of memory");
    memcpy(pagekva(frame), pagekva(old), PGSIZE);
    TRACE(transfer, .boundary = EV_boundary_private, .class = EV_block_class_data, .segment = s->id, .va = va,
          .bytes = PGSIZE, .pages = 1);
    flushmappings(s, va, PGSIZE);
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

/* What the page needs next. */
static int step(Segment *s, uint64_t va, bool write, PageView *v, enum ev_enum_resolution *how)
{
    switch (conditionof(v)) {
    case SWAPPED:
        return pagein(s, va, v);
    case ABSENT:
    case PARTIAL:
        return fill(s, va, write, v, how);
    case MAPPED:
        break;
    case SHARED:
        return write ? unshare(s, va, v, how) : 0;
    case CLEAN:
        *how = write ? EV_resolution_detached : *how;
        break;
    case OWN:
        break;
    }
    return 0;
}

/* step, while nobody takes the page's frame, not even the caller himself (squeeze). */
static int pinnedstep(Segment *s, uint64_t va, bool write, PageView *v, enum ev_enum_resolution *how)
{
    Page *frame = v->resident.page;
    if (frame != NULL)
        pageref(frame);
    int r = step(s, va, write, v, how);
    if (frame != NULL)
        putpage(frame);
    return r;
}

/*
 * Frames and nodes for a fault. A page that becomes dirty leaves more frames to others: without swap it is the stores
 * that fail, not the loads (E3).
 */
static int prepare(Segment *s, bool write, const PageView *v)
{
    bool dirties = write && !ownsall(v);
    uint64_t least = (dirties ? 2 : 1) * framereserve();
    while (freepages() <= least && makeroom(s))
        ;
    if (dirties && freepages() <= least)
        return error(T_ENOMEM, "no swap space");
    return write ? reserve(s) : 0;
}

/* Takes the page through the state machine. */
static int resolve(Segment *s, uint64_t va, bool write, PageView *v, enum ev_enum_resolution *how)
{
    int r = prepare(s, write, v);
    *v = viewpage(s, va); /* what is in memory may have changed */
    bool swapped = conditionof(v) == SWAPPED;
    *how = EV_resolution_remapped;
    if (r == 0 && swapped && (r = step(s, va, write, v, how)) == 0)
        tracepage(s, va, EV_page_state_swapped, pagestate(v));
    enum ev_enum_page_state before = pagestate(v);
    if (r == 0)
        r = pinnedstep(s, va, write, v, how);
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
    if (conditionof(v) == MAPPED)
        return stored(s, va) && allows(s, EV_access_write);
    return conditionof(v) == OWN && allows(s, EV_access_write);
}

static int map(Segment *s, uint64_t va, const PageView *v, Space *space)
{
    int rights = PUT_READ | (s->exec ? PUT_EXEC : 0) | (writable(s, va, v) ? PUT_WRITE : 0);
    int r;
    pageref(v->resident.page); /* squeeze must not take it */
    do
        r = putmmu(space, va, pagepa(v->resident.page), rights);
    while (r == -T_ENOMEM && squeeze(s));
    putpage(v->resident.page);
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
    uint64_t id = TRACE(fault, .va = va, .access = access, .segment = s->id, .in_kernel = in_kernel,
                        .rule = ruleof(s, va, access, space, v), .image = up->image);
    uint64_t old = pushcause(id), page = va & ~PGMASK;
    int r;

    if (allows(s, access)) {
        Window around = aroundbegin(s, page);
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
    uint64_t id = TRACE(fault, .va = va, .access = EV_access_write, .segment = s->id, .in_kernel = true,
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
        uint64_t id = TRACE(fault, .va = va, .access = access, .rule = EV_rule_no_segment, .image = up->image);
        ENDTRACE(fault, id, .resolution = EV_resolution_no_segment);
        r = error(T_EFAULT, "bad address");
    }
    popcause(old);
    return r;
}
