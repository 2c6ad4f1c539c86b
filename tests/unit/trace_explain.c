/* SPDX-License-Identifier: GPL-2.0-only */
/* The canned query `explain`: page walks made up for every refusal, stale entries, ASIDs, calls, with known answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <sqlite3.h>
#include <string.h>
#include "trace_db.h"
#include "trace_rows.h"
#include "unit/trace_sample.h"

#define TRAP 5000 /* ids of rows that are made up: behind all of the sample's */
#define WALK 5001
#define SV39 8
#define SV48 9
#define SOFT 15
#define FETCH 12, 2
#define LOAD 13, 0
#define STORE 15, 1
#define FETCH_ACCESS 1, 2
#define LOAD_ACCESS 5, 0
#define STORE_ACCESS 7, 1
#define USER 0
#define KERNEL 1
#define TABLE(pa) ((pa) >> 2 | 1)
#define LEAF(pa, bits) ((pa) >> 2 | (bits))

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

__attribute__((format(printf, 1, 2))) static void sql(const char *format, ...)
{
    va_list args;
    char *text, *err = NULL;

    va_start(args, format);
    text = sqlite3_vmprintf(format, args);
    va_end(args);
    if (sqlite3_exec(db, text, NULL, NULL, &err) != SQLITE_OK)
        fail_msg("%s: %s", text, err);
    sqlite3_free(text);
}

static int begin(void **state)
{
    (void)state;
    sql("BEGIN");
    return 0;
}

static int rollback(void **state)
{
    (void)state;
    sql("ROLLBACK");
    return 0;
}

static const char *explain(sqlite3_int64 id)
{
    return trace_rows(db, canned("explain"), ":fault", id);
}

static void says(const char *line)
{
    const char *text = explain(TRAP), *at = strstr(text, line);

    if (at == NULL || (at != text && at[-1] != '\n'))
        fail_msg("'%s' is not in\n%s", line, text);
}

static void says_not(const char *words)
{
    const char *text = explain(TRAP);

    if (strstr(text, words) != NULL)
        fail_msg("'%s' is in\n%s", words, text);
}

enum { PA = 4, PMP };

struct made {
    int code, access, from, mode, refusal, level;
    uint64_t va, pte[6], table; /* pte: from level 0 up; then PA and PMP */
    const char *levels;         /* the lines of the entries */
    const char *refused;        /* that of the rule */
};

/* insn, ts: 60000, as if after the sample; no process. */
static void make(const struct made *c)
{
    sql("DELETE FROM trap WHERE id = %d; DELETE FROM walk WHERE id = %d", TRAP, WALK);
    sql("INSERT INTO trap(id, insn, ts, proc, pc, cause, code, tval, \"from\", \"to\", image, root)"
        " VALUES(%d, 60000, 60000, 0, 0x10100, 0, %d, %lld, %d, 1, 0, 0)", TRAP, c->code, (long long)c->va, c->from);
    sql("INSERT INTO walk(id, insn, ts, proc, pc, cause, va, access, mode, refusal, level, pte3, pte2, pte1, pte0, \"table\","
        " pa, pmp) VALUES(%d, 60000, 60000, 0, 0x10100, %d, %lld, %d, %d, %d, %d, %lld, %lld, %lld, %lld, %lld, %lld, %lld)", WALK, TRAP,
        (long long)c->va, c->access, c->mode, c->refusal, c->level, (long long)c->pte[3], (long long)c->pte[2],
        (long long)c->pte[1], (long long)c->pte[0], (long long)c->table, (long long)c->pte[PA], (long long)c->pte[PMP]);
}

#define VA 0x40203004ull /* entries 1, 1, 3 */
#define L2 "level 2|entry 1: 0x0000000020000401 = V-------, ppn 0x80001: a pointer to the table at 0x80001000\n"
#define L1 "level 1|entry 1 at 0x80001008: 0x0000000020000801 = V-------, ppn 0x80002: a pointer to the table at 0x80002000\n"
#define UPPER [2] = TABLE(0x80001000), [1] = TABLE(0x80002000)
#define LAST 0x80002018

