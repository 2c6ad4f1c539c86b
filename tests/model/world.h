/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Model programs on the kernel's own segment code, compiled for the host (tests/khost): each operation is done there and
 * in the model and must give the same; besides, every few operations all memory and all files are
 * compared, and the rule that everything hangs on (segment.h) is checked.
 */
#ifndef WORLD_H
#define WORLD_H

#include "model.h"
#include "tests/khost/khost.h"

typedef struct WorldFile {
    uint64_t id; /* of the model's file */
    struct tfs_file *f;
} WorldFile;

enum { WORLD_BLOCKS = 16384 }; /* of a disk that does not fill up */

enum { WORLD_FILES = MODEL_NAMES + MODEL_PROCS * MODEL_FDS };

typedef struct World {
    Model *model;
    enum ev_enum_io_policy policy; /* of its deferred segments, */
    enum ev_enum_io_policy other;  /* but for region D's */
    Proc *proc[MODEL_PROCS];
    WorldFile file[WORLD_FILES];   /* f NULL: free */
    uint64_t free_blocks;          /* before the program */
    struct tfs_file *hog;          /* what takes the room of the disk (operation fill); NULL: nothing did */
    bool torn;                     /* a write may have been made in several parts: versions are not compared */
    unsigned check_every;          /* operations between two looks at everything; 0: never */
    unsigned long done;
    char why[300];                 /* what is wrong */
} World;

/* blocks: of the disk; frames: of memory at most, 0: no limit */
void world_begin(World *, enum ev_enum_io_policy, uint64_t blocks, uint64_t frames, unsigned check_every);
void world_end(World *);
/* Does op in the world and in the model. False if they do not agree: see why. */
bool world_do(World *, struct mop *op);
/* The disk has so many blocks left. */
int64_t world_fill(World *, uint64_t blocks);
/* Gives some of what world_fill took back. False: there is nothing left of it. */
bool world_give(World *);
void world_end_full(World *); /* gives back all of it */
/* The kernel's file of a file of the model. */
struct tfs_file *world_file(const World *, const MFile *);
/* All that processes and files hold, against the model; and the maps. */
bool world_check(World *);

/* A whole program. False: see why; *at is the number of the operation. */
bool run_in_world(World *, const struct mop *, unsigned long n, unsigned long *at);

#endif
