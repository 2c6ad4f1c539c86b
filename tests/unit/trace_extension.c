/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The SQL functions of docs/extension.md through the C API, on the small trace of paging: answers, and what they say to
 * bad arguments. tests/extension.t loads tarry.so into other programs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <sqlite3.h>
#include "random.h"
#include "trace_db.h"
#include "trace_rows.h"
#include "traces/ext/ext.h"
#include "unit/trace_paging.h"

static struct trace_db trace;
static sqlite3 *db;

static int setup(void **state)
{
    (void)state;
    if (trace_db_make(&trace, NULL, paging_record) != 0)
        return -1;
    db = trace.db;
    return ext_register(db);
}

static int teardown(void **state)
{
    (void)state;
    return trace_db_drop(&trace);
}

#define IS(sql, expected) assert_string_equal(trace_rows(db, sql, NULL, 0), expected)

/* The statement fails, to be prepared or to be stepped, with this message. */
static void fails(const char *sql, const char *why)
{
    sqlite3_stmt *s = NULL;
    int rc = sqlite3_prepare_v2(db, sql, -1, &s, NULL);

    if (rc == SQLITE_OK)
        rc = sqlite3_step(s);
    if (rc == SQLITE_ROW || rc == SQLITE_DONE)
        fail_msg("%s: it worked", sql);
    if (strstr(sqlite3_errmsg(db), why) == NULL)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    sqlite3_finalize(s);
}

static void numbers(void **state)
{
    (void)state;
    IS("SELECT hexa(0), hexa(255), hexa(255, 4), hexa(-1), hexa(-1, 16), hexa(NULL), hexa(1, NULL)",
       "0x0|0xff|0x00ff|0xffffffffffffffff|0xffffffffffffffff|-|-\n");
    IS("SELECT page(0), page(4095), page(4096), page(0x1000003008), page(-1), page(NULL)",
       "0|0|1|16777219|4503599627370495|-\n");
    fails("SELECT hexa('x')", "hexa: x must be a whole number");
    fails("SELECT hexa(1.5)", "hexa: x must be a whole number");
    fails("SELECT hexa(1, 'x')", "hexa: digits must be a whole number");
    fails("SELECT hexa(1, 0)", "hexa: digits must be 1 to 16");
    fails("SELECT hexa(1, 17)", "hexa: digits must be 1 to 16");
    fails("SELECT hexa(1, 1 << 40)", "hexa: digits must be 1 to 16");
    fails("SELECT page(x'00')", "page: va must be a whole number");
    fails("SELECT hexa()", "wrong number of arguments");
}

/* Encodings by hand from the unprivileged spec, chapter 34. */
static void disasm(void **state)
{
    (void)state;
    IS("SELECT disasm(0x00c58533), disasm(0x0005b503), disasm(0x00000073), disasm(0x8082), disasm(0x4501)",
       "add a0, a1, a2|ld a0, 0(a1)|ecall|c.jr ra|c.li a0, 0\n");
    IS("SELECT disasm(0x00b50463, 0x1000), disasm(0x008000ef, 0x10), disasm(0xfe000ee3, 0x1000), disasm(0x00b50463)",
       "beq a0, a1, 8 # 0x1008|jal 8 # 0x18|beqz zero, -4 # 0xffc|beq a0, a1, 8\n");
    IS("SELECT disasm(0xffffffff), disasm(0x12340001), disasm(NULL), disasm(1, NULL)", "-|-|-|-\n");
    fails("SELECT disasm(-1)", "disasm: insn must be 16 or 32 bits");
    fails("SELECT disasm(1 << 32)", "disasm: insn must be 16 or 32 bits");
    fails("SELECT disasm('nop')", "disasm: insn must be a whole number");
    fails("SELECT disasm(1, 'pc')", "disasm: pc must be a whole number");
}

