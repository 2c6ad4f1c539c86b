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
    uint32_t ref;      /* holders: page maps, the block cache, pins; 0: on the free list */
    uint16_t kclass;   /* kalloc.c: what its objects are, 0: not a frame of kalloc */
    uint16_t inuse;    /* kalloc.c: objects (or frames of a large object) in use */
    struct Page *next; /* free list, or list of kalloc.c */
    struct Page *prev;
    void *owner;       /* kalloc.c: first free object; cache.c: the Buf that holds the frame */
} Page;

void pageinit(uint64_t ram_base, uint64_t ram_bytes, uint64_t first_free_pa);
/*
 * A frame with undefined contents and ref 1, or NULL when there is none and neither the block cache
 * (cachereclaim) nor clean pages of segments (segreclaim) could give one. May sleep.
 */
Page *newpage(void);
Page *newzeropage(void);
/* n consecutive frames, each with ref 1, or NULL. For what the kernel makes rarely: memory gets fragmented. */
Page *newpages(size_t n);
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
