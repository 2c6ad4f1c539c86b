/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Opening traces for reading, and preparing statements that cannot write. Three
 * fences: the file is opened read-only, an authorizer refuses every action but reading, and the
 * statement must give columns and be called read-only by SQLite.
 */
#include "query.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "ext/ext.h"
#include "schema.h"

/* ---- opening ---- */

static sqlite3_int64 number(sqlite3 *db, const char *sql, sqlite3_int64 otherwise)
{
    sqlite3_stmt *s = NULL;
    sqlite3_int64 n = otherwise;

    if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW)
        n = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    return n;
}

/* Why this cannot be a trace, as far as the file system knows; or NULL. */
static const char *unusable(const char *path, char *buf, size_t n)
{
    struct stat st;

    if (stat(path, &st) < 0) {
        snprintf(buf, n, "%s; record a run with: tarry run -o %s PROGRAM", strerror(errno), path);
        return buf;
    }
    if (!S_ISREG(st.st_mode))
        return "is not a file; name a trace that tarry run wrote";
    if (access(path, R_OK) < 0) {
        snprintf(buf, n, "%s; its owner must let you read it", strerror(errno));
        return buf;
    }
    return NULL;
}

static sqlite3 *give_up(sqlite3 *db, char *err, size_t errlen, const char *path, const char *why)
{
    snprintf(err, errlen, "%s: %s", path, why);
    sqlite3_close(db);
    return NULL;
}

