/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The TLB model (mmu/tlb.h) against a naive simulator of the same geometry, which keeps each set as a list in the order
 * in which entries go, and against access patterns whose misses can be told beforehand.
 *
 * TARRY_SEED repeats a run.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mmu/tlb.h"
#include "random.h"

#define PAGE 4096ull
#define MEGA (512 * PAGE)

enum { STEPS = 40000, GEOMETRIES = 60 };


static struct mmu_tlb *make(const struct mmu_tlb_config *c)
{
    assert_null(mmu_tlb_check(c));
    void *memory = malloc(mmu_tlb_bytes(c)); /* not more: the sanitizer sees a byte beyond */
    assert_non_null(memory);
    return mmu_tlb_init(memory, c);
}

/* ---- the naive simulator: one array of 4 KiB entries, as lists; the one that goes next is first ---- */

struct node {
    uint64_t page;
    unsigned asid, way;
    bool global;
};

struct list {
    unsigned n;
    struct node node[64];
};

struct naive {
    const struct mmu_tlb_geometry *g;
    struct list set[64];
    bool tree[64][64]; /* PLRU: [set][node], true: right half next */
};

static struct list *list_of(struct naive *s, uint64_t page)
{
    return &s->set[page % (s->g->entries / s->g->ways)];
}

/* Recursively: the halves that hold `way` now point away from it. */
static void tree_touch(bool *tree, unsigned node, unsigned low, unsigned ways, unsigned way)
{
    if (ways == 1)
        return;
    bool right = way >= low + ways / 2;
    tree[node] = !right;
    tree_touch(tree, 2 * node + right, right ? low + ways / 2 : low, ways / 2, way);
}

static unsigned tree_victim(const bool *tree, unsigned node, unsigned low, unsigned ways)
{
    if (ways == 1)
        return low;
    return tree_victim(tree, 2 * node + tree[node], tree[node] ? low + ways / 2 : low, ways / 2);
}

static void list_remove(struct list *l, unsigned i)
{
    memmove(&l->node[i], &l->node[i + 1], (l->n - i - 1) * sizeof l->node[0]);
    l->n--;
}

static int list_find(const struct list *l, uint64_t page, unsigned asid)
{
    for (unsigned i = 0; i < l->n; i++)
        if (l->node[i].page == page && (l->node[i].global || l->node[i].asid == asid))
            return (int)i;
    return -1;
}

static bool naive_access(struct naive *s, uint64_t page, unsigned asid)
{
    struct list *l = list_of(s, page);
    int i = list_find(l, page, asid);
    if (i < 0)
        return false;
    struct node hit = l->node[i];
    if (s->g->policy == MMU_TLB_LRU) {
        list_remove(l, (unsigned)i);
        l->node[l->n++] = hit;
    }
    tree_touch(s->tree[l - s->set], 1, 0, s->g->ways, hit.way);
    return true;
}

static unsigned free_way(const struct list *l)
{
    for (unsigned way = 0;; way++) {
        bool used = false;
        for (unsigned i = 0; i < l->n; i++)
            used |= l->node[i].way == way;
        if (!used)
            return way;
    }
}

/* Which of a full list goes; `real` is the model's choice, which nobody can tell beforehand if it is random. */
static unsigned naive_victim(struct naive *s, struct list *l, const struct mmu_tlb_entry *real)
{
    unsigned way = tree_victim(s->tree[l - s->set], 1, 0, s->g->ways);
    for (unsigned i = 0; i < l->n; i++)
        if ((s->g->policy == MMU_TLB_PLRU && l->node[i].way == way) ||
            (s->g->policy == MMU_TLB_RANDOM && l->node[i].page == real->va / PAGE && l->node[i].asid == real->asid))
            return i;
    return 0;
}

static void naive_fill(struct naive *s, uint64_t page, unsigned asid, bool global, const struct mmu_tlb_entry *out)
{
    struct list *l = list_of(s, page);
    struct node new = {.page = page, .asid = asid, .global = global};
    if (l->n == s->g->ways) {
        unsigned i = naive_victim(s, l, out);
        assert_true(out->valid);
        assert_int_equal(out->va / PAGE, l->node[i].page);
        assert_int_equal(out->asid, l->node[i].asid);
        new.way = l->node[i].way;
        list_remove(l, i);
    } else {
        assert_false(out->valid);
        new.way = free_way(l);
    }
    l->node[l->n++] = new;
    tree_touch(s->tree[l - s->set], 1, 0, s->g->ways, new.way);
}