static const struct made refusals[] = {
    {LOAD, USER, SV39, 0, 0, VA, {LEAF(0x80005000, 0x5f), UPPER}, LAST,
     L2 L1 "level 0|entry 3 at 0x80002018: 0x000000002000145f = VRWXU-A-, ppn 0x80005: a leaf, page of 4 KiB at 0x80005000\n",
     "the page table, as it is now, allows the access: the hart went by an older translation (4.2.1)"},
    {LOAD, USER, 10, 1, 0, VA, {0}, 0, "", "4.1.11: satp.MODE is 10, which is not implemented"},
    {LOAD, USER, SV39, 2, 0, 0x4000000000, {0}, 0, "",
     "4.4.1: the address is not canonical: bits 63 to 39 must be copies of bit 38"},
    {LOAD, USER, SV48, 2, 0, 0x800000000000, {0}, 0, "",
     "4.5.1: the address is not canonical: bits 63 to 48 must be copies of bit 47"},
    {LOAD_ACCESS, USER, SV39, 3, 1, VA, {[2] = TABLE(0x80001000), [PA] = 0x80000008}, 0x80000008,
     L2, "4.3.2 step 2: the entry at level 1 lies at 0x80000008, where there is no memory (PMA, 3.6): an access fault"},
    {STORE, USER, SV39, 4, 1, VA, {[2] = TABLE(0x80001000)}, 0x80001008,
     L2 "level 1|entry 1 at 0x80001008: 0x0000000000000000 = --------, ppn 0x0: not valid\n",
     "4.3.2 step 3: V = 0 at level 1: not present: nothing is mapped from 0x40200000 to 0x403fffff"},
    {STORE, USER, SV48, 4, 3, 0x8000001000, {0}, 0x80000008,
     "level 3|entry 1 at 0x80000008: 0x0000000000000000 = --------, ppn 0x0: not valid\n",
     "4.3.2 step 3: V = 0 at level 3: not present: nothing is mapped from 0x8000000000 to 0xffffffffff"},
    {LOAD, USER, SV39, 4, 0, (uint64_t)-4096, {UPPER}, 0x80002ff8,
     "level 2|entry 511: 0x0000000020000401 = V-------, ppn 0x80001: a pointer to the table at 0x80001000\n"
     "level 1|entry 511 at 0x80001ff8: 0x0000000020000801 = V-------, ppn 0x80002: a pointer to the table at 0x80002000\n"
     "level 0|entry 511 at 0x80002ff8: 0x0000000000000000 = --------, ppn 0x0: not valid\n",
     "4.3.2 step 3: V = 0 at level 0: not present: nothing is mapped from 0xfffffffffffff000 to 0xffffffffffffffff"},
    {LOAD, USER, SV39, 5, 0, VA, {LEAF(0x80005000, 0x5f | 1ull << 63 | 1ull << 54), UPPER}, LAST,
     L2 L1 "level 0|entry 3 at 0x80002018: 0x804000002000145f = VRWXU-A-, ppn 0x80005: a leaf, page of 4 KiB at 0x80005000\n",
     "4.3.2 step 3: reserved bits are set: 0x8040000000000000 (bits 63 to 54 must be 0 without Svnapot and Svpbmt, 4.4.1)"},
    {LOAD, USER, SV39, 6, 0, VA, {LEAF(0x80005000, 0x15), UPPER}, LAST,
     L2 L1 "level 0|entry 3 at 0x80002018: 0x0000000020001415 = V-W-U---, ppn 0x80005: reserved\n",
     "4.3.2 step 3: W = 1 and R = 0: a reserved encoding"},
    {LOAD, USER, SV39, 7, 0, VA, {TABLE(0x80005000), UPPER}, LAST,
     L2 L1 "level 0|entry 3 at 0x80002018: 0x0000000020001401 = V-------, ppn 0x80005: a pointer to the table at 0x80005000\n",
     "4.3.2 step 4: a pointer (R = W = X = 0) at level 0, below which there is no level"},
    {LOAD, USER, SV39, 8, 2, VA, {[2] = LEAF(0x80001000, 0xd1)}, 0x80000008,
     "level 2|entry 1 at 0x80000008: 0x00000000200004d1 = V---U-AD, ppn 0x80001: a pointer to the table at 0x80001000\n",
     "4.3.2 step 3: A D U set in a pointer, where A, D and U are reserved and must be 0 (4.4.1)"},
    {LOAD, USER, SV39, 9, 1, VA, {[2] = TABLE(0x80001000), [1] = LEAF(0x80005000, 0x5f)}, 0x80001008,
     L2 "level 1|entry 1 at 0x80001008: 0x000000002000145f = VRWXU-A-, ppn 0x80005: a leaf, page of 2 MiB at 0x80005000\n",
     "4.3.2 step 6: a misaligned superpage: a page of 2 MiB must lie at a multiple of its size, not at 0x80005000"},
    {LOAD, USER, SV39, 9, 2, VA, {[2] = LEAF(0x80200000, 0x5f)}, 0x80000008,
     "level 2|entry 1 at 0x80000008: 0x000000002008005f = VRWXU-A-, ppn 0x80200: a leaf, page of 1 GiB at 0x80200000\n",
     "4.3.2 step 6: a misaligned superpage: a page of 1 GiB must lie at a multiple of its size, not at 0x80200000"},
    {LOAD, USER, SV39, 10, 0, VA, {LEAF(0x80005000, 0xef), UPPER}, LAST,
     L2 L1 "level 0|entry 3 at 0x80002018: 0x00000000200014ef = VRWX-GAD, ppn 0x80005: a leaf, page of 4 KiB at 0x80005000\n",
     "4.3.2 step 5: U = 0: user mode may not use a page without U"},
    {STORE, KERNEL, SV39, 11, 0, VA, {LEAF(0x80005000, 0xdf), UPPER}, LAST, NULL,
     "4.3.2 step 5: U = 1 and sstatus.SUM = 0: supervisor mode may not use a page with U (4.1.1.2)"},
    {FETCH, KERNEL, SV39, 11, 0, VA, {LEAF(0x80005000, 0xdf), UPPER}, LAST, NULL,
     "4.3.2 step 5: U = 1: supervisor mode may not run code of a page with U, whatever sstatus.SUM is (4.3.1)"},
    {LOAD, USER, SV39, 12, 0, VA, {LEAF(0x80005000, 0x59), UPPER}, LAST, NULL,
     "4.3.2 step 5: R = 0: no permission to load; X = 1 would do if sstatus.MXR were 1, but it is 0 (4.1.1.2)"},
    {STORE, USER, SV39, 13, 0, VA, {LEAF(0x80005000, 0x5b), UPPER}, LAST, NULL, "4.3.2 step 5: W = 0: no permission to store"},
    {FETCH, USER, SV39, 14, 0, VA, {LEAF(0x80005000, 0xd7), UPPER}, LAST, NULL,
     "4.3.2 step 5: X = 0: no permission to fetch instructions"},
    {LOAD, USER, SOFT, 15, 0, VA, {0}, 0, "",
     "software-managed TLB (satp.MODE 15): it has no entry for this page; the kernel is to write one"},
    {LOAD, USER, SOFT, 16, 0, 0xffffffc000000000, {0}, 0, "",
     "software-managed TLB (satp.MODE 15): user mode may not use the supervisor's window"},
    {STORE, USER, SOFT, 13, 0, VA, {LEAF(0x80005000, 0x5b)}, 0, "", "4.3.2 step 5: W = 0: no permission to store"},
    {LOAD, USER, SOFT, 12, 0, VA, {LEAF(0x80005000, 0x59)}, 0, "",
     "4.3.2 step 5: R = 0: no permission to load; X = 1 would do if sstatus.MXR were 1, but it is 0 (4.1.1.2)"},
    {STORE, USER, SOFT, 17, 0, VA, {LEAF(0x80005000, 0x5f)}, 0, "",
     "4.3.2 step 7, as the software-managed TLB has it: D = 0, and this hart sets neither A nor D: no permission to store"},
    {LOAD_ACCESS, USER, SV39, 18, 1, VA, {[2] = TABLE(0x80001000), [PA] = 0x80001008, [PMP] = 0x30c}, 0x80001008, L2,
     "4.3.2 step 2: PMP does not let the entry at level 1, at 0x80001008, be read: PMP entry 2 there has --X, TOR: an access fault"},
    {STORE_ACCESS, USER, SV39, 18, 0, VA, {LEAF(0x80005000, 0x1f), UPPER, [PA] = LAST, [PMP] = 0x119}, LAST, NULL,
     "4.3.2 step 7: A or D is to be set in the leaf, and PMP does not let it be written: PMP entry 0 there has R--, NAPOT:"
     " an access fault"},
    {STORE_ACCESS, USER, SV39, 19, 0, VA, {LEAF(0x80005000, 0xdf), UPPER, [PA] = 0x80005004, [PMP] = 0x109d}, LAST, NULL,
     "3.7.1: PMP refuses to store to physical address 0x80005004: PMP entry 15 there has R-X, NAPOT, locked: M mode is bound,"
     " too: an access fault"},
    {LOAD_ACCESS, USER, 0, 19, 0, VA, {[PA] = VA}, 0, "",
     "3.7.1: PMP refuses to load from physical address 0x40203004: no PMP entry matches there, which is enough to refuse S and"
     " U mode (3.7.1): an access fault"},
    {LOAD_ACCESS, KERNEL, 0, 20, 0, VA, {[PA] = VA}, 0, "", "3.6: there is nothing at physical address 0x40203004: an access fault"},
    {FETCH_ACCESS, KERNEL, SV39, 20, 0, VA, {LEAF(0x10000000, 0xdf), UPPER, [PA] = 0x10000004}, LAST, NULL,
     "3.6: no code can be fetched (PMA) from physical address 0x10000004: an access fault"},
    {LOAD, USER, SV39, 99, 0, VA, {0}, 0, NULL, "refusal 99, which this tarry does not know"},
};

