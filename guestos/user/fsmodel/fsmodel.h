/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The model of a small directory tree, and random operations on it and on the real one. What operation k does depends on
 * the seed, on k, and on the model as operations 1 to k - 1 have left it: so the model of any moment can be had again
 * by going through the operations without the file system, and after a crash it is known what must be there.
 */
#ifndef FSMODEL_H
#define FSMODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TOP "/model"

enum { NFILES = 12, NDIRS = 3, MAX_BYTES = 96 * 1024, PATH = 64 };

struct file {
    bool exists, append;
    unsigned dir, name; /* its place: file `name` in directory `dir` */
    uint32_t mode;
    size_t length;
    uint8_t *bytes; /* MAX_BYTES; zero from length on */
};

struct model {
    uint64_t seed;
    struct file file[NFILES];
    bool subdir[NDIRS]; /* an empty directory in directory i */
};

enum kind {
    OP_WRITE, OP_WRITE_BACK, OP_COPY, OP_APPEND, OP_CWRITE, OP_TRUNCATE, OP_CREATE, OP_REMOVE, OP_RENAME, OP_CHMOD, OP_MKDIR,
    OP_SYNC, OP_READ, OP_SNAP, OP_LOOK, OP_VERIFY
};

struct op {
    enum kind kind;
    unsigned file, other;   /* other: what is written comes from it, or is replaced by a renaming */
    unsigned dir, name;     /* rename, create: to there */
    size_t off, n, from;    /* from: offset in `other` */
    size_t dirty, ndirty;   /* write back: these bytes of the buffer are stored into first */
    uint64_t data;          /* the seed of what is written */
    uint32_t mode;
    bool deferred;          /* into, or from, a deferred segment */
    bool stale;             /* cwrite: the version is an old one */
};

/* ---- model.c ---- */
void model_init(struct model *, uint64_t seed);
/* What operation k is. */
struct op model_op(const struct model *, uint64_t k);
/* What it does to the model. */
void model_apply(struct model *, const struct op *);
/* The bytes that it writes, n of them. */
void op_bytes(const struct op *, uint8_t *to, size_t n);
uint64_t draw(uint64_t *x, uint64_t below);
void path_of(char *path, unsigned dir, unsigned name);
/* Which file has that place; NFILES: none. */
unsigned file_at(const struct model *, unsigned dir, unsigned name);

/* ---- real.c: the file system. Each returns NULL, or what is wrong. ---- */
const char *real_init(void);                                       /* makes the directories if they are not there */
const char *real_apply(const struct model *before, const struct op *, uint64_t k); /* and compares what it reads */
const char *real_verify(const struct model *);
const char *wrong(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
