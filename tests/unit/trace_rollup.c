/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rollups hold what GROUP BY over the event tables says, also when there are more groups than fit in memory, and the
 * views NAME_total say the same of a run that was killed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <unistd.h>
#include "trace_events.h"
#include "trace_rows.h"
#include "traces/rollup.h"

#define FAULTS 100000u /* more different durations than are kept in memory */

static char path[] = "/tmp/trace_rollup.XXXXXX";

static uint64_t next(uint64_t *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 7;
    *x ^= *x << 17;
    return *x;
}

/* Events of every rollup, with keys that repeat and some intervals that do not end. */
static void record(const char *file)
{
    char err[512];
    struct recorder *r = recorder_open(file, &(struct run_facts){.command = "rollup"}, err, sizeof(err));
    struct event_stamp at = {0};
    uint64_t x = 88172645463325252u, sector[2] = {0, 1000}, id, disk, sectors;

    assert_non_null(r);
    for (unsigned i = 0; i < FAULTS; i++) {
        at.ts = at.insn += 1000000;
        at.proc = next(&x) % 3;
        at.pc = 0xffffffc000000000 + next(&x) % 50;
        id = EVENT(r, &at, fault, .va = next(&x), .segment = next(&x) % 7, .in_kernel = i & 1, .caller = i & 2);
        if (i % 100 != 0)
            END(r, id, fault, at.ts + next(&x) % 900000, .resolution = next(&x) % 11);
        if (i % 10 == 0) {
            EVENT(r, &at, transfer, .boundary = next(&x) % 9, .class = next(&x) % 3, .file = next(&x) % 20,
                  .segment = next(&x) % 7, .bytes = next(&x) % 5000, .pages = i, .output = next(&x) & 1);
            EVENT(r, &at, page, .segment = next(&x) % 7, .old = next(&x) % 5, .new = next(&x) % 5);
            id = EVENT(r, &at, syscall, .number = next(&x) % 33);
            if (i % 50 != 0)
                END(r, id, syscall, at.ts + next(&x) % 1000, .result = next(&x) % 100 - 50, .insns = next(&x) % 1000);
            id = EVENT(r, &at, ecall, .number = next(&x) % 33);
            if (i % 40 != 0)
                END(r, id, ecall, at.ts + next(&x) % 1000, .result = next(&x) % 100 - 50);
            disk = next(&x) % 2;
            sectors = next(&x) % 64;
            sector[disk] += next(&x) % 2; /* half of the requests follow the one before */
            id = EVENT(r, &at, disk_request, .disk = disk, .op = next(&x) % 2, .class = next(&x) % 3,
                       .sector = sector[disk], .sectors = sectors, .queue_ns = i, .service_ns = next(&x) % 100000);
            sector[disk] += sectors;
            if (i + 10 < FAULTS) /* the last is not served before the run ends */
                END(r, id, disk_request, at.ts + i, .status = next(&x) % 3);
        }
    }
    if (recorder_close(r, &(struct run_result){.instructions = at.insn, .virtual_ns = at.ts, .stop_reason = "exit"},
                       err, sizeof(err)) < 0)
        fail_msg("%s", err);
}

static void list(sqlite3_str *sql, const char *const *columns, unsigned most, const char *each)
{
    for (unsigned i = 0; i < most && columns[i] != NULL; i++)
        sqlite3_str_appendf(sql, each, columns[i]);
}

/* A digest of the groups of a rollup's view, in order. */
static char *digest(sqlite3 *db, const struct rollup *r)
{
    bool interval = catalogue_events[r->kind].interval;
    sqlite3_str *sql = sqlite3_str_new(NULL);
    char *text, *rows;

    sqlite3_str_appendall(sql, "SELECT count(*), sum(n), sum(e), group_concat(k, ' ') FROM (SELECT sum(events) AS n, "
                               "sum(ended) AS e, abs(0");
    list(sql, r->keys, ROLLUP_MOST_KEYS, " * 31 + coalesce(\"%w\", 77) %% 1000003");
    list(sql, r->sums, ROLLUP_MOST_SUMS, " * 31 + sum(\"sum_%w\") %% 1000003");
    sqlite3_str_appendf(sql, "%s) %% 1000003 AS k FROM \"%w_total\" GROUP BY 0 + 0",
                        interval ? " + coalesce(min(min_dur), 5) * 7 + coalesce(max(max_dur), 5)" : "", r->name);
    list(sql, r->keys, ROLLUP_MOST_KEYS, ", \"%w\"");
    sqlite3_str_appendall(sql, " ORDER BY 0 + 0");
    list(sql, r->keys, ROLLUP_MOST_KEYS, ", \"%w\"");
    sqlite3_str_appendall(sql, " LIMIT 5000)");
    text = sqlite3_str_finish(sql);
    rows = strdup(trace_rows(db, text, NULL, 0));
    sqlite3_free(text);
    return rows;
}

static void equal_to_rows(void **state)
{
    char *kept[16];
    sqlite3 *db;

    (void)state;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_true(nrollups < 16);
    assert_int_equal(atoi(trace_rows(db, "SELECT count(*) FROM fault", NULL, 0)), FAULTS);
    /* some groups were written more than once */
    assert_string_equal(trace_rows(db, "SELECT count(*) > 65536, count(DISTINCT dur || '/' || proc || '/' || resolution)"
                                       " < count(*) FROM fault_time_rollup", NULL, 0), "1|1\n");
    assert_string_equal(trace_rows(db, "SELECT sum(events * sequential) BETWEEN 4000 AND 6000 FROM disk_request_total", NULL,
                                   0), "1\n");
    for (unsigned i = 0; i < nrollups; i++)
        kept[i] = digest(db, &rollups[i]);
    assert_int_equal(sqlite3_exec(db, "UPDATE run SET complete = 0", NULL, NULL, NULL), SQLITE_OK);
    for (unsigned i = 0; i < nrollups; i++) {
        char *counted = digest(db, &rollups[i]);
        assert_string_equal(kept[i], counted);
        assert_true(strlen(counted) > 40);
        free(counted);
        free(kept[i]);
    }
    sqlite3_close(db);
}

/* Equal runs have equal rows, however their slices fell. */
static void deterministic(void **state)
{
    char again[] = "/tmp/trace_rollup.XXXXXX", sql[400];
    sqlite3 *db;

    (void)state;
    assert_true(mkstemp(again) >= 0);
    record(again);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    snprintf(sql, sizeof(sql), "ATTACH '%s' AS b", again);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    for (unsigned i = 0; i < nrollups; i++) {
        snprintf(sql, sizeof(sql), "SELECT (SELECT count(*) FROM main.%s_rollup) = (SELECT count(*) FROM b.%s_rollup), "
                 "count(*) FROM (SELECT * FROM main.%s_rollup EXCEPT SELECT * FROM b.%s_rollup)",
                 rollups[i].name, rollups[i].name, rollups[i].name, rollups[i].name);
        assert_string_equal(trace_rows(db, sql, NULL, 0), "1|0\n");
    }
    sqlite3_close(db);
    unlink(again);
}

static int setup(void **state)
{
    int fd = mkstemp(path);

    (void)state;
    if (fd < 0)
        return -1;
    close(fd);
    record(path);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    return unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(equal_to_rows), cmocka_unit_test(deterministic)};

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, setup, teardown);
}
