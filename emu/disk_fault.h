/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Faults of the virtual disks, on purpose: which requests fail is a matter of their kind, their blocks and their number,
 * so a run with faults repeats exactly. A request that fails moves nothing and is answered VIRTIO_BLK_S_IOERR; one that is
 * corrupted is answered as if all were well, but a bit of what was read is another.
 */
#ifndef EMU_DISK_FAULT_H
#define EMU_DISK_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DISK_FAULTS = 32, DISK_FAULT_BLOCK = 4096, DISK_FAULT_TEXT = 1024 };

enum disk_fault_kind {
    DISK_FAULT_READ = 1,
    DISK_FAULT_WRITE = 2,
    DISK_FAULT_FLUSH = 4,
    DISK_FAULT_ANY = 7,
    DISK_FAULT_CORRUPT = 8,
    DISK_FAULT_POWER = 16
};

/* Requests of these kinds that touch one of these blocks. */
struct disk_fault {
    unsigned kinds;
    uint64_t first, last; /* blocks of DISK_FAULT_BLOCK bytes, both included; a flush touches all */
    uint64_t after;       /* so many of them are served first */
    uint64_t count;       /* then so many fail; UINT64_MAX: all */
    uint64_t disk;        /* slot; UINT64_MAX: any */
    bool loses;           /* power: some sectors that were not flushed are lost, ... */
    uint64_t seed;        /* ... this says which */
};

struct disk_faults {
    unsigned n;
    struct disk_fault fault[DISK_FAULTS];
    char text[DISK_FAULT_TEXT]; /* the specifications as they were given, a space between two */
};

/* What a disk remembers of the requests so far. */
struct disk_fault_state {
    uint64_t seen[DISK_FAULTS]; /* requests that each fault is about */
};

/* Adds one specification (grammar: disk_fault_help). 0, or -1 and a message that says what is wrong. */
int disk_faults_add(struct disk_faults *, const char *spec, char *err, size_t errlen);
/* Counts a request; true if it fails. kind is one bit. Faults may be NULL. */
bool disk_faults_hit(const struct disk_faults *, struct disk_fault_state *, unsigned disk, enum disk_fault_kind kind,
                     uint64_t offset, uint64_t bytes);
/*
 * Counts a read for the faults of kind corrupt. True if one of its bits is to be flipped: *bit, from its first byte's
 * lowest on. Always one of the fault's own blocks; which bit, the block and the number of the request say.
 */
bool disk_faults_flip(const struct disk_faults *, struct disk_fault_state *, unsigned disk, uint64_t offset,
                      uint64_t bytes, uint64_t *bit);
/* Is there one that makes a disk lose sectors that have been written? Then what they were has to be kept (disk_power.h). */
bool disk_faults_lose(const struct disk_faults *);
/* Counts a write for the faults of kind power. The fault, if the power goes now; else NULL. */
const struct disk_fault *disk_faults_power(const struct disk_faults *, struct disk_fault_state *, unsigned disk,
                                           uint64_t offset, uint64_t bytes);
/* The lines of --help. */
extern const char disk_fault_help[];

#endif
