/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The block cache: disk blocks in page frames, all classes together. It is what the
 * file system core sees as tfs_env.get/put/drop/flush. Its parts: buf.c (buffers), bufio.c (requests), cache.c (reading),
 * writeback.c (writing), cachefs.c (tfs_env), cachestat.c (counts).
 */
#ifndef CACHE_H
#define CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "page.h"
#include "../../fs/tfs.h"

/*
 * Pins block blk, reading it if need be (other processes run meanwhile; two readers of one block
 * cause one request). Needs no lock. For data blocks crc is compared on a fresh
 * read: -T_EIO on mismatch, and the console names the block.
 * `cause` is the trace id that the disk request is for. Emits the `transfer` row (disk or cache).
 */
int cacheget(uint64_t blk, const struct tfs_extent *, uint64_t ino, uint64_t off, uint64_t cause, Page **);
void cacheput(uint64_t blk, Page *);
/*
 * Reads ahead: n consecutive data blocks are asked for, those that are not in the cache yet in requests as long as can
 * be (conventional reads cluster). Does not wait for them: cacheget does, and tells of errors.
 */
void cachecluster(uint64_t blk, uint64_t n, uint64_t ino, uint64_t off, uint64_t cause);
/* Is the block there, with its contents? */
bool cachehas(uint64_t blk);
/* Gives up to n clean unpinned frames back, and keeps at least `keep` of them. Returns how many. Does not sleep. */
size_t cachereclaim(size_t n, uint64_t keep);
/* Writes some of the dirty blocks to the disk, so that cachereclaim can have their frames. True if it did. Sleeps. */
bool cachewriteback(void);
/* Waits until a request of the cache is done, so that its blocks may be had. False: there is none. */
bool cachewait(void);
/* The end of the run: the last row of the cache's counts. */
void cacheend(void);

uint64_t cacheframes(void); /* frames that it has */
uint64_t cachedirty(void);  /* those among them that are to be written */

/* Makes the hash table; the cache grows to what memory there is. */
void cacheinit(void);
extern const struct tfs_env cacheenv; /* what the file system core stands on */

#endif
