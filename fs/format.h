/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What lies on the disk, block by block. docs/fs-format.md draws it.
 *
 * All numbers are little-endian, as both the host and the guest are. A block
 * number 0 in a pointer means "none": block 0 is a superblock and never part of a tree.
 */
#ifndef TFS_FORMAT_H
#define TFS_FORMAT_H

#include "tfs.h"

#define FORMAT_VERSION 4

enum {
    MAGIC_SUPER = 0x30736674, /* "tfs0" */
    MAGIC_MAP = 0x70616d74,   /* "tmap": part of the free map */
    MAGIC_NODE = 0x65726474,  /* "tdre": node of an extent tree */
    MAGIC_INODES = 0x6f6e6974, /* "tino": block of the inode table */
    MAGIC_DIR = 0x72696474,   /* "tdir": bucket of a directory */
    MAGIC_SNAP = 0x706e7374,  /* "tsnp": a named snapshot, block of the table of snapshots */
    MAGIC_DEAD = 0x61656474,  /* "tdea": part of a deadlist */
};

/* Shape of a tree node; `count` and `crcs` have other uses in other blocks. */
struct disk_shape {
    uint16_t level; /* 0: leaf */
    uint16_t count; /* leaf: extents; interior: children; directory: entries; inode block: which of the table, low half;
                       deadlist: entries */
    uint16_t crcs;  /* leaf: blocks that its extents cover, one checksum each; directory: bytes used; inodes: high half */
    uint16_t zero;
};

/* First bytes of every metadata block, so that each checks itself. */
struct disk_header {
    uint32_t magic;
    uint32_t crc;   /* CRC32C of the block with this field zero */
    uint64_t blk;   /* own address: catches misdirected writes */
    uint64_t birth; /* epoch in which it was written; the parent knows it too: catches lost writes */
    struct disk_shape shape;
};

#define BODY_BYTES (TFS_BLOCK - sizeof(struct disk_header))

/* A run of file blocks on consecutive disk blocks. Gaps between extents are holes. */
struct disk_extent {
    uint64_t fblk;
    uint64_t blk;
    uint64_t birth;
    uint32_t length; /* blocks */
    uint32_t zero;
};

struct disk_child {
    uint64_t fblk; /* the subtree maps blocks from here up to the next child's fblk */
    uint64_t blk;
    uint64_t birth;
};

/* The root of a tree is a small node inside the inode: a short file needs no other metadata. */
#define ROOT_BYTES 192u
struct disk_root {
    struct disk_shape shape;
    uint64_t body[ROOT_BYTES / 8];
};

#define INODE_BYTES 256u
struct disk_inode {
    uint64_t ino; /* never reused; 0: the slot is free */
    uint64_t version;
    uint64_t length; /* bytes; of a directory: entries */
    uint64_t mtime_ns;
    uint64_t blocks; /* that the tree maps, nodes not counted */
    uint32_t mode;
    uint32_t nlink; /* 1 */
    uint32_t link;  /* slot of the directory it is in; of a free slot: next free slot + 1, 0 = none */
    uint32_t zero;
    struct disk_root root;
};

#define INODES_PER_BLOCK (BODY_BYTES / INODE_BYTES)

/* Entries of a bucket lie one after the other, ordered by hash, each padded to 8 bytes. */
struct disk_entry {
    uint64_t hash; /* of the name, HASH_BITS bits */
    uint64_t ino;
    uint32_t slot; /* of the inode */
    uint8_t namelen;
    uint8_t zero[3];
    char name[]; /* no NUL */
};

#define HASH_BITS 48

/*
 * Blocks that a named snapshot sees and that what came after it - the next newer snapshot, or the live file system - has let
 * go. Blocks of entries, newest first; all but the first are full.
 */
struct disk_deadlist {
    uint64_t blk, birth; /* first block of the list; 0: the list is empty */
    uint64_t chain;      /* blocks that the list itself takes */
    uint64_t entries;
    uint64_t blocks;     /* that are on it */
};

struct disk_dead {
    uint64_t blk;
    uint64_t birth;
    uint32_t n; /* blocks */
    uint32_t zero;
};

