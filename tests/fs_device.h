/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A block device in memory with a cache, for tests of the file system core. The
 * cache writes back and forgets blocks at random moments, as any cache may. Writes can be
 * recorded (to cut the power after any of them), reads and writes can be made to fail, and so can allocations.
 */
#ifndef FS_DEVICE_H
#define FS_DEVICE_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fs/tfs.h"

#define DMDIR_BIT 0x80000000u

struct cached {
    uint8_t *data;
    unsigned pins;
    int dirty;
    enum tfs_class class;
    uint64_t at; /* index in device.in_cache */
};

#define BARRIER UINT64_MAX

struct write_record {
    uint64_t blk; /* BARRIER: a flush ended */
    uint8_t data[TFS_BLOCK];
};

struct device {
    struct tfs_env env;
    uint64_t nblocks;
    uint8_t *medium; /* what survives a power cut */
    struct cached *cache;
    uint64_t *in_cache; /* blocks that are cached, unordered */
    uint64_t ncached;
    uint64_t rng;
    unsigned churn; /* one in so many puts writes back or forgets some block; 0: never */

    struct write_record *log; /* writes since logging began, if it did */
    size_t nlog, log_room;
    int logging;

    uint64_t reads[2], writes, flushes; /* reads by class */
    long allocations;                   /* alive */
    uint64_t fail_read, fail_write, fail_alloc; /* one in so many fails; 0: none */
    uint64_t fail_alloc_at, fail_get_at; /* the so-many-th from now on fails, once; 0: none */
    unsigned complaints;
    char complaint[256]; /* the last one */
    unsigned pins;
    uint64_t now;
    void (*on_event)(const struct tfs_event *, void *arg);
    void *on_event_arg;
    void (*on_complaint)(void *arg, const char *text);
    void *on_complaint_arg;
};

static inline uint64_t rnd(uint64_t *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 7;
    *x ^= *x << 17;
    return *x;
}

static inline uint64_t below(uint64_t *x, uint64_t n)
{
    return (rnd(x) >> 16) % n;
}

static inline int strikes(struct device *d, uint64_t one_in)
{
    return one_in != 0 && below(&d->rng, one_in) == 0;
}

/* Counts down to the one that fails. */
static inline int comes_up(uint64_t *at)
{
    return *at != 0 && --*at == 0;
}

/* TARRY_SEED=N replays a run of a random test. */
static inline uint64_t test_seed(const char *what, uint64_t standard)
{
    const char *s = getenv("TARRY_SEED");
    uint64_t seed = s != NULL ? strtoull(s, NULL, 0) : standard;

    printf("# %s: TARRY_SEED=%llu\n", what, (unsigned long long)seed);
    return seed * 0x9e3779b97f4a7c15 | 1;
}

static inline void device_uncache(struct device *d, uint64_t blk)
{
    uint64_t last = d->in_cache[--d->ncached], at = d->cache[blk].at;

    free(d->cache[blk].data);
    d->in_cache[at] = last;
    d->cache[last].at = at;
    d->cache[blk] = (struct cached){0};
}

static inline void device_record(struct device *d, uint64_t blk, const uint8_t *data)
{
    if (!d->logging)
        return;
    if (d->nlog == d->log_room) {
        d->log_room = d->log_room ? 2 * d->log_room : 256;
        d->log = realloc(d->log, d->log_room * sizeof *d->log);
    }
    d->log[d->nlog].blk = blk;
    if (data != NULL)
        memcpy(d->log[d->nlog].data, data, TFS_BLOCK);
    d->nlog++;
}

static inline int device_write(struct device *d, uint64_t blk)
{
    struct cached *c = &d->cache[blk];

    if (strikes(d, d->fail_write))
        return -TFS_EIO;
    if (c->class == TFS_META)
        tfs_seal(c->data, blk);
    memcpy(d->medium + blk * TFS_BLOCK, c->data, TFS_BLOCK);
    c->dirty = 0;
    d->writes++;
    device_record(d, blk, c->data);
    return 0;
}

static inline void *device_alloc(void *ctx, size_t n)
{
    struct device *d = ctx;

    if (strikes(d, d->fail_alloc) || comes_up(&d->fail_alloc_at))
        return NULL;
    d->allocations++;
    return malloc(n);
}

static inline void device_free(void *ctx, void *p, size_t n)
{
    (void)n;
    ((struct device *)ctx)->allocations--;
    free(p);
}

