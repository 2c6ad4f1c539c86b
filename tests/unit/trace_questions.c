/* SPDX-License-Identifier: GPL-2.0-only */
/* The canned queries about memory and time, and about two traces, on a small trace of paging with known answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <sqlite3.h>
#include <unistd.h>
#include "traces/catalogue.h"
#include "trace_db.h"
#include "trace_rows.h"
#include "unit/trace_paging.h"

static struct trace_db trace;
static sqlite3 *db;

static int setup(void **state)
{
    (void)state;
    if (trace_db_make(&trace, NULL, paging_record) != 0)
        return -1;
    db = trace.db;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    return trace_db_drop(&trace);
}

static char *ask(const char *name, const char *param, sqlite3_int64 value)
{
    return trace_rows(db, canned(name), param, value);
}

static void working_set(void **state)
{
    (void)state;
    assert_string_equal(ask("working-set", ":window", 50000), "0|3|3|3|1|1|1\n"
                                                              "50000|2|2|0|2|2|1\n"
                                                              "100000|2|2|1|4|3|1\n"
                                                              "150000|0|0|0|0|0|1\n"
                                                              "200000|0|0|0|0|0|1\n");
    assert_string_equal(ask("working-set", ":window", 1000000), "0|7|4|4|0|0|1\n");
    assert_null(strstr(ask("working-set", ":proc", 1), "\n120000|0|"));
    assert_non_null(strstr(ask("working-set", ":proc", 99), "\n120000|0|0|0|4|4|1\n"));
    assert_non_null(strstr(ask("working-set", NULL, 0), "\n120000|1|1|0|4|4|1\n")); /* 50 windows of 4000 ns */
}

static void reuse(void **state)
{
    (void)state;
    assert_string_equal(ask("reuse-distance", NULL, 0), "0|0|0.0|1|100.0\n1|2|28.57|1|100.0\n2-3|1|14.29|1|100.0\n(first)|4|57.14|1|100.0\n");
    assert_string_equal(ask("reuse-distance", ":limit", 4), "0|0|0.0|1|50.0\n1|1|25.0|1|50.0\n(first)|3|75.0|1|50.0\n");
    assert_string_equal(ask("miss-ratio", NULL, 0), "1|7|7|1.0|1|100.0\n2|7|5|0.7143|1|100.0\n4|7|4|0.5714|1|100.0\n");
    assert_string_equal(ask("miss-ratio", ":proc", 99), "");
}

/* Of a sample every count is a multiple, and the samples of all hashes would add up: here one page in 2 or none. */
static void sampled(void **state)
{
    (void)state;
    assert_string_equal(trace_rows(db, "SELECT sum(((va >> 12) * 2654435761 + segment * 40503 >> 16 & 0xffffff) % 2 = 0)"
                                       " BETWEEN 1 AND 6 FROM fault WHERE resolution BETWEEN 1 AND 7",
                                   NULL, 0), "1\n");
    assert_non_null(strstr(ask("working-set", ":sample", 2), "|2\n"));
    assert_null(strstr(ask("working-set", ":sample", 2), "|1|2\n"));
    assert_non_null(strstr(ask("reuse-distance", ":sample", 2), "|2|100.0\n"));
}

/* Zeroed 1 1 2 3, paged in 10 20 20, no segment 0.5, each in us; one has not ended. */
static void latency(void **state)
{
    (void)state;
    assert_string_equal(ask("fault-latency", NULL, 0),
                        "zeroed|4|7000|1750|1000|1000|3000|3000|3000|3000\n"
                        "paged_in|3|50000|16666|10000|20000|20000|20000|20000|20000\n"
                        "no_segment|1|500|500|500|500|500|500|500|500\n"
                        "(all)|8|57500|7187|500|2000|20000|20000|20000|20000\n");
    assert_string_equal(ask("fault-histogram", NULL, 0),
                        "zeroed|512|1024|2|50.0|#########################\n"
                        "zeroed|1024|2048|1|25.0|############\n"
                        "zeroed|2048|4096|1|25.0|############\n"
                        "paged_in|8192|16384|1|33.3|################\n"
                        "paged_in|16384|32768|2|66.7|#################################\n"
                        "no_segment|256|512|1|100.0|##################################################\n");
}

