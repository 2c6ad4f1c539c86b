/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * thrash BYTES [ROUNDS [NS]]: makes every page of so much memory dirty, then goes through it, checking and
 * changing what it finds: a workload for page replacement.
 */
#include <stdio.h>
#include "tarry.h"

static const char help[] = "thrash BYTES [ROUNDS [NS]]\n"
                           "Dirties BYTES of memory, then checks and changes all of it ROUNDS (2) times, and sleeps NS (0)\n"
                           "nanoseconds after each page.";

enum { PAGE = 4096 };

/* What page i holds after `round` changes. */
static uint64_t expected(uint64_t i, uint64_t round)
{
    return (i + 1) * 0x9e3779b97f4a7c15ull + round;
}

/* Checks and changes every page. How many were wrong. */
static uint64_t pass(volatile uint64_t *words, uint64_t pages, uint64_t round, uint64_t ns)
{
    uint64_t wrong = 0;
    for (uint64_t n = 0, i = 0; n < pages; n++, i = (i + 1) % pages) {
        volatile uint64_t *first = words + i * (PAGE / sizeof *words), *last = first + PAGE / sizeof *words - 1;
        wrong += *first != expected(i, round) || *last != ~expected(i, round);
        *first = expected(i, round + 1);
        *last = ~expected(i, round + 1);
        if (ns > 0)
            nsleep(ns);
    }
    return wrong;
}

int main(int argc, char **argv)
{
    uint64_t bytes, rounds = 2, ns = 0, wrong = 0;
    if (help_asked(argc, argv, help))
        return 0;
    if (argc < 2 || argc > 4 || !parse_number(argv[1], &bytes) || bytes < PAGE ||
        (argc > 2 && !parse_number(argv[2], &rounds)) || (argc > 3 && !parse_number(argv[3], &ns)))
        usage(help);
    uint64_t pages = bytes / PAGE;
    uint64_t *words = segattach(0, "memory", NULL, bytes);
    if (words == (void *)-1) {
        complain("segattach");
        return 1;
    }
    for (uint64_t i = 0; i < pages; i++) {
        words[i * (PAGE / sizeof *words)] = expected(i, 0);
        words[(i + 1) * (PAGE / sizeof *words) - 1] = ~expected(i, 0);
    }
    for (uint64_t round = 0; round < rounds; round++)
        wrong += pass(words, pages, round, ns);
    printf("pages=%lu rounds=%lu wrong=%lu\n", (unsigned long)pages, (unsigned long)rounds, (unsigned long)wrong);
    return finish_output(wrong != 0);
}
