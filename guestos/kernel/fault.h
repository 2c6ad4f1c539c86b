/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What segment.c, fault.c and fileio.c share. The caller holds the segment's
 * lock in all of these.
 */
#ifndef FAULT_H
#define FAULT_H

#include "pagemap.h"
#include "segment.h"
#include "sourcemap.h"

/* A page of this many pieces or more becomes the segment's own at the call that made it so (R5). */
enum { MAX_PIECES = 16 };

/* A page as the two maps describe it. */
typedef struct PageView {
    Resident resident;
    unsigned pieces; /* of the source map */
    unsigned kinds;  /* bit (1 << kind) for each kind of piece */
    bool shared;     /* stores into what maps an image are meant for it (policy mmap-shared) */
} PageView;

PageView viewpage(const Segment *, uint64_t va);
/* The same for who has looked up what the page map holds of it. */
PageView viewresident(const Segment *, uint64_t va, Resident);
enum ev_enum_page_state pagestate(const PageView *);

/* Some, or all, bytes of the page are the segment's own. */
static inline bool ownssome(const PageView *v)
{
    return v->kinds & 1u << EV_source_kind_own;
}

static inline bool ownsall(const PageView *v)
{
    return v->kinds == 1u << EV_source_kind_own;
}

static inline bool allzero(const PageView *v)
{
    return v->kinds == 1u << EV_source_kind_zero;
}

/* The page is one page of an image. */
static inline bool allmapped(const PageView *v)
{
    return v->kinds == 1u << EV_source_kind_mapping && v->pieces == 1;
}

static inline uint64_t pagenumber(const Segment *s, uint64_t va)
{
    return (va - s->base) >> PGSHIFT;
}

static inline uint64_t pageaddress(const Segment *s, uint64_t pn)
{
    return s->base + (pn << PGSHIFT);
}

/* Emits the `page` row of a change of state (S1). */
void tracepage(const Segment *, uint64_t va, enum ev_enum_page_state old, enum ev_enum_page_state new);
/* May pages of s be accessed so? */
bool allows(const Segment *, enum ev_enum_access);
/* fixfault for a caller who holds the segment's lock. */
int fixlocked(Segment *, uint64_t va, enum ev_enum_access, bool in_kernel, Space *, Page **pin);

/* Makes the page of va the segment's own, whatever the segment allows: 0 or an error, with nothing changed (E2). */
int materialise(Segment *, uint64_t va);

/* reservesources, with what pages the segment can give for it. 0 or -T_ENOMEM. */
int reserve(Segment *);

/* Takes the translations of a range from, or write-protects it in, every process that has the segment. */
void flushmappings(Segment *, uint64_t va, uint64_t bytes, enum ev_enum_demotion why);
void protectmappings(Segment *, uint64_t va, uint64_t bytes);
/* Fills a page that comes from a snapshot only, before anybody asks for it, and maps it for reading if there is a space. */
int fillguess(Segment *, uint64_t va, Space *);
/* Takes pages that map an image out of a range. */
void dropmapped(Segment *, uint64_t va, uint64_t end);
/* ---- the ring of all segments, for the clock ---- */
Segment *handseg(void);    /* where the clock's hand is; NULL: there are no segments */
void passhand(Segment *);  /* the hand goes on to the next one, if it is at this one still */
unsigned countsegs(void);
/*
 * Bytes [src.va, src.end), which the file holds now, come from src from now on; what is
 * resident stays (W4). Costs the pieces and own pages of the range. The source map has a reserve, the own pages of the
 * range are write-protected since before they were written, the caller holds fslock.
 */
void rejoin(Segment *, Source src);
/* Write-protects the own pages of a range. Costs the pieces of the range and its own pages. */
void protectown(Segment *, uint64_t va, uint64_t n);

#endif
