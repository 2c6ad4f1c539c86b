/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Superpages in page tables (mmusv.c, mmusuper.c) against a list of pages: whatever is put, flushed, protected and aged, and
 * whatever becomes a superpage meanwhile, each page has the frame and the rights of the list - as rightsmmu says, and as the
 * machine's own walker (mmu/walk.h) finds in the tables. A TLB that forgets only what it is told to forget never has more than
 * the list. TARRY_SEED repeats a run.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "khost/random.h"
#include "khost/super/superhost.h"
#include "mmu/pte.h"
#include "mmu/walk.h"

#define BASE 0x40000000ull /* of what is mapped */
#define FRAMES 0x900000000ull
#define PG(n) ((uint64_t)(n) * PGSIZE)

enum { STRETCHES = 3, PAGES = STRETCHES * SUPER_PAGES, ROUNDS = 6000, LOOK = 5, SECOND = 2 * SUPER_PAGES + 100 };

/* What the page table is to say of a page. */
struct listed {
    uint64_t pa; /* 0: nothing */
    int rights;
    bool used;
};

static const MmuOps *ops;
static Space *space;
static struct listed list[PAGES];
static struct listed tlb[PAGES];
/* The first one has two stretches and a part of the third, the second the rest. */
static Segment segments[2] = {{.id = 1, .base = BASE, .top = BASE + PG(SECOND)},
                              {.id = 2, .base = BASE + PG(SECOND), .top = BASE + PG(PAGES)}};

static uint64_t va_of(unsigned page)
{
    return BASE + PG(page);
}

static const Segment *segment_of(unsigned page)
{
    return &segments[page >= SECOND];
}

/* ---- the hart ---- */

static void forget(uint64_t va, bool all)
{
    if (all)
        memset(tlb, 0, sizeof tlb);
    else
        tlb[(va - BASE) / PGSIZE] = (struct listed){0};
}

static bool read_table(void *arg, uint64_t pa, uint64_t *pte)
{
    (void)arg;
    *pte = *(uint64_t *)(uintptr_t)pa;
    return true;
}

static bool write_table(void *arg, uint64_t pa, uint64_t pte)
{
    (void)arg;
    *(uint64_t *)(uintptr_t)pa = pte;
    return true;
}

static struct listed walk(unsigned page, bool use)
{
    struct mmu_context user = {.satp = host.satp, .privilege = MMU_USER};
    struct mmu_memory memory = {.read = read_table, .write = use ? write_table : NULL};
    struct mmu_result r;
    enum mmu_access way = list[page].rights & PUT_READ ? MMU_LOAD : MMU_FETCH;
    if (!mmu_walk(&user, &memory, va_of(page) + 8, way, &r))
        return (struct listed){0};
    int rights = (r.pte & PTE_R ? PUT_READ : 0) | (r.pte & PTE_W ? PUT_WRITE : 0) | (r.pte & PTE_X ? PUT_EXEC : 0);
    return (struct listed){r.pa - 8, rights, true};
}

/* The hart goes by what it has; only for what it has not it looks into the tables. */
static void use(unsigned page)
{
    if (list[page].pa == 0)
        return;
    if (tlb[page].pa == 0)
        tlb[page] = walk(page, true);
    list[page].used = true;
}

/* ---- what the kernel does, to the tables and to the list ---- */

static void put(unsigned page, uint64_t pa, int rights, bool promotes)
{
    assert_int_equal(ops->putmmu(space, va_of(page), pa, rights), 0);
    list[page] = (struct listed){pa, rights, true};
    if (promotes && superpages)
        ops->promotemmu(space, segment_of(page), va_of(page));
}

static void put_range(unsigned from, unsigned to, bool promotes)
{
    static const int rights[] = {PUT_READ, PUT_READ | PUT_WRITE, PUT_READ | PUT_WRITE, PUT_READ | PUT_EXEC};
    unsigned which = (unsigned)below(4), straying = below(4) == 0 ? (unsigned)below(PAGES) : PAGES;
    bool down = below(2);
    for (unsigned i = from; i < to; i++) {
        unsigned page = down ? from + to - 1 - i : i;
        put(page, page == straying ? FRAMES / 2 + PG(page) : FRAMES + PG(page), rights[which], promotes);
    }
}

static void flush_range(unsigned from, unsigned to)
{
    ops->flushmmu(space, va_of(from), PG(to - from), EV_demotion_replace);
    memset(&list[from], 0, (to - from) * sizeof *list);
}

static void protect_range(unsigned from, unsigned to)
{
    unsigned end = from < SECOND && to > SECOND ? SECOND : to; /* of one segment */
    ops->protectmmu(space, segment_of(from), va_of(from), PG(end - from));
    for (unsigned i = from; i < end; i++)
        list[i].rights &= ~PUT_WRITE;
}

