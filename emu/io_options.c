/* SPDX-License-Identifier: GPL-2.0-only */
/* The options of `tarry run` that choose how the guest's kernel does I/O. */
#include "io_options.h"

#include <stdio.h>
#include <string.h>

#include "say.h"

const char io_options_help[] =
    "      --io POLICY         reads into deferred segments: deferred (default), eager, fragments-eager, naive,\n"
    "                          cached, mmap-private or mmap-shared; docs/policies.md compares them\n"
    "      --snapshot SCOPE    what a snapshot keeps: range (of the read, default), file, or mount (all files)\n"
    "      --lend on|off       whether fills share the block cache's frames in place of copying them (off)\n"
    "      --fill-around N     pages that one fault brings, 2 to 64; seq: more, the longer faults are in sequence (off)\n"
    "      --nospace WHAT      no space to preserve a block: materialise the pages that need it (default), or\n"
    "                          fail-writer\n"
    "      --superpages on|off whether 2 MiB of a segment, once resident, become one entry of the page table (off)\n";

static const char *const policies[] = {
    "eager", "deferred", "fragments-eager", "naive", "cached", "mmap-private", "mmap-shared", NULL,
};
static const char *const switches[] = {"on", "off", NULL};
static const char *const nospaces[] = {"materialise", "fail-writer", NULL};
static const char *const scopes[] = {"file", "range", "mount", NULL};

static bool one_of(const char *const *names, const char *arg)
{
    while (*names && strcmp(*names, arg))
        names++;
    return *names != NULL;
}

void io_options_default(struct io_options *o)
{
    *o = (struct io_options){.policy = "deferred", .snapshot = "range", .lend = "off", .around = "off", .nospace = "materialise", .superpages = "off"};
}

/* The option's value, which must be one of the names. */
static bool choose(const char **value, const char *option, const char *const *names, const char *arg)
{
    *value = arg;
    if (one_of(names, arg))
        return true;
    say("--%s %s: no such choice; 'tarry run --help' lists them", option, arg);
    return false;
}

static bool take_around(struct io_options *o, const char *arg)
{
    uint64_t n;
    o->around = arg;
    if (!strcmp(arg, "off") || !strcmp(arg, "seq") || (parse_count(arg, &n) && n >= 2 && n <= 64 && arg[0] != '0'))
        return true;
    say("--fill-around %s: needs a number of pages from 2 to 64, seq or off", arg);
    return false;
}

bool io_options_take(struct io_options *o, int c, const char *arg, bool *taken)
{
    *taken = true;
    switch (c) {
    case OPT_IO:
        return choose(&o->policy, "io", policies, arg);
    case OPT_SNAPSHOT:
        return choose(&o->snapshot, "snapshot", scopes, arg);
    case OPT_LEND:
        return choose(&o->lend, "lend", switches, arg);
    case OPT_FILL_AROUND:
        return take_around(o, arg);
    case OPT_NOSPACE:
        return choose(&o->nospace, "nospace", nospaces, arg);
    case OPT_SUPERPAGES:
        return choose(&o->superpages, "superpages", switches, arg);
    }
    *taken = false;
    return true;
}

bool io_options_bootarg(const struct io_options *o, unsigned i, char *buf, size_t len)
{
    const char *const words[][2] = {{"io", o->policy},
                                    {"snapshot", o->snapshot},
                                    {"lend", o->lend},
                                    {"fill-around", o->around},
                                    {"nospace", o->nospace},
                                    {"superpages", o->superpages}};
    if (i >= sizeof words / sizeof words[0])
        return false;
    snprintf(buf, len, "%s=%s", words[i][0], words[i][1]);
    return true;
}
