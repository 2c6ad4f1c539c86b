/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Table-valued functions over the states of pages (table page, S1):
 *
 *     intervals(run [, segment])   every state of every page, from when until when
 *     residency(run, t)            the state that each page was in at virtual time t
 *
 * Both are statements on the same connection, whose rows they pass on. Columns: segment, va, state (text), began,
 * ended (NULL: still so when the trace ended), proc, cause, event (id of the page row).
 */
#include <stdint.h>
#include <string.h>
#include "ext.h"

enum { C_SEGMENT, C_VA, C_STATE, C_BEGAN, C_ENDED, C_PROC, C_CAUSE, C_EVENT, C_RUN, C_ARGUMENT };

struct function {
    const char *declaration;
    int needed;      /* bits of the arguments that must be given */
    const char *sql; /* %w stands for the schema; ?1 is the second argument */
};

/* A state lasts to the next of its page, or to the end of the segment. */
static const struct function functions[] = {
    {"CREATE TABLE intervals(segment, va, state, began, ended, proc, cause, event, run HIDDEN, only_segment HIDDEN)", 1,
     "WITH p AS (SELECT *, lead(ts) OVER (PARTITION BY segment, va ORDER BY id) AS next FROM \"%w\".page"
     " WHERE ?1 IS NULL OR segment = ?1)"
     " SELECT p.segment, p.va, coalesce((SELECT name FROM \"%w\".enum_page_state WHERE id = p.\"new\"), p.\"new\"), p.ts,"
     " coalesce(p.next, s.ts + s.dur), p.proc, p.cause, p.id"
     " FROM p LEFT JOIN \"%w\".segment AS s ON s.id = p.segment ORDER BY p.id"},
    {"CREATE TABLE residency(segment, va, state, began, ended, proc, cause, event, run HIDDEN, t HIDDEN)", 3,
     "WITH last AS (SELECT max(id) AS id FROM \"%w\".page WHERE ts <= ?1 GROUP BY segment, va)"
     " SELECT p.segment, p.va, coalesce((SELECT name FROM \"%w\".enum_page_state WHERE id = p.\"new\"), p.\"new\"), p.ts,"
     " coalesce((SELECT n.ts FROM \"%w\".page AS n WHERE n.segment = p.segment AND n.va = p.va AND n.id > p.id"
     "  ORDER BY n.id LIMIT 1), s.ts + s.dur), p.proc, p.cause, p.id"
     " FROM last JOIN \"%w\".page AS p ON p.id = last.id LEFT JOIN \"%w\".segment AS s ON s.id = p.segment"
     " WHERE s.dur IS NULL OR s.ts + s.dur > ?1 ORDER BY p.segment, p.va"},
};

struct table {
    sqlite3_vtab base;
    sqlite3 *db;
    const struct function *function;
};

struct cursor {
    sqlite3_vtab_cursor base;
    sqlite3_stmt *rows;
    sqlite3_value *arguments[2]; /* as they were given: the values of the hidden columns */
    sqlite3_int64 row;
    int done;
};

static int say(sqlite3_vtab *t, const char *what)
{
    sqlite3_free(t->zErrMsg);
    t->zErrMsg = sqlite3_mprintf("%s", what);
    return SQLITE_ERROR;
}

