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
#define MODE_APPEND 0x40000000u

#define GROUP_WORDS (GROUP_BYTES / 8)
#define CHUNK_GROUPS 256u
#define MAX_PINS 24u
#define FILE_BUCKETS 64u
#define NO_SLOT UINT32_MAX
#define ANY_BIRTH UINT64_MAX

/*
 * State of the blocks of one group of the free map. A block may be allocated if its bit is in none
 * of the three maps; only `used` goes to the disk, so a crash forgets what was merely held. What is on a deadlist of a named
 * snapshot is used, and may be held as well.
 */
struct group {
    uint64_t index;
    uint64_t nfree;      /* bits in none of the maps */
    int dirty;           /* used differs from committed */
    int must, write;     /* the copy on the disk cannot be believed; it is written by the commit at hand */
    uint64_t ndeltas;    /* runs of blocks about which used and written differ: in the superblock, until the copy is written */
    uint64_t *written;   /* the copy on the disk */
    uint64_t *committed; /* the last commit reaches it */
    uint64_t *used;      /* the next commit will reach it, from the live files or from named snapshots */
    uint64_t *held;      /* a snapshot in memory, or a removed file that is still open, has it */
    struct group *next;  /* all loaded groups */
};

/* A block of the live deadlist as the next commit will write it. */
struct dead_page {
    struct dead_page *next; /* with newer entries */
    uint64_t blk;           /* where it goes */
    unsigned n, old;        /* entries; of these are copied from the block that was the first one of the list */
    struct disk_dead entry[DEAD_ENTRIES];
};

/*
 * The live deadlist. Room is made, in memory and on the disk, before anything is let go (dead_reserve), so that letting go cannot fail.
 */
