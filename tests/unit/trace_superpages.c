/* SPDX-License-Identifier: GPL-2.0-only */
/* The canned query superpages on a trace with known answers: one ended by a store, one by the end of the program, one that lasts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "guestos/include/tarry/abi.h"
#include "trace_events.h"
#include "trace_rows.h"
#include "traces/query.h"

#define MIB 1048576ull

static char path[] = "/tmp/trace_superpages.XXXXXX";
static sqlite3 *db;

static uint64_t fault(struct recorder *r, struct event_stamp *at, uint64_t va, int access, int rule)
{
    uint64_t id = EVENT(r, at, fault, .va = va, .access = access, .rule = rule);
    at->cause = id;
    return id;
}

static void end_fault(struct recorder *r, struct event_stamp *at, uint64_t id)
{
    at->ts += 50;
    END(r, id, fault, at->ts, .resolution = EV_resolution_filled);
    at->cause = 0;
}

static uint64_t superpage(struct recorder *r, struct event_stamp *at, uint64_t segment, uint64_t n, int writable)
{
    at->insn += 10;
    at->ts += 100;
    return EVENT(r, at, superpage, .segment = segment, .va = 0x40000000 + n * 2 * MIB, .pa = 0x80400000 + n * 2 * MIB,
                 .writable = writable);
}

static void record(struct recorder *r)
{
    struct event_stamp at = {.insn = 1000, .ts = 1000};
    uint64_t store, call, one, two;
    at.proc = EVENT(r, &at, process, .pid = 7);                                                            /* 1 */
    uint64_t segment = EVENT(r, &at, segment, .base = 0x40000000, .length = 8 * MIB);                      /* 2 */
    uint64_t load = fault(r, &at, 0x401ff123, EV_access_read, EV_rule_fill);                               /* 3 */
    one = superpage(r, &at, segment, 0, 0);                                                                /* 4 */
    end_fault(r, &at, load);
    call = EVENT(r, &at, syscall, .number = SYS_pwrite);                                                   /* 5 */
    at.cause = call;
    two = superpage(r, &at, segment, 1, 0);                                                                /* 6 */
    END(r, call, syscall, at.ts + 10, .result = 0);
    store = fault(r, &at, 0x40000008, EV_access_write, EV_rule_first_store);                               /* 7 */
    END(r, one, superpage, at.ts, .why = EV_demotion_write, .by = store);
    end_fault(r, &at, store);
    at.cause = 0;
    superpage(r, &at, segment, 0, 1);                                                                      /* 8 */
    END(r, two, superpage, at.ts + 1000, .why = EV_demotion_unmap, .by = 0);
}

static int setup(void **state)
{
    char err[512];
    struct run_result result = {0};
    (void)state;
    close(mkstemp(path));
    struct recorder *r = recorder_open(path, &(struct run_facts){.command = "sample"}, err, sizeof err);
    if (r == NULL)
        return -1;
    record(r);
    if (recorder_close(r, &result, err, sizeof err) != 0)
        return -1;
    return sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    sqlite3_close(db);
    return unlink(path);
}

#define FIRST "4|1010|7|2|0x40000000|0|fault 3: read of 0x401ff123, fill|150|write|fault 7: write of 0x40000008, first_store\n"

static void what_made_them_and_what_ended_them(void **state)
{
    (void)state;
    assert_string_equal(trace_rows(db, canned("superpages"), NULL, 0),
                        FIRST "6|1020|7|2|0x40200000|0|syscall 5: pwrite|1150|unmap|-\n"
                              "8|1030|7|2|0x40000000|1|-|-|(lasts)|-\n");
    assert_string_equal(trace_rows(db, canned("superpages"), ":limit", 1), FIRST);
    assert_string_equal(trace_rows(db, canned("superpages"), ":segment", 3), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_made_them_and_what_ended_them, setup, teardown),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
