/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Inside the file system core: what its files share. tfs.h is the interface.
 *
 * The one rule: a block (data or metadata) whose birth is not above its file's guard - the
 * epoch of the last commit, or of the newest live snapshot of the file - is visible
 * to somebody else and is never overwritten but redirected.
 */
#ifndef TFS_CORE_H
#define TFS_CORE_H

#include <string.h>
#include "format.h"

#define MODE_DIR 0x80000000u

#define GROUP_WORDS (GROUP_BYTES / 8)
#define CHUNK_GROUPS 256u
#define MAX_PINS 24u
#define FILE_BUCKETS 64u
#define NO_SLOT UINT32_MAX
#define ANY_BIRTH UINT64_MAX

/*
 * State of the blocks of one group of the free map. A block may be allocated if its bit is in none
 * of the three maps; only `used` goes to the disk, so a crash forgets what was merely held.
 */
struct group {
    uint64_t index;
    uint64_t nfree;      /* bits in none of the maps */
    int dirty;           /* used differs from committed */
    uint64_t *committed; /* the last commit reaches it */
    uint64_t *used;      /* the next commit will reach it */
    uint64_t *held;      /* a deadlist, or a removed file that is still open, has it */
    uint64_t *kept;      /* a named snapshot has it */
    struct group *next;  /* all loaded groups */
};

struct tfs {
    const struct tfs_env *env;
    uint64_t nblocks;
    uint64_t first;      /* lowest block that can be allocated */
    uint64_t ngroups;
    uint64_t epoch;      /* birth of what is written now */
    uint64_t committed;  /* epoch that the last commit closed */
    uint64_t generation; /* of the last commit */
    uint64_t free;       /* blocks that could be allocated now */
    uint64_t held;       /* bits in the held maps that no named snapshot keeps */
    uint64_t waiting;    /* committed, but neither used nor held nor kept: free after the next commit */
    uint64_t nsnaps;
    uint32_t random;     /* of priorities, the same in every run */
    enum tfs_scope scope;      /* of snapshots */
    struct tfs_snap *keepers;  /* with TFS_SCOPE_MOUNT: all snapshots, newest first */
    uint64_t reserve;    /* blocks kept back from data, so that a full file system can still be cleaned up */
    uint64_t cursor;
    uint64_t next_ino;
    uint32_t map_groups;
    uint32_t nslots;
    uint32_t free_slot;
    int changed;         /* there is something to commit */
    int lone_super;      /* the other superblock is damaged */
    int no_commit;       /* being repaired: there is only the one at the end */
    int broken;          /* a superblock write failed: which commit is on the medium is unknown */
    uint8_t *map_copy;   /* as in the superblock, (ngroups + 7) / 8 bytes */
    struct group **chunk[MAX_GROUPS / CHUNK_GROUPS]; /* CHUNK_GROUPS groups each, NULL until one is loaded */
    struct group *groups;
    uint64_t pins[MAX_PINS]; /* blocks pinned now: a lying free map must not hand them out */
    unsigned npins;
    struct named *named;    /* named snapshots, newest first */
    struct named *view_of;  /* this is a view of one, or NULL */
    uint64_t snap_blk, snap_birth; /* the newest, as the superblock said when this was mounted */
    int readonly;
    struct tfs_file *table; /* the inode table */
    struct tfs_file *root;
    struct tfs_file *files[FILE_BUCKETS]; /* in core, by slot */
    struct tfs_file *dirty_files;
};

struct tfs_file {
    struct tfs *fs;
    struct disk_inode inode; /* the truth while in core */
    uint32_t slot;           /* NO_SLOT: the table itself, or removed */
    uint32_t opens;          /* references by callers */
    int dirty;               /* inode differs from the table; its table block can be written in place */
    int orphan;              /* removed but open: its blocks are held, not used */
    uint32_t magic;          /* of its blocks: MAGIC_DIR, MAGIC_INODES; 0: data */
    struct tfs_snap *snaps;  /* newest; the others follow in `older`, among those of other files if they keep all */
    struct tfs_file *next;   /* in the bucket of tfs.files */
    struct tfs_file *next_dirty;
};

/* Blocks that left the file but that a snapshot sees, in pieces of at most a page. */
#define DEAD_RUNS 127u
#define NODE_FBLK UINT64_MAX /* fblk of a tree node: needed by whoever sees its birth */
struct dead_run {
    uint64_t blk, birth, n;
    uint64_t fblk;
};
struct dead {
    struct dead *next;
    uint64_t n;
    struct dead_run run[DEAD_RUNS];
};

