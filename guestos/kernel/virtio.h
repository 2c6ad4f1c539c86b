/* SPDX-License-Identifier: GPL-2.0-only */
/* Disk 0: the block device that the file system lies on. */
#ifndef KERNEL_VIRTIO_H
#define KERNEL_VIRTIO_H

#include <stdbool.h>
#include <stdint.h>
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
/* All writes that have completed are on the medium when it returns. 0 or -T_EIO. */
int diskflush(void);

#endif
