/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Physical memory: one Page for each frame of RAM that the kernel hands out.
 * RAM is mapped whole at KZERO (direct map), so a frame always has a kernel
 * address.
 */
#ifndef PAGE_H
#define PAGE_H

#include <stddef.h>
#include <stdint.h>

#define PGSIZE 4096ull
#define PGSHIFT 12
#define PGMASK (PGSIZE - 1)
#define KZERO 0xffffffc000000000ull /* virtual address of physical address 0 */

typedef struct Page {
    uint32_t ref; /* holders: page maps, the block cache, pins; 0: on the free list */
    struct Page *next; /* free list */
} Page;

void pageinit(uint64_t ram_base, uint64_t ram_bytes, uint64_t first_free_pa);
/*
 * A frame with undefined contents and ref 1, or NULL when there is none and neither the block cache
 * (cachereclaim) nor clean pages of segments (segreclaim) could give one. May sleep.
 */
Page *newpage(void);
Page *newzeropage(void);
void pageref(Page *);
void putpage(Page *); /* the last reference frees the frame */
void *pagekva(const Page *);
uint64_t pagepa(const Page *);
Page *kvapage(const void *kva); /* the Page of an address in the direct map */
uint64_t freepages(void);
uint64_t totalpages(void);

/* Small objects of the kernel, from frames of their own. NULL when there is no memory. May sleep. */
void *kalloc(size_t bytes); /* zeroed */
void kfree(void *);

#endif