struct deadlist {
    struct disk_deadlist disk;  /* entries and blocks: with those in the pages; the rest: as committed */
    struct disk_deadlist next;  /* what the superblock of the commit at hand says */
    struct dead_page *pages;    /* oldest first */
    struct dead_page *filling;
    uint64_t npages, room;      /* entries that still go into them */
    uint64_t base_blk, base_birth; /* what follows the oldest page */
    int replaced;               /* the first block has been freed: the oldest page has its entries */
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
    uint64_t held;       /* held, and not used */
    uint64_t waiting;    /* committed, but neither used nor held: free after the next commit */
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
    struct disk_delta *carried; /* as the last superblock has them, of groups that are not loaded; NULL: there never were any */
    uint32_t ncarried;
    struct group **chunk[MAX_GROUPS / CHUNK_GROUPS]; /* CHUNK_GROUPS groups each, NULL until one is loaded */
    struct group *groups;
    uint64_t pins[MAX_PINS]; /* blocks pinned now: a lying free map must not hand them out */
    unsigned npins;
    struct named *named;    /* named snapshots, newest first */
    struct named *view_of;  /* this is a view of one, or NULL */
    struct tfs_file *snap_table; /* where they lie */
    struct deadlist dead;   /* of the live file system */
    uint64_t longest;       /* deadlist that there is: blocks of its chain */
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
    struct named *next; /* the next older one */
    uint32_t index;     /* block of the table of snapshots */
    unsigned views;     /* that are mounted */
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
uint32_t crc32c_by_tables(uint32_t crc, const void *data, size_t n); /* tfs_crc32c as the guest computes it */
uint32_t seal_of(void *data); /* what the crc field of a metadata block must be */
/* A data block, its checksum compared when it comes from the device. */
int data_get(struct tfs *, uint64_t blk, uint32_t crc, void **data);

/* ---- space.c: the free map ---- */
int space_alloc(struct tfs *, const struct tfs_file *for_file, int is_data, uint64_t goal, uint64_t *blk);
void space_free(struct tfs *, uint64_t blk, uint64_t n); /* no tree and no deadlist has them any more */
/* They left the tree that will be committed, but not memory. listed: they are on the live deadlist now. */
void space_hold(struct tfs *, uint64_t blk, uint64_t n, int listed);
void space_unlist(struct tfs *, uint64_t blk, uint64_t n); /* no named snapshot sees them any more */
int space_load(struct tfs *, uint64_t blk, uint64_t n);  /* so that to let them go cannot fail */
int space_is_used(struct tfs *, uint64_t blk);           /* 1, 0, or negative */
uint64_t space_floor(const struct tfs *); /* free blocks that only the removal of a named snapshot may use */
int space_group(struct tfs *, uint64_t index, struct group **);
int space_remake(struct tfs *, uint64_t index, struct group **); /* the group, loaded if it can be read, else empty */
int space_is_loaded(const struct tfs *, uint64_t index);
void space_committed(struct tfs *);   /* the superblock is on the medium */
void space_forget(struct tfs *);

/* ---- freemap.c: the free map on the disk ---- */
#define CARRIED_BYTES (MAX_DELTAS * sizeof(struct disk_delta))
int map_take(struct tfs *, const struct disk_super *); /* what it says has changed since the copies were written */
int map_read(struct tfs *, struct group *);
void map_distrust(struct tfs *, struct group *);      /* it could not be read, and is made anew */
int map_commit(struct tfs *);                         /* writes copies if the superblock has no room for what changed */
void map_describe(const struct tfs *, struct disk_super *);
void map_committed(struct tfs *);

/* ---- extent trees: node.c, tree_find.c, leaf.c, tree.c, tree_cut.c ---- */
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
int pieces_add(struct tfs *, struct pieces **, struct piece);
uint64_t pieces_count(const struct pieces *);
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
/* file_delete, and lets go what it led to, all of it in the list, for which file_reserve has made room. */
void file_unlink(struct tfs_file *, struct pieces *);
void file_dispose(struct tfs_file *); /* frees what no open and no snapshot needs */
int inode_load(struct tfs *, uint32_t slot, struct disk_inode *);
int inode_check(struct tfs *, const struct disk_inode *);
int inode_store_all(struct tfs *); /* fails with nothing lost: those that are left are stored by the next call */
uint64_t inodes_index(const struct disk_header *); /* which block of the table it is */
/* A block of a file of metadata (directory, inode table), pinned. For writing it is made if it is not there. */
int metafile_read(struct tfs_file *, uint64_t fblk, void **data, uint64_t *blk);
int metafile_write(struct tfs_file *, uint64_t fblk, void **data, uint64_t *blk);
/* Before n runs of blocks are let go from the file, and any that change on the way: then that cannot fail. */
int file_reserve(const struct tfs_file *, uint64_t n);
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
void snap_preserve(struct tfs_snap *, uint64_t ino, const struct dead_run *, int listed); /* listed: as for space_hold */

void snap_sift_all(struct tfs *); /* frees what is preserved and nobody wants any more */

/* ---- want.c ---- */
void want_add(struct tfs_want **tree, struct tfs_want *);
void want_remove(struct tfs_want **tree, struct tfs_want *);
/* Does a range cover the block? *run is cut to how many blocks from there on the answer holds at least. */
int want_covers(const struct tfs_want *tree, uint64_t fblk, uint64_t *run);

/* ---- bucket.c, dir.c ---- */
#define ENTRY_BYTES(namelen) ((sizeof(struct disk_entry) + (namelen) + 7) & ~(size_t)7)
uint64_t name_hash(const char *name, size_t n);
/* Entry at *off of a bucket, advancing *off; NULL at the end. *bad is set when the bucket makes no sense. */
const struct disk_entry *bucket_next(const void *bucket, unsigned *off, int *bad);
int dir_enter(struct tfs_file *dir, const char *name, size_t n, const struct tfs_file *); /* dir is dirty */

/* ---- deadlist.c: what named snapshots see and the live file system does not ---- */
int dead_sees(const struct tfs *, uint64_t birth); /* does the newest named snapshot see what was born then? */
int dead_reserve(struct tfs *, uint64_t n);        /* room for n entries, and some more */
void dead_append(struct tfs *, uint64_t blk, uint64_t n, uint64_t birth);
int dead_commit(struct tfs *);     /* puts the pages into their blocks */
void dead_committed(struct tfs *); /* the superblock is on the medium */
void dead_forget(struct tfs *);
int dead_is_sane(const struct tfs *, const struct disk_deadlist *);
/* Calls chain for each block of a list and one for each entry, until one of them returns negative, which is the result then. */
struct dead_visitor {
    int (*chain)(void *arg, uint64_t blk); /* may be NULL */
    int (*one)(void *arg, const struct disk_dead *);
    void *arg;
};
int dead_walk(struct tfs *, const struct disk_deadlist *, const struct dead_visitor *);
/* What becomes of two neighbouring lists when the snapshot between them goes. */
struct dead_merge {
    struct disk_deadlist to;
    struct pieces *freed; /* blocks that nobody sees then */
    struct pieces *gone;  /* of the lists themselves, that are not needed any more */
    struct pieces *fresh; /* of the new list */
};
/*
 * of_newer: what the snapshot that goes sees and what follows it does not; of_it: what came before it sees and it does not.
 * epoch: of the snapshot before it, 0 if there is none. Fails with nothing changed.
 */
int dead_merge(struct tfs *, const struct disk_deadlist *of_newer, const struct disk_deadlist *of_it, uint64_t epoch,
               struct dead_merge *);
void dead_merge_end(struct tfs *, struct dead_merge *, int done); /* lets go what is not needed */
/* Writes a list, entry by entry. */
struct dead_writer {
    struct tfs *fs;
    struct disk_deadlist to;
    struct dead_page *page;
    struct pieces *fresh, *gone; /* blocks taken, and the one that was rewritten */
};
int dead_put(struct dead_writer *, const struct disk_dead *);
int dead_finish(struct dead_writer *, int r); /* writes the last block if r is 0; returns r or an error */

/* ---- named.c: the table of named snapshots ---- */
int named_load(struct tfs *, int pass_over); /* pass_over: records that are damaged; returns how many, or negative */
void named_forget(struct tfs *);
int named_store(struct tfs *, const struct named *); /* into the table */
struct disk_deadlist *named_list_above(struct tfs *, const struct named *); /* of what s sees and what follows it does not */
void named_longest(struct tfs *); /* after the lists have changed */

/* ---- reach.c: sets of blocks, and what a tree of files leads to ---- */
struct blockset {
    uint8_t **group; /* a bit per block, where there is any */
};
int set_begin(struct tfs *, struct blockset *);
void set_end(struct tfs *, struct blockset *);
void set_clear(struct tfs *, struct blockset *);
int set_add(struct tfs *, struct blockset *, uint64_t blk); /* 1: it was not there, 0: it was, or negative */
static inline int set_has(const struct blockset *s, uint64_t blk)
{
    const uint8_t *g = s->group[blk / GROUP_BLOCKS];

    return g != NULL && (g[blk % GROUP_BLOCKS / 8] >> blk % 8 & 1);
}
/* All blocks of all files, tree nodes and the inode table, in pieces. Damage is passed over. */
int reach_all(struct tfs *, void (*)(void *arg, const struct piece *), void *arg);

/* ---- text.c: sentences ---- */
struct text {
    char buf[512];
    size_t n;
};
void text_add(struct text *, const char *);
void text_number(struct text *, uint64_t);

/* ---- check*.c ---- */
int64_t named_check(struct tfs *, struct named *, void (*say)(void *, const char *), void *arg);
/* What the live files and the snapshots lead to, against each other and, if it is wanted, the deadlists. Findings, or negative. */
int64_t deadlists_check(struct tfs *, int with_lists, void (*say)(void *, const char *), void *arg);

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
