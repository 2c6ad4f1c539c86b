/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Swap: where pages lie that are not in memory and have bytes of their own. A slot is a block of the disk that
 * belongs to no file: it is borrowed from the file system, which counts it as held, so a crash gives it back (E5). A
 * segment's temporary file is the slots in its page map: it is sparse, and a slot is free when the page comes back.
 *
 * Slots are borrowed before they are needed, when the file system can be asked. Taking one from the pool and putting it
 * back neither sleeps nor needs memory.
 */
#ifndef SWAP_H
#define SWAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "page.h"

typedef struct Slot {
    struct Slot *next; /* in the pool */
    uint64_t blk;      /* disk block */
    uint32_t ref;      /* page maps (fork shares what is swapped), and the frame that has the same bytes */
    uint32_t crc;      /* CRC32C of the page that was written last: memory knows it, the disk need not */
} Slot;

enum { SWAP_RUN = 64 }; /* most slots of one request */
enum { SWAP_ROTTEN = 1 };

/* Fills the pool if it is low. Takes fslock, or does nothing if the caller holds it. May sleep. False: the pool is empty. */
bool swaprefill(void);
/* Gives the file system back what the pool need not have. Takes fslock, or does nothing if the caller holds it. */
void swaptrim(void);
/* Gives all of the pool back: the file system is about to be unmounted. The caller holds fslock. */
void swapend(void);

/* Up to n <= SWAP_RUN slots with ref 1, by block ascending. Returns how many. */
size_t takeslots(Slot **, size_t n);
void refslot(Slot *);
void putslot(Slot *); /* the last reference puts it into the pool */
void loseslot(Slot *); /* with ref 1, whose block cannot be written: it is not used again until the next boot */

void forgetswap(Page *); /* the frame's bytes change, or nobody has it any more: swap need not have them, too */

/*
 * Writes frames to the slots, a request for each run of consecutive blocks. Returns how many of them, from the first
 * on, are on the disk. Sleeps. va[i] is the address of frame i in the segment, for the trace.
 */
size_t swapout(const Segment *, const uint64_t *va, Slot *const *, Page *const *, size_t n);
/* Reads one. 0, SWAP_ROTTEN if what the disk gave is not what was written, or its error. Sleeps. */
int swapin(const Segment *, uint64_t va, const Slot *, Page *);

uint64_t swapused(void); /* slots that hold pages */
uint64_t swappool(void); /* slots that wait in the pool */
uint64_t swaplost(void); /* slots whose blocks cannot be written */

#endif
