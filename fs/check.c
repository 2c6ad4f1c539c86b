/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Verifies a whole file system: every tree, checksum, directory and inode, and the free map
 * against what can be reached. Nothing is changed.
 *
 * Every block is entered once: one that is reached again is a finding and not followed, so that
 * a hostile image costs no more time than a sound one.
 */
#include "check.h"

/* ---- what has been seen ---- */

int check_reach(struct check *c, uint64_t blk, const char *what)
{
    int r = set_add(c->fs, &c->reached, blk);

    if (r < 0)
        c->failed = r;
    if (r == 0) {
        struct text t = {.n = 0};
        text_add(&t, what);
        text_add(&t, " has another use as well: block");
        check_say_number(c, t.buf, blk);
    }
    c->nreached += r > 0;
    return r > 0;
}

uint8_t *check_slot(struct check *c, uint32_t slot)
{
    uint8_t **chunk = &c->slots[slot / SLOT_CHUNK];

    if (*chunk == NULL && (*chunk = mem_alloc(c->fs, SLOT_CHUNK)) == NULL) {
        c->failed = -TFS_ENOMEM;
        return NULL;
    }
    return &(*chunk)[slot % SLOT_CHUNK];
}

/* ---- contents ---- */

static int is_meta(const struct check *c)
{
    return c->slot == NO_SLOT || (c->inode.mode & MODE_DIR) != 0;
}

static void check_metablock(struct check *c, uint64_t blk, uint64_t fblk, uint64_t birth)
{
    void *data;
    int fresh;

    if (meta_get(c->fs, blk, c->slot == NO_SLOT ? MAGIC_INODES : MAGIC_DIR, birth, &data, &fresh) < 0)
        return check_say_number(c, "cannot be read or is damaged: metadata block", blk);
    if (c->slot != NO_SLOT)
        check_bucket(c, data, blk);
    else if (inodes_index(data) != fblk)
        check_say_number(c, "another block of inodes is in the place of block", blk);
    block_put(c->fs, blk, data, 0);
}

/* "WHAT BLOCK, bytes A to B of the file" */
static void say_block(struct check *c, const char *what, uint64_t blk, uint64_t fblk)
{
    struct text t = {.n = 0};

    text_add(&t, what);
    text_add(&t, " ");
    text_number(&t, blk);
    text_add(&t, ", bytes ");
    text_number(&t, fblk * TFS_BLOCK);
    text_add(&t, " to ");
    text_number(&t, min_u64((fblk + 1) * TFS_BLOCK, c->inode.length) - 1);
    text_add(&t, " of the file");
    check_say(c, t.buf);
}

static void check_datablock(struct check *c, uint64_t blk, uint64_t fblk, uint32_t crc)
{
    void *data;
    int fresh;

    if (block_get(c->fs, blk, TFS_DATA, TFS_GET_READ, &data, &fresh) < 0)
        return say_block(c, "cannot be read: block", blk, fblk);
    uint32_t is = tfs_crc32c(0, data, TFS_BLOCK);
    block_put(c->fs, blk, data, 0);
    if (is == crc)
        return;
    if (fresh)
        c->fs->env->drop(c->fs->env->ctx, blk);
    say_block(c, "contents differ from their checksum in block", blk, fblk);
}

static void check_extent(struct check *c, const struct disk_extent *e, const uint32_t *crcs, uint64_t next)
{
    if (!is_meta(c) && e->fblk + e->length > (c->inode.length + TFS_BLOCK - 1) / TFS_BLOCK)
        check_say_number(c, "has blocks beyond its end, from block", e->blk);
    if (c->slot != NO_SLOT && is_meta(c) && e->length != 1)
        check_say_number(c, "directory blocks lie together, from block", e->blk);
    c->mapped += e->length;
    c->low = e->fblk;
    c->next = next;
    for (uint32_t i = 0; i < e->length && c->failed == 0; i++) {
        if (!check_reach(c, e->blk + i, is_meta(c) ? "metadata" : "contents"))
            continue;
        if (is_meta(c))
            check_metablock(c, e->blk + i, e->fblk + i, e->birth);
        else
            check_datablock(c, e->blk + i, e->fblk + i, crcs[i]);
    }
}

