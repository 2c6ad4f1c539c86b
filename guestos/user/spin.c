/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * spin [MILLIONS]: a CPU-bound loop for benchmarks, MILLIONS (100) million iterations of about ten instructions:
 * integer arithmetic with a multiplication, a load and a store in a table of 32 KiB, a branch that the data decide.
 * Prints a checksum.
 */
#include <unistd.h>
#include "tarry.h"

static const char help[] = "spin [MILLIONS]\n"
                           "Runs MILLIONS (100) million iterations of a mixed loop and prints a checksum.";

enum { WORDS = 4096 };
static uint64_t table[WORDS];

static uint64_t spin(uint64_t iterations)
{
    uint64_t x = 88172645463325252u, sum = 0;
    for (uint64_t i = 0; i < iterations; i++) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        uint64_t *word = &table[x >> 52];
        *word += x ^ i;
        if (x & 1u << 31)
            sum += *word;
        else
            sum = (sum ^ *word) << 1 | sum >> 63;
    }
    return sum;
}

int main(int argc, char **argv)
{
    uint64_t millions = 100;
    char line[40];
    if (help_asked(argc, argv, help))
        return 0;
    if (argc > 2 || (argc == 2 && (!parse_number(argv[1], &millions) || millions > UINT64_MAX / 1000000)))
        usage(help);
    char *p = put_number(put_text(line, "checksum="), (int64_t)(spin(millions * 1000000) >> 1));
    *p++ = '\n';
    return write_all(1, line, (size_t)(p - line)) < 0 ? output_failed() : 0;
}
