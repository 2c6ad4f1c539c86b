/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Inside the check of a file system: what its files share. check.c goes through trees and inodes, check_words.c says what is found, check_dir.c looks
 * into directories, check_map.c compares the free map with what was reached.
 */
#ifndef TFS_CHECK_H
#define TFS_CHECK_H

#include "core.h"

#define SLOT_CHUNK 4096u

enum check_slot_state {
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
    uint8_t **slots;       /* per SLOT_CHUNK inodes: enum check_slot_state */
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

/* ---- check_words.c ---- */
void check_about(struct check *, const char *what, uint64_t v); /* what the next findings are about: "WHAT V" */
void check_about_file(struct check *, uint32_t slot, const struct disk_inode *);
void check_say(struct check *, const char *what);
void check_say_number(struct check *, const char *what, uint64_t v);

/* ---- check.c ---- */
int check_reach(struct check *, uint64_t blk, const char *what); /* 1: this block was new; 0: it was reached before, or no memory */
uint8_t *check_slot(struct check *, uint32_t slot);              /* of enum check_slot_state; NULL when there is no memory */

/* ---- check_dir.c ---- */
void check_bucket(struct check *, const void *bucket, uint64_t blk);
void check_connected(struct check *, uint32_t slot); /* whether a way leads from the root to the directory; marks it */

/* ---- check_map.c ---- */
void check_map(struct check *);
void check_snapshots(struct check *); /* reaches what named snapshots have */

#endif
