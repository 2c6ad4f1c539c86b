/* SPDX-License-Identifier: GPL-2.0-only */
/* Packed records come out as they went in, whatever is in them; so they do through the ring, between two threads, in order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "traces/ring.h"

#define RECORDS 300000u /* several times round the ring */

static uint64_t next(uint64_t *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 7;
    *x ^= *x << 17;
    return *x;
}

/* The next record of a sequence: words of all sizes, some as before. Words that are not of its kind are 0. */
static void make(uint64_t *x, struct record *r)
{
    unsigned n;

    r->kind = (uint16_t)(next(x) % EV_COUNT);
    r->flags = r->kind == EV_none ? REC_STRING : catalogue_events[r->kind].interval && next(x) % 2 ? REC_OPEN : 0;
    n = r->kind == EV_none ? 3
                           : W_COLUMNS + catalogue_events[r->kind].ncols + (r->flags & REC_OPEN ? 0 : catalogue_events[r->kind].nresults);
    for (unsigned i = 0; i < RECORD_WORDS; i++) {
        uint64_t word = next(x) >> next(x) % 64;
        r->words[i] = i >= n || word % 3 == 0 ? 0 : word % 5 == 0 ? -word : word % 7 == 0 ? (uint64_t)INT64_MIN : word;
    }
}

static bool same(const struct record *a, const struct record *b)
{
    return a->kind == b->kind && a->flags == b->flags && memcmp(a->words, b->words, sizeof(a->words)) == 0;
}

static uint64_t seed;

static void packed(void **state)
{
    static struct packer in, out;
    unsigned char bytes[PACK_MOST];
    struct record a, b;
    uint64_t x = seed;

    (void)state;
    for (unsigned i = 0; i < RECORDS; i++) {
        make(&x, &a);
        const unsigned char *end = pack(&in, bytes, &a);
        assert_true(end - bytes <= PACK_MOST - 8);
        assert_ptr_equal(unpack(&out, bytes, &b), end);
        if (!same(&a, &b))
            fail_msg("record %u, kind %u", i, a.kind);
    }
}

static void *produce(void *ring)
{
    struct record r;
    uint64_t x = seed;

    for (unsigned i = 0; i < RECORDS; i++) {
        make(&x, &r);
        ring_put(ring, &r);
    }
    ring_close(ring);
    return NULL;
}

static void through_the_ring(void **state)
{
    static struct ring ring;
    static struct record got[5000];
    struct record want;
    pthread_t producer;
    uint64_t x = seed, y = seed ^ 1, seen = 0;
    bool closed = false;

    (void)state;
    assert_int_equal(ring_init(&ring), 0);
    pthread_create(&producer, NULL, produce, &ring);
    for (;;) {
        uint64_t n = ring_wait(&ring, 1 + next(&y) % 70000, ring_clock_ns() + 50000000, &closed);
        if (n == 0 && closed)
            break;
        assert_true(n <= RING_RECORDS);
        if (n > sizeof(got) / sizeof(got[0]))
            n = sizeof(got) / sizeof(got[0]);
        ring_take(&ring, got, n);
        for (uint64_t i = 0; i < n; i++, seen++) {
            make(&x, &want);
            if (!same(&want, &got[i]))
                fail_msg("record %llu, kind %u", (unsigned long long)seen, want.kind);
        }
    }
    pthread_join(producer, NULL);
    assert_int_equal(seen, RECORDS);
    assert_true(ring.waits > 0);
    ring_free(&ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(packed), cmocka_unit_test(through_the_ring)};
    seed = getenv("TARRY_SEED") ? strtoull(getenv("TARRY_SEED"), NULL, 0) : (uint64_t)time(NULL) * 0x9e3779b97f4a7c15u | 1;
    printf("# TARRY_SEED=%llu\n", (unsigned long long)seed);
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("trace_pack", tests, NULL, NULL);
}
