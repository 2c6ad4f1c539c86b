/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Contents of files: reading, writing, cutting.
 */
#include "core.h"

/* ---- reading ---- */

static int read_piece(struct tfs *fs, const struct disk_root *root, uint64_t off, uint8_t *to, size_t n)
{
    struct tfs_extent e;
    void *data;
    int r = tree_find(fs, root, off / TFS_BLOCK, &e);

    if (r < 0)
        return r;
    if (e.blk == 0) {
        memset(to, 0, n);
        return 0;
    }
    r = data_get(fs, e.blk, e.crc, &data);
    if (r < 0)
        return r;
    memcpy(to, (uint8_t *)data + off % TFS_BLOCK, n);
    block_put(fs, e.blk, data, 0);
    return 0;
}

static int64_t read_range(struct tfs *fs, const struct disk_root *root, uint64_t length, uint64_t off, void *buf,
                          size_t n) {
    size_t done = 0;

    if (off >= length)
        return 0;
    n = (size_t)min_u64(min_u64(n, length - off), INT64_MAX);
    while (done < n) {
        size_t piece = (size_t)min_u64(n - done, TFS_BLOCK - (off + done) % TFS_BLOCK);
        int r = read_piece(fs, root, off + done, (uint8_t *)buf + done, piece);
        if (r < 0)
            return r;
        done += piece;
    }
    return (int64_t)n;
}

int64_t tfs_read(struct tfs_file *f, uint64_t off, void *buf, size_t n)
{
    if (file_is_dir(f))
        return -TFS_EISDIR;
    return read_range(f->fs, &f->inode.root, f->inode.length, off, buf, n);
}

int64_t tfs_snap_read(struct tfs_snap *s, uint64_t off, void *buf, size_t n)
{
    return read_range(s->file->fs, &s->root, s->length, off, buf, n);
}

int tfs_map(struct tfs_file *f, uint64_t fblk, struct tfs_extent *e)
{
    if (file_is_dir(f))
        return -TFS_EISDIR;
    if (fblk >= MAX_FBLK)
        return -TFS_EINVAL;
    return tree_find(f->fs, &f->inode.root, fblk, e);
}

/* ---- writing ---- */

/* Bytes [at, at + n) of one block become src (NULL: zeros). */
struct change {
    uint64_t fblk;
    uint32_t at, n;
    const uint8_t *src;
};

static int is_whole(const struct change *c)
{
    return c->n == TFS_BLOCK;
}

static void apply(const struct change *c, uint8_t *block)
{
    if (c->src != NULL)
        memcpy(block + c->at, c->src, c->n);
    else
        memset(block + c->at, 0, c->n);
}

/* Nobody else sees the block: it is changed where it is. */
static int write_in_place(struct tfs_file *f, const struct change *c, const struct tfs_extent *old)
{
    struct tfs *fs = f->fs;
    struct node leaf;
    void *data;
    int fresh, r;

    if (is_whole(c))
        r = block_get(fs, old->blk, TFS_DATA, TFS_GET_NEW, &data, &fresh);
    else
        r = data_get(fs, old->blk, old->crc, &data);
    if (r < 0)
        return r;
    r = tree_prepare(f, c->fblk, old->blk, old->birth, &leaf);
    if (r == 0) {
        apply(c, data);
        leaf_set(&leaf, c->fblk, old->blk, old->birth, tfs_crc32c(0, data, TFS_BLOCK));
        node_put(fs, &leaf, 1);
    }
    block_put(fs, old->blk, data, r == 0);
    return r;
}

/* What the new block holds apart from the change: the old block's bytes, or zeros. */
static int inherit(struct tfs_file *f, const struct change *c, const struct tfs_extent *old, uint8_t *block)
{
    void *data;

    if (is_whole(c))
        return 0;
    if (old->blk == 0) {
        memset(block, 0, TFS_BLOCK);
        return 0;
    }
    int r = data_get(f->fs, old->blk, old->crc, &data);
    if (r < 0)
        return r;
    memcpy(block, data, TFS_BLOCK);
    block_put(f->fs, old->blk, data, 0);
    return 0;
}

static int fill_new(struct tfs_file *f, const struct change *c, const struct tfs_extent *old, uint64_t blk)
{
    struct tfs *fs = f->fs;
    struct node leaf;
    void *data;
    int fresh, r = block_get(fs, blk, TFS_DATA, TFS_GET_NEW, &data, &fresh);

    if (r < 0)
        return r;
    r = inherit(f, c, old, data);
    if (r == 0)
        r = tree_prepare(f, c->fblk, blk, fs->epoch, &leaf);
    if (r == 0) {
        apply(c, data);
        leaf_set(&leaf, c->fblk, blk, fs->epoch, tfs_crc32c(0, data, TFS_BLOCK));
        node_put(fs, &leaf, 1);
    }
    block_put(fs, blk, data, r == 0);
    return r;
}

