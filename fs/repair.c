/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Repairs a file system: saves what can be saved, and gives up the rest.
 *
 * The free map is the first thing not to believe, so nothing is allocated before every tree has been walked and every block that
 * anything leads to is known ("claimed"); then the map is made anew. From there on the ordinary code works: what is
 * repaired goes to fresh blocks, and one commit at the end makes it count. Until then the image is as damaged as it was, not more.
 *
 *   1. scan     all trees: what can be read, what is damaged, what two trees claim
 *   2. table    made anew from its readable blocks; the other inodes are gone
 *   3. contents of damaged files: a new tree from what is sound; the rest are holes
 *   4. names    from the root on: entries that lead nowhere go; directories that were damaged are made anew
 *   5. lost+found  gets the files that have no name left, and those that have lost contents
 *   6. map      made anew once more, from the trees as they are now, and the list of free inodes
 */
#include "core.h"

enum state {
    USED = 1,
    DIRECTORY = 2,
    NAMED = 4,  /* a directory that the root leads to has it */
    BROKEN = 8, /* its tree must be made anew */
    LOST = 16,  /* some of its contents are gone */
    BELOW = 32, /* a directory that nothing leads to has it: not itself for lost+found */
};

struct entry {
    struct entry *next;
    uint64_t ino;
    uint32_t slot;
    unsigned n;
    char name[TFS_NAME_MAX + 1];
};

struct place {
    uint64_t blk, birth; /* blk 0: not found */
};

/* A file to be moved to lost+found under its own name. */
struct move {
    struct move *next;
    uint32_t dir, slot;
    char name[TFS_NAME_MAX + 1];
};

struct repair {
    struct tfs *fs;
    void (*say)(void *arg, const char *text);
    void *arg;
    int64_t done;      /* repairs */
    int failed;        /* an error that ends it */
    uint8_t **claimed; /* per group: a bit per block that something leads to */
    uint8_t **twice;   /* ... two things do */
    uint64_t ntwice;
    uint8_t *state;    /* per slot */
    uint32_t nslots;   /* size of state */
    struct place *table; /* where each block of the inode table is */
    uint64_t ntable;
    int table_is_made; /* the tree can be used again */
    struct move *moves;
    uint32_t *queue;   /* directories to look at */
    uint32_t queued;

    /* the tree at hand */
    uint32_t slot; /* NO_SLOT: the inode table */
    struct disk_inode inode;
    uint8_t found;      /* enum state: what was met */
    uint64_t nmapped, last;
    uint64_t hash; /* of the last entry of a directory */
    struct tfs_file copy;   /* what is made anew */
    struct entry *entries;  /* of a directory, newest first */
    void (*block)(struct repair *, uint64_t fblk, uint64_t blk, uint64_t birth, uint32_t crc);
    int claiming;
};

/* ---- words ---- */

static size_t put_text(char *to, size_t at, size_t room, const char *s)
{
    while (*s && at + 1 < room)
        to[at++] = *s++;
    to[at] = 0;
    return at;
}

static size_t put_number(char *to, size_t at, size_t room, uint64_t v)
{
    char digits[21], *p = &digits[20];

    *p = 0;
    do
        *--p = (char)('0' + v % 10);
    while ((v /= 10) != 0);
    return put_text(to, at, room, p);
}

/* "BEFORE NUMBER AFTER" */
static void did(struct repair *r, const char *before, uint64_t v, const char *after)
{
    char text[400];
    size_t at = put_text(text, 0, sizeof text, before);

    at = put_number(text, at, sizeof text, v);
    put_text(text, at, sizeof text, after);
    r->done++;
    r->say(r->arg, text);
}

/* ---- claims ---- */

static uint8_t *bits_of(struct repair *r, uint8_t **map, uint64_t blk)
{
    uint8_t **g = &map[blk / GROUP_BLOCKS];

    if (*g == NULL && (*g = mem_alloc(r->fs, GROUP_BYTES)) == NULL) {
        r->failed = -TFS_ENOMEM;
        return NULL;
    }
    return *g + blk % GROUP_BLOCKS / 8;
}

static int has_bit(uint8_t **map, uint64_t blk)
{
    const uint8_t *g = map[blk / GROUP_BLOCKS];

    return g != NULL && (g[blk % GROUP_BLOCKS / 8] >> blk % 8 & 1);
}

