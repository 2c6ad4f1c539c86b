/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The free map on the disk: two copies of each group's map, of which a bit in the superblock says which counts, and what has
 * changed since that copy was written (deltas), in what room the superblock has left. A commit that changes little writes no map.
 */
#include "core.h"

/* ---- deltas ---- */

/* Behind the bits that are in use of map_copy. */
static size_t delta_offset(const struct tfs *fs)
{
    return offsetof(struct disk_super, map_copy) + ((fs->ngroups + 7) / 8 + 7) / 8 * 8;
}

static uint64_t delta_room(const struct tfs *fs)
{
    return min_u64(MAX_DELTAS, (TFS_BLOCK - delta_offset(fs)) / sizeof(struct disk_delta));
}

static uint32_t delta_blocks(const struct disk_delta *d)
{
    return d->run & ~DELTA_USED;
}

static int delta_is_sane(const struct tfs *fs, const struct disk_delta *d)
{
    uint64_t n = delta_blocks(d), last = d->blk + n - 1;

    return n > 0 && block_valid(fs, d->blk) && block_valid(fs, last) && d->blk / GROUP_BLOCKS == last / GROUP_BLOCKS &&
           last / GROUP_BLOCKS < fs->map_groups;
}

int map_take(struct tfs *fs, const struct disk_super *s)
{
    const struct disk_delta *d = (const void *)((const uint8_t *)s + delta_offset(fs));

    if (s->ndeltas > delta_room(fs))
        return corrupt(fs, s->header.blk, "superblock makes no sense");
    fs->carried = s->ndeltas > 0 ? mem_alloc(fs, CARRIED_BYTES) : NULL;
    if (s->ndeltas > 0 && fs->carried == NULL)
        return -TFS_ENOMEM;
    for (; fs->ncarried < s->ndeltas; fs->ncarried++) {
        fs->carried[fs->ncarried] = d[fs->ncarried];
        if (!delta_is_sane(fs, &d[fs->ncarried]))
            return corrupt(fs, s->header.blk, "superblock makes no sense");
    }
    return 0;
}

/* What the superblock said about a group, once; g NULL: it is not believed. */
static void apply_carried(struct tfs *fs, uint64_t index, struct group *g)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < fs->ncarried; i++) {
        struct disk_delta d = fs->carried[i];
        if (d.blk / GROUP_BLOCKS != index) {
            fs->carried[kept++] = d;
            continue;
        }
        for (uint64_t b = d.blk % GROUP_BLOCKS, end = b + delta_blocks(&d); g != NULL && b < end; b++) {
            uint64_t m = 1ull << b % 64;
            g->used[b / 64] = (g->used[b / 64] & ~m) | (d.run & DELTA_USED ? m : 0);
        }
    }
    fs->ncarried = kept;
}

void map_distrust(struct tfs *fs, struct group *g)
{
    apply_carried(fs, g->index, NULL);
    g->must = 1;
}

/* The next run of blocks, from bit *at on, that are all used or all free, unlike in the copy on the disk. 0: there is none. */
static int next_delta(const struct group *g, uint64_t *at, struct disk_delta *d)
{
    uint64_t b = *at, n = 0;

    while (b < GROUP_BLOCKS && !((g->used[b / 64] ^ g->written[b / 64]) >> b % 64)) /* none in what is left of the word */
        b = (b / 64 + 1) * 64;
    if (b >= GROUP_BLOCKS)
        return 0;
    b += (uint64_t)__builtin_ctzll((g->used[b / 64] ^ g->written[b / 64]) >> b % 64);
    uint64_t used = g->used[b / 64] >> b % 64 & 1;
    while (b + n < GROUP_BLOCKS && (g->used[(b + n) / 64] >> (b + n) % 64 & 1) == used &&
           (g->written[(b + n) / 64] >> (b + n) % 64 & 1) != used)
        n++;
    *d = (struct disk_delta){.blk = (uint32_t)(g->index * GROUP_BLOCKS + b), .run = (uint32_t)n | (used ? DELTA_USED : 0)};
    *at = b + n;
    return 1;
}

