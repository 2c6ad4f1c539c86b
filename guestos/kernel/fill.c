/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Filling a page: putting it together from its sources, in a frame that nobody sees before it is whole (R7). What comes
 * from a snapshot is read through the block cache, whose frame may even become the page (R11).
 */
#include <string.h>
#include "cache.h"
#include "fault.h"
#include "fileio.h"
#include "fill.h"
#include "image.h"
#include "policy.h"
#include "proc.h"
#include "trace.h"

/* ---- bytes from each kind of source ---- */

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

/* ---- whole pages ---- */

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
 * ABSENT, PARTIAL -> CLEAN or SHARED; the page comes from snapshots, at least in part.
 *
 * If the cache's frame becomes the page, shared copy-on-write, nobody can tell: the snapshot, which the source map holds
 * as long as the page is not detached, keeps the block from being written in place; a store copies the frame first; and
 * when the block is freed the cache gives the frame up.
 */
int fillsourced(Segment *s, uint64_t va, bool write, PageView *v)
{
    Source piece = sourceat(s->sources, va, va + PGSIZE);
    bool borrows = !write && lendable(s, v, &piece);
    Page *frame = borrows ? NULL : newframe(s, va);
    if (frame == NULL && !borrows)
        return error(T_ENOMEM, "out of memory");
    uint64_t id = tracefill(s, va, v, &piece);
    uint64_t old = pushcause(id);
    int r = borrows ? borrow(s, &piece, &frame) : HOLE;
    if (r == HOLE && frame == NULL && (frame = newframe(s, va)) == NULL)
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

int fill(Segment *s, uint64_t va, bool write, PageView *v, enum ev_enum_resolution *how)
{
    if (!allzero(v)) {
        *how = EV_resolution_filled;
        return allmapped(v) && (v->shared || !write) ? fillmapped(s, va, v) : fillsourced(s, va, write, v);
    }
    *how = EV_resolution_zeroed;
    Page *frame = newframe(s, va);
    if (frame == NULL)
        return error(T_ENOMEM, "out of memory");
    memset(pagekva(frame), 0, PGSIZE);
    return install(s, va, v, frame, 0);
}
