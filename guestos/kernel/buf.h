/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Buffers: the parts of the block cache (cache.h) share them. A buffer is on one of two lists, or pinned and clean and on
 * none:
 *
 *   clean   not pinned; least recently used last. cachereclaim takes frames from its end.
 *   dirty   to be written by the next flush, or earlier (writeback.c).
 *
 * A buffer that is being read is pinned by the request, and whoever wants it waits. One that is being written may be read, and
 * changed too: then it is dirty again and is written once more, but not before the first write is done.
 */
#ifndef KERNEL_BUF_H
#define KERNEL_BUF_H

#include "cache.h"
#include "lock.h"
#include "virtio.h"
#include "../../traces/events.h"

typedef struct Buf Buf;
struct Buf {
    uint64_t blk;
    Page *page;
    uint32_t pins;
    uint8_t class;    /* enum tfs_class */
    bool hashed;      /* still the buffer of blk (not dropped, not failed) */
    bool reading;     /* being read: contents undefined */
    bool writing;     /* being written */
    bool dirty;       /* on the dirty list */
    bool unchecked;   /* read from the disk, checksum not compared yet */
    bool ahead;       /* read before somebody asked: the next cachereclaim spares it */
    bool together;    /* read together with others: an error may be theirs */
    int failed;       /* the error of the read */
    Rendez waiters;   /* for reading or writing to end */
    Buf *chain;       /* same hash bucket */
    Buf *next, *prev; /* in a list */
    Buf *run;         /* the next of a request, or of those to be written by one process */
};

typedef struct Buflist {
    Buf head; /* sentinel: next is the newest, prev the oldest */
    uint64_t n;
} Buflist;

extern Buflist dirtybufs;

void bufinit(void); /* the hash table and the lists */
Buf *buflookup(uint64_t blk); /* NULL: not in the cache */
/* A pinned buffer for blk that is not in the cache. NULL: no memory, or the block has come in while we slept. */
Buf *newbuf(uint64_t blk, enum tfs_class);
void pinbuf(Buf *);
void unpinbuf(Buf *);
void markdirty(Buf *);  /* puts it onto the dirty list, if it is still the buffer of its block */
void takedirty(Buf *);  /* off it */
void unhashbuf(Buf *);  /* it is not the buffer of its block any more, and freed with the last pin */
/* Pins the buffer of blk, reading it if need be. *hit: it was in the cache. 0, or a T_ error. */
int bufget(uint64_t blk, enum tfs_class, enum tfs_how, uint64_t ino, uint64_t off, uint64_t cause, Buf **, bool *hit);

/* ---- requests to the disk (bufio.c) ---- */

/* Requests that are waited for, or whose end is told of, together. */
typedef struct Batch Batch;
struct Batch {
    unsigned left;         /* requests under way */
    unsigned requests;     /* in all */
    uint64_t blocks;       /* moved */
    int err;               /* of one that failed */
    void (*done)(Batch *); /* called when the last is done; does not sleep. May be NULL */
    Rendez waiters;
};

/*
 * Starts a request for the buffers of a chain, which are consecutive blocks, at most DISK_RUN; each is marked as being
 * read or written, and has a pin that the request takes over. May sleep until there is room for it. batch: may be NULL.
 */
void startio(Buf *chain, bool output, uint64_t transfer, Batch *);
void endio(Batch *, uint64_t blocks, int err); /* one of those that are left is done */
void waitbatch(Batch *);
/* The trace row of moving blocks from that of b on. */
uint64_t tracetransfer(const Buf *b, uint64_t blocks, enum ev_enum_boundary, bool output, uint64_t ino, uint64_t off,
                       uint64_t cause);

/* ---- what it has done since boot, in blocks unless said otherwise (cachestat.c) ---- */

typedef struct Cachestat {
    uint64_t hits[2];  /* asked for and there, by class */
    uint64_t misses;   /* asked for and read for it */
    uint64_t ahead;    /* read in longer requests, before somebody asked */
    uint64_t reads;    /* requests */
    uint64_t written;
    uint64_t writes;   /* requests */
    uint64_t evicted;  /* frames given back */
} Cachestat;
extern Cachestat cachestat;

/* A row of the trace; count: what `why` moved. */
void tracecache(enum ev_enum_cache_moment why, uint64_t count);

/* ---- writing (writeback.c) ---- */

/* Writes every dirty block. Adds to *written. 0, or a T_ error: what could not be written stays dirty. */
int flushbufs(uint64_t *written);
/* After a block has become dirty: sees to it that there are not too many. Sleeps if there are. */
void balancedirty(void);

#endif