static unsigned naive_fence(struct naive *s, const uint64_t *page, const unsigned *asid)
{
    unsigned gone = 0;
    for (unsigned k = 0; k < s->g->entries / s->g->ways; k++)
        for (unsigned i = s->set[k].n; i-- > 0;) {
            const struct node *n = &s->set[k].node[i];
            if ((page && n->page != *page) || (asid && (n->global || n->asid != *asid)))
                continue;
            list_remove(&s->set[k], i);
            gone++;
        }
    return gone;
}

static void random_step(struct mmu_tlb *t, struct naive *s, unsigned pages)
{
    uint64_t page = below(pages), va = page * PAGE + below(PAGE);
    unsigned asid = below(3);
    struct mmu_tlb_entry *e;
    struct mmu_tlb_victims out;
    if (below(500) == 0) {
        const uint64_t *only_va = below(2) ? &va : NULL;
        const unsigned *only_asid = below(2) ? &asid : NULL;
        assert_int_equal(mmu_tlb_fence(t, only_va, only_asid, NULL, NULL), naive_fence(s, only_va ? &page : NULL, only_asid));
        return;
    }
    enum mmu_tlb_place place = mmu_tlb_access(t, va, asid, MMU_LOAD, &e, &out);
    bool hit = naive_access(s, page, asid);
    assert_int_equal(place, hit ? MMU_TLB_L1 : MMU_TLB_MISS);
    if (hit) {
        assert_int_equal(e->va, page * PAGE);
        assert_true(e->global == (page % 7 == 0));
        return;
    }
    mmu_tlb_fill(t, va, asid, MMU_LOAD, page << 10 | 1, 0, 0, page % 7 == 0, &out);
    naive_fill(s, page, asid, page % 7 == 0, &out.entry[MMU_TLB_DATA]);
}

static void random_geometry(struct mmu_tlb_geometry *g)
{
    g->policy = (enum mmu_tlb_policy)below(4);
    g->ways = 1u << below(6);
    if (g->policy != MMU_TLB_PLRU && below(3) == 0)
        g->ways = 1 + below(12);
    g->entries = g->ways << below(3);
    g->large = 0;
}

static void agrees_with_a_naive_simulator(void **state)
{
    (void)state;
    for (unsigned i = 0; i < GEOMETRIES; i++) {
        struct mmu_tlb_config c = {.asid_bits = 2, .seed = rnd()};
        random_geometry(&c.dtlb);
        struct mmu_tlb *t = make(&c);
        struct naive *s = calloc(1, sizeof *s);
        s->g = &c.dtlb;
        unsigned pages = 1 + below(3 * c.dtlb.entries);
        for (unsigned k = 0; k < STEPS; k++)
            random_step(t, s, pages);
        free(t);
        free(s);
    }
}

/* Two TLBs see the same accesses, but one is spared those that it calls settled: nothing can tell them apart. */
static void settled_accesses_change_nothing(void **state)
{
    (void)state;
    for (unsigned i = 0; i < GEOMETRIES; i++) {
        struct mmu_tlb_config c = {.asid_bits = 2, .seed = rnd()};
        random_geometry(&c.dtlb);
        struct mmu_tlb *all = make(&c), *spared = make(&c);
        unsigned pages = 1 + below(2 * c.dtlb.entries), spare = 0;
        for (unsigned k = 0; k < STEPS; k++) {
            struct mmu_tlb_victims out = {0}, other = {0};
            struct mmu_tlb_entry *e;
            uint64_t va = (uint64_t)below(pages) * PAGE;
            unsigned asid = below(2);
            bool settled = mmu_tlb_settled(spared, va, asid, MMU_LOAD);
            bool hit = mmu_tlb_access(all, va, asid, MMU_LOAD, &e, &out) == MMU_TLB_L1;
            assert_true(hit || !settled);
            spare += settled;
            if (settled)
                continue;
            assert_int_equal(mmu_tlb_access(spared, va, asid, MMU_LOAD, &e, &other) == MMU_TLB_L1, hit);
            if (hit)
                continue;
            mmu_tlb_fill(all, va, asid, MMU_LOAD, 1, 0, 0, va % 5 == 0, &out);
            mmu_tlb_fill(spared, va, asid, MMU_LOAD, 1, 0, 0, va % 5 == 0, &other);
            assert_int_equal(out.entry[MMU_TLB_DATA].valid, other.entry[MMU_TLB_DATA].valid);
            assert_int_equal(out.entry[MMU_TLB_DATA].va, other.entry[MMU_TLB_DATA].va);
        }
        assert_true(spare > 0);
        free(all);
        free(spared);
    }
}

