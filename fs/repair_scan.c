/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Repair, step 1: what can be read, what is damaged, what two trees claim. Nothing is changed.
 */
#include "repair.h"

/* 1: nothing had claimed it. */
int repair_claim(struct repair *r, uint64_t blk)
{
    int n = set_add(r->fs, &r->claimed, blk);

    if (n == 0) {
        n = set_add(r->fs, &r->twice, blk);
        r->ntwice++;
        if (n >= 0)
            return 0;
    }
    if (n < 0)
        r->failed = n;
    return n > 0;
}

/* ---- walking a tree that may be damaged ---- */

int repair_is_meta(const struct repair *r)
{
    return r->slot == NO_SLOT || (r->inode.mode & MODE_DIR) != 0;
}

/* Each node is entered once, so that a tangled tree ends. One that two trees lead to belongs to neither. */
static int may_enter(struct repair *r, uint64_t blk)
{
    return r->claiming ? repair_claim(r, blk) : !set_has(&r->twice, blk);
}

static void walk_node(struct repair *r, struct node *n, uint64_t low, uint64_t high);

static void walk_child(struct repair *r, const struct disk_child *c, unsigned level, uint64_t low, uint64_t high)
{
    struct node below;

    if (low >= high || !may_enter(r, c->blk) || node_get(r->fs, c, level, &below) < 0) {
        r->found |= BROKEN | LOST;
        return;
    }
    walk_node(r, &below, low, high);
    node_put(r->fs, &below, 0);
}

static void walk_leaf(struct repair *r, struct node *n, uint64_t low, uint64_t high)
{
    const struct disk_extent *e = node_extents(n);
    const uint32_t *crcs = node_crcs(n);

    for (unsigned i = 0; i < n->shape->count; crcs += e[i].length, i++) {
        if (e[i].length != 1 && repair_is_meta(r) && r->slot != NO_SLOT)
            r->found |= BROKEN; /* hashes are no neighbours */
        for (uint32_t k = 0; k < e[i].length && r->failed == 0; k++) {
            uint64_t fblk = e[i].fblk + k;
            if (fblk < low || fblk >= high)
                r->found |= BROKEN | LOST;
            else
                r->block(r, fblk, e[i].blk + k, e[i].birth, crcs[k]);
        }
    }
}

static void walk_node(struct repair *r, struct node *n, uint64_t low, uint64_t high)
{
    const struct disk_child *c = node_children(n);

    if (n->shape->level == 0) {
        walk_leaf(r, n, low, high);
        return;
    }
    for (unsigned i = 0; i < n->shape->count && r->failed == 0; i++) {
        uint64_t end = i + 1u < n->shape->count ? min_u64(c[i + 1].fblk, high) : high;
        struct disk_child child = c[i];
        if (child.fblk < low)
            r->found |= BROKEN | LOST;
        else
            walk_child(r, &child, n->shape->level - 1u, child.fblk, end);
    }
}

/* The tree of r->inode, which root_check has passed. */
void repair_walk(struct repair *r, int claiming,
                 void (*block)(struct repair *, uint64_t, uint64_t, uint64_t, uint32_t)) {
    struct node n = root_node(&r->inode.root);

    r->claiming = claiming;
    r->block = block;
    r->found = 0;
    r->nmapped = r->last = r->hash = 0;
    walk_node(r, &n, 0, MAX_FBLK);
}

/* ---- 1. scan ---- */

uint32_t repair_magic(const struct repair *r)
{
    return r->slot == NO_SLOT ? MAGIC_INODES : MAGIC_DIR;
}

/* Whether the block holds what it should. */
int repair_is_sound(struct repair *r, uint64_t blk, uint64_t birth, uint32_t crc)
{
    void *data;
    int fresh;

    if (repair_is_meta(r)) {
        if (meta_get(r->fs, blk, repair_magic(r), birth, &data, &fresh) < 0)
            return 0;
        block_put(r->fs, blk, data, 0);
        return 1;
    }
    if (block_get(r->fs, blk, TFS_DATA, TFS_GET_READ, &data, &fresh) < 0)
        return 0;
    int same = tfs_crc32c(0, data, TFS_BLOCK) == crc;
    block_put(r->fs, blk, data, 0);
    if (!same && !block_pinned(r->fs, blk))
        r->fs->env->drop(r->fs->env->ctx, blk);
    return same;
}

static void scan_block(struct repair *r, uint64_t fblk, uint64_t blk, uint64_t birth, uint32_t crc)
{
    int first = repair_claim(r, blk);

    r->nmapped++;
    r->last = fblk;
    if (!first)
        r->found |= BROKEN;
    if (!repair_is_meta(r) && fblk >= (r->inode.length + TFS_BLOCK - 1) / TFS_BLOCK)
        r->found |= BROKEN;
    else if (!repair_is_sound(r, blk, birth, crc))
        r->found |= BROKEN | LOST;
}

static void find_twice(struct repair *r, uint64_t fblk, uint64_t blk, uint64_t birth, uint32_t crc)
{
    (void)fblk, (void)birth, (void)crc;
    if (set_has(&r->twice, blk))
        r->found |= BROKEN;
}

