/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A hash table of buffers with an LRU list. When there are too many, all dirty ones
 * are written in order of block number, neighbours in one go, and the least
 * recently used are given up. A file of any size passes through a few megabytes. Who reads data
 * block after block gets them in one go, too.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "hostcache.h"

#define MAX_BUFFERS 2048u
#define KEEP_BUFFERS 1536u
#define BUCKETS 4096u
#define GATHER 128u /* blocks read or written in one go: at most IMAGE_PIECES */

struct buffer {
    uint64_t blk;
    enum tfs_class class;
    unsigned pins;
    int dirty;
    int unchecked;              /* read before it was asked for */
    struct buffer *chain;       /* same bucket */
    struct buffer *newer, *older; /* by use */
    uint8_t *data;
};

struct hostcache {
    struct image *image;
    struct tfs_env env;
    struct buffer *bucket[BUCKETS];
    struct buffer *newest, *oldest;
    unsigned count;
    uint64_t time_ns;
    int error;
    char complaint[200];
    char told[200];
    uint64_t expected; /* the data block behind the last one that was read */
};

/* ---- finding ---- */

static struct buffer **place(struct hostcache *c, uint64_t blk)
{
    struct buffer **p = &c->bucket[blk % BUCKETS];

    while (*p != NULL && (*p)->blk != blk)
        p = &(*p)->chain;
    return p;
}

static void unlist(struct hostcache *c, struct buffer *b)
{
    *(b->newer ? &b->newer->older : &c->newest) = b->older;
    *(b->older ? &b->older->newer : &c->oldest) = b->newer;
}

static void list_newest(struct hostcache *c, struct buffer *b)
{
    b->newer = NULL;
    b->older = c->newest;
    *(c->newest ? &c->newest->newer : &c->oldest) = b;
    c->newest = b;
}

static void destroy(struct hostcache *c, struct buffer *b)
{
    *place(c, b->blk) = b->chain;
    unlist(c, b);
    free(b->data);
    free(b);
    c->count--;
}

/* ---- writing back ---- */

static int by_block(const void *a, const void *b)
{
    uint64_t x = (*(struct buffer *const *)a)->blk, y = (*(struct buffer *const *)b)->blk;

    return x < y ? -1 : x > y;
}

static int note_error(struct hostcache *c, int r)
{
    if (r < 0 && c->error == 0)
        c->error = -r;
    return r < 0 ? (r == -ENOSPC || r == -EROFS ? r : -TFS_EIO) : 0;
}

/* Writes as many of the sorted buffers as are neighbours; returns how many, or negative. */
static int write_run(struct hostcache *c, struct buffer **b, unsigned n)
{
    struct iovec pieces[GATHER];
    unsigned k = 0;

    do {
        if (b[k]->class == TFS_META)
            tfs_seal(b[k]->data, b[k]->blk);
        pieces[k] = (struct iovec){b[k]->data, TFS_BLOCK};
        k++;
    } while (k < n && k < GATHER && b[k]->blk == b[0]->blk + k);
    int r = note_error(c, image_writev(c->image, b[0]->blk * TFS_BLOCK, pieces, (int)k));
    if (r < 0)
        return r;
    for (unsigned i = 0; i < k; i++)
        b[i]->dirty = 0;
    return (int)k;
}

static int write_dirty(struct hostcache *c, uint64_t *written)
{
    struct buffer **all = malloc((c->count + 1) * sizeof(struct buffer *));
    unsigned n = 0;
    int r = 0;

    if (all == NULL)
        return -TFS_ENOMEM;
    for (struct buffer *b = c->newest; b != NULL; b = b->older)
        if (b->dirty)
            all[n++] = b;
    qsort(all, n, sizeof(struct buffer *), by_block);
    for (unsigned i = 0; i < n; i += (unsigned)r) {
        r = write_run(c, all + i, n - i);
        if (r < 0)
            break;
        *written += (uint64_t)r;
    }
    free(all);
    return r < 0 ? r : 0;
}

/* Keeps the number of buffers bounded. A pinned buffer may be written: it is written again if it changes later. */
static int shrink(struct hostcache *c)
{
    uint64_t written = 0;

    if (c->count < MAX_BUFFERS)
        return 0;
    int r = write_dirty(c, &written);
    image_begin_flush(c->image); /* the disk works while we go on */
    for (struct buffer *b = c->oldest; b != NULL && c->count > KEEP_BUFFERS;) {
        struct buffer *next = b->newer;
        if (b->pins == 0 && !b->dirty)
            destroy(c, b);
        b = next;
    }
    return r;
}

/* ---- the environment ---- */

static void *env_alloc(void *ctx, size_t n)
{
    (void)ctx;
    return malloc(n);
}

static void env_free(void *ctx, void *p, size_t n)
{
    (void)ctx, (void)n;
    free(p);
}

static struct buffer *make(struct hostcache *c, uint64_t blk)
{
    struct buffer *b = calloc(1, sizeof *b);

