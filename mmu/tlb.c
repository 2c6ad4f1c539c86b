/* SPDX-License-Identifier: GPL-2.0-only */
/* The TLB model. An array is a bank of entries in sets, and another for superpages (one set). */
#include <string.h>

#include "pte.h"
#include "tlb.h"

#define NO_PAGE (~0ull) /* no page has this number */

enum { MAX_WAYS = 4096, MAX_ENTRIES = 1 << 20 };

struct bank {
    unsigned sets, ways;
    enum mmu_tlb_policy policy;
    bool large;        /* entries of any size; else of 4 KiB */
    uint64_t clock;    /* LRU: of the last use. FIFO: of the last entry made */
    uint64_t random;
    uint64_t *page;    /* by set and way: number of the 4 KiB page that it begins at; NO_PAGE: not valid */
    uint64_t *state;   /* of each entry. LRU: the time of its last use. FIFO: when it was made. PLRU: of each but a set's
                          first a bit of the tree, by node number */
    struct mmu_tlb_entry *entry;
};

struct array {
    struct bank small, large; /* ways == 0: none */
};

struct pointer {
    uint64_t prefix; /* va >> shift of its level */
    uint64_t table;
    uint64_t used;
    unsigned asid, level;
    bool global, valid;
};

struct mmu_tlb {
    struct array array[MMU_TLB_ARRAYS];
    bool unified;
    unsigned walk_entries;
    struct pointer *pointer;
    uint64_t clock;
};

static uint64_t page_of(uint64_t va)
{
    return va >> PAGE_SHIFT_4K;
}

static bool power_of_two(unsigned n)
{
    return n && (n & (n - 1)) == 0;
}

static const char *check_geometry(const struct mmu_tlb_geometry *g)
{
    if (g->entries == 0)
        return g->large ? "an array without entries cannot have entries for superpages" : NULL;
    if (g->entries > MAX_ENTRIES || g->large > MAX_WAYS)
        return "too many entries";
    if (g->ways == 0 || g->ways > MAX_WAYS)
        return "ways must be 1 to 4096";
    if (g->entries % g->ways || !power_of_two(g->entries / g->ways))
        return "entries must be ways times a power of two";
    if (g->policy == MMU_TLB_PLRU && (!power_of_two(g->ways) || (g->large && !power_of_two(g->large))))
        return "pseudo-LRU needs a power of two of ways";
    return NULL;
}

const char *mmu_tlb_check(const struct mmu_tlb_config *c)
{
    const struct mmu_tlb_geometry *all[] = {&c->itlb, &c->dtlb, &c->l2};
    for (unsigned i = 0; i < 3; i++) {
        const char *why = check_geometry(all[i]);
        if (why)
            return why;
    }
    if (c->dtlb.entries == 0)
        return "there must be a data TLB";
    if (c->asid_bits > 16)
        return "an ASID has at most 16 bits";
    return c->walk_entries > MAX_WAYS ? "too many entries" : NULL;
}

static size_t bank_bytes(size_t n)
{
    return n * (sizeof(uint64_t) + sizeof(uint64_t) + sizeof(struct mmu_tlb_entry));
}

size_t mmu_tlb_bytes(const struct mmu_tlb_config *c)
{
    const struct mmu_tlb_geometry *all[] = {&c->itlb, &c->dtlb, &c->l2};
    size_t bytes = sizeof(struct mmu_tlb) + c->walk_entries * sizeof(struct pointer);
    for (unsigned i = 0; i < 3; i++)
        bytes += bank_bytes(all[i]->entries) + bank_bytes(all[i]->large);
    return bytes;
}

static void *take(char **memory, size_t bytes)
{
    void *p = *memory;
    *memory += bytes;
    return p;
}

static void init_bank(struct bank *b, unsigned entries, unsigned ways, const struct mmu_tlb_geometry *g, uint64_t seed,
                      char **memory)
{
    b->ways = entries ? ways : 0;
    b->sets = entries ? entries / ways : 0;
    b->policy = g->policy;
    b->random = seed;
    b->entry = take(memory, entries * sizeof *b->entry);
    b->page = take(memory, entries * sizeof *b->page);
    b->state = take(memory, entries * sizeof *b->state);
    memset(b->entry, 0, entries * sizeof *b->entry);
    memset(b->state, 0, entries * sizeof *b->state);
    for (unsigned i = 0; i < entries; i++)
        b->page[i] = NO_PAGE;
}

