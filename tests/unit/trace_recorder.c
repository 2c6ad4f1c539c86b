/* SPDX-License-Identifier: GPL-2.0-only */
/* The recorder: what goes in comes out, under the names it should have, and nothing is lost in silence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <sched.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include "traces/catalogue.h"
#include "traces/openset.h"
#include "traces/schema.h"
#include "unit/trace_sample.h"

static char dir[] = "/tmp/trace_recorder.XXXXXX";
static char err[512];

static int setup(void **state)
{
    (void)state;
    return mkdtemp(dir) != NULL && chdir(dir) == 0 ? 0 : -1;
}

static int teardown(void **state)
{
    char command[80];
    (void)state;
    snprintf(command, sizeof(command), "rm -rf %s", dir);
    return system(command);
}

/* ---- helpers ---- */

static struct recorder *start(const char *path)
{
    struct recorder *r = recorder_open(path, &(struct run_facts){.command = "test", .seed = 42}, err, sizeof(err));

    if (r == NULL)
        fail_msg("recorder_open: %s", err);
    return r;
}

static void stop(struct recorder *r)
{
    struct run_result result = {.instructions = 1, .virtual_ns = 2, .host_ns = 3, .stop_reason = "exit"};

    if (recorder_close(r, &result, err, sizeof(err)) != 0)
        fail_msg("recorder_close: %s", err);
}

static void record_sample(const char *path)
{
    struct recorder *r = start(path);
    struct run_result result = sample_record(r);

    if (recorder_close(r, &result, err, sizeof(err)) != 0)
        fail_msg("recorder_close: %s", err);
}

/* The first column of the first row; NULL is -12345. */
static int64_t number(const char *path, const char *sql)
{
    sqlite3 *db;
    sqlite3_stmt *s;
    int64_t n = -12345;

    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    if (sqlite3_step(s) == SQLITE_ROW && sqlite3_column_type(s, 0) != SQLITE_NULL)
        n = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    sqlite3_close(db);
    return n;
}

static void append(void *buf, const char *text)
{
    char **out = buf, *more = sqlite3_mprintf("%s%s", *out, text);

    sqlite3_free(*out);
    *out = more;
}

static int append_row(void *buf, int n, char **cells, char **names)
{
    for (int i = 0; i < n; i++) {
        if (strncmp(names[i], "host_", 5) == 0)
            continue;
        append(buf, cells[i] ? cells[i] : "NULL");
        append(buf, "|");
    }
    append(buf, "\n");
    return 0;
}

struct dump {
    sqlite3 *db;
    char *text;
};

static int dump_table(void *dump, int n, char **cells, char **names)
{
    struct dump *d = dump;
    char *sql = sqlite3_mprintf("SELECT * FROM \"%w\"%s", cells[0],
                                strcmp(cells[0], "diagnostic") == 0 ? " WHERE host = 0" : "");
    (void)n;
    (void)names;
    append(&d->text, cells[0]);
    append(&d->text, "\n");
    assert_int_equal(sqlite3_exec(d->db, sql, append_row, &d->text, NULL), SQLITE_OK);
    sqlite3_free(sql);
    return 0;
}

/* Every table as text, host facts left out. Freed by sqlite3_free. */
static char *dump(const char *path)
{
    struct dump d = {.text = sqlite3_mprintf("")};

    assert_int_equal(sqlite3_open_v2(path, &d.db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(d.db, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name", dump_table, &d, NULL),
        SQLITE_OK);
    sqlite3_close(d.db);
    return d.text;
}

static int integrity(void *ok, int n, char **cells, char **names)
{
    (void)n;
    (void)names;
    *(int *)ok = strcmp(cells[0], "ok") == 0;
    return 0;
}

static void assert_sound(const char *path)
{
    sqlite3 *db;
    int ok = 0;

    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "PRAGMA integrity_check", integrity, &ok, NULL), SQLITE_OK);
    sqlite3_close(db);
    assert_true(ok);
}

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static int exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0;
}

/* ---- the catalogue ---- */

