/* SPDX-License-Identifier: GPL-2.0-only */
/* The bounded sums behind the figures of a report: nothing is lost when they become coarser, and nothing is coarse before it must be. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "traces/report/cells.h"
#include "traces/report/curve.h"
#include "traces/report/memory.h"

static uint64_t state;

static uint64_t rnd(uint64_t below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state % below;
}

static void seed(void)
{
    const char *given = getenv("TARRY_SEED");

    state = given != NULL ? strtoull(given, NULL, 0) : (uint64_t)time(NULL) * 2654435761u | 1;
    printf("# TARRY_SEED=%llu\n", (unsigned long long)state);
}

/* Fewer events than the budget: every one is a cell of its own, to the nanosecond and the page. */
static void small_is_exact(void **unused)
{
    struct cells c;
    const struct cell *e;

    (void)unused;
    assert_int_equal(cells_init(&c, 1000, 1ull << 40), 0);
    for (uint64_t i = 0; i < 1000; i++) {
        struct cell event = {.band = 7, .row = 3 * i, .col = i * i, .count = 1, .sum = i, .max = i, .id = i};
        assert_int_equal(cells_add(&c, &event), 0);
    }
    e = cells_sorted(&c);
    assert_int_equal(c.n, 1000);
    assert_int_equal(c.row_shift + c.col_shift, 0);
    for (uint64_t i = 0; i < 1000; i++) {
        assert_int_equal(e[i].row, 3 * i);
        assert_int_equal(e[i].col, i * i);
        assert_int_equal(e[i].sum, i);
    }
    cells_free(&c);
}

/* However many events: no more cells than the budget, every event in one of them, at its place. */
static void large_keeps_sums(void **unused)
{
    enum { EVENTS = 300000, BUDGET = 2000 };
    static uint64_t pages[EVENTS + 1], times[EVENTS + 1];
    struct cells c;
    const struct cell *e;
    int64_t count = 0, by_kind[3] = {0}, got_kind[3] = {0};
    uint64_t sum = 0, max = 0, got_sum = 0, got_max = 0;

    (void)unused;
    seed();
    assert_int_equal(cells_init(&c, BUDGET, 1000), 0); /* the span is a bad guess: it must not matter */
    for (uint64_t i = 1; i <= EVENTS; i++) {
        struct cell event = {.band = 1 + rnd(5), .row = rnd(100000), .col = i * 1000 + rnd(1000), .kind = (uint8_t)rnd(3),
                             .count = 1, .sum = rnd(1000), .id = i};
        event.max = event.sum;
        pages[i] = event.row;
        times[i] = event.col;
        sum += event.sum;
        max = event.max > max ? event.max : max;
        by_kind[event.kind]++;
        assert_int_equal(cells_add(&c, &event), 0);
        assert_true(c.n <= BUDGET);
    }
    e = cells_sorted(&c);
    assert_true(c.n > BUDGET / 4); /* not coarser than it must be */
    assert_int_equal(c.left_out, 0);
    for (uint32_t i = 0; i < c.n; i++) {
        count += e[i].count;
        got_kind[e[i].kind] += e[i].count;
        got_sum += e[i].sum;
        got_max = e[i].max > got_max ? e[i].max : got_max;
        assert_int_equal(e[i].row, pages[e[i].id] >> c.row_shift);
        assert_int_equal(e[i].col, times[e[i].id] >> c.col_shift);
    }
    assert_int_equal(count, EVENTS);
    assert_int_equal(got_sum, sum);
    assert_int_equal(got_max, max);
    assert_memory_equal(got_kind, by_kind, sizeof(by_kind));
    cells_free(&c);
}

/* More bands than cells: what has no room is counted. */
static void too_many_bands(void **unused)
{
    struct cells c;
    int64_t count = 0;

    (void)unused;
    assert_int_equal(cells_init(&c, 100, 1 << 20), 0);
    for (uint64_t i = 0; i < 5000; i++) {
        struct cell event = {.band = 1 + i, .row = i, .col = i * 200, .count = 1, .id = i};
        assert_int_equal(cells_add(&c, &event), 0);
    }
    const struct cell *e = cells_sorted(&c);
    for (uint32_t i = 0; i < c.n; i++)
        count += e[i].count;
    assert_int_equal(c.n, 100);
    assert_int_equal((uint64_t)count + c.left_out, 5000);
    cells_free(&c);
}

