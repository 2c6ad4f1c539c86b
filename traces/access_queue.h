/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Blocks of accesses and samples on their way from the machine to the recorder's thread, which compresses and stores
 * them: a list with a bound, beside the ring of events. One producer, one consumer. The producer waits if it is full.
 */
#ifndef TARRY_ACCESS_QUEUE_H
#define TARRY_ACCESS_QUEUE_H

#include <pthread.h>
#include <sqlite3.h>

#include "access.h"

/* A page that was used in a window of instructions: a row of table sample. */
struct access_sample {
    uint64_t window, insn, ts, proc, va, pa;
    uint8_t used; /* 1 << enum access_kind: fetched, loaded, stored */
};

struct access_queue {
    struct access_item *first, **last;
    unsigned n;
    pthread_mutex_t lock;
    pthread_cond_t room;
    sqlite3_stmt *insert_block, *insert_sample; /* the consumer's */
};

void access_queue_init(struct access_queue *);
void access_queue_free(struct access_queue *);
/* Both take what they are given, also if they fail: false, no memory. */
bool access_queue_block(struct access_queue *, const struct access_raw *);
bool access_queue_samples(struct access_queue *, struct access_sample *, size_t n);
/* Stores what is there, in a transaction of its own. Returns an SQLite result code. With `drop` it is thrown away. */
int access_queue_store(struct access_queue *, sqlite3 *, bool drop);
/* Before the database is closed. */
void access_queue_finalize(struct access_queue *);

#endif
