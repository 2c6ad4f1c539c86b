/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * File contents to and from user memory: the read and write calls (SEMANTICS: R and W rules). Policies
 * (policy.h) say how.
 */
#include <string.h>
#include "cache.h"
#include "fault.h"
#include "fileio.h"
#include "image.h"
#include "nospace.h"
#include "policy.h"
#include "proc.h"
#include "trace.h"
#include "transfers.h"

enum { BRING_IN = 64 }; /* pages that a write brings in at a time */

/* ---- snapshots ---- */

uint64_t snapid(struct tfs_snap *snap)
{
    return (uint64_t)(uintptr_t)*tfs_snap_tag(snap);
}

/* Blocks that hold n bytes at off. */
static uint64_t blockspan(uint64_t off, uint64_t n)
{
    return (off + n - 1) / TFS_BLOCK - off / TFS_BLOCK + 1;
}

int takemoment(struct tfs_file *f, uint64_t off, uint64_t n, struct tfs_snap **out)
{
    int r = tfs_snap_take_range(f, off / TFS_BLOCK, blockspan(off, n), out);
    return r < 0 ? fserror(r) : 0;
}

int takesnap(struct tfs_file *f, uint64_t off, uint64_t n, struct tfs_snap **out)
{
    int r = takemoment(f, off, n, out);
    if (r < 0)
        return r;
    void **tag = tfs_snap_tag(*out);
    if (*tag == NULL)
        *tag = (void *)(uintptr_t)TRACE(snapshot, .file = tfs_snap_ino(*out), .length = tfs_snap_length(*out),
                                        .epoch = tfs_snap_epoch(*out));
    return 0;
}

/* Gives up a plain reference, or `want`. */
static void letgo(struct tfs_snap *snap, struct tfs_want *want)
{
    bool held = holdsqlock(&fslock);
    if (!held)
        qlock(&fslock);
    uint64_t id = snapid(snap), kept = tfs_snap_preserved(snap);
    if ((want != NULL ? tfs_snap_unwant(snap, want) : tfs_snap_unref(snap)) && id != 0)
        ENDTRACE(snapshot, id, .preserved = kept);
    if (!held)
        qunlock(&fslock);
}

void dropsnap(struct tfs_snap *snap)
{
    letgo(snap, NULL);
}

void unwantsnap(struct tfs_snap *snap, struct tfs_want *want)
{
    letgo(snap, want);
}

void wantsnap(struct tfs_snap *snap, struct tfs_want *want, uint64_t off, uint64_t n)
{
    tfs_snap_want(snap, want, off / TFS_BLOCK, blockspan(off, n));
}

void rewantsnap(struct tfs_snap *snap, struct tfs_want *want, uint64_t off, uint64_t n)
{
    tfs_snap_rewant(snap, want, off / TFS_BLOCK, blockspan(off, n));
}

int snapmap(struct tfs_snap *snap, uint64_t fblk, struct tfs_extent *x)
{
    qlock(&fslock);
    int r = tfs_snap_map(snap, fblk, x);
    qunlock(&fslock);
    return r < 0 ? fserror(r) : 0;
}

void preserved(const struct tfs_event *e)
{
    TRACE(transfer, .boundary = EV_boundary_preserve, .class = EV_block_class_data, .file = e->ino,
          .offset = e->fblk * TFS_BLOCK, .block = e->blk, .bytes = TFS_BLOCK, .pages = 1,
          .snapshot = (uint64_t)(uintptr_t)e->snap_tag);
}

/* ---- ranges of user memory ---- */

