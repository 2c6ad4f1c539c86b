/* SPDX-License-Identifier: GPL-2.0-only */
#include "digest.h"
#include <stdlib.h>
#include <string.h>

struct chunk {
    uint64_t events, begun, ended;
    bool dirty; /* the table does not know yet */
};

struct digest {
    struct chunk *chunks;
    size_t nchunks, room;
    size_t first_dirty; /* none before it is */
    uint64_t *texts;    /* by id of the string */
    size_t ntexts;
    uint64_t keys[RECORD_WORDS];
};

struct digest *digest_new(void)
{
    struct digest *d = calloc(1, sizeof(*d));
    uint64_t x = 0x9e3779b97f4a7c15u;

    for (unsigned i = 0; d != NULL && i < RECORD_WORDS; i++) {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        d->keys[i] = x | 1;
    }
    return d;
}

void digest_free(struct digest *d)
{
    if (d != NULL) {
        free(d->chunks);
        free(d->texts);
    }
    free(d);
}

static uint64_t mix(uint64_t a, uint64_t b)
{
    unsigned __int128 product = (unsigned __int128)(a ^ 0xa0761d6478bd642fu) * (b ^ 0xe7037ed1a0b428dbu);
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

int digest_string(struct digest *d, uint64_t id, const char *text)
{
    uint64_t h = 1;

    if (id >= d->ntexts) {
        size_t room = 2 * (size_t)id + 64;
        uint64_t *more = realloc(d->texts, room * sizeof(*more));
        if (more == NULL)
            return SQLITE_NOMEM;
        memset(more + d->ntexts, 0, (room - d->ntexts) * sizeof(*more));
        d->texts = more;
        d->ntexts = room;
    }
    while (*text != '\0')
        h = mix(h, (unsigned char)*text++);
    d->texts[id] = h;
    return SQLITE_OK;
}

static struct chunk *chunk_of(struct digest *d, uint64_t id)
{
    size_t i = (id - 1) / DIGEST_EVENTS;

    if (i >= d->room) {
        size_t room = 2 * i + 16;
        struct chunk *more = realloc(d->chunks, room * sizeof(*more));
        if (more == NULL)
            return NULL;
        memset(more + d->room, 0, (room - d->room) * sizeof(*more));
        d->chunks = more;
        d->room = room;
    }
    if (i >= d->nchunks)
        d->nchunks = i + 1;
    if (i < d->first_dirty)
        d->first_dirty = i;
    d->chunks[i].dirty = true;
    return &d->chunks[i];
}

/* The words [from, to): each has its own key, so that their order counts. */
static uint64_t hash(const struct digest *d, const struct record *r, unsigned from, unsigned to)
{
    const struct event *e = &catalogue_events[r->kind];
    uint64_t h = mix(r->words[W_ID], r->kind);

    for (unsigned i = from; i < to; i++) {
        uint64_t w = r->words[i];
        if (i >= W_COLUMNS && e->columns[i - W_COLUMNS].type == COL_STR)
            w = w < d->ntexts ? d->texts[w] : 0;
        h += mix(w, d->keys[i]);
    }
    return mix(h, r->words[W_ID]);
}

int digest_add(struct digest *d, const struct record *r)
{
    const struct event *e = &catalogue_events[r->kind];
    bool ended = e->interval && !(r->flags & REC_OPEN);
    unsigned results = W_COLUMNS + e->ncols;
    struct chunk *c = chunk_of(d, r->words[W_ID]);

    if (c == NULL)
        return SQLITE_NOMEM;
    if (!e->thing || !ended) { /* else its beginning has been counted */
        c->events++;
        c->begun += hash(d, r, W_INSN, W_DUR) + hash(d, r, W_COLUMNS, results);
    }
    if (ended)
        c->ended += hash(d, r, W_DUR, W_DUR + 1) + hash(d, r, results, results + e->nresults);
    return SQLITE_OK;
}

int digest_write(struct digest *d, sqlite3 *db)
{
    sqlite3_stmt *s;
    int rc = sqlite3_prepare_v2(db, "REPLACE INTO digest VALUES(?, ?, ?, ?, ?)", -1, &s, NULL);

    for (size_t i = d->first_dirty; rc == SQLITE_OK && i < d->nchunks; i++) {
        struct chunk *c = &d->chunks[i];
        if (!c->dirty)
            continue;
        c->dirty = false;
        sqlite3_bind_int64(s, 1, (sqlite3_int64)(i * DIGEST_EVENTS + 1));
        sqlite3_bind_int64(s, 2, (sqlite3_int64)((i + 1) * DIGEST_EVENTS));
        sqlite3_bind_int64(s, 3, (sqlite3_int64)c->events);
        sqlite3_bind_int64(s, 4, (sqlite3_int64)c->begun);
        sqlite3_bind_int64(s, 5, (sqlite3_int64)c->ended);
        sqlite3_step(s);
        rc = sqlite3_reset(s);
    }
    sqlite3_finalize(s);
    d->first_dirty = d->nchunks;
    return rc;
}
