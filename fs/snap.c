/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Snapshots of files: a copy of the root, an epoch, and the list of blocks that
 * the file has let go since.
 *
 * A block on the deadlist of snapshot S left the file while S was the newest, so newer ones do not see
 * it; older ones do if it was born early enough. On release it therefore goes to the
 * next older snapshot, or is free.
 */
#include "core.h"

int tfs_snap_take(struct tfs_file *f, struct tfs_snap **out)
{
    struct tfs *fs = f->fs;
    struct tfs_snap *s = f->snaps;

    if (file_is_dir(f))
        return -TFS_EISDIR;
    if (s == NULL || s->length != f->inode.length || memcmp(&s->root, &f->inode.root, sizeof s->root) != 0) {
        s = mem_alloc(fs, sizeof *s);
        if (s == NULL)
            return -TFS_ENOMEM;
        s->file = f;
        s->root = f->inode.root;
        s->length = f->inode.length;
        s->epoch = fs->epoch++;
        s->older = f->snaps;
        if (s->older != NULL)
            s->older->newer = s;
        f->snaps = s;
        fs->nsnaps++;
    }
    s->refs++;
    *out = s;
    return 0;
}

void tfs_snap_ref(struct tfs_snap *s)
{
    s->refs++;
}

/* ---- deadlists ---- */

static int extends(const struct dead_run *r, uint64_t blk, uint64_t birth)
{
    return r->blk + r->n == blk && r->birth == birth;
}

static void report(struct tfs_snap *s, uint64_t fblk, uint64_t blk, uint64_t n)
{
    struct tfs *fs = s->file->fs;
    struct tfs_event e = {.kind = TFS_EV_PRESERVE, .ino = s->file->inode.ino, .snap_tag = s->tag};

    s->preserved += n;
    if (fs->env->event == NULL)
        return;
    for (uint64_t i = 0; i < n; i++) {
        e.fblk = fblk + i;
        e.blk = blk + i;
        fs->env->event(fs->env->ctx, &e);
    }
}

void snap_preserve(struct tfs_snap *s, uint64_t fblk, uint64_t blk, uint64_t n, uint64_t birth, int is_node)
{
    struct tfs *fs = s->file->fs;

    space_hold(fs, blk, n);
    if (!is_node)
        report(s, fblk, blk, n);
    if (s->dead != NULL && extends(&s->dead->run[s->dead->n - 1], blk, birth)) {
        s->dead->run[s->dead->n - 1].n += n;
        return;
    }
    if (s->dead == NULL || s->dead->n == DEAD_RUNS) {
        struct dead *d = mem_alloc(fs, sizeof *d);
        if (d == NULL) {
            corrupt(fs, blk, "no memory to remember a preserved block: it stays held until the next mount");
            return;
        }
        d->next = s->dead;
        s->dead = d;
    }
    s->dead->run[s->dead->n++] = (struct dead_run){blk, birth, n};
}

/* Frees what the older snapshot does not see; what it sees stays in the piece, which may be left empty. */
static void sift(struct tfs *fs, struct dead *d, const struct tfs_snap *older)
{
    uint64_t kept = 0;

    for (uint64_t i = 0; i < d->n; i++) {
        if (older != NULL && d->run[i].birth <= older->epoch)
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
    if (s->newer != NULL)
        s->newer->older = s->older;
    else
        f->snaps = s->older;
    if (s->older != NULL)
        s->older->newer = s->newer;
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
