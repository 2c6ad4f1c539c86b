/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What encoder and decoder of access traces foretell (docs/access.md, "Predictors"): both ask first and learn afterwards,
 * and begin each block anew.
 */
#ifndef TARRY_ACCESS_PREDICT_H
#define TARRY_ACCESS_PREDICT_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "access.h"

#define PREDICT_CODES (1u << 16)
#define PREDICT_PAGES (1u << 12)

/* Of one slot of one piece of code. */
struct predict_slot {
    uint64_t last, stride, seen; /* a stride is believed when it came twice */
};

struct predict {
    uint32_t before, now;          /* the last two pieces that ran */
    uint32_t next[PREDICT_CODES];  /* by a hash of them */
    struct predict_page {
        uint64_t key, pa;          /* virtual page and address space, with bit 0 set; physical page */
    } pages[PREDICT_PAGES];
};

static inline void predict_clear(struct predict *p)
{
    memset(p, 0, sizeof *p);
}

static inline uint32_t *predict_code(struct predict *p)
{
    return &p->next[(p->before * 0x9e3779b1u ^ p->now * 0x85ebca6bu) >> 16];
}

static inline void predict_ran(struct predict *p, uint32_t code)
{
    *predict_code(p) = code;
    p->before = p->now;
    p->now = code;
}

static inline uint64_t predict_va(const struct predict_slot *s)
{
    return s->last + s->stride;
}

static inline void predict_access(struct predict_slot *s, uint64_t va)
{
    uint64_t stride = va - s->last;
    if (stride == s->seen)
        s->stride = stride;
    s->seen = stride;
    s->last = va;
}

/* The place of a virtual page. If it was another one's, the guess is the same physical address. */
static inline struct predict_page *predict_page(struct predict *p, uint64_t va_page, uint64_t satp)
{
    uint64_t key = (va_page ^ satp << 13 ^ satp >> 40) | 1, hash = (va_page >> 12 ^ satp) * 0x9e3779b97f4a7c15ull;
    struct predict_page *e = &p->pages[hash >> 52];
    if (e->key != key)
        *e = (struct predict_page){key, va_page};
    return e;
}

static inline uint64_t zigzag(uint64_t difference)
{
    return difference << 1 ^ (uint64_t)((int64_t)difference >> 63);
}

static inline uint64_t unzigzag(uint64_t code)
{
    return code >> 1 ^ (0 - (code & 1));
}

/* Parts of a block, in this order; and what the entries of PART_CONTEXT say. */
enum access_part { PART_CODE, PART_ORDER, PART_DATA, PART_PAGE, PART_CONTEXT, PARTS };
enum access_note { NOTE_CONTEXT, NOTE_INSN, NOTE_TIME, NOTE_CUT, NOTES };

#endif