static void dirty(void **state)
{
    (void)state;
    assert_string_equal(
        ask("dirty-pages", NULL, 0),
        "5|10000|pager|2|memory|0x1000000000|fault 4 at pc 0x10000|swapped|30000|(kernel)\n"
        "8|20000|pager|2|memory|0x1000001000|fault 7 at pc 0x10004|swapped|25000|(kernel)\n"
        "11|30000|pager|2|memory|0x1000002000|fault 10 at pc 0x10008|(dirty)|-|-\n"
        "16|60000|pager|2|memory|0x1000001000|fault 15 at pc 0x10004|(dirty)|-|-\n"
        "19|70000|pager|2|memory|0x1000000000|fault 18 at pc 0x10000|swapped|25000|(kernel)\n"
        "23|110000|pager|2|memory|0x1000003000|fault 22 at pc 0x1000c|clean|36000|pwrite 27\n"
        "26|120000|pager|2|memory|0x1000000000|fault 25 at pc 0x10000|(dirty)|-|-\n");
    assert_int_equal(strncmp(ask("dirty-pages", ":va", PAGING_BASE + 3 * 4096 + 17), "23|", 3), 0);
    assert_string_equal(ask("dirty-pages", ":segment", 3), "");
    assert_int_equal(strncmp(ask("dirty-pages", ":limit", 1), "5|10000|", 8), 0);
}

