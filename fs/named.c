/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Named snapshots of the whole file system: they are on the disk, and stay until they are removed.
 *
 * One is a block of the table of snapshots, which is a file as the inode table is one: the root of the inode table as a commit left it, the epoch that
 * this commit closed, and the deadlist (deadlist.c) that was the live one until then. So taking one costs the same
 * whatever the size of the files and of the disk; removing one costs what its neighbour's deadlist is long.
 */
#include "core.h"

static struct named *find(struct tfs *fs, const char *name)
{
    struct named *s = fs->named;

    while (s != NULL && strcmp(s->disk.name, name) != 0)
        s = s->next;
    return s;
}

/* The one that was taken next after s; NULL: s is the newest. */
static struct named *above(struct tfs *fs, const struct named *s)
{
    struct named *n = fs->named == s ? NULL : fs->named;

    while (n != NULL && n->next != s)
        n = n->next;
    return n;
}

struct disk_deadlist *named_list_above(struct tfs *fs, const struct named *s)
{
    struct named *n = above(fs, s);

    return n != NULL ? &n->disk.dead : &fs->dead.disk;
}

void named_longest(struct tfs *fs)
{
    fs->longest = fs->dead.disk.chain + fs->dead.npages;
    for (const struct named *s = fs->named; s != NULL; s = s->next)
        if (s->disk.dead.chain > fs->longest)
            fs->longest = s->disk.dead.chain;
}

/* ---- the table ---- */

static int is_sane(const struct tfs *fs, const struct disk_snap *d)
{
    return memchr(d->name, 0, sizeof d->name) != NULL && strchr(d->name, '/') == NULL && d->epoch > 0 &&
           d->epoch <= fs->committed && d->slots > 0 && d->slots / INODES_PER_BLOCK <= fs->nblocks &&
           d->blocks <= fs->nblocks && dead_is_sane(fs, &d->dead);
}

/* Puts it in its place, newest first. 0 if there is one with its epoch or name already. */
static int enlist(struct tfs *fs, struct named *s)
{
    struct named **p = &fs->named;

    if (find(fs, s->disk.name) != NULL)
        return 0;
    while (*p != NULL && (*p)->disk.epoch > s->disk.epoch)
        p = &(*p)->next;
    if (*p != NULL && (*p)->disk.epoch == s->disk.epoch)
        return 0;
    s->next = *p;
    *p = s;
    return 1;
}

/* Record number i. 1: there is one, 0: that block is not in use. */
static int load_one(struct tfs *fs, uint32_t i)
{
    struct disk_inode table;
    void *data;
    uint64_t blk;
    int r = metafile_read(fs->snap_table, i, &data, &blk);

    if (r < 0)
        return r;
    const struct disk_snap *d = data;
    struct named *s = d->name[0] != 0 ? mem_alloc(fs, sizeof *s) : NULL;
    if (s != NULL) {
        s->index = i;
        s->disk = *d;
    } else if (d->name[0] != 0) {
        r = -TFS_ENOMEM;
    }
    block_put(fs, blk, data, 0);
    if (s == NULL)
        return r;
    table = s->disk.table;
    if (is_sane(fs, &s->disk) && inode_check(fs, &table) == 0 && enlist(fs, s))
        return 1;
    mem_free(fs, s, sizeof *s);
    return corrupt(fs, blk, "snapshot makes no sense");
}

int named_load(struct tfs *fs, int pass_over)
{
    uint64_t n = fs->snap_table->inode.blocks;
    int bad = 0;

    for (uint32_t i = 0; i < n; i++) {
        int r = load_one(fs, i);
        if (r < 0 && (!pass_over || r == -TFS_ENOMEM))
            return r;
        bad += r < 0;
    }
    named_longest(fs);
    return bad;
}

void named_forget(struct tfs *fs)
{
    while (fs->named != NULL) {
        struct named *s = fs->named;
        fs->named = s->next;
        mem_free(fs, s, sizeof *s);
    }
}

static void put_record(void *block, const struct disk_snap *d)
{
    const size_t at = sizeof d->header;

    memcpy((uint8_t *)block + at, (const uint8_t *)d + at, sizeof *d - at);
}

int named_store(struct tfs *fs, const struct named *s)
{
    void *data;
    uint64_t blk;
    int r = metafile_write(fs->snap_table, s->index, &data, &blk);

    if (r < 0)
        return r;
    put_record(data, &s->disk);
    block_put(fs, blk, data, 1);
    return 0;
}

static uint32_t free_index(const struct tfs *fs)
{
    uint32_t i = 0;
    const struct named *s = fs->named;

    while (s != NULL)
        if (s->index == i) {
            i++;
            s = fs->named;
        } else {
            s = s->next;
        }
    return i;
}

/* The end of the table is cut off where no record is. Should that fail, they are there the next time. */
static void shorten_table(struct tfs *fs)
{
    uint32_t end = 0;

    for (const struct named *s = fs->named; s != NULL; s = s->next)
        if (s->index >= end)
            end = s->index + 1;
    tree_cut(fs->snap_table, end);
}

/* ---- taking ---- */

