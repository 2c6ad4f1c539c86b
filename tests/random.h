/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Repeatable randomness for unit tests that do without the kernel's code (those have tests/khost/random.h):
 * xorshift64*. A test has one stream; it is seeded with a number of the test's own, or by the clock, and TARRY_SEED
 * replays it.
 */
#ifndef TESTS_RANDOM_H
#define TESTS_RANDOM_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static uint64_t seed;

static inline uint64_t rnd(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed * 0x2545f4914f6cdd1dull;
}

/* 0 .. n - 1, n up to 2^31 */
static inline unsigned below(uint64_t n)
{
    return (unsigned)((rnd() >> 33) % n);
}

/* Begins with TARRY_SEED, or, if there is none, with `usual`; and says so. */
static inline void seed_with(uint64_t usual)
{
    const char *given = getenv("TARRY_SEED");
    seed = given ? strtoull(given, NULL, 0) : usual;
    seed = seed ? seed : 1; /* 0 stays 0 */
    printf("# TARRY_SEED=0x%llx\n", (unsigned long long)seed);
}

/* A seed that is another at each run. */
static inline uint64_t seed_of_now(void)
{
    return (uint64_t)time(NULL) * 2654435761u + 1;
}

#endif
