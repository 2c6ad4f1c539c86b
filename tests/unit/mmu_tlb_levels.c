/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The TLB model with all that it may have - two arrays of the first level or one, a second level, entries for
 * superpages, address spaces, a walk cache - beside a naive one that follows docs/tlb.md with lists and times, for LRU
 * and FIFO (mmu_tlb.c has the other policies, of one array). TARRY_SEED repeats a run; TARRY_OPS sets the number of
 * accesses.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mmu/tlb.h"
#include "random.h"

#define PAGE 4096ull
#define MEGA (512 * PAGE)
#define GIGA (512 * MEGA)
#define STEPS 10000ul /* of a geometry */
#define MOST 160u

static unsigned long operations = 5000000, hits[3], dropped;

/* ---- the naive one ---- */

struct item {
    uint64_t va, bytes, when; /* bytes 0: none */
    unsigned asid, level;
    bool global;
};

struct items {
    unsigned n, ways; /* sets of `ways` items each, one after the other */
    bool lru;
    struct item item[MOST];
};

struct naive {
    struct items small[3], large[3]; /* by array */
    struct items walk;
    bool unified;
    uint64_t now;
};

static void make_items(struct items *l, unsigned n, unsigned ways, bool lru)
{
    *l = (struct items){.n = n, .ways = ways, .lru = lru};
}

static bool matches(const struct item *e, uint64_t va, unsigned asid)
{
    return e->bytes && va - e->va < e->bytes && (e->global || e->asid == asid);
}

static struct item *find(struct items *l, uint64_t va, unsigned asid)
{
    for (unsigned i = 0; i < l->n; i++)
        if (matches(&l->item[i], va, asid))
            return &l->item[i];
    return NULL;
}

/* Puts an item into the set where it belongs: in the place of its older self, of none, or of the oldest. */
static void put(struct naive *s, struct items *l, struct item new)
{
    unsigned sets = l->n ? l->n / l->ways : 0;
    struct item *old = find(l, new.va, new.asid);
    if (!sets)
        return;
    struct item *set = &l->item[new.va / PAGE % sets * l->ways], *best = set;
    for (unsigned i = 0; i < l->ways && best->bytes; i++)
        if (!set[i].bytes || set[i].when < best->when)
            best = &set[i];
    new.when = old && !l->lru ? old->when : ++s->now;
    *(old ? old : best) = new;
}

static void put_leaf(struct naive *s, unsigned array, uint64_t va, struct item e)
{
    bool large = e.level > 0 && s->large[array].n > 0;
    e.bytes = large ? PAGE << 9 * e.level : PAGE;
    e.va = va & ~(e.bytes - 1);
    put(s, large ? &s->large[array] : &s->small[array], e);
}

static struct item *use(struct naive *s, unsigned array, uint64_t va, unsigned asid)
{
    struct items *l = &s->small[array];
    struct item *e = find(l, va, asid);
    if (!e)
        e = find(l = &s->large[array], va, asid);
    if (e && l->lru)
        e->when = ++s->now;
    return e;
}

static unsigned first_of(const struct naive *s, enum mmu_access access)
{
    return access == MMU_FETCH && !s->unified ? MMU_TLB_INSTRUCTION : MMU_TLB_DATA;
}

static enum mmu_tlb_place naive_access(struct naive *s, uint64_t va, unsigned asid, enum mmu_access access)
{
    if (use(s, first_of(s, access), va, asid))
        return MMU_TLB_L1;
    struct item *e = use(s, MMU_TLB_SECOND, va, asid);
    if (!e)
        return MMU_TLB_MISS;
    put_leaf(s, first_of(s, access), va, *e);
    return MMU_TLB_L2;
}

static unsigned naive_fence(struct items *l, const uint64_t *va, const unsigned *asid)
{
    unsigned gone = 0;
    for (unsigned i = 0; i < l->n; i++) {
        struct item *e = &l->item[i];
        uint64_t leaf = PAGE << 9 * e->level;
        if (!e->bytes || (va && *va / leaf != e->va / leaf) || (asid && (e->global || e->asid != *asid)))
            continue;
        e->bytes = 0;
        gone++;
    }
    return gone;
}

/* Pointers are items of what lies below them: at `level` those of a table of that level's leaves. */
static struct item *naive_pointer(struct naive *s, uint64_t va, unsigned asid, unsigned level)
{
    for (unsigned i = 0; i < s->walk.n; i++)
        if (s->walk.item[i].level == level && matches(&s->walk.item[i], va, asid))
            return &s->walk.item[i];
    return NULL;
}

static unsigned naive_start(struct naive *s, uint64_t va, unsigned asid, unsigned levels)
{
    for (unsigned level = 1; level < levels; level++) {
        struct item *p = naive_pointer(s, va, asid, level);
        if (p) {
            p->when = ++s->now;
            return level - 1;
        }
    }
    return levels - 1;
}

static void naive_note(struct naive *s, uint64_t va, unsigned asid, unsigned level, bool global)
{
    uint64_t bytes = PAGE << 9 * level;
    struct item *p = naive_pointer(s, va, asid, level);
    for (unsigned i = 0; !p && i < s->walk.n; i++)
        if (!s->walk.item[i].bytes)
            p = &s->walk.item[i];
    if (!p && s->walk.n) {
        p = s->walk.item;
        for (unsigned i = 1; i < s->walk.n; i++)
            if (s->walk.item[i].when < p->when)
                p = &s->walk.item[i];
    }
    if (p)
        *p = (struct item){va & ~(bytes - 1), bytes, ++s->now, asid, level, global};
}

