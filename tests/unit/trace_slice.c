/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The database in memory that a slice of the ring is laid out as: SQLite finds it sound and reads every value back,
 * and moves rows out of it without computing them. TARRY_SEED=N replays.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "random.h"
#include "traces/slice.h"

static struct record *records;
static const struct record *order[SLICE_RECORDS];

/* Any length in bits, and the values where the length of an integer changes. */
static uint64_t random_value(void)
{
    uint64_t r = rnd();
    unsigned bits = (unsigned)(r >> 8) % 65;

    switch (r % 4) {
    case 0:
        return bits == 64 ? UINT64_MAX : (1ull << bits) - 1;
    case 1:
        return -(bits >= 64 ? 0 : 1ull << bits);
    case 2:
        return bits == 64 ? 0 : 1ull << bits;
    default:
        return bits ? rnd() >> (64 - bits) : 0;
    }
}

static int setup(void **state)
{
    (void)state;
    seed_with(seed_of_now());
    records = malloc(SLICE_RECORDS * sizeof(*records));
    return records != NULL ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    free(records);
    return 0;
}

static sqlite3 *open_with_slice(struct slice *s)
{
    sqlite3 *db;
    char *sql = schema_event_sql();

    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_free(sql);
    assert_int_equal(slice_attach(s, db), SQLITE_OK);
    return db;
}

static int64_t number(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *s;

    if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK || sqlite3_step(s) != SQLITE_ROW)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    int64_t n = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    return n;
}

static void add(struct slice *s, unsigned kind, uint32_t n, bool wide)
{
    uint64_t id = 0;

    for (uint32_t i = 0; i < n; i++) {
        struct record *r = &records[i];
        for (unsigned w = 0; w < W_COLUMNS + CATALOGUE_MAX_WORDS; w++)
            r->words[w] = wide ? INT64_MAX - w : random_value();
        id += 1 + (wide ? 1ull << 40 : rnd() % 3);
        r->words[W_ID] = id;
        r->kind = (uint16_t)kind;
        r->flags = catalogue_events[kind].interval && rnd() % 8 == 0 ? REC_OPEN : 0;
        order[i] = r;
    }
    slice_clear(s);
    slice_add(s, kind, order, n);
    slice_done(s);
}

static void assert_rows(sqlite3 *db, unsigned kind, uint32_t n)
{
    const struct event *e = &catalogue_events[kind];
    char sql[200];
    sqlite3_stmt *q;

    snprintf(sql, sizeof(sql), "SELECT * FROM slice.\"%s\" ORDER BY id", e->name);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &q, NULL), SQLITE_OK);
    for (uint32_t i = 0; i < n; i++) {
        const struct record *r = &records[i];
        bool open = r->flags & REC_OPEN;
        int c = 0;
        assert_int_equal(sqlite3_step(q), SQLITE_ROW);
        assert_int_equal(sqlite3_column_int64(q, c++), r->words[W_ID]);
        assert_int_equal(sqlite3_column_int64(q, c++), r->words[W_INSN]);
        assert_int_equal(sqlite3_column_int64(q, c++), r->words[W_TS]);
        if (e->interval) {
            assert_int_equal(sqlite3_column_type(q, c), open ? SQLITE_NULL : SQLITE_INTEGER);
            assert_int_equal(sqlite3_column_int64(q, c++), open ? 0 : r->words[W_DUR]);
        }
        assert_int_equal(sqlite3_column_int64(q, c++), r->words[W_PROC]);
        assert_int_equal(sqlite3_column_int64(q, c++), r->words[W_PC]);
        assert_int_equal(sqlite3_column_int64(q, c++), r->words[W_CAUSE]);
        for (unsigned k = 0; k < e->ncols + e->nresults; k++) {
            bool no_text = e->columns[k].type == COL_STR && r->words[W_COLUMNS + k] == 0;
            bool null = no_text || (open && k >= e->ncols);
            assert_int_equal(sqlite3_column_type(q, c), null ? SQLITE_NULL : SQLITE_INTEGER);
            assert_int_equal(sqlite3_column_int64(q, c++), null ? 0 : r->words[W_COLUMNS + k]);
        }
        assert_int_equal(sqlite3_column_count(q), c);
    }
    assert_int_equal(sqlite3_step(q), SQLITE_DONE);
    sqlite3_finalize(q);
}