static void by_line(void **state)
{
    (void)state;
    assert_string_equal(ask("faults-by-line", NULL, 0), "pager|0x10000|-|3|0|1|0|2|0|41000|13666|20000|1|-\n"
                                                        "pager|0x10004|-|2|0|1|0|1|0|12000|6000|10000|1|-\n"
                                                        "pager|0x10008|-|1|0|1|0|0|0|3000|3000|3000|1|-\n"
                                                        "pager|0x1000c|-|1|0|1|0|0|0|1000|1000|1000|1|-\n"
                                                        "pager|0x20000|-|2|0|0|0|0|0|500|250|500|1|-\n");
    assert_string_equal(ask("faults-by-line", ":proc", 99), "");
    /* two instructions of one source line, one of another function without lines */
    assert_int_equal(sqlite3_exec(db,
                                  "BEGIN; INSERT INTO image VALUES(0, '/bin/pager', 0, 0, 1, 1, '');"
                                  "INSERT INTO symbol VALUES(1, 0, 65536, 8, 'main'), (2, 0, 65544, 8, 'help');"
                                  "INSERT INTO source_line VALUES(1, 0, 'pager.c', 12);"
                                  "INSERT INTO instruction VALUES(1, 0, 65536, 1, 'sd', 1, 0, 1), (2, 0, 65540, 1, 'sb', 1, "
                                  "4, 1), (3, 0, 65544, 1, 'sh', 2, 0, NULL)",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    assert_string_equal(ask("faults-by-line", ":limit", 2), "/bin/pager|pager.c:12|main|5|0|2|0|3|0|53000|10600|20000|2|sd\n"
                                                            "/bin/pager|help+0x0|help|1|0|1|0|0|0|3000|3000|3000|1|sh\n");
    assert_int_equal(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
}

/* The process runs from 2 us, waits for the disk from 50 to 80, gets the hart again at 85. */
static void waits(void **state)
{
    static const char sql[] =
        "BEGIN;"
        "INSERT INTO sched(id, insn, ts, proc, pc, cause, next, reason, wait) VALUES(101, 0, 2000, 0, 0, 0, 1, 4, 0),"
        " (102, 0, 50000, 1, 0, 0, 0, 2, 1), (104, 0, 85000, 0, 0, 0, 1, 4, 0), (105, 0, 160000, 1, 0, 0, 0, 3, 0);"
        "INSERT INTO wake(id, insn, ts, proc, pc, cause, waker) VALUES(103, 0, 80000, 1, 0, 0, 0);"
        "UPDATE run SET complete = 0"; /* so that the rows are counted; tests/trace.t compares with what was kept */

    (void)state;
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_string_equal(ask("waits", NULL, 0), "1|1|pager|running|-|2|123000|77.4|75000\n"
                                               "1|1|pager|blocked|disk|1|30000|18.9|30000\n"
                                               "1|1|pager|ready|-|2|6000|3.8|5000\n");
    assert_string_equal(ask("waits", ":proc", 2), "");
    assert_int_equal(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
}

struct change {
    const char *sql, *difference;
};

/* Each kind of difference, in the other trace; equal traces have none. */
static void first_difference(void **state)
{
    char copy[80];
    static const struct change changes[] = {
        {"SELECT 1", ""},
        {"UPDATE fault SET pc = 1 WHERE id = 15", "15|fault|60000|60000|0x10004|14|pc|65540|1\n"},
        {"UPDATE fault SET va = 1 WHERE id = 15; UPDATE page SET va = 2 WHERE id = 16",
         "15|fault|60000|60000|0x10004|14|va|68719480840|1\n"},
        /* what ends otherwise counts when it ends */
        {"UPDATE fault SET resolution = 5 WHERE id = 15", "15|fault|70000|60000|0x10004|14|resolution|7|5\n"},
        {"UPDATE segment SET dur = 1000; UPDATE page SET va = 2 WHERE id = 16",
         "2|segment|3000|2000|0x0|0|dur|158000|1000\n"},
        {"UPDATE segment SET dur = 157999; UPDATE page SET va = 2 WHERE id = 16",
         "16|page|60000|60000|0x10004|15|va|68719480832|2\n"},
        {"UPDATE fault SET dur = NULL WHERE id = 29", "29|fault|148500|148000|0x20000|0|dur|500|NULL\n"},
        {"INSERT INTO string VALUES(50, 'killed'); UPDATE process SET status = 50",
         "1|process|160000|1000|0x0|0|status||killed\n"},
        {"DELETE FROM page WHERE id = 28; INSERT INTO note VALUES(28, 146000, 146000, 1, 1, 1, 1)",
         "28|page|146000|146000|0x10000|27|(kind)|page|note\n"},
        {"DELETE FROM fault WHERE id = 30", "30|fault|149000|149000|0x20000|0|(kind)|fault|(ended)\n"},
        {"INSERT INTO note VALUES(31, 170000, 170000, 1, 1, 1, 1)",
         "31|note|170000|170000|0x1|1|(kind)|(ended)|note\n"},
    };
    char sql[128];

    (void)state;
    for (unsigned k = EV_none + 1; k < EV_COUNT; k++) /* no event is forgotten */
        for (unsigned i = 0; i < catalogue_events[k].ncols + catalogue_events[k].nresults; i++) {
            snprintf(sql, sizeof(sql), " \"%s\" AS a ", catalogue_events[k].name);
            assert_non_null(strstr(canned("first-difference"), sql));
            snprintf(sql, sizeof(sql), "THEN '%s'", catalogue_events[k].columns[i].name);
            assert_non_null(strstr(canned("first-difference"), sql));
        }
    snprintf(copy, sizeof(copy), "%s/copy.db", trace.dir);
    assert_int_equal(trace_db_write(copy, NULL, paging_record), 0);
    snprintf(sql, sizeof(sql), "ATTACH '%s' AS b", copy);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    /* without digests; with digests that differ, as they would have been recorded */
    static const char *const digests[] = {"DELETE FROM digest", "UPDATE digest SET begun = begun + 1, ended = ended + 1"};
    for (size_t n = 0; n < 2 * sizeof(changes) / sizeof(changes[0]); n++) {
        size_t i = n / 2;
        sqlite3 *other;
        assert_int_equal(sqlite3_open(copy, &other), SQLITE_OK);
        if (sqlite3_exec(other, changes[i].sql, NULL, NULL, NULL) != SQLITE_OK)
            fail_msg("%s: %s", changes[i].sql, sqlite3_errmsg(other));
        assert_int_equal(sqlite3_exec(other, digests[n % 2], NULL, NULL, NULL), SQLITE_OK);
        sqlite3_close(other);
        assert_string_equal(ask("first-difference", NULL, 0), changes[i].difference);
        assert_int_equal(unlink(copy) | trace_db_write(copy, NULL, paging_record), 0);
        assert_int_equal(sqlite3_exec(db, "DETACH b", NULL, NULL, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    }
    assert_int_equal(sqlite3_exec(db, "DETACH b", NULL, NULL, NULL), SQLITE_OK);
    unlink(copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(working_set), cmocka_unit_test(reuse), cmocka_unit_test(sampled),   cmocka_unit_test(latency),
        cmocka_unit_test(dirty),       cmocka_unit_test(by_line), cmocka_unit_test(waits), cmocka_unit_test(first_difference),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, setup, teardown);
}
