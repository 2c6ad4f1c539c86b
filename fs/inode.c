/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files in core, and the table of inodes, which is itself a file.
 *
 * A file's inode lives in its struct tfs_file while anybody refers to it and goes back to
 * the table at a commit, or when the last reference goes. Before the first change after a commit its
 * table block is made writable in place, so that neither of the two can run out of space.
 */
#include "core.h"

int file_is_dir(const struct tfs_file *f)
{
    return (f->inode.mode & MODE_DIR) != 0;
}

uint64_t file_guard(const struct tfs_file *f)
{
    const struct tfs_snap *newest = snap_newest(f);
    uint64_t snap = newest != NULL ? newest->epoch : 0;

    return snap > f->fs->committed ? snap : f->fs->committed;
}

/* Are its blocks part of a named snapshot that sees their birth? Those of a removed file have left the tree already. */
static int is_in_named(const struct tfs_file *f)
{
    return !f->orphan && f != f->fs->snap_table;
}

int file_reserve(const struct tfs_file *f, uint64_t n)
{
    return is_in_named(f) ? dead_reserve(f->fs, n) : 0;
}

void file_drop(struct tfs_file *f, uint64_t fblk, uint64_t blk, uint64_t n, uint64_t birth, int is_node)
{
    int listed = is_in_named(f) && dead_sees(f->fs, birth);

    if (!is_node)
        f->inode.blocks -= min_u64(n, f->inode.blocks);
    if (listed)
        dead_append(f->fs, blk, n, birth);
    for (uint64_t done = 0, run; done < n; done += run) {
        run = n - done;
        uint64_t at = is_node ? NODE_FBLK : fblk + done;
        struct tfs_snap *keeper = snap_keeper(snap_newest(f), at, birth, &run);
        if (keeper != NULL)
            snap_preserve(keeper, f->inode.ino, &(struct dead_run){blk + done, birth, run, at}, listed);
        else if (!listed)
            space_free(f->fs, blk + done, run);
    }
}

/* ---- files of metadata ---- */

int metafile_read(struct tfs_file *f, uint64_t fblk, void **data, uint64_t *blk)
{
    struct tfs_extent e;
    int fresh, r = tree_find(f->fs, &f->inode.root, fblk, &e);

    if (r < 0)
        return r;
    if (e.blk == 0)
        return corrupt(f->fs, 0, "directory or inode table lacks a block");
    *blk = e.blk;
    return meta_get(f->fs, e.blk, f->magic, e.birth, data, &fresh);
}

/* A block of inodes says which it is, so that it can be found again when the tree of the table is damaged. */
static void inodes_set_index(struct disk_header *h, uint64_t fblk)
{
    h->shape.count = (uint16_t)fblk;
    h->shape.crcs = (uint16_t)(fblk >> 16);
}

uint64_t inodes_index(const struct disk_header *h)
{
    return h->shape.count | (uint64_t)h->shape.crcs << 16;
}

/* Enters a new block, pinned, in the place of `old` (blk 0: of a hole), with its contents. */
static int metafile_replace(struct tfs_file *f, uint64_t fblk, const struct tfs_extent *old, void *data, uint64_t blk)
{
    struct disk_header *to = data;
    struct node leaf;
    void *from = NULL;
    int fresh, r = 0;

    if (old->blk != 0 && (r = meta_get(f->fs, old->blk, f->magic, old->birth, &from, &fresh)) < 0)
        return r;
    r = tree_prepare(f, fblk, blk, f->fs->epoch, &leaf);
    if (r == 0) {
        if (from != NULL) {
            to->shape = ((struct disk_header *)from)->shape;
            memcpy(to + 1, (struct disk_header *)from + 1, BODY_BYTES);
        }
        if (f->magic == MAGIC_INODES)
            inodes_set_index(to, fblk);
        leaf_set(&leaf, fblk, blk, f->fs->epoch, 0);
        node_put(f->fs, &leaf, 1);
    }
    if (from != NULL)
        block_put(f->fs, old->blk, from, 0);
    return r;
}

