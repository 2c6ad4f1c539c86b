/* SPDX-License-Identifier: GPL-2.0-only */
/* --access-window and --sample. */
#include <stdio.h>
#include <string.h>

#include "access.h"
#include "say.h"

#define LEAST_SAMPLE 1000

const char access_options_help[] =
    "      --access-window A-B with --trace access: only of the instructions from number A to B; of samples, too\n"
    "      --sample N          in each N instructions, which pages were used (docs/access.md)\n";

int access_window_parse(struct access_options *o, const char *arg, char *err, size_t errlen)
{
    char from[32];
    const char *dash = strchr(arg, '-');
    if (dash && (size_t)(dash - arg) < sizeof from) {
        snprintf(from, sizeof from, "%.*s", (int)(dash - arg), arg);
        if (parse_count(from, &o->from) && parse_count(dash + 1, &o->to) && o->from <= o->to) {
            o->window = true;
            return 0;
        }
    }
    snprintf(err, errlen, "needs FROM-TO, two numbers of instructions, as in 1000000-2000000");
    return -1;
}

int access_sample_parse(struct access_options *o, const char *arg, char *err, size_t errlen)
{
    if (parse_count(arg, &o->sample) && o->sample >= LEAST_SAMPLE)
        return 0;
    snprintf(err, errlen, "needs a number of instructions, at least %d", LEAST_SAMPLE);
    return -1;
}
