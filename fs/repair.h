/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Inside the repair of a file system: what its files share. repair.c says what happens when.
 */
#ifndef TFS_REPAIR_H
#define TFS_REPAIR_H

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
    struct blockset claimed; /* something in the live file system leads to it */
    struct blockset twice;   /* ... two things do */
    struct blockset kept;    /* a named snapshot leads to it */
    struct blockset own;     /* of the named snapshots' table and deadlists as they were */
    struct named *named;     /* put aside until the live files are sound */
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

/* ---- repair.c ---- */
void repair_did(struct repair *, const char *before, uint64_t v, const char *after); /* says "BEFORE V AFTER" */

/* ---- repair_scan.c ---- */
int repair_claim(struct repair *, uint64_t blk); /* 1: nothing in the live file system had claimed it */
int repair_is_meta(const struct repair *);
uint32_t repair_magic(const struct repair *);
int repair_is_sound(struct repair *, uint64_t blk, uint64_t birth, uint32_t crc); /* whether the block holds what it should */
int repair_load(struct repair *, uint32_t slot); /* makes the inode the one at hand; 0: it is free, or makes no sense */
/* The tree of the inode at hand, block by block; claiming: enters each node once only, else not if two trees claim it. */
void repair_walk(struct repair *, int claiming, void (*)(struct repair *, uint64_t fblk, uint64_t blk, uint64_t birth, uint32_t crc));
void scan_table(struct repair *);
void scan_files(struct repair *);

/* ---- repair_tree.c ---- */
void copy_begin(struct repair *); /* an empty tree for the inode at hand */
void repair_store(struct repair *, uint32_t slot, const struct disk_inode *);
void remake_table(struct repair *);
void repair_file(struct repair *, uint32_t slot);

/* ---- repair_names.c ---- */
void collect_entries(struct repair *, uint64_t fblk, uint64_t blk, uint64_t birth, uint32_t crc);
void free_entries(struct repair *);
void follow_queue(struct repair *);
void ensure_root(struct repair *);

/* ---- repair_lost.c ---- */
void find_homes(struct repair *);
void move_damaged(struct repair *);

/* ---- repair_map.c ---- */
void remake_map(struct repair *, int keep_committed);
void remake_free_list(struct repair *);
void claim_all(struct repair *);

/* ---- repair_snap.c ---- */
void set_snapshots_aside(struct repair *);
void bring_snapshots_back(struct repair *);

#endif
