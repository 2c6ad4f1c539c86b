/* SPDX-License-Identifier: GPL-2.0-only */
#include "slice.h"
#include <stdlib.h>

struct slice_table {
    sqlite3_vtab base;
    struct store *store;
};

struct slice_cursor {
    sqlite3_vtab_cursor base;
    struct store *store;
    uint32_t at; /* index in store->order */
    const struct record *record;
};

static int slice_connect(sqlite3 *db, void *store, int argc, const char *const *argv, sqlite3_vtab **out, char **err)
{
    struct slice_table *t;
    sqlite3_str *sql = sqlite3_str_new(db);
    char *text;
    int rc;

    (void)argc;
    (void)argv;
    (void)err;
    for (unsigned i = 0; i < W_COLUMNS + CATALOGUE_MAX_WORDS; i++)
        sqlite3_str_appendf(sql, "%sc%u", i ? ", " : "CREATE TABLE x(", i);
    sqlite3_str_appendall(sql, ")");
    text = sqlite3_str_finish(sql);
    rc = text != NULL ? sqlite3_declare_vtab(db, text) : SQLITE_NOMEM;
    sqlite3_free(text);
    if (rc != SQLITE_OK)
        return rc;
    t = calloc(1, sizeof(*t));
    if (t == NULL)
        return SQLITE_NOMEM;
    t->store = store;
    *out = &t->base;
    return SQLITE_OK;
}

static int slice_disconnect(sqlite3_vtab *t)
{
    free(t);
    return SQLITE_OK;
}

static int slice_best_index(sqlite3_vtab *t, sqlite3_index_info *info)
{
    (void)t;
    info->estimatedRows = STORE_SLICE;
    info->estimatedCost = STORE_SLICE;
    return SQLITE_OK;
}

static int slice_open(sqlite3_vtab *t, sqlite3_vtab_cursor **out)
{
    struct slice_cursor *c = calloc(1, sizeof(*c));

    if (c == NULL)
        return SQLITE_NOMEM;
    c->store = ((struct slice_table *)t)->store;
    *out = &c->base;
    return SQLITE_OK;
}

static int slice_close(sqlite3_vtab_cursor *c)
{
    free(c);
    return SQLITE_OK;
}

static int move_to(struct slice_cursor *c, uint32_t at)
{
    c->at = at;
    if (at < c->store->end)
        c->record = ring_peek(c->store->ring, c->store->order[at]);
    return SQLITE_OK;
}

static int slice_filter(sqlite3_vtab_cursor *c, int n, const char *s, int argc, sqlite3_value **argv)
{
    (void)n;
    (void)s;
    (void)argc;
    (void)argv;
    return move_to((struct slice_cursor *)c, ((struct slice_cursor *)c)->store->begin);
}

static int slice_next(sqlite3_vtab_cursor *cursor)
{
    struct slice_cursor *c = (struct slice_cursor *)cursor;
    return move_to(c, c->at + 1);
}

static int slice_eof(sqlite3_vtab_cursor *cursor)
{
    struct slice_cursor *c = (struct slice_cursor *)cursor;
    return c->at >= c->store->end;
}

static int slice_column(sqlite3_vtab_cursor *cursor, sqlite3_context *ctx, int i)
{
    const struct record *r = ((struct slice_cursor *)cursor)->record;

    if ((r->flags & REC_OPEN) && (i == W_DUR || i >= W_COLUMNS + (int)catalogue_events[r->kind].ncols))
        sqlite3_result_null(ctx);
    else
        sqlite3_result_int64(ctx, (sqlite3_int64)r->words[i]);
    return SQLITE_OK;
}

static int slice_rowid(sqlite3_vtab_cursor *cursor, sqlite3_int64 *rowid)
{
    *rowid = ((struct slice_cursor *)cursor)->at;
    return SQLITE_OK;
}

int slice_register(struct store *store)
{
    static const sqlite3_module module = {
        .iVersion = 1,
        .xConnect = slice_connect, /* no xCreate: it exists by itself and needs no entry in the schema */
        .xBestIndex = slice_best_index,
        .xDisconnect = slice_disconnect,
        .xOpen = slice_open,
        .xClose = slice_close,
        .xFilter = slice_filter,
        .xNext = slice_next,
        .xEof = slice_eof,
        .xColumn = slice_column,
        .xRowid = slice_rowid,
    };
    return sqlite3_create_module(store->db, "slice", &module, store);
}
