/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Channels: what a name leads to and a descriptor holds; and the devices behind them.
 */
#ifndef CHAN_H
#define CHAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lock.h"
#include "../include/tarry/abi.h"

typedef struct Chan Chan;
typedef struct Dev Dev;

struct Chan {
    uint32_t ref;
    const Dev *dev;
    bool isopen;
    int mode;        /* as opened: OREAD ... with OAPPEND */
    bool isdir;
    uint64_t qid;    /* identity within the device */
    uint64_t offset; /* bytes; moved under `io` where a transfer can sleep */
    QLock io;        /* over a transfer at the channel's own offset, if the device is seekable */
    void *aux;       /* the device's */
    uint64_t cookie; /* directory: how far the device has read, which is ... */
    uint64_t entry;  /* ... up to this entry */
    unsigned mounts; /* the root: mounted directories read */
};

/*
 * A device. Functions return 0 (or a count) or a negative T_ code with the error text set. A NULL
 * function: the device has no such operation.
 */
struct Dev {
    uint32_t letter;
    bool seekable; /* offsets mean something */
    int (*walk)(Chan *dir, const char *name, Chan **);
    int (*open)(Chan *, int mode); /* mode with OTRUNC */
    int (*create)(Chan *dir, const char *name, int mode, uint32_t perm, Chan **);
    /* To and from user memory at va. The range lies below TARRY_USER_TOP. */
    int64_t (*read)(Chan *, uint64_t va, uint64_t n, uint64_t off);
    int64_t (*write)(Chan *, uint64_t va, uint64_t n, uint64_t off);
    /* The next entry of a directory: 1, 0 at the end. c->cookie is 0 to begin. */
    int (*readdir)(Chan *c, struct tarry_stat *);
    int (*stat)(Chan *, struct tarry_stat *);
    /* dir and name: where the file is, for renaming */
    int (*wstat)(Chan *, Chan *dir, const char *name, const struct tarry_wstat *);
    int (*remove)(Chan *dir, const char *name);
    void (*cloned)(Chan *); /* c->aux has one more holder */
    void (*close)(Chan *); /* the last reference went */
};

Chan *newchan(const Dev *, uint64_t qid, bool isdir, void *aux); /* NULL with the error set: no memory */
void chanref(Chan *);
void putchan(Chan *);

/* The file that a path leads to, not open. Paths are walked from `/`, or from the working directory. */
int namec(const char *path, Chan **);
/* The directory of a path and its last element (TARRY_NAME_MAX + 1 bytes). */
int nameparent(const char *path, Chan **dir, char *last);
/* The path made absolute, without "." and "..". out: TARRY_PATH_MAX + 1 bytes. */
int cleanpath(char *out, const char *path);

/* Small synthetic directories and files. */
struct dirtab {
    const char *name;
    uint64_t qid;
    uint32_t perm;
    const Dev *dev;
};
void synthstat(struct tarry_stat *, const char *name, const Dev *, uint64_t qid, uint32_t perm);
/* Text of a synthetic file: the part that a read at off sees, copied to user memory. */
int64_t readtext(uint64_t va, uint64_t n, uint64_t off, const char *text);

extern const Dev fsdev, devdirdev, consdev, consctldev, nulldev, zerodev, spacedev, swapdev, tracedev, pipedev,
    procdev, snapdev;

/* The directories that are mounted on the root: the device's root by name, NULL if there is none of that name. */
Chan *mounted(const char *name, int *err);
Chan *devroot(void);
Chan *procroot(void);
Chan *snaproot(void); /* NULL too if there are no named snapshots */
int newpipe(Chan *ends[2]); /* [0] is read, [1] is written; both open */

#endif