static void symbols(void **state)
{
    (void)state;
    fails("SELECT symbol('nowhere', 4096)", "nowhere.symbol");
    assert_int_equal(
        sqlite3_exec(db,
                     "ATTACH ':memory:' AS b; CREATE TABLE b.symbol(id INTEGER PRIMARY KEY, image, address, size, name);"
                     "INSERT INTO b.symbol VALUES(1, 1, 4096, 16, 'start'), (2, 1, 4112, 0, 'end'), (3, 2, 4100, 4, 'x')",
                     NULL, NULL, NULL),
        SQLITE_OK);
    IS("SELECT symbol('b', 4095), symbol('b', 4096), symbol('b', 4108), symbol('b', 9000)",
       "-|start+0x0|start+0xc|end+0x1318\n");
    IS("SELECT symbol('b', 4101), symbol('b', 4101, 1), symbol('b', 4104, 2), symbol('b', 4101, 3), symbol('b', NULL)",
       "x+0x1|start+0x5|-|-|-\n");
    IS("WITH t(pc) AS (VALUES(4096), (4097), (1), (4098)) SELECT symbol('b', pc) FROM t",
       "start+0x0\nstart+0x1\n-\nstart+0x2\n");
    IS("WITH t(run, pc) AS (VALUES('b', 4096), ('b', 4097)) SELECT symbol(run, pc) FROM t", "start+0x0\nstart+0x1\n");
    fails("SELECT symbol(2, 4096)", "symbol: run must be 1, or the name of a schema");
    fails("SELECT symbol('b', 'main')", "symbol: pc must be a whole number");
    fails("SELECT symbol('b', 4096, 'sh')", "symbol: image must be a whole number");
    assert_int_equal(sqlite3_exec(db, "DETACH b", NULL, NULL, NULL), SQLITE_OK);
}

static void aggregates(void **state)
{
    (void)state;
    IS("SELECT percentile(dur, 0), percentile(dur, 50), percentile(dur, 87.5), percentile(dur, 88), percentile(dur, 100) "
       "FROM fault",
       "500|2000|20000|20000|20000\n");
    IS("SELECT resolution, percentile(dur, 50), percentile(dur, 51) FROM fault WHERE dur > 0 GROUP BY 1",
       "1|1000|2000\n7|20000|20000\n8|500|500\n");
    IS("WITH t(x) AS (VALUES(0.5), (1.25), (NULL)) SELECT percentile(x, 50), percentile(x, 99), percentile(-x, 1) FROM t",
       "0.5|1.25|-1.25\n");
    IS("SELECT percentile(dur, 50), histogram(dur) FROM fault WHERE id = 0", "-|[]\n");
    IS("SELECT histogram(dur) FROM fault",
       "[[256,512,1],[512,1024,2],[1024,2048,1],[2048,4096,1],[8192,16384,1],[16384,32768,2]]\n");
    IS("WITH t(x) AS (VALUES(0), (0.9), (1), (1.9), (2), (NULL), (9223372036854775807), (1e30)) SELECT histogram(x) FROM t",
       "[[0,1,2],[1,2,2],[2,4,1],[4611686018427387904,9223372036854775808,1],"
       "[9223372036854775808,18446744073709551616,1]]\n");
    IS("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 10000)"
       " SELECT percentile(10001 - i, 25), percentile(i, 99.99) FROM n",
       "2500|9999\n");
    fails("SELECT percentile(dur, 101) FROM fault", "percentile: p must be a number from 0 to 100");
    fails("SELECT percentile(dur, -1) FROM fault", "percentile: p must be a number from 0 to 100");
    fails("SELECT percentile(dur, NULL) FROM fault", "percentile: p must be a number from 0 to 100");
    fails("SELECT percentile(dur, id) FROM fault", "percentile: p must be the same for all rows");
    fails("SELECT percentile('a', 5) FROM fault", "percentile: x must be a number");
    fails("SELECT histogram(-dur) FROM fault", "histogram: x must be a number from 0 up");
    fails("SELECT histogram('a') FROM fault", "histogram: x must be a number from 0 up");
}

