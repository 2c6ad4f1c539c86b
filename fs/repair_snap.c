/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Repair of named snapshots. Nothing in one can be changed, so one that is damaged is given up. Those that are sound are put aside while the
 * live files are repaired; then their deadlists and their table are made anew, unless nothing was wrong at all.
 */
#include "repair.h"

static void ignore(void *arg, const char *finding)
{
    (void)arg, (void)finding;
}

/* ---- before ---- */

static int own_chain(void *arg, uint64_t blk)
{
    struct repair *r = arg;
    int n = set_add(r->fs, &r->own, blk);

    return n < 0 ? n : 0;
}

static int own_entry(void *arg, const struct disk_dead *e)
{
    (void)arg, (void)e;
    return 0;
}

/* Blocks of the table and of a deadlist: the last commit leads to them, so they stay as they are until the next. */
static int keep_list(struct repair *r, const struct disk_deadlist *l)
{
    const struct dead_visitor v = {.chain = own_chain, .one = own_entry, .arg = r};
    int e = dead_walk(r->fs, l, &v);

    return e == -TFS_ENOMEM ? e : 0;
}

static int keep_own(struct repair *r)
{
    struct pieces *list;
    int e = tree_collect(r->fs, &r->fs->snap_table->inode.root, &list), n;

    if (e < 0)
        return e;
    for (const struct pieces *l = list; l != NULL; l = l->next)
        for (unsigned i = 0; i < l->n; i++)
            for (uint64_t k = 0; k < l->piece[i].n; k++)
                if ((n = own_chain(r, l->piece[i].blk + k)) < 0)
                    e = n;
    pieces_free(r->fs, list);
    if (e == 0)
        e = keep_list(r, &r->fs->dead.disk);
    for (const struct named *s = r->fs->named; s != NULL && e == 0; s = s->next)
        e = keep_list(r, &s->disk.dead);
    return e;
}

static void keep_piece(void *arg, const struct piece *p)
{
    struct repair *r = arg;

    for (uint64_t k = 0; k < p->n && r->failed == 0; k++) {
        int n = set_add(r->fs, &r->kept, p->blk + k);
        r->failed = n < 0 ? n : 0;
    }
}

static int keep_snapshot(struct repair *r, struct named *s)
{
    struct tfs *view;
    int e = super_view(r->fs, s, &view);

    if (e < 0)
        return e;
    e = reach_all(view, keep_piece, r);
    super_forget(view);
    return e < 0 ? e : r->failed;
}

static int check_each(struct repair *r)
{
    for (struct named **p = &r->fs->named; *p != NULL;) {
        struct named *s = *p;
        int64_t n = named_check(r->fs, s, ignore, NULL);
        int e = n < 0 ? (int)n : n == 0 ? keep_snapshot(r, s) : 0;
        if (e < 0)
            return e;
        if (n == 0) {
            p = &s->next;
            continue;
        }
        repair_did(r, "a named snapshot was damaged and is given up: check had ", (uint64_t)n, " findings in it");
        *p = s->next;
        mem_free(r->fs, s, sizeof *s);
    }
    return 0;
}

void set_snapshots_aside(struct repair *r)
{
    struct tfs *fs = r->fs;
    int bad = named_load(fs, 1);

    r->failed = bad < 0 ? bad : keep_own(r);
    if (r->failed == 0 && bad > 0)
        repair_did(r, "named snapshots: ", (uint64_t)bad, " records are damaged and given up");
    if (r->failed == 0)
        r->failed = check_each(r);
    r->named = fs->named;
    fs->named = NULL;
}

/* ---- after ---- */

/* A list made anew: what the older of two neighbours sees, and the newer one does not. */
struct relist {
    struct repair *r;
    struct blockset in_newer, in_older;
    struct dead_writer w;
    int failed;
};

static void note_newer(void *arg, const struct piece *p)
{
    struct relist *l = arg;

    for (uint64_t k = 0; k < p->n && l->failed == 0; k++) {
        int n = set_add(l->r->fs, &l->in_newer, p->blk + k);
        l->failed = n < 0 ? n : 0;
    }
}