static int entries(const char *text)
{
    int n = 0;

    for (const char *at = text; (at = strstr(at, "level ")) != NULL; at++)
        n += at == text || at[-1] == '\n';
    return n;
}

static void every_refusal(void **state)
{
    char line[512];
    bool made[64] = {false};

    (void)state;
    for (unsigned i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        const struct made *c = &refusals[i];
        make(c);
        snprintf(line, sizeof(line), "refused|%s\n", c->refused);
        says(line);
        if (c->levels && c->levels[0])
            says(c->levels);
        if (c->levels)
            assert_int_equal(entries(explain(TRAP)), entries(c->levels));
        if (c->refusal < 64)
            made[c->refusal] = true;
    }
    int n = atoi(trace_rows(db, "SELECT max(id) FROM enum_refusal", NULL, 0));
    assert_true(n >= EV_refusal_not_executable);
    for (int i = 0; i <= n; i++)
        if (!made[i])
            fail_msg("refusal %d of events.def is not tested", i);
}

/* From whatever row it is asked; a kernel that says nothing; the number of lines. */
static void foreign(void **state)
{
    (void)state;
    make(&refusals[5]);
    sql("INSERT INTO satp(id, insn, ts, proc, pc, cause, mode, asid, root) VALUES(4990, 1, 1, 0, 4, 0, 8, 7, 0x80000000)");
    const char *all = "who|no process that the trace knows, in user mode, after 60000 instructions\n"
                      "access|store or atomic at 0x40203004\n"
                      "instruction|0x10100\n"
                      "translation|sv39, address space (ASID) 7, root of the table at 0x80000000\n"
                      "level 2|entry 1 at 0x80000008: 0x0000000020000401 = V-------, ppn 0x80001: a pointer to the table at"
                      " 0x80001000\n"
                      "level 1|entry 1 at 0x80001008: 0x0000000000000000 = --------, ppn 0x0: not valid\n"
                      "refused|4.3.2 step 3: V = 0 at level 1: not present: nothing is mapped from 0x40200000 to"
                      " 0x403fffff\n"
                      "kernel|the trace does not say what the kernel made of it (only Tarry's own does)\n";
    assert_string_equal(explain(TRAP), all);
    assert_string_equal(explain(WALK), all);
    assert_string_equal(trace_rows(db, canned("explain"), NULL, 0), all);
    assert_string_equal(explain(777), "nothing|no row of fault, trap, walk or tlb_stale has id 777\n");
}

