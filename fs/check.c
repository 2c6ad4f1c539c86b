/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Verifies a whole file system: every tree, checksum, directory and inode, and the free map
 * against what can be reached. Nothing is changed.
 *
 * Every block is entered once: one that is reached again is a finding and not followed, so that
 * a hostile image costs no more time than a sound one.
 */
#include "core.h"

#define SLOT_CHUNK 4096u
#define MAX_SAID 200 /* findings in words; the rest are counted */

enum slot_state {
    SLOT_USED = 1,
    SLOT_DIR = 2,
    SLOT_NAMED = 4,     /* a directory has it */
    SLOT_CONNECTED = 8, /* its directories lead to the root, or that they do not has been said */
};

struct check {
    struct tfs *fs;
    void (*say)(void *arg, const char *finding);
    void *arg;
    int64_t findings;
    int failed;            /* an error that ends the check: no memory */
    struct blockset reached; /* blocks that something leads to */
    uint64_t nreached;
    uint8_t **slots;       /* per SLOT_CHUNK inodes: enum slot_state */
    uint64_t free_slots;
    const struct named *snap; /* a named snapshot is checked: fs is a view of it */
    struct text name;      /* what is being looked at */
    uint32_t path_slot, path_parent; /* of the file that it is; 0: none */
    struct disk_inode inode;
    uint32_t slot;
    uint64_t mapped;       /* blocks of this file */
    uint64_t entries;      /* of this directory */
    uint64_t low, next;    /* hash range of the directory block at hand */
};

/* ---- words ---- */

static void say_text(struct check *c, const struct text *t)
{
    c->findings++;
    if (c->findings <= MAX_SAID)
        c->say(c->arg, t->buf);
    if (c->findings == MAX_SAID)
        c->say(c->arg, "more findings are counted but not listed");
}

/* The name that slot has in the directory at hand; empty if it cannot be found. */
static void find_name(struct tfs_file *dir, uint32_t slot, char name[TFS_NAME_MAX + 1])
{
    struct tfs_extent x;
    void *data;

    name[0] = 0;
    for (uint64_t fblk = 0; fblk < MAX_FBLK && name[0] == 0; fblk += x.run) {
        if (tree_find(dir->fs, &dir->inode.root, fblk, &x) < 0)
            return;
        if (x.blk == 0)
            continue;
        const struct disk_entry *e;
        unsigned off = 0;
        int fresh, bad = 0;
        if (meta_get(dir->fs, x.blk, MAGIC_DIR, x.birth, &data, &fresh) < 0)
            continue;
        while ((e = bucket_next(data, &off, &bad)) != NULL)
            if (e->slot == slot) {
                memcpy(name, e->name, e->namelen);
                name[e->namelen] = 0;
                break;
            }
        block_put(dir->fs, x.blk, data, 0);
    }
}

/* Adds "/dir/name" of a file, as far up as it can be found. */
static void add_path(struct check *c, struct text *t, uint32_t slot, uint32_t parent, unsigned depth)
{
    struct tfs_file *dir = NULL;
    char name[TFS_NAME_MAX + 1];

    if (slot == 0 || depth > 16 || file_get(c->fs, parent, 0, &dir) < 0)
        return;
    if (file_is_dir(dir)) {
        find_name(dir, slot, name);
        add_path(c, t, parent, dir->inode.link, depth + 1);
        text_add(t, "/");
        text_add(t, name[0] != 0 ? name : "?");
    }
    tfs_unref(dir);
}

/* "file N (/path)" */
static void name_file(struct check *c, uint32_t slot, const struct disk_inode *i)
{
    c->name.n = 0;
    text_add(&c->name, i->mode & MODE_DIR ? "directory " : "file ");
    text_number(&c->name, i->ino);
    c->path_slot = slot;
    c->path_parent = i->link;
}

/* "NAME: WHAT" or, with a number, "NAME: WHAT NUMBER". */
static void say(struct check *c, const char *what)
{
    struct text t = {.n = 0};

    if (c->snap != NULL) {
        text_add(&t, "snapshot ");
        text_add(&t, c->snap->disk.name);
        text_add(&t, ": ");
    }
    text_add(&t, c->name.buf);
    if (c->path_slot != 0 && c->findings < MAX_SAID) {
        struct text path = {.n = 0};
        add_path(c, &path, c->path_slot, c->path_parent, 0);
        text_add(&t, " (");
        text_add(&t, path.buf);
        text_add(&t, ")");
    }
    text_add(&t, ": ");
    text_add(&t, what);
    say_text(c, &t);
}

