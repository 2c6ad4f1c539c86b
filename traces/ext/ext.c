/* SPDX-License-Identifier: GPL-2.0-only */
/* The entry point that SQLite looks for in tarry.so, and the registration of everything. */
#include "ext.h"
#include <stddef.h>

#ifdef TARRY_LOADABLE
SQLITE_EXTENSION_INIT1
#endif

const char *ext_schema(sqlite3_value *run)
{
    switch (sqlite3_value_type(run)) {
    case SQLITE_NULL:
        return "main";
    case SQLITE_INTEGER:
        return sqlite3_value_int64(run) == 1 ? "main" : NULL;
    case SQLITE_TEXT:
        return (const char *)sqlite3_value_text(run);
    default:
        return NULL;
    }
}

int ext_register(sqlite3 *db)
{
    int rc = ext_scalar_register(db);

    if (rc == SQLITE_OK)
        rc = ext_aggregate_register(db);
    if (rc == SQLITE_OK)
        rc = ext_interval_register(db);
    if (rc == SQLITE_OK)
        rc = ext_access_register(db);
    return rc;
}

#ifdef TARRY_LOADABLE
int sqlite3_tarry_init(sqlite3 *db, char **err, const sqlite3_api_routines *api);

__attribute__((visibility("default"))) int sqlite3_tarry_init(sqlite3 *db, char **err, const sqlite3_api_routines *api)
{
    SQLITE_EXTENSION_INIT2(api);
    if (sqlite3_libversion_number() < 3031000) {
        *err = sqlite3_mprintf("tarry.so needs SQLite 3.31 or newer");
        return SQLITE_ERROR;
    }
    return ext_register(db);
}
#endif