struct tfs_snap {
    struct tfs_file *file;
    struct tfs_snap *older, *newer; /* of those that may keep the same blocks */
    uint64_t first, end;            /* while wholes > 0, blocks [first, end) are wanted */
    uint64_t wholes;                /* references that do not say which blocks they want */
    struct tfs_want *wants;         /* those that do */
    struct disk_root root;
    uint64_t length;
    uint64_t epoch;     /* sees blocks born up to and including this one */
    uint64_t refs;
    uint64_t preserved; /* data blocks */
    void *tag;
    struct dead *dead;
    uint64_t ndead;     /* runs on it */
    uint64_t released;  /* blocks that somebody has ceased to want since the deadlist was sifted */
};

/* A snapshot on the disk. */
struct named {
    struct named *next;
    uint64_t blk, birth;
    unsigned views; /* that are mounted */
    struct disk_snap disk;
};

/* What a tree leads to, in the order of the tree: collected before it is let go, because collecting can fail. */
#define PIECES 101u
struct piece {
    uint64_t fblk, blk, birth, n;
    int is_node;
};
struct pieces {
    struct pieces *next;
    unsigned n;
    struct piece piece[PIECES];
};

/* A tree node in memory: a whole block, or the root inside an inode (blk 0, buf NULL). */
struct node {
    struct disk_shape *shape;
    uint8_t *body;
    unsigned bytes; /* of body */
    uint64_t blk;
    void *buf;
};

/* ---- block.c: pins, checks and seals of blocks ---- */
void *mem_alloc(struct tfs *, size_t); /* zeroed; NULL when there is none */
void mem_free(struct tfs *, void *, size_t);
int corrupt(struct tfs *, uint64_t blk, const char *what); /* complains; returns -TFS_ECORRUPT */
int block_valid(const struct tfs *, uint64_t blk);
int block_pinned(const struct tfs *, uint64_t blk);
int block_get(struct tfs *, uint64_t blk, enum tfs_class, enum tfs_how, void **data, int *fresh);
void block_put(struct tfs *, uint64_t blk, void *data, int dirty);
/* A metadata block, its header checked; contents are the caller's to check when fresh. */
int meta_get(struct tfs *, uint64_t blk, uint32_t magic, uint64_t birth, void **data, int *fresh);
int meta_new(struct tfs *, uint64_t blk, uint32_t magic, void **data);
uint32_t seal_of(void *data); /* what the crc field of a metadata block must be */
/* A data block, its checksum compared when it comes from the device. */
int data_get(struct tfs *, uint64_t blk, uint32_t crc, void **data);

/* ---- space.c: the free map ---- */
int space_alloc(struct tfs *, const struct tfs_file *for_file, int is_data, uint64_t goal, uint64_t *blk);
void space_free(struct tfs *, uint64_t blk, uint64_t n); /* no tree and no deadlist has them any more */
void space_hold(struct tfs *, uint64_t blk, uint64_t n); /* left the tree that will be committed, but not memory */
int space_is_used(struct tfs *, uint64_t blk);           /* 1, 0, or negative */
int space_group(struct tfs *, uint64_t index, struct group **);
int space_remake(struct tfs *, uint64_t index, struct group **); /* the group, loaded if it can be read, else empty */
int space_is_loaded(const struct tfs *, uint64_t index);
int space_commit(struct tfs *);       /* puts changed map blocks into their other copy */
void space_describe(const struct tfs *, struct disk_super *);
void space_committed(struct tfs *);   /* the superblock is on the medium */
void space_forget(struct tfs *);

/* ---- tree.c: extent trees ---- */
int root_check(struct tfs *, const struct disk_root *);
int node_get(struct tfs *, const struct disk_child *, unsigned level, struct node *);
void node_put(struct tfs *, struct node *, int dirty);
struct node root_node(const struct disk_root *);
int tree_find(struct tfs *, const struct disk_root *, uint64_t fblk, struct tfs_extent *);
/* The last mapped block at or below fblk. -TFS_ENOENT if there is none. */
int tree_floor(struct tfs *, const struct disk_root *, uint64_t fblk, uint64_t *at, struct tfs_extent *);
/* Makes the path to fblk writable with room for that mapping; after success leaf_set cannot fail. */
int tree_prepare(struct tfs_file *, uint64_t fblk, uint64_t blk, uint64_t birth, struct node *leaf);
void leaf_set(struct node *leaf, uint64_t fblk, uint64_t blk, uint64_t birth, uint32_t crc);
int tree_cut(struct tfs_file *, uint64_t from); /* unmaps everything at and above; fails with nothing unmapped */
int tree_collect(struct tfs *, const struct disk_root *, struct pieces **); /* all of it; the list is the caller's */
void pieces_drop(struct tfs_file *, struct pieces *); /* lets them go from the file; takes the list over */
struct pieces *pieces_free(struct tfs *, struct pieces *); /* returns NULL */
/* Whether fblk is the same block in both trees, and for how many blocks from there that answer holds at least. */
int tree_compare(struct tfs *, const struct disk_root *, const struct disk_root *, uint64_t fblk, int *same,
                 uint64_t *run);