static void say_number(struct check *c, const char *what, uint64_t v)
{
    struct text t = {.n = 0};

    text_add(&t, what);
    text_add(&t, " ");
    text_number(&t, v);
    say(c, t.buf);
}

static void name_it(struct check *c, const char *what, uint64_t v)
{
    c->name.n = 0;
    text_add(&c->name, what);
    text_number(&c->name, v);
    c->path_slot = 0;
}

/* ---- what has been seen ---- */

/* 1: this block was new; 0: it was reached before, or there is no memory to remember. */
static int reach(struct check *c, uint64_t blk, const char *what)
{
    int r = set_add(c->fs, &c->reached, blk);

    if (r < 0)
        c->failed = r;
    if (r == 0) {
        struct text t = {.n = 0};
        text_add(&t, what);
        text_add(&t, " has another use as well: block");
        say_number(c, t.buf, blk);
    }
    c->nreached += r > 0;
    return r > 0;
}

/* NULL when there is no memory. */
static uint8_t *slot_state(struct check *c, uint32_t slot)
{
    uint8_t **chunk = &c->slots[slot / SLOT_CHUNK];

    if (*chunk == NULL && (*chunk = mem_alloc(c->fs, SLOT_CHUNK)) == NULL) {
        c->failed = -TFS_ENOMEM;
        return NULL;
    }
    return &(*chunk)[slot % SLOT_CHUNK];
}

/* ---- directories ---- */

static int name_is_sane(const struct disk_entry *e)
{
    for (unsigned i = 0; i < e->namelen; i++)
        if (e->name[i] == 0 || e->name[i] == '/')
            return 0;
    return !(e->name[0] == '.' && (e->namelen == 1 || (e->namelen == 2 && e->name[1] == '.')));
}

static void check_target(struct check *c, const struct disk_entry *e)
{
    struct disk_inode i;
    uint8_t *state = e->slot < c->fs->nslots ? slot_state(c, e->slot) : NULL;

    if (c->failed < 0)
        return;
    if (state == NULL || inode_load(c->fs, e->slot, &i) < 0)
        return say_number(c, "an entry leads to an inode that cannot be read, of file", e->ino);
    if (i.ino != e->ino)
        return say_number(c, "an entry leads to another file's inode instead of file", e->ino);
    if (*state & SLOT_NAMED)
        return say_number(c, "there is a second name for file", e->ino);
    *state |= SLOT_NAMED;
    if (i.link != c->slot)
        say_number(c, "an entry's file says that it is in another directory: file", e->ino);
}

