/* SPDX-License-Identifier: GPL-2.0-only */
/* CLINT. Its interrupts are machine-mode ones: a kernel under the SBI only reads mtime. */
#include "clint.h"
#include "machine_priv.h"

enum { MSIP = 0, MTIMECMP = 0x4000, MTIME = 0xbff8 };

/* `bytes` bytes at `offset` of the 64-bit register at `base`. */
static uint64_t part(uint64_t value, uint64_t offset, uint64_t base)
{
    return value >> (8 * (offset - base));
}

static uint64_t clint_read(void *arg, uint64_t offset, unsigned bytes)
{
    struct machine *m = arg;
    (void)bytes;
    if (offset == MSIP)
        return m->clint.msip;
    if (offset >= MTIMECMP && offset < MTIMECMP + 8)
        return part(m->clint.mtimecmp, offset, MTIMECMP);
    if (offset >= MTIME && offset < MTIME + 8)
        return part(clock_ticks(m), offset, MTIME);
    return 0;
}

static void set_mtimecmp(struct machine *m)
{
    uint64_t due = clock_ticks_to_ns(m->clint.mtimecmp);
    bool now = clock_ticks(m) >= m->clint.mtimecmp;
    hart_set_line(&m->hart, IRQ_MTIMER, now);
    clock_set(m, CLOCK_MTIMER, now ? CLOCK_NEVER : due);
}

static void clint_write(void *arg, uint64_t offset, unsigned bytes, uint64_t value)
{
    struct machine *m = arg;
    if (offset == MSIP) {
        m->clint.msip = value & 1;
        hart_set_line(&m->hart, IRQ_MSOFT, m->clint.msip);
    } else if (offset >= MTIMECMP && offset < MTIMECMP + 8) {
        unsigned shift = 8 * (unsigned)(offset - MTIMECMP);
        uint64_t mask = (bytes >= 8 ? ~0ull : (1ull << (8 * bytes)) - 1) << shift;
        m->clint.mtimecmp = (m->clint.mtimecmp & ~mask) | ((value << shift) & mask);
        set_mtimecmp(m);
    }
}

int clint_init(struct machine *m, char *err, size_t errlen)
{
    m->clint.mtimecmp = UINT64_MAX;
    return bus_add(m, &(struct device){CLINT_BASE, CLINT_SIZE, clint_read, clint_write, m}, err, errlen);
}