/* Where the block would best lie: behind the file's block before it. */
static uint64_t goal_of(struct tfs_file *f, uint64_t fblk)
{
    struct tfs_extent e;

    if (fblk == 0 || tree_find(f->fs, &f->inode.root, fblk - 1, &e) < 0 || e.blk == 0)
        return 0;
    return e.blk + 1;
}

static int write_redirected(struct tfs_file *f, const struct change *c, const struct tfs_extent *old)
{
    uint64_t blk;
    int r = file_reserve(f, 1);

    if (r == 0)
        r = space_alloc(f->fs, f, 1, goal_of(f, c->fblk), &blk);
    if (r < 0)
        return r;
    r = fill_new(f, c, old, blk);
    if (r < 0) {
        space_free(f->fs, blk, 1);
        return r;
    }
    f->inode.blocks++;
    if (old->blk != 0)
        file_drop(f, c->fblk, old->blk, 1, old->birth, 0);
    return 0;
}

static int write_block(struct tfs_file *f, const struct change *c)
{
    struct tfs_extent old;
    int r = make_room(f->fs);

    if (r == 0)
        r = file_dirty(f);
    if (r == 0)
        r = tree_find(f->fs, &f->inode.root, c->fblk, &old);
    if (r < 0)
        return r;
    if (c->src == NULL && old.blk == 0)
        return 0;
    f->fs->changed = 1;
    if (old.blk != 0 && old.birth > file_guard(f))
        return write_in_place(f, c, &old);
    return write_redirected(f, c, &old);
}

/* What an append-only file holds below its end stays as it is. */
static int may_change(const struct tfs_file *f, uint64_t from)
{
    return (f->inode.mode & MODE_APPEND) && from < f->inode.length ? -TFS_EPERM : 0;
}

/* Writes up to the first error. How many bytes, or the error if it came at once. */
static int64_t write_blocks(struct tfs_file *f, uint64_t off, const void *buf, size_t n, int bump, int *error)
{
    size_t done = 0;

    if (file_is_dir(f))
        return -TFS_EISDIR;
    if (n > INT64_MAX || off > MAX_FBLK * TFS_BLOCK || n > MAX_FBLK * TFS_BLOCK - off)
        return -TFS_EFBIG;
    if (n > 0 && may_change(f, off) < 0)
        return -TFS_EPERM;
    while (done < n) {
        uint64_t pos = off + done;
        struct change c = {.fblk = pos / TFS_BLOCK, .at = (uint32_t)(pos % TFS_BLOCK)};
        c.src = (const uint8_t *)buf + done;
        c.n = (uint32_t)min_u64(n - done, TFS_BLOCK - c.at);
        int r = write_block(f, &c);
        if (r < 0) {
            *error = r;
            return done > 0 ? (int64_t)done : r;
        }
        if (bump && done == 0)
            file_bump(f); /* now, while the inode is sure to be stored */
        done += c.n;
        if (off + done > f->inode.length)
            f->inode.length = off + done;
    }
    return (int64_t)n;
}

int64_t tfs_write(struct tfs_file *f, uint64_t off, const void *buf, size_t n)
{
    int error = 0;
    int64_t done = write_blocks(f, off, buf, n, 1, &error);

    return error < 0 ? error : done;
}

int64_t tfs_write_part(struct tfs_file *f, uint64_t off, const void *buf, size_t n)
{
    int error;

    return write_blocks(f, off, buf, n, 0, &error);
}

int tfs_touch(struct tfs_file *f)
{
    int r = file_dirty(f);

    if (r == 0)
        file_bump(f);
    return r;
}

/* Bytes past the end of a file are zero in its last block, so that they are when it grows again. */
static int clear_tail(struct tfs_file *f, uint64_t length)
{
    struct change c = {.fblk = length / TFS_BLOCK, .at = (uint32_t)(length % TFS_BLOCK)};

    if (c.at == 0)
        return 0;
    c.n = TFS_BLOCK - c.at;
    return write_block(f, &c);
}

int tfs_truncate(struct tfs_file *f, uint64_t length)
{
    if (file_is_dir(f))
        return -TFS_EISDIR;
    if (length > MAX_FBLK * TFS_BLOCK)
        return -TFS_EFBIG;
    int r = may_change(f, length);
    if (r == 0)
        r = make_room(f->fs);
    if (r == 0)
        r = file_dirty(f);
    if (r == 0 && length < f->inode.length)
        r = clear_tail(f, length);
    if (r == 0 && length < f->inode.length)
        r = tree_cut(f, (length + TFS_BLOCK - 1) / TFS_BLOCK);
    if (r < 0)
        return r;
    f->inode.length = length;
    file_bump(f);
    return 0;
}
