/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Check of the free map: each block is just what the trees, the named snapshots and their deadlists say.
 */
#include "check.h"

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
    check_say(c, t.buf);
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

void check_map(struct check *c)
{
    uint64_t nfree = c->fs->free + c->fs->waiting + c->fs->held;

    check_about(c, "free map, groups ", c->fs->ngroups);
    for (uint64_t i = 0; i < c->fs->ngroups && c->failed == 0; i++) {
        struct group *g;
        if (i >= c->fs->map_groups && c->reached.group[i] == NULL)
            continue;
        int r = space_group(c->fs, i, &g);
        if (r == -TFS_ENOMEM)
            c->failed = r;
        else if (r < 0)
            check_say_number(c, "cannot be read or is damaged: group", i);
        else
            compare_group(c, i, g->used);
    }
    if (c->fs->nblocks - c->fs->first - c->nreached != nfree && c->findings == 0)
        check_say_number(c, "the superblock counts another number of free blocks:", nfree);
}

/* ---- named snapshots ---- */

static int reach_chain(void *arg, uint64_t blk)
{
    struct check *c = arg;

    check_reach(c, blk, "deadlist");
    return c->failed;
}

static int reach_dead(void *arg, const struct disk_dead *e)
{
    struct check *c = arg;

    for (uint32_t i = 0; i < e->n && c->failed == 0; i++)
        check_reach(c, e->blk + i, "entry of a deadlist");
    return c->failed;
}

static void check_deadlist(struct check *c, const struct disk_deadlist *l)
{
    const struct dead_visitor v = {.chain = reach_chain, .one = reach_dead, .arg = c};

    if (dead_walk(c->fs, l, &v) < 0 && c->failed == 0)
        check_say_number(c, "cannot be read or is damaged: deadlist from block", l->blk);
}

/* Blocks that are used for named snapshots: their table, their deadlists and what is on these. */
void check_snapshots(struct check *c)
{
    struct pieces *list;
    uint64_t nrecords = 0;

    check_about(c, "table of snapshots, commit ", c->fs->generation);
    int r = tree_collect(c->fs, &c->fs->snap_table->inode.root, &list);
    if (r < 0) {
        c->failed = r;
        return;
    }
    for (const struct pieces *l = list; l != NULL; l = l->next)
        for (unsigned i = 0; i < l->n; i++)
            for (uint64_t k = 0; k < l->piece[i].n && c->failed == 0; k++)
                nrecords += check_reach(c, l->piece[i].blk + k, "record") && !l->piece[i].is_node;
    pieces_free(c->fs, list);
    if (nrecords != c->fs->snap_table->inode.blocks)
        check_say_number(c, "has another number of blocks than the superblock says:", c->fs->snap_table->inode.blocks);
    check_about(c, "live files, commit ", c->fs->generation);
    if (c->fs->named == NULL && c->fs->dead.disk.entries != 0)
        check_say(c, "have a deadlist, but there is no named snapshot");
    check_deadlist(c, &c->fs->dead.disk);
    for (const struct named *s = c->fs->named; s != NULL && c->failed == 0; s = s->next) {
        check_about(c, "snapshot of commit ", s->disk.generation);
        check_deadlist(c, &s->disk.dead);
    }
}
