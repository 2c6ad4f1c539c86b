/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which blocks may be allocated. See struct group: maps in memory, of which one goes to the disk (freemap.c).
 *
 * A block's life: free -> used (allocated) -> [still used, while it is on a deadlist of a named snapshot]
 * -> [held, while only a snapshot in memory or an open removed file has it]
 * -> [committed only, until the next commit no longer reaches it] -> free.
 */
#include "core.h"

static uint64_t busy_word(const struct group *g, uint64_t w)
{
    return g->committed[w] | g->used[w] | g->held[w];
}

/*
 * Some blocks are never free: superblocks, the map itself, what lies past the device. The first such bit at or after b.
 */
static uint64_t next_fixed(const struct tfs *fs, uint64_t base, uint64_t b)
{
    if (b >= GROUP_BLOCKS || base + b < fs->first || base + b >= fs->nblocks)
        return b;
    return min_u64(fs->nblocks - base, GROUP_BLOCKS);
}

static void mark_fixed(const struct tfs *fs, uint64_t index, uint64_t *map)
{
    uint64_t base = index * GROUP_BLOCKS;

    for (uint64_t b = next_fixed(fs, base, 0); b < GROUP_BLOCKS; b = next_fixed(fs, base, b + 1))
        map[b / 64] |= 1ull << b % 64;
}

static int fixed_are_marked(const struct tfs *fs, const struct group *g)
{
    uint64_t base = g->index * GROUP_BLOCKS;

    for (uint64_t b = next_fixed(fs, base, 0); b < GROUP_BLOCKS; b = next_fixed(fs, base, b + 1))
        if (!(g->used[b / 64] >> b % 64 & 1))
            return 0;
    return 1;
}

static void group_free(struct tfs *fs, struct group *g)
{
    mem_free(fs, g->committed, GROUP_BYTES);
    mem_free(fs, g->used, GROUP_BYTES);
    mem_free(fs, g->held, GROUP_BYTES);
    mem_free(fs, g->written, GROUP_BYTES);
    mem_free(fs, g, sizeof *g);
}

static int group_read(struct tfs *fs, struct group *g)
{
    if (g->index >= fs->map_groups) {
        mark_fixed(fs, g->index, g->used);
        return 0;
    }
    int r = map_read(fs, g);
    if (r == 0 && !fixed_are_marked(fs, g))
        r = corrupt(fs, MAP_BLOCK(g->index, fs->map_copy[g->index / 8] >> g->index % 8 & 1), "free map makes no sense");
    return r;
}

static struct group *group_new(struct tfs *fs, uint64_t index)
{
    struct group *g = mem_alloc(fs, sizeof *g);

    if (g == NULL)
        return NULL;
    g->index = index;
    g->committed = mem_alloc(fs, GROUP_BYTES);
    g->used = mem_alloc(fs, GROUP_BYTES);
    g->held = mem_alloc(fs, GROUP_BYTES);
    g->written = mem_alloc(fs, GROUP_BYTES);
    if (g->committed != NULL && g->used != NULL && g->held != NULL && g->written != NULL)
        return g;
    group_free(fs, g);
    return NULL;
}

static int group_load(struct tfs *fs, uint64_t index, struct group **out)
{
    struct group *g = group_new(fs, index);
    int r = g != NULL ? group_read(fs, g) : -TFS_ENOMEM;

    if (r < 0) {
        if (g != NULL)
            group_free(fs, g);
        return r;
    }
    memcpy(g->committed, g->used, GROUP_BYTES);
    for (uint64_t w = 0; w < GROUP_WORDS; w++)
        g->nfree += (uint64_t)__builtin_popcountll(~busy_word(g, w));
    g->next = fs->groups;
    fs->groups = g;
    *out = g;
    return 0;
}

int space_group(struct tfs *fs, uint64_t index, struct group **out)
{
    struct group ***chunk = &fs->chunk[index / CHUNK_GROUPS];

    if (*chunk == NULL && (*chunk = mem_alloc(fs, CHUNK_GROUPS * sizeof **chunk)) == NULL)
        return -TFS_ENOMEM;
    struct group **g = &(*chunk)[index % CHUNK_GROUPS];
    if (*g == NULL) {
        int r = group_load(fs, index, g);
        if (r < 0)
            return r;
    }
    *out = *g;
    return 0;
}

int space_is_loaded(const struct tfs *fs, uint64_t index)
{
    struct group **chunk = fs->chunk[index / CHUNK_GROUPS];

    return chunk != NULL && chunk[index % CHUNK_GROUPS] != NULL;
}

int space_remake(struct tfs *fs, uint64_t index, struct group **out)
{
    int r = space_group(fs, index, out);

    if (r != -TFS_ECORRUPT && r != -TFS_EIO)
        return r;
    struct group *g = group_new(fs, index);
    if (g == NULL)
        return -TFS_ENOMEM;
    map_distrust(fs, g);
    g->next = fs->groups;
    fs->groups = g;
    *out = fs->chunk[index / CHUNK_GROUPS][index % CHUNK_GROUPS] = g;
    return 0;
}