static int metafile_redirect(struct tfs_file *f, uint64_t fblk, const struct tfs_extent *old, void **data,
                             uint64_t *blk) {
    int r = file_reserve(f, 1);

    if (r == 0)
        r = space_alloc(f->fs, f, 0, 0, blk);
    if (r < 0)
        return r;
    r = meta_new(f->fs, *blk, f->magic, data);
    if (r == 0 && (r = metafile_replace(f, fblk, old, *data, *blk)) < 0)
        block_put(f->fs, *blk, *data, 0);
    if (r < 0) {
        space_free(f->fs, *blk, 1);
        return r;
    }
    f->inode.blocks++;
    if (old->blk != 0)
        file_drop(f, fblk, old->blk, 1, old->birth, 0);
    return 0;
}

int metafile_write(struct tfs_file *f, uint64_t fblk, void **data, uint64_t *blk)
{
    struct tfs_extent e;
    int fresh, r = tree_find(f->fs, &f->inode.root, fblk, &e);

    if (r < 0)
        return r;
    f->fs->changed = 1;
    if (e.blk == 0 || e.birth <= file_guard(f))
        return metafile_redirect(f, fblk, &e, data, blk);
    *blk = e.blk;
    return meta_get(f->fs, e.blk, f->magic, e.birth, data, &fresh);
}

/* ---- the table ---- */

static struct disk_inode *record(void *table_block, uint32_t slot)
{
    uint8_t *body = (uint8_t *)table_block + sizeof(struct disk_header);

    return (struct disk_inode *)(void *)(body + slot % INODES_PER_BLOCK * INODE_BYTES);
}

int inode_check(struct tfs *fs, const struct disk_inode *i)
{
    if (i->nlink != 1 || i->length > MAX_FBLK * TFS_BLOCK || i->blocks > fs->nblocks || root_check(fs, &i->root) < 0)
        return -TFS_ECORRUPT;
    return 0;
}

int inode_load(struct tfs *fs, uint32_t slot, struct disk_inode *out)
{
    void *data;
    uint64_t blk;

    if (slot >= fs->nslots)
        return corrupt(fs, 0, "inode number beyond the table");
    int r = metafile_read(fs->table, slot / INODES_PER_BLOCK, &data, &blk);
    if (r < 0)
        return r;
    *out = *record(data, slot);
    block_put(fs, blk, data, 0);
    return 0;
}

static int inode_store(struct tfs_file *f)
{
    void *data;
    uint64_t blk;

    /* Writable in place since file_dirty: this needs no space, but a block of the cache. */
    int r = metafile_write(f->fs->table, f->slot / INODES_PER_BLOCK, &data, &blk);
    if (r < 0)
        return r;
    *record(data, f->slot) = f->inode;
    block_put(f->fs, blk, data, 1);
    f->dirty = 0;
    return 0;
}

int inode_store_all(struct tfs *fs)
{
    while (fs->dirty_files != NULL) {
        struct tfs_file *f = fs->dirty_files;
        int r = inode_store(f);
        if (r < 0)
            return r;
        fs->dirty_files = f->next_dirty;
        if (f->opens == 0)
            file_dispose(f); /* it could not be stored when it was let go */
    }
    return 0;
}

static void forget_dirty(struct tfs_file *f)
{
    struct tfs_file **p = &f->fs->dirty_files;

    while (*p != NULL && *p != f)
        p = &(*p)->next_dirty;
    if (*p != NULL)
        *p = f->next_dirty;
    f->dirty = 0;
}

static void list_dirty(struct tfs_file *f)
{
    f->dirty = 1;
    f->next_dirty = f->fs->dirty_files;
    f->fs->dirty_files = f;
}

