/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Generates the SQL of a trace from the catalogue. One table per event, named
 * after it; `NAME_view` shows the same in words and hex.
 */
#include "schema.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "queries.h"
#include "rollup.h"
#include "sql.h"
#include "words.h"
#include "ring.h"

#define ANALYSIS_LIMIT 1000 /* entries of an index that ANALYZE looks at: it takes milliseconds, however long the trace */

/* Statements are appended to one text and run at once. */
static void say(sqlite3_str *sql, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    sqlite3_str_vappendf(sql, format, args);
    va_end(args);
}

/* ---- tables ---- */

static void event_table(sqlite3_str *sql, const struct event *e)
{
    const char *comma = "";

    say(sql, "CREATE TABLE \"%w\"(", e->name);
    for (unsigned i = 0; i < schema_ncolumns; i++) {
        const struct fixed_column *c = &schema_columns[i];
        if (c->table != NULL || (c->interval_only && !e->interval))
            continue;
        say(sql, "%s\"%w\" %s", comma, c->name, c->decl);
        comma = ", ";
    }
    for (unsigned i = 0; i < e->ncols + e->nresults; i++) {
        const struct column *c = &e->columns[i];
        const char *words = catalogue_enum_of(e, c);
        say(sql, ", \"%w\" INTEGER%s", c->name, i < e->ncols && c->type != COL_STR ? " NOT NULL" : "");
        if (words != NULL)
            say(sql, " REFERENCES \"enum_%w\"(id)", words);
        else if (c->type == COL_STR)
            say(sql, " REFERENCES string(id)");
    }
    say(sql, ") STRICT;\n");
}

char *schema_index_sql(unsigned index)
{
    const struct event_index *i = &schema_indexes[index];

    return sqlite3_mprintf(i->second != NULL ? "CREATE INDEX \"%w\" ON \"%w\"(\"%w\", \"%w\")" : "CREATE INDEX \"%w\" ON \"%w\"(\"%w\")",
                           i->name, catalogue_events[i->kind].name, i->column, i->second);
}

static void event_tables(sqlite3_str *sql)
{
    for (unsigned k = 1; k < EV_COUNT; k++)
        event_table(sql, &catalogue_events[k]);
    for (unsigned i = 0; i < schema_nindexes; i++)
        if (schema_indexes[i].rises) {
            char *text = schema_index_sql(i);
            say(sql, "%s;\n", text != NULL ? text : "");
            sqlite3_free(text);
        }
}

char *schema_event_sql(void)
{
    sqlite3_str *sql = sqlite3_str_new(NULL);

    event_tables(sql);
    return sqlite3_str_finish(sql);
}

static unsigned word_of(const struct event *e, const char *column)
{
    if (strcmp(column, "cause") == 0)
        return W_CAUSE;
    if (strcmp(column, "proc") == 0)
        return W_PROC;
    for (unsigned c = 0; c < e->ncols; c++)
        if (strcmp(column, e->columns[c].name) == 0)
            return W_COLUMNS + c;
    abort(); /* tests/unit/trace_slice.c looks at every index */
}

unsigned schema_index_word(unsigned index)
{
    return word_of(&catalogue_events[schema_indexes[index].kind], schema_indexes[index].column);
}

unsigned schema_index_second(unsigned index)
{
    const char *second = schema_indexes[index].second;
    return second != NULL ? word_of(&catalogue_events[schema_indexes[index].kind], second) : 0;
}

static void fixed_tables(sqlite3_str *sql)
{
    for (unsigned t = 0; t < schema_ntables; t++) {
        const char *comma = "";
        say(sql, "CREATE TABLE \"%w\"(", schema_tables[t].name);
        for (unsigned i = 0; i < schema_ncolumns; i++) {
            const struct fixed_column *c = &schema_columns[i];
            if (c->table == NULL || strcmp(c->table, schema_tables[t].name) != 0)
                continue;
            say(sql, "%s\"%w\" %s", comma, c->name, c->decl);
            comma = ", ";
        }
        say(sql, ") STRICT;\n");
    }
}

static void enum_tables(sqlite3_str *sql)
{
    for (unsigned i = 0; i < catalogue_nenums; i++)
        say(sql, "CREATE TABLE \"enum_%w\"(id INTEGER PRIMARY KEY, name TEXT NOT NULL, doc TEXT NOT NULL) STRICT;\n",
            catalogue_enums[i].name);
    for (unsigned i = 0; i < catalogue_nvalues; i++) {
        const struct enum_value *v = &catalogue_values[i];
        say(sql, "INSERT INTO \"enum_%w\" VALUES(%lld, %Q, %Q);\n", v->enum_name, (long long)v->number, v->name,
            v->doc);
    }
}

