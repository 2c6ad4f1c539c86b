/* SPDX-License-Identifier: GPL-2.0-only */
/* Blocks of accesses, and samples, from the machine into tables access_block and sample. See access_queue.h. */
#include "access_queue.h"
#include <stdlib.h>

#define MOST 32 /* items that wait: some 10 MB */

struct access_item {
    struct access_item *next;
    struct access_raw raw;          /* .bytes NULL: samples */
    struct access_sample *samples;
    size_t nsamples;
};

void access_queue_init(struct access_queue *q)
{
    *q = (struct access_queue){.last = &q->first};
    pthread_mutex_init(&q->lock, NULL);
    pthread_cond_init(&q->room, NULL);
}

static void drop_item(struct access_item *i)
{
    free(i->raw.bytes);
    free(i->samples);
    free(i);
}

void access_queue_free(struct access_queue *q)
{
    for (struct access_item *i = q->first, *next; i != NULL; i = next) {
        next = i->next;
        drop_item(i);
    }
    pthread_cond_destroy(&q->room);
    pthread_mutex_destroy(&q->lock);
}

static bool append(struct access_queue *q, struct access_item what)
{
    struct access_item *i = malloc(sizeof(*i));

    if (i == NULL) {
        free(what.raw.bytes);
        free(what.samples);
        return false;
    }
    *i = what;
    pthread_mutex_lock(&q->lock);
    while (q->n >= MOST)
        pthread_cond_wait(&q->room, &q->lock);
    *q->last = i;
    q->last = &i->next;
    q->n++;
    pthread_mutex_unlock(&q->lock);
    return true;
}

bool access_queue_block(struct access_queue *q, const struct access_raw *raw)
{
    return append(q, (struct access_item){.raw = *raw});
}

bool access_queue_samples(struct access_queue *q, struct access_sample *samples, size_t n)
{
    return append(q, (struct access_item){.samples = samples, .nsamples = n});
}

/* ---- the recorder's thread ---- */

static struct access_item *next_item(struct access_queue *q)
{
    pthread_mutex_lock(&q->lock);
    struct access_item *i = q->first;
    if (i != NULL) {
        q->first = i->next;
        if (q->first == NULL)
            q->last = &q->first;
        q->n--;
        pthread_cond_signal(&q->room);
    }
    pthread_mutex_unlock(&q->lock);
    return i;
}

static int store_block(sqlite3_stmt *s, const struct access_raw *r)
{
    size_t n;
    uint8_t *blob = access_compress(r, &n);
    const uint64_t words[] = {r->first_insn, r->last_insn, r->first_ts, r->last_ts, r->proc, r->count[ACCESS_FETCH],
                              r->count[ACCESS_LOAD], r->count[ACCESS_STORE], r->count[ACCESS_AMO], r->n};
    int i = 1;

    if (blob == NULL)
        return SQLITE_NOMEM;
    for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++)
        sqlite3_bind_int64(s, i++, (sqlite3_int64)words[k]);
    sqlite3_bind_blob64(s, i, blob, n, free);
    sqlite3_step(s);
    return sqlite3_reset(s);
}

static int store_sample(sqlite3_stmt *s, const struct access_sample *a)
{
    const uint64_t words[] = {a->window, a->insn, a->ts, a->proc, a->va, a->pa, a->used >> ACCESS_FETCH & 1,
                              a->used >> ACCESS_LOAD & 1, a->used >> ACCESS_STORE & 1};

    for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++)
        sqlite3_bind_int64(s, (int)k + 1, (sqlite3_int64)words[k]);
    sqlite3_step(s);
    return sqlite3_reset(s);
}

static int store_item(struct access_queue *q, const struct access_item *i)
{
    int rc = SQLITE_OK;

    if (i->samples == NULL)
        return store_block(q->insert_block, &i->raw);
    for (size_t k = 0; rc == SQLITE_OK && k < i->nsamples; k++)
        rc = store_sample(q->insert_sample, &i->samples[k]);
    return rc;
}

static int prepare(struct access_queue *q, sqlite3 *db)
{
    int rc = SQLITE_OK;

    if (q->insert_block == NULL)
        rc = sqlite3_prepare_v2(db,
                                "INSERT INTO access_block(insn, last_insn, ts, last_ts, proc, fetches, loads, stores, amos,"
                                " raw_bytes, data) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                                -1, &q->insert_block, NULL);
    if (rc == SQLITE_OK && q->insert_sample == NULL)
        rc = sqlite3_prepare_v2(db,
                                "INSERT INTO sample(\"window\", insn, ts, proc, va, pa, fetched, loaded, stored)"
                                " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)",
                                -1, &q->insert_sample, NULL);
    return rc;
}

int access_queue_store(struct access_queue *q, sqlite3 *db, bool drop)
{
    struct access_item *i = next_item(q);
    int rc = SQLITE_OK;

    if (i == NULL)
        return SQLITE_OK;
    if (!drop)
        rc = prepare(q, db);
    if (!drop && rc == SQLITE_OK)
        rc = sqlite3_exec(db, "BEGIN", NULL, NULL, NULL);
    for (; i != NULL; i = next_item(q)) {
        if (!drop && rc == SQLITE_OK)
            rc = store_item(q, i);
        drop_item(i);
    }
    return drop || rc != SQLITE_OK ? rc : sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
}

void access_queue_finalize(struct access_queue *q)
{
    sqlite3_finalize(q->insert_block);
    sqlite3_finalize(q->insert_sample);
    q->insert_block = q->insert_sample = NULL;
}
