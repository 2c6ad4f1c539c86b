/* SPDX-License-Identifier: GPL-2.0-only */
/* Two direct-mapped tables: frames that hold page tables, and the last stores to them. The oldest is forgotten. */
#include "tlb_changes.h"

#include <stdlib.h>

enum { FRAMES = 1 << 16, STORES = 1 << 16 };

struct store {
    uint64_t pa, pc, insns; /* pa of the entry, 8 bytes; 0: none */
};

struct changes {
    uint64_t frame[FRAMES];
    struct store store[STORES];
};

struct changes *changes_new(void)
{
    return calloc(1, sizeof(struct changes));
}

void changes_free(struct changes *c)
{
    free(c);
}

void changes_table(struct changes *c, uint64_t pa)
{
    c->frame[(pa >> 12) % FRAMES] = pa >> 12;
}

void changes_store(struct changes *c, uint64_t pa, unsigned bytes, uint64_t pc, uint64_t insns)
{
    if (c->frame[(pa >> 12) % FRAMES] != pa >> 12)
        return;
    for (uint64_t entry = pa & ~7ull; entry < pa + bytes; entry += 8)
        c->store[(entry >> 3) % STORES] = (struct store){entry, pc, insns};
}

bool changes_find(const struct changes *c, uint64_t pa, uint64_t *pc, uint64_t *insns)
{
    const struct store *s = &c->store[(pa >> 3) % STORES];
    if (s->pa != pa)
        return false;
    *pc = s->pc;
    *insns = s->insns;
    return true;
}
