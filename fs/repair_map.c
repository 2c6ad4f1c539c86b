/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Repair, before step 2 and at the end: the free map from what is known to be in use, and the list of free inodes.
 */
#include "repair.h"

/* Whether there is a block in the group that something leads to. */
static int is_marked(const struct repair *r, uint64_t index)
{
    return r->claimed.group[index] != NULL || r->kept.group[index] != NULL || r->own.group[index] != NULL;
}

static int remake_group(struct repair *r, uint64_t index, int keep_committed)
{
    struct group *g;
    uint64_t wrong = 0, base = index * GROUP_BLOCKS;

    if (!is_marked(r, index) && index >= r->fs->map_groups && !space_is_loaded(r->fs, index))
        return 0;
    int e = space_remake(r->fs, index, &g);
    if (e < 0)
        return e;
    g->nfree = 0;
    for (uint64_t b = 0; b < GROUP_BLOCKS; b++) {
        uint64_t m = 1ull << b % 64, was = g->used[b / 64] & m;
        int is = !block_valid(r->fs, base + b) || set_has(&r->claimed, base + b) || set_has(&r->kept, base + b) ||
                 (!keep_committed && set_has(&r->own, base + b));
        g->used[b / 64] = (g->used[b / 64] & ~m) | (is ? m : 0);
        wrong += (was != 0) != is;
        if (!keep_committed)
            g->committed[b / 64] = (g->committed[b / 64] & ~m) | (g->used[b / 64] & m);
        g->nfree += !((g->used[b / 64] | g->committed[b / 64]) & m);
    }
    if (g->must && wrong == 0 && !keep_committed)
        repair_did(r, "free map: made anew, because it could not be read: group ", index, "");
    g->dirty = 1;
    if (wrong > 0 && !keep_committed)
        repair_did(r, "free map: it was wrong about ", wrong, " blocks");
    return 0;
}

/* keep_committed: what was claimed at first stays untouched until the commit, because the last one leads to it. */
void remake_map(struct repair *r, int keep_committed)
{
    struct tfs *fs = r->fs;
    uint64_t nfree = 0, unused = 0;

    for (uint64_t i = 0; i < fs->ngroups && r->failed == 0; i++)
        r->failed = remake_group(r, i, keep_committed);
    for (const struct group *g = fs->groups; g != NULL; g = g->next) {
        nfree += g->nfree;
        for (uint64_t w = 0; w < GROUP_WORDS; w++)
            unused += (uint64_t)__builtin_popcountll(~g->used[w]);
    }
    for (uint64_t i = 0; i < fs->ngroups; i++)
        if (!is_marked(r, i) && i >= fs->map_groups && !space_is_loaded(fs, i)) {
            uint64_t n = min_u64(GROUP_BLOCKS, fs->nblocks - i * GROUP_BLOCKS);
            nfree += n;
            unused += n;
            if (i * GROUP_BLOCKS < fs->first)
                nfree -= min_u64(n, fs->first - i * GROUP_BLOCKS), unused -= min_u64(n, fs->first - i * GROUP_BLOCKS);
        }
    if (!keep_committed && fs->free != nfree)
        repair_did(r, "free map: there are ", nfree, " free blocks, not as many as the superblock says");
    fs->free = nfree;
    fs->held = 0;
    fs->waiting = unused - nfree;
    fs->changed = 1;
}

void remake_free_list(struct repair *r)
{
    struct disk_inode i;
    uint32_t head = 0;

    r->failed = inode_store_all(r->fs);
    for (uint32_t slot = r->fs->nslots; slot-- > 0 && r->failed == 0;) {
        if ((r->failed = inode_load(r->fs, slot, &i)) < 0 || i.ino != 0)
            continue;
        if (i.link != head) {
            if (r->done == 0)
                repair_did(r, "free inodes: their list was broken at inode ", slot, "");
            i.link = head;
            repair_store(r, slot, &i);
        }
        head = slot + 1;
    }
    if (r->fs->free_slot != head && r->done == 0)
        repair_did(r, "free inodes: their list begins at inode ", head, " now");
    r->fs->free_slot = head;
}

static void claim_block(struct repair *r, uint64_t fblk, uint64_t blk, uint64_t birth, uint32_t crc)
{
    (void)fblk, (void)birth, (void)crc;
    repair_claim(r, blk);
}

/* What the trees lead to now is what the next commit uses. */
void claim_all(struct repair *r)
{
    set_clear(r->fs, &r->claimed);
    r->slot = NO_SLOT;
    r->inode = r->fs->table->inode;
    repair_walk(r, 1, claim_block);
    for (uint32_t slot = 0; slot < r->fs->nslots && r->failed == 0; slot++)
        if (repair_load(r, slot))
            repair_walk(r, 1, claim_block);
}
