/* SPDX-License-Identifier: GPL-2.0-only */
/* Disk 0: the block device that the file system lies on. */
#ifndef KERNEL_VIRTIO_H
#define KERNEL_VIRTIO_H

#include <stdbool.h>
#include <stdint.h>
#include "lock.h"
#include "page.h"

enum { DISK_RUN = 64 }; /* most blocks of one request */

/* Looks for the block device with the lowest address. False if there is none. */
bool diskinit(void);
uint64_t diskblocks(void); /* size in blocks of 4096 bytes */
/*
 * Reads or writes n <= DISK_RUN consecutive blocks, one frame each, in one request. Sleeps until it
 * is done; other processes may have requests in flight. 0 or -T_EIO.
 */
int diskio(bool write, uint64_t blk, Page *const *frames, unsigned n);
/*
 * A request under way. The memory is the caller's until it has ended; it lies in the direct map, as kernel stacks and
 * static data do. `ended`, if it is not NULL, is called in the interrupt of the disk and must not sleep; the memory
 * may be used anew from then on.
 */
typedef struct Diskop Diskop;
struct Diskop {
    struct {
        uint32_t type, reserved;
        uint64_t sector;
    } header; /* the device reads it (5.2.6), ... */
    volatile uint8_t status; /* ... and writes this */
    bool done;
    void (*ended)(Diskop *);
    Rendez waiter;
};
/* diskio that does not wait until it is done, but perhaps until there is room for it. */
void diskstart(Diskop *, bool write, uint64_t blk, Page *const *frames, unsigned n);
int diskresult(const Diskop *); /* of one that has ended: 0 or -T_EIO */
/* All writes that have completed are on the medium when it returns. 0 or -T_EIO. */
int diskflush(void);

#endif
