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
 *   6. snapshots that are sound come back; their deadlists are made anew, from what they and the live files lead to
 *   7. map      made anew once more, from the trees as they are now, and the list of free inodes
 */
#include "repair.h"

/* "BEFORE NUMBER AFTER" */
void repair_did(struct repair *r, const char *before, uint64_t v, const char *after)
{
    struct text t = {.n = 0};

    text_add(&t, before);
    text_number(&t, v);
    text_add(&t, after);
    r->done++;
    r->say(r->arg, t.buf);
}

static void repair_all(struct repair *r)
{
    set_snapshots_aside(r);
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
        bring_snapshots_back(r);
    if (r->failed == 0)
        remake_map(r, 1);
}

static void repair_end(struct repair *r)
{
    struct blockset *sets[] = {&r->claimed, &r->twice, &r->kept, &r->own};
    struct tfs *fs = r->fs;

    free_entries(r);
    while (r->moves != NULL) {
        struct move *m = r->moves;
        r->moves = m->next;
        mem_free(fs, m, sizeof *m);
    }
    for (unsigned i = 0; i < sizeof sets / sizeof sets[0]; i++)
        set_end(fs, sets[i]);
    if (r->named != NULL)
        fs->named = r->named; /* not brought back: to be forgotten with the file system */
    mem_free(fs, r->table, r->ntable * sizeof *r->table);
    mem_free(fs, r->state, r->nslots);
    mem_free(fs, r->queue, r->nslots * sizeof *r->queue);
    mem_free(fs, r, sizeof *r);
}

static int repair_begin(struct repair *r)
{
    struct blockset *sets[] = {&r->claimed, &r->twice, &r->kept, &r->own};
    int e = 0;

    for (unsigned i = 0; e == 0 && i < sizeof sets / sizeof sets[0]; i++)
        e = set_begin(r->fs, sets[i]);
    return e;
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
        repair_did(r, "superblock ", !(fs->generation & 1), " was damaged; written anew from the other one");
    r->failed = repair_begin(r);
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
    super_forget(fs);
    return done < 0 ? done : e < 0 ? e : done;
}