/* A node whose keys must be in [low, high). */
static void check_node(struct check *c, struct node *n, uint64_t low, uint64_t high)
{
    const struct disk_extent *e = node_extents(n);
    const struct disk_child *k = node_children(n);
    const uint32_t *crcs = node_crcs(n);
    unsigned count = n->shape->count;

    if (n->shape->level == 0) {
        for (unsigned i = 0; i < count; crcs += e[i].length, i++) {
            if (e[i].fblk < low || e[i].fblk + e[i].length > high)
                check_say_number(c, "tree leaf maps what belongs to another, in block", n->blk);
            check_extent(c, &e[i], crcs, i + 1 < count ? e[i + 1].fblk : high);
        }
        return;
    }
    for (unsigned i = 0; i < count && c->failed == 0; i++) {
        struct node below;
        if (k[i].fblk < low || k[i].fblk >= high)
            check_say_number(c, "tree node leads to what belongs to another, in block", n->blk);
        if (!check_reach(c, k[i].blk, "tree node"))
            continue;
        if (node_get(c->fs, &k[i], n->shape->level - 1u, &below) < 0) {
            check_say_number(c, "cannot be read or is damaged: tree node in block", k[i].blk);
            continue;
        }
        check_node(c, &below, k[i].fblk, i + 1 < count ? min_u64(k[i + 1].fblk, high) : high);
        node_put(c->fs, &below, 0);
    }
}

static void check_contents(struct check *c)
{
    struct node n = root_node(&c->inode.root);

    c->mapped = c->entries = 0;
    check_node(c, &n, 0, MAX_FBLK);
    if (c->mapped != c->inode.blocks)
        check_say_number(c, "inode has another number of blocks than its tree:", c->inode.blocks);
    if (c->slot != NO_SLOT && is_meta(c) && c->entries != c->inode.length)
        check_say_number(c, "inode has another number of entries than its directory:", c->inode.length);
}

/* ---- inodes ---- */

static void check_table(struct check *c)
{
    check_about(c, "inode table, commit ", c->fs->generation);
    c->slot = NO_SLOT;
    c->inode = c->fs->table->inode;
    check_contents(c);
    if (c->inode.blocks != (c->fs->nslots + INODES_PER_BLOCK - 1) / INODES_PER_BLOCK)
        check_say_number(c, "length differs from the number of inodes:", c->fs->nslots);
}

static void check_inode(struct check *c, uint32_t slot)
{
    check_about(c, "inode ", slot);
    if (inode_load(c->fs, slot, &c->inode) < 0)
        return check_say(c, "cannot be read");
    if (c->inode.ino == 0) {
        c->free_slots++;
        return;
    }
    uint8_t *state = check_slot(c, slot);
    if (state == NULL)
        return;
    *state |= SLOT_USED | (c->inode.mode & MODE_DIR ? SLOT_DIR : 0);
    check_about_file(c, slot, &c->inode);
    c->slot = slot;
    if (c->inode.ino >= c->fs->next_ino)
        check_say(c, "its number has not been given out yet");
    if (inode_check(c->fs, &c->inode) < 0)
        return check_say(c, "inode makes no sense");
    check_contents(c);
}

static void check_free_slots(struct check *c)
{
    uint32_t slot = c->fs->free_slot;
    uint64_t n = 0;
    struct disk_inode i;

    check_about(c, "free inodes, of ", c->fs->nslots);
    for (; slot != 0 && n <= c->free_slots; n++) {
        if (slot > c->fs->nslots || inode_load(c->fs, slot - 1, &i) < 0 || i.ino != 0)
            return check_say(c, "their list is broken");
        slot = i.link;
    }
    if (n != c->free_slots)
        check_say_number(c, "not as many in their list as there are:", c->free_slots);
}

