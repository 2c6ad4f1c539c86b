/* SPDX-License-Identifier: GPL-2.0-only */
/* The page map against an array, and that it costs nothing where no page is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "khost/khost.h"
#include "khost/random.h"

enum { PAGES = 600, OPERATIONS = 200000 };

/* Page numbers spread out, so that the tree has several levels and empty parts. */
static uint64_t number(unsigned i)
{
    return (uint64_t)i * i * 37 % (1 << 24) + i / 3;
}

static unsigned find_number(uint64_t pn, const Resident *model)
{
    for (unsigned i = 0; i < PAGES; i++)
        if (number(i) == pn && model[i].page != NULL)
            return i;
    fail_msg("page %lu is not in the model", (unsigned long)pn);
    return 0;
}

/* Walks a range both ways. */
static void compare_walk(const PageMap *m, const Resident *model)
{
    uint64_t from = below(1 << 24), end = from + below(1 << 24), found = 0, expected = 0;
    for (unsigned i = 0; i < PAGES; i++)
        expected += model[i].page != NULL && number(i) >= from && number(i) < end;
    uint64_t last = 0;
    for (uint64_t pn = from;; pn++) {
        Resident r = nextresident(m, &pn, end);
        if (r.page == NULL)
            break;
        assert_true(pn >= from && pn < end && (found == 0 || pn > last));
        Resident want = model[find_number(pn, model)];
        assert_true(r.page == want.page && r.flags == want.flags);
        last = pn;
        found++;
    }
    assert_int_equal(found, expected);
}

static void change(PageMap *m, Resident *model, unsigned i)
{
    if (model[i].page != NULL && below(2) == 0) {
        dropresident(m, number(i));
        model[i].page = NULL;
        return;
    }
    Page *page = model[i].page != NULL && below(2) == 0 ? model[i].page : newpage();
    Resident r = {.page = page, .flags = (unsigned)below(4)};
    memory.fail_kalloc = below(20) == 0 ? 1 + below(5) : 0;
    int result = setresident(m, number(i), r);
    if (memory.fail_kalloc == 0 || model[i].page != NULL)
        assert_int_equal(result, 0);
    memory.fail_kalloc = 0;
    if (result == 0)
        model[i] = r;
    else
        putpage(page);
}

static void agrees_with_the_model(void **state)
{
    static Resident model[PAGES];
    (void)state;
    uint64_t resident = 0;
    PageMap *m = newpagemap();
    for (unsigned n = 0; n < OPERATIONS; n++) {
        unsigned i = (unsigned)below(PAGES);
        if (n / 20000 % 2 == 0 || model[i].page != NULL) /* fills up, then thins out */
            change(m, model, i);
        Resident r = residentat(m, number(i));
        assert_true(r.page == model[i].page && (r.page == NULL || r.flags == model[i].flags));
        if (n % 100 == 0)
            compare_walk(m, model);
    }
    for (unsigned i = 0; i < PAGES; i++)
        resident += model[i].page != NULL;
    assert_int_equal(countresident(m), resident);
    assert_int_equal(memory.frames, resident);
    freepagemap(m);
    assert_int_equal(memory.frames, 0);
    assert_int_equal(memory.objects, 0);
}

static void an_emptied_map_keeps_no_nodes(void **state)
{
    (void)state;
    PageMap *m = newpagemap();
    for (unsigned i = 0; i < PAGES; i++)
        assert_int_equal(setresident(m, number(i), (Resident){.page = newpage()}), 0);
    for (uint64_t pn = 0; nextresident(m, &pn, UINT64_MAX).page != NULL;)
        dropresident(m, pn);
    assert_int_equal(memory.objects, 1); /* the map itself */
    freepagemap(m);
    assert_int_equal(memory.frames, 0);
}

static void r6_an_empty_range_of_64_gib_costs_nothing(void **state)
{
    (void)state;
    PageMap *m = newpagemap();
    setresident(m, (1ull << 24) - 1, (Resident){.page = newpage()});
    for (unsigned i = 0; i < 1000000; i++) { /* a walk by page numbers would take hours */
        uint64_t pn = 0;
        assert_non_null(nextresident(m, &pn, 1ull << 24).page);
        assert_int_equal(pn, (1 << 24) - 1);
        pn = 0;
        assert_null(nextresident(m, &pn, (1ull << 24) - 1).page);
    }
    freepagemap(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_the_model),
        cmocka_unit_test(an_emptied_map_keeps_no_nodes),
        cmocka_unit_test(r6_an_empty_range_of_64_gib_costs_nothing),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    seed_random();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
