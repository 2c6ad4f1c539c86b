/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tfs, the snapshot file system: interface of the core.
 *
 * Freestanding: the guest kernel and the host's tools link the same objects.
 * The core keeps no blocks itself: it asks its surroundings (struct tfs_env) for
 * them, so that there is one block cache, owned by whoever has the memory.
 * It is not reentrant: the caller holds one lock over every call. Callbacks
 * may sleep; the lock stays held meanwhile.
 *
 * Blocks are TFS_BLOCK bytes and named by number. Functions that can fail
 * return 0 (or a count) or a negative TFS_E... code.
 */
#ifndef TFS_H
#define TFS_H

#include <stddef.h>
#include <stdint.h>

#define TFS_BLOCK 4096u
#define TFS_NAME_MAX 255u

/* The usual errno numbers, negated where returned. */
enum tfs_error {
    TFS_EPERM = 1,
    TFS_ENOENT = 2,
    TFS_EIO = 5,
    TFS_ENOMEM = 12,
    TFS_EACCES = 13,
    TFS_EBUSY = 16,
    TFS_EEXIST = 17,
    TFS_EXDEV = 18,
    TFS_ENOTDIR = 20,
    TFS_EISDIR = 21,
    TFS_EINVAL = 22,
    TFS_EFBIG = 27,
    TFS_ENOSPC = 28,
    TFS_EROFS = 30,
    TFS_ENOTEMPTY = 90,
    TFS_ENAMETOOLONG = 91,
    TFS_ECORRUPT = 117, /* checksum or structure is wrong: see tfs_env.complain */
};

enum tfs_class { TFS_DATA = 0, TFS_META = 1 }; /* same numbers as block_class in traces/events.def */

enum tfs_how {
    TFS_GET_READ, /* contents as on the device */
    TFS_GET_NEW,  /* the caller overwrites all of it: do not read; contents undefined */
};

/* What happened inside a call, for the trace. */
enum tfs_event_kind { TFS_EV_PRESERVE, TFS_EV_COMMIT_BEGIN, TFS_EV_COMMIT_END };
struct tfs_event {
    enum tfs_event_kind kind;
    uint64_t ino;    /* PRESERVE: the file */
    uint64_t fblk;   /* PRESERVE: block of the file */
    uint64_t blk;    /* PRESERVE: the old block that is kept */
    void *snap_tag;  /* PRESERVE: tag of the newest snapshot that keeps it */
    uint64_t epoch;  /* COMMIT */
    uint64_t blocks; /* COMMIT_END: blocks written, superblock included */
    int error;       /* COMMIT_END */
};

struct tfs_env {
    void *ctx;
    void *(*alloc)(void *ctx, size_t bytes); /* NULL when there is no memory */
    void (*free)(void *ctx, void *p, size_t bytes);
    /*
     * Pins block `blk` in memory and gives its TFS_BLOCK bytes. *fresh is set to 1 if this
     * call read it from the device (its checksum has not been checked in memory yet).
     * Returns 0 or negative.
     */
    int (*get)(void *ctx, uint64_t blk, enum tfs_class, enum tfs_how, void **data, int *fresh);
    /* Unpins. dirty: the contents changed and must reach the device by the next `flush`, at any time before it. */
    void (*put)(void *ctx, uint64_t blk, void *data, int dirty);
    /* The block was freed, or its contents were found wrong: forget them, dirty or not. The core does not pin it. */
    void (*drop)(void *ctx, uint64_t blk);
    /*
     * Writes every dirty block (tfs_seal called on those of class TFS_META just before), then a
     * barrier: all of it is on the medium when it returns. *written is increased by the blocks written.
     */
    int (*flush)(void *ctx, uint64_t *written);
    uint64_t (*now_ns)(void *ctx);                                /* for mtime */
    void (*event)(void *ctx, const struct tfs_event *);           /* may be NULL */
    void (*complain)(void *ctx, uint64_t blk, const char *what);  /* corruption, in words; may be NULL */
};

