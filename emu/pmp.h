/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Physical memory protection (privileged spec, 3.7): 16 entries with a granularity of 4 KiB, so that what holds
 * for one byte of a page holds for the page. A pure function of its registers.
 */
#ifndef EMU_PMP_H
#define EMU_PMP_H

#include <stdbool.h>
#include <stdint.h>

#define PMP_ENTRIES 16

struct pmp {
    uint8_t cfg[PMP_ENTRIES];
    uint64_t addr[PMP_ENTRIES];  /* as written: bits 55..2 of an address */
    uint64_t first[PMP_ENTRIES]; /* the range of each entry: [first, end), empty if it is off */
    uint64_t end[PMP_ENTRIES];
};

/* All of memory for everybody, as firmware leaves it to a supervisor. */
void pmp_open(struct pmp *);
/* The number of the entry that decides at pa, the first that matches; -1: none does. */
int pmp_match(const struct pmp *, uint64_t pa);
/* What M mode (machine), or S and U mode, may do at the page of pa: MMU_READ... */
unsigned pmp_rights(const struct pmp *, uint64_t pa, bool machine);

/* The registers: pmpcfg of entries i..i+7 (i = 0 or 8), pmpaddr of entry i. Locked ones are not written. */
uint64_t pmp_read_cfg(const struct pmp *, unsigned i);
void pmp_write_cfg(struct pmp *, unsigned i, uint64_t value);
uint64_t pmp_read_addr(const struct pmp *, unsigned i);
void pmp_write_addr(struct pmp *, unsigned i, uint64_t value);

#endif
