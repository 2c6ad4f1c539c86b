/* SPDX-License-Identifier: GPL-2.0-only */
/* sleep SECONDS: sleeps that much virtual time; a decimal fraction is allowed. */
#include "tarry.h"

static const char help[] = "sleep SECONDS\n"
                           "Sleeps that many seconds of virtual time (a fraction such as 0.25 is allowed).";

/* Decimal seconds to nanoseconds; digits beyond the ninth are ignored. */
static bool parse_seconds(const char *s, uint64_t *ns)
{
    uint64_t v = 0, unit = 1000000000;
    bool point = false, digit = false;
    for (; *s; s++) {
        if (*s == '.' && !point) {
            point = true;
            continue;
        }
        if (*s < '0' || *s > '9' || (!point && v > 1000000000))
            return false;
        digit = true;
        if (!point) {
            v = v * 10 + (uint64_t)(*s - '0');
            *ns = v * 1000000000;
        } else {
            unit /= 10;
            *ns += (uint64_t)(*s - '0') * unit;
        }
    }
    return digit;
}

int main(int argc, char **argv)
{
    uint64_t ns = 0;
    if (help_asked(argc, argv, help))
        return 0;
    if (argc != 2 || !parse_seconds(argv[1], &ns))
        usage(help);
    if (nsleep(ns) < 0) {
        complain(argv[1]);
        return 1;
    }
    return 0;
}
