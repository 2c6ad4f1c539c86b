/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What other programs need of a trace, so that they read it with no help: the sqlite3 shell and Python (no function of
 * ours), Datasette (a form's empty field is the empty text, values are text), DuckDB (which gives each column one type, has
 * no generated columns, and runs the text of views in its own dialect).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <sqlite3.h>
#include <ctype.h>
#include <string.h>
#include "trace_db.h"
#include "trace_rows.h"
#include "unit/trace_sample.h"

static struct trace_db trace;
static sqlite3 *db;

static int setup(void **state)
{
    (void)state;
    if (trace_db_make(&trace, "deferred", sample_record) != 0)
        return -1;
    db = trace.db;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    return trace_db_drop(&trace);
}

typedef void each_row(sqlite3_stmt *);

static void each(const char *sql, each_row *f)
{
    sqlite3_stmt *s;

    if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    while (sqlite3_step(s) == SQLITE_ROW)
        f(s);
    if (sqlite3_finalize(s) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
}

static const char *text(sqlite3_stmt *s, int i)
{
    return (const char *)sqlite3_column_text(s, i);
}

/* ---- types ---- */

static void known_type(sqlite3_stmt *s)
{
    if (strcmp(text(s, 2), "INTEGER") != 0 && strcmp(text(s, 2), "TEXT") != 0 && strcmp(text(s, 2), "BLOB") != 0)
        fail_msg("%s.%s is of type %s", text(s, 0), text(s, 1), text(s, 2));
    if (sqlite3_column_int(s, 3) != 0)
        fail_msg("%s.%s is generated: DuckDB does not see it", text(s, 0), text(s, 1));
}

/* STRICT tables hold what their columns say. */
static void types(void **state)
{
    (void)state;
    each("SELECT t.name, c.name, c.type, c.hidden FROM pragma_table_list AS t, pragma_table_xinfo(t.name) AS c"
         " WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%'", known_type);
    assert_string_equal(trace_rows(db, "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND"
                                       " strict = 0 AND name NOT LIKE 'sqlite_%'", NULL, 0), "");
}

/* ---- views ---- */

/* No value of a column of a view is of another type than the others of that column. */
static void one_type(sqlite3_stmt *s)
{
    char *sql = sqlite3_mprintf("SELECT count(DISTINCT typeof(\"%w\")) FROM \"%w\" WHERE \"%w\" IS NOT NULL", text(s, 1),
                                text(s, 0), text(s, 1));
    int n = atoi(trace_rows(db, sql, NULL, 0));

    sqlite3_free(sql);
    if (n > 1)
        fail_msg("%s.%s has values of %d types", text(s, 0), text(s, 1), n);
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* What only SQLite knows, outside of strings and names in quotes. */
static void portable(sqlite3_stmt *s)
{
    static const char *const others[] = {"iif(", "0x", "glob ", "group_concat(", " not indexed", "ifnull("};
    const char *sql = text(s, 1);
    char bare[32768];
    size_t n = 0;

    for (char quote = 0; *sql != '\0'; sql++) {
        if (quote != 0)
            quote = *sql == quote ? 0 : quote;
        else if (*sql == '\'' || *sql == '"')
            quote = *sql;
        else if (n < sizeof(bare) - 1)
            bare[n++] = (char)tolower((unsigned char)*sql);
    }
    bare[n] = '\0';
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        for (const char *at = bare; (at = strstr(at, others[i])) != NULL; at++)
            if (at > bare && (!is_word(at[-1]) || !is_word(others[i][0])))
                fail_msg("view %s has %s", text(s, 0), others[i]);
    for (const char *at = bare; (at = strstr(at, " is not ")) != NULL; at++)
        if (strncmp(at + 8, "null", 4) != 0)
            fail_msg("view %s compares with IS NOT", text(s, 0));
}

static void views(void **state)
{
    (void)state;
    assert_int_equal(sqlite3_exec(db, /* a newer kernel's values, which no enum table has */
                                  "BEGIN; UPDATE fault SET rule = 99, resolution = 99 WHERE id = (SELECT min(id) FROM fault);"
                                  "UPDATE syscall SET number = 999, result = -999 WHERE id = (SELECT min(id) FROM syscall);"
                                  "UPDATE transfer SET boundary = 99 WHERE id = (SELECT min(id) FROM transfer)",
                                  NULL, NULL, NULL), SQLITE_OK);
    each("SELECT v.name, c.name FROM sqlite_schema AS v, pragma_table_info(v.name) AS c WHERE v.type = 'view'", one_type);
    assert_int_equal(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    each("SELECT name, sql FROM sqlite_schema WHERE type = 'view'", portable);
}

/* ---- canned queries ---- */

/* Rows of a query with every parameter bound to `value`; "-" if it is NULL. Grows with the rows; freed by the caller. */
static char *answer(const char *sql, const char *value)
{
    sqlite3_str *out = sqlite3_str_new(NULL);
    sqlite3_stmt *s;

    if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    for (int i = 1; i <= sqlite3_bind_parameter_count(s); i++)
        sqlite3_bind_text(s, i, value, -1, SQLITE_STATIC);
    while (sqlite3_step(s) == SQLITE_ROW)
        for (int i = 0; i < sqlite3_column_count(s); i++)
            sqlite3_str_appendf(out, "%s|", text(s, i) ? text(s, i) : "-");
    sqlite3_str_appendf(out, "%d", sqlite3_finalize(s));
    return sqlite3_str_finish(out);
}

static void queries_of_forms(void **state)
{
    (void)state;
    for (unsigned i = 0; i < queries_count; i++) {
        char *none, *empty, *number;
        if (strstr(queries[i].sql, "\n-- traces: two\n") != NULL)
            continue;
        none = answer(queries[i].sql, NULL);
        empty = answer(queries[i].sql, "");
        number = answer(queries[i].sql, "1");
        if (strcmp(none, empty) != 0)
            fail_msg("%s: the empty text is not as NULL: %s, %s", queries[i].name, none, empty);
        if (number[strlen(number) - 1] != '0')
            fail_msg("%s: a number as text: error %s", queries[i].name, number);
        sqlite3_free(none);
        sqlite3_free(empty);
        sqlite3_free(number);
    }
}

/* What the file itself holds is what the tool asks. */
static void in_the_file(void **state)
{
    (void)state;
    for (unsigned i = 0; i < queries_count; i++) {
        char *sql = sqlite3_mprintf("SELECT sql = %Q FROM canned_query WHERE name = %Q", queries[i].sql, queries[i].name);
        assert_string_equal(trace_rows(db, sql, NULL, 0), "1\n");
        sqlite3_free(sql);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(types),
        cmocka_unit_test(views),
        cmocka_unit_test(queries_of_forms),
        cmocka_unit_test(in_the_file),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, setup, teardown);
}