int file_dirty(struct tfs_file *f)
{
    struct tfs *fs = f->fs;
    void *data;
    uint64_t blk;

    if (fs->broken || fs->readonly)
        return fs->readonly ? -TFS_EROFS : -TFS_EIO;
    if (f->dirty || f->slot == NO_SLOT)
        return 0;
    int r = metafile_write(fs->table, f->slot / INODES_PER_BLOCK, &data, &blk);
    if (r < 0)
        return r;
    block_put(fs, blk, data, 1);
    list_dirty(f);
    return 0;
}

void file_bump(struct tfs_file *f)
{
    f->inode.version++;
    f->inode.mtime_ns = f->fs->env->now_ns(f->fs->env->ctx);
    f->fs->changed = 1;
}

/* Takes a slot off the free list, or makes the table longer. Its block is writable afterwards. */
static int slot_alloc(struct tfs *fs, uint32_t *out)
{
    uint32_t slot = fs->free_slot != 0 ? fs->free_slot - 1 : fs->nslots;
    void *data;
    uint64_t blk;

    if (slot == NO_SLOT - 1 || slot > fs->nslots)
        return fs->free_slot != 0 ? corrupt(fs, 0, "list of free inodes is broken") : -TFS_ENOSPC;
    int r = metafile_write(fs->table, slot / INODES_PER_BLOCK, &data, &blk);
    if (r < 0)
        return r;
    struct disk_inode *i = record(data, slot);
    if (i->ino != 0) {
        block_put(fs, blk, data, 1);
        return corrupt(fs, blk, "list of free inodes leads to one in use");
    }
    if (slot == fs->nslots)
        fs->nslots++;
    else
        fs->free_slot = i->link;
    block_put(fs, blk, data, 1);
    *out = slot;
    return 0;
}

/* ---- files in core ---- */

static struct tfs_file **bucket_of(struct tfs *fs, uint32_t slot)
{
    return &fs->files[slot % FILE_BUCKETS];
}

static void file_insert(struct tfs *fs, struct tfs_file *f)
{
    f->fs = fs;
    f->opens = 1;
    f->next = *bucket_of(fs, f->slot);
    *bucket_of(fs, f->slot) = f;
}

static void file_unhash(struct tfs_file *f)
{
    struct tfs_file **p = bucket_of(f->fs, f->slot);

    while (*p != NULL && *p != f)
        p = &(*p)->next;
    if (*p != NULL)
        *p = f->next;
}

static int found(struct tfs_file *f, uint64_t ino, struct tfs_file **out)
{
    if (ino != 0 && f->inode.ino != ino)
        return corrupt(f->fs, 0, "directory entry names another file than its inode");
    f->opens++;
    *out = f;
    return 0;
}

int file_get(struct tfs *fs, uint32_t slot, uint64_t ino, struct tfs_file **out)
{
    struct disk_inode i;

    for (struct tfs_file *f = *bucket_of(fs, slot); f != NULL; f = f->next)
        if (f->slot == slot)
            return found(f, ino, out);
    int r = inode_load(fs, slot, &i);
    if (r < 0)
        return r;
    if (i.ino == 0 || (ino != 0 && i.ino != ino))
        return corrupt(fs, 0, "directory entry names another file than its inode");
    if (inode_check(fs, &i) < 0)
        return corrupt(fs, 0, "inode makes no sense");
    struct tfs_file *f = mem_alloc(fs, sizeof *f);
    if (f == NULL)
        return -TFS_ENOMEM;
    f->slot = slot;
    file_insert(fs, f);
    f->inode = i;
    f->magic = file_is_dir(f) ? MAGIC_DIR : 0;
    *out = f;
    return 0;
}

