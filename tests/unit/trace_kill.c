/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A recorder killed by SIGKILL at a random moment leaves a database that opens and holds all but the last batch; a
 * good trace of the same name is there whole, or its successor is. TARRY_SEED=N replays; ROUNDS=N does more.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "traces/ring.h"
#include "traces/slice.h"
#include "trace_events.h"

#define LAST_BATCH (RING_RECORDS + SLICE_RECORDS) /* records on their way: the ring, a transaction */
#define OLD_EVENTS 3

static char dir[] = "/tmp/trace_kill.XXXXXX";

/* What the child tells of itself, in memory that survives it. */
struct progress {
    atomic_ulong recorded;
    atomic_int opened;
};
static struct progress *progress;

static int setup(void **state)
{
    (void)state;
    progress = mmap(NULL, sizeof(*progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return progress != MAP_FAILED && mkdtemp(dir) != NULL && chdir(dir) == 0 ? 0 : -1;
}

static int teardown(void **state)
{
    char command[80];
    (void)state;
    snprintf(command, sizeof(command), "rm -rf %s", dir);
    return system(command);
}

/* A segment, then traps whose columns follow from their id: the i-th event has id i and tval 3 * i. */
static void record(const char *path, uint64_t events)
{
    char err[512];
    struct recorder *r = recorder_open(path, NULL, err, sizeof(err));
    struct event_stamp at = {0};

    if (r == NULL)
        _exit(3);
    atomic_store(&progress->opened, 1);
    EVENT(r, &at, segment, .length = 4096);
    for (uint64_t i = 2; i <= events; i++) {
        at.insn = at.ts = i;
        EVENT(r, &at, trap, .tval = 3 * i);
        atomic_store_explicit(&progress->recorded, i, memory_order_relaxed);
    }
    if (recorder_close(r, &(struct run_result){.instructions = events, .stop_reason = "exit"}, err, sizeof(err)) < 0)
        _exit(4);
}

static int64_t number(const char *path, const char *sql)
{
    sqlite3 *db;
    sqlite3_stmt *s;
    int64_t n = -12345;

    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK || sqlite3_step(s) != SQLITE_ROW)
        fail_msg("%s: %s: %s", path, sql, sqlite3_errmsg(db));
    n = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    sqlite3_close(db);
    return n;
}

/* Sound, dense, every value right; not behind `recorded` by more than a batch. Returns the events in it. */
static int64_t assert_prefix(const char *path, uint64_t recorded)
{
    int64_t n = number(path, "SELECT count(*) FROM event");

    assert_int_equal(number(path, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'"), 1);
    assert_int_equal(number(path, "SELECT coalesce(max(id), 0) FROM event"), n);
    assert_int_equal(
        number(path, "SELECT count(*) FROM trap WHERE tval <> 3 * id OR insn <> id OR ts <> id OR \"code\" <> 0"), 0);
    assert_int_equal(number(path, "SELECT events FROM run"), n);
    assert_int_equal(number(path, "SELECT count(*) FROM segment"), n > 0);
    assert_true(n + LAST_BATCH >= (int64_t)recorded);
    return n;
}

/* Runs a recorder in a child and kills it after `us` microseconds from its beginning. Returns 1 if it ended before
 * that. */
static int record_and_kill(const char *path, uint64_t events, unsigned us)
{
    int status;
    pid_t pid;

    atomic_store(&progress->recorded, 0);
    atomic_store(&progress->opened, 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        record(path, events);
        _exit(0);
    }
    while (!atomic_load(&progress->opened) && waitpid(pid, &status, WNOHANG) == 0)
        usleep(200);
    usleep(us);
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFEXITED(status))
        assert_int_equal(WEXITSTATUS(status), 0);
    return WIFEXITED(status);
}

static uint64_t random_step(uint64_t *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 7;
    *x ^= *x << 17;
    return *x;
}

static void killed(void **state)
{
    uint64_t x = getenv("TARRY_SEED") ? strtoull(getenv("TARRY_SEED"), NULL, 0) : (uint64_t)time(NULL) * 2654435761u + 1;
    int rounds = getenv("ROUNDS") ? atoi(getenv("ROUNDS")) : 30, whole = 0, replaced = 0;
    (void)state;

    print_message("# TARRY_SEED=%llu\n", (unsigned long long)x);
    for (int i = 0; i < rounds; i++) {
        uint64_t events = 100000 + random_step(&x) % 200000;
        unsigned us = (unsigned)(random_step(&x) % 220000);

        if (i % 2 == 0) { /* a free name */
            assert_int_equal(system("rm -f new.db new.db-*"), 0);
            whole += record_and_kill("new.db", events, us);
            assert_prefix("new.db", atomic_load(&progress->recorded));
            continue;
        }
        assert_int_equal(system("rm -f old.db*"), 0); /* the name of a good trace */
        record("old.db", OLD_EVENTS);
        whole += record_and_kill("old.db", events, us);
        assert_int_equal(number("old.db", "SELECT complete FROM run"), 1);
        if (assert_prefix("old.db", 0) == OLD_EVENTS)
            assert_prefix("old.db.part", atomic_load(&progress->recorded));
        else
            replaced++;
    }
    print_message("# of %d runs %d ended before they were killed, %d had taken their name\n", rounds, whole, replaced);
    assert_true(whole < rounds); /* else the test tested nothing */
}

/* A killed trace is replaced by the next run like any other. */
static void next_run(void **state)
{
    (void)state;
    assert_int_equal(system("rm -f new.db new.db-*"), 0);
    record_and_kill("new.db", 1ull << 40, 150000);
    assert_int_equal(number("new.db", "SELECT complete FROM run"), 0);
    record("new.db", 10);
    assert_int_equal(number("new.db", "SELECT events FROM run"), 10);
    assert_int_equal(assert_prefix("new.db", 10), 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(killed), cmocka_unit_test(next_run)};

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, setup, teardown);
}