struct tfs;      /* a mounted file system */
struct tfs_file; /* an in-core file or directory, counted */
struct tfs_snap; /* a frozen view of one file, counted */

struct tfs_stat {
    uint64_t ino;      /* never reused within a file system */
    uint64_t length;   /* bytes; 0 for a directory */
    uint64_t version;  /* +1 with every change of contents, length or mode */
    uint64_t mtime_ns;
    uint64_t blocks;   /* data blocks allocated */
    uint32_t mode;     /* rwx bits and DMDIR, DMAPPEND as in guestos/include/tarry/abi.h */
    uint32_t nlink;    /* 0: removed while open */
};

struct tfs_dirent {
    uint64_t ino;
    uint32_t mode;
    char name[TFS_NAME_MAX + 1];
};

struct tfs_space {
    uint64_t blocks;       /* size of the device */
    uint64_t free_blocks;  /* neither allocated, nor held by a snapshot, nor waiting for a commit */
    uint64_t held_blocks;  /* held by snapshots, by removed files that are open, or borrowed, only */
    uint64_t snapshots;    /* live */
    uint64_t epoch;
};

/* Where a block of a file is. */
struct tfs_extent {
    uint64_t blk;   /* disk block; 0: a hole, which reads as zeros */
    uint64_t birth; /* epoch in which it was written: with blk the identity of the block */
    uint32_t crc;   /* CRC32C of its contents */
    uint64_t run;   /* at least so many blocks of the file, this one included, follow each other on disk (or are one
                       hole); the end of a tree leaf ends a run, the end of the file does not end a hole */
};

/* ---- whole file systems ---- */

/* Writes an empty file system of nblocks blocks through env. Blocks are taken to be zero (a fresh sparse image). */
int tfs_format(const struct tfs_env *, uint64_t nblocks);
/* Mounts. The env must stay valid until tfs_unmount. nblocks: size of the device, checked against the superblock. On
   failure the file system is NULL. */
int tfs_mount(const struct tfs_env *, uint64_t nblocks, struct tfs **);
/* Commits and forgets. All files and snapshots must have been released. */
int tfs_unmount(struct tfs *);
/* Makes everything up to now durable: flush, then the other superblock, then flush. Does nothing if nothing changed. */
int tfs_commit(struct tfs *);
void tfs_space(struct tfs *, struct tfs_space *);
/* Computes the self-checksum of a metadata block in place; env->flush calls it before writing one. */
void tfs_seal(void *data, uint64_t blk);
/* CRC32C (Castagnoli, RFC 3720 appendix B.4) of n bytes; crc = 0 to begin. */
uint32_t tfs_crc32c(uint32_t crc, const void *data, size_t n);

/* ---- blocks without a file, for swap ---- */

/*
 * Takes up to n consecutive free blocks: their number, and the first one in *blk. -TFS_ENOSPC when a write would get
 * that, too. They are held, so a crash gives them back. Their contents are the caller's affair, and not the cache's.
 */
int64_t tfs_borrow(struct tfs *, uint64_t n, uint64_t *blk);
void tfs_giveback(struct tfs *, uint64_t blk, uint64_t n);

/* ---- names ---- */