/* ---- patterns whose answer is known ---- */

static unsigned long misses(const struct mmu_tlb_config *c, unsigned long steps, uint64_t (*page)(unsigned long))
{
    struct mmu_tlb *t = make(c);
    unsigned long n = 0;
    for (unsigned long i = 0; i < steps; i++) {
        struct mmu_tlb_entry *e;
        struct mmu_tlb_victims out;
        uint64_t va = page(i) * PAGE;
        if (mmu_tlb_access(t, va, 0, MMU_STORE, &e, &out) != MMU_TLB_MISS)
            continue;
        mmu_tlb_fill(t, va, 0, MMU_STORE, 1, 0, 0, false, &out);
        n++;
    }
    free(t);
    return n;
}

static uint64_t round_64(unsigned long i)
{
    return i % 64;
}

static uint64_t round_65(unsigned long i)
{
    return i % 65;
}

static uint64_t ping_pong(unsigned long i)
{
    return i % 2 * 64; /* one set of 16, 32 or 64 */
}

static uint64_t stride_16(unsigned long i)
{
    return i % 8 * 16;
}

static struct mmu_tlb_config one_array(unsigned entries, unsigned ways, enum mmu_tlb_policy policy)
{
    return (struct mmu_tlb_config){.dtlb = {entries, ways, policy, 0}, .seed = 1};
}

/* What fits misses once a page; one page more than fits misses always with LRU and FIFO. */
static void rounds(void **state)
{
    (void)state;
    for (unsigned p = MMU_TLB_LRU; p <= MMU_TLB_RANDOM; p++) {
        struct mmu_tlb_config c = one_array(64, 64, (enum mmu_tlb_policy)p);
        assert_int_equal(misses(&c, 6400, round_64), 64);
    }
    struct mmu_tlb_config lru = one_array(64, 64, MMU_TLB_LRU), fifo = one_array(64, 64, MMU_TLB_FIFO);
    assert_int_equal(misses(&lru, 6500, round_65), 6500);
    assert_int_equal(misses(&fifo, 6500, round_65), 6500);
    /* Random: each miss throws out any of the 64 others, which is wanted again after 1 to 64 accesses: one in 32.5 */
    struct mmu_tlb_config random = one_array(64, 64, MMU_TLB_RANDOM);
    unsigned long n = misses(&random, 650000, round_65);
    assert_in_range(n, 650000 / 33.5, 650000 / 31.5);
}

/* Two pages of one set: direct-mapped they throw each other out, two ways hold both. */
static void conflicts(void **state)
{
    (void)state;
    struct mmu_tlb_config direct = one_array(64, 1, MMU_TLB_LRU), two = one_array(64, 2, MMU_TLB_PLRU);
    assert_int_equal(misses(&direct, 1000, ping_pong), 1000);
    assert_int_equal(misses(&two, 1000, ping_pong), 2);
    /* Eight pages, sixteen apart: in one set of 16, which has four ways; with 32 sets they are four in each of two. */
    struct mmu_tlb_config narrow = one_array(64, 4, MMU_TLB_LRU), wide = one_array(128, 4, MMU_TLB_LRU);
    assert_int_equal(misses(&narrow, 800, stride_16), 800);
    assert_int_equal(misses(&wide, 800, stride_16), 8);
}

/* ---- what the simulator has not got ---- */

