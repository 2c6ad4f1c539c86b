/* SPDX-License-Identifier: GPL-2.0-only */
/* The canned queries of the experiments about translation, on a small trace with known answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <unistd.h>
#include "guestos/include/tarry/abi.h"
#include "trace_events.h"
#include "trace_rows.h"

static char dir[] = "/tmp/trace_translation.XXXXXX";
static char path[64];
static sqlite3 *db;

static struct recorder *r;
static struct event_stamp at;

static const struct event_stamp *later(void)
{
    at.insn += 100;
    at.ts += 150;
    return &at;
}

static void nsec(uint64_t proc)
{
    uint64_t old = at.proc;
    at.proc = proc;
    END(r, EVENT(r, later(), syscall, .number = SYS_nsec), syscall, at.ts, .result = at.ts);
    at.proc = old;
}

static void refill(uint64_t va, enum ev_enum_access access, bool second)
{
    EVENT(r, later(), tlb_refill, .va = va, .access = access, .second = second, .references = second ? 0 : 3);
}

/*
 * Phase 0: a miss, and nsec of another process does not end it. 1: three misses of two pages, one of them in the
 * second level, one of the kernel and one of a fetch; three fences, one of everything; a write of satp; two traps for
 * a page and one other, one fault of user mode, one of the kernel's. 2: nothing but the end.
 */
static void record(void)
{
    uint64_t kernel = 0xffffffc080000000u, proc = at.proc = EVENT(r, later(), process, .pid = 1);
    refill(0x10000, EV_access_read, false);
    nsec(proc);
    refill(0x10000, EV_access_read, false);
    refill(0x11000, EV_access_write, false);
    refill(0x10000, EV_access_write, true);
    refill(0x10000, EV_access_execute, false);
    refill(kernel, EV_access_read, true);
    nsec(proc + 1000);
    EVENT(r, later(), sfence, .all_va = 1, .all_asid = 1);
    EVENT(r, later(), sfence, .all_va = 1, .asid = 3);
    EVENT(r, later(), sfence, .va = 0x10000, .all_asid = 1);
    EVENT(r, later(), satp, .mode = EV_translation_mode_sv39);
    EVENT(r, later(), trap, .code = EV_exception_load_page);
    uint64_t trap = EVENT(r, later(), trap, .code = EV_exception_store_page);
    at.cause = trap;
    END(r, EVENT(r, later(), fault, .va = 0x10000), fault, at.ts, .resolution = EV_resolution_zeroed);
    at.cause = 0;
    END(r, EVENT(r, later(), fault, .va = 0x10000, .in_kernel = 1), fault, at.ts, .resolution = EV_resolution_zeroed);
    EVENT(r, later(), trap, .code = EV_exception_illegal);
    nsec(proc);
}

static void change(uint64_t segment, uint64_t va, enum ev_enum_page_state old, enum ev_enum_page_state new)
{
    EVENT(r, later(), page, .segment = segment, .va = va, .old = old, .new = new);
}

/* Three pages come and one goes before the first superpage, which a store breaks; it comes again before the second. */
static void record_superpages(void)
{
    uint64_t segment =
        EVENT(r, later(), segment, .type = EV_segment_type_defer, .base = 1 << 22, .length = (1 << 22) - 1);
    uint64_t other = EVENT(r, later(), segment, .type = EV_segment_type_defer, .base = 1 << 23, .length = 4096);
    for (uint64_t va = 1 << 22; va < (1 << 22) + 3 * 4096; va += 4096)
        change(segment, va, EV_page_state_sourced, EV_page_state_clean);
    change(other, 1 << 23, EV_page_state_empty, EV_page_state_dirty);
    change(segment, 1 << 22, EV_page_state_clean, EV_page_state_sourced);
    uint64_t first = EVENT(r, later(), superpage, .segment = segment, .va = 1 << 22);
    change(segment, (1 << 22) + 4096, EV_page_state_clean, EV_page_state_dirty);
    END(r, first, superpage, later()->ts, .why = EV_demotion_write);
    change(segment, 1 << 22, EV_page_state_empty, EV_page_state_dirty);
    EVENT(r, later(), superpage, .segment = segment, .va = 3 << 21, .writable = 1);
}

static int setup(void **state)
{
    char err[512];
    (void)state;
    if (mkdtemp(dir) == NULL)
        return -1;
    snprintf(path, sizeof(path), "%s/t.db", dir);
    r = recorder_open(path, &(struct run_facts){.command = "translation"}, err, sizeof(err));
    if (r == NULL)
        return -1;
    record();
    record_superpages();
    struct run_result result = {.instructions = 10000, .virtual_ns = 15000};
    if (recorder_close(r, &result, err, sizeof(err)) != 0)
        return -1;
    return sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    sqlite3_close(db);
    unlink(path);
    return rmdir(dir);
}

static void tlb_phases(void **state)
{
    (void)state;
    assert_string_equal(trace_rows(db, canned("experiment-tlb"), NULL, 0),
                        "0|200|300|1|1|0|0|0|3|0|0|0|0|0\n"
                        "1|1600|2400|3|2|1|1|2|9|1|3|1|2|1\n"
                        "2|8100|12150|0|0|0|0|0|0|0|0|0|0|0\n");
}

static void superpages(void **state)
{
    (void)state;
    assert_string_equal(trace_rows(db, canned("experiment-superpages"), NULL, 0),
                        "27|20|1024|2|1|0|300|write\n30|20|1024|3|2|1|-|(lasts)\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(tlb_phases), cmocka_unit_test(superpages)};
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, setup, teardown);
}
