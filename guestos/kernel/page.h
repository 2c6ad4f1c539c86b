/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Physical memory: one Page for each frame of RAM that the kernel hands out.
 * RAM is mapped whole at KZERO (direct map), so a frame always has a kernel
 * address.
 */
#ifndef PAGE_H
#define PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PGSIZE 4096ull
#define PGSHIFT 12
#define PGMASK (PGSIZE - 1)
#ifndef KZERO
#define KZERO 0xffffffc000000000ull /* virtual address of physical address 0; tests have another */
#endif

typedef struct Page {
    _Alignas(16)       /* its address has room for flags: pagemap.c */
    uint32_t ref;      /* holders: page maps, the block cache, pins; 0: on the free list */
    uint32_t maps;     /* those among them that are page maps, of segments and images */
    uint16_t kclass;   /* kalloc.c: what its objects are, 0: not a frame of kalloc */
    uint16_t inuse;    /* kalloc.c: objects (or frames of a large object) in use; mmu.c: valid entries of the table */
    bool young;        /* the kernel has used it for a process since the clock came by (clock.c) */
    struct Page *next; /* free list, or list of kalloc.c */
    struct Page *prev;
    void *owner;       /* kalloc.c: first free object; cache.c: the Buf that holds the frame */
    struct Slot *swap; /* swap has the same bytes: one page map gave the frame up, others share it (clock.c) */
} Page;

typedef struct Segment Segment;

void pageinit(uint64_t ram_base, uint64_t ram_bytes, uint64_t first_free_pa);
/*
 * A frame with undefined contents and ref 1, or NULL when there is none and makeroom could not give one. The last
 * frames, framereserve() of them, are for whoever holds fslock: a call of the file system that has begun gets its memory. May
 * sleep.
 */
Page *newpage(void);
/*
 * Makes frames free: from the block cache, or pages of segments by the clock (clock.c). `mine` (or NULL) is a segment
 * that the caller has locked and whose pages may go, too, but for those that are pinned. False if nothing was to be had.
 * May sleep.
 */
bool makeroom(Segment *mine);
uint64_t framereserve(void);
Page *newzeropage(void);
/* n consecutive frames, each with ref 1, or NULL. For what the kernel makes rarely: memory gets fragmented. */
Page *newpages(size_t n);
void pageref(Page *);
void putpage(Page *); /* the last reference frees the frame */
void *pagekva(const Page *);
uint64_t pagepa(const Page *);
Page *kvapage(const void *kva); /* the Page of an address in the direct map */
uint64_t freepages(void); /* with those that are reserved: who needs one gets it */
uint64_t totalpages(void);

/* Small objects of the kernel, from frames of their own. NULL when there is no memory. May sleep. */
void *kalloc(size_t bytes); /* zeroed */
void kfree(void *);

#endif
