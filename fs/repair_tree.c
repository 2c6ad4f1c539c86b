/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Repair, steps 2 and 3: trees made anew from what is sound.
 */
#include "repair.h"

void copy_begin(struct repair *r)
{
    r->copy = (struct tfs_file){.fs = r->fs, .slot = NO_SLOT, .inode = r->inode, .magic = repair_is_meta(r) ? repair_magic(r) : 0};
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
    if (fblk >= (r->inode.length + TFS_BLOCK - 1) / TFS_BLOCK || !repair_is_sound(r, blk, birth, crc))
        return;
    if (!set_has(&r->twice, blk))
        copy_map(r, fblk, blk, birth, crc);
    else if (!repair_is_meta(r))
        copy_data(r, fblk, blk, crc);
}

/* The table keeps its readable blocks; the others become blocks of free inodes. */
void remake_table(struct repair *r)
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
        repair_did(r, "inode table: its length put right: ", r->nslots, " inodes");
    fs->table->inode = r->copy.inode;
    for (uint64_t i = 0; i < n && r->failed == 0; i++) {
        void *data;
        uint64_t blk;
        if (r->table[i].blk != 0)
            continue;
        if ((r->failed = metafile_write(fs->table, i, &data, &blk)) < 0)
            return;
        block_put(fs, blk, data, 1);
        repair_did(r, "inode table: block ", i, " could not be read; its inodes are given up");
    }
    fs->nslots = r->nslots;
    r->table_is_made = 1;
}

void repair_store(struct repair *r, uint32_t slot, const struct disk_inode *i)
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
    repair_walk(r, 0, copy_block);
    r->copy.inode.nlink = 1;
    repair_store(r, slot, &r->copy.inode);
    repair_did(r, "file ", r->inode.ino, lost ? ": made anew from what could be read; what was lost of it are holes now"
                                       : ": made anew; nothing of it was lost");
}

void repair_file(struct repair *r, uint32_t slot)
{
    struct disk_inode i;

    if (!repair_load(r, slot)) {
        if (inode_load(r->fs, slot, &i) == 0 && i.ino == 0)
            return;
        if (i.ino != 0)
            repair_did(r, "file ", i.ino, ": its inode makes no sense and is given up");
        memset(&i, 0, sizeof i);
        repair_store(r, slot, &i);
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
        repair_store(r, slot, &i);
        repair_did(r, "file ", i.ino, ": counts in its inode put right");
    }
}
