/* SPDX-License-Identifier: GPL-2.0-only */
/* The policies, and what a read does under each; see policy.h. `eager` is in readnow.c. */
#include <string.h>
#include "cache.h"
#include "fileio.h"
#include "image.h"
#include "policy.h"
#include "proc.h"

static uint64_t rounddown(uint64_t va)
{
    return va & ~PGMASK;
}

static uint64_t roundup(uint64_t va)
{
    return (va + PGMASK) & ~PGMASK;
}

/* The thread's proposal: one insertion into the source map, whatever n is (R6). */
static int readdeferred(Segment *s, uint64_t va, uint64_t n, const Input *in, uint64_t off)
{
    return segsnapshot(s, va, n, in->snap, off);
}

/* [va, first) and [last, va + n), conventionally. */
static int readends(Segment *s, uint64_t va, uint64_t n, uint64_t first, uint64_t last, const Input *in, uint64_t off)
{
    int r = readnow(s, va, first - va, in, off);
    return r == 0 && last < va + n ? readnow(s, last, va + n - last, in, off + (last - va)) : r;
}

/* The proposal as it was first implemented: fragments of pages are read at the call. */
static int readwhole(Segment *s, uint64_t va, uint64_t n, const Input *in, uint64_t off)
{
    uint64_t first = roundup(va), last = rounddown(va + n);
    if (first >= last)
        return readnow(s, va, n, in, off);
    int r = segsnapshot(s, first, last - first, in->snap, off + (first - va));
    return r == 0 ? readends(s, va, n, first, last, in, off) : r;
}

/* What the proposal is not: no snapshot. Whoever writes the file later writes into this read. */
static int readnaive(Segment *s, uint64_t va, uint64_t n, const Input *in, uint64_t off)
{
    struct Image *image;
    int r = attachimage(in->f, &image);
    if (r == 0) {
        r = seglive(s, va, n, image, off);
        putimage(image);
    }
    return r;
}

/* A mapping where a read was asked for. What cannot be mapped, because it is no whole page, is read. */
static int readmapped(Segment *s, uint64_t va, uint64_t n, const Input *in, uint64_t off)
{
    struct Image *image;
    bool toend = off + n == tfs_snap_length(in->snap);
    uint64_t first = roundup(va), last = toend ? roundup(va + n) : rounddown(va + n);
    if (((va ^ off) & PGMASK) != 0 || first >= last)
        return readnow(s, va, n, in, off);
    int r = attachimage(in->f, &image);
    if (r < 0)
        return r;
    r = segmap(s, first, last - first, image, off + (first - va));
    putimage(image);
    return r == 0 ? readends(s, va, n, first, last, in, off) : r;
}

/* Can the page at va be that of the cache, for bytes from off on, of which n are asked for? 1, 0, or an error. */
static int shareable(uint64_t va, uint64_t n, const Input *in, uint64_t off)
{
    struct tfs_extent x;
    if ((va & PGMASK) || (off & PGMASK) || n < PGSIZE)
        return 0;
    int r = snapmap(in->snap, off / TFS_BLOCK, &x);
    return r < 0 ? r : x.blk != 0 && cachehas(x.blk);
}

/* Pages of the cache become pages of the segment. One that memory pressure takes is filled again. */
static int readshared(Segment *s, uint64_t va, uint64_t n, const Input *in, uint64_t off)
{
    int r = segsnapshot(s, va, n, in->snap, off);
    for (uint64_t done = 0; done < n && r == 0; done += PGSIZE)
        r = fixfault(s, va + done, EV_access_read, true, NULL, NULL);
    return r;
}

/* The objection's "can work": what is in the page cache is shared copy-on-write, the rest is read now. */
static int readcached(Segment *s, uint64_t va, uint64_t n, const Input *in, uint64_t off)
{
    int r = 0;
    for (uint64_t done = 0, part; done < n && r == 0; done += part) {
        int share = shareable(va + done, n - done, in, off + done), next = share;
        for (part = 0; next == share && share >= 0 && part < n - done;) {
            part += PGSIZE - ((va + done + part) & PGMASK);
            next = part < n - done ? shareable(va + done + part, n - done - part, in, off + done + part) : -1;
        }
        part = part < n - done ? part : n - done;
        r = share < 0 ? share : (share ? readshared : readnow)(s, va + done, part, in, off + done);
    }
    return r;
}

static const Policy policies[] = {
    [EV_io_policy_eager] = {"eager", readnow, .skips = false},
    [EV_io_policy_deferred] = {"deferred", readdeferred, .skips = true, .rejoins = true, .zeros = true},
    [EV_io_policy_fragments_eager] =
        {"fragments-eager", readwhole, .skips = true, .rejoins = true, .whole = true, .zeros = true},
    [EV_io_policy_naive] = {"naive", readnaive, .skips = true, .rejoins = true, .live = true, .zeros = true},
    [EV_io_policy_cached] = {"cached", readcached, .zeros = true},
    [EV_io_policy_mmap_private] = {"mmap-private", readmapped, .skips = true, .live = true, .maps = true},
    [EV_io_policy_mmap_shared] = {"mmap-shared", readmapped, .skips = true, .live = true, .maps = true},
};

enum tfs_scope snapshot_scope = TFS_SCOPE_RANGE;
bool lending = false;

static const char *const scopes[] = {
    [TFS_SCOPE_FILE] = "file", [TFS_SCOPE_RANGE] = "range", [TFS_SCOPE_MOUNT] = "mount"};

enum { POLICIES = sizeof policies / sizeof policies[0] };

const Policy *policyof(const Segment *s)
{
    return &policies[s->type == EV_segment_type_defer ? s->policy : EV_io_policy_eager];
}

bool policynamed(const char *name, enum ev_enum_io_policy *policy)
{
    for (unsigned i = 0; i < POLICIES; i++)
        if (strcmp(policies[i].name, name) == 0) {
            *policy = (enum ev_enum_io_policy)i;
            return true;
        }
    return false;
}

bool scopenamed(const char *name, enum tfs_scope *scope)
{
    for (unsigned i = 0; i < sizeof scopes / sizeof scopes[0]; i++)
        if (strcmp(scopes[i], name) == 0) {
            *scope = (enum tfs_scope)i;
            return true;
        }
    return false;
}