/* The sample has no walks: its faults are of Tarry's kernel, one for a call. */
static void without_walk(void **state)
{
    const char *load = "who|pid 1 /bin/sparse, in user mode, after 10000 instructions\n"
                       "access|load at 0x2000003008\n"
                       "instruction|0x10100\n"
                       "translation|its page walk was not recorded: run again with --trace default,translation\n"
                       "segment|defer, 0x2000000000 to 0x20000fffff\n"
                       "kernel|rule fill: the page must be composed from its sources\n"
                       "outcome|filled: composed from its sources; it took 8000 ns\n";
    (void)state;
    assert_string_equal(explain(9), load);
    assert_string_equal(explain(10), load);
    const char *text = explain(23);
    assert_non_null(strstr(text, "\naccess|store or atomic at 0x11000, by the kernel for the call pread("));
    assert_non_null(strstr(text, "\ntranslation|the hart refused nothing: the kernel looked for the page itself\n"));
    assert_non_null(strstr(text, "\noutcome|zeroed: "));
    sql("INSERT INTO trap(id, insn, ts, proc, pc, cause, code, tval, \"from\", \"to\", image, root)"
        " VALUES(%d, 60000, 60000, 0, 0x10100, 0, 2, 0, 3, 3, 0, 0)", TRAP);
    assert_string_equal(explain(TRAP), "who|no process that the trace knows, in machine mode, after 60000 instructions\n"
                                       "access|illegal instruction, stval 0x0\n"
                                       "instruction|0x10100\n"
                                       "translation|no page table refused this: it is no page fault\n");
}

