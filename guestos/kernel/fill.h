/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What fault.c and fill.c share. The segment is locked, and stays so; all may sleep. `v` is the page as it is, and
 * after a success as it is then. Errors are -T_ENOMEM and -T_EIO; then nothing has changed (E1).
 */
#ifndef FILL_H
#define FILL_H

#include "fault.h"

/* ---- memory for a fault, which the segment itself may have to give ---- */

/* The caller lacks memory. True if the segment had some to give, so that another try makes sense. What he uses he pins. */
bool squeeze(Segment *);
/* A frame for the page of va, with undefined contents. NULL: no memory. */
Page *newframe(Segment *, uint64_t va);
/* The frame becomes the page of va; takes over the reference to it, also on failure. */
int install(Segment *, uint64_t va, PageView *v, Page *frame, unsigned flags);

/* ---- filling ---- */

/* A page that is not resident, or is partial, becomes whole; *how says by which means. `write`: for a store. */
int fill(Segment *, uint64_t va, bool write, PageView *v, enum ev_enum_resolution *how);
/* The same for a page that does not only come from zero and maps no image. */
int fillsourced(Segment *, uint64_t va, bool write, PageView *v);

#endif