/* The states of pages as unit/trace_paging.h lists them. */
static void intervals(void **state)
{
    (void)state;
    IS("SELECT page(va) - 0x1000000, state, began, ended, event FROM intervals(1)",
       "0|dirty|10000|40000|5\n1|dirty|20000|45000|8\n2|dirty|30000|160000|11\n0|swapped|40000|70000|12\n"
       "1|swapped|45000|60000|13\n1|dirty|60000|160000|16\n0|dirty|70000|95000|19\n0|swapped|95000|120000|20\n"
       "3|dirty|110000|146000|23\n0|dirty|120000|160000|26\n3|clean|146000|160000|28\n");
    IS("SELECT count(*) FROM intervals('main', 2)", "11\n");
    IS("SELECT count(*) FROM intervals(NULL, NULL)", "11\n");
    IS("SELECT count(*) FROM intervals(1, 3)", "0\n");
    IS("SELECT t.s, count(*) FROM (SELECT 2 AS s UNION ALL SELECT 5) AS t, intervals(1, t.s) GROUP BY 1", "2|11\n");
    IS("SELECT page(va) - 0x1000000, state, began, ended, segment, proc FROM residency(1, 50000)",
       "0|swapped|40000|70000|2|1\n1|swapped|45000|60000|2|1\n2|dirty|30000|160000|2|1\n");
    IS("SELECT count(*) FROM residency(1, 9999)", "0\n");
    IS("SELECT count(*) FROM residency(1, 10000)", "1\n");
    IS("SELECT state, count(*) FROM residency('main', 159999) GROUP BY 1", "clean|1\ndirty|3\n");
    IS("SELECT count(*) FROM residency(1, 160000)", "0\n"); /* the segment has ended */
    IS("SELECT q.at, count(r.va) FROM (SELECT 15000 AS at UNION ALL SELECT 35000) AS q LEFT JOIN residency(1, q.at) AS r "
       "GROUP BY 1",
       "15000|1\n35000|3\n");
    assert_int_equal(sqlite3_exec(db, "BEGIN; UPDATE segment SET dur = NULL", NULL, NULL, NULL), SQLITE_OK);
    IS("SELECT count(*), count(ended) FROM residency(1, 170000)", "4|0\n");
    assert_int_equal(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    IS("SELECT count(*) FROM intervals(1) WHERE run = 1", "11\n"); /* an argument said twice */
    IS("SELECT count(*) FROM intervals(1, 2) WHERE only_segment = 3", "0\n");
    IS("SELECT count(*) FROM residency(1, 50000) WHERE t = 50000 AND run = 1", "3\n");
    fails("SELECT * FROM intervals", "intervals(run): give a run");
    fails("SELECT * FROM intervals(2)", "run must be 1, or the name of a schema");
    fails("SELECT * FROM intervals(1.5)", "run must be 1, or the name of a schema");
    fails("SELECT * FROM intervals('nowhere')", "nowhere.page");
    fails("SELECT * FROM intervals('\" FROM x --')", "no such table");
    fails("SELECT * FROM intervals(1, 'two')", "intervals: segment must be the id of a segment");
    fails("SELECT * FROM residency", "residency(run, t): give a run");
    fails("SELECT * FROM residency(1)", "residency(run, t): give a run");
    fails("SELECT * FROM residency(1, 'noon')", "residency: t must be a time in virtual ns");
    fails("SELECT * FROM residency(1, NULL)", "residency: t must be a time in virtual ns");
    fails("SELECT * FROM residency(1, 2, 3)", "too many arguments");
    fails("CREATE VIRTUAL TABLE x USING residency", "no such module");
}

/* ---- whatever is given ---- */

static void bind_something(sqlite3_stmt *s, int i)
{
    static const sqlite3_int64 whole[] = {0,          1,          -1,      2,         4096,     50000, 0x8082, 1ll << 31,
                                          UINT32_MAX, 1ll << 32, INT64_MIN, INT64_MAX, PAGING_BASE};
    static const double real[] = {0.0, -0.0, 0.5, 50, 99.9, 100, 1e30, -1e300, 9223372036854775808.0, INFINITY, -INFINITY, NAN};
    static const char *const texts[] = {"", "1", "main", "nowhere", "temp", "\"", "main\".page --", "%s%n", "\xff\xfe"};

    switch (below(7)) {
    case 0:
        sqlite3_bind_null(s, i);
        break;
    case 1:
        sqlite3_bind_double(s, i, real[below(sizeof(real) / sizeof(real[0]))]);
        break;
    case 2:
        sqlite3_bind_text(s, i, texts[below(sizeof(texts) / sizeof(texts[0]))], -1, SQLITE_STATIC);
        break;
    case 3:
        sqlite3_bind_zeroblob(s, i, (int)below(5000));
        break;
    case 4:
        sqlite3_bind_int64(s, i, (sqlite3_int64)rnd() >> below(64));
        break;
    default:
        sqlite3_bind_int64(s, i, whole[below(sizeof(whole) / sizeof(whole[0]))]);
        break;
    }
}

/* Every function with every kind of value: an answer, or an error that says more than its code. A crash is for ASan. */
static void anything(void **state)
{
    static const char *const calls[] = {
        "SELECT hexa(?)", "SELECT hexa(?, ?)", "SELECT page(?)", "SELECT disasm(?)", "SELECT disasm(?, ?)",
        "SELECT symbol(?, ?)", "SELECT symbol(?, ?, ?)", "SELECT percentile(?, ?)",
        "SELECT percentile(x, ?) FROM (SELECT ? AS x UNION ALL SELECT ? UNION ALL SELECT 7)", "SELECT histogram(?)",
        "SELECT histogram(x) FROM (SELECT ? AS x UNION ALL SELECT ? UNION ALL SELECT 3)", "SELECT * FROM intervals(?)",
        "SELECT * FROM intervals(?, ?)", "SELECT * FROM residency(?, ?)", "SELECT * FROM residency(?, ?) WHERE t = ? AND run = ?",
        "SELECT i.va FROM intervals(?) AS i LEFT JOIN residency(i.run, ?) AS r ON r.va = i.va LIMIT 5",
        "SELECT * FROM accesses(?)", "SELECT * FROM accesses(?, ?)", "SELECT * FROM accesses(?, ?, ?)",
    };
    unsigned answers = 0, errors = 0;

    (void)state;
    seed_with(seed_of_now());
    for (int n = 0; n < 20000; n++) {
        sqlite3_stmt *s = NULL;
        const char *call = calls[below(sizeof(calls) / sizeof(calls[0]))];
        int rc = sqlite3_prepare_v2(db, call, -1, &s, NULL);

        if (rc != SQLITE_OK)
            fail_msg("%s: %s", call, sqlite3_errmsg(db));
        for (int i = 1; i <= sqlite3_bind_parameter_count(s); i++)
            bind_something(s, i);
        while ((rc = sqlite3_step(s)) == SQLITE_ROW)
            answers++;
        if (rc != SQLITE_DONE) {
            errors++;
            if (rc != SQLITE_ERROR || strcmp(sqlite3_errmsg(db), "SQL logic error") == 0)
                fail_msg("%s: %d, %s", sqlite3_sql(s), rc, sqlite3_errmsg(db));
        }
        sqlite3_finalize(s);
    }
    assert_true(answers > 1000 && errors > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers),    cmocka_unit_test(disasm),    cmocka_unit_test(symbols),
        cmocka_unit_test(aggregates), cmocka_unit_test(intervals),  cmocka_unit_test(anything),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, setup, teardown);
}
