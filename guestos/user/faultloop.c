/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * faultloop FAULTS [PAGES]: page-fault round trips for benchmarks. Attaches PAGES (256) pages of zero-filled memory,
 * stores into each, gives all back with segfree, and begins again, until there were FAULTS first touches. With PAGES
 * larger than the memory of the machine it shows what happens then.
 */
#include "tarry.h"

static const char help[] = "faultloop FAULTS [PAGES]\n"
                           "Stores into fresh pages FAULTS times, freeing them after each PAGES (256).";

/* Stores into n fresh pages; they are zero, else the sum tells. */
static uint64_t touch(volatile unsigned char *mem, uint64_t n)
{
    uint64_t sum = 0;
    for (uint64_t i = 0; i < n; i++)
        sum += mem[i * TARRY_PAGE] += (unsigned char)i;
    return sum;
}

int main(int argc, char **argv)
{
    uint64_t faults, pages = 256, sum = 0;
    char line[80];
    if (help_asked(argc, argv, help))
        return 0;
    if (argc < 2 || argc > 3 || !parse_number(argv[1], &faults) ||
        (argc == 3 && (!parse_number(argv[2], &pages) || !pages || pages > 1u << 24)))
        usage(help);
    unsigned char *mem = segattach(0, "memory", NULL, pages * TARRY_PAGE);
    if ((intptr_t)mem == -1) {
        complain("segattach");
        return 1;
    }
    for (uint64_t done = 0; done < faults; done += pages) {
        sum += touch(mem, faults - done < pages ? faults - done : pages);
        if (segfree(mem, pages * TARRY_PAGE) < 0) {
            complain("segfree");
            return 1;
        }
    }
    char *p = put_number(put_text(line, "faults="), (int64_t)faults);
    p = put_number(put_text(p, " sum="), (int64_t)sum);
    *p++ = '\n';
    return write_all(1, line, (size_t)(p - line)) < 0 ? output_failed() : 0;
}
