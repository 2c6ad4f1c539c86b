/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Segments: what a process's memory is. A segment is two maps.
 *
 *   source map   an ordered map of byte ranges that covers the whole segment: each range comes
 *                from zero, from (snapshot, offset), or is the segment's own.
 *   page map     a sparse map of resident pages.
 *
 * The rule that everything hangs on: *if the source map says "snapshot", the byte
 * equals the snapshot's byte; if it says "zero", the byte is zero; if it says "own", the
 * resident page, or its slot in swap, holds it.* A store fault therefore makes the
 * whole page "own" before the store runs (S2), and a write-back makes what it wrote
 * "snapshot" again (W4). A page that holds own bytes but whose other bytes have not
 * been loaded yet is resident and `partial`; its next touch loads them (R5, R8).
 *
 * Program text and data are segments whose source is a snapshot of the ELF file: exec is a
 * deferred read.
 */
#ifndef SEGMENT_H
#define SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lock.h"
#include "mmu.h"
#include "page.h"
#include "../../fs/tfs.h"
#include "../../traces/events.h"

typedef struct Segment Segment;

struct SourceMap; /* sourcemap.h */
struct PageMap;   /* pagemap.h */
struct Image;     /* image.h */

struct Segment {
    QLock lock;      /* guards everything below but ref; held over fills; taken before the file system's lock */
    uint32_t ref;    /* processes (and pins) that hold it */
    enum ev_enum_segment_type type;
    enum ev_enum_io_policy policy; /* of reads into it; only type defer is ever deferred */
    int attr;        /* SG_SHARED, SG_RONLY */
    bool exec;       /* instruction fetches allowed */
    uint64_t base;   /* first byte, page-aligned */
    uint64_t top;    /* one past the last byte, page-aligned */
    uint64_t id;     /* trace row */
    struct SourceMap *sources;
    struct PageMap *pages;
    uint64_t hand;         /* number of the page where the clock goes on */
    uint64_t expected;     /* fill-around: the page that a sequence of faults would come to next */
    uint32_t ahead;        /* and how many pages the last one of it brought */
    uint64_t reservations; /* runs of frames that are reserved for it (reserve.h) */
    uint64_t visit;        /* eachsegment: the last round that came by */
    Segment *next, *prev;  /* ring of all segments, for the clock */
};

/* ---- making and releasing (none of these touches a page of the range) ---- */

/* All zero. Returns NULL when there is no memory. */
Segment *newseg(enum ev_enum_segment_type, uint64_t base, uint64_t bytes, int attr, enum ev_enum_io_policy);
/* For rfork: the same segment (SG_SHARED, text) or a copy-on-write copy with its associations (S4). */
Segment *dupseg(Segment *);
void putseg(Segment *);
/* Grows or shrinks (brk); pages and sources beyond the new top are dropped. */
int resizeseg(Segment *, uint64_t newtop);

/* ---- changing sources ---- */

/*
 * Bytes [va, va + n) come from `snap` at offset off from now on. Takes its own reference. Nothing is loaded; the
 * old association of the range is dropped (R8). One insertion, whatever n is (R6). 0 or -T_ENOMEM with nothing changed.
 */
int segsnapshot(Segment *, uint64_t va, uint64_t n, struct tfs_snap *snap, uint64_t off);
/* Bytes [va, va + n) are zero from now on (segfree, /dev/zero, segzero). */
int segzero(Segment *, uint64_t va, uint64_t n);
/* Bytes [va, va + n) are those of the live file from off on: filled when touched (naive), or mapped (whole pages). */
int seglive(Segment *, uint64_t va, uint64_t n, struct Image *, uint64_t off);
int segmap(Segment *, uint64_t va, uint64_t n, struct Image *, uint64_t off);
/* Calls fn for every segment there is; fn may sleep. */
void eachsegment(void (*fn)(Segment *, void *arg), void *arg);

/* ---- faults ---- */

/*
 * Makes the page of va resident and fit for the access: fills, detaches, copies on write as needed. Records fault and
 * fill events. 0, -T_EFAULT (access not allowed), -T_EIO, -T_ENOMEM. On success the page is in *pin with an extra
 * reference (if pin is not NULL) and, if space is not NULL, mapped there. May sleep. The caller holds a reference to s.
 */
int fixfault(Segment *s, uint64_t va, enum ev_enum_access, bool in_kernel, Space *space, Page **pin);
/* A user page fault of the running process: finds the segment, fixes. 0 or the error, recorded. */
int pagefault(uint64_t va, enum ev_enum_access);

/* ---- user memory, for the kernel: the running process's, through its segments (never through the hardware) ---- */

/* All return 0, or -T_EFAULT, -T_EIO, -T_ENOMEM with an unspecified part copied. */
int copyin(void *dst, uint64_t va, size_t n);
int copyout(uint64_t va, const void *src, size_t n);
/* Copies a NUL-terminated string of at most max bytes with its NUL. Its length, or an error; -T_ENAMETOOLONG, too. */
int64_t copyinstr(char *dst, uint64_t va, size_t max);

/* ---- file contents to and from user memory (R, W rules) ---- */

/*
 * read: n bytes of f at off into the running process at va. Deferred if va lies in a segment whose policy says so, else
 * conventional; both begin with a snapshot, so both give the bytes of one instant (R1). A range that spans several
 * segments is done piece by piece from that one snapshot. Returns the count (R3) or an error. Caller holds no lock.
 */
int64_t fileread(struct tfs_file *f, uint64_t off, uint64_t va, uint64_t n);
/*
 * write: skips what provably still equals the file (W1), writes the rest, and afterwards associates the
 * buffer with what the file now holds (W4). Returns n or an error.
 */
int64_t filewrite(struct tfs_file *f, uint64_t off, uint64_t va, uint64_t n, bool append);
/*
 * The same, but only if the file has not changed (W3): its version is `version`; or, for CWRITE_READ, every block that
 * would be written is the very block that the buffer was read from. Else -T_ESTALE and the file is as it was; if it
 * changes when a part has been written already, that part counts, like a short write.
 */
int64_t filewriteif(struct tfs_file *f, uint64_t off, uint64_t va, uint64_t n, bool append, uint64_t version);

#endif