int file_new(struct tfs *fs, uint32_t mode, uint32_t parent, struct tfs_file **out)
{
    struct tfs_file *f = mem_alloc(fs, sizeof *f);
    int r = f != NULL ? slot_alloc(fs, &f->slot) : -TFS_ENOMEM;

    if (r < 0) {
        mem_free(fs, f, sizeof *f);
        return r;
    }
    file_insert(fs, f);
    list_dirty(f); /* slot_alloc has made the block of the table writable */
    f->inode.ino = fs->next_ino++;
    f->inode.version = 1;
    f->inode.mode = mode;
    f->inode.nlink = 1;
    f->inode.link = parent;
    f->inode.mtime_ns = fs->env->now_ns(fs->env->ctx);
    f->magic = file_is_dir(f) ? MAGIC_DIR : 0;
    *out = f;
    return 0;
}

void file_delete(struct tfs_file *f)
{
    struct tfs *fs = f->fs;

    forget_dirty(f);
    file_unhash(f);
    struct disk_inode keep = f->inode;
    memset(&f->inode, 0, sizeof f->inode);
    f->inode.link = fs->free_slot;
    if (inode_store(f) < 0) {
        fs->broken = 1; /* half of a change: what was committed counts */
        corrupt(fs, 0, "inode could not be stored: no more changes until the next mount");
    }
    fs->free_slot = f->slot + 1;
    f->inode = keep;
    f->inode.nlink = 0;
    f->slot = NO_SLOT;
}

void file_unlink(struct tfs_file *f, struct pieces *list)
{
    file_delete(f);
    if (f->opens == 1) {
        pieces_drop(f, list);
        memset(&f->inode.root, 0, sizeof f->inode.root);
        return;
    }
    f->orphan = 1; /* somebody else has it open */
    for (struct pieces *l = list; l != NULL; l = l->next)
        for (unsigned i = 0; i < l->n; i++) {
            const struct piece *p = &l->piece[i];
            int listed = dead_sees(f->fs, p->birth);
            if (listed)
                dead_append(f->fs, p->blk, p->n, p->birth);
            space_hold(f->fs, p->blk, p->n, listed);
        }
    pieces_free(f->fs, list);
}

void file_dispose(struct tfs_file *f)
{
    if (f->orphan && f->opens == 0 && tree_cut(f, 0) < 0)
        corrupt(f->fs, 0, "a removed file could not be read: its blocks stay held until the next mount");
    if (f->opens > 0 || f->snaps != NULL)
        return;
    if (f->dirty) {
        if (inode_store(f) < 0)
            return; /* the next commit tries again */
        forget_dirty(f);
    }
    if (f->slot != NO_SLOT)
        file_unhash(f);
    mem_free(f->fs, f, sizeof *f);
}

void tfs_ref(struct tfs_file *f)
{
    f->opens++;
}

void tfs_unref(struct tfs_file *f)
{
    if (--f->opens == 0)
        file_dispose(f);
}

struct tfs_file *tfs_root(struct tfs *fs) {
    tfs_ref(fs->root);
    return fs->root;
}

int tfs_stat(struct tfs_file *f, struct tfs_stat *st)
{
    *st = (struct tfs_stat){
        .ino = f->inode.ino,
        .length = file_is_dir(f) ? 0 : f->inode.length,
        .version = f->inode.version,
        .mtime_ns = f->inode.mtime_ns,
        .blocks = f->inode.blocks,
        .mode = f->inode.mode,
        .nlink = f->inode.nlink,
    };
    return 0;
}

int tfs_access(const struct tfs_file *f, unsigned want)
{
    for (unsigned bit = 1; bit <= 4; bit *= 2) /* the owner's, the group's or the others' */
        if ((want & bit) && !(f->inode.mode & (bit << 6 | bit << 3 | bit)))
            return -TFS_EACCES;
    return 0;
}

int tfs_chmod(struct tfs_file *f, uint32_t mode)
{
    int r = file_dirty(f);

    if (r < 0)
        return r;
    f->inode.mode = (mode & ~MODE_DIR) | (f->inode.mode & MODE_DIR);
    file_bump(f);
    return 0;
}