#define STALE                                                                                                   \
    "stale|a TLB entry was used that is not what the table says: 0x000000002000145b = VR-XU-A- in the TLB,"    \
    " 0x000000002000145f = VRWXU-A- at 0x80002018\n"
#define FENCE                                                                                                         \
    "fence|the table was changed at 0x80200010, 1000 instructions before, and no sfence.vma of this page came since:" \
    " it is missing behind that (4.2.1)\n"

static void fence(int id, const char *va, int asid)
{
    sql("DELETE FROM sfence");
    sql("INSERT INTO sfence(id, insn, ts, proc, pc, cause, va, all_va, asid, all_asid, length)"
        " VALUES(%d, 1, 1, 0, 4, 0, %s, %d, %d, %d, 0)", id, va, strcmp(va, "0") == 0, asid < 0 ? 0 : asid, asid < 0);
}

static void stale_entries(void **state)
{
    (void)state;
    make(&refusals[0]);
    sql("INSERT INTO satp(id, insn, ts, proc, pc, cause, mode, asid, root) VALUES(4980, 1, 1, 0, 4, 0, 8, 7, 0x80000000)");
    sql("INSERT INTO tlb_stale(id, insn, ts, proc, pc, cause, va, access, asid, pte, \"table\", pte_pa, changed_pc, changed_insn)"
        " VALUES(4995, 59000, 59000, 0, 0x10100, 0, 0x40203000, 0, 7, 0x2000145b, 0x2000145f, 0x80002018, 0x80200010, 58000)");
    says(STALE FENCE);
    assert_non_null(strstr(explain(4995), "\naccess|load at 0x40203004\n")); /* it names its trap */
    fence(4990, "0x40203000", 7); /* before the use: it did not help */
    says(STALE);
    static const struct {
        const char *va;
        int asid;
        bool drops;
    } fences[] = {{"0", -1, true}, {"0", 7, true}, {"0", 8, false}, {"0x40203ff8", -1, true},
                  {"0x40203000", 7, true}, {"0x40203000", 8, false}, {"0x40204000", -1, false}, {"0x40202fff", 7, false}};
    for (unsigned i = 0; i < sizeof(fences) / sizeof(fences[0]); i++) {
        fence(4996, fences[i].va, fences[i].asid);
        fences[i].drops ? says_not("\nstale|") : says(STALE);
    }
    sql("UPDATE tlb_stale SET pte = pte | 32"); /* global: only a fence of all address spaces drops it */
    fence(4996, "0", 7);
    says("stale|");
    fence(4996, "0", -1);
    says_not("\nstale|");
    sql("DELETE FROM sfence; UPDATE tlb_stale SET changed_pc = 0");
    says("fence|who changed the table is not known (a device, or long ago)\n");
    static const struct {
        const char *va;
        int access, asid, second;
        bool renews;
    } refills[] = {{"0x40203000", 0, 7, 0, true},  {"0x40203000", 1, 7, 0, true},  {"0x40203000", 2, 7, 0, false},
                   {"0x40203000", 0, 8, 0, false}, {"0x40203000", 0, 7, 1, false}, {"0x40204000", 0, 7, 0, false}};
    for (unsigned i = 0; i < sizeof(refills) / sizeof(refills[0]); i++) {
        sql("DELETE FROM tlb_refill; UPDATE tlb_stale SET pte = 0x2000145b, va = 0x40203008");
        sql("INSERT INTO tlb_refill(id, insn, ts, proc, pc, cause, va, access, asid, second, \"references\", level, pte, victim,"
            " saved, pte3, pte2, pte1) VALUES(4996, 1, 1, 0, 4, 0, %s, %d, %d, %d, 3, 0, 0, 0, 0, 0, 0, 0)", refills[i].va, refills[i].access, refills[i].asid,
            refills[i].second);
        refills[i].renews ? says_not("\nstale|") : says(STALE);
    }
    sql("DELETE FROM tlb_refill");
    sql("UPDATE tlb_stale SET access = 2"); /* an entry of the other TLB */
    says_not("\nstale|");
    sql("UPDATE tlb_stale SET access = 0, va = va + 4096");
    says_not("\nstale|");
    sql("UPDATE tlb_stale SET va = va - 4096, asid = 8, pte = 0x2000145b");
    says_not("\nstale|");
    assert_non_null(strstr(explain(4995), "\nstale|")); /* an access that the old entry let pass */
}

