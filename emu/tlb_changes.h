/* SPDX-License-Identifier: GPL-2.0-only */
/* Who changed which entry of a page table last: for --stale-tlb, to name the place where a fence is missing. */
#ifndef EMU_TLB_CHANGES_H
#define EMU_TLB_CHANGES_H

#include <stdbool.h>
#include <stdint.h>

struct changes;

struct changes *changes_new(void); /* NULL: no memory */
void changes_free(struct changes *);
/* An entry of a page table has been read at pa: stores to its frame are kept from now on. */
void changes_table(struct changes *, uint64_t pa);
/* A store of `bytes` bytes by the instruction at pc, when so many instructions were retired (at its block's start). */
void changes_store(struct changes *, uint64_t pa, unsigned bytes, uint64_t pc, uint64_t insns);
/* The last store to the entry at pa. False, and nothing is set: not known. */
bool changes_find(const struct changes *, uint64_t pa, uint64_t *pc, uint64_t *insns);

#endif
