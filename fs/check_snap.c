/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Deadlists against what the live files and the named snapshots lead to.
 *
 * From the live files to the oldest snapshot, two neighbours are compared at a time, the newer one and the older: a block that both
 * see must have the same birth in both, one that is not newer than the older one in age must be in it, and the
 * list of the newer one must have just the blocks that only the older one sees, each with its birth. For births a sum
 * over (block, birth) is compared, so that no more memory is needed than a bit for each block.
 */
#include "core.h"

#define MAX_SAID 50

struct sum {
    uint64_t n, sum;
};

struct deadcheck {
    struct tfs *fs;
    void (*say)(void *arg, const char *finding);
    void *arg;
    int with_lists;
    int64_t findings;
    int failed;
    const struct named *older;            /* of the two neighbours */
    struct blockset in_newer, in_older, listed;
    struct sum low, next_low;   /* what the newer one (the older one) sees and its older neighbour should */
    struct sum common, gone;    /* what the older one sees: the newer one does, or does not */
    struct sum list;
    uint64_t epoch;             /* of the next older one of the tree that is gone through */
};

static void sum_add(struct sum *s, uint64_t blk, uint64_t birth)
{
    uint64_t h = blk * 0x9e3779b97f4a7c15 ^ (birth + 1) * 0xbf58476d1ce4e5b9;

    h = (h ^ h >> 31) * 0x94d049bb133111eb;
    s->sum += h ^ h >> 29;
    s->n++;
}

static int differ(const struct sum *a, const struct sum *b)
{
    return a->n != b->n || a->sum != b->sum;
}

/* "snapshot NAME: WHAT [BLOCK]" */
static void say(struct deadcheck *c, const char *what, uint64_t blk)
{
    struct text t = {.n = 0};

    if (++c->findings > MAX_SAID)
        return;
    text_add(&t, "snapshot ");
    text_add(&t, c->older->disk.name);
    text_add(&t, ": ");
    text_add(&t, what);
    if (blk != 0) {
        text_add(&t, " ");
        text_number(&t, blk);
    }
    c->say(c->arg, t.buf);
}

/* 1 if it is seen for the first time. */
static int note(struct deadcheck *c, struct blockset *s, uint64_t blk)
{
    int r = c->failed == 0 ? set_add(c->fs, s, blk) : 0;

    if (r < 0)
        c->failed = r;
    return r > 0;
}

static void see_live(void *arg, const struct piece *p)
{
    struct deadcheck *c = arg;

    for (uint64_t b = p->blk; b < p->blk + p->n; b++)
        if (note(c, &c->in_newer, b) && p->birth <= c->epoch)
            sum_add(&c->low, b, p->birth);
}

static void see_older(void *arg, const struct piece *p)
{
    struct deadcheck *c = arg;

    if (p->birth > c->older->disk.epoch)
        say(c, "has a block that is younger than it:", p->blk);
    for (uint64_t b = p->blk; b < p->blk + p->n; b++) {
        if (!note(c, &c->in_older, b))
            continue;
        sum_add(set_has(&c->in_newer, b) ? &c->common : &c->gone, b, p->birth);
        if (p->birth <= c->epoch)
            sum_add(&c->next_low, b, p->birth);
    }
}

static int see_dead(void *arg, const struct disk_dead *e)
{
    struct deadcheck *c = arg;

    for (uint64_t b = e->blk; b < e->blk + e->n && c->failed == 0; b++) {
        if (!note(c, &c->listed, b))
            say(c, "twice on the deadlist: block", b);
        else if (set_has(&c->in_newer, b))
            say(c, "on the deadlist, but not dead: block", b);
        else if (!set_has(&c->in_older, b))
            say(c, "on the deadlist, but it does not see it: block", b);
        else
            sum_add(&c->list, b, e->birth);
    }
    return c->failed;
}

/* Blocks that the older one sees, and neither the newer one nor the list. */
static void find_missing(struct deadcheck *c)
{
    for (uint64_t i = 0; i < c->fs->ngroups; i++)
        for (uint64_t b = 0; c->in_older.group[i] != NULL && b < GROUP_BLOCKS; b++) {
            uint64_t blk = i * GROUP_BLOCKS + b;
            if (set_has(&c->in_older, blk) && !set_has(&c->in_newer, blk) && !set_has(&c->listed, blk))
                say(c, "nothing later sees it, but it is not on the deadlist: block", blk);
        }
}

static uint64_t epoch_of(const struct named *s)
{
    return s != NULL ? s->disk.epoch : 0;
}

/* The older one of two neighbours; `list` is that of the newer one. */
static void compare(struct deadcheck *c, struct tfs *view, const struct disk_deadlist *list)
{
    const struct dead_visitor v = {.one = see_dead, .arg = c};
    int64_t before = c->findings;

    c->common = c->gone = c->list = c->next_low = (struct sum){0};
    c->epoch = epoch_of(c->older->next);
    int r = reach_all(view, see_older, c);
    if (c->failed == 0)
        c->failed = r;
    if (c->failed < 0)
        return;
    if (differ(&c->common, &c->low))
        say(c, "it and what came after it disagree about when blocks were written", 0);
    if (!c->with_lists)
        return;
    r = dead_walk(c->fs, list, &v);
    if (r < 0 && c->failed == 0)
        say(c, "its deadlist cannot be read or is damaged", 0);
    find_missing(c);
    if (c->findings == before && differ(&c->list, &c->gone))
        say(c, "its deadlist is wrong about when blocks were written", 0);
}

/* From the newest to the oldest. */
static void compare_all(struct deadcheck *c)
{
    const struct disk_deadlist *list = &c->fs->dead.disk;

    c->epoch = epoch_of(c->older);
    c->failed = reach_all(c->fs, see_live, c);
    while (c->older != NULL && c->failed == 0) {
        struct tfs *view;
        c->failed = super_view(c->fs, (struct named *)(uintptr_t)c->older, &view);
        if (c->failed < 0)
            return;
        compare(c, view, list);
        super_forget(view);
        struct blockset newer = c->in_older;
        c->in_older = c->in_newer;
        c->in_newer = newer;
        set_clear(c->fs, &c->in_older);
        set_clear(c->fs, &c->listed);
        c->low = c->next_low;
        list = &c->older->disk.dead;
        if (c->with_lists && c->older->next == NULL && list->entries != 0)
            say(c, "is the oldest one, but has a deadlist", 0);
        c->older = c->older->next;
    }
}

int64_t deadlists_check(struct tfs *fs, int with_lists, void (*say_finding)(void *, const char *), void *arg)
{
    struct deadcheck *c = mem_alloc(fs, sizeof *c);

    if (c == NULL)
        return -TFS_ENOMEM;
    *c = (struct deadcheck){.fs = fs, .say = say_finding, .arg = arg, .older = fs->named, .with_lists = with_lists};
    int r = set_begin(fs, &c->in_newer), q = set_begin(fs, &c->in_older), s = set_begin(fs, &c->listed);
    if (r < 0 || q < 0 || s < 0)
        c->failed = -TFS_ENOMEM;
    else
        compare_all(c);
    int64_t result = c->failed < 0 ? c->failed : c->findings;
    set_end(fs, &c->in_newer);
    set_end(fs, &c->in_older);
    set_end(fs, &c->listed);
    mem_free(fs, c, sizeof *c);
    return result;
}