static inline int device_get(void *ctx, uint64_t blk, enum tfs_class class, enum tfs_how how, void **data, int *fresh)
{
    struct device *d = ctx;

    if (blk >= d->nblocks)
        return -TFS_EIO;
    struct cached *c = &d->cache[blk];
    if (comes_up(&d->fail_get_at))
        return -TFS_ENOMEM;
    if (c->data == NULL) {
        if (how == TFS_GET_READ && strikes(d, d->fail_read))
            return -TFS_EIO;
        c->data = malloc(TFS_BLOCK);
        c->at = d->ncached;
        d->in_cache[d->ncached++] = blk;
        if (how == TFS_GET_READ) {
            memcpy(c->data, d->medium + blk * TFS_BLOCK, TFS_BLOCK);
            d->reads[class]++;
            *fresh = 1;
        } else {
            memset(c->data, 0xee, TFS_BLOCK); /* contents are undefined */
        }
    }
    c->class = class;
    c->pins++;
    d->pins++;
    *data = c->data;
    return 0;
}

static inline void device_churn(struct device *d)
{
    uint64_t blk = d->in_cache[below(&d->rng, d->ncached)];
    struct cached *c = &d->cache[blk];

    if (c->pins > 0)
        return;
    if (c->dirty && device_write(d, blk) < 0)
        return;
    if (below(&d->rng, 2) == 0)
        device_uncache(d, blk);
}

static inline void device_put(void *ctx, uint64_t blk, void *data, int dirty)
{
    struct device *d = ctx;
    struct cached *c = &d->cache[blk];

    if (c->data != data || c->pins == 0)
        abort();
    c->pins--;
    d->pins--;
    c->dirty |= dirty;
    if (d->churn != 0 && below(&d->rng, d->churn) == 0)
        device_churn(d);
}

static inline void device_drop(void *ctx, uint64_t blk)
{
    struct device *d = ctx;

    if (d->cache[blk].pins > 0)
        abort();
    if (d->cache[blk].data != NULL)
        device_uncache(d, blk);
}

static inline int device_flush(void *ctx, uint64_t *written)
{
    struct device *d = ctx;
    uint64_t start = d->ncached ? below(&d->rng, d->ncached) : 0;

    d->flushes++;
    for (uint64_t i = 0; i < d->ncached; i++) { /* in no particular order */
        uint64_t blk = d->in_cache[(start + i) % d->ncached];
        if (!d->cache[blk].dirty)
            continue;
        int r = device_write(d, blk);
        if (r < 0)
            return r;
        ++*written;
    }
    device_record(d, BARRIER, NULL);
    return 0;
}

static inline uint64_t device_now(void *ctx)
{
    return ++((struct device *)ctx)->now;
}

static inline void device_event(void *ctx, const struct tfs_event *e)
{
    struct device *d = ctx;

    if (d->on_event != NULL)
        d->on_event(e, d->on_event_arg);
}

static inline void device_complain(void *ctx, uint64_t blk, const char *what)
{
    struct device *d = ctx;

    d->complaints++;
    snprintf(d->complaint, sizeof d->complaint, "block %llu: %s", (unsigned long long)blk, what);
    if (d->on_complaint != NULL)
        d->on_complaint(d->on_complaint_arg, d->complaint);
}

/* Forgets the cache, as a power cut or a new mount does. */
static inline void device_forget(struct device *d)
{
    while (d->ncached > 0)
        device_uncache(d, d->in_cache[0]);
    d->pins = 0;
}

static inline struct device *device_new(uint64_t nblocks, uint64_t seed)
{
    struct device *d = calloc(1, sizeof *d);

    d->nblocks = nblocks;
    d->medium = calloc(nblocks, TFS_BLOCK);
    d->cache = calloc(nblocks, sizeof *d->cache);
    d->in_cache = calloc(nblocks, sizeof *d->in_cache);
    d->rng = seed | 1;
    d->env = (struct tfs_env){
        .ctx = d,
        .alloc = device_alloc,
        .free = device_free,
        .get = device_get,
        .put = device_put,
        .drop = device_drop,
        .flush = device_flush,
        .now_ns = device_now,
        .event = device_event,
        .complain = device_complain,
    };
    return d;
}

static inline void device_delete(struct device *d)
{
    device_forget(d);
    free(d->medium);
    free(d->cache);
    free(d->in_cache);
    free(d->log);
    free(d);
}

static inline void print_finding(void *arg, const char *finding)
{
    (void)arg;
    printf("# finding: %s\n", finding);
}

static inline void ignore_finding(void *arg, const char *finding)
{
    (void)arg, (void)finding;
}

static inline struct tfs *mount_or_die(struct device *d)
{
    struct tfs *fs = NULL;
    int r = tfs_mount(&d->env, d->nblocks, &fs);

    if (r < 0)
        printf("# mount: %d, %s\n", r, d->complaint);
    assert_int_equal(r, 0);
    return fs;
}

static inline uint64_t free_blocks(struct tfs *fs)
{
    struct tfs_space s;

    tfs_space(fs, &s);
    return s.free_blocks;
}

#endif