/* ---- documentation ---- */

static void doc_row(sqlite3_str *sql, const char *table, const char *column, const char *type, const char *unit,
                    const char *doc) {
    say(sql, "INSERT INTO doc VALUES(%Q, %Q, %Q, %Q, %Q);\n", table, column, type, unit, doc);
}

static void document_event(sqlite3_str *sql, const struct event *e)
{
    doc_row(sql, e->name, "", e->interval ? "interval" : "point", "", e->doc);
    for (unsigned i = 0; i < schema_ncolumns; i++) {
        const struct fixed_column *c = &schema_columns[i];
        if (c->table == NULL && (!c->interval_only || e->interval))
            doc_row(sql, e->name, c->name, "int", c->unit, c->doc);
    }
    for (unsigned i = 0; i < e->ncols + e->nresults; i++) {
        const struct column *c = &e->columns[i];
        const char *words = catalogue_enum_of(e, c);
        char type[64];
        snprintf(type, sizeof(type), "%s%s", words ? "enum_" : catalogue_type_name(c), words ? words : "");
        doc_row(sql, e->name, c->name, type, c->unit, c->doc);
    }
    say(sql,
        "INSERT INTO doc VALUES('%q_view', '', 'view', '', 'Table %q in words: names of processes, enums and strings, "
        "hex');\n",
        e->name, e->name);
}

static void document_rest(sqlite3_str *sql)
{
    for (unsigned t = 0; t < schema_ntables; t++)
        doc_row(sql, schema_tables[t].name, "", "table", "", schema_tables[t].doc);
    for (unsigned i = 0; i < schema_ncolumns; i++) {
        const struct fixed_column *c = &schema_columns[i];
        if (c->table != NULL)
            doc_row(sql, c->table, c->name, strncmp(c->decl, "TEXT", 4) == 0 ? "text" : "int", c->unit, c->doc);
    }
    for (unsigned i = 0; i < catalogue_nenums; i++) {
        char table[64];
        snprintf(table, sizeof(table), "enum_%s", catalogue_enums[i].name);
        doc_row(sql, table, "", "enum", "", catalogue_enums[i].doc);
        doc_row(sql, table, "id", "int", "", "the number");
        doc_row(sql, table, "name", "text", "", "its name");
        doc_row(sql, table, "doc", "text", "", "what it means");
    }
    for (unsigned i = 0; i < schema_nviews; i++)
        doc_row(sql, schema_views[i].name, "", strncmp(schema_views[i].name, "check_", 6) ? "view" : "check", "",
                schema_views[i].doc);
}

static void canned_queries(sqlite3_str *sql)
{
    for (unsigned i = 0; i < queries_count; i++)
        say(sql, "INSERT INTO canned_query VALUES(%Q, %Q, %Q, %Q);\n", queries[i].name, queries[i].title,
            queries[i].question, queries[i].sql);
}

/* ---- views ---- */

/* A process row is named only when it ends; until then it goes by the program that it ran last. */
static const char process_name[] = "coalesce((SELECT text FROM string WHERE id = p.name), (SELECT s.text FROM program "
                                   "AS g JOIN string AS s ON s.id = g.name"
                                   " WHERE g.proc = p.id ORDER BY g.id DESC LIMIT 1))";

static void view_column(sqlite3_str *sql, const struct event *e, unsigned i)
{
    const struct column *c = &e->columns[i];
    const char *words = catalogue_enum_of(e, c);

    if (words != NULL)
        say(sql, ", coalesce((SELECT name FROM \"enum_%w\" WHERE id = t.\"%w\"), CAST(t.\"%w\" AS TEXT))", words, c->name, c->name);
    else if (e == &catalogue_events[EV_ecall] && strcmp(c->name, "number") == 0)
        say(sql, ", coalesce((SELECT name FROM ecall_name WHERE number = t.number), CAST(t.number AS TEXT))");
    else if (c->type == COL_STR)
        say(sql, ", (SELECT text FROM string WHERE id = t.\"%w\")", c->name);
    else if (c->type == COL_HEX)
        say(sql, ", CASE WHEN t.\"%w\" IS NOT NULL THEN printf('0x%%x', t.\"%w\") END", c->name, c->name);
    else
        say(sql, ", t.\"%w\"", c->name);
    say(sql, " AS \"%w\"", c->name);
    if (e == &catalogue_events[EV_syscall] && strcmp(c->name, "result") == 0)
        say(sql, ", (SELECT name FROM enum_error WHERE id = -t.result) AS error");
}

