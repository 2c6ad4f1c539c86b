/* SPDX-License-Identifier: GPL-2.0-only */
/* Physical memory protection (privileged spec, 3.7). */
#include "pmp.h"
#include "../mmu/walk.h"

enum { CFG_R = 1, CFG_W = 2, CFG_X = 4, CFG_A = 0x18, CFG_L = 0x80 };
enum { OFF = 0x00, TOR = 0x08, NA4 = 0x10, NAPOT = 0x18 };

#define ADDR_MASK ((1ull << 54) - 1)
#define GRAIN_BITS 10 /* of pmpaddr: G in the spec; 4 KiB */
#define GRAIN_MASK ((1ull << GRAIN_BITS) - 1)

static void set_range(struct pmp *p, unsigned i)
{
    uint64_t addr = p->addr[i], first = 0, end = 0;
    if ((p->cfg[i] & CFG_A) == TOR) {
        first = i ? p->addr[i - 1] & ~GRAIN_MASK : 0;
        end = addr & ~GRAIN_MASK;
    } else if ((p->cfg[i] & CFG_A) == NAPOT) {
        uint64_t ones = addr | GRAIN_MASK >> 1;
        uint64_t size = (ones ^ (ones + 1)) + 1; /* in words of 4 bytes, a power of two */
        first = ones & ~(size - 1);
        end = first + size;
    }
    p->first[i] = first << 2;
    p->end[i] = end << 2;
}

static void set_ranges(struct pmp *p)
{
    for (unsigned i = 0; i < PMP_ENTRIES; i++)
        set_range(p, i);
}

void pmp_open(struct pmp *p)
{
    *p = (struct pmp){.cfg = {NAPOT | CFG_R | CFG_W | CFG_X}, .addr = {ADDR_MASK}};
    set_ranges(p);
}

int pmp_match(const struct pmp *p, uint64_t pa)
{
    for (int i = 0; i < PMP_ENTRIES; i++)
        if (pa >= p->first[i] && pa < p->end[i])
            return i;
    return -1;
}

unsigned pmp_rights(const struct pmp *p, uint64_t pa, bool machine)
{
    int i = pmp_match(p, pa);
    if (i < 0)
        return machine ? MMU_READ | MMU_WRITE | MMU_EXEC : 0;
    return machine && !(p->cfg[i] & CFG_L) ? MMU_READ | MMU_WRITE | MMU_EXEC : p->cfg[i] & 7u;
}

uint64_t pmp_read_cfg(const struct pmp *p, unsigned i)
{
    uint64_t value = 0;
    for (unsigned k = 0; k < 8; k++)
        value |= (uint64_t)p->cfg[i + k] << (8 * k);
    return value;
}

/* WARL: no NA4 with this granularity, no W without R. */
static uint8_t legal(uint8_t cfg)
{
    cfg &= CFG_L | CFG_A | CFG_X | CFG_W | CFG_R;
    if ((cfg & CFG_A) == NA4)
        cfg |= NAPOT;
    if (!(cfg & CFG_R))
        cfg &= (uint8_t)~CFG_W;
    return cfg;
}

void pmp_write_cfg(struct pmp *p, unsigned i, uint64_t value)
{
    for (unsigned k = 0; k < 8; k++)
        if (!(p->cfg[i + k] & CFG_L))
            p->cfg[i + k] = legal((uint8_t)(value >> (8 * k)));
    set_ranges(p);
}

uint64_t pmp_read_addr(const struct pmp *p, unsigned i)
{
    return p->cfg[i] & NA4 ? p->addr[i] | GRAIN_MASK >> 1 : p->addr[i] & ~GRAIN_MASK;
}

void pmp_write_addr(struct pmp *p, unsigned i, uint64_t value)
{
    bool bottom = i + 1 < PMP_ENTRIES && (p->cfg[i + 1] & CFG_L) && (p->cfg[i + 1] & CFG_A) == TOR;
    if ((p->cfg[i] & CFG_L) || bottom)
        return;
    p->addr[i] = value & ADDR_MASK;
    set_ranges(p);
}
