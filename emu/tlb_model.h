/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hart's TLB as an object of study: the model of mmu/tlb.h in step with the accesses of the guest, exactly.
 *
 * Unicorn's own soft TLB is not looked at: what it holds depends on the host. Instead it is kept a subset of the model's data
 * entries - whenever one of those goes, it is emptied - so that an access it answers by itself is a hit that changes
 * nothing, and every other one comes to the fill hook. Where hits matter (LRU, pseudo-LRU) it may only hold what was used
 * last in each set; with few sets that changes too often, and each load and store is looked at, which is slow. Fetches are
 * looked at block by block. What is counted, and when, is defined in docs/tlb.md.
 */
#ifndef EMU_TLB_MODEL_H
#define EMU_TLB_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include <unicorn/unicorn.h>

#include "../mmu/tlb.h"

struct block;
struct hart;

enum { TLB_TEXT = 200 };

/* What --tlb asks for. */
struct tlb_options {
    bool on;
    bool stale;       /* translations are the model's entries, fresh or not */
    struct mmu_tlb_config config;
    bool watch;       /* every load and store is looked at, whether that is needed or not */
    uint64_t walk_ns; /* virtual time for each entry of a page table that a walk reads */
    uint64_t l2_ns;   /* virtual time of a hit in the second level */
    char text[TLB_TEXT];   /* as typed */
};

/*
 * Reads "KEY=VALUE,..." (docs/tlb.md); what is not named keeps its default. Returns 0, or -1 with a message in err.
 */
int tlb_options_parse(struct tlb_options *, const char *text, char *err, size_t errlen);
/* Makes it fit for a software-managed TLB: 64 entries, random, if it is not on. -1 and a message: it has more than one array. */
int tlb_options_soft(struct tlb_options *, char *err, size_t errlen);
extern const char tlb_options_help[];

/* Counts of one kind of access; index: enum mmu_access. */
struct tlb_counts {
    uint64_t accesses;   /* instructions retired; loads and stores begun by retired instructions */
    uint64_t misses;     /* of the first level */
    uint64_t second;     /* of these, hits in the second level */
    uint64_t walks;      /* of these, the others; refused ones included */
    uint64_t refused;    /* walks that found no translation: page faults */
    uint64_t references; /* entries of page tables that were read */
    uint64_t again;      /* further walks, after a hit: a store at an entry without D, or without the right */
    uint64_t evictions;  /* entries of the first level thrown out for another */
};

struct tlb_model;

/* NULL and a message if there is no memory. */
struct tlb_model *tlb_model_new(struct hart *, const struct tlb_options *, char *err, size_t errlen);
void tlb_model_free(struct tlb_model *);
/* Counts so far, three of them. */
const struct tlb_counts *tlb_model_counts(const struct tlb_model *);
/* What it was made from. */
const struct tlb_options *tlb_model_options(const struct tlb_model *);
/* The model itself, to be looked at. */
const struct mmu_tlb *tlb_model_tlb(const struct tlb_model *);
/* Writes the counts as rows of the trace (tlb_total), at the end of a run. */
void tlb_model_report(struct tlb_model *);

/* ---- what the hart tells the model ---- */

/* A block begins: it is fetched, and its loads and stores will be done. */
void tlb_model_begin(struct tlb_model *, const struct block *);
/* The block is over before the instruction at pc. */
void tlb_model_cut(struct tlb_model *, const struct block *, uint64_t pc);
/* Something of the page of va is fetched. */
void tlb_model_fetch(struct tlb_model *, uint64_t va);
/*
 * Unicorn asks for an entry for a load or store that is allowed. Returns which of `rights` the entry may have so that what
 * the model must see comes here again.
 */
unsigned tlb_model_data(struct tlb_model *, uint64_t va, enum mmu_access, unsigned rights);
/* The same for a fetch, which is not counted here. */
unsigned tlb_model_fetch_rights(struct tlb_model *, uint64_t va, unsigned rights);
/* Is each load and store to be looked at, by tlb_model_hook (UC_HOOK_MEM_READ and _WRITE)? */
bool tlb_model_watches(const struct tlb_model *);
void tlb_model_hook(uc_engine *, uc_mem_type, uint64_t pa, int bytes, int64_t value, void *hart);
/* An access of the instruction at hand that ended in a page fault or an access fault. */
void tlb_model_refused(struct tlb_model *, uint64_t va, enum mmu_access);
/* sfence.vma; row: of it in the trace; va, asid: as mmu_tlb_fence. */
void tlb_model_fence(struct tlb_model *, uint64_t row, const uint64_t *va, const uint64_t *asid);
/* The SBI's remote fence of a range; more than a few pages: of all. */
void tlb_model_fence_range(struct tlb_model *, uint64_t row, uint64_t va, uint64_t bytes, const uint64_t *asid);
/* satp has changed, or what M mode's accesses are translated by: the next fetch is looked at anew. */
void tlb_model_switch(struct tlb_model *);
/* The bits that satp has: as many of its ASID as the configuration says. */
uint64_t tlb_model_satp_mask(const struct tlb_model *);
/*
 * A software-managed TLB (satp.MODE 15, docs/softtlb.md) is the model itself. The entry of a page, NULL if there is none; its
 * leaf, 0 if there is none; and a new one, of the current address space, in the place that the policy chooses.
 */
const struct mmu_tlb_entry *tlb_model_entry(const struct tlb_model *, uint64_t va, enum mmu_access);
uint64_t tlb_model_read(const struct tlb_model *, uint64_t va);
void tlb_model_write(struct tlb_model *, uint64_t va, uint64_t pte);
/* With --stale-tlb: the entry that this access is translated by; NULL: the page table. */
const struct mmu_tlb_entry *tlb_model_stale_entry(const struct tlb_model *, uint64_t va, enum mmu_access);

#endif