struct tfs_file *tfs_root(struct tfs *); /* takes a reference; cannot fail on a mounted fs */
void tfs_ref(struct tfs_file *);
void tfs_unref(struct tfs_file *); /* the last reference to a removed file frees its blocks */
int tfs_walk(struct tfs_file *dir, const char *name, struct tfs_file **); /* one name; ".." too */
int tfs_create(struct tfs_file *dir, const char *name, uint32_t mode, struct tfs_file **);
int tfs_remove(struct tfs_file *dir, const char *name); /* directories only when empty */
/* Replaces what has the new name: a file by a file, an empty directory by a directory. */
int tfs_rename(struct tfs_file *olddir, const char *oldname, struct tfs_file *newdir, const char *newname);
/* *cookie = 0 to begin. Returns 1 with an entry, 0 at the end. No "." or "..". */
int tfs_readdir(struct tfs_file *dir, uint64_t *cookie, struct tfs_dirent *);
int tfs_stat(struct tfs_file *, struct tfs_stat *);
int tfs_chmod(struct tfs_file *, uint32_t mode);
/* Does its mode allow that? `want` is of rwx bits (4, 2, 1). There are no users: what anybody may everybody may. 0 or -TFS_EACCES. */
int tfs_access(const struct tfs_file *, unsigned want);
int tfs_truncate(struct tfs_file *, uint64_t length); /* down or up (a hole); down: -TFS_EPERM if it is append-only */

/* ---- contents ---- */

int tfs_map(struct tfs_file *, uint64_t fblk, struct tfs_extent *);
/* Copies up to n bytes at off; returns the count (short at the end of file). */
int64_t tfs_read(struct tfs_file *, uint64_t off, void *buf, size_t n);
/*
 * Writes n bytes at off, extending the file and leaving a hole before off if need be.
 * Blocks that the last commit or a live snapshot can see are redirected. One
 * call bumps the version once. Returns n, or negative with the file unchanged in
 * every block that is not wholly written. -TFS_EPERM if the file is append-only and off is before its end, whoever opened it when.
 */
int64_t tfs_write(struct tfs_file *, uint64_t off, const void *buf, size_t n);
/*
 * As tfs_write, but leaves version and mtime alone: one part of a write that is made in several calls. The caller bumps
 * them with one tfs_touch. Returns how many bytes were written, fewer than n if an error came after them, or the error: so a call
 * that fails has changed nothing, and none is counted twice.
 */
int64_t tfs_write_part(struct tfs_file *, uint64_t off, const void *buf, size_t n);
/* Bumps version and mtime once: for a write whose every block was skipped (W2), or that was made in parts. */
int tfs_touch(struct tfs_file *);

/* ---- snapshots ---- */

/* What a snapshot keeps as it was, so that a write to it preserves the old block. */
enum tfs_scope {
    TFS_SCOPE_FILE,  /* the file */
    TFS_SCOPE_RANGE, /* those blocks of the file that are wanted */
    TFS_SCOPE_MOUNT, /* the contents of all files of the file system, as in gefs */
};

/* The scope of all snapshots; FILE after mounting. There must be none now. */
void tfs_set_scope(struct tfs *, enum tfs_scope);
/*
 * Freezes the file as it is now, in O(1). If the newest live snapshot of the file still equals the
 * file, that one gets another reference instead (so adjacent reads coalesce: R5).
 */
int tfs_snap_take(struct tfs_file *, struct tfs_snap **);
/*
 * The same for n blocks of the file from fblk on: with TFS_SCOPE_RANGE only these are good. One that is
 * shared becomes good from the first block asked for to the last.
 */
int tfs_snap_take_range(struct tfs_file *, uint64_t fblk, uint64_t n, struct tfs_snap **);
void tfs_snap_ref(struct tfs_snap *);
/* The last reference frees what it alone held. Returns 1 if it was the last. */
int tfs_snap_unref(struct tfs_snap *);
/*
 * A reference that says which blocks of the file it wants; the memory is the caller's, and private to the core. Like
 * tfs_snap_ref, tfs_snap_want and tfs_snap_rewant touch no block, cannot fail and cost O(log wants): they may be called
 * while somebody else is in the core. Blocks that are wanted must have been wanted, or held by a plain reference, since
 * the snapshot was taken.
 */