static void check_bucket(struct check *c, const void *bucket, uint64_t blk)
{
    const struct disk_entry *e, *last = NULL;
    unsigned off = 0, n = 0;
    int bad = 0;

    for (; (e = bucket_next(bucket, &off, &bad)) != NULL; last = e, n++) {
        if (!name_is_sane(e) || e->hash != name_hash(e->name, e->namelen) || e->hash < c->low || e->hash >= c->next ||
            (last != NULL && e->hash < last->hash))
            say_number(c, "an entry is impossible or out of place in directory block", blk);
        if (last != NULL && e->hash == last->hash && e->namelen == last->namelen &&
            memcmp(e->name, last->name, e->namelen) == 0)
            say_number(c, "a name occurs twice in directory block", blk);
        check_target(c, e);
    }
    if (bad || n != ((const struct disk_header *)bucket)->shape.count)
        say_number(c, "entries make no sense in directory block", blk);
    c->entries += n;
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
        return say_number(c, "cannot be read or is damaged: metadata block", blk);
    if (c->slot != NO_SLOT)
        check_bucket(c, data, blk);
    else if (inodes_index(data) != fblk)
        say_number(c, "another block of inodes is in the place of block", blk);
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
    say(c, t.buf);
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
        say_number(c, "has blocks beyond its end, from block", e->blk);
    if (c->slot != NO_SLOT && is_meta(c) && e->length != 1)
        say_number(c, "directory blocks lie together, from block", e->blk);
    c->mapped += e->length;
    c->low = e->fblk;
    c->next = next;
    for (uint32_t i = 0; i < e->length && c->failed == 0; i++) {
        if (!reach(c, e->blk + i, is_meta(c) ? "metadata" : "contents"))
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
                say_number(c, "tree leaf maps what belongs to another, in block", n->blk);
            check_extent(c, &e[i], crcs, i + 1 < count ? e[i + 1].fblk : high);
        }
        return;
    }
    for (unsigned i = 0; i < count && c->failed == 0; i++) {
        struct node below;
        if (k[i].fblk < low || k[i].fblk >= high)
            say_number(c, "tree node leads to what belongs to another, in block", n->blk);
        if (!reach(c, k[i].blk, "tree node"))
            continue;
        if (node_get(c->fs, &k[i], n->shape->level - 1u, &below) < 0) {
            say_number(c, "cannot be read or is damaged: tree node in block", k[i].blk);
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
        say_number(c, "inode has another number of blocks than its tree:", c->inode.blocks);
    if (c->slot != NO_SLOT && is_meta(c) && c->entries != c->inode.length)
        say_number(c, "inode has another number of entries than its directory:", c->inode.length);
}

/* ---- inodes ---- */

static void check_table(struct check *c)
{
    name_it(c, "inode table, commit ", c->fs->generation);
    c->slot = NO_SLOT;
    c->inode = c->fs->table->inode;
    check_contents(c);
    if (c->inode.blocks != (c->fs->nslots + INODES_PER_BLOCK - 1) / INODES_PER_BLOCK)
        say_number(c, "length differs from the number of inodes:", c->fs->nslots);
}

static void check_inode(struct check *c, uint32_t slot)
{
    name_it(c, "inode ", slot);
    if (inode_load(c->fs, slot, &c->inode) < 0)
        return say(c, "cannot be read");
    if (c->inode.ino == 0) {
        c->free_slots++;
        return;
    }
    uint8_t *state = slot_state(c, slot);
    if (state == NULL)
        return;
    *state |= SLOT_USED | (c->inode.mode & MODE_DIR ? SLOT_DIR : 0);
    name_file(c, slot, &c->inode);
    c->slot = slot;
    if (c->inode.ino >= c->fs->next_ino)
        say(c, "its number has not been given out yet");
    if (inode_check(c->fs, &c->inode) < 0)
        return say(c, "inode makes no sense");
    check_contents(c);
}

static void check_free_slots(struct check *c)
{
    uint32_t slot = c->fs->free_slot;
    uint64_t n = 0;
    struct disk_inode i;

    name_it(c, "free inodes, of ", c->fs->nslots);
    for (; slot != 0 && n <= c->free_slots; n++) {
        if (slot > c->fs->nslots || inode_load(c->fs, slot - 1, &i) < 0 || i.ino != 0)
            return say(c, "their list is broken");
        slot = i.link;
    }
    if (n != c->free_slots)
        say_number(c, "not as many in their list as there are:", c->free_slots);
}

/* Follows the directories upwards until one that is known; marks the way. */
static void check_connected(struct check *c, uint32_t slot)
{
    struct disk_inode i;

    for (int marking = 0; marking < 2; marking++) {
        uint32_t at = slot;
        for (uint32_t steps = 0; at != 0; steps++) {
            uint8_t *state = at < c->fs->nslots ? slot_state(c, at) : NULL;
            if (state != NULL && (*state & SLOT_CONNECTED))
                break;
            if (state == NULL || steps > c->fs->nslots || inode_load(c->fs, at, &i) < 0 || i.ino == 0) {
                if (!marking)
                    say(c, "no way leads to it from the root");
                break;
            }
            if (marking)
                *state |= SLOT_CONNECTED;
            at = i.link;
        }
    }
}

static void check_names(struct check *c)
{
    for (uint32_t slot = 0; slot < c->fs->nslots && c->failed == 0; slot++) {
        uint8_t *state = slot_state(c, slot);
        if (state == NULL || !(*state & SLOT_USED))
            continue;
        name_it(c, "inode ", slot);
        if (slot == 0 && (*state & SLOT_NAMED))
            say(c, "the root is in a directory");
        else if (slot > 0 && !(*state & SLOT_NAMED))
            say(c, "file without a name");
        else if (*state & SLOT_DIR)
            check_connected(c, slot);
    }
}

/* ---- the free map ---- */

static int is_fixed(const struct tfs *fs, uint64_t blk)
{
    return blk < fs->first || blk >= fs->nblocks;
}

static void say_run(struct check *c, int wrong, uint64_t blk, uint64_t n)
{
    struct text t = {.n = 0};

    text_add(&t, "block ");
    text_number(&t, blk);
    if (n > 1) {
        text_add(&t, " and the next ");
        text_number(&t, n - 1);
    }
    text_add(&t, wrong > 0 ? ": used, but nothing leads to it" : ": in use, but free for the map");
    say(c, t.buf);
}

/* Says each run of blocks about which the map and the trees disagree. */
static void compare_group(struct check *c, uint64_t index, const uint64_t *used)
{
    int run = 0; /* 1: leaked, -1: in use but free */
    uint64_t begin = 0;

    for (uint64_t bit = 0; bit <= GROUP_BLOCKS; bit++) {
        int wrong = 0;
        if (bit < GROUP_BLOCKS && !is_fixed(c->fs, index * GROUP_BLOCKS + bit))
            wrong = (int)(used[bit / 64] >> bit % 64 & 1) - set_has(&c->reached, index * GROUP_BLOCKS + bit);
        if (wrong == run)
            continue;
        if (run != 0)
            say_run(c, run, index * GROUP_BLOCKS + begin, bit - begin);
        run = wrong;
        begin = bit;
    }
}

static void check_map(struct check *c)
{
    uint64_t nfree = c->fs->free + c->fs->waiting + c->fs->held;

    name_it(c, "free map, groups ", c->fs->ngroups);
    for (uint64_t i = 0; i < c->fs->ngroups && c->failed == 0; i++) {
        struct group *g;
        if (i >= c->fs->map_groups && c->reached.group[i] == NULL)
            continue;
        int r = space_group(c->fs, i, &g);
        if (r == -TFS_ENOMEM)
            c->failed = r;
        else if (r < 0)
            say_number(c, "cannot be read or is damaged: group", i);
        else
            compare_group(c, i, g->used);
    }
    if (c->fs->nblocks - c->fs->first - c->nreached != nfree && c->findings == 0)
        say_number(c, "the superblock counts another number of free blocks:", nfree);
}

/* ---- named snapshots ---- */

static int reach_chain(void *arg, uint64_t blk)
{
    struct check *c = arg;

    reach(c, blk, "deadlist");
    return c->failed;
}

static int reach_dead(void *arg, const struct disk_dead *e)
{
    struct check *c = arg;

    for (uint32_t i = 0; i < e->n && c->failed == 0; i++)
        reach(c, e->blk + i, "entry of a deadlist");
    return c->failed;
}

static void check_deadlist(struct check *c, const struct disk_deadlist *l)
{
    const struct dead_visitor v = {.chain = reach_chain, .one = reach_dead, .arg = c};

    if (dead_walk(c->fs, l, &v) < 0 && c->failed == 0)
        say_number(c, "cannot be read or is damaged: deadlist from block", l->blk);
}

/* Blocks that are used for named snapshots: their table, their deadlists and what is on these. */
static void check_snapshots(struct check *c)
{
    struct pieces *list;
    uint64_t nrecords = 0;

    name_it(c, "table of snapshots, commit ", c->fs->generation);
    int r = tree_collect(c->fs, &c->fs->snap_table->inode.root, &list);
    if (r < 0) {
        c->failed = r;
        return;
    }
    for (const struct pieces *l = list; l != NULL; l = l->next)
        for (unsigned i = 0; i < l->n; i++)
            for (uint64_t k = 0; k < l->piece[i].n && c->failed == 0; k++)
                nrecords += reach(c, l->piece[i].blk + k, "record") && !l->piece[i].is_node;
    pieces_free(c->fs, list);
    if (nrecords != c->fs->snap_table->inode.blocks)
        say_number(c, "has another number of blocks than the superblock says:", c->fs->snap_table->inode.blocks);
    name_it(c, "live files, commit ", c->fs->generation);
    if (c->fs->named == NULL && c->fs->dead.disk.entries != 0)
        say(c, "have a deadlist, but there is no named snapshot");
    check_deadlist(c, &c->fs->dead.disk);
    for (const struct named *s = c->fs->named; s != NULL && c->failed == 0; s = s->next) {
        name_it(c, "snapshot of commit ", s->disk.generation);
        check_deadlist(c, &s->disk.dead);
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
