/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A model of a translation lookaside buffer: one or two arrays of the first level (instructions, data), one of the
 * second for both, and a cache of the walker's pointers. It holds what has been put into it and says who hits; walks,
 * faults and time are its user's business. The same calls in the same order give the same answers (random
 * replacement has a seed).
 *
 * What counts as a hit, a miss and an eviction is defined in docs/tlb.md.
 */
#ifndef MMU_TLB_H
#define MMU_TLB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "walk.h"

enum mmu_tlb_policy {
    MMU_TLB_LRU,    /* the least recently used entry of the set goes */
    MMU_TLB_PLRU,   /* the one that a binary tree of bits points at; ways are a power of two */
    MMU_TLB_FIFO,   /* the oldest */
    MMU_TLB_RANDOM, /* any */
};

/* One array. A set is chosen by the low bits of the number of the 4 KiB page. */
struct mmu_tlb_geometry {
    unsigned entries; /* a multiple of ways; the number of sets is a power of two. 0: there is no such array */
    unsigned ways;    /* 1 to 4096; == entries: fully associative */
    enum mmu_tlb_policy policy;
    unsigned large;   /* further entries for superpages, fully associative, of the same policy. 0: a superpage takes one
                         of the others for each of its 4 KiB pages that is used */
};

struct mmu_tlb_config {
    struct mmu_tlb_geometry itlb; /* 0 entries: instructions use dtlb, too */
    struct mmu_tlb_geometry dtlb;
    struct mmu_tlb_geometry l2;   /* may have 0 entries */
    unsigned walk_entries;        /* pointers that the walker remembers (fully associative, LRU); 0: none */
    unsigned asid_bits;           /* 0 to 16. 0: the user fences when the address space changes */
    uint64_t seed;                /* of random replacement */
};

struct mmu_tlb_entry {
    uint64_t va;    /* of its first byte */
    uint64_t bytes; /* what it translates: the page, or 4 KiB of a superpage (see large) */
    uint64_t pte;   /* the leaf as it was when the entry was made */
    uint64_t pte_pa; /* where it lies */
    unsigned level; /* of the leaf */
    unsigned asid;
    bool global;    /* matches any ASID */
    bool valid;
    bool mark;      /* the user's; a new entry has none */
};

enum mmu_tlb_place { MMU_TLB_L1, MMU_TLB_L2, MMU_TLB_MISS };

enum mmu_tlb_array { MMU_TLB_INSTRUCTION, MMU_TLB_DATA, MMU_TLB_SECOND, MMU_TLB_ARRAYS };

/* What a call threw out, by array; valid: there was such an entry. */
struct mmu_tlb_victims {
    struct mmu_tlb_entry entry[MMU_TLB_ARRAYS];
};

struct mmu_tlb;

/* NULL, or what is wrong with it in words. */
const char *mmu_tlb_check(const struct mmu_tlb_config *);
/* Bytes that mmu_tlb_init needs for a configuration that is right. */
size_t mmu_tlb_bytes(const struct mmu_tlb_config *);
/* Makes an empty TLB in `memory` (aligned for any type). */
struct mmu_tlb *mmu_tlb_init(void *memory, const struct mmu_tlb_config *);

/*
 * An access to va: where its entry is found, and the entry (valid until the next call). One of the second level is
 * copied into the first one, where another may have to go. On a miss *entry is NULL and nothing has changed.
 */
enum mmu_tlb_place mmu_tlb_access(struct mmu_tlb *, uint64_t va, unsigned asid, enum mmu_access,
                                  struct mmu_tlb_entry **entry, struct mmu_tlb_victims *);
/* The same without any effect: the entry, if there is one not deeper than this level (MMU_TLB_L1, MMU_TLB_L2). */
const struct mmu_tlb_entry *mmu_tlb_probe(const struct mmu_tlb *, uint64_t va, unsigned asid, enum mmu_access,
                                          enum mmu_tlb_place deepest);
/*
 * A walk for va found this leaf, which lies at pte_pa, at `level`: puts it into both levels. What they hold of the page
 * is replaced in place. `global`: the leaf or a pointer on the way has G.
 */
void mmu_tlb_fill(struct mmu_tlb *, uint64_t va, unsigned asid, enum mmu_access, uint64_t pte, uint64_t pte_pa,
                  unsigned level, bool global, struct mmu_tlb_victims *);
/* Called with each entry that a fence drops. */
typedef void mmu_tlb_dropped(void *arg, enum mmu_tlb_array, const struct mmu_tlb_entry *);
/*
 * sfence.vma (privileged spec, 4.2.1): of one address if va is not NULL, of one address space - but for what is
 * global - if asid is not NULL. `dropped` may be NULL. Returns how many entries have gone.
 */
unsigned mmu_tlb_fence(struct mmu_tlb *, const uint64_t *va, const unsigned *asid, mmu_tlb_dropped *dropped, void *arg);
/* Can an access that hits in this array change which entry goes next? False for FIFO and random replacement. */
bool mmu_tlb_hits_matter(const struct mmu_tlb *, enum mmu_access);
/*
 * Would an access to va hit in the first level and change nothing? For LRU and pseudo-LRU it must be the last one that was used in
 * its set; otherwise any hit.
 */
bool mmu_tlb_settled(const struct mmu_tlb *, uint64_t va, unsigned asid, enum mmu_access);

/*
 * The walk cache. Where a walk of `levels` levels for va may begin: the level whose table, at *table, is the first to be
 * read. `levels` - 1: nothing is known, *table is unchanged. *global: a pointer that is skipped has G.
 */
unsigned mmu_tlb_walk_start(struct mmu_tlb *, uint64_t va, unsigned asid, unsigned levels, uint64_t *table,
                            bool *global);
/* A walk read a pointer at `level` (1 or more) which leads to `table`. */
void mmu_tlb_walk_note(struct mmu_tlb *, uint64_t va, unsigned asid, unsigned level, uint64_t table, bool global);

/* All entries of an array one by one: the i-th, or NULL behind the last. It may not be valid. */
const struct mmu_tlb_entry *mmu_tlb_entry_at(const struct mmu_tlb *, enum mmu_tlb_array, unsigned i);
/* The set and the way of the i-th. True: it is of those for superpages, which are one set. */
bool mmu_tlb_place_at(const struct mmu_tlb *, enum mmu_tlb_array, unsigned i, unsigned *set, unsigned *way);

#endif
