/* SPDX-License-Identifier: GPL-2.0-only */
/* The options of `tarry run` that choose how the guest's kernel does I/O. */
#include "io_options.h"

#include <stdio.h>
#include <string.h>

#include "say.h"

const char io_options_help[] =
    "      --io POLICY         reads into deferred segments: deferred (default), eager, fragments-eager, naive,\n"
    "                          cached, mmap-private or mmap-shared; docs/policies.md compares them\n"
    "      --snapshot SCOPE    what a snapshot keeps: file (default), range (of the read), or mount (all files)\n"
    "      --lend on|off       whether fills share the block cache's frames in place of copying them (off)\n";

static const char *const policies[] = {
    "eager", "deferred", "fragments-eager", "naive", "cached", "mmap-private", "mmap-shared", NULL,
};
static const char *const switches[] = {"on", "off", NULL};
static const char *const scopes[] = {"file", "range", "mount", NULL};

static bool one_of(const char *const *names, const char *arg)
{
    while (*names && strcmp(*names, arg))
        names++;
    return *names != NULL;
}

void io_options_default(struct io_options *o)
{
    *o = (struct io_options){.policy = "deferred", .snapshot = "file", .lend = "off"};
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
    }
    *taken = false;
    return true;
}

bool io_options_bootarg(const struct io_options *o, unsigned i, char *buf, size_t len)
{
    const char *const words[][2] = {{"io", o->policy}, {"snapshot", o->snapshot}, {"lend", o->lend}};
    if (i >= sizeof words / sizeof words[0])
        return false;
    snprintf(buf, len, "%s=%s", words[i][0], words[i][1]);
    return true;
}
