/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Named snapshots of the whole file system: they are on the disk, and stay until they are removed.
 *
 * One is a block with the root of the inode table as a commit left it, and a copy of the free map of that commit: the blocks that it keeps. A block
 * can be allocated if no map has it, neither the live ones nor a snapshot's; so nothing is to be done when the live file
 * system lets a block go, snapshots can be removed in any order, and nothing can leak. The blocks of snapshots form a chain,
 * newest first, that the superblock leads to.
 */
#include "core.h"

/* ---- the maps ---- */

/* The words of the snapshot's map of a group, ored to `to`. */
static int map_or(struct tfs *fs, const struct named *s, uint64_t group, uint64_t *to)
{
    struct tfs_extent e;
    void *data;
    int fresh, r = tree_find(fs, &s->disk.map.root, group, &e);

    if (r < 0 || e.blk == 0)
        return r;
    r = meta_get(fs, e.blk, MAGIC_SNAPMAP, e.birth, &data, &fresh);
    if (r < 0)
        return r;
    const uint64_t *from = (const uint64_t *)(const void *)((uint8_t *)data + sizeof(struct disk_header));
    for (uint64_t w = 0; w < GROUP_WORDS; w++)
        to[w] |= from[w];
    block_put(fs, e.blk, data, 0);
    return 0;
}

int named_kept(struct tfs *fs, const struct named *without, uint64_t group, uint64_t *kept)
{
    int r = 0;

    memset(kept, 0, GROUP_BYTES);
    for (const struct named *s = fs->named; s != NULL && r == 0; s = s->next)
        if (s != without)
            r = map_or(fs, s, group, kept);
    return r;
}

int named_map(struct tfs *fs, const struct named *s, uint64_t group, uint64_t *map)
{
    memset(map, 0, GROUP_BYTES);
    return map_or(fs, s, group, map);
}

/* What the last commit used in a group, without what belongs to other snapshots' own records. */
static void map_of_commit(struct tfs *fs, const struct group *g, struct pieces *records, uint64_t *map)
{
    memcpy(map, g->committed, GROUP_BYTES);
    for (const struct named *s = fs->named; s != NULL; s = s->next)
        if (s->blk / GROUP_BLOCKS == g->index)
            map[s->blk % GROUP_BLOCKS / 64] &= ~(1ull << s->blk % GROUP_BLOCKS % 64);
    for (const struct pieces *l = records; l != NULL; l = l->next)
        for (unsigned i = 0; i < l->n; i++)
            for (uint64_t b = l->piece[i].blk; b < l->piece[i].blk + l->piece[i].n; b++)
                if (b / GROUP_BLOCKS == g->index)
                    map[b % GROUP_BLOCKS / 64] &= ~(1ull << b % GROUP_BLOCKS % 64);
    for (uint64_t b = 0; b < GROUP_BLOCKS; b++) /* superblocks and the like are in no tree */
        if (!block_valid(fs, g->index * GROUP_BLOCKS + b))
            map[b / 64] &= ~(1ull << b % 64);
}

/* ---- the chain ---- */

static struct tfs_file map_file(struct tfs *fs, const struct named *s)
{
    return (struct tfs_file){.fs = fs, .slot = NO_SLOT, .magic = MAGIC_SNAPMAP, .inode = s->disk.map};
}

static struct named *find(struct tfs *fs, const char *name)
{
    struct named *s = fs->named;

    while (s != NULL && strcmp(s->disk.name, name) != 0)
        s = s->next;
    return s;
}

static int load_one(struct tfs *fs, uint64_t blk, uint64_t birth, struct named *s)
{
    void *data;
    int fresh, r = block_valid(fs, blk) ? meta_get(fs, blk, MAGIC_SNAP, birth, &data, &fresh)
                                        : corrupt(fs, blk, "chain of snapshots points outside of the device");

    if (r < 0)
        return r;
    s->disk = *(const struct disk_snap *)data;
    s->blk = blk;
    s->birth = birth;
    block_put(fs, blk, data, 0);
    if (memchr(s->disk.name, 0, sizeof s->disk.name) == NULL || s->disk.name[0] == 0 || s->disk.epoch > fs->committed ||
        s->disk.slots == 0 || s->disk.slots / INODES_PER_BLOCK > fs->nblocks ||
        inode_check(fs, &s->disk.table) < 0 || inode_check(fs, &s->disk.map) < 0)
        return corrupt(fs, blk, "snapshot makes no sense");
    return 0;
}

