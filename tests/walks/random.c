/* SPDX-License-Identifier: GPL-2.0-only */
/* Repeatable randomness: splitmix64, begun anew for each batch. */
#include "walks.h"

static uint64_t counter;

void set_random(uint64_t seed, uint64_t batch)
{
    counter = seed * 0xd1342543de82ef95ull ^ batch * 0x2545f4914f6cdd1dull;
    rnd();
}

uint64_t rnd(void)
{
    uint64_t z = counter += 0x9e3779b97f4a7c15ull;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return z ^ z >> 31;
}

unsigned below(unsigned n)
{
    return (unsigned)((rnd() >> 32) * n >> 32);
}