/* Pages of a superpage may look used when another one was; none may look unused that was. */
static void age(unsigned page)
{
    bool used = ops->agemmu(space, va_of(page));
    if (list[page].used && !used)
        fail_msg("page %u was used, and does not say so", page);
    if (!superpages)
        assert_int_equal(used, list[page].used);
    list[page].used = false;
    assert_false(ops->agemmu(space, va_of(page)));
}

static void compare(void)
{
    for (unsigned i = 0; i < PAGES; i++) {
        struct listed found = walk(i, false);
        int rights = ops->rightsmmu(space, va_of(i));
        if (rights != list[i].rights || found.rights != rights || found.pa != list[i].pa)
            fail_msg("page %u: rights %d, frame %lx; rightsmmu has %d, the walker %d, %lx", i, list[i].rights,
                     (unsigned long)list[i].pa, rights, found.rights, (unsigned long)found.pa);
        if (tlb[i].pa != 0 && (tlb[i].pa != list[i].pa || (tlb[i].rights & ~list[i].rights)))
            fail_msg("page %u: a fence is missing: the TLB has %d, %lx", i, tlb[i].rights, (unsigned long)tlb[i].pa);
        if (tlb[i].pa != 0 && !superpages && !list[i].used)
            fail_msg("page %u: the TLB has it, so no use sets A", i);
    }
}

static void something(void)
{
    static const unsigned edges[] = {0, SUPER_PAGES, 2 * SUPER_PAGES, SECOND, PAGES};
    unsigned from = (unsigned)below(PAGES), to = from + 1;
    switch (below(6)) { /* a page, a range, or from edge to edge */
    case 0:
    case 1:
        to = from + 1 + (unsigned)below(PAGES - from);
        break;
    case 2:
    case 3:
        from = edges[below(4)];
        do
            to = edges[1 + below(4)];
        while (to <= from);
        break;
    }
    switch (below(10)) {
    case 0:
        flush_range(from, to);
        break;
    case 1:
        protect_range(from, to);
        break;
    case 2:
        age(from);
        break;
    case 3:
        put(from, FRAMES + PG(from), PUT_READ | (below(2) ? PUT_WRITE : 0), true);
        break;
    case 4:
    case 5:
        put_range(from, to, below(8) != 0);
        break;
    default:
        for (unsigned n = 0; n < 40; n++)
            use((unsigned)below(PAGES));
    }
}

static void run(int levels, bool with, unsigned rounds)
{
    superhost_begin();
    host.fence = forget;
    memset(list, 0, sizeof list);
    memset(tlb, 0, sizeof tlb);
    superpages = with;
    ops = svinit(levels);
    space = ops->newspace();
    ops->mmuswitch(space);
    for (unsigned i = 0; i < rounds; i++) {
        something();
        if (i % LOOK == 0)
            compare();
    }
    for (unsigned i = 0; i < SUPER_PAGES; i++)
        put(i, FRAMES + PG(i), PUT_READ, true);
    compare();
    ops->freespace(space);
    uint64_t ended = 0;
    for (unsigned i = 0; i < 16; i++)
        ended += host.demoted[i];
    assert_int_equal(ended, host.promoted);
    printf("# sv%d, superpages %s: %lu\n", levels == 4 ? 48 : 39, with ? "on" : "off", (unsigned long)host.promoted);
    superhost_end();
}

static void pages_are_what_they_are_without(void **state)
{
    (void)state;
    for (int levels = 3; levels <= 4; levels++) {
        run(levels, true, ROUNDS);
        assert_true(host.promoted > 200);
        for (int why = EV_demotion_write; why <= EV_demotion_unmap; why++)
            if (why != EV_demotion_copy && why != EV_demotion_evict && host.demoted[why] == 0) /* flushes, as replace is */
                fail_msg("no demotion of kind %d", why);
        run(levels, false, ROUNDS / 4);
        assert_int_equal(host.promoted, 0);
    }
}

/* ---- one by one ---- */

static int begin(void **state)
{
    (void)state;
    superhost_begin();
    memset(list, 0, sizeof list);
    ops = svinit(3);
    space = ops->newspace();
    ops->mmuswitch(space);
    return 0;
}

static int end(void **state)
{
    (void)state;
    ops->freespace(space);
    superhost_end();
    return 0;
}

static uint64_t level_of(unsigned page)
{
    struct mmu_context user = {.satp = host.satp, .privilege = MMU_USER};
    struct mmu_memory memory = {.read = read_table};
    struct mmu_result r;
    assert_true(mmu_walk(&user, &memory, va_of(page), MMU_LOAD, &r));
    return r.level;
}

static void fill_stretch(unsigned first, int rights)
{
    for (unsigned i = first; i < first + SUPER_PAGES; i++)
        put(i, FRAMES + PG(i), rights, true);
}