int named_load(struct tfs *fs, uint64_t blk, uint64_t birth)
{
    struct named **end = &fs->named;
    uint64_t above = UINT64_MAX; /* generations go down: the chain ends */

    while (blk != 0) {
        struct named *s = mem_alloc(fs, sizeof *s);
        if (s == NULL)
            return -TFS_ENOMEM;
        int r = load_one(fs, blk, birth, s);
        if (r == 0 && s->disk.generation >= above)
            r = corrupt(fs, blk, "chain of snapshots is tangled");
        if (r < 0) {
            mem_free(fs, s, sizeof *s);
            return r;
        }
        *end = s;
        end = &s->next;
        above = s->disk.generation;
        blk = s->disk.next_blk;
        birth = s->disk.next_birth;
    }
    return 0;
}

void named_forget(struct tfs *fs)
{
    while (fs->named != NULL) {
        struct named *s = fs->named;
        fs->named = s->next;
        mem_free(fs, s, sizeof *s);
    }
}

/* Writes the record into a fresh block. */
static int write_record(struct tfs *fs, struct named *s, const struct named *next, uint64_t *blk)
{
    struct tfs_file nobody = {.fs = fs, .slot = NO_SLOT};
    void *data;
    int r = space_alloc(fs, &nobody, 0, 0, blk);

    if (r < 0)
        return r;
    r = meta_new(fs, *blk, MAGIC_SNAP, &data);
    if (r < 0) {
        space_free(fs, *blk, 1);
        return r;
    }
    struct disk_header h = *(struct disk_header *)data;
    s->disk.next_blk = next != NULL ? next->blk : 0;
    s->disk.next_birth = next != NULL ? next->birth : 0;
    s->disk.header = h;
    memcpy(data, &s->disk, sizeof s->disk);
    block_put(fs, *blk, data, 1);
    return 0;
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
    return 0;
}

/* All blocks of the records of the snapshots that there are. */
static int collect_records(struct tfs *fs, struct pieces **all)
{
    *all = NULL;
    for (const struct named *s = fs->named; s != NULL; s = s->next) {
        struct pieces *list, *last;
        int r = tree_collect(fs, &s->disk.map.root, &list);
        if (r < 0) {
            *all = pieces_free(fs, *all);
            return r;
        }
        if (list == NULL)
            continue;
        for (last = list; last->next != NULL; last = last->next)
            ;
        last->next = *all;
        *all = list;
    }
    return 0;
}

/* Copies the map of the last commit into a file of the snapshot's. */
static int copy_maps(struct tfs *fs, struct tfs_file *map, struct pieces *records)
{
    uint64_t *words = mem_alloc(fs, GROUP_BYTES), ngroups = fs->map_groups;
    int r = words != NULL ? 0 : -TFS_ENOMEM;

    for (uint64_t i = 0; i < ngroups && r == 0; i++) {
        struct group *g;
        uint64_t blk;
        void *data;
        r = space_group(fs, i, &g);
        if (r < 0)
            break;
        map_of_commit(fs, g, records, words);
        if ((r = metafile_write(map, i, &data, &blk)) < 0)
            break;
        memcpy((uint8_t *)data + sizeof(struct disk_header), words, GROUP_BYTES);
        block_put(fs, blk, data, 1);
    }
    mem_free(fs, words, GROUP_BYTES);
    return r;
}

static void free_tree(struct tfs *fs, struct pieces *list)
{
    for (const struct pieces *l = list; l != NULL; l = l->next)
        for (unsigned i = 0; i < l->n; i++)
            space_free(fs, l->piece[i].blk, l->piece[i].n);
    pieces_free(fs, list);
}

static int make(struct tfs *fs, struct named *s, const char *name)
{
    struct pieces *records = NULL, *list;
    int r = collect_records(fs, &records);

    if (r < 0)
        return r;
    strcpy(s->disk.name, name);
    s->disk.taken_ns = fs->env->now_ns(fs->env->ctx);
    s->disk.epoch = fs->committed;
    s->disk.generation = fs->generation;
    s->disk.slots = fs->nslots;
    s->disk.free_slot = fs->free_slot;
    s->disk.table = fs->table->inode;
    s->disk.map.nlink = 1;
    struct tfs_file map = map_file(fs, s);
    r = copy_maps(fs, &map, records);
    s->disk.map = map.inode;
    if (r == 0)
        r = write_record(fs, s, fs->named, &s->blk);
    s->birth = fs->epoch;
    if (r < 0 && tree_collect(fs, &map.inode.root, &list) == 0)
        free_tree(fs, list);
    pieces_free(fs, records);
    return r;
}

