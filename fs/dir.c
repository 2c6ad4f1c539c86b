/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names: walking, creating, removing, renaming. All that can fail is done before anything is changed.
 */
#include "bucket.h"

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
