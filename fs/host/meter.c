/* SPDX-License-Identifier: GPL-2.0-only */
/* Progress of long puts and gets, as a line on the terminal. */
#include "meter.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
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

/* "1.5 GB" and the like. */
static void size_text(char *to, size_t len, double bytes)
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
    unsigned u = 0;
    for (; bytes >= 1000 && u < 4; u++)
        bytes /= 1000;
    snprintf(to, len, bytes < 10 && u > 0 ? "%.1f %s" : "%.0f %s", bytes, units[u]);
}

static size_t columns(void)
{
    struct winsize w = {0};
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 0 ? w.ws_col : 80;
}

static void show(void *arg, const char *path, uint64_t files, uint64_t bytes)
{
    struct meter *m = arg;
    char done[16], rate[16], line[80];
    uint64_t now = host_ns();
    if (now - m->last_ns < INTERVAL_NS)
        return;
    m->last_ns = now;
    m->shown = 1;
    size_text(done, sizeof done, (double)bytes);
    size_text(rate, sizeof rate, (double)bytes * 1e9 / (double)(now - m->began_ns));
    int n = snprintf(line, sizeof line, "%llu file%s, %s, %s/s: ", (unsigned long long)files, files == 1 ? "" : "s", done, rate);
    size_t room = columns() > (size_t)n + 1 ? columns() - (size_t)n - 1 : 0, len = strlen(path);
    fprintf(stderr, "\r\033[K%s%s", line, len > room ? path + (len - room) : path); /* the end of a path says more */
    fflush(stderr);
}

void meter_begin(struct meter *m, struct hostfs *fs)
{
    *m = (struct meter){.began_ns = host_ns()};
    m->last_ns = m->began_ns;
    if (isatty(STDERR_FILENO))
        hostfs_on_progress(fs, show, m);
}

void meter_end(struct meter *m)
{
    if (m->shown)
        fprintf(stderr, "\r\033[K");
    m->shown = 0;
}
