/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The source map of a segment: where each byte comes from. An ordered map of
 * byte ranges, kept as a treap; ranges that are not in it are zero, so
 * an untouched segment of any size costs nothing (R6). The caller holds the segment's lock.
 *
 * Changing it is split in three, so that the change itself can neither fail nor sleep:
 *
 *   reservesources   may sleep, may fail: puts aside the nodes that one change can need
 *   setsource        changes the map; what it replaced is kept aside
 *   sweepsources     may sleep: drops the references of what was replaced
 */
#ifndef SOURCEMAP_H
#define SOURCEMAP_H

#include <stdint.h>
#include "../../fs/tfs.h"
#include "../../traces/events.h"

typedef struct SourceMap SourceMap;

struct Image; /* image.h */

/* A range of bytes with one source. */
typedef struct Source {
    uint64_t va, end; /* [va, end) */
    enum ev_enum_source_kind kind;
    struct tfs_snap *snap; /* kind snapshot: the map's reference; else NULL */
    struct Image *image;   /* kinds live and mapping: the map's reference; else NULL */
    uint64_t off;          /* of these three kinds: offset in the file of the byte at va */
} Source;

SourceMap *newsources(void); /* all zero; NULL: no memory */
void freesources(SourceMap *);
SourceMap *copysources(const SourceMap *); /* with references of its own (S4); NULL: no memory */

/* The piece that holds va, from va on, and no further than end (va < end). */
Source sourceat(const SourceMap *, uint64_t va, uint64_t end);

/* What there is in [va, end): a bit (1 << kind) for each kind of piece; how many pieces goes to *pieces. */
unsigned sourcekinds(const SourceMap *, uint64_t va, uint64_t end, unsigned *pieces);

int reservesources(SourceMap *); /* 0 or -T_ENOMEM */
/*
 * [src.va, src.end) comes from src from now on: takes a reference to src.snap or src.image, joins what is contiguous. Cannot fail:
 * there is a reserve.
 */
void setsource(SourceMap *, Source src);
void sweepsources(SourceMap *);

uint64_t countsources(const SourceMap *); /* pieces that are not zero */

#endif