static void catalogue(void **state)
{
    (void)state;
    for (unsigned k = 1; k < EV_COUNT; k++) {
        const struct event *e = &catalogue_events[k];
        assert_non_null(e->name);
        assert_true(e->ncols + e->nresults <= CATALOGUE_MAX_WORDS);
        assert_true(e->interval || e->nresults == 0);
        for (unsigned i = 0; i < e->ncols + e->nresults; i++) {
            assert_non_null(e->columns[i].name);
            assert_true(e->columns[i].type != COL_ENUM || e->columns[i].enum_name != NULL);
            for (unsigned j = 0; j < i; j++)
                assert_string_not_equal(e->columns[i].name, e->columns[j].name);
        }
    }
    /* the records of the guest and the tables agree on the order */
    assert_string_equal(
        catalogue_events[EV_transfer].columns[offsetof(struct ev_transfer, output) / 8 - HEAD_WORDS].name, "output");
    assert_string_equal(catalogue_events[EV_syscall].columns[catalogue_events[EV_syscall].ncols].name, "result");
}

/* ---- round trip ---- */

static uint64_t value_of(unsigned kind, unsigned column)
{
    return column % 3 == 2 ? 0xffffffc080200000ull + kind * 100 + column : kind * 1000003ull + column;
}

static void assert_row(sqlite3 *db, unsigned kind, uint64_t id, const struct event_stamp *at, uint64_t dur)
{
    const struct event *e = &catalogue_events[kind];
    char *sql = sqlite3_mprintf("SELECT * FROM \"%w\" WHERE id = %lld", e->name, (long long)id);
    sqlite3_stmt *s;
    int i = 0;

    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &s, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(s), SQLITE_ROW);
    assert_int_equal(sqlite3_column_int64(s, i++), id);
    assert_int_equal(sqlite3_column_int64(s, i++), at->insn);
    assert_int_equal(sqlite3_column_int64(s, i++), at->ts);
    if (e->interval)
        assert_int_equal(sqlite3_column_int64(s, i++), dur);
    assert_int_equal(sqlite3_column_int64(s, i++), at->proc);
    assert_int_equal((uint64_t)sqlite3_column_int64(s, i++), at->pc);
    assert_int_equal(sqlite3_column_int64(s, i++), at->cause);
    for (unsigned c = 0; c < e->ncols + e->nresults; c++, i++) {
        assert_string_equal(sqlite3_column_name(s, i), e->columns[c].name);
        assert_int_equal((uint64_t)sqlite3_column_int64(s, i), value_of(kind, c));
    }
    assert_int_equal(sqlite3_column_count(s), i);
    sqlite3_finalize(s);
    sqlite3_free(sql);
}

static void round_trip(void **state)
{
    struct recorder *r = start("round.db");
    uint64_t words[CATALOGUE_MAX_WORDS], ids[EV_COUNT];
    struct event_stamp at[EV_COUNT];
    sqlite3 *db;
    (void)state;

    for (unsigned k = 1; k < EV_COUNT; k++) {
        at[k] = (struct event_stamp){100 + k, 1000 + k, k, 0xffffffc000000000ull + k, k - 1};
        for (unsigned c = 0; c < catalogue_events[k].ncols; c++)
            words[c] = value_of(k, c);
        ids[k] = recorder_event(r, k, &at[k], words, catalogue_events[k].ncols);
        assert_int_equal(ids[k], k);
    }
    for (unsigned k = EV_COUNT - 1; k > 0; k--) { /* intervals may end in any order */
        for (unsigned c = 0; c < catalogue_events[k].nresults; c++)
            words[c] = value_of(k, catalogue_events[k].ncols + c);
        assert_int_equal(recorder_end(r, ids[k], k, at[k].ts + 7 * k, words, catalogue_events[k].nresults),
                         catalogue_events[k].interval ? 0 : -1);
    }
    stop(r);
    assert_sound("round.db");
    assert_int_equal(sqlite3_open("round.db", &db), SQLITE_OK);
    for (unsigned k = 1; k < EV_COUNT; k++)
        assert_row(db, k, ids[k], &at[k], 7 * k);
    sqlite3_close(db);
    assert_int_equal(number("round.db", "SELECT count(*) FROM event"), EV_COUNT - 1);
    assert_int_equal(number("round.db", "PRAGMA application_id"), TRACE_APPLICATION_ID);
    assert_int_equal(number("round.db", "PRAGMA user_version"), TRACE_SCHEMA_VERSION);
    assert_int_equal(number("round.db",
                            "SELECT complete FROM run WHERE instructions = 1 AND virtual_ns = 2 AND host_ns = 3 AND"
                            " exit_status = 0 AND stop_reason = 'exit' AND seed = 42 AND command = 'test'"),
                     1);
    assert_false(exists("round.db-wal"));
}

