/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Frames and reservations (page.c, reserve.c): who gets which frame, and that a reservation takes none from anybody.
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
#include "khost/random.h"
#include "khost/super/superhost.h"

#define BASE 0x40000000ull
#define PG(n) ((uint64_t)(n) * PGSIZE)

enum { SEGMENTS = 4, STRETCHES = 6, PAGES = STRETCHES * SUPER_PAGES + 100, OTHERS = 20000, STEPS = 20000 };

static Segment segments[SEGMENTS]; /* each begins in the middle of a stretch */
static Page *others[OTHERS];       /* frames that are no page of a segment */
static unsigned nothers;

static int begin(void **state)
{
    (void)state;
    superhost_begin();
    for (unsigned i = 0; i < SEGMENTS; i++)
        segments[i] = (Segment){.id = i + 1, .base = BASE - PG(50), .top = BASE - PG(50) + PG(PAGES), .pages = newpagemap()};
    return 0;
}

static void end_segment(Segment *s)
{
    freepagemap(s->pages);
    endreservations(s);
    assert_int_equal(s->reservations, 0);
}

static int end(void **state)
{
    (void)state;
    for (unsigned i = 0; i < SEGMENTS; i++)
        end_segment(&segments[i]);
    while (nothers > 0)
        putpage(others[--nothers]);
    assert_int_equal(reservedframes(), 0);
    superhost_end();
    return 0;
}

static uint64_t va_of(const Segment *s, unsigned page)
{
    return s->base + PG(page);
}

/* A fault on a page that is not resident, or a copy-on-write store. False: no memory. */
static bool touch(Segment *s, unsigned page, bool copy)
{
    Page *p = reservedframe(s, va_of(s, page), copy);
    if (p != NULL)
        assert_int_equal(pagepa(p) % SUPERPAGE, va_of(s, page) % SUPERPAGE);
    else if ((p = newpage()) == NULL)
        return false;
    assert_int_equal(p->ref, 1);
    *(uint64_t *)pagekva(p) = s->id << 32 | page;
    if (setresident(s->pages, page, (Resident){.page = p}) == 0)
        return true;
    putpage(p);
    return false;
}

static uint64_t pa_of(const Segment *s, unsigned page)
{
    Resident r = residentat(s->pages, page);
    return r.page != NULL ? pagepa(r.page) : 0;
}

static bool take_other(void)
{
    Page *p = nothers < OTHERS ? newpage() : NULL;
    if (p == NULL)
        return false;
    *(uint64_t *)pagekva(p) = (uint64_t)(uintptr_t)p;
    others[nothers++] = p;
    return true;
}

/* As if memory had `n` frames. */
static void leave(uint64_t n)
{
    while (freepages() - framereserve() > n)
        assert_true(take_other());
}

static void a_stretch_gets_frames_in_a_row(void **state)
{
    Segment *s = &segments[0];
    (void)state;
    for (unsigned i = SUPER_PAGES; i-- > 0;) { /* in any order */
        uint64_t free = freepages();
        touch(s, 50 + (i * 5) % SUPER_PAGES, false);
        assert_true(freepages() + 1 >= free - 3 && freepages() < free); /* and nodes of the page map */
    }
    for (unsigned i = 0; i < SUPER_PAGES; i++)
        assert_int_equal(pa_of(s, 50 + i), pa_of(s, 50) + PG(i));
    assert_int_equal(reservedframes(), 0);
}

static void only_whole_stretches_do(void **state)
{
    Segment *s = &segments[0];
    (void)state;
    touch(s, 49, false); /* the segment begins 50 pages before a stretch */
    touch(s, PAGES - 1, false);
    assert_int_equal(reservedframes(), 0);
    touch(s, 50, false);
    assert_int_equal(reservedframes(), SUPER_PAGES - 1);
}

static void a_stretch_with_pages_elsewhere_does_not(void **state)
{
    Segment *s = &segments[0];
    (void)state;
    Page *p = newpage();
    setresident(s->pages, 60, (Resident){.page = p});
    touch(s, 61, false);
    assert_int_equal(reservedframes(), 0);
    dropresident(s->pages, 60);
    dropresident(s->pages, 61);
    touch(s, 62, false);
    assert_int_equal(reservedframes(), SUPER_PAGES - 1);
}

