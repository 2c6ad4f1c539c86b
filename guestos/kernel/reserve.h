/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reservations of frames, so that pages that lie together in a segment lie together in memory and can become a superpage
 * (docs/superpages.md). At the first fault in an aligned stretch of SUPERPAGE bytes of a segment an aligned run of as many
 * free frames is set aside for it, and each page gets the frame that is its place in the run. Frames set aside stay free: who
 * needs one when there are no others gets them, the reservation that was used least recently first.
 *
 * But for reserveinit none of these functions sleeps.
 */
#ifndef RESERVE_H
#define RESERVE_H

#include "segment.h"

#ifndef SUPER_SHIFT
#define SUPER_SHIFT 21 /* level 1 of sv39 and sv48; tests choose smaller ones */
#endif
#define SUPERPAGE (1ull << SUPER_SHIFT)
enum { SUPER_PAGES = 1 << (SUPER_SHIFT - PGSHIFT) };

/* Are there superpages (--superpages)? Until reserveinit, and if memory is too small for a run, none are reserved. */
extern bool superpages;

/* Makes the table of runs; called once, if there are to be superpages. */
void reserveinit(void);
/*
 * The frame for the page of va, with ref 1 and undefined contents. NULL: nothing is reserved for it, and nothing can be. The
 * segment is locked. `copy`: the page is resident in a frame that it leaves to others.
 */
Page *reservedframe(Segment *, uint64_t va, bool copy);
/* Gives up the reservation that was used least recently: its free frames are for everybody. False: there is none with such. */
bool endreservation(void);
/* The same for all of a segment, which goes. */
void endreservations(Segment *);
uint64_t reservedframes(void); /* free frames in reservations */

/* ---- for page.c ---- */

void frametaken(const Page *); /* the frame was free, and not reserved */
bool framefreed(Page *);       /* the frame is free: true if it stays reserved, and is not for the list of the free */

/* ---- in page.c, for reserve.c ---- */

Page *frameat(uint64_t i); /* frames by number, 0 to totalpages() - 1, in the order of their addresses */
uint64_t framenumber(const Page *);
void listframe(Page *, bool last); /* a free frame comes onto the list from which newpage takes the first */
void unlistframe(Page *);
void useframe(Page *); /* a free frame that is on no list is somebody's: ref 1 */

#endif
