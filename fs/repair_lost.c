/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Repair, step 5: /lost+found gets the files that have no name left, and those that have lost contents.
 */
#include "repair.h"

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
    int e = lost_and_found(r, &dir);

    if (e < 0) {
        r->failed = e;
        return;
    }
    e = file_get(r->fs, slot, 0, &f);
    if (e == 0) {
        struct text name = {.n = 0};
        text_add(&name, file_is_dir(f) ? "directory-" : "file-");
        text_number(&name, f->inode.ino);
        if ((e = file_dirty(f)) == 0 && (e = file_dirty(dir)) == 0 &&
            (e = dir_enter(dir, name.buf, name.n, f)) == 0) {
            f->inode.link = dir->slot;
            repair_did(r, "file ", f->inode.ino, ": had no name left; it is in /lost+found now");
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
void find_homes(struct repair *r)
{
    for (uint32_t slot = 1; slot < r->nslots && r->failed == 0; slot++)
        if ((r->state[slot] & (USED | NAMED | DIRECTORY)) == (USED | DIRECTORY) && repair_load(r, slot)) {
            repair_walk(r, 0, mark_below);
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
void move_damaged(struct repair *r)
{
    for (struct move *m = r->moves; m != NULL && r->failed == 0; m = m->next) {
        struct tfs_file *dir, *lost;
        struct disk_inode i;
        struct text to = {.n = 0};
        int e = lost_and_found(r, &lost);
        if (e == 0 && (e = inode_load(r->fs, m->slot, &i)) == 0 && (e = file_get(r->fs, m->dir, 0, &dir)) == 0) {
            text_number(&to, i.ino);
            text_add(&to, "-");
            text_add(&to, m->name);
            to.buf[TFS_NAME_MAX] = 0;
            e = dir == lost ? 0 : tfs_rename(dir, m->name, lost, to.buf);
            tfs_unref(dir);
            if (e == 0)
                repair_did(r, "file ", i.ino, ": has lost contents; it is in /lost+found now, with its name behind its number");
        }
        if (e != -TFS_ENOENT && e < 0)
            r->failed = e;
        if (e == 0)
            tfs_unref(lost);
    }
}
