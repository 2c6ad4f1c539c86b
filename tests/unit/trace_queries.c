/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The canned queries, views and invariants on a small trace with known answers.
 * `trace_queries --write DB` leaves that trace in DB for tests/trace.t.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include "traces/query.h"
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

static char *rows(const char *sql, const char *param, sqlite3_int64 value)
{
    return trace_rows(db, sql, param, value);
}

#define ANSWER(name, expected) assert_string_equal(rows(canned(name), NULL, 0), expected)

static void summary(void **state)
{
    (void)state;
    ANSWER(
        "summary",
        "instructions|46000\nvirtual_ns|46000\nhost_ns|123\nexit_status|0\nprocesses|1\nsyscalls|5\nfaults|3\nfills|1\n"
        "snapshots|1\nbytes_asked|1048676\nbytes_copied|8292\npages_skipped|255\nblocks_preserved|1\ndisk_requests|5\n"
        "disk_sectors_read|16\ndisk_sectors_read_meta|8\ndisk_sectors_written|24\ndisk_sectors_written_meta|16\nevents|"
        "41\n");
}

static void faults(void **state)
{
    (void)state;
    ANSWER("faults", "detached|defer|1|0|1500|1500|1500|1500\n"
                     "filled|defer|1|0|8000|8000|8000|8000\n"
                     "zeroed|text|1|1|200|200|200|200\n");
}

static void transfers(void **state)
{
    (void)state;
    ANSWER("transfers",
           "disk|data|in|1|4096|0\ndisk|data|out|1|4096|0\ndisk|meta|in|1|4096|0\ncache|data|in|1|4096|0\n"
           "copy|data|in|1|4096|1\neager|data|in|1|100|0\nwrite|data|out|1|4096|1\nskip|data|out|1|1044480|255\n"
           "preserve|data|in|1|4096|0\n");
}

/* docs/experiments.md: what its queries say of one read, one fill, one store and one write-back. */
static void experiments(void **state)
{
    (void)state;
    ANSWER("experiment-cost", "deferred|256|1|900|3|1|2|8|8|38000|38000\n");
    ANSWER("experiment-pieces", "deferred|1|1|1048576|0|1|1.0|1|1|4096\n");
    ANSWER("experiment-blocks", "1|1|1|1\n");
    ANSWER("experiment-writeback", "1|deferred|1048576|1|1|255|1|24|40000|10000\n");
    ANSWER("experiment-phases", "0|5|3|1|0|1|16|24|1|0|45000|45000\n");
    ANSWER("experiment-foreign", "deferred|snapshot|255|0|1\n");
    ANSWER("experiment-preserve", "range|1|1|1|1\n");
    ANSWER("experiment-fork", "1|-|0|-|2|1|0|0|1|0|1\n");
}

#define STORED "detached|1|"
#define FILLED "filled, tree and block from the disk|1|"

static void fault_phases(void **state)
{
    (void)state;
    ANSWER("fault-phases", STORED "trap entry: registers, segment lookup|1.0|1000|40.0|1\n"
           STORED "page map, source map, memory for the page|1.0|1000|40.0|1\n"
           STORED "mapping (putmmu), end|1.0|500|20.0|1\n"
           FILLED "trap entry: registers, segment lookup|1.0|1000|11.1|1\n"
           FILLED "page map, source map, memory for the page|1.0|1000|11.1|1\n"
           FILLED "where the block is: file tree, block cache|1.0|1000|11.1|1\n"
           FILLED "disk request: building and submitting|2.0|2000|22.2|1\n"
           FILLED "giving up the hart|2.0|2000|22.2|1\n"
           FILLED "the page enters the page map|1.0|1000|11.1|1\n"
           FILLED "mapping (putmmu), end|1.0|1000|11.1|1\n");
}