struct tfs_want {
    struct tfs_want *left, *right;
    uint64_t first, end, reach;
    uint32_t priority;
};
void tfs_snap_want(struct tfs_snap *, struct tfs_want *, uint64_t fblk, uint64_t n);
/* It wants other blocks from now on. Those that it leaves are not let go before another unref or unwant. */
void tfs_snap_rewant(struct tfs_snap *, struct tfs_want *, uint64_t fblk, uint64_t n);
/*
 * Gives the reference back. Preserved blocks that nobody wants any more are free, block by block (S2); if there are
 * very many preserved runs, that comes in batches of an eighth of them, or when space is short, so that it costs
 * O(log) a block. With TFS_SCOPE_MOUNT all stay until the last reference goes. Returns 1 if this was the last.
 */
int tfs_snap_unwant(struct tfs_snap *, struct tfs_want *);
uint64_t tfs_snap_length(const struct tfs_snap *); /* bytes */
uint64_t tfs_snap_ino(const struct tfs_snap *);
uint64_t tfs_snap_epoch(const struct tfs_snap *);
uint64_t tfs_snap_preserved(const struct tfs_snap *); /* data blocks preserved for it so far */
/* A pointer of the caller's, NULL at first (the kernel keeps the trace id there). */
void **tfs_snap_tag(struct tfs_snap *);
int tfs_snap_map(struct tfs_snap *, uint64_t fblk, struct tfs_extent *);
int64_t tfs_snap_read(struct tfs_snap *, uint64_t off, void *buf, size_t n);
/*
 * W1: compares blocks fblk .. fblk + max - 1 of the snapshot with those of the file. Sets *same to 1 if fblk
 * is the very same block in both (address and birth; two holes are the same), else 0, and returns how many
 * blocks from fblk on answer alike (>= 1, <= max). Shared subtrees are not descended into: if nothing
 * changed the cost does not grow with max. 0 in *same if the snapshot is of another file.
 */
int64_t tfs_snap_compare(struct tfs_snap *, struct tfs_file *, uint64_t fblk, uint64_t max, int *same);

/*
 * Whether block fblk of the snapshot is no longer its file's: then it is preserved. Returns for how many blocks from
 * fblk on that answer holds (>= 1, <= max).
 */
int64_t tfs_snap_changed(struct tfs_snap *, uint64_t fblk, uint64_t max, _Bool *changed);

/* ---- named snapshots of the whole file system: on the disk until they are removed ---- */

struct tfs_named {
    char name[64];
    uint64_t taken_ns;
    uint64_t epoch;
    uint64_t blocks; /* that it sees */
    uint64_t alone;  /* of these, that are kept for it alone: removing it frees them */
};

/*
 * Keeps the file system as it is now under a name (63 bytes at most, no '/'). Commits before and after. Costs a few blocks, whatever the size of
 * the files and of the device.
 */
int tfs_named_create(struct tfs *, const char *name);
/* -TFS_EBUSY while it is mounted. In any order. Costs what its successor's deadlist is long; a full device has room for that. */
int tfs_named_remove(struct tfs *, const char *name);
/* The newest first: *cookie = 0 to begin. Returns 1, 0 at the end, or negative. */
int tfs_named_next(struct tfs *, uint64_t *cookie, struct tfs_named *);
int tfs_named_count(struct tfs *, struct tfs_named *); /* blocks and alone, which _next leaves 0: it reads a deadlist */
/* The snapshot as a file system that cannot be changed. To be unmounted before fs is. */
int tfs_named_mount(struct tfs *, const char *name, struct tfs **);

/* ---- check ---- */

/* Says each finding in words through `say` (one call each). Returns the number of findings, or negative. */
int64_t tfs_check(struct tfs *, void (*say)(void *arg, const char *finding), void *arg);
/*
 * Repairs a file system that is not mounted, which may be impossible to mount; one superblock must be whole. Sound files stay as they
 * are; those that have lost contents, or their names, go to /lost+found. Says each repair through `say`. Nothing counts before the commit at the end.
 * Returns the number of repairs, or negative with the file system as it was.
 */
int64_t tfs_repair(const struct tfs_env *, uint64_t nblocks, void (*say)(void *arg, const char *repair), void *arg);

#endif
