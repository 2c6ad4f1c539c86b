/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * faultloop PAGES [ROUNDS]: page-fault round trips for benchmarks. Attaches PAGES pages of zero-filled memory, stores into
 * each, gives all back with segfree, and so on: PAGES x ROUNDS faults.
 */
#include "tarry.h"

static const char help[] = "faultloop PAGES [ROUNDS]\n"
                           "Stores into PAGES fresh pages and frees them, ROUNDS (100) times.";

int main(int argc, char **argv) {
    uint64_t pages, rounds = 100, sum = 0;
    char line[80];
    if (help_asked(argc, argv, help))
        return 0;
    if (argc < 2 || argc > 3 || !parse_number(argv[1], &pages) || !pages || pages > 1u << 24 ||
        (argc == 3 && !parse_number(argv[2], &rounds)))
        usage(help);
    volatile unsigned char *mem = segattach(0, "memory", NULL, pages * TARRY_PAGE);
    if ((intptr_t)mem == -1) {
        complain("segattach");
        return 1;
    }
    for (uint64_t round = 0; round < rounds; round++) {
        for (uint64_t i = 0; i < pages; i++)
            sum += mem[i * TARRY_PAGE] += (unsigned char)(i + round); /* fresh pages are zero, else the sum tells */
        if (segfree((void *)mem, pages * TARRY_PAGE) < 0) {
            complain("segfree");
            return 1;
        }
    }
    char *p = put_number(put_text(line, "faults="), (int64_t)(pages * rounds));
    p = put_number(put_text(p, " sum="), (int64_t)sum);
    *p++ = '\n';
    return write_all(1, line, (size_t)(p - line)) < 0;
}
