/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Listing a directory, in the order of the hashes, so that an entry that stays is listed once, whatever else comes and goes.
 */
#include "bucket.h"

/* The first entry at or after (hash, skip entries of that hash) of the bucket; *index counts entries of its hash. */
static const struct disk_entry *bucket_from(struct bucket *b, uint64_t hash, unsigned skip, unsigned *index, int *bad)
{
    unsigned off = 0;
    uint64_t last = UINT64_MAX;
    const struct disk_entry *e;

    *index = 0;
    while ((e = bucket_next(b->data, &off, bad)) != NULL) {
        *index = e->hash == last ? *index + 1 : 0;
        last = e->hash;
        if (e->hash > hash || (e->hash == hash && *index >= skip))
            return e;
    }
    return NULL;
}

static int mode_of(struct tfs *fs, uint32_t slot, uint32_t *mode)
{
    struct disk_inode i;

    for (struct tfs_file *f = fs->files[slot % FILE_BUCKETS]; f != NULL; f = f->next)
        if (f->slot == slot) {
            *mode = f->inode.mode;
            return 0;
        }
    int r = inode_load(fs, slot, &i);
    if (r == 0)
        *mode = i.mode;
    return r;
}

static int describe(struct tfs_file *dir, const struct disk_entry *e, struct tfs_dirent *out)
{
    int r = mode_of(dir->fs, e->slot, &out->mode);

    out->ino = e->ino;
    memcpy(out->name, e->name, e->namelen);
    out->name[e->namelen] = 0;
    return r < 0 ? r : 1;
}

/* First hash of the bucket after the one at fblk; MAX_FBLK if there is none. */
static int next_bucket(struct tfs_file *dir, uint64_t fblk, uint64_t *next)
{
    struct tfs_extent e;

    for (*next = fblk + 1; *next < MAX_FBLK; *next += e.run) {
        int r = tree_find(dir->fs, &dir->inode.root, *next, &e);
        if (r < 0 || e.blk != 0)
            return r;
    }
    return 0;
}

int tfs_readdir(struct tfs_file *dir, uint64_t *cookie, struct tfs_dirent *out)
{
    uint64_t hash = *cookie >> 16;
    unsigned skip = *cookie & 0xffff, index;

    if (!file_is_dir(dir))
        return -TFS_ENOTDIR;
    for (;;) {
        struct bucket b;
        int bad = 0, r = bucket_get(dir, hash, 0, &b);
        if (r < 0)
            return r == -TFS_ENOENT ? 0 : r;
        const struct disk_entry *e = bucket_from(&b, hash, skip, &index, &bad);
        if (e != NULL && e->hash >= MAX_FBLK)
            bad = 1;
        if (e != NULL && !bad) {
            *cookie = e->hash << 16 | (index + 1);
            r = describe(dir, e, out);
        }
        bucket_put(&b, 0);
        if (bad)
            return corrupt(dir->fs, b.blk, "directory block makes no sense");
        if (e != NULL)
            return r;
        r = next_bucket(dir, b.fblk, &hash);
        if (r < 0 || hash >= MAX_FBLK)
            return r;
        skip = 0;
    }
}