static void a_page_that_comes_back_gets_its_place(void **state)
{
    Segment *s = &segments[0];
    (void)state;
    touch(s, 50, false);
    touch(s, 51, false);
    uint64_t pa = pa_of(s, 51);
    dropresident(s->pages, 51);
    assert_int_equal(reservedframes(), SUPER_PAGES - 1);
    take_other();
    assert_int_not_equal(pagepa(others[0]), pa);
    touch(s, 51, false);
    assert_int_equal(pa_of(s, 51), pa);
    dropresident(s->pages, 50);
    dropresident(s->pages, 51);
    assert_int_equal(reservedframes(), 0); /* none is left: it ends */
    assert_int_equal(s->reservations, 0);
}

/* Who needs frames gets all that are reserved; the reservation that was used least recently is the first to go. */
static void reserved_frames_are_free(void **state)
{
    Segment *s = &segments[0];
    (void)state;
    touch(s, 50, false);
    touch(s, 50 + SUPER_PAGES, false);
    touch(s, 50 + 2 * SUPER_PAGES, false);
    touch(s, 51, false); /* the first one is used again */
    uint64_t free = freepages(), got = 0, first = pa_of(s, 50) & ~(SUPERPAGE - 1);
    uint64_t second = pa_of(s, 50 + SUPER_PAGES) & ~(SUPERPAGE - 1);
    bool gone = false;
    while (take_other()) {
        uint64_t run = pagepa(others[nothers - 1]) & ~(SUPERPAGE - 1);
        got++;
        gone |= run == second;
        if (run == first)
            assert_true(gone);
    }
    assert_int_equal(got, free - framereserve()); /* to the last but for those of fslock */
    assert_true(gone);
    assert_int_equal(freepages(), framereserve());
}

/* One that was full has a frame again. */
static void even_those_that_come_back(void **state)
{
    Segment *s = &segments[0];
    (void)state;
    for (unsigned i = 50; i < 50 + SUPER_PAGES; i++)
        touch(s, i, false);
    dropresident(s->pages, 77);
    dropresident(s->pages, 50);
    assert_int_equal(reservedframes(), 2);
    fslock.holder = up; /* whoever has it may have the last frames, too */
    for (uint64_t left = freepages(); left > 0; left--)
        assert_true(take_other());
    assert_false(take_other());
    fslock.holder = NULL;
    assert_int_equal(reservedframes(), 0);
}

static void none_is_made_when_memory_is_short(void **state)
{
    Segment *s = &segments[0];
    (void)state;
    leave(3 * framereserve() + SUPER_PAGES);
    touch(s, 50, false);
    assert_int_equal(reservedframes(), 0);
}

static void copies_get_a_new_one(void **state)
{
    Segment *s = &segments[0], *child = &segments[1];
    (void)state;
    for (unsigned i = 50; i < 60; i++) { /* fork */
        touch(s, i, false);
        pageref(residentat(s->pages, i).page);
        setresident(child->pages, i, (Resident){.page = residentat(s->pages, i).page});
    }
    uint64_t old = pa_of(s, 50);
    for (unsigned i = 50; i < 60; i++)
        touch(s, i, true);
    for (unsigned i = 50; i < 60; i++) {
        assert_int_equal(pa_of(child, i), old + PG(i - 50));
        assert_int_equal(pa_of(s, i), pa_of(s, 50) + PG(i - 50));
    }
    assert_int_not_equal(pa_of(s, 50), old);
    assert_int_equal(reservedframes(), SUPER_PAGES - 10);
    touch(child, 55, true);
    assert_int_equal(reservedframes(), 2 * SUPER_PAGES - 11);
}

static void frames_in_a_row_for_the_kernel(void **state)
{
    Segment *s = &segments[0];
    (void)state;
    touch(s, 50, false);
    uint64_t run = pa_of(s, 50) & ~(SUPERPAGE - 1);
    leave(SUPER_PAGES);
    while (freepages() - reservedframes() > 0) /* now there are only reserved ones */
        assert_true(take_other());
    Page *p = newpages(300);
    assert_non_null(p);
    assert_true(pagepa(p) > run && pagepa(p) + PG(300) <= run + SUPERPAGE);
    assert_int_equal(reservedframes(), 0);
    for (unsigned i = 0; i < 300; i++)
        putpage(&p[i]);
}

