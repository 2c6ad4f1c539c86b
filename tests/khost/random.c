/* SPDX-License-Identifier: GPL-2.0-only */
/* Repeatable randomness for tests: splitmix64. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include "random.h"

static uint64_t seed, counter;

void set_seed(uint64_t s)
{
    seed = counter = s;
}

void seed_random(void)
{
    const char *given = getenv("TARRY_SEED");
    set_seed(given != NULL ? strtoull(given, NULL, 0) : (uint64_t)time(NULL) * 1000003 + (uint64_t)getpid());
    printf("# TARRY_SEED=%lu\n", (unsigned long)seed);
    fflush(stdout);
}

uint64_t the_seed(void)
{
    return seed;
}

uint64_t below(uint64_t n)
{
    uint64_t z = counter += 0x9e3779b97f4a7c15ull;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return (z ^ z >> 31) % n;
}
