/* SPDX-License-Identifier: GPL-2.0-only */
/* The test finisher. */
#include "finisher.h"
#include "machine_priv.h"

enum { FINISH_FAIL = 0x3333, FINISH_PASS = 0x5555, FINISH_RESET = 0x7777 };

static uint64_t finisher_read(void *arg, uint64_t offset, unsigned bytes)
{
    (void)arg, (void)offset, (void)bytes;
    return 0;
}

static void finisher_write(void *arg, uint64_t offset, unsigned bytes, uint64_t value)
{
    struct machine *m = arg;
    (void)bytes;
    if (offset != 0)
        return;
    switch (value & 0xffff) {
    case FINISH_PASS:
        machine_stop(m, STOP_EXIT, 0, NULL);
        break;
    case FINISH_FAIL:
        machine_stop(m, STOP_EXIT, (int)(value >> 16 & 0xffff), NULL);
        break;
    case FINISH_RESET:
        machine_stop(m, STOP_RESET, 0, NULL);
        break;
    }
}

int finisher_init(struct machine *m, char *err, size_t errlen)
{
    return bus_add(m, &(struct device){FINISHER_BASE, FINISHER_SIZE, finisher_read, finisher_write, m}, err, errlen);
}