void space_forget(struct tfs *fs)
{
    while (fs->groups != NULL) {
        struct group *g = fs->groups;
        fs->groups = g->next;
        group_free(fs, g);
    }
    for (unsigned i = 0; i < MAX_GROUPS / CHUNK_GROUPS; i++)
        mem_free(fs, fs->chunk[i], CHUNK_GROUPS * sizeof *fs->chunk[i]);
}

/* ---- allocation ---- */

static uint64_t find_free(const struct group *g, uint64_t from)
{
    uint64_t w = from / 64;
    uint64_t mask = ~0ull << from % 64;

    for (; w < GROUP_WORDS; w++, mask = ~0ull) {
        uint64_t open = ~busy_word(g, w) & mask;
        if (open)
            return w * 64 + (uint64_t)__builtin_ctzll(open);
    }
    return GROUP_BLOCKS;
}

/* Groups below the mark have been written once; to write one, those before it must be as well. */
static int extend_map(struct tfs *fs, uint64_t index)
{
    for (uint64_t i = fs->map_groups; i <= index; i++) {
        struct group *g;
        int r = space_group(fs, i, &g);
        if (r < 0)
            return r;
        g->dirty = 1;
    }
    return 0;
}

/* `held`: the block is for nothing that a commit will reach. */
static int take(struct tfs *fs, struct group *g, uint64_t bit, int held, uint64_t *out)
{
    uint64_t blk = g->index * GROUP_BLOCKS + bit;

    if (block_pinned(fs, blk))
        return corrupt(fs, blk, "free map says that a block in use is free");
    if (g->index >= fs->map_groups) {
        int r = extend_map(fs, g->index);
        if (r < 0)
            return r;
    }
    (held ? g->held : g->used)[bit / 64] |= 1ull << bit % 64;
    g->nfree--;
    g->dirty = 1;
    fs->free -= fs->free > 0;
    fs->held += (uint64_t)(held != 0);
    fs->changed = 1;
    fs->cursor = blk + 1 < fs->nblocks ? blk + 1 : fs->first;
    *out = blk;
    return 0;
}

static int take_goal(struct tfs *fs, uint64_t goal, int held, uint64_t *out)
{
    struct group *g;
    int r = space_group(fs, goal / GROUP_BLOCKS, &g);

    if (r < 0)
        return r;
    uint64_t bit = goal % GROUP_BLOCKS;
    if (busy_word(g, bit / 64) >> bit % 64 & 1)
        return -TFS_ENOSPC;
    return take(fs, g, bit, held, out);
}

static int alloc(struct tfs *fs, int held, uint64_t goal, uint64_t *out)
{
    if (block_valid(fs, goal)) {
        int r = take_goal(fs, goal, held, out);
        if (r != -TFS_ENOSPC)
            return r;
    }
    uint64_t index = fs->cursor / GROUP_BLOCKS, from = fs->cursor % GROUP_BLOCKS;
    for (uint64_t i = 0; i <= fs->ngroups; i++) {
        struct group *g;
        int r = space_group(fs, index, &g);
        if (r < 0)
            return r;
        uint64_t bit = g->nfree ? find_free(g, from) : GROUP_BLOCKS;
        if (bit < GROUP_BLOCKS)
            return take(fs, g, bit, held, out);
        index = index + 1 < fs->ngroups ? index + 1 : 0;
        from = 0;
    }
    return -TFS_ENOSPC;
}

/* A snapshot can be removed however full the disk is: room for a list written anew, records, nodes. */
uint64_t space_floor(const struct tfs *fs)
{
    return fs->named != NULL ? fs->longest + 12 : 0;
}

int space_alloc(struct tfs *fs, const struct tfs_file *f, int is_data, uint64_t goal, uint64_t *out)
{
    uint64_t floor = f == fs->snap_table ? 0 : space_floor(fs);

    if (fs->free <= floor || (is_data && fs->free <= fs->reserve + floor))
        return -TFS_ENOSPC;
    return alloc(fs, f->orphan, goal, out);
}

int64_t tfs_borrow(struct tfs *fs, uint64_t n, uint64_t *blk)
{
    uint64_t next;
    int r = fs->broken ? -TFS_EIO : make_room(fs);

    uint64_t least = fs->reserve + space_floor(fs);
    if (r == 0 && fs->free <= least)
        r = -TFS_ENOSPC;
    if (r == 0)
        r = alloc(fs, 1, 0, blk);
    if (r < 0)
        return r;
    uint64_t got = 1;
    while (got < n && fs->free > least && block_valid(fs, *blk + got) && take_goal(fs, *blk + got, 1, &next) == 0)
        got++;
    return (int64_t)got;
}

