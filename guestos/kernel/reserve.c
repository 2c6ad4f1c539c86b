/* SPDX-License-Identifier: GPL-2.0-only */
/* Reservations of frames; see reserve.h. A run is reserved for one stretch of one segment, and found by that. */
#include "fault.h"
#include "proc.h"
#include "reserve.h"

enum { HEADS = 128 };

typedef struct Run { /* an aligned run of SUPER_PAGES frames */
    uint32_t nfree;             /* of them; if it is not reserved they are on the list of free frames */
    Segment *segment;           /* it is reserved for; NULL: for none */
    uint64_t va;                /* first of the stretch that it is reserved for */
    struct Run *next;           /* reserved ones of one hash */
    struct Run *older, *newer;  /* reserved ones that have free frames, in a ring, by their last use */
} Run;

bool superpages = false;

static Run *runs; /* NULL: no table yet */
static uint64_t nruns, nwhole, nreserved; /* runs; those all of whose frames are free and listed; free frames in reservations */
static uint64_t first;                    /* number of the first frame of run 0 */
static Run *heads[HEADS];
static Run ring = {.older = &ring, .newer = &ring}; /* ring.newer: the least recently used */

/* NULL: the frame is in no whole run, or there are none. */
static Run *runof(const Page *p)
{
    if (nruns == 0)
        return NULL;
    uint64_t i = framenumber(p);
    return i >= first && (i - first) / SUPER_PAGES < nruns ? &runs[(i - first) / SUPER_PAGES] : NULL;
}

static Page *frameof(const Run *r, unsigned place)
{
    return frameat(first + (uint64_t)(r - runs) * SUPER_PAGES + place);
}

void reserveinit(void)
{
    uint64_t skip = (pagepa(frameat(0)) + SUPERPAGE - 1) / SUPERPAGE * SUPERPAGE - pagepa(frameat(0));
    first = skip / PGSIZE;
    uint64_t n = totalpages() > first ? (totalpages() - first) / SUPER_PAGES : 0;
    Run *table = n > 0 ? kalloc(n * sizeof *runs) : NULL;
    if (table == NULL)
        return;
    runs = table;
    nruns = n;
    for (Run *r = runs; r < runs + n; r++) {
        for (unsigned i = 0; i < SUPER_PAGES; i++)
            r->nfree += frameof(r, i)->ref == 0;
        nwhole += r->nfree == SUPER_PAGES;
    }
}

/* ---- which are reserved, and for what ---- */

static Run **headof(const Segment *s, uint64_t va)
{
    return &heads[(va / SUPERPAGE + s->id * 31) % HEADS];
}

static Run *reservation(const Segment *s, uint64_t va)
{
    Run *r = *headof(s, va);
    while (r != NULL && (r->segment != s || r->va != va))
        r = r->next;
    return r;
}

static void unring(Run *r)
{
    if (r->older == NULL)
        return;
    r->older->newer = r->newer;
    r->newer->older = r->older;
    r->older = r->newer = NULL;
}

/* It has been used just now. */
static void enring(Run *r)
{
    unring(r);
    if (r->nfree == 0)
        return;
    r->newer = &ring;
    r->older = ring.older;
    r->older->newer = r->newer->older = r;
}

/* The free frames of a reservation that ends are for everybody: at once, or after all others. */
static void listrun(Run *r, bool last)
{
    for (unsigned i = SUPER_PAGES; i-- > 0;) {
        Page *p = frameof(r, last ? SUPER_PAGES - 1 - i : i);
        if (p->ref == 0)
            listframe(p, last);
    }
    nreserved -= r->nfree;
    nwhole += r->nfree == SUPER_PAGES;
}

static void endrun(Run *r, bool last)
{
    Run **at = headof(r->segment, r->va);
    while (*at != r)
        at = &(*at)->next;
    *at = r->next;
    unring(r);
    r->segment->reservations--;
    r->segment = NULL;
    listrun(r, last);
}

bool endreservation(void)
{
    if (ring.newer == &ring)
        return false;
    endrun(ring.newer, false);
    return true;
}

void endreservations(Segment *s)
{
    for (Run *r = runs; s->reservations > 0 && r < runs + nruns; r++)
        if (r->segment == s)
            endrun(r, true);
}

uint64_t reservedframes(void)
{
    return nreserved;
}

/* ---- making one ---- */

/* Reservations are no reason for anybody to make room. The highest first: frames of other use are taken from below. */
static Run *wholerun(void)
{
    if (nwhole == 0 || freepages() - nreserved <= 4 * framereserve() + SUPER_PAGES)
        return NULL;
    for (Run *r = runs + nruns; r-- > runs;)
        if (r->segment == NULL && r->nfree == SUPER_PAGES)
            return r;
    return NULL;
}

static Run *newreservation(Segment *s, uint64_t va)
{
    Run *r = wholerun(), **head = headof(s, va);
    if (r == NULL)
        return NULL;
    for (unsigned i = 0; i < SUPER_PAGES; i++)
        unlistframe(frameof(r, i));
    nwhole--;
    nreserved += SUPER_PAGES;
    r->segment = s;
    r->va = va;
    r->next = *head;
    *head = r;
    s->reservations++;
    return r;
}

/* ---- frames ---- */

/* Is no page of the stretch resident? Else it cannot become a superpage. */
static bool untouched(const Segment *s, uint64_t va)
{
    uint64_t pn = pagenumber(s, va);
    return nextresident(s->pages, &pn, pn + SUPER_PAGES).page == NULL;
}

Page *reservedframe(Segment *s, uint64_t va, bool copy)
{
    uint64_t stretch = va & ~(SUPERPAGE - 1);
    if (runs == NULL || stretch < s->base || stretch + SUPERPAGE > s->top || freepages() <= framereserve())
        return NULL;
    Run *r = reservation(s, stretch);
    unsigned place = (va - stretch) / PGSIZE;
    if (r != NULL && copy && frameof(r, place)->ref > 0) {
        endrun(r, true); /* its frames stay with the others who have them, too; the copies get a new one */
        r = NULL;
    }
    if (r == NULL && (copy || untouched(s, stretch)))
        r = newreservation(s, stretch);
    if (r == NULL || frameof(r, place)->ref > 0)
        return NULL;
    r->nfree--;
    nreserved--;
    enring(r);
    useframe(frameof(r, place));
    return frameof(r, place);
}

void frametaken(const Page *p)
{
    Run *r = runof(p);
    if (r == NULL)
        return;
    nwhole -= r->nfree == SUPER_PAGES;
    r->nfree--;
}

bool framefreed(Page *p)
{
    Run *r = runof(p);
    if (r == NULL)
        return false;
    r->nfree++;
    if (r->segment == NULL) {
        nwhole += r->nfree == SUPER_PAGES;
        return false;
    }
    p->next = p->prev = NULL;
    nreserved++;
    enring(r);
    if (r->nfree == SUPER_PAGES)
        endrun(r, true);
    return true;
}
