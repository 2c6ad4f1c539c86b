/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Table-valued function over blocks of accesses (table access_block; docs/access.md):
 *
 *     accesses(run [, from [, to]])   each fetch, load and store of the instructions numbered from ... to (of all)
 *
 * Columns: insn, ts, proc, mode, kind, va, pa, next_pa, size, pc. Only the blocks that hold such instructions are unpacked.
 */
#include <stdint.h>
#include <string.h>

#include "../access.h"
#include "ext.h"

enum { C_INSN, C_TS, C_PROC, C_MODE, C_KIND, C_VA, C_PA, C_NEXT_PA, C_SIZE, C_PC, C_RUN, C_FROM, C_TO };

#define DECLARATION "CREATE TABLE accesses(insn, ts, proc, mode, kind, va, pa, next_pa, size, pc, run HIDDEN, \"from\" HIDDEN, \"to\" HIDDEN)"

struct table {
    sqlite3_vtab base;
    sqlite3 *db;
};

struct cursor {
    sqlite3_vtab_cursor base;
    sqlite3_stmt *blocks;
    struct access_reader *reader; /* of the block at hand */
    struct access access;
    uint64_t from, to;
    sqlite3_int64 row;
    int done;
};

static int say(sqlite3_vtab *t, const char *what)
{
    sqlite3_free(t->zErrMsg);
    t->zErrMsg = sqlite3_mprintf("%s", what);
    return SQLITE_ERROR;
}

static int ext_connect(sqlite3 *db, void *unused, int argc, const char *const *argv, sqlite3_vtab **out, char **err)
{
    struct table *t;
    int rc = sqlite3_declare_vtab(db, DECLARATION);

    (void)unused;
    (void)argc;
    (void)argv;
    (void)err;
    if (rc != SQLITE_OK)
        return rc;
    t = sqlite3_malloc64(sizeof(*t));
    if (t == NULL)
        return SQLITE_NOMEM;
    *t = (struct table){.db = db};
    sqlite3_vtab_config(db, SQLITE_VTAB_INNOCUOUS);
    *out = &t->base;
    return SQLITE_OK;
}

static int disconnect(sqlite3_vtab *t)
{
    sqlite3_free(t);
    return SQLITE_OK;
}

/* The hidden columns are arguments: they are given by equality, and idxNum says which. */
static int best_index(sqlite3_vtab *base, sqlite3_index_info *info)
{
    int given = 0, at[3] = {-1, -1, -1}, next = 1;

    for (int i = 0; i < info->nConstraint; i++) {
        int argument = info->aConstraint[i].iColumn - C_RUN;
        if (argument < 0 || info->aConstraint[i].op != SQLITE_INDEX_CONSTRAINT_EQ)
            continue;
        if (!info->aConstraint[i].usable)
            return SQLITE_CONSTRAINT;
        given |= 1 << argument;
        at[argument] = i;
    }
    if (!(given & 1))
        return say(base, "accesses(run, from, to): give a run (1, or the name of a schema)");
    for (int k = 0; k < 3; k++)
        if (at[k] >= 0) {
            info->aConstraintUsage[at[k]].argvIndex = next++;
            info->aConstraintUsage[at[k]].omit = 1;
        }
    info->idxNum = given;
    info->estimatedCost = given == 7 ? 1e4 : 1e9;
    info->estimatedRows = given == 7 ? 10000 : 1000000000;
    return SQLITE_OK;
}

static int cursor_open(sqlite3_vtab *t, sqlite3_vtab_cursor **out)
{
    struct cursor *c = sqlite3_malloc64(sizeof(*c));

    (void)t;
    if (c == NULL)
        return SQLITE_NOMEM;
    memset(c, 0, sizeof(*c));
    *out = &c->base;
    return SQLITE_OK;
}

static int cursor_close(sqlite3_vtab_cursor *base)
{
    struct cursor *c = (struct cursor *)base;

    access_reader_free(c->reader);
    sqlite3_finalize(c->blocks);
    sqlite3_free(c);
    return SQLITE_OK;
}

/* Another block, if there is one. */
static int next_block(struct cursor *c)
{
    char err[200];
    int rc = sqlite3_step(c->blocks);

    c->done = rc == SQLITE_DONE;
    if (rc == SQLITE_DONE)
        return SQLITE_OK;
    if (rc != SQLITE_ROW)
        return say(c->base.pVtab, sqlite3_errmsg(((struct table *)c->base.pVtab)->db));
    const void *blob = sqlite3_column_blob(c->blocks, 0);
    c->reader = access_reader_new(blob != NULL ? blob : "", (size_t)sqlite3_column_bytes(c->blocks, 0), false, err, sizeof(err));
    return c->reader != NULL ? SQLITE_OK : say(c->base.pVtab, err);
}

