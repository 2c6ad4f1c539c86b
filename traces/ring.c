/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A single-producer, single-consumer ring. The counters are the only things shared
 * without the lock; the lock is for sleeping. Both sides sleep with a
 * timeout, so a wake-up that is missed costs milliseconds and no more.
 */
#include "ring.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WAKE_EVERY 4096u     /* records put between two wake-ups of the consumer */
#define FULL_NAP_NS 2000000u /* longest sleep of a producer before a full ring */
#define SECOND_NS 1000000000ull

uint64_t ring_clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * SECOND_NS + (uint64_t)now.tv_nsec;
}

int ring_init(struct ring *r)
{
    pthread_condattr_t attr;

    memset(r, 0, sizeof(*r));
    r->bytes = malloc(RING_BYTES);
    if (r->bytes == NULL)
        return -1;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->filled, &attr);
    pthread_cond_init(&r->emptied, &attr);
    pthread_condattr_destroy(&attr);
    return 0;
}

void ring_free(struct ring *r)
{
    pthread_cond_destroy(&r->filled);
    pthread_cond_destroy(&r->emptied);
    pthread_mutex_destroy(&r->lock);
    free(r->bytes);
}

/* Sleeps on a condition until a moment of CLOCK_MONOTONIC; the lock is held. */
static void sleep_until(struct ring *r, pthread_cond_t *cond, uint64_t ns)
{
    struct timespec at = {.tv_sec = (time_t)(ns / SECOND_NS), .tv_nsec = (long)(ns % SECOND_NS)};
    pthread_cond_timedwait(cond, &r->lock, &at);
}

/* Where the next record goes: none goes over the end of the ring. Both sides reckon alike. */
static uint64_t place(uint64_t at)
{
    uint64_t left = RING_BYTES - at % RING_BYTES;

    return left < PACK_MOST ? at + left : at;
}

/* Is there room for a record whose place is `at`? Looks at what the consumer has taken only if it must. */
static bool has_room(struct ring *r, uint64_t at, uint64_t put)
{
    if (at + PACK_MOST - r->tail_seen <= RING_BYTES && put - r->taken_seen < RING_RECORDS)
        return true;
    r->tail_seen = atomic_load_explicit(&r->tail, memory_order_acquire);
    r->taken_seen = atomic_load_explicit(&r->taken, memory_order_acquire);
    return at + PACK_MOST - r->tail_seen <= RING_BYTES && put - r->taken_seen < RING_RECORDS;
}

static void wait_for_room(struct ring *r, uint64_t at, uint64_t put)
{
    uint64_t began = ring_clock_ns();

    pthread_mutex_lock(&r->lock);
    pthread_cond_signal(&r->filled);
    r->signalled = put;
    while (!has_room(r, at, put))
        sleep_until(r, &r->emptied, ring_clock_ns() + FULL_NAP_NS);
    pthread_mutex_unlock(&r->lock);
    r->waits++;
    r->wait_ns += ring_clock_ns() - began;
}

void ring_put(struct ring *r, const struct record *record)
{
    uint64_t at = place(atomic_load_explicit(&r->head, memory_order_relaxed));
    uint64_t put = atomic_load_explicit(&r->put, memory_order_relaxed);
    unsigned char *begin = r->bytes + at % RING_BYTES;

    if (!has_room(r, at, put))
        wait_for_room(r, at, put);
    atomic_store_explicit(&r->head, at + (uint64_t)(pack(&r->packer, begin, record) - begin), memory_order_relaxed);
    atomic_store_explicit(&r->put, ++put, memory_order_release);
    if (put - r->signalled >= WAKE_EVERY) {
        r->signalled = put;
        pthread_mutex_lock(&r->lock);
        pthread_cond_signal(&r->filled);
        pthread_mutex_unlock(&r->lock);
    }
}

void ring_close(struct ring *r)
{
    pthread_mutex_lock(&r->lock);
    r->closed = true;
    pthread_cond_signal(&r->filled);
    pthread_mutex_unlock(&r->lock);
}

static uint64_t filled(struct ring *r)
{
    return atomic_load_explicit(&r->put, memory_order_acquire) - atomic_load_explicit(&r->taken, memory_order_relaxed);
}

uint64_t ring_wait(struct ring *r, uint64_t enough, uint64_t deadline_ns, bool *closed)
{
    uint64_t n;

    pthread_mutex_lock(&r->lock);
    while (filled(r) < enough && !r->closed && ring_clock_ns() < deadline_ns)
        sleep_until(r, &r->filled, deadline_ns);
    *closed = r->closed; /* looked at before the count: what was put before closing is counted */
    n = filled(r);
    pthread_mutex_unlock(&r->lock);
    return n;
}

void ring_take(struct ring *r, struct record *out, uint64_t n)
{
    uint64_t at = atomic_load_explicit(&r->tail, memory_order_relaxed);

    for (uint64_t i = 0; i < n; i++) {
        at = place(at);
        const unsigned char *begin = r->bytes + at % RING_BYTES;
        at += (uint64_t)(unpack(&r->unpacker, begin, &out[i]) - begin);
    }
    atomic_store_explicit(&r->tail, at, memory_order_release);
    atomic_store_explicit(&r->taken, atomic_load_explicit(&r->taken, memory_order_relaxed) + n, memory_order_release);
    pthread_mutex_lock(&r->lock);
    pthread_cond_signal(&r->emptied);
    pthread_mutex_unlock(&r->lock);
}
