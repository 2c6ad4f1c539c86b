/* SPDX-License-Identifier: GPL-2.0-only */
/* make TRACE SLICE: writes the templates that tarry carries in itself (traces/template.h). Part of the build. */
#include <stdio.h>
#include <unistd.h>
#include "../schema.h"

#define PAGE_OF_TRACE "8192" /* halves the system calls of a run against 4096, and costs small traces 0.3 MB */
#define PAGE_OF_SLICE "32768"

/* A run of which nothing is known but that it has not ended: so the file is a trace from its first moment on. */
static int create_trace(sqlite3 *db)
{
    int rc = schema_create(db);
    char *sql = sqlite3_mprintf("INSERT INTO run(id, tool_version, schema_version, ram_bytes, seed, time_unit, instructions, virtual_ns,"
                                " events, whole, complete) VALUES(1, %Q, %d, 0, 0, 'ns', 0, 0, 0, 0, 0)",
                                TARRY_VERSION, TRACE_SCHEMA_VERSION);

    if (rc == SQLITE_OK)
        rc = sql != NULL ? sqlite3_exec(db, sql, NULL, NULL, NULL) : SQLITE_NOMEM;
    sqlite3_free(sql);
    return rc;
}

static int create_slice(sqlite3 *db)
{
    char *sql = schema_event_sql();
    int rc = sql != NULL ? sqlite3_exec(db, sql, NULL, NULL, NULL) : SQLITE_NOMEM;

    sqlite3_free(sql);
    return rc;
}

static int make(const char *path, const char *before, int (*create)(sqlite3 *), const char *after)
{
    sqlite3 *db = NULL;
    int rc;

    unlink(path);
    rc = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(db, before, NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = create(db);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(db, after, NULL, NULL, NULL);
    if (rc != SQLITE_OK)
        fprintf(stderr, "%s: %s\n", path, sqlite3_errmsg(db));
    sqlite3_close(db);
    return rc;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: make TRACE SLICE\n");
        return 2;
    }
    return make(argv[1], "PRAGMA synchronous = OFF; PRAGMA page_size = " PAGE_OF_TRACE, create_trace, "PRAGMA journal_mode = WAL") ||
           make(argv[2], "PRAGMA synchronous = OFF; PRAGMA page_size = " PAGE_OF_SLICE, create_slice, "");
}