static int next(sqlite3_vtab_cursor *base)
{
    struct cursor *c = (struct cursor *)base;
    char err[200];
    int rc = SQLITE_OK;

    c->row++;
    while (rc == SQLITE_OK && !c->done) {
        int got = c->reader != NULL ? access_read(c->reader, &c->access, err, sizeof(err)) : 0;
        if (got < 0)
            return say(base->pVtab, err);
        if (got > 0 && c->access.insn >= c->from && c->access.insn <= c->to)
            return SQLITE_OK;
        if (got > 0 && c->access.insn <= c->to)
            continue;
        access_reader_free(c->reader);
        c->reader = NULL;
        rc = next_block(c);
    }
    return rc;
}

static int start(struct cursor *c, sqlite3 *db, const char *schema)
{
    char *sql = sqlite3_mprintf("SELECT data FROM \"%w\".access_block WHERE last_insn >= ?1 AND insn <= ?2 ORDER BY id", schema);
    int rc;

    access_reader_free(c->reader);
    sqlite3_finalize(c->blocks);
    c->reader = NULL;
    c->blocks = NULL;
    c->row = 0;
    c->done = 0;
    rc = sql != NULL ? sqlite3_prepare_v2(db, sql, -1, &c->blocks, NULL) : SQLITE_NOMEM;
    sqlite3_free(sql);
    if (rc != SQLITE_OK)
        say(c->base.pVtab, sqlite3_errmsg(db));
    return rc;
}

static int filter(sqlite3_vtab_cursor *base, int given, const char *unused, int argc, sqlite3_value **argv)
{
    struct cursor *c = (struct cursor *)base;
    struct table *t = (struct table *)base->pVtab;
    const char *schema = ext_schema(argv[0]);
    sqlite3_int64 range[2] = {0, INT64_MAX};
    int k = 1, rc;

    (void)unused;
    if (schema == NULL)
        return say(base->pVtab, "run must be 1, or the name of a schema");
    for (int i = 0; i < 2; i++)
        if (given & 2 << i && k < argc) {
            sqlite3_value *v = argv[k++];
            if (sqlite3_value_type(v) != SQLITE_INTEGER || sqlite3_value_int64(v) < 0)
                return say(base->pVtab, "accesses: from and to must be numbers of instructions");
            range[i] = sqlite3_value_int64(v);
        }
    rc = start(c, t->db, schema);
    if (rc != SQLITE_OK)
        return rc;
    c->from = (uint64_t)range[0];
    c->to = (uint64_t)range[1];
    sqlite3_bind_int64(c->blocks, 1, range[0]);
    sqlite3_bind_int64(c->blocks, 2, range[1]);
    return next(base);
}

static int eof(sqlite3_vtab_cursor *base)
{
    return ((struct cursor *)base)->done;
}

static int column(sqlite3_vtab_cursor *base, sqlite3_context *context, int i)
{
    static const char *const kinds[] = {"fetch", "load", "store", "amo"}, *const modes[] = {"user", "supervisor", "", "machine"};
    const struct access *a = &((struct cursor *)base)->access;

    switch (i) {
    case C_MODE:
        sqlite3_result_text(context, modes[a->mode & 3], -1, SQLITE_STATIC);
        break;
    case C_KIND:
        sqlite3_result_text(context, kinds[a->kind & 3], -1, SQLITE_STATIC);
        break;
    case C_NEXT_PA:
        if (a->next_pa)
            sqlite3_result_int64(context, (sqlite3_int64)a->next_pa);
        break;
    default:
        if (i < C_RUN)
            sqlite3_result_int64(context, (sqlite3_int64)(i == C_INSN   ? a->insn
                                                          : i == C_TS   ? a->ts
                                                          : i == C_PROC ? a->proc
                                                          : i == C_VA   ? a->va
                                                          : i == C_PA   ? a->pa
                                                          : i == C_SIZE ? a->bytes
                                                                        : a->pc));
    }
    return SQLITE_OK;
}

static int rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *id)
{
    *id = ((struct cursor *)base)->row;
    return SQLITE_OK;
}

static const sqlite3_module module = {
    .iVersion = 1,
    .xConnect = ext_connect, /* no xCreate: it exists in every schema, and only so */
    .xBestIndex = best_index,
    .xDisconnect = disconnect,
    .xOpen = cursor_open,
    .xClose = cursor_close,
    .xFilter = filter,
    .xNext = next,
    .xEof = eof,
    .xColumn = column,
    .xRowid = rowid,
};

int ext_access_register(sqlite3 *db)
{
    return sqlite3_create_module_v2(db, "accesses", &module, NULL, NULL);
}
