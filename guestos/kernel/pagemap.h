/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The page map of a segment: which of its pages are resident, and in which
 * frames. A radix tree that grows with the highest page in it: what is not resident
 * costs nothing, and neither does walking over it (R6). The caller holds the segment's
 * lock or does not sleep.
 *
 * Pages are numbered from the segment's first.
 */
#ifndef PAGEMAP_H
#define PAGEMAP_H

#include <stdint.h>
#include "page.h"

typedef struct PageMap PageMap;

enum {
    PAGE_PARTIAL = 1, /* it holds own bytes; the others have not been loaded yet (R5, R8) */
    PAGE_COW = 2,     /* the frame is shared: a store copies it, or takes it over if nobody else has it (S4, R11) */
    PAGE_IMAGE = 4,   /* the frame is one of an Image, which keeps a reference (image.h) */
};

/* A resident page. page == NULL: not resident. */
typedef struct Resident {
    Page *page;
    unsigned flags;
} Resident;

PageMap *newpagemap(void);      /* NULL: no memory */
void freepagemap(PageMap *);    /* gives up the frames, too */
Resident residentat(const PageMap *, uint64_t pn);
/*
 * The frame becomes page pn; the map takes over the caller's reference and gives up the one to the frame that was
 * there (of the same frame only the flags change). 0, or -T_ENOMEM with nothing changed; cannot fail if pn is resident.
 */
int setresident(PageMap *, uint64_t pn, Resident);
void dropresident(PageMap *, uint64_t pn); /* which is resident */
/* The first resident page of [*pn, end): its number goes to *pn. page is NULL if there is none. */
Resident nextresident(const PageMap *, uint64_t *pn, uint64_t end);
uint64_t countresident(const PageMap *);

#endif
