/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The I/O policies of SEMANTICS.md: what a read into a deferred segment does, and what a write from one may spare.
 * docs/policies.md compares them. A new policy is a value of enum io_policy, a row of the table in policy.c and the
 * function that the row names.
 */
#ifndef POLICY_H
#define POLICY_H

#include "segment.h"
#include "../../fs/tfs.h"

/* The file that a read call reads, and a snapshot that has its bytes as they were at the instant of the call (R1). */
typedef struct Input {
    struct tfs_file *f;
    struct tfs_snap *snap;
} Input;

typedef struct Policy {
    const char *name; /* as --io has it */
    /*
     * Makes [va, va + n) of a segment hold the bytes of the file from off on, all of which are before its end. 0 or an
     * error. The caller holds no lock.
     */
    int (*read)(Segment *, uint64_t va, uint64_t n, const Input *, uint64_t off);
    bool skips;   /* a write spares what the file still holds (W1) */
    bool rejoins; /* what was written comes from the file afterwards (W4) */
    bool whole;   /* only whole pages are ever associated with a file */
    bool live;    /* associated with the file itself, not with a snapshot of it */
    bool maps;    /* what was read is a mapping: stores and zeros may be meant for the file */
    bool zeros;   /* a read of zeros changes sources, and touches no page (R8) */
} Policy;

/* The policy of reads into a segment: its own if it is of type defer, else eager. */
const Policy *policyof(const Segment *);
/* The policy of that name goes to *policy; false if there is none. */
bool policynamed(const char *name, enum ev_enum_io_policy *policy);

/* Conventional: every byte at the call, through the cache. (readnow.c) */
int readnow(Segment *, uint64_t va, uint64_t n, const Input *, uint64_t off);
/*
 * Asks the disk for what of n bytes of the file at off lies together on it and is mapped by x. Returns the number of
 * blocks, those that were in the cache included; errors show again where the blocks are used.
 */
uint64_t readcluster(const struct tfs_extent *x, uint64_t ino, uint64_t off, uint64_t n);

/* --lend: aligned fills share the block cache's frame in place of copying it (R11). */
extern bool lending;
/* --snapshot: what snapshots keep. */
extern enum tfs_scope snapshot_scope;
/* The scope of that name goes to *scope; false if there is none. */
bool scopenamed(const char *name, enum tfs_scope *scope);

#endif
