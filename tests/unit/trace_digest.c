/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Digests of rows as they are recorded: wherever two traces differ, `first-difference` and the walk of `tarry compare` find
 * the same event with digests as without, and the first of them reads a fraction of the rows. Equal runs have equal digests, also if their
 * strings have other numbers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "trace_events.h"
#include "trace_rows.h"
#include "traces/compare.h"
#include "traces/digest.h"

#define EVENTS (5 * DIGEST_EVENTS)
#define AT (3 * DIGEST_EVENTS + 72) /* where they differ, or soon behind it */

enum variation { SAME, OTHER_NUMBERS, COLUMN, RESULT, LONG_END, TEXT, FEWER, LAST_OF };

static char dir[] = "/tmp/trace_digest.XXXXXX", paths[LAST_OF][64];

static uint64_t text(struct recorder *r, const char *s)
{
    return recorder_string(r, s, strlen(s));
}

/* A process over all of it (a thing), with faults that overlap, pages, files. */
static void record(const char *path, enum variation v)
{
    char err[512];
    struct recorder *r = recorder_open(path, NULL, err, sizeof(err));
    struct event_stamp at = {.ts = 1};
    uint64_t process, faults[7] = {0};

    if (r == NULL)
        fail_msg("%s", err);
    if (v == OTHER_NUMBERS)
        text(r, "not used");
    process = EVENT(r, &at, process, .pid = 1);
    for (uint64_t i = 2; i < (v == FEWER ? AT : EVENTS); i++) {
        at.ts = at.insn = i * 10;
        at.cause = i / 2;
        switch (i % 8) {
        case 0:
            if (faults[i / 8 % 7] != 0)
                END(r, faults[i / 8 % 7], fault, at.ts, .resolution = i % 5 + (v == RESULT && i == AT));
            faults[i / 8 % 7] = EVENT(r, &at, fault, .va = i << 12);
            break;
        case 7:
            EVENT(r, &at, file, .name = text(r, v == TEXT && i == AT + 7 ? "/other" : i % 3 ? "/a" : "/b"), .qid = i);
            break;
        default:
            EVENT(r, &at, page, .va = i << 12, .old = v == COLUMN && i == AT + 1, .new = 2);
        }
    }
    at.ts = EVENTS * 10;
    END(r, process, process, at.ts + (v == LONG_END || v == COLUMN || v == RESULT), .status = 0);
    if (recorder_close(r, &(struct run_result){.virtual_ns = at.ts, .stop_reason = "exit"}, err, sizeof(err)) < 0)
        fail_msg("%s", err);
}

static sqlite3 *opened(const char *path)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    return db;
}

/* The first difference as the canned query has it, and how many steps it took; "-": none. */
static char *asked(sqlite3 *db, int *steps)
{
    sqlite3_stmt *s;
    char *answer;

    assert_int_equal(sqlite3_prepare_v2(db, canned("first-difference"), -1, &s, NULL), SQLITE_OK);
    answer = sqlite3_step(s) != SQLITE_ROW ? sqlite3_mprintf("-")
                                           : sqlite3_mprintf("%s %s %s", sqlite3_column_text(s, 0), sqlite3_column_text(s, 1), sqlite3_column_text(s, 6));
    *steps = sqlite3_stmt_status(s, SQLITE_STMTSTATUS_VM_STEP, 0);
    sqlite3_finalize(s);
    return answer;
}

static char *walked(sqlite3 *a, sqlite3 *b, uint64_t *equal)
{
    char err[512], *answer;
    struct divergence_at d;
    struct compare *c = compare_open(a, b, NULL, 0, err, sizeof(err));
    int done;

    assert_non_null(c);
    while ((done = compare_go_on(c, 1000, &d, err, sizeof(err))) == 0)
        ;
    assert_int_equal(done, 1);
    *equal = d.events;
    answer = d.how == DIVERGE_NONE ? sqlite3_mprintf("-")
             : d.how == DIVERGE_COLUMN
                 ? sqlite3_mprintf("%llu %s %s", d.id[0], catalogue_events[d.kind[0]].name, d.column)
                 : sqlite3_mprintf("%llu %s (kind)", d.id[0] ? d.id[0] : d.id[1], catalogue_events[d.kind[0] ? d.kind[0] : d.kind[1]].name);
    compare_close(c);
    return answer;
}

static void differ(enum variation v, const char *kind, const char *column)
{
    sqlite3 *a = opened(paths[SAME]), *b = opened(paths[v]);
    char *answers[4], *attach = sqlite3_mprintf("ATTACH %Q AS b", paths[v]);
    uint64_t equal[2];
    int steps[2];

    assert_int_equal(sqlite3_exec(a, attach, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_exec(b, "BEGIN", NULL, NULL, NULL), SQLITE_OK);
    answers[0] = asked(a, &steps[0]);
    answers[1] = walked(a, b, &equal[0]);
    assert_int_equal(sqlite3_exec(b, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_exec(b, "DELETE FROM digest", NULL, NULL, NULL), SQLITE_OK);
    answers[2] = asked(a, &steps[1]);
    answers[3] = walked(a, b, &equal[1]);
    for (int i = 1; i < 4; i++)
        assert_string_equal(answers[i], answers[0]);
    if (kind != NULL) {
        assert_non_null(strstr(answers[0], kind));
        assert_non_null(strstr(answers[0], column));
    } else {
        assert_string_equal(answers[0], "-");
    }
    if (v != FEWER) /* one is short there, and all that the other has more is looked at */
        assert_int_equal(equal[0], equal[1]);
    if (v != FEWER && steps[0] > steps[1] / 2)
        fail_msg("%d steps with digests, %d without", steps[0], steps[1]);
    for (int i = 0; i < 4; i++)
        sqlite3_free(answers[i]);
    sqlite3_free(attach);
    sqlite3_close(b);
    sqlite3_close(a);
}

static void same(void **state)
{
    (void)state;
    differ(OTHER_NUMBERS, NULL, NULL);
}

static void a_column(void **state)
{
    (void)state;
    differ(COLUMN, " page ", " old");
}

static void a_result(void **state)
{
    (void)state;
    differ(RESULT, " fault ", " resolution");
}

static void a_long_end(void **state)
{
    (void)state;
    differ(LONG_END, " process ", " dur");
}

static void a_text(void **state)
{
    (void)state;
    differ(TEXT, " file ", " name");
}

static void fewer(void **state)
{
    (void)state;
    differ(FEWER, " ", " ");
}

static int setup(void **state)
{
    (void)state;
    if (mkdtemp(dir) == NULL)
        return -1;
    for (int v = 0; v < LAST_OF; v++) {
        snprintf(paths[v], sizeof(paths[v]), "%s/%d.db", dir, v);
        record(paths[v], (enum variation)v);
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (int v = 0; v < LAST_OF; v++)
        unlink(paths[v]);
    return rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(same),       cmocka_unit_test(a_column), cmocka_unit_test(a_result),
                                       cmocka_unit_test(a_long_end), cmocka_unit_test(a_text),   cmocka_unit_test(fewer)};
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("trace_digest", tests, setup, teardown);
}