/* The chain of one fault, in order: who, where, source, trap, fault, effects. */
static void explain_fault(void **state)
{
    char *text;
    (void)state;
    ANSWER("explain-fault",
           "process|1|-10000|45000|pid 1 /bin/sparse\n"
           "segment|4|-7000|42000|defer segment, reads deferred, 0x2000000000 + 1048576 bytes\n"
           "snapshot|7|-4000|38000|of file 7 /in/big, 1048576 bytes, 1 blocks preserved\n"
           "source|8|-3000|-|snapshot from offset 0, 0x2000000000 + 1048576 bytes; by pread 6\n"
           "trap|9|-1000|-|load_page at pc 0x10100, stval 0x2000003008\n"
           "fault|10|0|8000|read of 0x2000003008 by pc 0x10100: filled\n"
           "fill|11|1000|6500|page 0x2000003000 from 1 pieces, error 0\n"
           "transfer|12|2000|-|disk meta, 4096 bytes, file 7 offset 0, block 40\n"
           "disk_request|13|3000|10000|read meta, sectors 320 + 8, waited 1000, served in 9000 ns, status 0\n"
           "transfer|14|4000|-|disk data, 4096 bytes, file 7 offset 12288, block 103\n"
           "disk_request|15|5000|12000|read data, sectors 824 + 8, waited 1000, served in 11000 ns, status 0\n"
           "transfer|16|6000|-|copy data, 4096 bytes, file 7 offset 12288, block 0\n"
           "page|17|7000|-|sourced becomes clean\n");
    text = rows(canned("explain-fault"), ":fault", 23);
    assert_non_null(strstr(text, "syscall|22|-1000|4000|pread(0x4, 0x11000, 0x1000, 0x0) = 100\n"));
    assert_non_null(strstr(text, "fault|23|0|200|write of 0x11000 by pc 0x10100: zeroed, in the kernel\n"));
    assert_string_equal(rows(canned("explain-fault"), ":fault", 24), ""); /* not a fault */
    /* a forked segment has its source from the one it was forked from, if that was there before the fork */
    assert_int_equal(sqlite3_exec(db,
                                  "BEGIN; UPDATE segment SET parent = 4, id = 9000 WHERE id = 3;"
                                  " UPDATE fault SET segment = 9000, id = 9001 WHERE id = 10",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    assert_non_null(strstr(rows(canned("explain-fault"), ":fault", 9001), "\nsource|8|-3000|-|snapshot from offset 0"));
    assert_int_equal(sqlite3_exec(db, "UPDATE source SET id = 9002", NULL, NULL, NULL), SQLITE_OK);
    assert_null(strstr(rows(canned("explain-fault"), ":fault", 9001), "\nsource|"));
    assert_int_equal(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
}

static void why_block(void **state)
{
    (void)state;
    ANSWER(
        "why-block",
        "13|14000|read|meta|320|8|12|/in/big|0|11|fault 10: read of 0x2000003008 by pid 1 /bin/sparse at pc 0x10100\n"
        "15|16000|read|data|824|8|14|/in/big|12288|11|fault 10: read of 0x2000003008 by pid 1 /bin/sparse at pc "
        "0x10100\n"
        "33|36000|write|data|1600|8|32|/in/big|12288|-|commit 31 of epoch 5, in pwrite 27\n"
        "34|37000|write|meta|1608|16|-|-|-|-|commit 31 of epoch 5, in pwrite 27\n"
        "35|38000|flush|unknown|0|0|-|-|-|-|commit 31 of epoch 5, in pwrite 27\n");
    assert_int_equal(strncmp(rows(canned("why-block"), ":sector", 1623), "34|", 3), 0);
    assert_string_equal(rows(canned("why-block"), ":sector", 1624), "");
    assert_int_equal(strncmp(rows(canned("why-block"), ":block", 103), "15|", 3), 0);
    assert_int_equal(strncmp(rows(canned("why-block"), ":offset", 12289), "15|", 3), 0);
    assert_int_equal(strncmp(rows(canned("why-block"), ":limit", 1), "13|", 3), 0);
    /* what the kernel does for itself to boot is for the first process; a program that ran names its file */
    assert_int_equal(sqlite3_exec(db, "BEGIN; UPDATE disk_request SET cause = 1 WHERE id = 13; UPDATE program SET file = 77;"
                                      "UPDATE transfer SET file = 77 WHERE id = 14", NULL, NULL, NULL), SQLITE_OK);
    assert_non_null(strstr(rows(canned("why-block"), NULL, 0), "|the kernel, for process 1 (pid 1): before"));
    assert_non_null(strstr(rows(canned("why-block"), NULL, 0), "|14|/bin/sparse|12288|"));
    assert_int_equal(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
}

static void syscalls(void **state)
{
    (void)state;
    ANSWER("syscalls", "pwrite|1|0|1048576|40000|40000|10000|10000|10000\n"
                       "pread|3|0|1048681|3200|1066|8000|2666|4000\n"
                       "exits|1|-|-|-|-|-|-|-\n");
    ANSWER("calls", "6|6000|3000|1 /bin/sparse|pread(3, 0x2000000000, 1048576, -1) = 1048576\n"
                    "22|23000|4000|1 /bin/sparse|pread(4, 0x11000, 4096, 0) = 100\n"
                    "26|28000|1000|1 /bin/sparse|pread(0, 0x11000, 4096, 0) = 5\n"
                    "27|30000|10000|1 /bin/sparse|pwrite(3, 0x2000000000, 1048576, 0) = 1048576\n"
                    "39|44000|-|1 /bin/sparse|exits(0x0) = ?\n");
}

static void others(void **state)
{
    (void)state;
    ANSWER("processes", "1|1|-|/bin/sparse||1000|45000|5|3|8292|1\n");
    ANSWER("segments", "3|1|/bin/sparse|text|eager|0x10000|8192|0|43000|0|0|1|0|0|0\n"
                       "4|1|/bin/sparse|defer|deferred|0x2000000000|1048576|0|42000|1|1048576|2|1|4096|1\n");
    ANSWER("snapshots", "7|7|/in/big|1048576|5|1|/bin/sparse|7000|38000|1|1048576|1\n");
    ANSWER("disk", "0|read|data|1|8|4096|0|0|11000|1000|12000\n0|read|meta|1|8|4096|0|0|9000|1000|10000\n"
                   "0|write|data|1|8|4096|0|0|10000|1000|11000\n0|write|meta|1|16|8192|1|0|12000|1000|13000\n"
                   "0|flush|unknown|1|0|0|0|0|4000|1000|5000\n");
    ANSWER("files", "7|/in/big|1|1048576|8192|0|4096|0|4096|1044480|4096|1\n9|/in/small|1|100|0|4096|0|100|0|0|0|1\n");
    ANSWER("slowest-faults", "10|8000|1|/bin/sparse|0x10100|0x2000003008|read|defer|filled|0|2|22000\n"
                             "19|1500|1|/bin/sparse|0x10100|0x2000003000|write|defer|detached|0|0|0\n"
                             "23|200|1|/bin/sparse|0x10100|0x11000|write|text|zeroed|1|0|0\n");
}

/* What moved, by the end of the chain of causes; where the faults were; the run in one row. */
static void tlb(void **state)
{
    (void)state;
    ANSWER("tlb", "read|2000000|50|25.0|20|30|1|2.0|6|11\n");
    char *text = rows(canned("tlb-stale"), NULL, 0);
    assert_non_null(strstr(text, "|write|0x2000|0|0x20000401|0x20000801|0x1040|900\n"));
}

static void moved(void **state)
{
    (void)state;
    ANSWER("syscall-transfers", "pread|0|0|4096|0|0|100|0|0|0|0|0\n"
                                "pwrite|0|4096|0|0|0|0|4096|1044480|4096|0|0\n"
                                "(page fault)|8192|0|0|4096|0|0|0|0|0|0|0\n");
    ANSWER("os161", "faults that were resolved|3\nTLB Reloads|0\nPage Faults (Zeroed)|1\nPage Faults (Disk)|1\n"
                    "Page Faults from ELF|1\nPage Faults from Swapfile|0\nSwapfile Writes|0\ncopies (not in OS/161)|1\n"
                    "identity: faults - reloads - zeroed - disk - copies|0\n"
                    "identity: from ELF - faults with a page composed|0\n"
                    "identity: from swapfile beyond what was read of it|0\n");
    ANSWER("faults-by-line", "/bin/sparse|0x10100|-|3|1|1|1|0|1|9700|3233|8000|1|-\n");
    ANSWER("policies", "-|-|deferred|-|-|0|46000|46000|5|3|9700|1048676|8192|12288|5|8292|1044480|1\n");
}

/* Every view of the schema can be read, every invariant holds and is counted by `checks`. */
static void views_and_checks(void **state)
{
    char names[8192];
    char *save, *name, sql[256];
    (void)state;
    snprintf(names, sizeof(names), "%s", rows("SELECT name FROM sqlite_schema WHERE type = 'view'", NULL, 0));
    for (name = strtok_r(names, "\n", &save); name != NULL; name = strtok_r(NULL, "\n", &save)) {
        snprintf(sql, sizeof(sql), "SELECT * FROM \"%s\"", name);
        if (strncmp(name, "check_", 6) == 0)
            assert_string_equal(rows(sql, NULL, 0), "");
        else
            rows(sql, NULL, 0);
        snprintf(sql, sizeof(sql), "'%s'", name);
        if (strncmp(name, "check_", 6) == 0)
            assert_non_null(strstr(canned("checks"), sql));
    }
    assert_null(strstr(rows(canned("checks"), NULL, 0), "|1|"));
    assert_string_equal(rows("SELECT count(*), min(id), max(id), count(DISTINCT id) FROM event", NULL, 0),
                        "41|1|41|41\n");
    assert_string_equal(rows("SELECT number, a1, result, error, proc_name FROM syscall_view WHERE id = 6", NULL, 0),
                        "pread|0x2000000000|1048576|-|/bin/sparse\n");
}

struct breakage {
    const char *check, *sql;
};

/* Negative control: an invariant that nothing breaks checks nothing. */
static void checks_find(void **state)
{
    static const struct breakage broken[] = {
        {"check_id", "DELETE FROM note"},
        {"check_order", "UPDATE transfer SET ts = 1 WHERE id = 30"},
        {"check_cause", "UPDATE fill SET cause = 12"},
        {"check_fault_resolution", "UPDATE fault SET resolution = 0 WHERE id = 19"},
        {"check_fault_resolution", "UPDATE fault SET dur = NULL WHERE id = 19"},
        {"check_fault_cause", "UPDATE fault SET cause = 0 WHERE id = 10"},
        {"check_fill_cause", "UPDATE fill SET cause = 0"},
        {"check_disk_request_cause", "UPDATE disk_request SET cause = 0 WHERE id = 15"},
        {"check_fault_evidence", "UPDATE fault SET resolution = 1 WHERE id = 10"},
        {"check_fault_evidence", "DELETE FROM fill"},
        {"check_fault_evidence", "UPDATE fault SET resolution = 7 WHERE id = 19"},
        {"check_fault_evidence", "UPDATE transfer SET boundary = 7, cause = 19 WHERE id = 14; "
                                 "UPDATE fault SET resolution = 3 WHERE id = 19"},
        {"check_disk_bytes", "UPDATE transfer SET bytes = 512 WHERE id = 14"},
        {"check_segment", "DELETE FROM segment WHERE id = 4"},
        {"check_snapshot", "DELETE FROM snapshot"},
        {"check_snapshot_released", "UPDATE snapshot SET dur = NULL"},
        {"check_skip", "UPDATE transfer SET cause = 22 WHERE id = 29"},
        {"check_page_state", "UPDATE page SET old = 3 WHERE id = 20"},
    };
    char sql[128], found[256];
    (void)state;
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        assert_int_equal(sqlite3_exec(db, "BEGIN", NULL, NULL, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_exec(db, broken[i].sql, NULL, NULL, NULL), SQLITE_OK);
        snprintf(sql, sizeof(sql), "SELECT count(*) > 0 FROM %s", broken[i].check);
        snprintf(found, sizeof(found), "%s: %s", broken[i].check, rows(sql, NULL, 0));
        snprintf(sql, sizeof(sql), "%s: 1\n", broken[i].check);
        assert_string_equal(found, sql);
        assert_int_equal(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    }
}

/* Table doc names every column of every table, and nothing else. */
static void documented(void **state)
{
    (void)state;
    assert_string_equal(
        rows("SELECT t.name, c.name FROM sqlite_schema AS t JOIN pragma_table_info(t.name) AS c WHERE t.type = 'table'"
             " AND t.name NOT LIKE 'sqlite_%' AND NOT EXISTS (SELECT 1 FROM doc WHERE \"table\" = t.name AND"
             " \"column\" = c.name AND description <> '')",
             NULL, 0),
        "");
    assert_string_equal(
        rows("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%'"
             " AND NOT EXISTS (SELECT 1 FROM doc WHERE \"table\" = name AND \"column\" = '')",
             NULL, 0),
        "");
    assert_string_equal(rows("SELECT * FROM doc WHERE \"column\" <> '' AND NOT EXISTS"
                             " (SELECT 1 FROM pragma_table_info(doc.\"table\") WHERE name = doc.\"column\")",
                             NULL, 0),
                        "");
    assert_string_equal(rows("SELECT sql FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND sql "
                             "NOT LIKE '%STRICT'",
                             NULL, 0),
                        "");
}

static void reads_only(void **state)
{
    static const char *const refused[] = {
        "DELETE FROM fault",
        "INSERT INTO string VALUES(99, 'x')",
        "UPDATE run SET complete = 0",
        "UPDATE sqlite_schema SET sql = ''",
        "DROP TABLE fault",
        "CREATE TABLE x(a)",
        "CREATE TEMP TABLE x(a)",
        "ATTACH 'other.db' AS o",
        "DETACH main",
        "PRAGMA journal_mode = WAL",
        "PRAGMA writable_schema = 1",
        "PRAGMA wal_checkpoint",
        "PRAGMA user_version = 7",
        "VACUUM",
        "VACUUM INTO '/tmp/trace_queries.vacuum'",
        "BEGIN",
        "SAVEPOINT a",
        "REINDEX",
        "ANALYZE",
        "SELECT load_extension('x')",
        "SELECT 1; SELECT 2",
        "SELECT 1; DROP TABLE run",
        "",
        "-- nothing",
        "SELEC 1",
        "SELECT nothing FROM fault",
        "SELECT * FROM pragma_journal_mode('wal')",
        "INSERT INTO string VALUES(99, 'x') RETURNING id",
    };
    static const char *const allowed[] = {
        "SELECT count(*) FROM fault;",
        "SELECT 1; -- more to say",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 3)"
        " SELECT * FROM n",
        "VALUES(1, 2)",
        "EXPLAIN SELECT 1",
        "EXPLAIN QUERY PLAN SELECT * FROM event WHERE id = 3",
        "PRAGMA table_info('fault')",
        "SELECT * FROM pragma_table_info('fault')",
        "PRAGMA integrity_check",
        "PRAGMA user_version",
    };
    char err[512];
    sqlite3 *q = query_open(trace.path, err, sizeof(err));
    (void)state;
    assert_non_null(q);
    assert_true(query_is_complete(q));
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        sqlite3_stmt *s = query_prepare(q, refused[i], err, sizeof(err));
        if (s == NULL)
            assert_non_null(strchr(err, ';')); /* what is wrong; what to do */
        else if (sqlite3_step(s) == SQLITE_ROW || sqlite3_errcode(q) == SQLITE_DONE)
            fail_msg("allowed: %s", refused[i]);
        sqlite3_finalize(s);
    }
    for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
        sqlite3_stmt *s = query_prepare(q, allowed[i], err, sizeof(err));
        if (s == NULL)
            fail_msg("refused: %s: %s", allowed[i], err);
        assert_int_equal(sqlite3_step(s), SQLITE_ROW);
        sqlite3_finalize(s);
    }
    sqlite3_close(q);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(summary),       cmocka_unit_test(faults),           cmocka_unit_test(transfers),
        cmocka_unit_test(experiments),
        cmocka_unit_test(fault_phases),
        cmocka_unit_test(explain_fault), cmocka_unit_test(why_block),        cmocka_unit_test(syscalls),
        cmocka_unit_test(others),        cmocka_unit_test(views_and_checks), cmocka_unit_test(checks_find),
        cmocka_unit_test(documented),    cmocka_unit_test(moved),            cmocka_unit_test(tlb),
        cmocka_unit_test(reads_only),
    };
    if (argc == 3 && strcmp(argv[1], "--write") == 0)
        return trace_db_write(argv[2], "deferred", sample_record) == 0 ? 0 : 1;
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, setup, teardown);
}
