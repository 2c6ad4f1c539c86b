/* SPDX-License-Identifier: GPL-2.0-only */
/* Repeatable randomness for tests: the seed is printed, and taken from TARRY_SEED if that is set. */
#ifndef KHOST_RANDOM_H
#define KHOST_RANDOM_H

#include <stdint.h>

void seed_random(void);
void set_seed(uint64_t);
uint64_t the_seed(void);
uint64_t below(uint64_t n); /* 0 .. n - 1 */

#endif
