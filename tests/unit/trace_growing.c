/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Indexes whose entries do not rise: whether they were never begun, grew with their tables, or became too large for
 * that, a finished trace has them all, SQLite finds each entry in its place, and nothing is left of what they grew in. Of a killed run
 * the file says what the table is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include "trace_events.h"
#include "trace_rows.h"

#define GROWS 60000u
#define TOO_LARGE 1200000u /* more than growing.c lets grow */

static char path[] = "/tmp/trace_growing.XXXXXX";

/* Page states all over 100 segments, every tenth with a disk request; files that begin and end (things). */
static struct recorder *begin(unsigned events)
{
    char err[512];
    struct recorder *r = recorder_open(path, NULL, err, sizeof(err));
    struct event_stamp at = {0};
    uint64_t x = 88172645463325252u;

    if (r == NULL)
        fail_msg("%s", err);
    for (unsigned i = 0; i < events; i++) {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        at.ts = at.insn = i;
        EVENT(r, &at, page, .segment = x % 100, .va = x >> (i % 3 * 16) & ~0xfffull, .old = 1, .new = 2);
        if (i % 10 == 0) {
            uint64_t id = EVENT(r, &at, disk_request, .sector = x >> 40);
            END(r, id, disk_request, at.ts + 1, .status = 0);
        }
    }
    return r;
}

static void record(unsigned events)
{
    char err[512];
    struct recorder *r = begin(events);

    if (recorder_close(r, &(struct run_result){.instructions = events, .stop_reason = "exit"}, err, sizeof(err)) < 0)
        fail_msg("%s", err);
}

static sqlite3 *look(void)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    return db;
}

static void is_whole(unsigned events)
{
    sqlite3 *db;
    char count[32];

    record(events);
    db = look();
    snprintf(count, sizeof(count), "%u\n", events);
    assert_string_equal(trace_rows(db, "PRAGMA integrity_check", NULL, 0), "ok\n");
    assert_string_equal(trace_rows(db, "SELECT count(*) FROM page INDEXED BY page_va WHERE segment >= 0", NULL, 0), count);
    assert_string_equal(trace_rows(db, "SELECT name || ': ' || sql FROM sqlite_schema WHERE name IN ('page_va', 'file_qid',"
                                       " 'disk_request_sector') ORDER BY 1", NULL, 0),
                        "disk_request_sector: CREATE INDEX \"disk_request_sector\" ON \"disk_request\"(\"sector\")\n"
                        "file_qid: CREATE INDEX \"file_qid\" ON \"file\"(\"qid\")\n"
                        "page_va: CREATE INDEX \"page_va\" ON \"page\"(\"segment\", \"va\")\n");
    assert_string_equal(trace_rows(db, "SELECT 1 FROM sqlite_schema WHERE name LIKE '%growing%' UNION ALL SELECT 1 FROM doc WHERE"
                                       " \"table\" LIKE '%growing%'", NULL, 0), "");
    sqlite3_close(db);
}

static void never_begun(void **state)
{
    (void)state;
    is_whole(100);
}

static void grows(void **state)
{
    (void)state;
    is_whole(GROWS);
}

static void too_large(void **state)
{
    (void)state;
    is_whole(TOO_LARGE);
}

static void killed(void **state)
{
    sqlite3 *db;
    int status;
    pid_t child;

    (void)state;
    unlink(path); /* else the new trace would have another name until it is whole */
    child = fork();
    if (child == 0) {
        alarm(60);
        begin(GROWS);
        for (;;)
            pause();
    }
    for (int ms = 0;; ms++) { /* until the table is there and something is in it */
        usleep(1000);
        if (ms > 10000)
            fail_msg("nothing was written");
        sqlite3_stmt *s = NULL;
        bool there = sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
                     sqlite3_prepare_v2(db, "SELECT 1 FROM page_va_growing", -1, &s, NULL) == SQLITE_OK &&
                     sqlite3_step(s) == SQLITE_ROW;
        sqlite3_finalize(s);
        sqlite3_close(db);
        if (there)
            break;
    }
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    db = look();
    assert_string_equal(trace_rows(db, "PRAGMA integrity_check", NULL, 0), "ok\n");
    assert_string_equal(trace_rows(db, "SELECT description FROM doc WHERE \"table\" = 'page_va_growing'", NULL, 0),
                        "Index page_va as far as it had been made when the run was killed\n");
    assert_string_equal(trace_rows(db, "SELECT name FROM sqlite_schema WHERE name = 'page_va'", NULL, 0), "");
    assert_string_equal(trace_rows(db, "SELECT count(*) FROM page_va_growing WHERE (value, second, id) NOT IN"
                                       " (SELECT segment, va, id FROM page)", NULL, 0), "0\n");
    sqlite3_close(db);
}

static int setup(void **state)
{
    (void)state;
    return close(mkstemp(path));
}

static int teardown(void **state)
{
    char name[64];
    (void)state;
    for (int i = 0; i < 3; i++) {
        snprintf(name, sizeof(name), "%s%s", path, (const char *const[]){"", "-wal", "-shm"}[i]);
        unlink(name);
    }
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(never_begun),
        cmocka_unit_test(grows),
        cmocka_unit_test(too_large),
        cmocka_unit_test(killed),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("trace_growing", tests, setup, teardown);
}