struct mmu_tlb *mmu_tlb_init(void *memory, const struct mmu_tlb_config *c)
{
    const struct mmu_tlb_geometry *all[MMU_TLB_ARRAYS] = {&c->itlb, &c->dtlb, &c->l2};
    char *at = memory;
    struct mmu_tlb *t = take(&at, sizeof *t);
    memset(t, 0, sizeof *t);
    t->unified = c->itlb.entries == 0;
    t->walk_entries = c->walk_entries;
    for (unsigned i = 0; i < MMU_TLB_ARRAYS; i++) {
        struct array *a = &t->array[i];
        uint64_t seed = (c->seed + 1 + i) * 0x9e3779b97f4a7c15ull;
        init_bank(&a->small, all[i]->entries, all[i]->ways, all[i], seed | 1, &at);
        init_bank(&a->large, all[i]->large, all[i]->large, all[i], (seed ^ seed >> 29) | 1, &at);
        a->large.large = true;
    }
    t->pointer = take(&at, c->walk_entries * sizeof *t->pointer);
    memset(t->pointer, 0, c->walk_entries * sizeof *t->pointer);
    return t;
}

/* ---- replacement ---- */

/*
 * The tree's nodes are numbered from 1, those below node n are 2n and 2n + 1; leaves are ways. A node's bit points at
 * the half that goes next.
 */
static void plru_touch(uint64_t *tree, unsigned ways, unsigned way)
{
    for (unsigned node = ways + way; node > 1; node /= 2)
        tree[node / 2] = (node & 1) == 0;
}

static unsigned plru_victim(const uint64_t *tree, unsigned ways)
{
    unsigned node = 1;
    while (node < ways)
        node = 2 * node + (unsigned)tree[node];
    return node - ways;
}

static void touch(struct bank *b, unsigned set, unsigned way)
{
    if (b->policy == MMU_TLB_LRU)
        b->state[set * b->ways + way] = ++b->clock;
    else if (b->policy == MMU_TLB_PLRU)
        plru_touch(&b->state[set * b->ways], b->ways, way);
}

static unsigned oldest(const uint64_t *when, unsigned ways)
{
    unsigned best = 0;
    for (unsigned i = 1; i < ways; i++)
        if (when[i] < when[best])
            best = i;
    return best;
}

static unsigned newest(const uint64_t *when, unsigned ways)
{
    unsigned best = 0;
    for (unsigned i = 1; i < ways; i++)
        if (when[i] > when[best])
            best = i;
    return best;
}

/* xorshift64 */
static uint64_t next_random(uint64_t *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 7;
    *x ^= *x << 17;
    return *x;
}

/* A way that is not valid, the first of them; else by the policy. */
static unsigned victim(struct bank *b, unsigned set)
{
    unsigned first = set * b->ways;
    for (unsigned i = 0; i < b->ways; i++)
        if (b->page[first + i] == NO_PAGE)
            return i;
    switch (b->policy) {
    case MMU_TLB_LRU:
    case MMU_TLB_FIFO:
        return oldest(&b->state[first], b->ways);
    case MMU_TLB_PLRU:
        return plru_victim(&b->state[first], b->ways);
    case MMU_TLB_RANDOM:
        break;
    }
    return (unsigned)((next_random(&b->random) >> 16) % b->ways);
}

/* ---- one bank ---- */

static bool matches(const struct mmu_tlb_entry *e, unsigned asid)
{
    return e->global || e->asid == asid;
}

static unsigned set_of(const struct bank *b, uint64_t page)
{
    return (unsigned)page & (b->sets - 1);
}

static int find_large(const struct bank *b, uint64_t va, unsigned asid)
{
    for (unsigned i = 0; i < b->ways; i++) {
        const struct mmu_tlb_entry *e = &b->entry[i];
        if (e->valid && va - e->va < e->bytes && matches(e, asid))
            return (int)i;
    }
    return -1;
}

/* Its number in the bank, or -1 */
static int find(const struct bank *b, uint64_t va, unsigned asid)
{
    if (b->ways == 0)
        return -1;
    if (b->large)
        return find_large(b, va, asid);
    uint64_t page = page_of(va);
    unsigned first = set_of(b, page) * b->ways;
    for (unsigned i = first; i < first + b->ways; i++)
        if (b->page[i] == page && matches(&b->entry[i], asid))
            return (int)i;
    return -1;
}

static void drop(struct bank *b, unsigned i)
{
    b->entry[i].valid = false;
    b->page[i] = NO_PAGE;
}

static void put(struct bank *b, const struct mmu_tlb_entry *e, struct mmu_tlb_entry *out)
{
    int old = find(b, e->va, e->asid);
    unsigned set = b->large ? 0 : set_of(b, page_of(e->va));
    unsigned way = old >= 0 ? (unsigned)old - set * b->ways : victim(b, set);
    unsigned i = set * b->ways + way;
    if (old < 0 && b->entry[i].valid)
        *out = b->entry[i];
    if (old < 0 && b->policy == MMU_TLB_FIFO)
        b->state[i] = ++b->clock;
    b->entry[i] = *e;
    b->page[i] = page_of(e->va);
    touch(b, set, way);
}

