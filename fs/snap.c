/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Snapshots of files: a copy of the root, an epoch, and the list of blocks that
 * the file has let go since.
 *
 * A block on the deadlist of snapshot S left its file while S was the newest that keeps it, so newer ones do not need
 * it; older ones do if it was born early enough and they keep it. On release it therefore goes to the
 * next older snapshot if one of those needs it, or is free.
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

struct tfs_snap *snap_keeper(struct tfs_snap *s, uint64_t fblk, uint64_t birth, uint64_t *run)
{
    for (; s != NULL && birth <= s->epoch; s = s->older) {
        if (fblk == NODE_FBLK)
            return s;
        if (fblk >= s->first && fblk < s->end) {
            *run = min_u64(*run, s->end - fblk);
            return s;
        }
        if (s->first > fblk)
            *run = min_u64(*run, s->first - fblk);
    }
    return NULL;
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
    if (f->fs->scope != TFS_SCOPE_RANGE)
        fblk = 0, end = UINT64_MAX;
    s->first = min_u64(s->first, fblk);
    s->end = s->end > end ? s->end : end;
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
    s->refs++;
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

void snap_preserve(struct tfs_snap *s, uint64_t ino, const struct dead_run *r)
{
    struct tfs *fs = s->file->fs;

    space_hold(fs, r->blk, r->n);
    if (r->fblk != NODE_FBLK)
        report(s, ino, r);
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
}

/* Does any of these snapshots, newest first, keep any of the run? */
static int needed(const struct dead_run *r, const struct tfs_snap *s)
{
    for (; s != NULL && r->birth <= s->epoch; s = s->older)
        if (r->fblk == NODE_FBLK || (r->fblk < s->end && s->first < r->fblk + r->n))
            return 1;
    return 0;
}

/* Frees what the older snapshots do not need; what one needs stays in the piece, which may be left empty. */
static void sift(struct tfs *fs, struct dead *d, const struct tfs_snap *older)
{
    uint64_t kept = 0;

    for (uint64_t i = 0; i < d->n; i++) {
        if (needed(&d->run[i], older))
            d->run[kept++] = d->run[i];
        else
            space_free(fs, d->run[i].blk, d->run[i].n);
    }
    d->n = kept;
}

static void pass_on_dead(struct tfs_snap *s)
{
    struct tfs *fs = s->file->fs;

    while (s->dead != NULL) {
        struct dead *d = s->dead;
        s->dead = d->next;
        sift(fs, d, s->older);
        if (d->n == 0) {
            mem_free(fs, d, sizeof *d);
        } else {
            d->next = s->older->dead;
            s->older->dead = d;
        }
    }
}

int tfs_snap_unref(struct tfs_snap *s)
{
    struct tfs_file *f = s->file;
    struct tfs *fs = f->fs;

    if (--s->refs > 0)
        return 0;
    pass_on_dead(s);
    delist(s);
    mem_free(fs, s, sizeof *s);
    fs->nsnaps--;
    if (f->opens == 0 && f->snaps == NULL)
        file_dispose(f);
    return 1;
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