#define DEAD_ENTRIES 168u
struct disk_deadblock {
    struct disk_header header;
    uint64_t next_blk, next_birth; /* the older entries; 0: none */
    struct disk_dead entry[DEAD_ENTRIES];
};

/* Blocks that one block of the free map speaks for, and how many map blocks there may be. */
#define GROUP_BYTES BODY_BYTES
#define GROUP_BLOCKS (GROUP_BYTES * 8)
#define MAX_GROUPS 27136u

/* A run of blocks that are used, or free, unlike in the copy of their group's map that counts. */
#define DELTA_USED 0x80000000u
#define MAX_DELTAS 128u /* fewer on a device so large that the superblock has no room for them */
struct disk_delta {
    uint32_t blk;
    uint32_t run; /* blocks; the highest bit: they are used */
};

struct disk_super {
    struct disk_header header; /* birth: the epoch that this commit closed */
    uint32_t version;
    uint32_t block_size;
    uint64_t generation; /* of commits; the valid superblock with the highest one counts */
    uint64_t nblocks;
    uint64_t free_blocks;
    uint64_t next_ino;
    uint64_t cursor;     /* where allocation goes on */
    uint32_t map_groups; /* groups from this one on have never been written: all free */
    uint32_t slots;      /* of the inode table, used and free */
    uint32_t free_slot;  /* head of the list of free slots + 1 */
    uint32_t ndeltas;    /* behind the part of map_copy that is in use, from a multiple of 8 bytes on */
    struct disk_deadlist dead;           /* what the newest named snapshot sees and the live file system does not */
    struct disk_inode table;             /* the inode table; slot 0 is the root directory */
    struct disk_inode snaps;             /* the table of named snapshots, a block each */
    uint8_t map_copy[MAX_GROUPS / 8];    /* bit g: which of its two blocks holds the map of group g */
};

/* Version 3, which is mounted if it has no named snapshots: it differs from here on. */
#define MAX_GROUPS_V3 28672u
struct disk_super_v3 {
    uint8_t as_now[offsetof(struct disk_super, dead)];
    uint64_t snap_blk, snap_birth; /* 0: no named snapshots */
    struct disk_inode table;
    uint8_t map_copy[MAX_GROUPS_V3 / 8];
};

/* A named snapshot: what a superblock said. */
#define SNAP_NAME 64u
struct disk_snap {
    struct disk_header header;
    char name[SNAP_NAME]; /* with a NUL; empty: this block of the table is not in use */
    uint64_t taken_ns;
    uint64_t epoch;      /* that its commit closed: what the snapshot sees was born at or before it */
    uint64_t generation; /* of its commit */
    uint64_t blocks;     /* that it sees */
    uint32_t slots;
    uint32_t free_slot;
    struct disk_deadlist dead; /* what the next older one sees and this one does not */
    struct disk_inode table;
};

/* Superblocks are blocks 0 and 1; then two blocks per group of the free map; then everything else. */
#define MAP_BLOCK(g, copy) (2 + 2 * (uint64_t)(g) + (copy))

#define MAX_FBLK (1ull << HASH_BITS) /* file blocks are below */
#define MAX_LEVEL 10u

_Static_assert(sizeof(struct disk_header) == 32, "header");
_Static_assert(sizeof(struct disk_extent) == 32, "extent");
_Static_assert(sizeof(struct disk_inode) == INODE_BYTES, "inode");
_Static_assert(sizeof(struct disk_entry) == 24, "entry");
_Static_assert(sizeof(struct disk_snap) <= TFS_BLOCK, "snapshot");
_Static_assert(sizeof(struct disk_super) <= TFS_BLOCK, "superblock");
_Static_assert(sizeof(struct disk_super_v3) <= TFS_BLOCK, "superblock of version 3");
_Static_assert(MAX_GROUPS * GROUP_BLOCKS < DELTA_USED, "block numbers of 31 bits");
_Static_assert(sizeof(struct disk_deadblock) <= TFS_BLOCK, "deadlist");

#endif
