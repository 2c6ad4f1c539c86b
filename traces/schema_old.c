/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reading traces that an older tarry wrote. Versions only add, so that an old trace lacks tables, columns and views and
 * has nothing that is not there now. A trace of today with nothing in it is attached as `now`; what the old one lacks is
 * lent from there by temporary views, which go before the names in the file. The file itself stays as it is.
 */
#include "schema.h"
#include "sql.h"
#include <string.h>
#include "template.h"

#define WRITE_VERSION 18 /* bytes of the header: 2 with a write-ahead log, which memory cannot have, else 1 */
#define READ_VERSION 19

/* An empty trace as the bytes of its file; freed by SQLite. NULL: no memory. */
static unsigned char *make_empty(sqlite3_int64 *bytes)
{
    unsigned char *image = sqlite3_malloc64((size_t)(template_trace_end - template_trace));

    if (image == NULL)
        return NULL;
    *bytes = template_trace_end - template_trace;
    memcpy(image, template_trace, (size_t)*bytes);
    image[WRITE_VERSION] = image[READ_VERSION] = 1;
    return image;
}

static int attach_now(sqlite3 *db)
{
    sqlite3_int64 bytes = 0;
    unsigned char *image = make_empty(&bytes);
    int rc = image != NULL ? SQLITE_OK : SQLITE_NOMEM;

    if (rc == SQLITE_OK)
        rc = sqlite3_exec(db, "ATTACH ':memory:' AS now", NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        return sqlite3_deserialize(db, "now", image, bytes, bytes,
                                   SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_READONLY);
    sqlite3_free(image);
    return rc;
}

/*
 * One statement for each table and view of today that the file has not, or has with fewer columns. Words of enums and
 * the documentation are today's: they only grow, too.
 */
static const char statements[] =
    "WITH have(name, column) AS (SELECT m.name, c.name FROM main.sqlite_schema AS m, pragma_table_info(m.name, 'main') AS c"
    " WHERE m.type = 'table'),"
    " want(name, column, cid) AS (SELECT m.name, c.name, c.cid FROM now.sqlite_schema AS m,"
    " pragma_table_info(m.name, 'now') AS c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'),"
    " lack(name) AS (SELECT DISTINCT name FROM want WHERE (name, column) NOT IN (SELECT name, column FROM have))"
    " SELECT CASE WHEN name LIKE 'enum_%' OR name IN ('doc', 'canned_query') OR name NOT IN (SELECT name FROM have)"
    " THEN printf('CREATE TEMP VIEW \"%w\" AS SELECT * FROM now.\"%w\"', name, name)"
    " ELSE printf('CREATE TEMP VIEW \"%w\" AS SELECT ', name) || (SELECT group_concat(CASE WHEN (w.name, w.column) IN"
    " (SELECT name, column FROM have) THEN printf('\"%w\"', w.column) ELSE printf('NULL AS \"%w\"', w.column) END, ', ')"
    " FROM (SELECT * FROM want WHERE name = l.name ORDER BY cid) AS w) || printf(' FROM main.\"%w\"', name) END"
    " FROM (SELECT name FROM lack UNION SELECT name FROM want WHERE name LIKE 'enum_%' OR name IN ('doc', 'canned_query'))"
    " AS l"
    " UNION ALL SELECT 'CREATE TEMP' || substr(sql, 7) FROM now.sqlite_schema WHERE type = 'view'";

int schema_adapt(sqlite3 *db)
{
    sqlite3_stmt *s = NULL;
    sqlite3_str *sql = sqlite3_str_new(db);
    int rc = attach_now(db);

    if (rc == SQLITE_OK)
        rc = sqlite3_prepare_v2(db, statements, -1, &s, NULL);
    while (rc == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW)
        sqlite3_str_appendf(sql, "%s;\n", (const char *)sqlite3_column_text(s, 0));
    if (rc == SQLITE_OK)
        rc = sqlite3_finalize(s);
    if (rc == SQLITE_OK)
        return sql_exec(db, sql);
    sqlite3_free(sqlite3_str_finish(sql));
    return rc;
}