static uint64_t count_deltas(const struct group *g)
{
    struct disk_delta d;
    uint64_t n = 0, at = 0;

    while (next_delta(g, &at, &d))
        n++;
    return n;
}

/* ---- reading ---- */

int map_read(struct tfs *fs, struct group *g)
{
    uint64_t blk = MAP_BLOCK(g->index, fs->map_copy[g->index / 8] >> g->index % 8 & 1);
    void *data;
    int fresh, r = meta_get(fs, blk, MAGIC_MAP, ANY_BIRTH, &data, &fresh);

    if (r < 0)
        return r;
    uint64_t birth = ((struct disk_header *)data)->birth;
    memcpy(g->written, (uint8_t *)data + sizeof(struct disk_header), GROUP_BYTES);
    block_put(fs, blk, data, 0);
    if (birth > fs->committed)
        return corrupt(fs, blk, "free map makes no sense");
    memcpy(g->used, g->written, GROUP_BYTES);
    apply_carried(fs, g->index, g);
    g->ndeltas = count_deltas(g);
    return 0;
}

/* ---- commit ---- */

/* Which groups' maps are written: new ones, and those with the most deltas until the others' have room in the superblock. */
static void choose(struct tfs *fs)
{
    uint64_t total = fs->ncarried;

    for (struct group *g = fs->groups; g != NULL; g = g->next) {
        if (g->dirty)
            g->ndeltas = count_deltas(g);
        g->write = g->must || (g->dirty && g->index >= fs->map_groups);
        total += g->write ? 0 : g->ndeltas;
    }
    while (total > delta_room(fs)) {
        struct group *most = NULL;
        for (struct group *g = fs->groups; g != NULL; g = g->next)
            if (!g->write && (most == NULL || g->ndeltas > most->ndeltas))
                most = g;
        most->write = 1; /* there is one: those that are carried have room */
        total -= most->ndeltas;
    }
}

int map_commit(struct tfs *fs)
{
    choose(fs);
    for (struct group *g = fs->groups; g != NULL; g = g->next) {
        if (!g->write)
            continue;
        uint64_t blk = MAP_BLOCK(g->index, !(fs->map_copy[g->index / 8] >> g->index % 8 & 1));
        void *data;
        int r = meta_new(fs, blk, MAGIC_MAP, &data);
        if (r < 0)
            return r;
        memcpy((uint8_t *)data + sizeof(struct disk_header), g->used, GROUP_BYTES);
        block_put(fs, blk, data, 1);
    }
    return 0;
}

void map_describe(const struct tfs *fs, struct disk_super *s)
{
    struct disk_delta *d = (void *)((uint8_t *)s + delta_offset(fs));

    s->map_groups = fs->map_groups;
    memcpy(s->map_copy, fs->map_copy, (fs->ngroups + 7) / 8);
    for (; s->ndeltas < fs->ncarried; s->ndeltas++)
        *d++ = fs->carried[s->ndeltas];
    for (const struct group *g = fs->groups; g != NULL; g = g->next) {
        uint64_t at = 0;
        while (!g->write && g->ndeltas > 0 && next_delta(g, &at, d)) {
            s->ndeltas++;
            d++;
        }
        if (!g->write)
            continue;
        s->map_copy[g->index / 8] ^= (uint8_t)(1u << g->index % 8);
        if (g->index >= s->map_groups)
            s->map_groups = (uint32_t)g->index + 1;
    }
}

void map_committed(struct tfs *fs)
{
    for (struct group *g = fs->groups; g != NULL; g = g->next) {
        if (!g->write)
            continue;
        g->write = g->must = 0;
        g->ndeltas = 0;
        memcpy(g->written, g->used, GROUP_BYTES);
        if (g->index >= fs->map_groups)
            fs->map_groups = (uint32_t)g->index + 1;
        fs->map_copy[g->index / 8] ^= (uint8_t)(1u << g->index % 8);
    }
}
