/* SPDX-License-Identifier: GPL-2.0-only */
/* Progress of long puts and gets, as a line on the terminal. */
#include "meter.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "hostfs.h"

#define INTERVAL_NS 500000000u

static uint64_t host_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void show(void *arg, const char *path, uint64_t done, uint64_t total)
{
    struct meter *m = arg;
    uint64_t now = host_ns();
    if (now - m->last_ns < INTERVAL_NS)
        return;
    m->last_ns = now;
    m->shown = 1;
    fprintf(stderr, "\r\033[K%3u%% of %s", total ? (unsigned)(100 * (double)done / (double)total) : 100u, path);
}

void meter_begin(struct meter *m, struct hostfs *fs)
{
    *m = (struct meter){.last_ns = host_ns()};
    if (isatty(STDERR_FILENO))
        hostfs_on_progress(fs, show, m);
}

void meter_end(struct meter *m)
{
    if (m->shown)
        fprintf(stderr, "\r\033[K");
    m->shown = 0;
}