static void enter_older(void *arg, const struct piece *p)
{
    struct relist *l = arg;
    struct disk_dead e = {.blk = p->blk, .birth = p->birth};

    for (uint64_t k = 0; k < p->n && l->failed == 0; k++) {
        int n = set_add(l->r->fs, &l->in_older, p->blk + k);
        l->failed = n < 0 ? n : 0;
        if (n > 0 && !set_has(&l->in_newer, p->blk + k)) {
            e.n++;
            continue;
        }
        if (e.n > 0 && l->failed == 0)
            l->failed = dead_put(&l->w, &e);
        e.blk = p->blk + k + 1;
        e.n = 0;
    }
    if (e.n > 0 && l->failed == 0)
        l->failed = dead_put(&l->w, &e);
}

static int relist_one(struct relist *l, struct named *older, struct disk_deadlist *list)
{
    struct repair *r = l->r;
    struct tfs *view;
    int e = super_view(r->fs, older, &view);

    if (e < 0)
        return e;
    l->w = (struct dead_writer){.fs = r->fs};
    e = reach_all(view, enter_older, l);
    super_forget(view);
    e = dead_finish(&l->w, e < 0 ? e : l->failed);
    *list = l->w.to;
    for (const struct pieces *p = l->w.fresh; p != NULL; p = p->next)
        for (unsigned i = 0; i < p->n; i++)
            for (uint64_t k = 0; k < p->piece[i].n; k++)
                repair_claim(r, p->piece[i].blk + k);
    pieces_free(r->fs, l->w.fresh);
    pieces_free(r->fs, l->w.gone);
    struct blockset swap = l->in_newer;
    l->in_newer = l->in_older;
    l->in_older = swap;
    set_clear(r->fs, &l->in_older);
    return e;
}

static int remake_lists(struct repair *r)
{
    struct tfs *fs = r->fs;
    struct disk_deadlist *list = &fs->dead.disk;
    struct relist l = {.r = r};
    int e = set_begin(fs, &l.in_newer), e2 = set_begin(fs, &l.in_older);

    *list = (struct disk_deadlist){0};
    if (e == 0)
        e = e2 < 0 ? e2 : reach_all(fs, note_newer, &l);
    if (e == 0)
        e = l.failed;
    for (struct named *s = fs->named; s != NULL && e == 0; s = s->next) {
        e = relist_one(&l, s, list);
        list = &s->disk.dead;
        *list = (struct disk_deadlist){0};
    }
    set_end(fs, &l.in_newer);
    set_end(fs, &l.in_older);
    return e;
}

static int remake_snap_table(struct repair *r)
{
    struct tfs *fs = r->fs;
    struct pieces *list;
    uint32_t index = 0;
    int e = 0;

    fs->snap_table->inode = (struct disk_inode){.nlink = 1};
    for (struct named *s = fs->named; s != NULL && e == 0; s = s->next) {
        s->index = index++;
        e = named_store(fs, s);
    }
    if (e == 0)
        e = tree_collect(fs, &fs->snap_table->inode.root, &list);
    if (e < 0)
        return e;
    for (const struct pieces *l = list; l != NULL; l = l->next)
        for (unsigned i = 0; i < l->n; i++)
            for (uint64_t k = 0; k < l->piece[i].n; k++)
                repair_claim(r, l->piece[i].blk + k);
    pieces_free(fs, list);
    return r->failed;
}

/* Snapshots that contradict each other or the live files cannot be told from right ones. */
static int check_all(struct repair *r)
{
    struct tfs *fs = r->fs;
    int64_t n = deadlists_check(fs, 0, ignore, NULL);

    if (n > 0) {
        named_forget(fs);
        set_clear(fs, &r->kept);
        repair_did(r, "named snapshots: they contradict each other or the live files; all are given up, commit ", fs->generation, "");
    } else if (n == 0 && (n = deadlists_check(fs, 1, ignore, NULL)) > 0 && r->done == 0) {
        repair_did(r, "deadlists of the named snapshots: they were wrong about ", (uint64_t)n, " runs of blocks; made anew");
    }
    return n < 0 ? (int)n : 0;
}

void bring_snapshots_back(struct repair *r)
{
    struct tfs *fs = r->fs;

    fs->named = r->named;
    r->named = NULL;
    r->failed = check_all(r);
    if (r->failed < 0 || r->done == 0)
        return;
    r->failed = remake_lists(r);
    if (r->failed == 0)
        r->failed = remake_snap_table(r);
    named_longest(fs);
}
