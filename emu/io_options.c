/* SPDX-License-Identifier: GPL-2.0-only */
/* The options of `tarry run` that choose how the guest's kernel does I/O. */
#include "io_options.h"

#include <stdio.h>
#include <string.h>

#include "say.h"

const char io_options_help[] =
    "      --io POLICY         reads into deferred segments: deferred (default), eager, fragments-eager, naive,\n"
    "                          cached, mmap-private or mmap-shared; docs/policies.md compares them\n";

static const char *const policies[] = {
    "eager", "deferred", "fragments-eager", "naive", "cached", "mmap-private", "mmap-shared", NULL,
};

static bool one_of(const char *const *names, const char *arg)
{
    while (*names && strcmp(*names, arg))
        names++;
    return *names != NULL;
}

void io_options_default(struct io_options *o)
{
    *o = (struct io_options){.policy = "deferred"};
}

bool io_options_policy(struct io_options *o, const char *arg)
{
    o->policy = arg;
    if (one_of(policies, arg))
        return true;
    say("--io %s: no such policy; 'tarry run --help' lists them", arg);
    return false;
}

bool io_options_bootarg(const struct io_options *o, unsigned i, char *buf, size_t len)
{
    switch (i) {
    case 0:
        snprintf(buf, len, "io=%s", o->policy);
        return true;
    }
    return false;
}