static void intervals(void **state)
{
    struct recorder *r = start("intervals.db");
    struct event_stamp at = {1, 10, 0, 0, 0};
    uint64_t fault, open_fault, segment, trap, words[8] = {0};
    (void)state;

    assert_int_equal(recorder_event(r, 0, &at, words, 0), 0);
    assert_int_equal(recorder_event(r, EV_COUNT, &at, words, 0), 0);
    assert_int_equal(recorder_event(r, EV_trap, &at, words, 3), 0); /* not its number of columns */
    trap = EVENT(r, &at, trap, .code = 1);
    fault = EVENT(r, &at, fault, .va = 5);
    open_fault = EVENT(r, &at, fault, .va = 6);
    segment = EVENT(r, &at, segment, .length = 7);
    assert_int_equal(trap, 1); /* what is refused takes no id */
    assert_int_equal(segment, 4);
    assert_int_equal(recorder_end(r, 99, EV_fault, 20, words, 2), -1);
    assert_int_equal(recorder_end(r, 0, EV_fault, 20, words, 2), -1);
    assert_int_equal(recorder_end(r, trap, EV_trap, 20, words, 0), -1);
    assert_int_equal(recorder_end(r, fault, EV_fill, 20, words, 1), -1);  /* another kind */
    assert_int_equal(recorder_end(r, fault, EV_fault, 20, words, 3), -1); /* not its number of results */
    assert_int_equal(END(r, fault, fault, 25, .resolution = EV_resolution_copied), 0);
    assert_int_equal(END(r, fault, fault, 26, .resolution = EV_resolution_zeroed), -1); /* twice */
    stop(r);
    assert_int_equal(number("intervals.db", "SELECT count(*) FROM fault WHERE id = 2 AND dur = 15 AND resolution = 4"),
                     1);
    assert_int_equal(
        number("intervals.db",
               "SELECT count(*) FROM fault WHERE id = 3 AND dur IS NULL AND resolution IS NULL AND va = 6"),
        1);
    assert_int_equal(open_fault, 3);
    assert_int_equal(number("intervals.db", "SELECT count(*) FROM segment WHERE id = 4 AND dur IS NULL AND length = 7"),
                     1);
    assert_int_equal(number("intervals.db", "SELECT value FROM diagnostic WHERE name = 'open_intervals'"), 2);
    assert_int_equal(number("intervals.db", "SELECT events FROM run"), 4);
}

static void strings(void **state)
{
    struct recorder *r = start("strings.db");
    char text[40];
    (void)state;

    assert_int_equal(recorder_string(r, "abc", 3), 1);
    assert_int_equal(recorder_string(r, "abcd", 4), 2);
    assert_int_equal(recorder_string(r, "abcd", 3), 1);
    assert_int_equal(recorder_string(r, "", 0), 3);
    assert_int_equal(recorder_string(r, "a\0b", 3), 4);
    assert_int_equal(recorder_string(r, "\xff\xc3\xa4\xc3", 4), 5);
    for (int i = 0; i < 10000; i++) /* the table grows while the writer reads */
        assert_int_equal(recorder_string(r, text, (size_t)snprintf(text, sizeof(text), "string %d", i)), 6 + i);
    assert_int_equal(recorder_string(r, "string 0", 8), 6);
    stop(r);
    assert_int_equal(number("strings.db", "SELECT count(*) FROM string"), 10005);
    assert_int_equal(number("strings.db", "SELECT count(*) FROM string WHERE id > 5 AND text = 'string ' || (id - 6)"),
                     10000);
    assert_int_equal(number("strings.db", "SELECT id FROM string WHERE text = ''"), 3);
    assert_int_equal(number("strings.db", "SELECT id FROM string WHERE text = 'a\\x00b'"), 4);
    assert_int_equal(number("strings.db", "SELECT id FROM string WHERE text = '\\xff\xc3\xa4\\xc3'"), 5);
}