sqlite3 *query_open(const char *path, char *err, size_t errlen)
{
    static const char not_a_trace[] = "is not a trace; name one that tarry run wrote";
    char buf[300];
    const char *why = unusable(path, buf, sizeof(buf));
    char *name;
    sqlite3 *db = NULL;
    int rc;

    if (why != NULL)
        return give_up(NULL, err, errlen, path, why);
    name = sqlite3_mprintf("%s%s", path[0] == ':' ? "./" : "", path); /* a name is a name, also ":memory:" */
    rc = name != NULL ? sqlite3_open_v2(name, &db, SQLITE_OPEN_READONLY, NULL) : SQLITE_NOMEM;
    sqlite3_free(name);
    if (rc == SQLITE_OK)
        sqlite3_busy_timeout(db, 2000);
    if (rc == SQLITE_OK)
        rc = ext_register(db);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(db, "SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL);
    if (rc == SQLITE_NOTADB)
        return give_up(db, err, errlen, path, not_a_trace);
    if (rc != SQLITE_OK) {
        snprintf(buf, sizeof(buf), "cannot be read: %s; if it is damaged, record the run again", sqlite3_errmsg(db));
        return give_up(db, err, errlen, path, buf);
    }
    if (number(db, "PRAGMA application_id", 0) != TRACE_APPLICATION_ID)
        return give_up(db, err, errlen, path, not_a_trace);
    if (number(db, "PRAGMA user_version", 0) > TRACE_SCHEMA_VERSION)
        return give_up(db, err, errlen, path, "was written by a newer tarry; use that, or plain sqlite3");
    if (query_is_old(db, "main") && schema_adapt(db) != SQLITE_OK) {
        snprintf(buf, sizeof(buf), "was written by an older tarry and cannot be read: %s; use plain sqlite3",
                 sqlite3_errmsg(db));
        return give_up(db, err, errlen, path, buf);
    }
    return db;
}

bool query_is_old(sqlite3 *db, const char *schema)
{
    char pragma[64];

    snprintf(pragma, sizeof(pragma), "PRAGMA %s.user_version", schema);
    return number(db, pragma, 0) < TRACE_SCHEMA_VERSION;
}

int query_attach(sqlite3 *db, const char *path, const char *name, char *err, size_t errlen)
{
    sqlite3 *alone = query_open(path, err, errlen); /* what can be wrong with it is said there */
    char *sql;
    int rc;

    if (alone == NULL)
        return -1;
    sqlite3_close(alone);
    sql = sqlite3_mprintf("ATTACH '%q%q' AS \"%w\"", path[0] == ':' ? "./" : "", path, name);
    rc = sql != NULL ? sqlite3_exec(db, sql, NULL, NULL, NULL) : SQLITE_NOMEM;
    sqlite3_free(sql);
    if (rc == SQLITE_OK)
        return 0;
    snprintf(err, errlen, "%s: %s; no more than 10 traces can be attached", path, sqlite3_errmsg(db));
    return -1;
}

bool query_is_complete(sqlite3 *db)
{
    return number(db, "SELECT complete FROM run", 0) == 1;
}

/* ---- the authorizer ---- */

static bool is_reading_pragma(const char *name, const char *value)
{
    static const char *const with_table[] = {"table_info",      "table_xinfo", "table_list",       "index_list",
                                             "index_info",      "index_xinfo", "foreign_key_list", "foreign_key_check",
                                             "integrity_check", "quick_check"};
    static const char *const without[] = {"application_id",  "user_version",   "schema_version", "page_size",
                                          "page_count",      "freelist_count", "journal_mode",   "encoding",
                                          "compile_options", "function_list",  "pragma_list",    "collation_list",
                                          "module_list",     "database_list"};

    for (size_t i = 0; i < sizeof(with_table) / sizeof(with_table[0]); i++)
        if (sqlite3_stricmp(name, with_table[i]) == 0)
            return true;
    for (size_t i = 0; i < sizeof(without) / sizeof(without[0]); i++)
        if (value == NULL && sqlite3_stricmp(name, without[i]) == 0)
            return true;
    return false;
}

struct refusal {
    char what[160];
};

static int deny(struct refusal *r, const char *what, const char *name)
{
    if (r->what[0] == '\0')
        snprintf(r->what, sizeof(r->what), "%s%s%s", what, name ? " " : "", name ? name : "");
    return SQLITE_DENY;
}

static int authorize(void *refusal, int action, const char *a, const char *b, const char *database,
                     const char *trigger) {
    (void)database;
    (void)trigger;
    switch (action) {
    case SQLITE_SELECT:
    case SQLITE_READ:
    case SQLITE_RECURSIVE:
        return SQLITE_OK;
    case SQLITE_FUNCTION:
        return sqlite3_stricmp(b, "load_extension") == 0 ? deny(refusal, "load_extension", NULL) : SQLITE_OK;
    case SQLITE_UPDATE: /* SQLite asks this when it declares a table-valued function; real updates of that table it
                           refuses itself */
        return strcmp(a, "sqlite_master") == 0 ? SQLITE_OK : deny(refusal, "a statement that writes", NULL);
    case SQLITE_PRAGMA:
        return is_reading_pragma(a, b) ? SQLITE_OK : deny(refusal, "PRAGMA", a);
    case SQLITE_ATTACH:
        return deny(refusal, "ATTACH", NULL);
    case SQLITE_DETACH:
        return deny(refusal, "DETACH", NULL);
    case SQLITE_TRANSACTION:
    case SQLITE_SAVEPOINT:
        return deny(refusal, "a transaction", NULL);
    default:
        return deny(refusal, "a statement that writes", NULL);
    }
}

/* ---- preparing ---- */

/* Is there anything but blanks, comments and semicolons after the first statement? */
static bool is_blank(sqlite3 *db, const char *tail)
{
    while (*tail != '\0') {
        sqlite3_stmt *s = NULL;
        const char *rest = NULL;
        int rc = sqlite3_prepare_v2(db, tail, -1, &s, &rest);
        bool something = s != NULL || rc != SQLITE_OK;
        sqlite3_finalize(s);
        if (something)
            return false;
        if (rest == NULL || rest == tail)
            break;
        tail = rest;
    }
    return true;
}

sqlite3_stmt *query_prepare(sqlite3 *db, const char *sql, char *err, size_t errlen)
{
    static const char only_read[] = "a query only reads; use sqlite3 on a copy of the file to do more";
    static struct refusal refusal; /* it outlives the statement, which may ask again when it is stepped */
    sqlite3_stmt *s = NULL;
    const char *tail = "";

    refusal.what[0] = '\0';
    sqlite3_set_authorizer(db, authorize, &refusal);
    if (sqlite3_prepare_v2(db, sql, -1, &s, &tail) != SQLITE_OK) {
        if (refusal.what[0] != '\0')
            snprintf(err, errlen, "%s is not allowed; %s", refusal.what, only_read);
        else
            snprintf(err, errlen, "bad SQL: %s; see the tables with: tarry query DB \"select * from doc\"",
                     sqlite3_errmsg(db));
        return NULL;
    }
    if (s == NULL) {
        snprintf(err, errlen, "there is no statement in the SQL; say what to select");
    } else if (!sqlite3_stmt_readonly(s) || sqlite3_column_count(s) == 0) {
        snprintf(err, errlen, "the statement is not a question; %s", only_read);
    } else if (!is_blank(db, tail)) {
        snprintf(err, errlen, "more than one statement; ask one at a time");
    } else {
        return s;
    }
    sqlite3_finalize(s);
    return NULL;
}