int tfs_named_create(struct tfs *fs, const char *name)
{
    int r = check_name(fs, name);

    if (r == 0 && find(fs, name) != NULL)
        r = -TFS_EEXIST;
    fs->changed |= r == 0; /* so that each snapshot has a generation of its own */
    if (r == 0)
        r = tfs_commit(fs);
    if (r < 0)
        return r;
    if (fs->free <= fs->reserve + fs->map_groups + fs->map_groups / 64 + 4)
        return -TFS_ENOSPC;
    struct named *s = mem_alloc(fs, sizeof *s);
    if (s == NULL)
        return -TFS_ENOMEM;
    r = make(fs, s, name);
    if (r == 0)
        r = space_keep(fs, s);
    if (r < 0) {
        mem_free(fs, s, sizeof *s);
        return r;
    }
    s->next = fs->named;
    fs->named = s;
    return tfs_commit(fs);
}

/* ---- removing ---- */

/* The records before s in the chain say where the next one is, so they are written anew, the last first. */
static int relink(struct tfs *fs, struct named *s)
{
    struct named *after = s;
    int r = 0;

    while (after != fs->named && r == 0) {
        struct named *before = fs->named;
        uint64_t blk;
        while (before->next != after)
            before = before->next;
        r = write_record(fs, before, after == s ? s->next : after, &blk);
        if (r == 0) {
            space_free(fs, before->blk, 1);
            before->blk = blk;
            before->birth = fs->epoch;
        }
        after = before;
    }
    return r;
}

int tfs_named_remove(struct tfs *fs, const char *name)
{
    struct named *s = find(fs, name), **p;
    struct pieces *list;

    if (s == NULL)
        return -TFS_ENOENT;
    if (s->views > 0)
        return -TFS_EBUSY;
    int r = tfs_commit(fs);
    if (r == 0)
        r = tree_collect(fs, &s->disk.map.root, &list);
    if (r < 0)
        return r;
    r = space_unkeep(fs, s);
    if (r == 0 && (r = relink(fs, s)) < 0)
        fs->broken = 1; /* half a change: what was committed counts */
    if (r < 0) {
        pieces_free(fs, list);
        return r;
    }
    for (p = &fs->named; *p != s; p = &(*p)->next)
        ;
    *p = s->next;
    free_tree(fs, list);
    space_free(fs, s->blk, 1);
    mem_free(fs, s, sizeof *s);
    fs->changed = 1;
    return tfs_commit(fs);
}

/* ---- looking ---- */

int tfs_named_count(struct tfs *fs, struct tfs_named *out)
{
    const struct named *s = find(fs, out->name);

    if (s == NULL)
        return -TFS_ENOENT;
    uint64_t *map = mem_alloc(fs, GROUP_BYTES), *others = mem_alloc(fs, GROUP_BYTES);
    int r = map != NULL && others != NULL ? 0 : -TFS_ENOMEM;

    for (uint64_t i = 0; i < fs->map_groups && r == 0; i++) {
        struct group *g;
        r = named_map(fs, s, i, map);
        if (r == 0)
            r = named_kept(fs, s, i, others);
        if (r == 0)
            r = space_group(fs, i, &g);
        for (uint64_t w = 0; w < GROUP_WORDS && r == 0; w++) {
            out->blocks += (uint64_t)__builtin_popcountll(map[w]);
            out->alone += (uint64_t)__builtin_popcountll(map[w] & ~others[w] & ~g->used[w]);
        }
    }
    mem_free(fs, map, GROUP_BYTES);
    mem_free(fs, others, GROUP_BYTES);
    return r;
}

int tfs_named_next(struct tfs *fs, uint64_t *cookie, struct tfs_named *out)
{
    const struct named *s = fs->named;

    while (s != NULL && s->disk.generation >= UINT64_MAX - *cookie)
        s = s->next;
    if (s == NULL)
        return 0;
    memset(out, 0, sizeof *out);
    strcpy(out->name, s->disk.name);
    out->taken_ns = s->disk.taken_ns;
    out->epoch = s->disk.epoch;
    *cookie = UINT64_MAX - s->disk.generation;
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
