/* SPDX-License-Identifier: GPL-2.0-only */
/* No branch depends on the data: a guess that fails costs more than a whole word. */
#include "pack.h"
#include <string.h>

#define CODES 16 /* where the codes of the words begin in the head: two bits each, behind kind and flags */

_Static_assert(EV_COUNT <= 256, "a byte holds the kind");
_Static_assert(CODES + 2 * RECORD_WORDS <= 64, "the head has room for all codes");

static unsigned words_of(const struct record *r)
{
    const struct event *e = &catalogue_events[r->kind];

    return r->kind == EV_none ? 3 : W_COLUMNS + e->ncols + (r->flags & REC_OPEN ? 0 : e->nresults);
}

unsigned char *pack(struct packer *p, unsigned char *at, const struct record *r)
{
    unsigned n = words_of(r);
    uint64_t head = r->kind | (uint64_t)r->flags << 8, *last = p->last[r->kind];
    unsigned char *body = at + sizeof(head);

    for (unsigned i = 0; i < n; i++) {
        uint64_t more = r->words[i] - last[i], folded = more << 1 ^ (uint64_t)((int64_t)more >> 63);
        unsigned code = (folded != 0) + (folded >> 16 != 0) + (folded >> 32 != 0);
        memcpy(body, &folded, sizeof(folded));
        body += 1u << code & ~1u;
        head |= (uint64_t)code << (CODES + 2 * i);
        last[i] = r->words[i];
    }
    memcpy(at, &head, sizeof(head));
    return body;
}

const unsigned char *unpack(struct packer *p, const unsigned char *at, struct record *r)
{
    static const uint64_t mask[] = {0, 0xffff, 0xffffffff, UINT64_MAX};
    uint64_t head, *last;
    unsigned n;

    memcpy(&head, at, sizeof(head));
    at += sizeof(head);
    r->kind = head & 0xff;
    r->flags = head >> 8 & 0xff;
    last = p->last[r->kind];
    n = words_of(r);
    head >>= CODES;
    for (unsigned i = 0; i < n; i++, head >>= 2) {
        uint64_t folded;
        memcpy(&folded, at, sizeof(folded));
        folded &= mask[head & 3];
        at += 1u << (head & 3) & ~1u;
        r->words[i] = last[i] += folded >> 1 ^ -(folded & 1);
    }
    memset(r->words + n, 0, (RECORD_WORDS - n) * sizeof(r->words[0]));
    return at;
}