static void check_names(struct check *c)
{
    for (uint32_t slot = 0; slot < c->fs->nslots && c->failed == 0; slot++) {
        uint8_t *state = check_slot(c, slot);
        if (state == NULL || !(*state & SLOT_USED))
            continue;
        check_about(c, "inode ", slot);
        if (slot == 0 && (*state & SLOT_NAMED))
            check_say(c, "the root is in a directory");
        else if (slot > 0 && !(*state & SLOT_NAMED))
            check_say(c, "file without a name");
        else if (*state & SLOT_DIR)
            check_connected(c, slot);
    }
}

/* ---- all of it ---- */

static int check_begin(struct check *c)
{
    int r = set_begin(c->fs, &c->reached);

    c->slots = mem_alloc(c->fs, (c->fs->nslots / SLOT_CHUNK + 1) * sizeof *c->slots);
    return c->slots != NULL ? r : -TFS_ENOMEM;
}

static void check_end(struct check *c, uint32_t nslots)
{
    set_end(c->fs, &c->reached);
    for (uint64_t i = 0; c->slots != NULL && i <= nslots / SLOT_CHUNK; i++)
        mem_free(c->fs, c->slots[i], SLOT_CHUNK);
    mem_free(c->fs, c->slots, (nslots / SLOT_CHUNK + 1) * sizeof *c->slots);
    mem_free(c->fs, c, sizeof *c);
}

static void check_trees(struct check *c)
{
    check_table(c);
    for (uint32_t slot = 0; slot < c->fs->nslots && c->failed == 0; slot++)
        check_inode(c, slot);
    if (c->failed == 0)
        check_free_slots(c);
    if (c->failed == 0)
        check_names(c);
}

static int64_t check_live(struct check *c)
{
    struct tfs *fs = c->fs;

    c->failed = inode_store_all(fs);
    if (c->failed == 0)
        c->failed = check_begin(c);
    if (c->failed == 0)
        check_trees(c);
    if (c->failed == 0)
        check_snapshots(c);
    if (c->failed == 0)
        check_map(c);
    int64_t result = c->failed < 0 ? c->failed : c->findings;
    check_end(c, fs->nslots);
    return result;
}

int64_t named_check(struct tfs *fs, struct named *s, void (*say_finding)(void *, const char *), void *arg)
{
    struct check *c = mem_alloc(fs, sizeof *c);
    struct tfs *view;

    if (c == NULL || super_view(fs, s, &view) < 0) {
        mem_free(fs, c, sizeof *c);
        return -TFS_ENOMEM;
    }
    *c = (struct check){.fs = view, .say = say_finding, .arg = arg, .snap = s};
    c->failed = check_begin(c);
    if (c->failed == 0)
        check_trees(c);
    int64_t result = c->failed < 0 ? c->failed : c->findings;
    check_end(c, view->nslots);
    super_forget(view);
    return result;
}

int64_t tfs_check(struct tfs *fs, void (*say_finding)(void *, const char *), void *arg)
{
    struct check *c = mem_alloc(fs, sizeof *c); /* too large for a kernel stack */

    if (c == NULL)
        return -TFS_ENOMEM;
    *c = (struct check){.fs = fs, .say = say_finding, .arg = arg};
    int64_t sum = check_live(c);
    for (struct named *s = fs->named; s != NULL && sum >= 0; s = s->next) {
        int64_t n = named_check(fs, s, say_finding, arg);
        sum = n < 0 ? n : sum + n;
    }
    if (sum >= 0 && fs->named != NULL) {
        int64_t n = deadlists_check(fs, 1, say_finding, arg);
        sum = n < 0 ? n : sum + n;
    }
    return sum;
}