/* What a fence is about, and who wants to know. */
struct fence {
    const uint64_t *va;
    const unsigned *asid;
    mmu_tlb_dropped *dropped;
    void *arg;
};

static bool names(const struct fence *f, const struct mmu_tlb_entry *e)
{
    if (!e->valid || (f->asid && (e->global || e->asid != *f->asid)))
        return false;
    /* Of a superpage that lies here in pieces, all of them: the leaf has changed. */
    uint64_t page = 1ull << (PAGE_SHIFT_4K + e->level * PTE_INDEX_BITS);
    return !f->va || ((*f->va ^ e->va) & ~(page - 1)) == 0;
}

static unsigned fence_bank(struct bank *b, enum mmu_tlb_array which, const struct fence *f)
{
    unsigned gone = 0;
    for (unsigned i = 0; i < b->sets * b->ways; i++) {
        if (!names(f, &b->entry[i]))
            continue;
        if (f->dropped)
            f->dropped(f->arg, which, &b->entry[i]);
        drop(b, i);
        gone++;
    }
    return gone;
}

/* ---- arrays ---- */

static struct bank *bank_for(struct array *a, unsigned level)
{
    return level > 0 && a->large.ways ? &a->large : &a->small;
}

static const struct bank *bank_of(const struct array *a, uint64_t va, unsigned asid, int *i)
{
    if ((*i = find(&a->small, va, asid)) >= 0)
        return &a->small;
    return (*i = find(&a->large, va, asid)) >= 0 ? &a->large : NULL;
}

static struct mmu_tlb_entry *use(struct array *a, uint64_t va, unsigned asid)
{
    int i;
    struct bank *b = (struct bank *)bank_of(a, va, asid, &i);
    if (!b)
        return NULL;
    touch(b, (unsigned)i / b->ways, (unsigned)i % b->ways);
    return &b->entry[i];
}

/* The entry for the leaf that maps va, as large as the array can hold it. */
static struct mmu_tlb_entry *put_leaf(struct array *a, uint64_t va, struct mmu_tlb_entry e,
                                      struct mmu_tlb_entry *out)
{
    struct bank *b = bank_for(a, e.level);
    if (b->ways == 0)
        return NULL;
    e.valid = true;
    e.mark = false;
    e.bytes = 1ull << (PAGE_SHIFT_4K + (b->large ? e.level * PTE_INDEX_BITS : 0));
    e.va = va & ~(e.bytes - 1);
    put(b, &e, out);
    return &b->entry[find(b, va, e.asid)];
}

static enum mmu_tlb_array first_level(const struct mmu_tlb *t, enum mmu_access access)
{
    return access == MMU_FETCH && !t->unified ? MMU_TLB_INSTRUCTION : MMU_TLB_DATA;
}

enum mmu_tlb_place mmu_tlb_access(struct mmu_tlb *t, uint64_t va, unsigned asid, enum mmu_access access,
                                  struct mmu_tlb_entry **entry, struct mmu_tlb_victims *out)
{
    enum mmu_tlb_array first = first_level(t, access);
    for (unsigned i = 0; i < MMU_TLB_ARRAYS; i++)
        out->entry[i].valid = false;
    if ((*entry = use(&t->array[first], va, asid)) != NULL)
        return MMU_TLB_L1;
    const struct mmu_tlb_entry *second = use(&t->array[MMU_TLB_SECOND], va, asid);
    if (!second)
        return MMU_TLB_MISS;
    *entry = put_leaf(&t->array[first], va, *second, &out->entry[first]);
    return MMU_TLB_L2;
}

const struct mmu_tlb_entry *mmu_tlb_probe(const struct mmu_tlb *t, uint64_t va, unsigned asid, enum mmu_access access,
                                          enum mmu_tlb_place deepest)
{
    int i;
    const struct bank *b = bank_of(&t->array[first_level(t, access)], va, asid, &i);
    if (!b && deepest == MMU_TLB_L2)
        b = bank_of(&t->array[MMU_TLB_SECOND], va, asid, &i);
    return b ? &b->entry[i] : NULL;
}

void mmu_tlb_fill(struct mmu_tlb *t, uint64_t va, unsigned asid, enum mmu_access access, uint64_t pte, uint64_t pte_pa,
                  unsigned level, bool global, struct mmu_tlb_victims *out)
{
    struct mmu_tlb_entry e = {.pte = pte, .pte_pa = pte_pa, .level = level, .asid = asid, .global = global};
    enum mmu_tlb_array first = first_level(t, access);
    for (unsigned i = 0; i < MMU_TLB_ARRAYS; i++)
        out->entry[i].valid = false;
    put_leaf(&t->array[MMU_TLB_SECOND], va, e, &out->entry[MMU_TLB_SECOND]);
    put_leaf(&t->array[first], va, e, &out->entry[first]);
}

