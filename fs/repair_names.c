/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Repair, step 4: names, from the root on. Entries that lead nowhere go; directories that were damaged are made anew.
 */
#include "repair.h"

void collect_entries(struct repair *r, uint64_t fblk, uint64_t blk, uint64_t birth, uint32_t crc)
{
    void *data;
    const struct disk_entry *e;
    unsigned off = 0, n = 0;
    int fresh, bad = 0;

    (void)crc;
    if (r->nmapped > 0 && r->hash >= fblk)
        r->found |= BROKEN; /* an entry of the block before belongs here */
    if (set_has(&r->twice, blk) || meta_get(r->fs, blk, MAGIC_DIR, birth, &data, &fresh) < 0) {
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

void free_entries(struct repair *r)
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
        repair_store(r, e->slot, &i);
        repair_did(r, "file ", i.ino, ": now knows which directory it is in");
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
    repair_store(r, slot, &r->copy.inode);
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

    if (!repair_load(r, slot))
        return;
    repair_walk(r, 0, collect_entries);
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
        repair_did(r, "directory ", r->inode.ino,
            found & LOST ? ": made anew from what could be read" : ": made anew; entries that led nowhere are gone");
    }
    free_entries(r);
}

void follow_queue(struct repair *r)
{
    for (uint32_t i = 0; i < r->queued && r->failed == 0; i++)
        repair_directory(r, r->queue[i]);
    r->queued = 0;
}

void ensure_root(struct repair *r)
{
    struct disk_inode i = {.ino = r->fs->next_ino, .version = 1, .mode = MODE_DIR | 0755, .nlink = 1};

    if (repair_load(r, 0) && (r->inode.mode & MODE_DIR)) {
        i = r->inode;
        i.link = 0;
        i.nlink = 1;
        i.blocks = min_u64(i.blocks, r->fs->nblocks);
        if (memcmp(&i, &r->inode, sizeof i) != 0) {
            repair_store(r, 0, &i);
            repair_did(r, "the root directory: inode ", 0, " put right");
        }
        return;
    }
    r->fs->next_ino++;
    repair_store(r, 0, &i);
    r->state[0] = USED | DIRECTORY;
    repair_did(r, "the root directory was lost: made anew as file ", i.ino, "");
}