/* More than the ring holds, intervals nested and crossing; every row arrives. */
static void many(void **state)
{
    struct recorder *r = start("many.db");
    struct event_stamp at = {0};
    uint64_t open[64] = {0};
    (void)state;

    for (uint64_t i = 0; i < 300000; i++) {
        at.insn = at.ts = i;
        if (i % 3 == 0) {
            EVENT(r, &at, trap, .tval = i);
            continue;
        }
        if (open[i % 64] != 0)
            assert_int_equal(END(r, open[i % 64], fault, i, .resolution = i % 10), 0);
        open[i % 64] = EVENT(r, &at, fault, .va = i);
    }
    stop(r);
    assert_int_equal(number("many.db", "SELECT count(*) FROM event"), 300000);
    assert_int_equal(number("many.db", "SELECT count(*) FROM trap WHERE tval = id - 1 AND ts = id - 1"), 100000);
    assert_int_equal(number("many.db", "SELECT count(*) FROM fault WHERE va = id - 1 AND ts = id - 1 AND (dur IS NULL "
                                       "OR resolution = (ts + dur) % 10)"),
                     200000);
    assert_int_equal(number("many.db", "SELECT count(*) FROM fault WHERE dur IS NULL"), 64);
    assert_int_equal(number("many.db", "SELECT count(*) FROM check_id"), 0);
}

/* ---- determinism ---- */

static void equal_runs(void **state)
{
    struct recorder *r;
    struct run_result result;
    char *a, *b;
    (void)state;

    record_sample("one.db");
    r = start("two.db");
    for (int i = 0; i < 3; i++) /* other batches, other times */
        usleep(70000);
    result = sample_record(r);
    usleep(150000);
    result.host_ns = 999;
    assert_int_equal(recorder_close(r, &result, err, sizeof(err)), 0);
    a = dump("one.db");
    b = dump("two.db");
    assert_string_equal(a, b);
    assert_true(strlen(a) > 10000);
    sqlite3_free(a);
    sqlite3_free(b);
}

/* Without a database the guest sees the same ids. */
static void no_database(void **state)
{
    struct recorder *r = start(NULL);
    struct event_stamp at = {0};
    uint64_t id;
    (void)state;

    sample_record(r);
    id = EVENT(r, &at, fault, .va = 1);
    assert_int_equal(id, SAMPLE_EVENTS + 1);
    assert_int_equal(END(r, id, fault, 1, .resolution = 1), 0);
    assert_int_equal(END(r, id, fault, 1, .resolution = 1), -1);
    assert_int_equal(recorder_string(r, "/in/big", 7), 2);
    assert_false(recorder_failed(r, err, sizeof(err)));
    stop(r);
}

/* ---- names of files ---- */

static void refused(const char *path, const char *why)
{
    struct recorder *r = recorder_open(path, NULL, err, sizeof(err));

    assert_null(r);
    if (strstr(err, why) == NULL || strstr(err, path) == NULL)
        fail_msg("message '%s' does not name '%s' and '%s'", err, path, why);
}

