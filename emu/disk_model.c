/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Timing models of disks: round numbers of the kind of device, not of one product.
 *
 *          access   seek     transfer            flush
 * nvme     20 us    0        2.5 GB/s (200 ns)   100 us
 * ssd      80 us    0        550 MB/s (930 ns)   1 ms
 * hdd      100 us   8 ms     200 MB/s (2560 ns)  10 ms
 * none     0        0        0                   0
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine.h"

static const struct {
    const char *name;
    struct disk_model model;
} models[] = {
    {"nvme", {20000, 0, 200, 100000}},
    {"ssd", {80000, 0, 930, 1000000}},
    {"hdd", {100000, 8000000, 2560, 10000000}},
    {"none", {0, 0, 0, 0}},
};

#define MAX_NS 1000000000000ull /* a quarter of an hour: keeps all sums far from overflow */

static int parse_numbers(const char *text, struct disk_model *model)
{
    uint64_t n[4];
    for (int i = 0; i < 4; i++) {
        char *end;
        errno = 0;
        if (*text < '0' || *text > '9')
            return -1;
        n[i] = strtoull(text, &end, 10);
        if (errno || n[i] > MAX_NS || *end != (i < 3 ? ',' : '\0'))
            return -1;
        text = end + 1;
    }
    *model = (struct disk_model){n[0], n[1], n[2], n[3]};
    return 0;
}

int disk_model_parse(const char *name, struct disk_model *model, char *err, size_t errlen)
{
    for (size_t i = 0; i < sizeof models / sizeof *models; i++)
        if (strcmp(name, models[i].name) == 0) {
            *model = models[i].model;
            return 0;
        }
    if (parse_numbers(name, model) == 0)
        return 0;
    snprintf(err, errlen, "unknown disk model '%s'; use nvme, ssd, hdd, none, or "
             "ACCESS_NS,SEEK_NS,NS_PER_SECTOR,FLUSH_NS", name);
    return -1;
}
