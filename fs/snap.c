/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Snapshots of files: a copy of the root, an epoch, which blocks are wanted, and the list of blocks that
 * the file has let go since.
 *
 * A block on the deadlist of snapshot S left its file while S was the newest that keeps it, so newer ones do not need
 * it; older ones do if it was born early enough and they keep it. When nobody wants it of S any more it therefore goes
 * to the next older snapshot where somebody does, or is free: S2. Nodes of the tree stay as long as the snapshot.
 */
#include "core.h"

void tfs_set_scope(struct tfs *fs, enum tfs_scope scope)
{
    if (fs->nsnaps == 0)
        fs->scope = scope;
}

/* ---- which snapshots there are ---- */

/* Where the newest one hangs of those that may keep blocks of the file. Metadata is not in the contents of files. */
static struct tfs_snap **chain(struct tfs_file *f)
{
    return f->fs->scope == TFS_SCOPE_MOUNT && f->magic == 0 ? &f->fs->keepers : &f->snaps;
}

struct tfs_snap *snap_newest(const struct tfs_file *f)
{
    return *chain((struct tfs_file *)(uintptr_t)f);
}

static void enlist(struct tfs_snap *s)
{
    struct tfs_snap **head = chain(s->file);

    s->older = *head;
    if (s->older != NULL)
        s->older->newer = s;
    *head = s->file->snaps = s;
}

static void delist(struct tfs_snap *s)
{
    struct tfs_snap *next = s->older;
    int newest = s->file->snaps == s;

    while (next != NULL && next->file != s->file)
        next = next->older;
    if (s->newer != NULL)
        s->newer->older = s->older;
    else
        *chain(s->file) = s->older;
    if (s->older != NULL)
        s->older->newer = s->newer;
    if (newest)
        s->file->snaps = next;
}

/* ---- which blocks they keep ---- */

/* Does somebody want the block of the snapshot? *run is cut to how many blocks from there on the answer holds. */
static int wanted(const struct tfs_snap *s, uint64_t fblk, uint64_t *run)
{
    if (fblk == NODE_FBLK || s->file->fs->scope == TFS_SCOPE_MOUNT)
        return 1;
    if (s->wholes > 0 && fblk >= s->first && fblk < s->end) {
        *run = min_u64(*run, s->end - fblk);
        return 1;
    }
    if (s->wholes > 0 && s->first > fblk)
        *run = min_u64(*run, s->first - fblk);
    return want_covers(s->wants, fblk, run);
}

/* The first of the snapshots from s on, older and older, where somebody wants the block. */
static struct tfs_snap *wanting(struct tfs_snap *s, uint64_t fblk, uint64_t birth, uint64_t *run)
{
    for (; s != NULL && birth <= s->epoch; s = s->older)
        if (wanted(s, fblk, run))
            return s;
    return NULL;
}

struct tfs_snap *snap_keeper(struct tfs_snap *s, uint64_t fblk, uint64_t birth, uint64_t *run)
{
    if (s != NULL && s->file->fs->scope == TFS_SCOPE_FILE)
        return birth <= s->epoch ? s : NULL;
    return wanting(s, fblk, birth, run);
}

/* ---- taking ---- */

static struct tfs_snap *make(struct tfs_file *f)
{
    struct tfs *fs = f->fs;
    struct tfs_snap *s = mem_alloc(fs, sizeof *s);

    if (s == NULL)
        return NULL;
    s->file = f;
    s->root = f->inode.root;
    s->length = f->inode.length;
    s->epoch = fs->epoch++;
    s->first = UINT64_MAX;
    enlist(s);
    fs->nsnaps++;
    return s;
}

int tfs_snap_take_range(struct tfs_file *f, uint64_t fblk, uint64_t n, struct tfs_snap **out)
{
    struct tfs_snap *s = f->snaps;
    uint64_t end = n < UINT64_MAX - fblk ? fblk + n : UINT64_MAX;

    if (file_is_dir(f))
        return -TFS_EISDIR;
    if (s == NULL || s->length != f->inode.length || memcmp(&s->root, &f->inode.root, sizeof s->root) != 0)
        s = make(f);
    if (s == NULL)
        return -TFS_ENOMEM;
    s->first = min_u64(s->first, fblk);
    s->end = s->end > end ? s->end : end;
    s->wholes++;
    s->refs++;
    *out = s;
    return 0;
}

