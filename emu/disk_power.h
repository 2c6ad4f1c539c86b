/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a disk loses when its power goes. Until a flush the writes that it has acknowledged lie in a volatile cache: any of
 * their sectors may be on the medium or not, in whatever order they were written. So what each write overwrites is
 * kept until the next flush.
 */
#ifndef EMU_DISK_POWER_H
#define EMU_DISK_POWER_H

#include <stdint.h>

struct image;

/* Sectors as they were before they were written; zero-initialised is none. */
struct disk_power {
    struct disk_power_sector *sectors; /* in the order of the writes */
    uint64_t n, room;
};

/* Before a write of n bytes (whole sectors). 0, or -1: no memory, or the image cannot be read. */
int disk_power_note(struct disk_power *, struct image *, uint64_t offset, uint64_t bytes);
/* A flush: all is on the medium. */
void disk_power_flushed(struct disk_power *);
/* The power goes: about half of the sectors that were written since the flush, which ones is a matter of the seed, are as before. */
int disk_power_lose(struct disk_power *, struct image *, uint64_t seed);
void disk_power_free(struct disk_power *);

#endif
