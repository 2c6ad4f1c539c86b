/* SPDX-License-Identifier: GPL-2.0-only */
#include "sql.h"
#include <stddef.h>

/* Frees the sqlite3_str; *text is to be freed. */
static int finish(sqlite3_str *sql, char **text)
{
    int rc = sqlite3_str_errcode(sql);

    *text = sqlite3_str_finish(sql);
    return rc == SQLITE_OK && *text == NULL ? SQLITE_NOMEM : rc;
}

int sql_exec(sqlite3 *db, sqlite3_str *sql)
{
    char *text;
    int rc = finish(sql, &text);

    if (rc == SQLITE_OK)
        rc = sqlite3_exec(db, text, NULL, NULL, NULL);
    sqlite3_free(text);
    return rc;
}

int sql_prepare(sqlite3 *db, sqlite3_str *sql, sqlite3_stmt **out)
{
    char *text;
    int rc = finish(sql, &text);

    *out = NULL;
    if (rc == SQLITE_OK)
        rc = sqlite3_prepare_v2(db, text, -1, out, NULL);
    sqlite3_free(text);
    return rc;
}