static enum mmu_tlb_place look(struct mmu_tlb *t, uint64_t va, enum mmu_access access)
{
    struct mmu_tlb_entry *e;
    struct mmu_tlb_victims out;
    return mmu_tlb_access(t, va, 0, access, &e, &out);
}

static void fill(struct mmu_tlb *t, uint64_t va, enum mmu_access access, unsigned level)
{
    struct mmu_tlb_victims out;
    mmu_tlb_fill(t, va, 0, access, 1, 0, level, false, &out);
}

/* Instructions and data have arrays of their own, and share the second level; without an ITLB they share all. */
static void two_levels(void **state)
{
    (void)state;
    struct mmu_tlb_geometry two = {2, 2, MMU_TLB_LRU, 0}, eight = {8, 8, MMU_TLB_LRU, 0};
    struct mmu_tlb_config c = {.itlb = two, .dtlb = two, .l2 = eight};
    struct mmu_tlb *t = make(&c);
    fill(t, 0, MMU_FETCH, 0);
    assert_int_equal(look(t, 0, MMU_FETCH), MMU_TLB_L1);
    assert_int_equal(look(t, 0, MMU_LOAD), MMU_TLB_L2); /* and copied */
    assert_int_equal(look(t, 0, MMU_LOAD), MMU_TLB_L1);
    for (unsigned i = 1; i < 4; i++)
        fill(t, i * PAGE, MMU_STORE, 0);
    assert_int_equal(look(t, 0, MMU_LOAD), MMU_TLB_L2); /* thrown out of the first level only */
    assert_int_equal(look(t, 0, MMU_FETCH), MMU_TLB_L1);
    free(t);
    c.itlb.entries = c.itlb.ways = 0;
    t = make(&c);
    fill(t, 0, MMU_FETCH, 0);
    assert_int_equal(look(t, 0, MMU_LOAD), MMU_TLB_L1);
    free(t);
}

/* A superpage takes one large entry, or one of 4 KiB for each page that is used; a fence in it ends both. */
static void superpages(void **state)
{
    (void)state;
    struct mmu_tlb_config c = {.dtlb = {4, 4, MMU_TLB_LRU, 2}};
    uint64_t somewhere = MEGA + 17 * PAGE;
    struct mmu_tlb *t = make(&c);
    fill(t, MEGA + 5 * PAGE, MMU_LOAD, 1);
    assert_int_equal(look(t, MEGA + 511 * PAGE, MMU_LOAD), MMU_TLB_L1);
    assert_int_equal(look(t, 2 * MEGA, MMU_LOAD), MMU_TLB_MISS);
    assert_int_equal(look(t, MEGA - 1, MMU_LOAD), MMU_TLB_MISS);
    for (unsigned i = 0; i < 4; i++)
        fill(t, i * PAGE, MMU_LOAD, 0);
    assert_int_equal(look(t, MEGA, MMU_LOAD), MMU_TLB_L1); /* the small ones have places of their own */
    assert_int_equal(mmu_tlb_fence(t, &somewhere, NULL, NULL, NULL), 1);
    assert_int_equal(look(t, MEGA, MMU_LOAD), MMU_TLB_MISS);
    free(t);
    c.dtlb.large = 0;
    t = make(&c);
    fill(t, MEGA + 5 * PAGE, MMU_LOAD, 1);
    assert_int_equal(look(t, MEGA + 6 * PAGE, MMU_LOAD), MMU_TLB_MISS);
    fill(t, MEGA + 6 * PAGE, MMU_LOAD, 1);
    assert_int_equal(mmu_tlb_fence(t, &somewhere, NULL, NULL, NULL), 2);
    free(t);
}

