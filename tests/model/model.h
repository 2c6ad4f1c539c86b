/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The reference model: what operations of model programs must give. Files and segments are arrays of bytes; a read
 * copies, a write copies, a fork copies; nothing is shared but what the program can see to be shared (segment
 * B, offsets of descriptors). There is nothing to get wrong in it that deferred I/O is about.
 */
#ifndef MODEL_H
#define MODEL_H

#include <stdbool.h>
#include "guestos/user/modelrun/program.h"
#include "guestos/include/tarry/abi.h"

typedef struct Bytes { /* contents of a segment */
    unsigned ref;      /* processes that have it */
    uint64_t n;
    unsigned char *at;
} Bytes;

typedef struct MFile {
    unsigned ref; /* names and descriptors */
    uint64_t id;  /* never used again in a model */
    uint32_t mode;
    uint64_t mtime; /* the model's clock when it was changed last */
    uint64_t version, length, room;
    unsigned char *at; /* room bytes, zeros from length on */
} MFile;

typedef struct MPipe {
    unsigned ends[2]; /* open descriptors of the read and the write end */
    uint64_t in, out; /* bytes written and read */
    unsigned char ring[MODEL_PIPE];
} MPipe;

enum mopen { OPEN_FILE, OPEN_ZERO, OPEN_READ_END, OPEN_WRITE_END };

typedef struct MOpen { /* what a descriptor stands for */
    unsigned ref;
    enum mopen is;
    int mode;
    uint64_t offset;
    MFile *file;
    MPipe *pipe;
} MOpen;

typedef struct MProc {
    Bytes *region[MODEL_REGIONS]; /* NULL: detached */
    MOpen *fd[MODEL_FDS];
} MProc;

typedef struct Model {
    struct layout layout;
    MProc *proc[MODEL_PROCS]; /* NULL: there is none */
    MFile *name[MODEL_NAMES];
    bool dir[MODEL_DIRS]; /* there is one */
    uint64_t last_id, clock;
} Model;

Model *model_new(void);
void model_free(Model *);
/* Does op and puts into it what it must give. */
void model_do(Model *, struct mop *op);

/* Is the directory of a file's name there? */
bool model_reaches(const Model *, unsigned name);

/* Would op wait for ever, or be the end of a process that it should not be? Such operations have no place in a program. */
bool model_allows(const Model *, const struct mop *op);

/* Is the whole range in regions that the process has attached, writable if asked? */
bool model_has(const Model *, const MProc *, uint64_t va, uint64_t n, bool writable);
/* The region that holds the address; -1: none. */
int region_at(const Model *, uint64_t va);
/* n bytes at va of a process, which must have them; to and from. */
void model_peek(const Model *, const MProc *, uint64_t va, void *to, uint64_t n);
void model_poke(Model *, MProc *, uint64_t va, const void *from, uint64_t n);

#endif