/* ---- at random ---- */

static void check(void)
{
    uint64_t free = 0;
    for (uint64_t i = 0; i < totalpages(); i++)
        free += frameat(i)->ref == 0;
    assert_int_equal(free, freepages());
    for (unsigned k = 0; k < SEGMENTS; k++)
        for (uint64_t pn = 0;; pn++) {
            Resident r = nextresident(segments[k].pages, &pn, PAGES);
            if (r.page == NULL)
                break;
            assert_int_equal(*(uint64_t *)pagekva(r.page) & 0xffffffff, pn);
        }
    for (unsigned i = 0; i < nothers; i++)
        assert_true(*(uint64_t *)pagekva(others[i]) == (uint64_t)(uintptr_t)others[i]);
}

static void touch_some(Segment *s)
{
    unsigned page = (unsigned)below(PAGES), n = below(4) == 0 ? 600 : 1 + (unsigned)below(20);
    for (unsigned i = page; i < page + n && i < PAGES; i++) {
        Resident r = residentat(s->pages, i);
        if (r.page == NULL || r.page->ref > 1)
            touch(s, i, r.page != NULL);
    }
}

static void drop_some(Segment *s)
{
    unsigned page = (unsigned)below(PAGES), n = below(4) == 0 ? 600 : 1 + (unsigned)below(20);
    for (unsigned i = page; i < page + n && i < PAGES; i++)
        if (residentat(s->pages, i).page != NULL)
            dropresident(s->pages, i);
}

/* All that a segment has, or a part of it, is another's, too. */
static void share_some(Segment *s, Segment *with)
{
    unsigned page = (unsigned)below(PAGES);
    for (unsigned i = page; s != with && i < page + 700 && i < PAGES; i++) {
        Resident r = residentat(s->pages, i);
        if (r.page == NULL || r.page == residentat(with->pages, i).page)
            continue;
        pageref(r.page);
        if (setresident(with->pages, i, r) < 0)
            putpage(r.page);
    }
}

static void step(void)
{
    Segment *s = &segments[below(SEGMENTS)];
    switch (below(12)) {
    case 0:
        share_some(s, &segments[below(SEGMENTS)]);
        break;
    case 1:
    case 2:
        drop_some(s);
        break;
    case 3:
        if (below(20) == 0) {
            end_segment(s);
            s->pages = newpagemap();
            assert_non_null(s->pages);
        }
        break;
    case 4:
    case 5:
        for (uint64_t n = below(200); n > 0; n--)
            take_other();
        break;
    case 6:
    case 7:
        for (uint64_t n = below(300); n > 0 && nothers > 0; n--) {
            unsigned i = (unsigned)below(nothers);
            putpage(others[i]);
            others[i] = others[--nothers];
        }
        break;
    default:
        touch_some(s);
    }
}

static void at_random(void **state)
{
    uint64_t most = 0;
    (void)state;
    for (unsigned i = 0; i < STEPS; i++) {
        step();
        most = reservedframes() > most ? reservedframes() : most;
        if (i % 500 == 0)
            check();
    }
    check();
    assert_true(most > 4 * SUPER_PAGES);
    uint64_t left = freepages() - framereserve();
    for (; left > 0; left--)
        assert_true(take_other());
    assert_false(take_other());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_stretch_gets_frames_in_a_row, begin, end),
        cmocka_unit_test_setup_teardown(only_whole_stretches_do, begin, end),
        cmocka_unit_test_setup_teardown(a_stretch_with_pages_elsewhere_does_not, begin, end),
        cmocka_unit_test_setup_teardown(a_page_that_comes_back_gets_its_place, begin, end),
        cmocka_unit_test_setup_teardown(reserved_frames_are_free, begin, end),
        cmocka_unit_test_setup_teardown(even_those_that_come_back, begin, end),
        cmocka_unit_test_setup_teardown(none_is_made_when_memory_is_short, begin, end),
        cmocka_unit_test_setup_teardown(copies_get_a_new_one, begin, end),
        cmocka_unit_test_setup_teardown(frames_in_a_row_for_the_kernel, begin, end),
        cmocka_unit_test_setup_teardown(at_random, begin, end),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    seed_random();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
