/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Directories: files whose blocks are buckets of entries.
 *
 * The block of the directory file at `fblk` holds the entries whose hash is at or above fblk and below the
 * next mapped block: the extent tree itself is the index. A full bucket splits at its
 * middle hash. Buckets are never taken out while the directory lives, so fblk 0 is there once there is one.
 */
#include "core.h"

uint64_t name_hash(const char *name, size_t n)
{
    uint64_t h = 0xcbf29ce484222325; /* FNV-1a */

    for (size_t i = 0; i < n; i++)
        h = (h ^ (uint8_t)name[i]) * 0x100000001b3;
    h ^= h >> 29; /* high bits choose the bucket: mix once more */
    h *= 0xbf58476d1ce4e5b9;
    return h >> (64 - HASH_BITS);
}

/* ---- buckets ---- */

static struct disk_shape *bucket_shape(void *bucket)
{
    return &((struct disk_header *)bucket)->shape;
}

static uint8_t *bucket_body(void *bucket)
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

struct bucket {
    struct tfs *fs;
    uint64_t fblk; /* lowest hash */
    uint64_t blk;
    void *data;
};

static void bucket_put(struct bucket *b, int dirty)
{
    block_put(b->fs, b->blk, b->data, dirty);
}

/* Pins the bucket that is responsible for a hash. -TFS_ENOENT if the directory has none at all. */
static int bucket_get(struct tfs_file *dir, uint64_t hash, int for_writing, struct bucket *b)
{
    struct tfs_extent e;
    int r = tree_floor(dir->fs, &dir->inode.root, hash, &b->fblk, &e);

    b->fs = dir->fs;
    if (r < 0)
        return r;
    return (for_writing ? metafile_write : metafile_read)(dir, b->fblk, &b->data, &b->blk);
}

/* Offset of the entry with that name, or negative. */
static int bucket_find(struct bucket *b, const char *name, size_t n, uint64_t hash)
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

/* The bucket is sound, and there is room. */
static void bucket_add(struct bucket *b, const char *name, size_t n, uint64_t hash, const struct tfs_file *f)
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

/* Pins a writable bucket with room for an entry with that hash and name length. */
static int bucket_with_room(struct tfs_file *dir, uint64_t hash, size_t n, struct bucket *b)
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

/* ---- names ---- */

static int check_name(const char *name, size_t *n)
{
    *n = strlen(name);
    if (*n > TFS_NAME_MAX)
        return -TFS_ENAMETOOLONG;
    if (*n == 0 || strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strchr(name, '/') != NULL)
        return -TFS_EINVAL;
    return 0;
}

static int check_dir(const struct tfs_file *dir)
{
    if (!file_is_dir(dir))
        return -TFS_ENOTDIR;
    return dir->inode.nlink > 0 ? 0 : -TFS_ENOENT;
}

static int lookup(struct tfs_file *dir, const char *name, size_t n, uint32_t *slot, uint64_t *ino)
{
    struct bucket b;
    uint64_t hash = name_hash(name, n);
    int r = bucket_get(dir, hash, 0, &b);

    if (r < 0)
        return r;
    r = bucket_find(&b, name, n, hash);
    if (r >= 0) {
        const struct disk_entry *e = (const void *)(bucket_body(b.data) + r);
        *slot = e->slot;
        *ino = e->ino;
        r = 0;
    }
    bucket_put(&b, 0);
    return r;
}

int tfs_walk(struct tfs_file *dir, const char *name, struct tfs_file **out)
{
    uint32_t slot;
    uint64_t ino;
    size_t n;
    int r = check_dir(dir);

    if (r < 0)
        return r;
    if (strcmp(name, ".") == 0) {
        tfs_ref(dir);
        *out = dir;
        return 0;
    }
    if (strcmp(name, "..") == 0)
        return file_get(dir->fs, dir->inode.link, 0, out);
    r = check_name(name, &n);
    if (r == 0)
        r = lookup(dir, name, n, &slot, &ino);
    return r < 0 ? r : file_get(dir->fs, slot, ino, out);
}

int dir_enter(struct tfs_file *dir, const char *name, size_t n, const struct tfs_file *f)
{
    struct bucket b;
    uint64_t hash = name_hash(name, n);
    int r = bucket_with_room(dir, hash, n, &b);

    if (r < 0)
        return r;
    int there = bucket_find(&b, name, n, hash);
    if (there == -TFS_ENOENT) {
        bucket_add(&b, name, n, hash, f);
        dir->inode.length++;
        file_bump(dir);
    }
    bucket_put(&b, 1);
    return there >= 0 ? -TFS_EEXIST : there == -TFS_ENOENT ? 0 : there;
}

