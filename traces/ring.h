/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The bounded queue between the recorder's caller (the producer, one thread) and its
 * writer (the consumer, one thread): a ring of records of one size. The
 * producer waits while it is full; nothing is ever dropped.
 */
#ifndef TARRY_RING_H
#define TARRY_RING_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include "catalogue.h"

enum record_flag {
    REC_OPEN = 1,       /* an interval that has not ended: dur and results are NULL */
    REC_STRING = 2,     /* a row of `string`: words are id, address and length of the text */
    REC_UNRECORDED = 4, /* an open interval that is not to be stored, as things are (filter.h) */
    REC_CANDIDATE = 8,  /* but will be if something recorded comes of it */
};

/* Places of what every event has in a record's words; its own columns follow. */
enum { W_ID, W_INSN, W_TS, W_PROC, W_PC, W_CAUSE, W_DUR, W_COLUMNS };

struct record {
    uint16_t kind;
    uint16_t flags;
    uint64_t words[W_COLUMNS + CATALOGUE_MAX_WORDS];
};

#define RING_RECORDS (1u << 16) /* power of two; 10 MB */

struct ring {
    struct record *records;
    _Alignas(64) atomic_uint_fast64_t head; /* records ever put; written by the producer */
    uint64_t tail_seen;                     /* the producer's last look at tail */
    uint64_t signalled;                     /* head when the producer last woke the consumer */
    uint64_t waits, wait_ns;                /* host facts: how often, how long the ring was full */
    _Alignas(64) atomic_uint_fast64_t tail; /* records ever taken; written by the consumer */
    pthread_mutex_t lock;
    pthread_cond_t filled, emptied;
    bool closed; /* guarded by lock: no more will be put */
};

/* Returns 0, or -1 if there is no memory. */
int ring_init(struct ring *);
void ring_free(struct ring *);

/* Producer: the place of the next record, waiting for one if the ring is full; ring_put hands it over. */
struct record *ring_next(struct ring *);
void ring_put(struct ring *);
/* Producer: says that there is no more. */
void ring_close(struct ring *);

/*
 * Consumer: waits until `enough` records are there, the host clock (CLOCK_MONOTONIC) has passed deadline_ns, or the
 * ring is closed. Returns how many there are; *closed tells if more can come.
 */
uint64_t ring_wait(struct ring *, uint64_t enough, uint64_t deadline_ns, bool *closed);
/* Consumer: the i-th record from the oldest. */
const struct record *ring_peek(const struct ring *, uint64_t i);
/* Consumer: gives the n oldest back. */
void ring_take(struct ring *, uint64_t n);

uint64_t ring_clock_ns(void);

#endif