int tfs_snap_take(struct tfs_file *f, struct tfs_snap **out)
{
    return tfs_snap_take_range(f, 0, UINT64_MAX, out);
}

void tfs_snap_ref(struct tfs_snap *s)
{
    s->wholes++;
    s->refs++;
}

/* xorshift32 */
static uint32_t random_priority(struct tfs *fs)
{
    uint32_t x = fs->random != 0 ? fs->random : 2463534242u;

    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return fs->random = x;
}

void tfs_snap_want(struct tfs_snap *s, struct tfs_want *w, uint64_t fblk, uint64_t n)
{
    *w = (struct tfs_want){.first = fblk, .end = fblk + n, .priority = random_priority(s->file->fs)};
    want_add(&s->wants, w);
    s->refs++;
}

/* Somebody has ceased to want so many blocks. */
static void release(struct tfs_snap *s, uint64_t n)
{
    s->released = n < UINT64_MAX - s->released ? s->released + n : UINT64_MAX;
}

void tfs_snap_rewant(struct tfs_snap *s, struct tfs_want *w, uint64_t fblk, uint64_t n)
{
    release(s, w->end - w->first);
    want_remove(&s->wants, w);
    w->first = fblk;
    w->end = fblk + n;
    want_add(&s->wants, w);
}

/* ---- deadlists ---- */

static int extends(const struct dead_run *r, const struct dead_run *next)
{
    return r->blk + r->n == next->blk && r->birth == next->birth &&
           (r->fblk == NODE_FBLK ? next->fblk == NODE_FBLK : r->fblk + r->n == next->fblk);
}

static void report(struct tfs_snap *s, uint64_t ino, const struct dead_run *r)
{
    struct tfs *fs = s->file->fs;
    struct tfs_event e = {.kind = TFS_EV_PRESERVE, .ino = ino, .snap_tag = s->tag};

    s->preserved += r->n;
    if (fs->env->event == NULL)
        return;
    for (uint64_t i = 0; i < r->n; i++) {
        e.fblk = r->fblk + i;
        e.blk = r->blk + i;
        fs->env->event(fs->env->ctx, &e);
    }
}

/* Puts a run on the deadlist. */
static void remember(struct tfs_snap *s, const struct dead_run *r)
{
    struct tfs *fs = s->file->fs;

    if (s->dead != NULL && extends(&s->dead->run[s->dead->n - 1], r)) {
        s->dead->run[s->dead->n - 1].n += r->n;
        return;
    }
    if (s->dead == NULL || s->dead->n == DEAD_RUNS) {
        struct dead *d = mem_alloc(fs, sizeof *d);
        if (d == NULL) {
            corrupt(fs, r->blk, "no memory to remember a preserved block: it stays held until the next mount");
            return;
        }
        d->next = s->dead;
        s->dead = d;
    }
    s->dead->run[s->dead->n++] = *r;
    s->ndead++;
}

void snap_preserve(struct tfs_snap *s, uint64_t ino, const struct dead_run *r, int listed)
{
    space_hold(s->file->fs, r->blk, r->n, listed);
    if (r->fblk != NODE_FBLK)
        report(s, ino, r);
    remember(s, r);
}

/*
 * What becomes of run i of a piece that was taken off the deadlist of s: each part of it goes to the first snapshot
 * from `from` on where somebody wants it, or is free. *kept: runs at the beginning of the piece that stay with s.
 */
static void sort_run(struct tfs_snap *s, struct tfs_snap *from, struct dead *d, uint64_t i, uint64_t *kept)
{
    struct dead_run r = d->run[i], part = r;

    for (uint64_t done = 0; done < r.n; done += part.n) {
        part.blk = r.blk + done;
        part.n = r.n - done;
        if (r.fblk != NODE_FBLK)
            part.fblk = r.fblk + done;
        struct tfs_snap *to = wanting(from, part.fblk, r.birth, &part.n);
        if (to == NULL)
            space_free(s->file->fs, part.blk, part.n);
        else if (to == s && *kept <= i)
            d->run[(*kept)++] = part;
        else
            remember(to, &part);
    }
}