/* Sound means: every row has its entry in every index, in order. */
static void assert_sound(sqlite3 *db)
{
    sqlite3_stmt *q;

    assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA slice.integrity_check", -1, &q, NULL), SQLITE_OK);
    while (sqlite3_step(q) == SQLITE_ROW) {
        const char *text = (const char *)sqlite3_column_text(q, 0);
        /* pages that this slice has no use for; the schema's CHECKs and foreign keys are not in question here */
        if (strcmp(text, "ok") != 0 && strstr(text, "is never used") == NULL)
            fail_msg("%s", text);
    }
    sqlite3_finalize(q);
}

static void every_kind(void **state)
{
    static const uint32_t counts[] = {0, 1, 2, 150, 300, 1400, 5000, SLICE_RECORDS};
    struct slice s;
    sqlite3 *db = open_with_slice(&s);
    (void)state;

    for (unsigned kind = 1; kind < EV_COUNT; kind++)
        for (unsigned i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
            uint32_t n = counts[i] <= 300 ? counts[i] : counts[i] - (uint32_t)(rnd() % 300);
            add(&s, kind, n, false);
            assert_rows(db, kind, n);
            assert_sound(db);
        }
    sqlite3_close(db);
    slice_free(&s);
}

/* The widest rows there can be, as many as there can be. */
static void widest(void **state)
{
    struct slice s;
    sqlite3 *db = open_with_slice(&s);
    (void)state;

    for (unsigned kind = 1; kind < EV_COUNT; kind++) {
        add(&s, kind, SLICE_RECORDS, true);
        assert_rows(db, kind, SLICE_RECORDS);
        assert_sound(db);
    }
    sqlite3_close(db);
    slice_free(&s);
}

/* Rows and the entries of indexes leave it as they are: no statement makes a record from columns. */
static void transfer(void **state)
{
    struct slice s;
    sqlite3 *db = open_with_slice(&s);
    (void)state;

    for (unsigned kind = 1; kind < EV_COUNT; kind++) {
        char sql[200];
        sqlite3_stmt *q;
        int inserts = 0;

        snprintf(sql, sizeof(sql), "EXPLAIN INSERT OR ROLLBACK INTO main.\"%s\" SELECT * FROM slice.\"%s\"",
                 catalogue_events[kind].name, catalogue_events[kind].name);
        assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &q, NULL), SQLITE_OK);
        while (sqlite3_step(q) == SQLITE_ROW) {
            const char *opcode = (const char *)sqlite3_column_text(q, 1);
            assert_string_not_equal(opcode, "MakeRecord");
            assert_string_not_equal(opcode, "Column");
            inserts += strcmp(opcode, "Insert") == 0;
        }
        assert_int_equal(inserts, 1);
        sqlite3_finalize(q);
    }
    add(&s, EV_fault, 10000, false);
    assert_int_equal(sqlite3_exec(db, "INSERT INTO main.fault SELECT * FROM slice.fault", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(number(db, "SELECT count(*) FROM main.fault AS a JOIN slice.fault AS b USING(id, va, cause, ts)"),
                     10000);
    assert_int_equal(
        number(db, "SELECT count(*) FROM pragma_integrity_check('fault') WHERE integrity_check <> 'ok'"), 0);
    assert_int_equal(number(db, "SELECT count(*) FROM main.fault INDEXED BY fault_cause WHERE cause = 1"),
                     number(db, "SELECT count(*) FROM main.fault NOT INDEXED WHERE cause = 1"));
    sqlite3_close(db);
    slice_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_kind), cmocka_unit_test(widest),
                                       cmocka_unit_test(transfer)};

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, setup, teardown);
}
