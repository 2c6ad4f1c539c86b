/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's block cache on the host: the sources of guestos/kernel over frames, a disk and a scheduler that a test
 * controls. There is one thread; who sleeps lets the test's `meanwhile` run, which stands for other processes, or the disk do its
 * next request.
 */
#ifndef CACHEHOST_H
#define CACHEHOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "guestos/kernel/buf.h"
#include "guestos/kernel/proc.h"
#include "guestos/kernel/trace.h"

enum { BLOCKS = 4096 };

struct cachehost {
    uint64_t frames;        /* in use */
    uint64_t frame_limit;   /* of newpage */
    uint64_t total;         /* what the cache thinks there is: shares are of this */
    uint64_t objects;       /* of kalloc */
    uint64_t bad_block;     /* requests that touch it fail; 0: none */
    uint64_t pending;       /* requests under way, ... */
    uint64_t most_pending;  /* ... the most there were */
    uint64_t requests[2];   /* done: read, written */
    uint64_t blocks[2];
    uint64_t flushes;
    uint64_t events[EV_COUNT];
    struct ev_cache last;   /* newest row of `cache` */
    void (*meanwhile)(void); /* may be NULL */
};
extern struct cachehost host;

void cachehost_begin(void); /* an empty cache over a disk of zeros */
void cachehost_end(void);
bool disk_step(void);       /* the next request is done; false: there is none */
uint64_t *medium(uint64_t blk); /* its 512 words on the disk */

#endif
