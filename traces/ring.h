/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The bounded queue between the recorder's caller (the producer, one thread) and its
 * writer (the consumer, one thread): a ring of packed records (pack.h). The
 * producer waits while it is full; nothing is ever dropped.
 */
#ifndef TARRY_RING_H
#define TARRY_RING_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include "pack.h"

#define RING_RECORDS (1u << 16) /* most that wait */
#define RING_BYTES (4u << 20)   /* and the room they have, packed */

struct ring {
    unsigned char *bytes;
    struct packer packer; /* the producer's */
    _Alignas(64) atomic_uint_fast64_t head; /* bytes ever put; written by the producer */
    atomic_uint_fast64_t put;               /* and records */
    uint64_t tail_seen, taken_seen;         /* the producer's last look at tail and taken */
    uint64_t signalled;                     /* records when the producer last woke the consumer */
    uint64_t waits, wait_ns;                /* host facts: how often, how long the ring was full */
    _Alignas(64) atomic_uint_fast64_t tail; /* bytes ever taken; written by the consumer */
    atomic_uint_fast64_t taken;             /* and records */
    struct packer unpacker;                 /* the consumer's */
    pthread_mutex_t lock;
    pthread_cond_t filled, emptied;
    bool closed; /* guarded by lock: no more will be put */
};

/* Returns 0, or -1 if there is no memory. */
int ring_init(struct ring *);
void ring_free(struct ring *);

/* Producer: hands a record over, waiting for room if the ring is full. */
void ring_put(struct ring *, const struct record *);
/* Producer: says that there is no more. */
void ring_close(struct ring *);

/*
 * Consumer: waits until `enough` records are there, the host clock (CLOCK_MONOTONIC) has passed deadline_ns, or the
 * ring is closed. Returns how many there are; *closed tells if more can come.
 */
uint64_t ring_wait(struct ring *, uint64_t enough, uint64_t deadline_ns, bool *closed);
/* Consumer: takes the n oldest out; so many are there. */
void ring_take(struct ring *, struct record *out, uint64_t n);

uint64_t ring_clock_ns(void);

#endif