/* A curve's sum at the end, and at each of its points, is what was added by then. */
static void curve_keeps_sums(void **unused)
{
    enum { EVENTS = 50000 };
    static int64_t after[EVENTS];
    static uint64_t when[EVENTS];
    static struct curve c;
    uint64_t ts = 0, k = 0;
    int64_t sum = 0;

    (void)unused;
    seed();
    memset(&c, 0, sizeof(c));
    for (int i = 0; i < EVENTS; i++) {
        int64_t amount = (int64_t)rnd(2001) - 1000;
        ts += rnd(rnd(100) == 0 ? 1000000 : 10);
        curve_add(&c, ts, amount);
        after[i] = sum += amount;
        when[i] = ts;
        if (i < CURVE_POINTS)
            assert_int_equal(c.shift, 0);
    }
    assert_true(c.n <= CURVE_POINTS && c.n > CURVE_POINTS / 4);
    for (unsigned i = 0; i < c.n; i++) {
        while (k < EVENTS && when[k] >> c.shift <= c.col[i])
            k++;
        assert_true(i == 0 || c.col[i] > c.col[i - 1]);
        assert_int_equal(c.sum[i], after[k - 1]);
    }
    assert_int_equal(k, EVENTS);
}

/* A bin's bounds hold what is in it; powers of two begin one. */
static void distribution_bins(void **unused)
{
    (void)unused;
    assert_int_equal(distribution_bin(0), 0);
    assert_int_equal(distribution_bin(1), 0);
    for (unsigned p = 0; p < 63; p++)
        assert_int_equal(distribution_bin(1ull << p), p * DISTRIBUTION_STEPS);
    for (uint64_t ns = 2; ns < 100000; ns++)
        assert_true(distribution_bin(ns) >= distribution_bin(ns - 1));
    assert_int_equal(distribution_bin(UINT64_MAX), DISTRIBUTION_BINS - 1);
}

/* Pages in memory: a segment's end gives back what it held; a page that a fork left counts once. */
static void memory_counts(void **unused)
{
    static struct curve resident, dirty, swapped;
    struct memory m;
    sqlite3 *db;

    (void)unused;
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "CREATE TABLE segment(id INTEGER PRIMARY KEY, ts, dur); "
                                      "INSERT INTO segment VALUES (1, 0, 100), (2, 50, NULL), (3, 55, 25)", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(memory_init(&m, db, &resident, &dirty, &swapped), 0);
    memory_change(&m, 10, 1, 0, 3); /* dirty */
    memory_change(&m, 20, 1, 1, 2); /* clean */
    memory_change(&m, 30, 1, 3, 4); /* swapped */
    memory_change(&m, 60, 3, 3, 1); /* a fork's: was never counted for it */
    memory_change(&m, 70, 3, 0, 2);
    memory_change(&m, 120, 2, 0, 3); /* after the ends of 3 and 1 */
    memory_end(&m);
    static const int64_t at[] = {10, 20, 30, 70, 80, 100, 120}, want[] = {1, 2, 1, 2, 1, 0, 1};
    assert_int_equal(resident.n, 7);
    for (unsigned i = 0; i < 7; i++) {
        assert_int_equal(resident.col[i], at[i]);
        assert_int_equal(resident.sum[i], want[i]);
    }
    assert_int_equal(swapped.sum[swapped.n - 1], 0);
    assert_int_equal(dirty.sum[dirty.n - 1], 1);
    memory_free(&m);
    sqlite3_close(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_is_exact),   cmocka_unit_test(large_keeps_sums),  cmocka_unit_test(too_many_bands),
        cmocka_unit_test(curve_keeps_sums), cmocka_unit_test(distribution_bins), cmocka_unit_test(memory_counts),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