const struct disk_extent *node_extents(const struct node *);
const struct disk_child *node_children(const struct node *);
const uint32_t *node_crcs(const struct node *);

/* ---- inode.c: files in core and the inode table ---- */
uint64_t file_guard(const struct tfs_file *);
int file_is_dir(const struct tfs_file *);
int file_get(struct tfs *, uint32_t slot, uint64_t ino, struct tfs_file **); /* ino 0: whichever is there */
int file_new(struct tfs *, uint32_t mode, uint32_t parent, struct tfs_file **);
int file_dirty(struct tfs_file *); /* before any change; may fail, then nothing may change */
void file_bump(struct tfs_file *);
void file_delete(struct tfs_file *); /* takes it out of the table; it must be dirty */
void file_unlink(struct tfs_file *, struct pieces *); /* file_delete, and lets go what it led to, all of it in the list */
void file_dispose(struct tfs_file *); /* frees what no open and no snapshot needs */
int inode_load(struct tfs *, uint32_t slot, struct disk_inode *);
int inode_check(struct tfs *, const struct disk_inode *);
int inode_store_all(struct tfs *); /* fails with nothing lost: those that are left are stored by the next call */
uint64_t inodes_index(const struct disk_header *); /* which block of the table it is */
/* A block of a file of metadata (directory, inode table), pinned. For writing it is made if it is not there. */
int metafile_read(struct tfs_file *, uint64_t fblk, void **data, uint64_t *blk);
int metafile_write(struct tfs_file *, uint64_t fblk, void **data, uint64_t *blk);
/* Lets a block go from a file: freed, or onto the deadlist of the snapshot that sees it. */
void file_drop(struct tfs_file *, uint64_t fblk, uint64_t blk, uint64_t n, uint64_t birth, int is_node);

/* ---- snap.c ---- */
/* The newest snapshot that may keep blocks of the file; NULL: there is none. */
struct tfs_snap *snap_newest(const struct tfs_file *);
/*
 * Of these snapshots, newest first, the first one that keeps a block; NULL: none. *run, a number of blocks from there
 * on, is cut to those that the answer is right for.
 */
struct tfs_snap *snap_keeper(struct tfs_snap *, uint64_t fblk, uint64_t birth, uint64_t *run);
void snap_preserve(struct tfs_snap *, uint64_t ino, const struct dead_run *);

void snap_sift_all(struct tfs *); /* frees what is preserved and nobody wants any more */

/* ---- want.c ---- */
void want_add(struct tfs_want **tree, struct tfs_want *);
void want_remove(struct tfs_want **tree, struct tfs_want *);
/* Does a range cover the block? *run is cut to how many blocks from there on the answer holds at least. */
int want_covers(const struct tfs_want *tree, uint64_t fblk, uint64_t *run);

/* ---- dir.c ---- */
#define ENTRY_BYTES(namelen) ((sizeof(struct disk_entry) + (namelen) + 7) & ~(size_t)7)
uint64_t name_hash(const char *name, size_t n);
/* Entry at *off of a bucket, advancing *off; NULL at the end. *bad is set when the bucket makes no sense. */
const struct disk_entry *bucket_next(const void *bucket, unsigned *off, int *bad);
int dir_enter(struct tfs_file *dir, const char *name, size_t n, const struct tfs_file *); /* dir is dirty */

/* ---- named.c ---- */
int named_load(struct tfs *, uint64_t blk, uint64_t birth);
void named_forget(struct tfs *);
/* What the named snapshots keep of a group; what one does. GROUP_BYTES bytes. */
int named_kept(struct tfs *, const struct named *without, uint64_t group, uint64_t *kept);
int named_map(struct tfs *, const struct named *, uint64_t group, uint64_t *map);
int space_keep(struct tfs *, const struct named *);   /* a new one, not in the list yet; fails with nothing changed */
int space_unkeep(struct tfs *, const struct named *); /* one that is still in the list; the same */

/* ---- check.c ---- */
int64_t named_check(struct tfs *, struct named *, void (*say)(void *, const char *), void *arg);

/* ---- super.c ---- */
int super_view(struct tfs *, struct named *, struct tfs **); /* all but the root directory */
int super_mount(const struct tfs_env *, uint64_t nblocks, struct tfs **); /* all but the root directory */
int super_mount_root(struct tfs *);
void super_forget(struct tfs *); /* without writing */
int make_room(struct tfs *); /* commits if that is what it takes to have free blocks; only between changes */

static inline uint64_t min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

#endif
