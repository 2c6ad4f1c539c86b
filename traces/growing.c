/* SPDX-License-Identifier: GPL-2.0-only */
#include "growing.h"
#include <stdlib.h>
#include <string.h>
#include "entries.h"
#include "schema.h"

#define LEAST_WRITTEN 8192u /* entries at once */
#define WRITTEN_PART 16u    /* and of those that are there, one in so many: bounds how often a page is written */
#define MOST_GROWN (1u << 20) /* entries; 20 MB or so */

struct growing {
    struct grown {
        struct index_entry *entries; /* not yet in the table */
        uint32_t n, room;
        uint64_t stored;
        sqlite3_stmt *insert; /* NULL: there is no table yet */
        bool given_up;
    } of[SCHEMA_MOST_INDEXES];
};

struct growing *growing_new(void)
{
    return calloc(1, sizeof(struct growing));
}

void growing_free(struct growing *g)
{
    for (unsigned i = 0; g != NULL && i < schema_nindexes; i++) {
        sqlite3_finalize(g->of[i].insert);
        free(g->of[i].entries);
    }
    free(g);
}

/* Those that wait are bounded, too: behind that the index is given up, at the next chance to write. */
static int add(struct grown *t, unsigned index, const struct record *const *records, uint32_t n)
{
    if (t->n > MOST_GROWN)
        return SQLITE_OK;
    if (t->n + n > t->room) {
        uint32_t room = 2 * t->n + n;
        struct index_entry *more = realloc(t->entries, room * sizeof(*more));
        if (more == NULL)
            return SQLITE_NOMEM;
        t->entries = more;
        t->room = room;
    }
    entries_of(index, records, n, t->entries + t->n);
    t->n += n;
    return SQLITE_OK;
}

int growing_add(struct growing *g, unsigned kind, const struct record *const *records, uint32_t n)
{
    int rc = SQLITE_OK;

    for (unsigned i = 0; rc == SQLITE_OK && i < schema_nindexes; i++)
        if (!schema_indexes[i].rises && schema_indexes[i].kind == kind && !g->of[i].given_up)
            rc = add(&g->of[i], i, records, n);
    return rc;
}

/* ---- the table ---- */

static int run(sqlite3 *db, char *sql)
{
    int rc = sql != NULL ? sqlite3_exec(db, sql, NULL, NULL, NULL) : SQLITE_NOMEM;

    sqlite3_free(sql);
    return rc;
}

static int create(struct grown *t, const struct event_index *i, sqlite3 *db)
{
    const char *second = i->second != NULL ? ", second" : "", *also = i->second != NULL ? " INTEGER" : "";
    int rc = run(db, sqlite3_mprintf("CREATE TABLE \"%w_growing\"(value INTEGER%s%s, id INTEGER, PRIMARY KEY(value%s, id)) WITHOUT ROWID",
                                     i->name, second, also, second));
    if (rc == SQLITE_OK)
        rc = run(db, sqlite3_mprintf("INSERT INTO doc VALUES('%q_growing', '', 'table', '', 'Index %q as far as it had been made when"
                                     " the run was killed')", i->name, i->name));
    /* OR IGNORE: a thing is stored when it begins and again when it ends */
    char *sql = sqlite3_mprintf("INSERT OR IGNORE INTO \"%w_growing\" VALUES(?1, ?2%s)", i->name, i->second != NULL ? ", ?3" : "");
    if (rc == SQLITE_OK)
        rc = sql != NULL ? sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &t->insert, NULL) : SQLITE_NOMEM;
    sqlite3_free(sql);
    return rc;
}

static int write(struct grown *t, const struct event_index *index, sqlite3 *db)
{
    int rc = t->insert == NULL ? create(t, index, db) : SQLITE_OK;
    bool two = index->second != NULL;

    entries_sort(t->entries, t->n);
    for (uint32_t i = 0; rc == SQLITE_OK && i < t->n; i++) {
        sqlite3_bind_int64(t->insert, 1, t->entries[i].value);
        sqlite3_bind_int64(t->insert, 2, two ? t->entries[i].second : (sqlite3_int64)t->entries[i].id);
        if (two)
            sqlite3_bind_int64(t->insert, 3, (sqlite3_int64)t->entries[i].id);
        sqlite3_step(t->insert);
        rc = sqlite3_reset(t->insert);
    }
    t->stored += t->n;
    t->n = 0;
    return rc;
}

static int drop(struct grown *t, const struct event_index *index, sqlite3 *db)
{
    sqlite3_finalize(t->insert);
    t->insert = NULL;
    free(t->entries);
    t->entries = NULL;
    t->n = t->room = 0;
    t->given_up = true;
    return run(db, sqlite3_mprintf("DROP TABLE IF EXISTS \"%w_growing\"; DELETE FROM doc WHERE \"table\" = '%q_growing'", index->name, index->name));
}

int growing_write(struct growing *g, sqlite3 *db)
{
    int rc = SQLITE_OK;

    for (unsigned i = 0; rc == SQLITE_OK && i < schema_nindexes; i++) {
        struct grown *t = &g->of[i];
        if (t->n < LEAST_WRITTEN || t->n < t->stored / WRITTEN_PART)
            continue;
        rc = t->stored + t->n > MOST_GROWN ? drop(t, &schema_indexes[i], db) : write(t, &schema_indexes[i], db);
    }
    return rc;
}

/* ---- the index ---- */

/* The table's row in the schema becomes that of the index. */
static int become_index(struct grown *t, const struct event_index *index, sqlite3 *db, char *sql)
{
    int rc;

    sqlite3_finalize(t->insert);
    t->insert = NULL;
    if (sql == NULL)
        return SQLITE_NOMEM;
    rc = run(db, sqlite3_mprintf("UPDATE sqlite_schema SET type = 'index', name = %Q, tbl_name = %Q, sql = %Q WHERE name = '%q_growing';"
                                 "DELETE FROM doc WHERE \"table\" = '%q_growing'",
                                 index->name, catalogue_events[index->kind].name, sql, index->name, index->name));
    sqlite3_free(sql);
    return rc;
}

static bool any_grown(const struct growing *g)
{
    for (unsigned i = 0; i < schema_nindexes; i++)
        if (g->of[i].insert != NULL)
            return true;
    return false;
}

/* SQLite is to believe the schema anew. */
static int become_indexes(struct growing *g, sqlite3 *db)
{
    int rc;

    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 0, NULL);
    rc = sqlite3_exec(db, "PRAGMA writable_schema = ON", NULL, NULL, NULL);
    for (unsigned i = 0; rc == SQLITE_OK && i < schema_nindexes; i++) {
        struct grown *t = &g->of[i];
        if (t->insert != NULL && t->n > t->stored) { /* most of it is missing: to make it whole is faster */
            rc = drop(t, &schema_indexes[i], db);
            continue;
        }
        if (t->insert == NULL)
            continue;
        rc = write(t, &schema_indexes[i], db);
        if (rc == SQLITE_OK)
            rc = become_index(t, &schema_indexes[i], db, schema_index_sql(i));
    }
    return rc == SQLITE_OK ? sqlite3_exec(db, "PRAGMA writable_schema = RESET", NULL, NULL, NULL) : rc;
}

int growing_finish(struct growing *g, sqlite3 *db)
{
    int rc = any_grown(g) ? become_indexes(g, db) : SQLITE_OK;

    for (unsigned i = 0; rc == SQLITE_OK && i < schema_nindexes; i++)
        if (!schema_indexes[i].rises && (g->of[i].stored == 0 || g->of[i].given_up))
            rc = run(db, schema_index_sql(i));
    return rc;
}