static uint64_t min(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* The segment of the running process that holds va, and how many of n bytes from there lie in it. */
static Segment *segpart(uint64_t va, uint64_t n, uint64_t *part)
{
    Segment *s = segfor(up, va);
    if (s != NULL)
        *part = min(n, s->top - va);
    return s;
}

/* Is every byte of [va, va + n) in a segment that allows the access? */
static int checkrange(uint64_t va, uint64_t n, enum ev_enum_access access)
{
    uint64_t part;
    if (va >= TARRY_USER_TOP || n > TARRY_USER_TOP - va)
        return error(T_EFAULT, "bad address in system call");
    for (; n > 0; va += part, n -= part) {
        Segment *s = segpart(va, n, &part);
        if (s == NULL || !allows(s, access))
            return error(T_EFAULT, "bad address in system call");
    }
    return 0;
}

/* ---- reading ---- */

/* How many bytes a read of n at off gets, and the snapshot that has them as they are at this instant (R1, R3). */
static int64_t freeze(struct tfs_file *f, uint64_t off, uint64_t n, struct tfs_snap **snap)
{
    struct tfs_stat st;
    qlock(&fslock);
    int r = imagesync(f);
    if (r == 0 && (r = tfs_stat(f, &st)) < 0)
        r = fserror(r);
    uint64_t count = r == 0 && off < st.length ? min(n, st.length - off) : 0;
    if (count > 0)
        r = takesnap(f, off, count, snap);
    qunlock(&fslock);
    return r < 0 ? r : (int64_t)count;
}

int64_t fileread(struct tfs_file *f, uint64_t off, uint64_t va, uint64_t n)
{
    Input in = {.f = f};
    int64_t count = freeze(f, off, n, &in.snap);
    if (count <= 0)
        return count;
    int r = checkrange(va, (uint64_t)count, EV_access_write);
    for (uint64_t done = 0, part = 0; r == 0 && done < (uint64_t)count; done += part) {
        Segment *s = segpart(va + done, (uint64_t)count - done, &part);
        if (s == NULL) /* it shrank while we slept */
            r = error(T_EFAULT, "bad address in system call");
        else
            r = policyof(s)->read(s, va + done, part, &in, off + done);
    }
    dropsnap(in.snap);
    return r < 0 ? r : count;
}

/* ---- writing ---- */

/* A write call under way. */
typedef struct Write {
    struct tfs_file *f;
    uint64_t ino;
    Segment *s;       /* locked */
    const Policy *policy;
    uint64_t va, end; /* what is left of the buffer in s */
    uint64_t breath;  /* where va was when others last had a chance to run */
    uint64_t off;     /* where in the file va goes */
    uint64_t length;  /* of the file; valid while fslock is held */
    bool append;
    bool touched;     /* version and mtime have been bumped (W2) */
    bool conditional; /* only if the file has not changed since `version` */
    uint64_t version; /* or CWRITE_READ */
    Run run;
} Write;

/* writeheld: a page must be brought in, which cannot be done under fslock (W8); others have waited for it long enough. */
enum { MISSING = 1, ENOUGH = 2 };
enum { HOLD = 1 << 20 }; /* bytes after which they have */

/* Does the piece come from the file that is written? */
static bool isof(const Write *w, const Source *piece)
{
    if (piece->image != NULL)
        return imagefile(piece->image) == w->f;
    return piece->kind == EV_source_kind_snapshot && tfs_snap_ino(piece->snap) == w->ino;
}

/*
 * How many of the n bytes of a piece at w->va are alike: *same if the file holds the very blocks that the piece comes
 * from, so that they need not be written (W1), else they must be.
 */
static int64_t alike(const Write *w, const Source *piece, bool *same)
{
    uint64_t n = piece->end - piece->va;
    *same = false;
    if (!w->policy->skips || w->append || !isof(w, piece) || piece->off != w->off ||
        w->off >= w->length)
        return (int64_t)n;
    n = min(n, w->length - w->off); /* the file may have been truncated within the block */
    if (piece->image != NULL) { /* without a snapshot there is nothing to compare: taken for the file itself */
        *same = true;
        return (int64_t)n;
    }
    uint64_t first = w->off / TFS_BLOCK, last = (w->off + n - 1) / TFS_BLOCK;
    int yes;
    int64_t blocks = tfs_snap_compare(piece->snap, w->f, first, last - first + 1, &yes);
    if (blocks < 0)
        return fserror(blocks);
    *same = yes != 0;
    return (int64_t)min(n, (first + (uint64_t)blocks) * TFS_BLOCK - w->off);
}

/* Address of the byte at w->va of a piece, good until the end of the page. NULL: it must be brought in first. */
static const char *bytesof(const Write *w, const Source *piece)
{
    static const char zeros[PGSIZE];
    Resident r = residentat(w->s->pages, pagenumber(w->s, w->va));
    if (piece->kind == EV_source_kind_zero)
        return zeros;
    if (r.page == NULL || (piece->kind != EV_source_kind_own && (r.flags & PAGE_PARTIAL)))
        return NULL;
    return (const char *)pagekva(r.page) + (w->va & PGMASK);
}

static void advance(Write *w, enum ev_enum_boundary boundary, uint64_t n)
{
    addrun(&w->run, boundary, w->va, w->off, n, 0);
    w->va += n;
    w->off += n;
}

/*
 * The page of va has been written, and its source will be the block that was written (W4). If its frame is one that the cache
 * has lent for the old source (R11), nothing keeps that from changing any more: it is given back.
 */
static void giveback(Write *w, uint64_t va)
{
    Resident r = residentat(w->s->pages, pagenumber(w->s, va));
    if (!w->policy->rejoins || r.page == NULL || r.page->owner == NULL)
        return;
    flushmappings(w->s, va & ~PGMASK, PGSIZE, EV_demotion_replace);
    dropresident(w->s->pages, pagenumber(w->s, va));
    tracepage(w->s, va & ~PGMASK, EV_page_state_clean, EV_page_state_sourced);
}

/* Is this the place to stop, for the sake of others, or because of a note? A conditional write is one. */
static int pausewrite(Write *w)
{
    bool breath = w->va - w->breath >= HOLD;
    if (breath)
        w->breath = w->va;
    if (w->conditional)
        return 0;
    if (interrupted(up) || (breath && breathe() < 0))
        return error(T_EINTR, "interrupted");
    return breath && qlockwanted(&fslock) ? ENOUGH : 0;
}

/* Writes n bytes of a piece, page by page. 0, MISSING, ENOUGH, or the error. */
static int writepiece(Write *w, const Source *piece, uint64_t n)
{
    for (uint64_t end = w->va + n; w->va < end;) {
        int stop = pausewrite(w);
        if (stop != 0)
            return stop;
        const char *src = bytesof(w, piece);
        uint64_t part = min(end - w->va, PGSIZE - (w->va & PGMASK));
        if (src == NULL)
            return MISSING;
        int64_t done = tfs_write_part(w->f, w->off, src, part);
        if (done < 0)
            return fserror(done);
        imagewritten(w->f, w->off, src, (uint64_t)done);
        giveback(w, w->va);
        advance(w, EV_boundary_write, (uint64_t)done);
        if (w->off > w->length)
            w->length = w->off;
    }
    return 0;
}

/* Goes through the buffer as far as that goes without giving up fslock: check and write are one (W1). */
static int writeheld(Write *w)
{
    while (w->va < w->end) {
        bool same;
        Source piece = sourceat(w->s->sources, w->va, w->end);
        int64_t n = alike(w, &piece, &same);
        if (n < 0)
            return (int)n;
        if (same) {
            advance(w, EV_boundary_skip, (uint64_t)n);
            continue;
        }
        int r = writepiece(w, &piece, (uint64_t)n);
        if (r != 0)
            return r;
    }
    return 0;
}

/* What [va, w->va) was written from is what the file holds now (W4). Without memory it stays the segment's own. */
static void associate(Write *w, uint64_t va)
{
    bool whole = w->policy->whole;
    uint64_t from = whole ? (va + PGMASK) & ~PGMASK : va, end = whole ? w->va & ~PGMASK : w->va;
    Source src = {.va = from, .end = end, .off = w->off - (w->va - from)};
    if (from >= end || !w->policy->rejoins)
        return;
    src.kind = w->policy->live ? EV_source_kind_live : EV_source_kind_snapshot;
    if ((w->policy->live ? attachimage(w->f, &src.image) : takesnap(w->f, src.off, end - from, &src.snap)) < 0)
        return;
    rejoin(w->s, src);
    if (src.image != NULL)
        putimage(src.image);
    else
        dropsnap(src.snap);
}

/* ---- writing if unchanged (W3) ---- */

/* Are the file's blocks at [off, off + n) those of a snapshot? 1, 0, or an error. */
static int sameblocks(const Write *w, struct tfs_snap *snap, uint64_t off, uint64_t n)
{
    uint64_t first = off / TFS_BLOCK, end = (off + n - 1) / TFS_BLOCK + 1;
    while (first < end) {
        int yes;
        int64_t blocks = tfs_snap_compare(snap, w->f, first, end - first, &yes);
        if (blocks < 0)
            return fserror(blocks);
        if (!yes)
            return 0;
        first += (uint64_t)blocks;
    }
    return 1;
}

/* Is the piece, which would go to off, what was read from there? */
static bool readfrom(const Write *w, const Source *piece, uint64_t off)
{
    return piece->kind == EV_source_kind_snapshot && piece->off == off && isof(w, piece);
}

/* The oldest snapshot that some of the buffer was read from, for the pieces that do not know any more. */
static struct tfs_snap *oldest(const Write *w)
{
    struct tfs_snap *old = NULL;
    for (uint64_t va = w->va; va < w->end;) {
        Source piece = sourceat(w->s->sources, va, w->end);
        if (readfrom(w, &piece, w->off + (va - w->va)) &&
            (old == NULL || tfs_snap_epoch(piece.snap) < tfs_snap_epoch(old)))
            old = piece.snap;
        va = piece.end;
    }
    return old;
}

static int unchangedblocks(const Write *w)
{
    struct tfs_snap *old = oldest(w);
    int same = old != NULL && !w->append;
    for (uint64_t va = w->va; va < w->end && same == 1;) {
        Source piece = sourceat(w->s->sources, va, w->end);
        uint64_t off = w->off + (va - w->va);
        same = sameblocks(w, readfrom(w, &piece, off) ? piece.snap : old, off, piece.end - va);
        va = piece.end;
    }
    return same;
}

/* 0 if the rest of the buffer may be written. The caller holds fslock: check and write are one. */
static int unchanged(const Write *w, uint64_t version)
{
    int same = w->version == CWRITE_READ ? unchangedblocks(w) : version == w->version + w->touched;
    return same < 0 ? same : same ? 0 : error(T_ESTALE, "the file has changed since it was read");
}

/* One hold of fslock: as much of the write as is in memory or can be skipped. 0, MISSING, ENOUGH, or the error. */
static int writesome(Write *w)
{
    struct tfs_stat st;
    uint64_t start = w->va;
    int r = w->policy->rejoins ? reserve(w->s) : 0;
    if (r < 0)
        return r;
    qlock(&fslock);
    r = imagesync(w->f); /* what was stored through a shared mapping comes before what is written now */
    if (r == 0 && (r = tfs_stat(w->f, &st)) < 0)
        r = fserror(r);
    if (r == 0) {
        w->ino = w->run.file = st.ino;
        w->length = st.length;
        if (w->append)
            w->off = st.length;
        if (w->conditional)
            r = unchanged(w, st.version);
        if (r == 0)
            r = writeheld(w);
        endrun(&w->run);
        if (w->va > start && !w->touched)
            w->touched = tfs_touch(w->f) == 0;
        associate(w, start);
    }
    qunlock(&fslock);
    return r;
}

/* Brings in pages from w->va on: at least the first, and what comes with it from the same piece. */
static int bringin(Write *w)
{
    Source piece = sourceat(w->s->sources, w->va, w->end);
    struct tfs_extent x;
    Page *first;
    if (interrupted(up))
        return error(T_EINTR, "interrupted");
    if (piece.snap != NULL && snapmap(piece.snap, piece.off / TFS_BLOCK, &x) == 0)
        readcluster(&x, tfs_snap_ino(piece.snap), piece.off, piece.end - piece.va);
    int r = fixlocked(w->s, w->va, EV_access_read, true, NULL, &first);
    if (r < 0)
        return r;
    uint64_t va = (w->va & ~PGMASK) + PGSIZE;
    for (unsigned n = 1; n < BRING_IN && va < piece.end && r == 0; n++, va += PGSIZE)
        r = fixlocked(w->s, va, EV_access_read, true, NULL, NULL); /* an error comes back when it is needed */
    putpage(first); /* held so that the later ones did not push it out */
    return 0;
}

/* The part of a write that lies in w->s. 0, or the error; w->va says how far it came. */
static int writeseg(Write *w)
{
    int r;
    qlock(&w->s->lock);
    /* From here on a store into what is written faults, and waits for the lock: bytes that are written stay so (W4). */
    if (w->policy->rejoins)
        protectown(w->s, w->va, w->end - w->va);
    while ((r = writesome(w)) == MISSING || r == ENOUGH)
        if (r == MISSING && (r = bringin(w)) < 0)
            break;
    qunlock(&w->s->lock);
    return r;
}

static int64_t writebuffer(Write w, uint64_t va, uint64_t n)
{
    int r = checkrange(va, n, EV_access_read);
    w.va = w.breath = va;
    while (r == 0 && w.va < va + n) {
        uint64_t part;
        w.s = segpart(w.va, va + n - w.va, &part);
        if (w.s == NULL) {
            r = error(T_EFAULT, "bad address in system call");
            break;
        }
        w.run.s = w.s;
        w.policy = policyof(w.s);
        w.end = w.va + part;
        r = writeseg(&w);
        if (r == -T_ENOSPC && materialisesome()) /* E2 */
            r = 0;
    }
    /* What has been written before an error counts, like a short write. */
    return w.va > va ? (int64_t)(w.va - va) : r;
}

int64_t filewrite(struct tfs_file *f, uint64_t off, uint64_t va, uint64_t n, bool append)
{
    return writebuffer((Write){.f = f, .off = off, .append = append}, va, n);
}

int64_t filewriteif(struct tfs_file *f, uint64_t off, uint64_t va, uint64_t n, bool append, uint64_t version)
{
    return writebuffer((Write){.f = f, .off = off, .append = append, .conditional = true, .version = version}, va, n);
}
