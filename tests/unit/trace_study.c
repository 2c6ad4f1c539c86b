/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Replacement studies (traces/study.h): each policy against a naive simulation of one memory on random references of
 * different kinds, and against sequences whose answers stand in textbooks.
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

#include "traces/study.h"

enum { REFERENCES = 4000, ROUNDS = 60 };

static uint64_t seed, state_of_rnd;

static uint64_t rnd(void)
{
    state_of_rnd ^= state_of_rnd << 13;
    state_of_rnd ^= state_of_rnd >> 7;
    state_of_rnd ^= state_of_rnd << 17;
    return state_of_rnd * 0x2545f4914f6cdd1dull >> 20;
}

static uint32_t below(uint32_t n)
{
    return (uint32_t)(rnd() % n);
}

/* ---- the naive simulation ---- */

struct frame {
    uint32_t page;
    uint64_t loaded, used;
    bool referenced;
};

static size_t next_use(const uint32_t *refs, size_t n, size_t from, uint32_t page)
{
    while (from < n && refs[from] != page)
        from++;
    return from;
}

static size_t naive_victim(enum study_policy policy, struct frame *f, size_t frames, size_t *hand, const uint32_t *refs, size_t n, size_t now)
{
    size_t best = 0;
    if (policy == STUDY_POLICY_CLOCK) {
        for (; f[*hand].referenced; *hand = (*hand + 1) % frames)
            f[*hand].referenced = false;
        best = *hand;
        *hand = (*hand + 1) % frames;
        return best;
    }
    for (size_t i = 1; i < frames; i++)
        if (policy == STUDY_POLICY_FIFO  ? f[i].loaded < f[best].loaded
            : policy == STUDY_POLICY_LRU ? f[i].used < f[best].used
                                         : next_use(refs, n, now + 1, f[i].page) > next_use(refs, n, now + 1, f[best].page))
            best = i;
    return best;
}

static uint64_t naive(enum study_policy policy, const uint32_t *refs, size_t n, size_t frames)
{
    struct frame f[300];
    size_t used = 0, hand = 0, at;
    uint64_t misses = 0;
    assert_true(frames <= 300);
    for (size_t t = 0; t < n; t++) {
        for (at = 0; at < used && f[at].page != refs[t]; at++)
            ;
        if (at == used) {
            misses++;
            at = used < frames ? used++ : naive_victim(policy, f, frames, &hand, refs, n, t);
            f[at] = (struct frame){.page = refs[t], .loaded = t};
        }
        f[at].used = t;
        f[at].referenced = true;
    }
    return misses;
}

/* ---- references ---- */

/* Of one of several kinds: uniform, loops, a working set that moves, alternation of code and data. */
static void make(uint32_t *refs, size_t n, unsigned kind, uint32_t pages)
{
    uint32_t base = 0;
    for (size_t i = 0; i < n; i++) {
        if (kind == 1 || (kind == 4 && i / 500 % 2))
            refs[i] = (uint32_t)(i % pages);
        else if (kind == 2) {
            if (below(100) == 0)
                base = below(pages);
            refs[i] = (base + below(1 + pages / 10)) % pages;
        } else if (kind == 3)
            refs[i] = i % 2 ? 0 : below(4) ? (uint32_t)(i / 50 % pages) : below(pages);
        else
            refs[i] = below(pages);
    }
}

static uint64_t lru(const uint32_t *refs, size_t n, uint64_t frames)
{
    struct study_lru *l = study_lru_new();
    for (size_t i = 0, times; i < n; i += times) {
        for (times = 1; i + times < n && refs[i + times] == refs[i] && below(8); times++)
            ; /* repeated ones in one call, or not */
        assert_true(study_lru_refer(l, refs[i], times));
    }
    uint64_t misses = study_lru_misses(l, frames);
    study_lru_free(l);
    return misses;
}

static uint64_t queue(enum study_queue_kind kind, const uint32_t *refs, size_t n, uint64_t frames)
{
    struct study_queue *q = study_queue_new(kind, &frames, 1, 1);
    for (size_t i = 0; i < n; i++)
        assert_true(study_queue_refer(q, refs[i]));
    uint64_t misses = study_queue_misses(q, 0);
    study_queue_free(q);
    return misses;
}

static uint64_t opt(const uint32_t *refs, size_t n, uint64_t least, uint64_t frames)
{
    struct study_opt *o = study_opt_new(least);
    uint64_t misses;
    for (size_t i = 0; i < n; i++)
        assert_true(study_opt_refer(o, refs[i]));
    assert_true(study_opt_misses(o, frames, &misses));
    assert_true(study_opt_kept(o) <= n);
    study_opt_free(o);
    return misses;
}

/* ---- tests ---- */

static void agree(const char *what, uint64_t got, uint64_t want, unsigned round, uint64_t frames)
{
    if (got != want)
        fail_msg("TARRY_SEED=%llu, round %u: %s with %llu frames: %llu misses, the naive simulation has %llu", (unsigned long long)seed, round,
                 what, (unsigned long long)frames, (unsigned long long)got, (unsigned long long)want);
}