static int ext_connect(sqlite3 *db, void *function, int argc, const char *const *argv, sqlite3_vtab **out, char **err)
{
    const struct function *f = function;
    struct table *t;
    int rc = sqlite3_declare_vtab(db, f->declaration);

    (void)argc;
    (void)argv;
    (void)err;
    if (rc != SQLITE_OK)
        return rc;
    t = sqlite3_malloc64(sizeof(*t));
    if (t == NULL)
        return SQLITE_NOMEM;
    *t = (struct table){.db = db, .function = f};
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
    const struct table *t = (const struct table *)base;
    int given = 0, at[2] = {-1, -1}, next = 1;

    for (int i = 0; i < info->nConstraint; i++) {
        int argument = info->aConstraint[i].iColumn - C_RUN;
        if (argument < 0 || info->aConstraint[i].op != SQLITE_INDEX_CONSTRAINT_EQ)
            continue;
        if (!info->aConstraint[i].usable)
            return SQLITE_CONSTRAINT;
        given |= 1 << argument;
        at[argument] = i;
    }
    if ((given & t->function->needed) != t->function->needed)
        return say(base, t->function->needed == 3 ? "residency(run, t): give a run (1, or the name of a schema) and a time"
                                                  : "intervals(run): give a run (1, or the name of a schema)");
    for (int k = 0; k < 2; k++)
        if (at[k] >= 0) {
            info->aConstraintUsage[at[k]].argvIndex = next++;
            info->aConstraintUsage[at[k]].omit = 1;
        }
    info->idxNum = given;
    info->estimatedCost = 1e6;
    info->estimatedRows = 100000;
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

/* NULL: not given. */
static int keep_arguments(struct cursor *c, sqlite3_value *run, sqlite3_value *second)
{
    sqlite3_value *const given[2] = {run, second};

    for (int i = 0; i < 2; i++) {
        sqlite3_value_free(c->arguments[i]);
        c->arguments[i] = given[i] != NULL ? sqlite3_value_dup(given[i]) : NULL;
        if (given[i] != NULL && c->arguments[i] == NULL)
            return SQLITE_NOMEM;
    }
    return SQLITE_OK;
}

static int cursor_close(sqlite3_vtab_cursor *base)
{
    struct cursor *c = (struct cursor *)base;

    keep_arguments(c, NULL, NULL);
    sqlite3_finalize(c->rows);
    sqlite3_free(c);
    return SQLITE_OK;
}

static int next(sqlite3_vtab_cursor *base)
{
    struct cursor *c = (struct cursor *)base;
    int rc = sqlite3_step(c->rows);

    c->row++;
    c->done = rc != SQLITE_ROW;
    if (rc == SQLITE_ROW || rc == SQLITE_DONE)
        return SQLITE_OK;
    say(base->pVtab, sqlite3_errmsg(((struct table *)base->pVtab)->db));
    return rc;
}

/* The statement with the schema put in wherever %w stands. */
static char *with_schema(const char *sql, const char *schema)
{
    sqlite3_str *out = sqlite3_str_new(NULL);
    const char *at;

    while ((at = strstr(sql, "%w")) != NULL) {
        sqlite3_str_append(out, sql, (int)(at - sql));
        sqlite3_str_appendf(out, "%w", schema);
        sql = at + 2;
    }
    sqlite3_str_appendall(out, sql);
    return sqlite3_str_finish(out);
}

static int start(struct cursor *c, const struct table *t, const char *schema)
{
    char *sql = with_schema(t->function->sql, schema);
    int rc;

    sqlite3_finalize(c->rows);
    c->rows = NULL;
    c->row = 0;
    rc = sql != NULL ? sqlite3_prepare_v2(t->db, sql, -1, &c->rows, NULL) : SQLITE_NOMEM;
    sqlite3_free(sql);
    if (rc != SQLITE_OK)
        say(c->base.pVtab, sqlite3_errmsg(t->db));
    return rc;
}

static int filter(sqlite3_vtab_cursor *base, int given, const char *unused, int argc, sqlite3_value **argv)
{
    struct cursor *c = (struct cursor *)base;
    const struct table *t = (const struct table *)base->pVtab;
    const char *schema = ext_schema(argv[0]);
    sqlite3_value *argument = argc > 1 ? argv[1] : NULL;
    int rc;

    (void)unused;
    if (schema == NULL)
        return say(base->pVtab, "run must be 1, or the name of a schema");
    if (argument != NULL && sqlite3_value_type(argument) != SQLITE_INTEGER &&
        !(sqlite3_value_type(argument) == SQLITE_NULL && !(t->function->needed & 2)))
        return say(base->pVtab, t->function->needed & 2 ? "residency: t must be a time in virtual ns"
                                                        : "intervals: segment must be the id of a segment");
    rc = keep_arguments(c, argv[0], argument);
    if (rc == SQLITE_OK)
        rc = start(c, t, schema);
    if (rc != SQLITE_OK)
        return rc;
    if (given & 2)
        sqlite3_bind_value(c->rows, 1, argument);
    return next(base);
}

static int eof(sqlite3_vtab_cursor *base)
{
    return ((struct cursor *)base)->done;
}

static int column(sqlite3_vtab_cursor *base, sqlite3_context *context, int i)
{
    struct cursor *c = (struct cursor *)base;

    if (i < C_RUN)
        sqlite3_result_value(context, sqlite3_column_value(c->rows, i));
    else if (c->arguments[i - C_RUN] != NULL)
        sqlite3_result_value(context, c->arguments[i - C_RUN]);
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

int ext_interval_register(sqlite3 *db)
{
    int rc = sqlite3_create_module_v2(db, "intervals", &module, (void *)(uintptr_t)&functions[0], NULL);

    if (rc == SQLITE_OK)
        rc = sqlite3_create_module_v2(db, "residency", &module, (void *)(uintptr_t)&functions[1], NULL);
    return rc;
}