static uint64_t prefix_of(uint64_t va, unsigned level)
{
    return va >> (PAGE_SHIFT_4K + level * PTE_INDEX_BITS);
}

static void fence_pointers(struct mmu_tlb *t, const uint64_t *va, const unsigned *asid)
{
    for (unsigned i = 0; i < t->walk_entries; i++) {
        struct pointer *p = &t->pointer[i];
        if (asid && (p->global || p->asid != *asid))
            continue;
        if (!va || prefix_of(*va, p->level) == p->prefix)
            p->valid = false;
    }
}

unsigned mmu_tlb_fence(struct mmu_tlb *t, const uint64_t *va, const unsigned *asid, mmu_tlb_dropped *dropped, void *arg)
{
    const struct fence f = {va, asid, dropped, arg};
    unsigned gone = 0;
    for (enum mmu_tlb_array i = 0; i < MMU_TLB_ARRAYS; i++) {
        gone += fence_bank(&t->array[i].small, i, &f);
        gone += fence_bank(&t->array[i].large, i, &f);
    }
    fence_pointers(t, va, asid);
    return gone;
}

bool mmu_tlb_hits_matter(const struct mmu_tlb *t, enum mmu_access access)
{
    enum mmu_tlb_policy policy = t->array[first_level(t, access)].small.policy;
    return policy == MMU_TLB_LRU || policy == MMU_TLB_PLRU;
}

static bool is_last_used(const struct bank *b, unsigned i)
{
    unsigned first = i / b->ways * b->ways, way = i - first;
    if (b->policy == MMU_TLB_LRU)
        return b->state[i] == b->state[first + newest(&b->state[first], b->ways)];
    for (unsigned node = b->ways + way; b->policy == MMU_TLB_PLRU && node > 1; node /= 2)
        if (b->state[first + node / 2] != ((node & 1) == 0))
            return false;
    return true;
}

bool mmu_tlb_settled(const struct mmu_tlb *t, uint64_t va, unsigned asid, enum mmu_access access)
{
    int i;
    const struct bank *b = bank_of(&t->array[first_level(t, access)], va, asid, &i);
    return b && is_last_used(b, (unsigned)i);
}

/* ---- the walk cache ---- */

static struct pointer *find_pointer(struct mmu_tlb *t, uint64_t va, unsigned asid, unsigned level)
{
    for (unsigned i = 0; i < t->walk_entries; i++) {
        struct pointer *p = &t->pointer[i];
        if (p->valid && p->level == level && p->prefix == prefix_of(va, level) && (p->global || p->asid == asid))
            return p;
    }
    return NULL;
}

unsigned mmu_tlb_walk_start(struct mmu_tlb *t, uint64_t va, unsigned asid, unsigned levels, uint64_t *table,
                            bool *global)
{
    *global = false;
    for (unsigned level = 1; level < levels; level++) {
        struct pointer *p = find_pointer(t, va, asid, level);
        if (!p)
            continue;
        p->used = ++t->clock;
        *table = p->table;
        *global = p->global;
        return level - 1;
    }
    return levels - 1;
}

void mmu_tlb_walk_note(struct mmu_tlb *t, uint64_t va, unsigned asid, unsigned level, uint64_t table, bool global)
{
    struct pointer *p = find_pointer(t, va, asid, level);
    for (unsigned i = 0; !p && i < t->walk_entries; i++)
        if (!t->pointer[i].valid)
            p = &t->pointer[i];
    if (!p && t->walk_entries) {
        p = t->pointer;
        for (unsigned i = 1; i < t->walk_entries; i++)
            if (t->pointer[i].used < p->used)
                p = &t->pointer[i];
    }
    if (p)
        *p = (struct pointer){prefix_of(va, level), table, ++t->clock, asid, level, global, true};
}

const struct mmu_tlb_entry *mmu_tlb_entry_at(const struct mmu_tlb *t, enum mmu_tlb_array which, unsigned i)
{
    const struct array *a = &t->array[which];
    unsigned small = a->small.sets * a->small.ways;
    if (i < small)
        return &a->small.entry[i];
    return i - small < a->large.ways ? &a->large.entry[i - small] : NULL;
}

bool mmu_tlb_place_at(const struct mmu_tlb *t, enum mmu_tlb_array which, unsigned i, unsigned *set, unsigned *way)
{
    const struct bank *small = &t->array[which].small;
    bool large = i >= small->sets * small->ways;
    *set = large ? 0 : i / small->ways;
    *way = large ? i - small->sets * small->ways : i % small->ways;
    return large;
}