static void random_references(void **state)
{
    static uint32_t refs[REFERENCES];
    (void)state;
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint32_t pages = 2 + below(round % 3 ? 40 : 250);
        uint64_t frames = 1 + below(pages + 2), least = 1 + below((uint32_t)frames);
        make(refs, REFERENCES, round % 5, pages);
        agree("LRU", lru(refs, REFERENCES, frames), naive(STUDY_POLICY_LRU, refs, REFERENCES, frames), round, frames);
        agree("FIFO", queue(STUDY_FIFO, refs, REFERENCES, frames), naive(STUDY_POLICY_FIFO, refs, REFERENCES, frames), round, frames);
        agree("clock", queue(STUDY_CLOCK, refs, REFERENCES, frames), naive(STUDY_POLICY_CLOCK, refs, REFERENCES, frames), round, frames);
        uint64_t best = naive(STUDY_POLICY_OPT, refs, REFERENCES, frames);
        agree("OPT", opt(refs, REFERENCES, least, frames), best, round, frames);
        agree("OPT, thinned out as far as may be", opt(refs, REFERENCES, frames, frames), best, round, frames);
    }
}

/* Many sizes at once are the same as each alone. */
static void sizes_together(void **state)
{
    static uint32_t refs[REFERENCES];
    uint64_t frames[STUDY_MOST_SIZES];
    (void)state;
    for (unsigned k = 0; k < STUDY_MOST_SIZES; k++)
        frames[k] = k + 1;
    for (unsigned kind = 0; kind < 5; kind++) {
        struct study_queue *q[] = {study_queue_new(STUDY_FIFO, frames, STUDY_MOST_SIZES, 1), study_queue_new(STUDY_CLOCK, frames, STUDY_MOST_SIZES, 1)};
        make(refs, REFERENCES, kind, 80);
        for (size_t i = 0; i < REFERENCES; i++)
            assert_true(study_queue_refer(q[0], refs[i]) && study_queue_refer(q[1], refs[i]));
        for (unsigned k = 0; k < STUDY_MOST_SIZES; k += 7) {
            agree("FIFO", study_queue_misses(q[0], k), naive(STUDY_POLICY_FIFO, refs, REFERENCES, frames[k]), kind, frames[k]);
            agree("clock", study_queue_misses(q[1], k), naive(STUDY_POLICY_CLOCK, refs, REFERENCES, frames[k]), kind, frames[k]);
        }
        study_queue_free(q[0]);
        study_queue_free(q[1]);
    }
}

/* More pages than the times of the tree: they are renumbered. */
static void long_distances(void **state)
{
    enum { PAGES = 9000 };
    struct study_lru *l = study_lru_new();
    (void)state;
    for (unsigned round = 0; round < 4; round++)
        for (uint32_t i = 0; i < PAGES; i++)
            assert_true(study_lru_refer(l, i, 1));
    assert_int_equal(study_lru_misses(l, PAGES), PAGES);
    assert_int_equal(study_lru_misses(l, PAGES - 1), 4 * PAGES); /* a loop over one page more than fits */
    study_lru_free(l);
}

/* Belady, Nelson, Shedler, 1969: more frames, more faults. */
static void belady(void **state)
{
    static const uint32_t refs[] = {1, 2, 3, 4, 1, 2, 5, 1, 2, 3, 4, 5};
    enum { N = sizeof refs / sizeof *refs };
    (void)state;
    assert_int_equal(queue(STUDY_FIFO, refs, N, 3), 9);
    assert_int_equal(queue(STUDY_FIFO, refs, N, 4), 10);
    assert_int_equal(opt(refs, N, 3, 3), 7);
    assert_int_equal(opt(refs, N, 3, 4), 6);
    assert_int_equal(lru(refs, N, 3), 10);
    assert_int_equal(lru(refs, N, 4), 8);
}

/* The sequence of Silberschatz, Galvin and Gagne, "Operating System Concepts", chapter on virtual memory: three frames. */
static void textbook(void **state)
{
    static const uint32_t refs[] = {7, 0, 1, 2, 0, 3, 0, 4, 2, 3, 0, 3, 2, 1, 2, 0, 1, 7, 0, 1};
    enum { N = sizeof refs / sizeof *refs };
    (void)state;
    assert_int_equal(queue(STUDY_FIFO, refs, N, 3), 15);
    assert_int_equal(opt(refs, N, 1, 3), 9);
    assert_int_equal(lru(refs, N, 3), 12);
}

/* Random replacement: the same for a seed; every miss beyond the first ones throws out one page; bounds by OPT and by all. */
static void random_policy(void **state)
{
    static uint32_t refs[REFERENCES];
    uint64_t frames[] = {1, 5, 20, 60};
    (void)state;
    make(refs, REFERENCES, 0, 60);
    for (unsigned k = 0; k < 4; k++) {
        uint64_t once = queue(STUDY_RANDOM, refs, REFERENCES, frames[k]);
        assert_int_equal(once, queue(STUDY_RANDOM, refs, REFERENCES, frames[k]));
        assert_true(once >= opt(refs, REFERENCES, frames[k], frames[k]));
    }
    assert_int_equal(queue(STUDY_RANDOM, refs, REFERENCES, 60), 60);
    assert_int_equal(queue(STUDY_RANDOM, refs, REFERENCES, 1), naive(STUDY_POLICY_FIFO, refs, REFERENCES, 1));
    /* uniform references: each hits with probability frames / pages, whatever goes */
    double hits = 1 - (double)queue(STUDY_RANDOM, refs, REFERENCES, 20) / REFERENCES;
    assert_true(hits > 0.28 && hits < 0.38);
}

int main(void)
{
    const char *given = getenv("TARRY_SEED");
    seed = given ? strtoull(given, NULL, 0) : 1;
    state_of_rnd = seed * 0x9e3779b97f4a7c15ull | 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_references), cmocka_unit_test(sizes_together), cmocka_unit_test(long_distances),
        cmocka_unit_test(belady),            cmocka_unit_test(textbook),       cmocka_unit_test(random_policy),
    };
    printf("# TARRY_SEED=%llu\n", (unsigned long long)seed);
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