/* Takes the entry at offset `at` out of a writable bucket. */
static void bucket_remove(struct bucket *b, int at)
{
    struct disk_shape *shape = bucket_shape(b->data);
    uint8_t *body = bucket_body(b->data);
    const struct disk_entry *e = (const void *)(body + at);
    size_t size = ENTRY_BYTES(e->namelen);

    memmove(body + at, body + at + size, shape->crcs - (size_t)at - size);
    shape->crcs = (uint16_t)(shape->crcs - size);
    memset(body + shape->crcs, 0, size);
    shape->count--;
}

/* A name in a directory that is dirty: its bucket, writable, and where in it. */
struct place {
    struct bucket b;
    int at;
};

/* Fails, with nothing pinned, if the name is not there. */
static int place_get(struct tfs_file *dir, const char *name, size_t n, struct place *p)
{
    uint64_t hash = name_hash(name, n);
    int r = bucket_get(dir, hash, 1, &p->b);

    if (r < 0)
        return r;
    p->at = bucket_find(&p->b, name, n, hash);
    if (p->at < 0)
        bucket_put(&p->b, 1);
    return p->at < 0 ? p->at : 0;
}

/* Takes the name out. */
static void place_clear(struct tfs_file *dir, struct place *p)
{
    bucket_remove(&p->b, p->at);
    bucket_put(&p->b, 1);
    dir->inode.length -= dir->inode.length > 0;
    file_bump(dir);
}

/* Before a change of names: free blocks, and the directory writable. */
static int begin(struct tfs_file *dir, const char *name, size_t *n)
{
    int r = check_dir(dir);

    if (r == 0)
        r = check_name(name, n);
    if (r == 0)
        r = make_room(dir->fs);
    return r < 0 ? r : file_dirty(dir);
}

static int is_full(const struct tfs *fs)
{
    return fs->free <= fs->reserve / 2 + space_floor(fs); /* the rest is for removing things */
}

int tfs_create(struct tfs_file *dir, const char *name, uint32_t mode, struct tfs_file **out)
{
    uint32_t slot;
    uint64_t ino;
    size_t n;
    int r = begin(dir, name, &n);

    if (r < 0)
        return r;
    r = lookup(dir, name, n, &slot, &ino);
    if (r != -TFS_ENOENT)
        return r < 0 ? r : -TFS_EEXIST;
    if (is_full(dir->fs))
        return -TFS_ENOSPC;
    struct bucket b;
    uint64_t hash = name_hash(name, n);
    r = bucket_with_room(dir, hash, n, &b);
    if (r < 0)
        return r;
    r = file_new(dir->fs, mode, dir->slot, out);
    if (r == 0) {
        bucket_add(&b, name, n, hash, *out);
        dir->inode.length++;
        file_bump(dir);
    }
    bucket_put(&b, 1);
    return r;
}

/* Removes an open file whose name is `name`; both are dirty. The caller's reference to it stays. */
static int unlink_file(struct tfs_file *dir, const char *name, size_t n, struct tfs_file *f)
{
    struct pieces *list;
    struct place p;
    int r = tree_collect(dir->fs, &f->inode.root, &list);

    if (r < 0)
        return r;
    r = place_get(dir, name, n, &p);
    if (r == 0 && (r = file_reserve(f, pieces_count(list))) < 0)
        bucket_put(&p.b, 1);
    if (r < 0) {
        pieces_free(dir->fs, list);
        return r;
    }
    place_clear(dir, &p);
    file_unlink(f, list);
    return 0;
}

int tfs_remove(struct tfs_file *dir, const char *name)
{
    struct tfs_file *f;
    size_t n;
    int r = begin(dir, name, &n);

    if (r < 0)
        return r;
    r = tfs_walk(dir, name, &f);
    if (r < 0)
        return r;
    if (file_is_dir(f) && f->inode.length > 0)
        r = -TFS_ENOTEMPTY;
    if (r == 0)
        r = file_dirty(f);
    if (r == 0)
        r = unlink_file(dir, name, n, f);
    tfs_unref(f);
    return r;
}

/* Whether `dir` is `f` or lies below it. */
static int is_below(struct tfs_file *dir, const struct tfs_file *f)
{
    uint32_t slot = dir->slot;

    for (uint32_t steps = 0; steps <= dir->fs->nslots; steps++) {
        struct tfs_file *up;
        if (slot == f->slot)
            return 1;
        if (slot == 0)
            return 0;
        int r = file_get(dir->fs, slot, 0, &up);
        if (r < 0)
            return r;
        slot = up->inode.link;
        tfs_unref(up);
    }
    return corrupt(dir->fs, 0, "directories contain each other");
}