/* The inode, also while the table's own tree cannot be used. */
static int load_inode(struct repair *r, uint32_t slot, struct disk_inode *i)
{
    const struct place *p = &r->table[slot / INODES_PER_BLOCK];
    void *data;
    int fresh;

    if (r->table_is_made)
        return inode_load(r->fs, slot, i);
    if (p->blk == 0 || meta_get(r->fs, p->blk, MAGIC_INODES, p->birth, &data, &fresh) < 0)
        return -TFS_ECORRUPT;
    memcpy(i, (uint8_t *)data + sizeof(struct disk_header) + slot % INODES_PER_BLOCK * INODE_BYTES, sizeof *i);
    block_put(r->fs, p->blk, data, 0);
    return 0;
}

int repair_load(struct repair *r, uint32_t slot)
{
    r->slot = slot;
    if (load_inode(r, slot, &r->inode) < 0 || r->inode.ino == 0)
        return 0;
    return root_check(r->fs, &r->inode.root) == 0 && r->inode.length <= MAX_FBLK * TFS_BLOCK &&
           r->inode.ino < UINT64_MAX / 2;
}

/* Whether the block holds those inodes. */
static int holds_inodes(struct repair *r, uint64_t blk, uint64_t birth, uint64_t index)
{
    void *data;
    int fresh;

    if (meta_get(r->fs, blk, MAGIC_INODES, birth, &data, &fresh) < 0)
        return 0;
    int yes = inodes_index(data) == index;
    block_put(r->fs, blk, data, 0);
    return yes;
}

static void scan_inodes(struct repair *r, uint64_t fblk, uint64_t blk, uint64_t birth, uint32_t crc)
{
    (void)crc;
    if (fblk >= r->ntable || !holds_inodes(r, blk, birth, fblk) || !repair_claim(r, blk))
        r->found |= BROKEN | LOST;
    else
        r->table[fblk] = (struct place){blk, birth};
}

/* The tree of the table is damaged: its blocks say which they are. Of several the newest that was committed counts. */
static void search_inodes(struct repair *r)
{
    struct tfs *fs = r->fs;
    uint64_t found = 0;

    for (uint64_t blk = fs->first; blk < fs->nblocks; blk++) {
        void *data;
        int fresh;
        if (set_has(&r->claimed, blk) || block_get(fs, blk, TFS_META, TFS_GET_READ, &data, &fresh) < 0)
            continue;
        const struct disk_header *h = data;
        uint64_t i = inodes_index(h);
        if (h->magic == MAGIC_INODES && h->blk == blk && h->birth <= fs->committed && i < r->ntable &&
            h->crc == seal_of(data) && (r->table[i].blk == 0 || (h->birth > r->table[i].birth &&
            !set_has(&r->claimed, r->table[i].blk)))) {
            r->table[i] = (struct place){blk, h->birth};
            found++;
        }
        block_put(fs, blk, data, 0);
        fs->env->drop(fs->env->ctx, blk); /* it may be read as data later */
    }
    for (uint64_t i = 0; i < r->ntable; i++)
        if (r->table[i].blk != 0 && !set_has(&r->claimed, r->table[i].blk))
            repair_claim(r, r->table[i].blk);
    repair_did(r, "inode table: damaged; searched the disk and found ", found, " blocks of inodes");
}

void scan_table(struct repair *r)
{
    r->ntable = (r->fs->nslots + INODES_PER_BLOCK - 1) / INODES_PER_BLOCK;
    r->table = mem_alloc(r->fs, r->ntable * sizeof *r->table);
    if (r->table == NULL) {
        r->failed = -TFS_ENOMEM;
        return;
    }
    r->slot = NO_SLOT;
    r->inode = r->fs->table->inode;
    repair_walk(r, 1, scan_inodes);
    if (r->found & LOST)
        search_inodes(r);
    uint64_t n = r->ntable;
    while (n > 1 && r->table[n - 1].blk == 0)
        n--;
    r->nslots = (uint32_t)min_u64(n * INODES_PER_BLOCK, r->fs->nslots);
}

void scan_files(struct repair *r)
{
    r->state = mem_alloc(r->fs, r->nslots);
    r->queue = mem_alloc(r->fs, r->nslots * sizeof *r->queue);
    if (r->state == NULL || r->queue == NULL)
        r->failed = -TFS_ENOMEM;
    for (uint32_t slot = 0; slot < r->nslots && r->failed == 0; slot++) {
        if (!repair_load(r, slot))
            continue;
        repair_walk(r, 1, scan_block);
        r->state[slot] = (uint8_t)(USED | (r->inode.mode & MODE_DIR ? DIRECTORY : 0) | r->found);
        if (r->inode.ino >= r->fs->next_ino) {
            r->fs->next_ino = r->inode.ino + 1;
            repair_did(r, "file ", r->inode.ino, ": its number counts as given out now");
        }
    }
    for (uint32_t slot = 0; slot < r->nslots && r->ntwice > 0 && r->failed == 0; slot++)
        if ((r->state[slot] & USED) && repair_load(r, slot)) { /* those that had claimed before the others */
            repair_walk(r, 0, find_twice);
            r->state[slot] |= r->found;
        }
}
