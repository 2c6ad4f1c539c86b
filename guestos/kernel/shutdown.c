/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The end of a run: the file system is made durable and the machine powers off with the status of
 * the first process: 0 for "", N for a decimal number up to 255, 1 for any other text.
 */
#include <stddef.h>
#include "cache.h"
#include "chan.h"
#include "devfs.h"
#include "fault.h"
#include "io.h"
#include "pagemap.h"
#include "proc.h"
#include "shutdown.h"
#include "swap.h"

static int machinestatus(const char *text)
{
    int n = 0;
    for (const char *p = text; *p != '\0'; p++) {
        if (*p < '0' || *p > '9' || n > 255)
            return 1;
        n = n * 10 + (*p - '0');
    }
    return n > 255 ? 1 : n;
}

/* The last process is gone. What it and the others had must be back (S4). */
static void checkleaks(void)
{
    struct tfs_space space = {0};
    if (rootfs != NULL)
        tfs_space(rootfs, &space);
    if (countsegs() + mappedframes() + swapused() + space.snapshots > 0)
        print("kernel: leaked %u segments, %lu frames, %lu slots of swap, %lu snapshots\n", countsegs(), mappedframes(),
              swapused(), space.snapshots);
}

void shutdown(const char *status)
{
    int code = machinestatus(status);
    checkleaks();
    if (fsunmount() < 0) {
        print("file system: %s\n", up->errstr);
        code = code == 0 ? 1 : code;
    }
    cacheend();
    poweroff(code);
}