    if (b == NULL || (b->data = malloc(TFS_BLOCK)) == NULL) {
        free(b);
        return NULL;
    }
    b->blk = blk;
    b->chain = c->bucket[blk % BUCKETS];
    c->bucket[blk % BUCKETS] = b;
    list_newest(c, b);
    c->count++;
    return b;
}

/* How many blocks to read from blk on: more than that one if data are read in sequence. */
static unsigned run_at(struct hostcache *c, uint64_t blk, enum tfs_class class)
{
    uint64_t end = image_size(c->image) / TFS_BLOCK;
    unsigned n = 1;

    if (class == TFS_DATA && blk == c->expected)
        while (n < GATHER && blk + n < end && *place(c, blk + n) == NULL)
            n++;
    return n;
}

static void forget(struct hostcache *c, struct buffer **run, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        destroy(c, run[i]);
}

/* Reads a new buffer, and perhaps those behind it. */
static int read_new(struct hostcache *c, struct buffer *first, enum tfs_class class)
{
    struct buffer *run[GATHER] = {first};
    struct iovec pieces[GATHER] = {{first->data, TFS_BLOCK}};
    unsigned n = 1, most = run_at(c, first->blk, class);

    for (; n < most && (run[n] = make(c, first->blk + n)) != NULL; n++) {
        pieces[n] = (struct iovec){run[n]->data, TFS_BLOCK};
        run[n]->unchecked = 1;
        run[n]->class = TFS_DATA;
    }
    int r = image_readv(c->image, first->blk * TFS_BLOCK, pieces, (int)n);
    if (r < 0 && n > 1) { /* of those that nobody has asked for, perhaps */
        forget(c, run + 1, n - 1);
        n = 1;
        r = image_readv(c->image, first->blk * TFS_BLOCK, pieces, 1);
    }
    if (note_error(c, r) < 0) {
        destroy(c, first);
        return note_error(c, r);
    }
    if (class == TFS_DATA)
        c->expected = first->blk + n;
    return 0;
}

static int env_get(void *ctx, uint64_t blk, enum tfs_class class, enum tfs_how how, void **data, int *fresh)
{
    struct hostcache *c = ctx;
    struct buffer *b = *place(c, blk);

    if (b == NULL) {
        int r = shrink(c);
        if (r < 0)
            return r;
        b = make(c, blk);
        if (b == NULL)
            return -TFS_ENOMEM;
        if (how == TFS_GET_READ) {
            r = read_new(c, b, class);
            if (r < 0)
                return r;
            *fresh = 1;
        }
    } else {
        unlist(c, b);
        list_newest(c, b);
        if (how == TFS_GET_READ && b->unchecked)
            *fresh = 1;
    }
    b->unchecked = 0;
    b->class = class;
    b->pins++;
    *data = b->data;
    return 0;
}

static void env_put(void *ctx, uint64_t blk, void *data, int dirty)
{
    struct buffer *b = *place(ctx, blk);

    (void)data;
    b->pins--;
    b->dirty |= dirty;
}

static void env_drop(void *ctx, uint64_t blk)
{
    struct buffer *b = *place(ctx, blk);

    if (b != NULL && b->pins == 0)
        destroy(ctx, b);
}

static int env_flush(void *ctx, uint64_t *written)
{
    struct hostcache *c = ctx;
    int r = write_dirty(c, written);

    return r < 0 ? r : note_error(c, image_flush(c->image));
}

static uint64_t env_now(void *ctx)
{
    return ((struct hostcache *)ctx)->time_ns;
}

static void env_complain(void *ctx, uint64_t blk, const char *what)
{
    struct hostcache *c = ctx;

    if (c->complaint[0] != 0)
        return;
    if (blk != 0)
        snprintf(c->complaint, sizeof c->complaint, "block %llu: %s", (unsigned long long)blk, what);
    else
        snprintf(c->complaint, sizeof c->complaint, "%s", what);
}

/* ---- for hostfs ---- */

struct hostcache *hostcache_new(struct image *image) {
    struct hostcache *c = calloc(1, sizeof *c);

    if (c == NULL)
        return NULL;
    c->image = image;
    c->env = (struct tfs_env){
        .ctx = c,
        .alloc = env_alloc,
        .free = env_free,
        .get = env_get,
        .put = env_put,
        .drop = env_drop,
        .flush = env_flush,
        .now_ns = env_now,
        .complain = env_complain,
    };
    return c;
}

void hostcache_free(struct hostcache *c)
{
    if (c == NULL)
        return;
    while (c->newest != NULL)
        destroy(c, c->newest);
    free(c);
}

const struct tfs_env *hostcache_env(struct hostcache *c)
{
    return &c->env;
}

void hostcache_set_time(struct hostcache *c, uint64_t ns)
{
    c->time_ns = ns;
}

const char *hostcache_complaint(struct hostcache *c)
{
    memcpy(c->told, c->complaint, sizeof c->told);
    c->complaint[0] = 0;
    return c->told;
}

int hostcache_errno(const struct hostcache *c)
{
    return c->error;
}