static int check_name(struct tfs *fs, const char *name)
{
    size_t n = strlen(name);

    if (fs->readonly)
        return -TFS_EROFS;
    if (n >= sizeof fs->named->disk.name)
        return -TFS_ENAMETOOLONG;
    if (n == 0 || strchr(name, '/') != NULL || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return -TFS_EINVAL;
    return find(fs, name) != NULL ? -TFS_EEXIST : 0;
}

/* Blocks that the live files use after a commit: all that are used, without the snapshots' own. */
static int count_live(struct tfs *fs, uint64_t *n)
{
    uint64_t others = fs->dead.disk.chain + fs->dead.disk.blocks;
    struct pieces *table;
    int r = tree_collect(fs, &fs->snap_table->inode.root, &table);

    if (r < 0)
        return r;
    for (const struct pieces *l = table; l != NULL; l = l->next)
        for (unsigned i = 0; i < l->n; i++)
            others += l->piece[i].n;
    pieces_free(fs, table);
    for (const struct named *s = fs->named; s != NULL; s = s->next)
        others += s->disk.dead.chain + s->disk.dead.blocks;
    *n = fs->nblocks - fs->first - (fs->free + fs->waiting + fs->held);
    *n -= min_u64(*n, others);
    return 0;
}

static int make(struct tfs *fs, struct named *s, const char *name)
{
    s->index = free_index(fs);
    strcpy(s->disk.name, name);
    s->disk.taken_ns = fs->env->now_ns(fs->env->ctx);
    s->disk.epoch = fs->committed;
    s->disk.generation = fs->generation;
    s->disk.slots = fs->nslots;
    s->disk.free_slot = fs->free_slot;
    s->disk.table = fs->table->inode;
    s->disk.dead = fs->dead.disk;
    int r = count_live(fs, &s->disk.blocks);
    return r < 0 ? r : named_store(fs, s);
}

int tfs_named_create(struct tfs *fs, const char *name)
{
    int r = check_name(fs, name);

    if (r == 0)
        r = tfs_commit(fs);
    if (r < 0)
        return r;
    if (fs->free <= fs->reserve + space_floor(fs))
        return -TFS_ENOSPC;
    struct named *s = mem_alloc(fs, sizeof *s);
    if (s == NULL)
        return -TFS_ENOMEM;
    r = make(fs, s, name);
    if (r < 0) {
        mem_free(fs, s, sizeof *s);
        return r;
    }
    s->next = fs->named;
    fs->named = s;
    fs->dead.disk = (struct disk_deadlist){0};
    named_longest(fs);
    return tfs_commit(fs);
}

/* ---- removing ---- */

/* Takes s out, with its list merged into that of the next newer one. Both records are writable already. */
static int take_out(struct tfs *fs, struct named *s, void *record, void *newer_record)
{
    struct named *n = above(fs, s), **p = n != NULL ? &n->next : &fs->named;
    struct disk_deadlist *list = named_list_above(fs, s);
    struct dead_merge m;
    int r = dead_merge(fs, list, &s->disk.dead, s->next != NULL ? s->next->disk.epoch : 0, &m);

    if (r < 0)
        return r;
    *list = m.to;
    if (n != NULL)
        put_record(newer_record, &n->disk);
    put_record(record, &(struct disk_snap){0});
    dead_merge_end(fs, &m, 1);
    *p = s->next;
    mem_free(fs, s, sizeof *s);
    fs->changed = 1;
    return 0;
}

int tfs_named_remove(struct tfs *fs, const char *name)
{
    struct named *s = find(fs, name);
    void *data, *newer_data;
    uint64_t blk, newer_blk;

    if (s == NULL)
        return -TFS_ENOENT;
    if (s->views > 0)
        return -TFS_EBUSY;
    int r = tfs_commit(fs); /* nothing is pending then */
    if (r < 0)
        return r;
    const struct named *n = above(fs, s);
    r = metafile_write(fs->snap_table, s->index, &data, &blk);
    if (r < 0)
        return r;
    if (n == NULL) {
        r = take_out(fs, s, data, NULL);
    } else if ((r = metafile_write(fs->snap_table, n->index, &newer_data, &newer_blk)) == 0) {
        r = take_out(fs, s, data, newer_data);
        block_put(fs, newer_blk, newer_data, 1);
    }
    block_put(fs, blk, data, 1);
    if (r < 0)
        return r;
    shorten_table(fs);
    named_longest(fs);
    return tfs_commit(fs);
}

/* ---- looking ---- */

struct count {
    uint64_t epoch, alone;
};

static int count_one(void *arg, const struct disk_dead *e)
{
    struct count *c = arg;

    c->alone += e->birth > c->epoch ? e->n : 0;
    return 0;
}

int tfs_named_count(struct tfs *fs, struct tfs_named *out)
{
    const struct named *s = find(fs, out->name);

    if (s == NULL)
        return -TFS_ENOENT;
    struct count c = {.epoch = s->next != NULL ? s->next->disk.epoch : 0};
    const struct dead_visitor v = {.one = count_one, .arg = &c};
    int r = dead_walk(fs, named_list_above(fs, s), &v);
    out->blocks = s->disk.blocks;
    out->alone = c.alone;
    return r;
}

int tfs_named_next(struct tfs *fs, uint64_t *cookie, struct tfs_named *out)
{
    const struct named *s = fs->named;

    while (s != NULL && s->disk.epoch >= UINT64_MAX - *cookie)
        s = s->next;
    if (s == NULL)
        return 0;
    memset(out, 0, sizeof *out);
    strcpy(out->name, s->disk.name);
    out->taken_ns = s->disk.taken_ns;
    out->epoch = s->disk.epoch;
    *cookie = UINT64_MAX - s->disk.epoch;
    return 1;
}

int tfs_named_mount(struct tfs *fs, const char *name, struct tfs **out)
{
    struct named *s = find(fs, name);

    if (s == NULL)
        return -TFS_ENOENT;
    int r = super_view(fs, s, out);
    if (r == 0 && (r = super_mount_root(*out)) < 0)
        super_forget(*out);
    return r;
}