/* Whether f may take the place of `old`. */
static int may_replace(const struct tfs_file *f, const struct tfs_file *old)
{
    if (file_is_dir(old) != file_is_dir(f))
        return file_is_dir(old) ? -TFS_EISDIR : -TFS_ENOTDIR;
    return file_is_dir(old) && old->inode.length > 0 ? -TFS_ENOTEMPTY : 0;
}

/* Gives the new name to the file in the place of `old`, which is removed. All that can fail comes first. */
static int replace(struct tfs_file *olddir, const char *oldname, size_t oldn, struct tfs_file *newdir,
                   const char *newname, size_t newn, struct tfs_file *f, struct tfs_file *old) {
    struct pieces *list;
    struct place from, to;
    int r = tree_collect(f->fs, &old->inode.root, &list);

    if (r < 0)
        return r;
    r = file_dirty(old);
    if (r == 0)
        r = place_get(newdir, newname, newn, &to);
    if (r == 0 && (r = place_get(olddir, oldname, oldn, &from)) < 0)
        bucket_put(&to.b, 1);
    if (r == 0 && (r = file_reserve(old, pieces_count(list))) < 0) {
        bucket_put(&from.b, 1);
        bucket_put(&to.b, 1);
    }
    if (r < 0) {
        pieces_free(f->fs, list);
        return r;
    }
    struct disk_entry *e = (void *)(bucket_body(to.b.data) + to.at);
    e->ino = f->inode.ino;
    e->slot = f->slot;
    bucket_put(&to.b, 1);
    file_bump(newdir);
    place_clear(olddir, &from);
    file_unlink(old, list);
    return 0;
}

/* The same where nothing has the new name. */
static int move(struct tfs_file *olddir, const char *oldname, size_t oldn, struct tfs_file *newdir,
                const char *newname, size_t newn, struct tfs_file *f) {
    struct bucket to;
    struct place from;
    uint64_t hash = name_hash(newname, newn);
    int r = bucket_with_room(newdir, hash, newn, &to);

    if (r < 0)
        return r;
    r = place_get(olddir, oldname, oldn, &from);
    if (r == 0) {
        bucket_remove(&from.b, from.at);
        olddir->inode.length -= olddir->inode.length > 0;
        file_bump(olddir);
        bucket_add(&to, newname, newn, hash, f); /* perhaps into the same bucket */
        newdir->inode.length++;
        file_bump(newdir);
        bucket_put(&from.b, 1);
    }
    bucket_put(&to, 1);
    return r;
}

static int move_entry(struct tfs_file *olddir, const char *oldname, size_t oldn, struct tfs_file *newdir,
                      const char *newname, size_t newn, struct tfs_file *f, struct tfs_file *old) {
    int r = file_is_dir(f) ? is_below(newdir, f) : 0;

    if (r != 0)
        return r < 0 ? r : -TFS_EINVAL;
    if (is_full(f->fs))
        return -TFS_ENOSPC;
    if (old != NULL && (r = may_replace(f, old)) < 0)
        return r;
    r = file_dirty(f);
    if (r == 0 && old != NULL)
        r = replace(olddir, oldname, oldn, newdir, newname, newn, f, old);
    else if (r == 0)
        r = move(olddir, oldname, oldn, newdir, newname, newn, f);
    if (r < 0)
        return r;
    f->inode.link = newdir->slot;
    f->fs->changed = 1;
    return 0;
}

int tfs_rename(struct tfs_file *olddir, const char *oldname, struct tfs_file *newdir, const char *newname)
{
    struct tfs_file *f, *there = NULL;
    size_t oldn, newn;
    int r = olddir->fs == newdir->fs ? begin(olddir, oldname, &oldn) : -TFS_EXDEV;

    if (r == 0)
        r = begin(newdir, newname, &newn);
    if (r == 0)
        r = file_dirty(olddir); /* again: the second begin may have committed */
    if (r == 0)
        r = tfs_walk(olddir, oldname, &f);
    if (r < 0)
        return r;
    r = tfs_walk(newdir, newname, &there);
    if (r == -TFS_ENOENT)
        r = move_entry(olddir, oldname, oldn, newdir, newname, newn, f, NULL);
    else if (r == 0 && there != f)
        r = move_entry(olddir, oldname, oldn, newdir, newname, newn, f, there);
    if (there != NULL)
        tfs_unref(there);
    tfs_unref(f);
    return r;
}

/* ---- listing ---- */

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