static void asids(void **state)
{
    (void)state;
    struct mmu_tlb_config c = {.dtlb = {8, 8, MMU_TLB_LRU, 0}, .asid_bits = 16};
    struct mmu_tlb *t = make(&c);
    struct mmu_tlb_victims out;
    struct mmu_tlb_entry *e;
    unsigned one = 1;
    mmu_tlb_fill(t, 0, 1, MMU_LOAD, 0x11, 0, 0, false, &out);
    mmu_tlb_fill(t, 0, 2, MMU_LOAD, 0x22, 0, 0, false, &out);
    mmu_tlb_fill(t, PAGE, 1, MMU_LOAD, 0x33, 0, 0, true, &out);
    assert_int_equal(mmu_tlb_access(t, 0, 1, MMU_LOAD, &e, &out), MMU_TLB_L1);
    assert_int_equal(e->pte, 0x11);
    mmu_tlb_access(t, 0, 2, MMU_LOAD, &e, &out);
    assert_int_equal(e->pte, 0x22);
    assert_int_equal(mmu_tlb_access(t, 0, 3, MMU_LOAD, &e, &out), MMU_TLB_MISS);
    assert_int_equal(mmu_tlb_access(t, PAGE, 3, MMU_LOAD, &e, &out), MMU_TLB_L1); /* global */
    assert_int_equal(mmu_tlb_fence(t, NULL, &one, NULL, NULL), 1); /* spares what is global */
    assert_int_equal(mmu_tlb_access(t, 0, 2, MMU_LOAD, &e, &out), MMU_TLB_L1);
    assert_int_equal(mmu_tlb_fence(t, NULL, NULL, NULL, NULL), 2);
    free(t);
}

/* The walker begins at the deepest pointer that it remembers. */
static void walk_cache(void **state)
{
    (void)state;
    struct mmu_tlb_config c = {.dtlb = {1, 1, MMU_TLB_LRU, 0}, .walk_entries = 2};
    struct mmu_tlb *t = make(&c);
    uint64_t table = 0xabc, va = 5 * MEGA;
    bool global;
    assert_int_equal(mmu_tlb_walk_start(t, va, 0, 3, &table, &global), 2);
    assert_int_equal(table, 0xabc);
    mmu_tlb_walk_note(t, va, 0, 2, 0x2000, false);
    assert_int_equal(mmu_tlb_walk_start(t, va, 0, 3, &table, &global), 1);
    assert_int_equal(table, 0x2000);
    mmu_tlb_walk_note(t, va, 0, 1, 0x1000, true);
    assert_int_equal(mmu_tlb_walk_start(t, va + 511 * PAGE, 0, 3, &table, &global), 0);
    assert_int_equal(table, 0x1000);
    assert_true(global);
    assert_int_equal(mmu_tlb_walk_start(t, va + MEGA, 0, 3, &table, &global), 1); /* another table, the same directory */
    mmu_tlb_walk_note(t, va + MEGA, 0, 1, 0x3000, false); /* the least recently used, the table of va, goes */
    assert_int_equal(mmu_tlb_walk_start(t, va, 0, 3, &table, &global), 1);
    mmu_tlb_fence(t, NULL, NULL, NULL, NULL);
    assert_int_equal(mmu_tlb_walk_start(t, va, 0, 3, &table, &global), 2);
    free(t);
}

static void bad_geometries(void **state)
{
    (void)state;
    struct mmu_tlb_config good = one_array(64, 4, MMU_TLB_PLRU), c;
    assert_null(mmu_tlb_check(&good));
    const struct mmu_tlb_geometry bad[] = {{0, 0, MMU_TLB_LRU, 0},  {64, 0, MMU_TLB_LRU, 0},   {10, 4, MMU_TLB_LRU, 0},
                                           {12, 4, MMU_TLB_LRU, 0}, {6, 3, MMU_TLB_PLRU, 0},   {8, 8, MMU_TLB_PLRU, 3},
                                           {0, 0, MMU_TLB_LRU, 4},  {1u << 21, 1, MMU_TLB_LRU, 0}};
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        c = good;
        c.dtlb = bad[i];
        assert_non_null(mmu_tlb_check(&c));
    }
    c = good;
    c.asid_bits = 17;
    assert_non_null(mmu_tlb_check(&c));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_a_naive_simulator),
        cmocka_unit_test(settled_accesses_change_nothing),
        cmocka_unit_test(rounds),
        cmocka_unit_test(conflicts),
        cmocka_unit_test(two_levels),
        cmocka_unit_test(superpages),
        cmocka_unit_test(asids),
        cmocka_unit_test(walk_cache),
        cmocka_unit_test(bad_geometries),
    };
    seed_with(1);
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
