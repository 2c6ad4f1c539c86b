/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Directories are files whose blocks are buckets of entries.
 *
 * The block of the directory file at `fblk` holds the entries whose hash is at or above fblk and below the
 * next mapped block: the extent tree itself is the index. A full bucket splits at its
 * middle hash. Buckets are never taken out while the directory lives, so fblk 0 is there once there is one.
 */
#include "bucket.h"

uint64_t name_hash(const char *name, size_t n)
{
    uint64_t h = 0xcbf29ce484222325; /* FNV-1a */

    for (size_t i = 0; i < n; i++)
        h = (h ^ (uint8_t)name[i]) * 0x100000001b3;
    h ^= h >> 29; /* high bits choose the bucket: mix once more */
    h *= 0xbf58476d1ce4e5b9;
    return h >> (64 - HASH_BITS);
}

struct disk_shape *bucket_shape(void *bucket)
{
    return &((struct disk_header *)bucket)->shape;
}

uint8_t *bucket_body(void *bucket)
{
    return (uint8_t *)bucket + sizeof(struct disk_header);
}

const struct disk_entry *bucket_next(const void *bucket, unsigned *off, int *bad)
{
    const struct disk_header *h = bucket;
    unsigned used = h->shape.crcs;
    const struct disk_entry *e = (const void *)((const uint8_t *)bucket + sizeof *h + *off);

    if (*off == used)
        return NULL;
    if (used > BODY_BYTES || *off % 8 != 0 || *off + sizeof *e > used || e->namelen == 0 ||
        *off + ENTRY_BYTES(e->namelen) > used) {
        *bad = 1;
        return NULL;
    }
    *off += (unsigned)ENTRY_BYTES(e->namelen);
    return e;
}

void bucket_put(struct bucket *b, int dirty)
{
    block_put(b->fs, b->blk, b->data, dirty);
}

int bucket_get(struct tfs_file *dir, uint64_t hash, int for_writing, struct bucket *b)
{
    struct tfs_extent e;
    int r = tree_floor(dir->fs, &dir->inode.root, hash, &b->fblk, &e);

    b->fs = dir->fs;
    if (r < 0)
        return r;
    return (for_writing ? metafile_write : metafile_read)(dir, b->fblk, &b->data, &b->blk);
}

int bucket_find(struct bucket *b, const char *name, size_t n, uint64_t hash)
{
    unsigned off = 0, at = 0;
    int bad = 0;
    const struct disk_entry *e;

    while ((e = bucket_next(b->data, &off, &bad)) != NULL) {
        if (e->hash == hash && e->namelen == n && memcmp(e->name, name, n) == 0)
            return (int)at;
        at = off;
    }
    return bad ? corrupt(b->fs, b->blk, "directory block makes no sense") : -TFS_ENOENT;
}

static int bucket_sound(struct bucket *b)
{
    unsigned off = 0, n = 0;
    int bad = 0;

    while (bucket_next(b->data, &off, &bad) != NULL)
        n++;
    if (!bad && n == bucket_shape(b->data)->count)
        return 0;
    return corrupt(b->fs, b->blk, "directory block makes no sense");
}

void bucket_add(struct bucket *b, const char *name, size_t n, uint64_t hash, const struct tfs_file *f)
{
    struct disk_shape *shape = bucket_shape(b->data);
    uint8_t *body = bucket_body(b->data);
    unsigned off = 0, at = 0;
    int bad = 0;
    const struct disk_entry *e;

    while ((e = bucket_next(b->data, &off, &bad)) != NULL && e->hash <= hash)
        at = off;
    memmove(body + at + ENTRY_BYTES(n), body + at, shape->crcs - at);
    memset(body + at, 0, ENTRY_BYTES(n));
    struct disk_entry *new = (void *)(body + at);
    new->hash = hash;
    new->ino = f->inode.ino;
    new->slot = f->slot;
    new->namelen = (uint8_t)n;
    memcpy(new->name, name, n);
    shape->crcs = (uint16_t)(shape->crcs + ENTRY_BYTES(n));
    shape->count++;
}

/* Offset and hash at which the upper half of a bucket begins; 0 if all entries have one hash. */
static unsigned bucket_middle(struct bucket *b, uint64_t *hash, unsigned *below)
{
    unsigned off = 0, at = 0, n = 0, best = 0, half = bucket_shape(b->data)->crcs / 2u;
    uint64_t last = 0;
    int bad = 0;
    const struct disk_entry *e;

    for (; (e = bucket_next(b->data, &off, &bad)) != NULL; at = off, n++) {
        if (n > 0 && e->hash > last && e->hash < MAX_FBLK) {
            best = at;
            *hash = e->hash;
            *below = n;
            if (at >= half)
                break;
        }
        last = e->hash;
    }
    return best;
}

/* Moves the upper half into a bucket of its own. */
static int bucket_split(struct tfs_file *dir, struct bucket *b)
{
    struct bucket upper = {.fs = dir->fs};
    unsigned below = 0, at = bucket_middle(b, &upper.fblk, &below);

    if (at == 0 || upper.fblk <= b->fblk)
        return -TFS_ENOSPC;
    int r = metafile_write(dir, upper.fblk, &upper.data, &upper.blk);
    if (r < 0)
        return r;
    struct disk_shape *from = bucket_shape(b->data), *to = bucket_shape(upper.data);
    if (to->count != 0 || upper.blk == b->blk) {
        bucket_put(&upper, 0);
        return corrupt(dir->fs, b->blk, "directory block holds entries of another");
    }
    memcpy(bucket_body(upper.data), bucket_body(b->data) + at, from->crcs - at);
    to->crcs = (uint16_t)(from->crcs - at);
    to->count = (uint16_t)(from->count - below);
    from->crcs = (uint16_t)at;
    from->count = (uint16_t)below;
    bucket_put(&upper, 1);
    return 0;
}

int bucket_with_room(struct tfs_file *dir, uint64_t hash, size_t n, struct bucket *b)
{
    for (;;) {
        int r = bucket_get(dir, hash, 1, b);
        if (r == -TFS_ENOENT) {
            b->fblk = 0;
            r = metafile_write(dir, 0, &b->data, &b->blk);
        }
        if (r < 0)
            return r;
        r = bucket_sound(b);
        if (r == 0 && bucket_shape(b->data)->crcs + ENTRY_BYTES(n) <= BODY_BYTES)
            return 0;
        if (r == 0)
            r = bucket_split(dir, b);
        bucket_put(b, 1);
        if (r < 0)
            return r;
    }
}