/* Without group translation no fence is known: only the very access counts. */
static void stale_unrecorded(void **state)
{
    (void)state;
    make(&refusals[0]);
    sql("DELETE FROM walk");
    sql("INSERT INTO tlb_stale(id, insn, ts, proc, pc, cause, va, access, asid, pte, \"table\", pte_pa, changed_pc, changed_insn)"
        " VALUES(4995, 60000, 60000, 0, 0x10100, 0, 0x40203004, 0, 7, 0x2000145b, 0x2000145f, 0x80002018, 0x80200010, 59000)");
    says(STALE FENCE);
    assert_non_null(strstr(explain(4995), STALE)); /* it names its trap, too */
    sql("INSERT INTO trap(id, insn, ts, proc, pc, cause, code, tval, \"from\", \"to\", image, root)"
        " VALUES(4997, 60000, 60000, 0, 0x10200, 0, 2, 0, 0, 1, 0, 0)"); /* another trap, after which there may have been a fence */
    says_not("\nstale|");
    sql("DELETE FROM trap WHERE id = 4997");
    says(STALE);
    sql("UPDATE tlb_stale SET pc = 0x10104");
    says_not("\nstale|");
}

static void wrong_asid(void **state)
{
    (void)state;
    make(&refusals[0]);
    sql("INSERT INTO satp(id, insn, ts, proc, pc, cause, mode, asid, root) VALUES(4970, 1, 1, 0, 4, 0, 8, 7, 0x80100000),"
        " (4980, 1, 1, 0, 4, 0, 8, 7, 0x80000000)");
    says("wrong ASID|ASID 7 had another page table before (root 0x80100000, satp row 4970) and no sfence.vma of it came"
         " since: the TLB may hold that one's entries (4.2.1)\n");
    fence(4975, "0", 7); /* while the old table was still there: too early */
    says("wrong ASID|");
    fence(4985, "0", 8);
    says("wrong ASID|");
    fence(4985, "0", 7);
    says_not("\nwrong ASID|");
    sql("DELETE FROM sfence; UPDATE satp SET asid = 6 WHERE id = 4970");
    says_not("\nwrong ASID|");
    sql("UPDATE satp SET asid = 7; UPDATE walk SET refusal = 4"); /* the table itself refuses it */
    says_not("\nwrong ASID|");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, rollback)
        TEST(every_refusal), TEST(foreign),          TEST(without_walk),
        TEST(stale_entries), TEST(stale_unrecorded), TEST(wrong_asid),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, setup, teardown);
}