/* 1: nothing had claimed it. */
static int claim(struct repair *r, uint64_t blk)
{
    uint8_t *bits = bits_of(r, r->claimed, blk), *two;

    if (bits == NULL)
        return 0;
    if (!(*bits >> blk % 8 & 1)) {
        *bits |= (uint8_t)(1u << blk % 8);
        return 1;
    }
    if ((two = bits_of(r, r->twice, blk)) != NULL)
        *two |= (uint8_t)(1u << blk % 8);
    r->ntwice++;
    return 0;
}

static void forget_bits(struct repair *r, uint8_t **map)
{
    for (uint64_t i = 0; map != NULL && i < r->fs->ngroups; i++) {
        mem_free(r->fs, map[i], GROUP_BYTES);
        map[i] = NULL;
    }
}

/* ---- walking a tree that may be damaged ---- */

static int is_meta(const struct repair *r)
{
    return r->slot == NO_SLOT || (r->inode.mode & MODE_DIR) != 0;
}

/* Each node is entered once, so that a tangled tree ends. One that two trees lead to belongs to neither. */
static int may_enter(struct repair *r, uint64_t blk)
{
    return r->claiming ? claim(r, blk) : !has_bit(r->twice, blk);
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
        if (e[i].length != 1 && is_meta(r) && r->slot != NO_SLOT)
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
static void walk(struct repair *r, int claiming,
                 void (*block)(struct repair *, uint64_t, uint64_t, uint64_t, uint32_t)) {
    struct node n = root_node(&r->inode.root);

    r->claiming = claiming;
    r->block = block;
    r->found = 0;
    r->nmapped = r->last = r->hash = 0;
    walk_node(r, &n, 0, MAX_FBLK);
}

/* ---- 1. scan ---- */

static uint32_t magic_of(const struct repair *r)
{
    return r->slot == NO_SLOT ? MAGIC_INODES : MAGIC_DIR;
}

/* Whether the block holds what it should. */
static int is_sound(struct repair *r, uint64_t blk, uint64_t birth, uint32_t crc)
{
    void *data;
    int fresh;

    if (is_meta(r)) {
        if (meta_get(r->fs, blk, magic_of(r), birth, &data, &fresh) < 0)
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
    int first = claim(r, blk);

    r->nmapped++;
    r->last = fblk;
    if (!first)
        r->found |= BROKEN;
    if (!is_meta(r) && fblk >= (r->inode.length + TFS_BLOCK - 1) / TFS_BLOCK)
        r->found |= BROKEN;
    else if (!is_sound(r, blk, birth, crc))
        r->found |= BROKEN | LOST;
}

static void find_twice(struct repair *r, uint64_t fblk, uint64_t blk, uint64_t birth, uint32_t crc)
{
    (void)fblk, (void)birth, (void)crc;
    if (has_bit(r->twice, blk))
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

static int load(struct repair *r, uint32_t slot)
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
    if (fblk >= r->ntable || !holds_inodes(r, blk, birth, fblk) || !claim(r, blk))
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
        if (has_bit(r->claimed, blk) || block_get(fs, blk, TFS_META, TFS_GET_READ, &data, &fresh) < 0)
            continue;
        const struct disk_header *h = data;
        uint64_t i = inodes_index(h);
        if (h->magic == MAGIC_INODES && h->blk == blk && h->birth <= fs->committed && i < r->ntable &&
            h->crc == seal_of(data) && (r->table[i].blk == 0 || (h->birth > r->table[i].birth &&
            !has_bit(r->claimed, r->table[i].blk)))) {
            r->table[i] = (struct place){blk, h->birth};
            found++;
        }
        block_put(fs, blk, data, 0);
        fs->env->drop(fs->env->ctx, blk); /* it may be read as data later */
    }
    for (uint64_t i = 0; i < r->ntable; i++)
        if (r->table[i].blk != 0 && !has_bit(r->claimed, r->table[i].blk))
            claim(r, r->table[i].blk);
    did(r, "inode table: damaged; searched the disk and found ", found, " blocks of inodes");
}

static void scan_table(struct repair *r)
{
    r->ntable = (r->fs->nslots + INODES_PER_BLOCK - 1) / INODES_PER_BLOCK;
    r->table = mem_alloc(r->fs, r->ntable * sizeof *r->table);
    if (r->table == NULL) {
        r->failed = -TFS_ENOMEM;
        return;
    }
    r->slot = NO_SLOT;
    r->inode = r->fs->table->inode;
    walk(r, 1, scan_inodes);
    if (r->found & LOST)
        search_inodes(r);
    uint64_t n = r->ntable;
    while (n > 1 && r->table[n - 1].blk == 0)
        n--;
    r->nslots = (uint32_t)min_u64(n * INODES_PER_BLOCK, r->fs->nslots);
}

static void scan_files(struct repair *r)
{
    r->state = mem_alloc(r->fs, r->nslots);
    r->queue = mem_alloc(r->fs, r->nslots * sizeof *r->queue);
    if (r->state == NULL || r->queue == NULL)
        r->failed = -TFS_ENOMEM;
    for (uint32_t slot = 0; slot < r->nslots && r->failed == 0; slot++) {
        if (!load(r, slot))
            continue;
        walk(r, 1, scan_block);
        r->state[slot] = (uint8_t)(USED | (r->inode.mode & MODE_DIR ? DIRECTORY : 0) | r->found);
        if (r->inode.ino >= r->fs->next_ino) {
            r->fs->next_ino = r->inode.ino + 1;
            did(r, "file ", r->inode.ino, ": its number counts as given out now");
        }
    }
    for (uint32_t slot = 0; slot < r->nslots && r->ntwice > 0 && r->failed == 0; slot++)
        if ((r->state[slot] & USED) && load(r, slot)) { /* those that had claimed before the others */
            walk(r, 0, find_twice);
            r->state[slot] |= r->found;
        }
}

/* ---- the map, from what is claimed ---- */

static int remake_group(struct repair *r, uint64_t index, int keep_committed)
{
    struct group *g;
    const uint8_t *bits = r->claimed[index];
    uint64_t wrong = 0, base = index * GROUP_BLOCKS;

    if (bits == NULL && index >= r->fs->map_groups && !space_is_loaded(r->fs, index))
        return 0;
    int e = space_remake(r->fs, index, &g);
    if (e < 0)
        return e;
    g->nfree = 0;
    for (uint64_t b = 0; b < GROUP_BLOCKS; b++) {
        uint64_t m = 1ull << b % 64, was = g->used[b / 64] & m;
        int is = !block_valid(r->fs, base + b) || (bits != NULL && (bits[b / 8] >> b % 8 & 1));
        g->used[b / 64] = (g->used[b / 64] & ~m) | (is ? m : 0);
        wrong += (was != 0) != is;
        if (!keep_committed)
            g->committed[b / 64] = (g->committed[b / 64] & ~m) | (g->used[b / 64] & m);
        g->nfree += !((g->used[b / 64] | g->committed[b / 64] | g->kept[b / 64]) & m);
    }
    g->dirty = 1;
    if (wrong > 0 && !keep_committed)
        did(r, "free map: it was wrong about ", wrong, " blocks");
    return 0;
}

/* keep_committed: what was claimed at first stays untouched until the commit, because the last one leads to it. */
static void remake_map(struct repair *r, int keep_committed)
{
    struct tfs *fs = r->fs;
    uint64_t nfree = 0, unused = 0;

    for (uint64_t i = 0; i < fs->ngroups && r->failed == 0; i++)
        r->failed = remake_group(r, i, keep_committed);
    for (const struct group *g = fs->groups; g != NULL; g = g->next) {
        nfree += g->nfree;
        for (uint64_t w = 0; w < GROUP_WORDS; w++)
            unused += (uint64_t)__builtin_popcountll(~(g->used[w] | g->kept[w]));
    }
    for (uint64_t i = 0; i < fs->ngroups; i++)
        if (r->claimed[i] == NULL && i >= fs->map_groups && !space_is_loaded(fs, i)) {
            uint64_t n = min_u64(GROUP_BLOCKS, fs->nblocks - i * GROUP_BLOCKS);
            nfree += n;
            unused += n;
            if (i * GROUP_BLOCKS < fs->first)
                nfree -= min_u64(n, fs->first - i * GROUP_BLOCKS), unused -= min_u64(n, fs->first - i * GROUP_BLOCKS);
        }
    if (!keep_committed && fs->free != nfree)
        did(r, "free map: there are ", nfree, " free blocks, not as many as the superblock says");
    fs->free = nfree;
    fs->held = 0;
    fs->waiting = unused - nfree;
    fs->changed = 1;
}

/* ---- 2. and 3. trees made anew ---- */

static void copy_begin(struct repair *r)
{
    r->copy = (struct tfs_file){.fs = r->fs, .slot = NO_SLOT, .inode = r->inode, .magic = is_meta(r) ? magic_of(r) : 0};
    memset(&r->copy.inode.root, 0, sizeof r->copy.inode.root);
    r->copy.inode.blocks = 0;
}

static void copy_map(struct repair *r, uint64_t fblk, uint64_t blk, uint64_t birth, uint32_t crc)
{
    struct node leaf;
    int e = tree_prepare(&r->copy, fblk, blk, birth, &leaf);

    if (e < 0) {
        r->failed = e;
        return;
    }
    leaf_set(&leaf, fblk, blk, birth, crc);
    node_put(r->fs, &leaf, 1);
    r->copy.inode.blocks++;
}

/* A block that two files claim: each that it fits gets one of its own. */
static void copy_data(struct repair *r, uint64_t fblk, uint64_t blk, uint32_t crc)
{
    void *from, *to;
    uint64_t fresh_blk;
    int fresh, e = space_alloc(r->fs, &r->copy, 0, 0, &fresh_blk);

    if (e == 0 && (e = block_get(r->fs, blk, TFS_DATA, TFS_GET_READ, &from, &fresh)) == 0) {
        e = block_get(r->fs, fresh_blk, TFS_DATA, TFS_GET_NEW, &to, &fresh);
        if (e == 0) {
            memcpy(to, from, TFS_BLOCK);
            block_put(r->fs, fresh_blk, to, 1);
        }
        block_put(r->fs, blk, from, 0);
    }
    if (e < 0)
        r->failed = e;
    else
        copy_map(r, fblk, fresh_blk, r->fs->epoch, crc);
}

static void copy_block(struct repair *r, uint64_t fblk, uint64_t blk, uint64_t birth, uint32_t crc)
{
    if (fblk >= (r->inode.length + TFS_BLOCK - 1) / TFS_BLOCK || !is_sound(r, blk, birth, crc))
        return;
    if (!has_bit(r->twice, blk))
        copy_map(r, fblk, blk, birth, crc);
    else if (!is_meta(r))
        copy_data(r, fblk, blk, crc);
}

/* The table keeps its readable blocks; the others become blocks of free inodes. */
static void remake_table(struct repair *r)
{
    struct tfs *fs = r->fs;
    uint64_t n = (r->nslots + INODES_PER_BLOCK - 1) / INODES_PER_BLOCK;

    r->slot = NO_SLOT;
    r->inode = fs->table->inode;
    copy_begin(r);
    for (uint64_t i = 0; i < n && r->failed == 0; i++)
        if (r->table[i].blk != 0)
            copy_map(r, i, r->table[i].blk, r->table[i].birth, 0);
    if (r->failed < 0)
        return;
    if (r->inode.blocks != n || r->nslots != fs->nslots)
        did(r, "inode table: its length put right: ", r->nslots, " inodes");
    fs->table->inode = r->copy.inode;
    for (uint64_t i = 0; i < n && r->failed == 0; i++) {
        void *data;
        uint64_t blk;
        if (r->table[i].blk != 0)
            continue;
        if ((r->failed = metafile_write(fs->table, i, &data, &blk)) < 0)
            return;
        block_put(fs, blk, data, 1);
        did(r, "inode table: block ", i, " could not be read; its inodes are given up");
    }
    fs->nslots = r->nslots;
    r->table_is_made = 1;
}

static void store(struct repair *r, uint32_t slot, const struct disk_inode *i)
{
    void *data;
    uint64_t blk;
    int e = metafile_write(r->fs->table, slot / INODES_PER_BLOCK, &data, &blk);

    if (e < 0) {
        r->failed = e;
        return;
    }
    memcpy((uint8_t *)data + sizeof(struct disk_header) + slot % INODES_PER_BLOCK * INODE_BYTES, i, INODE_BYTES);
    block_put(r->fs, blk, data, 1);
}

static void remake_file(struct repair *r, uint32_t slot)
{
    int lost = (r->state[slot] & LOST) != 0;

    copy_begin(r);
    walk(r, 0, copy_block);
    r->copy.inode.nlink = 1;
    store(r, slot, &r->copy.inode);
    did(r, "file ", r->inode.ino, lost ? ": made anew from what could be read; what was lost of it are holes now"
                                       : ": made anew; nothing of it was lost");
}

static void repair_file(struct repair *r, uint32_t slot)
{
    struct disk_inode i;

    if (!load(r, slot)) {
        if (inode_load(r->fs, slot, &i) == 0 && i.ino == 0)
            return;
        if (i.ino != 0)
            did(r, "file ", i.ino, ": its inode makes no sense and is given up");
        memset(&i, 0, sizeof i);
        store(r, slot, &i);
        return;
    }
    if (r->state[slot] & DIRECTORY)
        return; /* by and by, with the names */
    if (r->state[slot] & BROKEN) {
        remake_file(r, slot);
        return;
    }
    i = r->inode;
    i.nlink = 1;
    uint64_t blocks = 0;
    struct tfs_extent e;
    for (uint64_t b = 0; b < (i.length + TFS_BLOCK - 1) / TFS_BLOCK; b += e.run) {
        if (tree_find(r->fs, &i.root, b, &e) < 0)
            break;
        blocks += e.blk != 0 ? e.run : 0;
    }
    i.blocks = blocks;
    if (memcmp(&i, &r->inode, sizeof i) != 0) {
        store(r, slot, &i);
        did(r, "file ", i.ino, ": counts in its inode put right");
    }
}

/* ---- 4. names ---- */

static void collect_entries(struct repair *r, uint64_t fblk, uint64_t blk, uint64_t birth, uint32_t crc)
{
    void *data;
    const struct disk_entry *e;
    unsigned off = 0, n = 0;
    int fresh, bad = 0;

    (void)crc;
    if (r->nmapped > 0 && r->hash >= fblk)
        r->found |= BROKEN; /* an entry of the block before belongs here */
    if (has_bit(r->twice, blk) || meta_get(r->fs, blk, MAGIC_DIR, birth, &data, &fresh) < 0) {
        r->found |= BROKEN | LOST;
        return;
    }
    for (; (e = bucket_next(data, &off, &bad)) != NULL && r->failed == 0; n++) {
        struct entry *k = mem_alloc(r->fs, sizeof *k);
        if (k == NULL) {
            r->failed = -TFS_ENOMEM;
            break;
        }
        *k = (struct entry){.next = r->entries, .ino = e->ino, .slot = e->slot, .n = e->namelen};
        memcpy(k->name, e->name, e->namelen);
        r->entries = k;
        if (e->hash != name_hash(k->name, k->n) || e->hash < fblk || e->hash < r->hash)
            r->found |= BROKEN;
        r->hash = e->hash;
    }
    if (bad || n != ((const struct disk_header *)data)->shape.count)
        r->found |= BROKEN;
    r->nmapped++;
    block_put(r->fs, blk, data, 0);
}

static void free_entries(struct repair *r)
{
    while (r->entries != NULL) {
        struct entry *e = r->entries;
        r->entries = e->next;
        mem_free(r->fs, e, sizeof *e);
    }
}

static int sane_name(const struct entry *e)
{
    return strlen(e->name) == e->n && strchr(e->name, '/') == NULL && strcmp(e->name, ".") != 0 &&
           strcmp(e->name, "..") != 0;
}

/* Whether the entry may stay; then its file is named by it. */
static int accept(struct repair *r, uint32_t dir, const struct entry *e)
{
    struct disk_inode i;

    if (!sane_name(e) || e->slot == 0 || e->slot >= r->nslots || !(r->state[e->slot] & USED) ||
        (r->state[e->slot] & NAMED) || inode_load(r->fs, e->slot, &i) < 0 || i.ino != e->ino)
        return 0;
    r->state[e->slot] |= NAMED;
    if (i.link != dir) {
        i.link = dir;
        store(r, e->slot, &i);
        did(r, "file ", i.ino, ": now knows which directory it is in");
    }
    if (r->state[e->slot] & DIRECTORY)
        r->queue[r->queued++] = e->slot;
    if ((r->state[e->slot] & LOST) && !(r->state[e->slot] & DIRECTORY)) {
        struct move *m = mem_alloc(r->fs, sizeof *m);
        if (m == NULL) {
            r->failed = -TFS_ENOMEM;
            return 0;
        }
        *m = (struct move){.next = r->moves, .dir = dir, .slot = e->slot};
        memcpy(m->name, e->name, sizeof m->name);
        r->moves = m;
    }
    return 1;
}

/* The directory at hand gets the entries that are left. */
static void remake_directory(struct repair *r, uint32_t slot)
{
    struct tfs_file *dir;

    copy_begin(r);
    r->copy.inode.length = 0;
    r->copy.inode.nlink = 1;
    store(r, slot, &r->copy.inode);
    int e = r->failed < 0 ? r->failed : file_get(r->fs, slot, 0, &dir);
    if (e < 0) {
        r->failed = e;
        return;
    }
    e = file_dirty(dir);
    dir->inode = r->copy.inode; /* the root is in core */
    for (struct entry *k = r->entries; k != NULL && e == 0; k = k->next) {
        struct tfs_file there = {.fs = r->fs, .slot = k->slot, .inode.ino = k->ino};
        e = dir_enter(dir, k->name, k->n, &there);
        if (e == -TFS_EEXIST) {
            r->state[k->slot] &= (uint8_t)~NAMED; /* the same name twice: this one goes to lost+found */
            e = 0;
        }
    }
    tfs_unref(dir);
    if (e < 0)
        r->failed = e;
}

/* Looks at the entries of one directory, and makes it anew if some must go or some of it was damaged. */
static void repair_directory(struct repair *r, uint32_t slot)
{
    uint64_t kept = 0, gone = 0;

    if (!load(r, slot))
        return;
    walk(r, 0, collect_entries);
    uint8_t found = r->found | (r->state[slot] & (BROKEN | LOST));
    uint64_t nmapped = r->nmapped;
    for (struct entry **p = &r->entries; *p != NULL && r->failed == 0;) {
        struct entry *e = *p;
        if (accept(r, slot, e)) {
            kept++;
            p = &e->next;
            continue;
        }
        gone++;
        *p = e->next;
        mem_free(r->fs, e, sizeof *e);
    }
    if (r->failed == 0 && (found != 0 || gone > 0 || kept != r->inode.length || nmapped != r->inode.blocks ||
                           r->inode.nlink != 1)) {
        remake_directory(r, slot);
        did(r, "directory ", r->inode.ino,
            found & LOST ? ": made anew from what could be read" : ": made anew; entries that led nowhere are gone");
    }
    free_entries(r);
}

static void follow_queue(struct repair *r)
{
    for (uint32_t i = 0; i < r->queued && r->failed == 0; i++)
        repair_directory(r, r->queue[i]);
    r->queued = 0;
}

static void ensure_root(struct repair *r)
{
    struct disk_inode i = {.ino = r->fs->next_ino, .version = 1, .mode = MODE_DIR | 0755, .nlink = 1};

    if (load(r, 0) && (r->inode.mode & MODE_DIR)) {
        i = r->inode;
        i.link = 0;
        i.nlink = 1;
        i.blocks = min_u64(i.blocks, r->fs->nblocks);
        if (memcmp(&i, &r->inode, sizeof i) != 0) {
            store(r, 0, &i);
            did(r, "the root directory: inode ", 0, " put right");
        }
        return;
    }
    r->fs->next_ino++;
    store(r, 0, &i);
    r->state[0] = USED | DIRECTORY;
    did(r, "the root directory was lost: made anew as file ", i.ino, "");
}

/* ---- 5. lost+found ---- */

static int lost_and_found(struct repair *r, struct tfs_file **out)
{
    struct tfs_file *root = tfs_root(r->fs);
    int e = tfs_walk(root, "lost+found", out);

    if (e == -TFS_ENOENT)
        e = tfs_create(root, "lost+found", MODE_DIR | 0755, out);
    if (e == 0 && !file_is_dir(*out)) {
        tfs_unref(*out);
        e = -TFS_ENOTDIR;
    }
    tfs_unref(root);
    return e;
}

/* A file without a name gets one: its number. */
static void find_home(struct repair *r, uint32_t slot)
{
    struct tfs_file *dir, *f;
    char name[40];
    int e = lost_and_found(r, &dir);

    if (e < 0) {
        r->failed = e;
        return;
    }
    e = file_get(r->fs, slot, 0, &f);
    if (e == 0) {
        size_t at = put_text(name, 0, sizeof name, file_is_dir(f) ? "directory-" : "file-");
        put_number(name, at, sizeof name, f->inode.ino);
        if ((e = file_dirty(f)) == 0 && (e = file_dirty(dir)) == 0 &&
            (e = dir_enter(dir, name, strlen(name), f)) == 0) {
            f->inode.link = dir->slot;
            did(r, "file ", f->inode.ino, ": had no name left; it is in /lost+found now");
        }
        tfs_unref(f);
    }
    tfs_unref(dir);
    if (e < 0)
        r->failed = e;
}

static void mark_below(struct repair *r, uint64_t fblk, uint64_t blk, uint64_t birth, uint32_t crc)
{
    struct entry *before = r->entries;

    collect_entries(r, fblk, blk, birth, crc);
    for (struct entry *e = r->entries; e != before; e = e->next)
        if (e->slot < r->nslots && e->slot != r->slot)
            r->state[e->slot] |= BELOW;
}

/* Homes for all that the root does not lead to: first what is in no other such directory, then what is left (rings). */
static void find_homes(struct repair *r)
{
    for (uint32_t slot = 1; slot < r->nslots && r->failed == 0; slot++)
        if ((r->state[slot] & (USED | NAMED | DIRECTORY)) == (USED | DIRECTORY) && load(r, slot)) {
            walk(r, 0, mark_below);
            free_entries(r);
        }
    for (int rings = 0; rings < 2; rings++)
        for (uint32_t slot = 1; slot < r->nslots && r->failed == 0; slot++) {
            if ((r->state[slot] & (USED | NAMED)) != USED || (!rings && (r->state[slot] & BELOW)))
                continue;
            r->state[slot] |= NAMED;
            if (r->state[slot] & DIRECTORY) {
                r->queue[r->queued++] = slot;
                follow_queue(r);
            }
            if (r->failed == 0)
                find_home(r, slot);
        }
}

/* Files that have lost contents leave their places, so that nobody takes zeros for what they held. */
static void move_damaged(struct repair *r)
{
    for (struct move *m = r->moves; m != NULL && r->failed == 0; m = m->next) {
        struct tfs_file *dir, *lost;
        struct disk_inode i;
        char to[TFS_NAME_MAX + 1];
        int e = lost_and_found(r, &lost);
        if (e == 0 && (e = inode_load(r->fs, m->slot, &i)) == 0 && (e = file_get(r->fs, m->dir, 0, &dir)) == 0) {
            size_t at = put_number(to, 0, sizeof to, i.ino);
            at = put_text(to, at, sizeof to, "-");
            put_text(to, at, sizeof to, m->name);
            e = dir == lost ? 0 : tfs_rename(dir, m->name, lost, to);
            tfs_unref(dir);
            if (e == 0)
                did(r, "file ", i.ino, ": has lost contents; it is in /lost+found now, with its name behind its number");
        }
        if (e != -TFS_ENOENT && e < 0)
            r->failed = e;
        if (e == 0)
            tfs_unref(lost);
    }
}

/* ---- 6. the rest ---- */

static void remake_free_list(struct repair *r)
{
    struct disk_inode i;
    uint32_t head = 0;

    r->failed = inode_store_all(r->fs);
    for (uint32_t slot = r->fs->nslots; slot-- > 0 && r->failed == 0;) {
        if ((r->failed = inode_load(r->fs, slot, &i)) < 0 || i.ino != 0)
            continue;
        if (i.link != head) {
            if (r->done == 0)
                did(r, "free inodes: their list was broken at inode ", slot, "");
            i.link = head;
            store(r, slot, &i);
        }
        head = slot + 1;
    }
    if (r->fs->free_slot != head && r->done == 0)
        did(r, "free inodes: their list begins at inode ", head, " now");
    r->fs->free_slot = head;
}

/* Negative if two things lead to one of the blocks, or it cannot be read. */
static int claim_record(struct repair *r, const struct named *s)
{
    struct pieces *list;
    int e = tree_collect(r->fs, &s->disk.map.root, &list);

    if (e < 0)
        return e;
    if (!claim(r, s->blk))
        e = -TFS_ECORRUPT;
    for (const struct pieces *l = list; l != NULL; l = l->next)
        for (unsigned i = 0; i < l->n; i++)
            for (uint64_t k = 0; k < l->piece[i].n; k++)
                if (!claim(r, l->piece[i].blk + k))
                    e = -TFS_ECORRUPT;
    pieces_free(r->fs, list);
    return e;
}

static void claim_block(struct repair *r, uint64_t fblk, uint64_t blk, uint64_t birth, uint32_t crc)
{
    (void)fblk, (void)birth, (void)crc;
    claim(r, blk);
}

/* What the trees lead to now is what the next commit uses. */
static void claim_all(struct repair *r)
{
    forget_bits(r, r->claimed);
    for (const struct named *s = r->fs->named; s != NULL; s = s->next)
        claim_record(r, s);
    r->slot = NO_SLOT;
    r->inode = r->fs->table->inode;
    walk(r, 1, claim_block);
    for (uint32_t slot = 0; slot < r->fs->nslots && r->failed == 0; slot++)
        if (load(r, slot))
            walk(r, 1, claim_block);
}

/* Their records, if all of them can be read; what they keep is left alone then (struct group). */
static void scan_snapshots(struct repair *r)
{
    struct tfs *fs = r->fs;
    int e = named_load(fs, fs->snap_blk, fs->snap_birth);

    for (const struct named *s = fs->named; s != NULL && e == 0; s = s->next)
        e = claim_record(r, s);
    for (uint64_t i = 0; e == 0 && fs->named != NULL && i < fs->map_groups; i++) {
        uint64_t *kept = mem_alloc(fs, GROUP_BYTES);
        e = kept == NULL ? -TFS_ENOMEM : named_kept(fs, NULL, i, kept);
        mem_free(fs, kept, GROUP_BYTES);
    }
    if (e == -TFS_ENOMEM)
        r->failed = e;
    else if (e < 0) {
        named_forget(fs);
        did(r, "named snapshots: their records are damaged; all are given up, commit ", fs->generation, "");
    }
}

static void repair_all(struct repair *r)
{
    scan_snapshots(r);
    if (r->failed == 0)
        scan_table(r);
    if (r->failed == 0)
        scan_files(r);
    if (r->failed == 0)
        remake_map(r, 0);
    if (r->failed == 0)
        remake_table(r);
    for (uint32_t slot = 0; slot < r->nslots && r->failed == 0; slot++)
        repair_file(r, slot);
    if (r->failed == 0)
        ensure_root(r);
    if (r->failed == 0)
        r->failed = super_mount_root(r->fs);
    if (r->failed < 0)
        return;
    r->state[0] |= NAMED;
    r->queue[r->queued++] = 0;
    follow_queue(r);
    find_homes(r);
    move_damaged(r);
    if (r->failed == 0)
        remake_free_list(r);
    if (r->failed == 0)
        claim_all(r);
    if (r->failed == 0)
        remake_map(r, 1);
}

static void repair_end(struct repair *r)
{
    struct tfs *fs = r->fs;

    free_entries(r);
    while (r->moves != NULL) {
        struct move *m = r->moves;
        r->moves = m->next;
        mem_free(fs, m, sizeof *m);
    }
    forget_bits(r, r->claimed);
    forget_bits(r, r->twice);
    mem_free(fs, r->claimed, fs->ngroups * sizeof *r->claimed);
    mem_free(fs, r->twice, fs->ngroups * sizeof *r->twice);
    mem_free(fs, r->table, r->ntable * sizeof *r->table);
    mem_free(fs, r->state, r->nslots);
    mem_free(fs, r->queue, r->nslots * sizeof *r->queue);
    mem_free(fs, r, sizeof *r);
}

static void ignore(void *arg, const char *finding)
{
    (void)arg, (void)finding;
}

/* Snapshots cannot be changed: those that are damaged go. */
static int64_t repair_snapshots(const struct tfs_env *env, uint64_t nblocks, struct repair *say)
{
    struct tfs *fs;
    int e = tfs_mount(env, nblocks, &fs);

    if (e < 0)
        return e;
    for (struct named *s = fs->named, *next; s != NULL && e == 0; s = next) {
        int64_t n = named_check(fs, s, ignore, NULL);
        char name[SNAP_NAME];
        next = s->next;
        strcpy(name, s->disk.name);
        if (n < 0)
            e = (int)n;
        else if (n > 0 && (e = tfs_named_remove(fs, name)) == 0)
            did(say, "a named snapshot was damaged and is given up: check had ", (uint64_t)n, " findings in it");
    }
    int u = tfs_unmount(fs);
    return e < 0 ? e : u;
}

int64_t tfs_repair(const struct tfs_env *env, uint64_t nblocks, void (*say)(void *, const char *), void *arg)
{
    struct tfs *fs;
    int e = super_mount(env, nblocks, &fs);

    if (e < 0)
        return e;
    fs->no_commit = 1;
    struct repair *r = mem_alloc(fs, sizeof *r);
    if (r == NULL) {
        super_forget(fs);
        return -TFS_ENOMEM;
    }
    *r = (struct repair){.fs = fs, .say = say, .arg = arg};
    if (fs->lone_super)
        did(r, "superblock ", !(fs->generation & 1), " was damaged; written anew from the other one");
    r->claimed = mem_alloc(fs, fs->ngroups * sizeof *r->claimed);
    r->twice = mem_alloc(fs, fs->ngroups * sizeof *r->twice);
    r->failed = r->claimed != NULL && r->twice != NULL ? 0 : -TFS_ENOMEM;
    if (r->failed == 0)
        repair_all(r);
    int64_t done = r->failed < 0 ? r->failed : r->done;
    repair_end(r);
    if (done > 0) { /* what is sound is not written */
        fs->no_commit = 0;
        e = tfs_commit(fs);
        if (e == 0) { /* once more: both superblocks are whole then */
            fs->changed = 1;
            e = tfs_commit(fs);
        }
    }
    int snapshots = fs->named != NULL;
    super_forget(fs);
    if (done >= 0 && e == 0 && snapshots) {
        struct repair more = {.say = say, .arg = arg};
        e = (int)repair_snapshots(env, nblocks, &more);
        done += more.done;
    }
    return done < 0 ? done : e < 0 ? e : done;
}
