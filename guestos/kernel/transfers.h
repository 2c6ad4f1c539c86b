/* SPDX-License-Identifier: GPL-2.0-only */
/* The trace of bytes moved between files and segments: neighbours that cross the same boundary make one row. */
#ifndef TRANSFERS_H
#define TRANSFERS_H

#include "segment.h"

typedef struct Run {
    const Segment *s;
    uint64_t file;           /* inode number */
    enum ev_enum_boundary boundary;
    uint64_t va, off, bytes; /* bytes 0: nothing yet */
    uint64_t block;          /* first disk block, 0: not known */
} Run;

/* n more bytes at va, of the file at off. Emits the row of what came before if these do not go on there. */
void addrun(Run *, enum ev_enum_boundary, uint64_t va, uint64_t off, uint64_t n, uint64_t block);
/* Emits the row of what has not been told yet. */
void endrun(Run *);

#endif