static void event_view(sqlite3_str *sql, const struct event *e)
{
    say(sql,
        "CREATE VIEW \"%w_view\" AS SELECT t.id, t.insn, t.ts, %st.proc, p.pid AS proc_pid, %s AS proc_name,"
        " printf('0x%%x', t.pc) AS pc, t.cause",
        e->name, e->interval ? "t.dur, " : "", process_name);
    for (unsigned i = 0; i < e->ncols + e->nresults; i++)
        view_column(sql, e, i);
    say(sql, " FROM \"%w\" AS t LEFT JOIN process AS p ON p.id = t.proc;\n", e->name);
}

/* The views that say the same of every event table: `each` is a SELECT with its name for %Q, then for each %w (<= 2).
 */
static void over_all(sqlite3_str *sql, const char *view, const char *before, const char *each, const char *after)
{
    say(sql, "CREATE VIEW \"%w\" AS %s", view, before);
    for (unsigned k = 1; k < EV_COUNT; k++) {
        const char *name = catalogue_events[k].name;
        say(sql, k > 1 ? " UNION ALL " : "");
        say(sql, each, name, name, name);
    }
    say(sql, "%s;\n", after);
}

static void views(sqlite3_str *sql)
{
    over_all(sql, "event", "", "SELECT id, %Q AS kind, insn, ts, proc, cause FROM \"%w\"", "");
    over_all(sql, "check_id", "SELECT k.name AS kind, k.stored, n AS rows FROM event_kind AS k JOIN (",
             "SELECT %Q AS kind, count(*) AS n FROM \"%w\"",
             ") AS t ON t.kind = k.name WHERE k.stored <> n OR k.happened < n OR (k.happened <> n AND"
             " (SELECT whole FROM run) AND (SELECT chosen FROM event_group WHERE id = k.\"group\"))");
    over_all(sql, "check_order", "", /* a look-up per row: three times as fast as lag() */
             "SELECT %Q AS kind, t.id FROM \"%w\" AS t WHERE EXISTS (SELECT 1 FROM (SELECT insn, ts FROM \"%w\" WHERE"
             " id < t.id ORDER BY id DESC LIMIT 1) AS before WHERE before.insn > t.insn OR before.ts > t.ts)",
             "");
    for (unsigned k = 1; k < EV_COUNT; k++)
        event_view(sql, &catalogue_events[k]);
    say(sql, "CREATE VIEW syscall_words AS ");
    words_select(sql);
    say(sql, ";\nCREATE VIEW ecall_words AS ");
    words_ecalls(sql);
    say(sql, ";\n");
    for (unsigned i = 0; i < schema_nviews; i++)
        if (schema_views[i].sql != NULL)
            say(sql, "CREATE VIEW \"%w\" AS %s;\n", schema_views[i].name, schema_views[i].sql);
}

static void rollup_tables(sqlite3_str *sql)
{
    char *text = rollup_sql();

    sqlite3_str_appendall(sql, text != NULL ? text : "");
    sqlite3_free(text);
}

/* ---- all of it ---- */

int schema_create(sqlite3 *db)
{
    sqlite3_str *sql = sqlite3_str_new(db);

    say(sql, "PRAGMA application_id = %d; PRAGMA user_version = %d; BEGIN;\n", TRACE_APPLICATION_ID,
        TRACE_SCHEMA_VERSION);
    fixed_tables(sql);
    enum_tables(sql);
    event_tables(sql);
    for (unsigned k = 1; k < EV_COUNT; k++)
        document_event(sql, &catalogue_events[k]);
    document_rest(sql);
    canned_queries(sql);
    views(sql);
    rollup_tables(sql);
    say(sql, "COMMIT;\n");
    return sql_exec(db, sql);
}

int schema_finish(sqlite3 *db)
{
    sqlite3_str *sql = sqlite3_str_new(db);

    say(sql, "CREATE UNIQUE INDEX instruction_pc ON instruction(image, pc);\n"
             "CREATE UNIQUE INDEX source_line_place ON source_line(image, line, file);\n");
    say(sql, "PRAGMA analysis_limit = %d; ANALYZE;", ANALYSIS_LIMIT);
    return sql_exec(db, sql);
}