static void the_last_page_makes_it(void **state)
{
    (void)state;
    for (unsigned i = 0; i < SUPER_PAGES; i++) {
        assert_int_equal(host.promoted, 0);
        put(i, FRAMES + PG(i), PUT_READ, true);
    }
    assert_int_equal(host.promoted, 1);
    assert_int_equal(level_of(5), 1);
}

static void rights_decide(void **state)
{
    (void)state;
    fill_stretch(0, PUT_READ);
    put(9, FRAMES + PG(9), PUT_READ | PUT_WRITE, true); /* a first store */
    assert_int_equal(host.demoted[EV_demotion_write], 1);
    assert_int_equal(level_of(9), 0);
    assert_int_equal(ops->rightsmmu(space, va_of(8)), PUT_READ);
    ops->protectmmu(space, &segments[0], va_of(9), PGSIZE); /* it is written back */
    assert_int_equal(host.promoted, 2);
    fill_stretch(0, PUT_READ | PUT_WRITE);
    assert_int_equal(host.promoted, 3);
    assert_int_equal(ops->rightsmmu(space, va_of(8)), PUT_READ | PUT_WRITE);
    ops->protectmmu(space, &segments[0], va_of(0), PG(SUPER_PAGES)); /* all of it: it stays one */
    assert_int_equal(level_of(8), 1);
    assert_int_equal(ops->rightsmmu(space, va_of(8)), PUT_READ);
    assert_int_equal(host.promoted, 3);
}

static void frames_must_lie_together(void **state)
{
    (void)state;
    for (unsigned i = 0; i < SUPER_PAGES; i++)
        put(i, FRAMES + PG(i + 1), PUT_READ, true); /* in a row, but not aligned */
    assert_int_equal(host.promoted, 0);
    for (unsigned i = 0; i < SUPER_PAGES; i++)
        put(i, FRAMES + PG(i ^ 1), PUT_READ, true);
    assert_int_equal(host.promoted, 0);
}

static void a_stretch_of_two_segments_does_not(void **state)
{
    (void)state;
    fill_stretch(2 * SUPER_PAGES, PUT_READ);
    assert_int_equal(host.promoted, 0);
}

static void each_page_is_as_old_as_the_superpage(void **state)
{
    (void)state;
    fill_stretch(0, PUT_READ);
    assert_true(ops->agemmu(space, va_of(3)));
    assert_int_equal(host.demoted[EV_demotion_age], 1);
    assert_false(ops->agemmu(space, va_of(3)));
    for (unsigned i = 4; i < SUPER_PAGES; i++)
        assert_true(ops->agemmu(space, va_of(i)));
    for (unsigned i = 0; i < SUPER_PAGES; i++) /* none is used now: nor is what they become */
        assert_int_equal(ops->agemmu(space, va_of(i)), i < 3);
    ops->protectmmu(space, &segments[0], va_of(0), PGSIZE);
    assert_int_equal(host.promoted, 2);
    assert_false(ops->agemmu(space, va_of(100)));
    assert_int_equal(level_of(100), 1);
}

/* The table of a superpage is kept, so no memory is needed to have the pages again. */
static void pages_need_no_memory(void **state)
{
    (void)state;
    fill_stretch(0, PUT_READ);
    fill_stretch(SUPER_PAGES, PUT_READ);
    Page *taken = NULL;
    fslock.holder = up; /* whoever has it may have the last frames, too */
    for (Page *p; (p = newpage()) != NULL; taken = p)
        p->next = taken;
    fslock.holder = NULL;
    assert_int_equal(freepages(), 0);
    ops->flushmmu(space, va_of(7), PGSIZE, EV_demotion_evict);
    assert_int_equal(host.demoted[EV_demotion_evict], 1);
    assert_int_equal(ops->rightsmmu(space, va_of(7)), 0);
    assert_int_equal(ops->rightsmmu(space, va_of(6)), PUT_READ);
    assert_int_equal(freepages(), 0);
    ops->flushmmu(space, va_of(SUPER_PAGES), PG(SUPER_PAGES), EV_demotion_unmap);
    assert_int_equal(host.demoted[EV_demotion_unmap], 1);
    assert_int_equal(freepages(), 1);
    for (Page *next; taken != NULL; taken = next) {
        next = taken->next;
        putpage(taken);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_are_what_they_are_without),
        cmocka_unit_test_setup_teardown(the_last_page_makes_it, begin, end),
        cmocka_unit_test_setup_teardown(rights_decide, begin, end),
        cmocka_unit_test_setup_teardown(frames_must_lie_together, begin, end),
        cmocka_unit_test_setup_teardown(a_stretch_of_two_segments_does_not, begin, end),
        cmocka_unit_test_setup_teardown(each_page_is_as_old_as_the_superpage, begin, end),
        cmocka_unit_test_setup_teardown(pages_need_no_memory, begin, end),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    seed_random();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