/* ---- both ---- */

/* Pages, superpages and huge ones, each in a place of its own; one in five is global. */
static uint64_t some_va(unsigned pages, unsigned *level, bool *global)
{
    static const uint64_t base[] = {0, 1ull << 33, 1ull << 37}, bytes[] = {PAGE, MEGA, GIGA};
    *level = below(8) ? below(2) : 2;
    uint64_t n = below(*level ? 1 + pages / 8 : pages);
    *global = n % 5 == 0;
    return base[*level] + n * bytes[*level] + below(*level ? 8 : 1) * PAGE + below(PAGE);
}

static void step(struct mmu_tlb *t, struct naive *s, unsigned pages)
{
    enum { LEVELS = 3 };
    unsigned level, asid = below(3);
    bool global, passed;
    uint64_t va = some_va(pages, &level, &global), table = 0;
    enum mmu_access access = below(3);
    struct mmu_tlb_entry *e;
    struct mmu_tlb_victims out;
    if (below(60) == 0) {
        const uint64_t *only_va = below(5) ? &va : NULL;
        const unsigned *only_asid = below(2) ? &asid : NULL;
        unsigned gone = 0;
        for (unsigned i = 0; i < 3; i++)
            gone += naive_fence(&s->small[i], only_va, only_asid) + naive_fence(&s->large[i], only_va, only_asid);
        for (unsigned i = 0; i < s->walk.n; i++) { /* a pointer goes if it leads to the address */
            struct item *p = &s->walk.item[i];
            if (p->bytes && (!only_va || *only_va - p->va < p->bytes) &&
                (!only_asid || (!p->global && p->asid == asid)))
                p->bytes = 0;
        }
        assert_int_equal(mmu_tlb_fence(t, only_va, only_asid, NULL, NULL), gone);
        dropped += gone;
        return;
    }
    enum mmu_tlb_place place = mmu_tlb_access(t, va, asid, access, &e, &out),
                       expected = naive_access(s, va, asid, access);
    assert_int_equal(place, expected);
    hits[place]++;
    if (place != MMU_TLB_MISS) {
        assert_int_equal(e->level, level);
        assert_true(va - e->va < e->bytes);
        return;
    }
    unsigned start = mmu_tlb_walk_start(t, va, asid, LEVELS, &table, &passed);
    assert_int_equal(start, naive_start(s, va, asid, LEVELS));
    for (unsigned i = LEVELS - 1; i > level; i--)
        if (i <= start) {
            mmu_tlb_walk_note(t, va, asid, i, va >> 12, global);
            naive_note(s, va, asid, i, global);
        }
    mmu_tlb_fill(t, va, asid, access, 1, 0, level, global, &out);
    struct item new = {.asid = asid, .level = level, .global = global};
    put_leaf(s, MMU_TLB_SECOND, va, new);
    put_leaf(s, first_of(s, access), va, new);
}

static struct mmu_tlb_geometry some_geometry(bool may_be_none)
{
    struct mmu_tlb_geometry g = {.policy = below(2) ? MMU_TLB_LRU : MMU_TLB_FIFO, .ways = 1 + below(10)};
    g.entries = may_be_none && below(3) == 0 ? 0 : g.ways << below(5);
    g.large = g.entries && below(2) ? 1 + below(6) : 0;
    return g;
}

static void agrees(void **state)
{
    (void)state;
    for (unsigned long done = 0; done < operations; done += STEPS) {
        struct mmu_tlb_config c = {
            some_geometry(true), some_geometry(false), some_geometry(true), below(2) * below(12), 2, 1};
        const struct mmu_tlb_geometry *g[] = {&c.itlb, &c.dtlb, &c.l2};
        assert_null(mmu_tlb_check(&c));
        void *memory = malloc(mmu_tlb_bytes(&c));
        struct naive *s = calloc(1, sizeof *s);
        assert_true(memory && s);
        struct mmu_tlb *t = mmu_tlb_init(memory, &c);
        for (unsigned i = 0; i < 3; i++) {
            make_items(&s->small[i], g[i]->entries, g[i]->ways, g[i]->policy == MMU_TLB_LRU);
            make_items(&s->large[i], g[i]->large, g[i]->large, g[i]->policy == MMU_TLB_LRU);
        }
        make_items(&s->walk, c.walk_entries, c.walk_entries, true);
        s->unified = c.itlb.entries == 0;
        unsigned pages = 2 + below(3 * (c.dtlb.entries + c.l2.entries));
        for (unsigned long i = 0; i < STEPS; i++)
            step(t, s, pages);
        free(memory);
        free(s);
    }
    printf("# %lu geometries; %lu hits in the first level, %lu in the second, %lu misses, %lu entries fenced\n",
           operations / STEPS, hits[MMU_TLB_L1], hits[MMU_TLB_L2], hits[MMU_TLB_MISS], dropped);
    assert_true(hits[MMU_TLB_L1] > operations / 20 && hits[MMU_TLB_L2] > operations / 50 && dropped > operations / 200);
}

int main(void)
{
    const char *given = getenv("TARRY_OPS");
    const struct CMUnitTest tests[] = {cmocka_unit_test(agrees)};
    if (given)
        operations = strtoul(given, NULL, 0);
    seed_with(1);
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