static void names(void **state)
{
    struct recorder *r;
    struct stat before, after;
    char text[16] = "";
    sqlite3 *other;
    FILE *f;
    (void)state;

    /* a free name is written to at once */
    r = start("name.db");
    assert_true(exists("name.db"));
    assert_false(exists("name.db.part"));
    assert_int_equal(number("name.db", "SELECT complete FROM run"), 0);
    refused("name.db", "another run is writing it");
    stop(r);
    assert_int_equal(stat("name.db", &before), 0);

    /* a trace keeps its name until the new one is whole; a stale part is overwritten */
    write_file("name.db.part", "stale");
    r = start("name.db");
    assert_int_equal(number("name.db", "SELECT complete FROM run"), 1);
    assert_int_equal(number("name.db.part", "SELECT complete FROM run"), 0);
    assert_int_equal(stat("name.db", &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
    sample_record(r);
    stop(r);
    assert_int_equal(number("name.db", "SELECT events FROM run"), SAMPLE_EVENTS);
    assert_false(exists("name.db.part"));

    /* a run that never began leaves nothing behind, and the old trace as it was */
    assert_int_equal(recorder_close(start("name.db"), NULL, err, sizeof(err)), 0);
    assert_false(exists("name.db.part"));
    assert_int_equal(number("name.db", "SELECT events FROM run"), SAMPLE_EVENTS);
    assert_int_equal(recorder_close(start("never.db"), NULL, err, sizeof(err)), 0);
    assert_false(exists("never.db"));
    assert_false(exists("never.db-wal"));

    /* somebody else's files are left alone */
    write_file("notes.txt", "precious");
    refused("notes.txt", "not a trace");
    f = fopen("notes.txt", "r");
    assert_non_null(fgets(text, sizeof(text), f));
    fclose(f);
    assert_string_equal(text, "precious");
    assert_false(exists("notes.txt.part"));
    assert_int_equal(sqlite3_open("other.db", &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "CREATE TABLE x(a)", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(other);
    refused("other.db", "not a trace");
    refused(".", "is a directory");
    refused("/dev/null", "not a regular file");
    refused("nowhere/x.db", "No such file");
    refused("", "No such file");
    write_file("empty.db", ""); /* as mktemp leaves it: there is nothing to lose */
    record_sample("empty.db");
    assert_int_equal(number("empty.db", "SELECT complete FROM run"), 1);

    /* a name is a name */
    record_sample(":memory:");
    assert_true(exists(":memory:"));
    record_sample("a b'c.db");
    assert_true(exists("a b'c.db"));
    assert_int_equal(symlink("name.db", "link.db"), 0);
    record_sample("link.db");
    assert_int_equal(lstat("link.db", &after), 0);
    assert_true(S_ISLNK(after.st_mode));
}

/* ---- no room ---- */

/* Records until the recorder fails or there is too much; the exit status of the child tells which. */
static int record_until_failure(const char *path)
{
    struct run_result result = {.stop_reason = "error: trace"};
    struct recorder *r = recorder_open(path, NULL, err, sizeof(err));
    struct event_stamp at = {0};
    int failed = 0;

    if (r == NULL)
        return 3;
    for (uint64_t i = 0; i < 2000000 && !failed; i++) {
        at.insn = at.ts = i;
        EVENT(r, &at, trap, .tval = i);
        failed = i % 1000 == 0 && recorder_failed(r, err, sizeof(err));
    }
    if (!failed || strstr(err, path) == NULL || strstr(err, "cannot write") == NULL || strchr(err, ';') == NULL)
        return 4;
    return recorder_close(r, &result, err, sizeof(err)) == -1 ? 0 : 5;
}

static int child(int (*fn)(void))
{
    int status;
    pid_t pid = fork();

    if (pid == 0)
        _exit(fn());
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 100 + WTERMSIG(status);
}

static int with_small_files(void)
{
    struct rlimit limit = {6 << 20, 6 << 20}; /* SIGXFSZ is not ignored: the recorder must see to that */

    setrlimit(RLIMIT_FSIZE, &limit);
    return record_until_failure("small.db");
}

static void file_limit(void **state)
{
    (void)state;
    assert_int_equal(child(with_small_files), 0);
    assert_sound("small.db"); /* what was written before is there, and dense */
    assert_int_equal(number("small.db", "SELECT complete FROM run"), 0);
    assert_true(number("small.db", "SELECT max(id) FROM trap") > 10000);
    assert_int_equal(number("small.db", "SELECT max(id) - count(*) + sum(tval <> id - 1) FROM trap"), 0);
}

static int with_full_disk(void)
{
    int status;

    if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 || mkdir("mnt", 0700) < 0 ||
        mount("trace", "mnt", "tmpfs", 0, "size=8m") < 0)
        return 77;
    record_sample("mnt/good.db");
    status = record_until_failure("mnt/good.db.part") ? 10 : 0; /* a part by name only: fails the same */
    unlink("mnt/good.db.part");
    unlink("mnt/good.db.part-wal");
    unlink("mnt/good.db.part-shm");
    if (status == 0) {
        struct recorder *r = start("mnt/good.db"); /* now beside a good trace */
        struct event_stamp at = {0};
        for (uint64_t i = 0; i < 1000000; i++)
            EVENT(r, &at, trap, .tval = i);
        status = recorder_close(r, &(struct run_result){0}, err, sizeof(err)) == -1 ? 0 : 11;
    }
    if (status == 0 && (number("mnt/good.db", "SELECT complete FROM run") != 1 ||
                        number("mnt/good.db", "SELECT events FROM run") != SAMPLE_EVENTS))
        status = 12;
    if (status == 0 && number("mnt/good.db.part", "SELECT max(id) - count(*) FROM trap") != 0)
        status = 13;
    if (status == 0) { /* not even room for the schema: refused, and nothing is left behind */
        FILE *f = fopen("mnt/filler", "w");
        while (f != NULL && fputc('x', f) != EOF && fflush(f) == 0)
            ;
        if (recorder_open("mnt/new.db", NULL, err, sizeof(err)) != NULL || strstr(err, "mnt/new.db") == NULL ||
            exists("mnt/new.db"))
            status = 14;
    }
    umount2("mnt", MNT_DETACH);
    return status;
}

static void full_disk(void **state)
{
    int status;
    (void)state;
    status = child(with_full_disk);
    if (status == 77) {
        print_message("# not tested here: no privilege to mount a small file system\n");
        return; /* cmocka's skip() counts as a failure in TAP */
    }
    assert_int_equal(status, 0);
}

/* ---- others look on ---- */

static void live_reader(void **state)
{
    struct recorder *r;
    sqlite3 *db;
    (void)state;

    r = start("live.db");
    sample_record(r);
    usleep(400000);
    assert_int_equal(number("live.db", "SELECT count(*) FROM transfer"), 9); /* before the end */
    assert_true(number("live.db", "SELECT events FROM run") >= 30);
    assert_int_equal(sqlite3_open("live.db", &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "BEGIN; SELECT count(*) FROM fault", NULL, NULL, NULL), SQLITE_OK);
    stop(r); /* a reader that stays does not spoil the run */
    assert_int_equal(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    assert_int_equal(number("live.db", "SELECT complete FROM run"), 1);
    assert_sound("live.db");
}

/* Readers that open the file as soon as it has its name do not stop the run. */
static void early_readers(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++) {
        int stopped;
        unlink("early.db");
        pid_t reader = fork();
        if (reader == 0) {
            alarm(60);
            for (;;) {
                sqlite3 *db;
                if (sqlite3_open_v2("early.db", &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK)
                    sqlite3_exec(db, "BEGIN; SELECT count(*) FROM sqlite_schema; COMMIT", NULL, NULL, NULL);
                sqlite3_close(db);
            }
        }
        struct recorder *r = start("early.db");
        sample_record(r);
        usleep(20000);
        stop(r);
        kill(reader, SIGKILL);
        waitpid(reader, &stopped, 0);
        assert_int_equal(number("early.db", "SELECT complete FROM run"), 1);
        assert_int_equal(number("early.db", "SELECT events FROM run"), SAMPLE_EVENTS);
    }
}

/* ---- the set of open intervals, against an array ---- */

static void open_set(void **state)
{
    enum { IDS = 3000 };
    static unsigned char in[IDS];
    uint64_t x = getenv("TARRY_SEED") ? strtoull(getenv("TARRY_SEED"), NULL, 0) : 88172645463325252;
    struct openset s;
    unsigned count = 0;
    (void)state;

    print_message("# TARRY_SEED=%llu\n", (unsigned long long)x);
    assert_int_equal(openset_init(&s), 0);
    for (int step = 0; step < 400000; step++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        uint64_t id = x % IDS;
        struct record *rec = openset_find(&s, id * 256);
        assert_int_equal(rec != NULL, in[id]);
        if (rec != NULL)
            assert_int_equal(rec->words[W_COLUMNS], id);
        if (rec == NULL && (step / 50000) % 2 == 0) {
            openset_add(&s, id * 256)->words[W_COLUMNS] = id;
            in[id] = 1;
            count++;
        } else if (rec != NULL && (step / 50000) % 2 == 1) {
            openset_remove(&s, id * 256);
            in[id] = 0;
            count--;
        }
        assert_int_equal(openset_count(&s), count);
    }
    openset_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(catalogue),   cmocka_unit_test(round_trip),  cmocka_unit_test(intervals),
        cmocka_unit_test(strings),     cmocka_unit_test(many),        cmocka_unit_test(equal_runs),
        cmocka_unit_test(no_database), cmocka_unit_test(names),       cmocka_unit_test(file_limit),
        cmocka_unit_test(full_disk),   cmocka_unit_test(live_reader), cmocka_unit_test(early_readers), cmocka_unit_test(open_set),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, setup, teardown);
}
