/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A machine-mode guest that makes random page tables and accesses memory through them, in every mode, and prints a
 * digest of what happened. The same program runs on Tarry and on a reference: tests/walks/compare.py. One access
 * in one context is a case; a batch of them begins with tables of its own, so that it can be repeated alone.
 */
#ifndef WALKS_H
#define WALKS_H

#include <stddef.h>

#include "../guest/guest.h"

#define PAGE 4096ull
#define BATCH 1000 /* cases */

#define MPP_SHIFT 11
#define MPRV (1ull << 17)
#define SUM (1ull << 18)
#define MXR (1ull << 19)
#define PTE_PPN 0x003ffffffffffc00ull

/* Written into the program before it runs (compare.py). */
struct parameters {
    uint64_t seed, first, batches;
    uint64_t from, to; /* cases of a batch that are printed in words: [from, to) */
    uint64_t rules;    /* of what is compared: enum rules */
};
extern struct parameters parameters;

enum rules {
    EXACT = 1,    /* the reference does what the specification says: everything */
    OPEN_BITS = 2 /* A and D may or may not be set by an access fault, or by an AMO that faults; which fault that is is
                     open, too */
};

enum kind {
    LB,
    LH,
    LW,
    LD,
    SB,
    SH,
    SW,
    SD,
    AMOADD_W,
    AMOADD_D,
    AMOSWAP_W,
    AMOSWAP_D,
    LR_W,
    LR_D,
    LR_SC_W,
    LR_SC_D,
    FETCH,
    KINDS
};
enum mode { IN_U = 0, IN_S = 1, IN_M = 3 };
enum fence { NO_FENCE, FENCE_ALL, FENCE_ASID, FENCE_VA, FENCE_VA_ASID };

/* An address space. */
struct context {
    uint64_t satp;
    unsigned levels; /* 0: bare */
    unsigned asid;
    uint64_t *root;
};

/* The entries that an address is translated by, from the root on, and the leaf's level. */
struct path {
    uint64_t va, target; /* the target is where the leaf leads if nothing is wrong with it */
    unsigned leaf, n;
    volatile uint64_t *entry[4];
    uint64_t before[4]; /* as last written */
};

/* One access. start.S knows the order. */
struct access {
    uint64_t pc, mstatus, va, value; /* a1 and a2 */
    uint64_t by_mprv;
    uint64_t cause, tval, epc, a0, a1, a2; /* the trap that it ended by, and the registers */
    enum kind kind;
    enum mode mode;
    enum fence fence; /* the one before it */
};

void do_access(struct access *);
extern char stubs[]; /* 16 bytes for each kind but FETCH: the access, then ecall */

/* ---- random.c ---- */
void set_random(uint64_t seed, uint64_t batch);
uint64_t rnd(void);
unsigned below(unsigned n);
static inline int one_in(unsigned n)
{
    return below(n) == 0;
}

/* ---- tables.c ---- */
void new_tables(void);
struct context *some_context(void);
uint64_t stub_address(const struct context *, enum mode);
/* An address with random entries; `neighbour` has the page after it. They go to memory at once. */
void make_path(const struct context *, struct path *, int code, struct path *neighbour);
/* Writes another leaf. */
void change_leaf(struct path *);
void set_bits(const struct path *); /* A and D in the leaf */
void rewrite(struct path *);
extern int global_seen; /* on this path: entries of it may be of all address spaces */
extern int nowhere;     /* the path leads to a table where no memory is */
uint64_t digest_of_frames(uint64_t digest);

/* ---- words.c ---- */
void describe(uint64_t batch, unsigned n, const struct context *, const struct path *, const struct path *,
              const struct access *);

#endif