/* Goes through the deadlist of s: what nobody from `from` on wants is free. */
static void sift(struct tfs_snap *s, struct tfs_snap *from)
{
    struct dead *all = s->dead;

    s->dead = NULL;
    s->ndead = s->released = 0;
    while (all != NULL) {
        struct dead *d = all;
        uint64_t n = d->n, kept = 0;
        all = d->next;
        for (uint64_t i = 0; i < n; i++)
            sort_run(s, from, d, i, &kept);
        d->n = kept;
        s->ndead += kept;
        if (kept == 0) {
            mem_free(s->file->fs, d, sizeof *d);
        } else {
            d->next = s->dead;
            s->dead = d;
        }
    }
}

/* ---- letting go ---- */

enum { SIFT_ALWAYS = 64, SIFT_SHARE = 8 }; /* see tfs_snap_unwant */

static int unref(struct tfs_snap *s)
{
    struct tfs_file *f = s->file;
    struct tfs *fs = f->fs;

    if (--s->refs > 0) {
        int due = s->ndead <= SIFT_ALWAYS || s->released >= s->ndead / SIFT_SHARE;
        if (s->dead != NULL && s->released > 0 && due && fs->scope != TFS_SCOPE_MOUNT)
            sift(s, s);
        return 0;
    }
    sift(s, s->older);
    delist(s);
    mem_free(fs, s, sizeof *s);
    fs->nsnaps--;
    if (f->opens == 0 && f->snaps == NULL)
        file_dispose(f);
    return 1;
}

int tfs_snap_unref(struct tfs_snap *s)
{
    if (--s->wholes == 0) {
        release(s, s->end - s->first);
        s->first = UINT64_MAX;
        s->end = 0;
    }
    return unref(s);
}

int tfs_snap_unwant(struct tfs_snap *s, struct tfs_want *w)
{
    release(s, w->end - w->first);
    want_remove(&s->wants, w);
    return unref(s);
}

void snap_sift_all(struct tfs *fs)
{
    for (unsigned i = 0; i < FILE_BUCKETS && fs->scope != TFS_SCOPE_MOUNT; i++)
        for (struct tfs_file *f = fs->files[i]; f != NULL; f = f->next)
            for (struct tfs_snap *s = f->snaps; s != NULL; s = s->older)
                if (s->released > 0 && s->dead != NULL)
                    sift(s, s);
}

/* ---- looking ---- */

uint64_t tfs_snap_length(const struct tfs_snap *s)
{
    return s->length;
}

uint64_t tfs_snap_ino(const struct tfs_snap *s)
{
    return s->file->inode.ino;
}

uint64_t tfs_snap_epoch(const struct tfs_snap *s)
{
    return s->epoch;
}

uint64_t tfs_snap_preserved(const struct tfs_snap *s)
{
    return s->preserved;
}

void **tfs_snap_tag(struct tfs_snap *s)
{
    return &s->tag;
}

int tfs_snap_map(struct tfs_snap *s, uint64_t fblk, struct tfs_extent *e)
{
    if (fblk >= MAX_FBLK)
        return -TFS_EINVAL;
    return tree_find(s->file->fs, &s->root, fblk, e);
}

int64_t tfs_snap_compare(struct tfs_snap *s, struct tfs_file *f, uint64_t fblk, uint64_t max, int *same)
{
    uint64_t done = 0;

    *same = 0;
    if (max == 0 || fblk >= MAX_FBLK)
        return -TFS_EINVAL;
    if (s->file != f)
        return (int64_t)min_u64(max, INT64_MAX);
    max = min_u64(max, MAX_FBLK - fblk);
    while (done < max) {
        int piece;
        uint64_t run;
        int r = tree_compare(f->fs, &s->root, &f->inode.root, fblk + done, &piece, &run);
        if (r < 0)
            return r;
        if (done == 0)
            *same = piece;
        else if (piece != *same)
            break;
        done += run;
    }
    return (int64_t)min_u64(done, max);
}

int64_t tfs_snap_changed(struct tfs_snap *s, uint64_t fblk, uint64_t max, _Bool *changed)
{
    int same = 1;
    int64_t n = tfs_snap_compare(s, s->file, fblk, max, &same);

    *changed = n >= 0 && !same;
    return n;
}