void tfs_giveback(struct tfs *fs, uint64_t blk, uint64_t n)
{
    space_free(fs, blk, n);
}

/* ---- letting go ---- */

static void forget_block(struct tfs *fs, uint64_t blk)
{
    if (!block_pinned(fs, blk))
        fs->env->drop(fs->env->ctx, blk);
}

/* Neither the next commit nor anything in memory has it any more. */
static void now_free(struct tfs *fs, struct group *g, uint64_t blk)
{
    if (g->committed[blk % GROUP_BLOCKS / 64] >> blk % 64 & 1) {
        fs->waiting++;
    } else {
        g->nfree++;
        fs->free++;
    }
    forget_block(fs, blk);
}

static void no_longer_used(struct tfs *fs, struct group *g, uint64_t w, uint64_t m)
{
    g->used[w] &= ~m;
    g->dirty = 1;
    fs->changed = 1;
}

/* What is held has left the tree before: then memory lets go of it, and a deadlist may still have it. */
static void free_one(struct tfs *fs, struct group *g, uint64_t blk)
{
    uint64_t w = blk % GROUP_BLOCKS / 64, m = 1ull << blk % GROUP_BLOCKS % 64;
    int is_held = (g->held[w] & m) != 0, is_used = (g->used[w] & m) != 0;

    if (!is_used && !is_held) {
        corrupt(fs, blk, "block freed twice: it is part of two files");
        return;
    }
    g->held[w] &= ~m;
    if (is_held && is_used)
        return;
    fs->held -= (uint64_t)is_held;
    if (is_used)
        no_longer_used(fs, g, w, m);
    now_free(fs, g, blk);
}

/* No deadlist has it any more. */
static void unlist_one(struct tfs *fs, struct group *g, uint64_t blk)
{
    uint64_t w = blk % GROUP_BLOCKS / 64, m = 1ull << blk % GROUP_BLOCKS % 64;

    if (!(g->used[w] & m)) {
        corrupt(fs, blk, "block of a deadlist was free already");
        return;
    }
    no_longer_used(fs, g, w, m);
    if (g->held[w] & m)
        fs->held++;
    else
        now_free(fs, g, blk);
}

static void hold_one(struct tfs *fs, struct group *g, uint64_t blk)
{
    uint64_t w = blk % GROUP_BLOCKS / 64, m = 1ull << blk % GROUP_BLOCKS % 64;

    if (g->held[w] & m)
        return; /* of a removed file */
    g->held[w] |= m;
    fs->held++;
    no_longer_used(fs, g, w, m);
}

static void hold_listed(struct tfs *fs, struct group *g, uint64_t blk)
{
    (void)fs;
    g->held[blk % GROUP_BLOCKS / 64] |= 1ull << blk % GROUP_BLOCKS % 64;
}

static void for_run(struct tfs *fs, uint64_t blk, uint64_t n, void (*one)(struct tfs *, struct group *, uint64_t))
{
    while (n-- > 0) {
        struct group *g;
        if (space_group(fs, blk / GROUP_BLOCKS, &g) < 0)
            corrupt(fs, blk, "block is lost: its part of the free map cannot be read");
        else
            one(fs, g, blk);
        blk++;
    }
}

void space_free(struct tfs *fs, uint64_t blk, uint64_t n)
{
    for_run(fs, blk, n, free_one);
}

void space_hold(struct tfs *fs, uint64_t blk, uint64_t n, int listed)
{
    for_run(fs, blk, n, listed ? hold_listed : hold_one);
}

void space_unlist(struct tfs *fs, uint64_t blk, uint64_t n)
{
    for_run(fs, blk, n, unlist_one);
}

int space_load(struct tfs *fs, uint64_t blk, uint64_t n)
{
    struct group *g;
    int r = 0;

    for (uint64_t i = blk / GROUP_BLOCKS; r == 0 && i <= (blk + n - 1) / GROUP_BLOCKS; i++)
        r = space_group(fs, i, &g);
    return r;
}

int space_is_used(struct tfs *fs, uint64_t blk)
{
    struct group *g;
    int r = space_group(fs, blk / GROUP_BLOCKS, &g);

    return r < 0 ? r : (int)(g->used[blk % GROUP_BLOCKS / 64] >> blk % GROUP_BLOCKS % 64 & 1);
}

/* ---- commit ---- */

void space_committed(struct tfs *fs)
{
    map_committed(fs);
    for (struct group *g = fs->groups; g != NULL; g = g->next) {
        if (!g->dirty)
            continue;
        g->dirty = 0;
        for (uint64_t w = 0; w < GROUP_WORDS; w++) {
            uint64_t freed = g->committed[w] & ~g->used[w] & ~g->held[w];
            g->nfree += (uint64_t)__builtin_popcountll(freed);
            fs->free += (uint64_t)__builtin_popcountll(freed);
            g->committed[w] = g->used[w];
        }
    }
    fs->waiting = 0;
}
