/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The page map of a segment: which of its pages are resident, and in which frames, and which are in
 * swap, and in which slots. A radix tree that grows with the highest page in it: what is neither
 * costs nothing, and neither does walking over it (R6). The caller holds the segment's
 * lock or does not sleep.
 *
 * Pages are numbered from the segment's first.
 */
#ifndef PAGEMAP_H
#define PAGEMAP_H

#include <stdint.h>
#include "page.h"
#include "swap.h"

typedef struct PageMap PageMap;

enum {
    PAGE_PARTIAL = 1, /* it holds own bytes; the others have not been loaded yet (R5, R8) */
    PAGE_COW = 2,     /* the frame is shared: a store copies it, or takes it over if nobody else has it (S4, R11) */
    PAGE_IMAGE = 4,   /* the frame is one of an Image, which keeps a reference (image.h) */
};

/* What the map holds of a page: a frame (it is resident), or a slot (it is swapped), or neither. */
typedef struct Resident {
    Page *page;
    unsigned flags;
    Slot *slot;
} Resident;

static inline bool isheld(Resident r)
{
    return r.page != NULL || r.slot != NULL;
}

PageMap *newpagemap(void);      /* NULL: no memory */
void freepagemap(PageMap *);    /* gives up the frames and slots, too */
Resident residentat(const PageMap *, uint64_t pn);
/*
 * The frame, or the slot, becomes page pn; the map takes over the caller's reference and gives up the one to what was
 * there (of the same frame or slot only the flags change). 0, or -T_ENOMEM with nothing changed; cannot fail if
 * the map holds something of pn already.
 */
int setresident(PageMap *, uint64_t pn, Resident);
void dropresident(PageMap *, uint64_t pn); /* which is resident or swapped */
/* The first page of [*pn, end) that is resident: its number goes to *pn. page is NULL if there is none. */
Resident nextresident(const PageMap *, uint64_t *pn, uint64_t end);
/* The first one that is resident or swapped. */
Resident nextheld(const PageMap *, uint64_t *pn, uint64_t end);
uint64_t mappedframes(void); /* frames that some page map has */
uint64_t countresident(const PageMap *); /* resident and swapped pages */

#endif
