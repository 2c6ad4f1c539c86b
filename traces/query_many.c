/* SPDX-License-Identifier: GPL-2.0-only */
/* The rows wait in a temporary database, which SQLite moves to the disk if it becomes large. */
#include "query_many.h"
#include <stdio.h>
#include <string.h>
#include "sql.h"

/* The table has the columns of the first answer, after that of the trace. */
static int create(struct query_many *m, sqlite3_stmt *s)
{
    sqlite3_str *table = sqlite3_str_new(NULL), *insert = sqlite3_str_new(NULL);
    int rc = sqlite3_open("", &m->db), prepared;

    m->columns = sqlite3_column_count(s);
    sqlite3_str_appendall(table, "CREATE TABLE answer(c0");
    sqlite3_str_appendall(insert, "INSERT INTO answer VALUES(?");
    for (int i = 1; i <= m->columns; i++) {
        sqlite3_str_appendf(table, ", \"%d %w\"", i, sqlite3_column_name(s, i - 1));
        sqlite3_str_appendall(insert, ", ?");
    }
    sqlite3_str_appendall(table, "); BEGIN");
    sqlite3_str_appendall(insert, ")");
    if (rc == SQLITE_OK)
        rc = sql_exec(m->db, table);
    else
        sqlite3_free(sqlite3_str_finish(table));
    prepared = sql_prepare(m->db, insert, &m->insert);
    return rc == SQLITE_OK ? prepared : rc;
}

static int keep(struct query_many *m, const char *trace, sqlite3_stmt *s)
{
    sqlite3_bind_text(m->insert, 1, trace, -1, SQLITE_STATIC);
    for (int i = 0; i < m->columns; i++)
        sqlite3_bind_value(m->insert, i + 2, sqlite3_column_value(s, i));
    sqlite3_step(m->insert);
    return sqlite3_reset(m->insert);
}

int query_many_add(struct query_many *m, const char *trace, sqlite3_stmt *s, char *err, size_t errlen)
{
    int rc;

    if (m->db == NULL && create(m, s) != SQLITE_OK) {
        snprintf(err, errlen, "the answers cannot be kept: %s", sqlite3_errmsg(m->db));
        return -1;
    }
    if (sqlite3_column_count(s) != m->columns) {
        snprintf(err, errlen, "its answer has other columns than that of the first trace; ask them one by one");
        return -1;
    }
    while ((rc = sqlite3_step(s)) == SQLITE_ROW)
        if (keep(m, trace, s) != SQLITE_OK) {
            snprintf(err, errlen, "the answers cannot be kept: %s", sqlite3_errmsg(m->db));
            return -1;
        }
    if (rc == SQLITE_DONE)
        return 0;
    snprintf(err, errlen, "the query stopped: %s", sqlite3_errmsg(sqlite3_db_handle(s)));
    return -1;
}

/* A name in the table is a number, a blank and the name of the column: those may occur twice. */
sqlite3_stmt *query_many_rows(struct query_many *m)
{
    sqlite3_str *sql = sqlite3_str_new(NULL);
    sqlite3_stmt *all = NULL, *s = NULL;

    sqlite3_prepare_v2(m->db, "SELECT * FROM answer", -1, &all, NULL);
    sqlite3_str_appendall(sql, "SELECT c0 AS trace");
    for (int i = 1; all != NULL && i <= m->columns; i++) {
        const char *name = sqlite3_column_name(all, i);
        sqlite3_str_appendf(sql, ", \"%w\" AS \"%w\"", name, strchr(name, ' ') + 1);
    }
    sqlite3_str_appendall(sql, " FROM answer ORDER BY rowid");
    sql_prepare(m->db, sql, &s);
    sqlite3_finalize(all);
    return s;
}

void query_many_free(struct query_many *m)
{
    sqlite3_finalize(m->insert);
    sqlite3_close(m->db);
}
