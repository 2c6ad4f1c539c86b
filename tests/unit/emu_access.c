/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Access traces (emu/access.h) against an instruction-by-instruction reference: random programs are run, and run once
 * more by single steps, where each instruction is decoded and its accesses are worked out. Both traces, as they were stored
 * and are read back, list what the reference does, access by access. Programs load and store, compressed, atomic and
 * floating-point, cross pages with data and with code, fault in each way, use devices, emulated instructions and other
 * address spaces; in S mode with Sv39 and in M mode, bare.
 *
 * TARRY_SEED repeats a run.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>
#include <unistd.h>

#include "emu/access.h"
#include "emu/insn.h"
#include "emu/machine_priv.h"
#include "mmu/pte.h"
#include "traces/access.h"
#include "traces/choice.h"
#include "traces/recorder.h"

enum { RA = 1, SP = 2, T0 = 5, T1 = 6, S0 = 8, A0 = 10, A1 = 11, A2 = 12, S2 = 18, S8 = 24 };
enum { CHUNKS = 400, CHUNK_BYTES = 300, INSNS = 40000, DATA_PAGES = 96 };

#define MEGA 0x200000ull
#define RAM_BYTES (16ull << 20)
#define DATA_PA (RAM_BASE + MEGA)
#define HANDLER_PA (RAM_BASE + 64 * 4096)
#define TABLES (RAM_BASE + 4 * MEGA)
#define DATA_VA 0x40000000ull
#define DEVICE_PAGES 100 /* pages of CLINT and UART, behind the data */
#define CODE_VA 0x50000000ull
#define HANDLER_VA (CODE_VA + 64 * 4096)

static uint64_t seed;
static char err[512], directory[] = "/tmp/emu_access.XXXXXX", path[128];

static uint64_t rnd(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed * 0x2545f4914f6cdd1dull;
}

static unsigned below(unsigned n)
{
    return (unsigned)(rnd() >> 33) % n;
}

/* ---- the guest's code ---- */

struct code {
    uint8_t bytes[CHUNKS * CHUNK_BYTES + 64];
    unsigned n;
};

static void half(struct code *c, unsigned insn)
{
    c->bytes[c->n++] = (uint8_t)insn;
    c->bytes[c->n++] = (uint8_t)(insn >> 8);
}

static void word(struct code *c, uint32_t insn)
{
    half(c, insn & 0xffff);
    half(c, insn >> 16);
}

static uint32_t i_type(unsigned opcode, unsigned f3, unsigned rd, unsigned rs1, int imm)
{
    return opcode | rd << 7 | f3 << 12 | rs1 << 15 | (uint32_t)imm << 20;
}

static uint32_t s_type(unsigned opcode, unsigned f3, unsigned rs1, unsigned rs2, int imm)
{
    return opcode | ((uint32_t)imm & 31) << 7 | f3 << 12 | rs1 << 15 | rs2 << 20 | (uint32_t)imm >> 5 << 25;
}

static uint32_t jal(unsigned rd, int64_t by)
{
    uint32_t u = (uint32_t)by;
    return 0x6f | rd << 7 | (u & 0xff000) | (u >> 11 & 1) << 20 | (u >> 1 & 0x3ff) << 21 | (u >> 20 & 1) << 31;
}

static uint32_t atomic(unsigned kind, unsigned rd, unsigned rs2)
{
    return 0x2f | rd << 7 | (2u + below(2)) << 12 | A0 << 15 | rs2 << 20 | kind << 27;
}

/* a0 = a page of the data (or of nothing, or of a device) + s8 */
static void point(struct code *c, bool device)
{
    unsigned page = device ? DEVICE_PAGES + below(2) : below(8) ? below(DATA_PAGES) : 0x4000 + below(64);
    word(c, 0x37 | A0 << 7 | page << 12);
    half(c, 0x9002 | A0 << 7 | S8 << 2); /* c.add a0, s8 */
}

static void full_access(struct code *c)
{
    static const unsigned sizes[] = {0, 1, 2, 3, 3, 3};
    int offset = (int)below(4) ? (int)below(4096) - 2048 : -1 - (int)below(8);
    unsigned size = sizes[below(6)], fp = below(6) == 0 ? 4 : 0;
    if (fp)
        size = 2 + below(2);
    if (below(2))
        word(c, i_type(0x03 | fp, size, A1, A0, offset));
    else
        word(c, s_type(0x23 | fp, size, A0, A1, offset));
}

static void short_access(struct code *c)
{
    static const unsigned near[] = {0x4000, 0x6000, 0xc000, 0xe000, 0x2000, 0xa000};   /* c.lw ld sw sd fld fsd */
    static const unsigned stack[] = {0x4002, 0x6002, 0xc002, 0xe002, 0x2002, 0xa002};  /* ...sp */
    unsigned kind = below(6);
    if (below(2))
        half(c, near[kind] | below(8) << 10 | (A0 - 8) << 7 | below(4) << 5 | (A1 - 8) << 2);
    else
        half(c, stack[kind] | below(64) << 7 | (kind == 0 || kind == 1 || kind == 4 ? 0 : A1 << 2));
    if ((c->bytes[c->n - 1] & 0xe0) == 0x40 || (c->bytes[c->n - 1] & 0xe0) == 0x60 || (c->bytes[c->n - 1] & 0xe0) == 0x20)
        if (c->bytes[c->n - 2] & 2) { /* loads from the stack have rd where stores have bits of the offset */
            unsigned insn = c->bytes[c->n - 2] | c->bytes[c->n - 1] << 8;
            c->n -= 2;
            half(c, (insn & ~0xf80u) | A1 << 7);
        }
}

static void atomics(struct code *c)
{
    static const unsigned kinds[] = {0, 1, 4, 8, 0x0c, 0x10, 0x14, 0x18, 0x1c};
    if (below(3)) {
        word(c, atomic(kinds[below(9)], A2, A1));
        return;
    }
    unsigned size = 2 + below(2);
    word(c, (atomic(2, A1, 0) & ~0x7000u) | size << 12);
    if (below(3) == 0)
        point(c, false); /* the SC will fail, unless it is the same page */
    if (below(3) == 0)
        word(c, i_type(0x13, 0, A2, A2, 1));
    word(c, (atomic(3, T1, A2) & ~0x7000u) | size << 12);
}

static void special(struct code *c, bool machine)
{
    switch (below(7)) {
    case 0:
        word(c, 0x00000073); /* ecall */
        break;
    case 1:
        word(c, 0x00100073); /* ebreak */
        break;
    case 2:
        word(c, i_type(0x73, 2, A1, 0, 0xc01)); /* rdtime: emulated */
        break;
    case 3:
        word(c, i_type(0x73, 1, A2, A1, machine ? CSR_MSCRATCH : CSR_SSCRATCH));
        break;
    case 4:
        word(c, machine ? 0x0000100f : (uint32_t)i_type(0x73, 1, 0, S2 + below(3), CSR_SATP));
        break;
    case 5:
        half(c, 0); /* illegal */
        break;
    default:
        word(c, i_type(0x67, 0, RA, A0, 0)); /* a page that may not be executed, or is not there: in M mode, of data */
        if (machine)
            c->n -= 4;
    }
}

static void chunk(struct code *c, bool machine)
{
    unsigned end = c->n + CHUNK_BYTES - 40;
    while (c->n < end) {
        unsigned kind = below(100);
        if (kind < 15)
            point(c, false);
        else if (kind < 55)
            full_access(c);
        else if (kind < 80)
            short_access(c);
        else if (kind < 88)
            atomics(c);
        else if (kind < 91)
            special(c, machine);
        else if (kind < 93) {
            point(c, true);
            word(c, i_type(0x03, 2 + below(2), A1, A0, -8)); /* mtime, or nothing of the UART */
        } else if (kind < 97)
            half(c, 0x0505 | A2 << 7); /* c.addi a2, 1 */
        else
            word(c, i_type(0x13, 0, A2, A1, (int)below(100)));
    }
}

/* Chunks in a random order; each ends with a jump to the next. Code begins at an odd number of halves. */
static uint64_t make_code(struct machine *m, uint64_t base, bool machine)
{
    static struct code c;
    unsigned start[CHUNKS], jump[CHUNKS], order[CHUNKS];
    c.n = below(2) * 2;
    for (unsigned i = 0; i < CHUNKS; i++) {
        start[i] = c.n;
        chunk(&c, machine);
        jump[i] = c.n;
        word(&c, 0);
        unsigned k = below(i + 1);
        order[i] = order[k];
        order[k] = i;
    }
    for (unsigned i = 0; i < CHUNKS; i++) {
        unsigned at = jump[order[i]], n = c.n;
        c.n = at;
        word(&c, jal(0, (int64_t)start[order[(i + 1) % CHUNKS]] - (int64_t)at));
        c.n = n;
    }
    assert_true(c.n < 64 * 4096);
    memcpy(ram_at(m, RAM_BASE, c.n), c.bytes, c.n);
    return base + start[order[0]];
}

/* A trap goes on behind the instruction, one at a fetch at ra. */
static void make_handler(struct machine *m, bool machine)
{
    unsigned cause = machine ? CSR_MCAUSE : CSR_SCAUSE, epc = machine ? CSR_MEPC : CSR_SEPC;
    uint32_t ret = machine ? 0x30200073 : 0x10200073;
    const uint32_t code[] = {
        i_type(0x73, 2, T0, 0, (int)cause), i_type(0x13, 0, T1, 0, machine ? EXC_FETCH_ACCESS : EXC_FETCH_PAGE),
        0x00629663 /* bne t0, t1, 12 */, i_type(0x73, 1, 0, RA, (int)epc), ret,
        i_type(0x73, 2, T0, 0, (int)epc), i_type(0x03, 5, T1, T0, 0) /* lhu */, i_type(0x13, 7, T1, T1, 3),
        i_type(0x13, 0, T1, T1, -3), 0x00603333 /* snez t1, t1 */, i_type(0x13, 1, T1, T1, 1), i_type(0x13, 0, T0, T0, 4),
        0x406282b3 /* sub t0, t0, t1 */, i_type(0x73, 1, 0, T0, (int)epc), ret,
    };
    memcpy(ram_at(m, HANDLER_PA, sizeof code), code, sizeof code);
}

/* ---- the guest's memory ---- */

static void put64(struct machine *m, uint64_t pa, uint64_t value)
{
    memcpy(ram_at(m, pa, 8), &value, 8);
}

static void map(struct machine *m, unsigned space, uint64_t va, uint64_t pa, uint64_t flags)
{
    uint64_t root = TABLES + space * 8 * 4096, directory_pa = root + 4096, table = root + (va >> 28 & 1 ? 3 : 2) * 4096;
    put64(m, root + (va >> 30) * 8, PA_TO_PTE(directory_pa) | PTE_V);
    put64(m, directory_pa + (va >> 21 & 511) * 8, PA_TO_PTE(table) | PTE_V);
    put64(m, table + (va >> 12 & 511) * 8, PA_TO_PTE(pa) | flags | PTE_V);
}

static void make_tables(struct machine *m)
{
    for (unsigned space = 0; space < 3; space++) {
        for (unsigned i = 0; i < DATA_PAGES; i++)
            if (i % 11 != 3)
                map(m, space, DATA_VA + i * 4096ull, DATA_PA + (i * (2 * space + 1) + space) % 40 * 4096ull,
                    (i % 13 == 5 ? PTE_R : PTE_R | PTE_W) | (i % 3 ? PTE_A | PTE_D : 0));
        map(m, space, DATA_VA + DEVICE_PAGES * 4096ull, 0x0200c000, PTE_R | PTE_A);
        map(m, space, DATA_VA + (DEVICE_PAGES - 1) * 4096ull, 0x0200b000, PTE_R | PTE_A); /* mtime is at its end */
        map(m, space, DATA_VA + (DEVICE_PAGES + 1) * 4096ull, 0x10000000, PTE_R | PTE_A);
        for (unsigned i = 0; i < 64; i++)
            map(m, space, CODE_VA + i * 4096ull, RAM_BASE + i * 4096ull, PTE_R | PTE_X);
        map(m, space, HANDLER_VA, HANDLER_PA, PTE_R | PTE_X);
    }
}

static uint64_t satp_of(unsigned space)
{
    return (uint64_t)SATP_SV39 << SATP_MODE_SHIFT | (uint64_t)space << SATP_ASID_SHIFT | (TABLES + space * 8 * 4096) >> 12;
}

static struct machine *make_guest(const struct access_options *o, struct recorder *r, bool machine, uint64_t from)
{
    struct machine_config config = {.ram_bytes = RAM_BYTES, .console_in = -1, .console_out = -1, .access = o, .recorder = r};
    struct machine *m = machine_new(&config, err, sizeof err);
    uint64_t handler = machine ? HANDLER_PA : HANDLER_VA;
    if (!m)
        fail_msg("%s", err);
    seed = from;
    hart_enter(&m->hart, machine ? MMU_MACHINE : MMU_SUPERVISOR, machine ? RAM_BASE : CODE_VA, 0);
    make_tables(m);
    make_handler(m, machine);
    m->hart.pc = make_code(m, machine ? RAM_BASE : CODE_VA, machine);
    m->loaded = true;
    assert_true(csr_set(&m->hart, machine ? CSR_MTVEC : CSR_STVEC, handler));
    assert_true(csr_set(&m->hart, machine ? CSR_MSTATUS : CSR_SSTATUS, 1ull << 13)); /* FS */
    if (!machine)
        assert_true(csr_set(&m->hart, CSR_SATP, satp_of(0)));
    for (unsigned i = 0; i < 3; i++)
        hart_set_reg(&m->hart, UC_RISCV_REG_X0 + S2 + (int)i, satp_of(i));
    hart_set_reg(&m->hart, UC_RISCV_REG_X0 + S8, machine ? DATA_PA : DATA_VA);
    hart_set_reg(&m->hart, UC_RISCV_REG_X0 + SP, (machine ? DATA_PA : DATA_VA) + 4096 - 200);
    return m;
}

/* ---- the reference ---- */

struct list {
    struct access *all;
    size_t n, room;
};

static void add(struct list *l, struct access a)
{
    if (l->n == l->room) {
        l->room = l->room ? 2 * l->room : 65536;
        l->all = realloc(l->all, l->room * sizeof *l->all);
        assert_non_null(l->all);
    }
    l->all[l->n++] = a;
}

static uint64_t page(uint64_t a)
{
    return a & ~4095ull;
}

static uint64_t physical(struct hart *h, uint64_t va, enum mmu_access access)
{
    struct tlb_walk w;
    if (h->privilege == MMU_MACHINE)
        return va;
    return tlb_walk(h, va, access, &w) ? w.result.pa : 0;
}

/* What an instruction accesses, by the page tables as they are before it. */
static struct access worked_out(struct hart *h, uint64_t va, unsigned bytes, enum access_kind kind)
{
    enum mmu_access how = kind == ACCESS_FETCH ? MMU_FETCH : kind == ACCESS_LOAD ? MMU_LOAD : MMU_STORE;
    struct access a = {.insn = step_retired(h), .ts = clock_after(h->machine, step_retired(h)), .pc = h->pc, .va = va,
                       .pa = physical(h, va, how), .satp = h->privilege == MMU_MACHINE ? 0 : h->satp, .bytes = bytes,
                       .count = 1, .kind = kind, .mode = (uint8_t)h->privilege};
    if (page(va) != page(va + bytes - 1))
        a.next_pa = page(physical(h, page(va + bytes - 1), how));
    return a;
}

/* One step; what it accessed, if it did not trap. */
static void reference_step(struct machine *m, struct list *l)
{
    struct hart *h = &m->hart;
    struct machine_result result;
    struct insn_access a;
    uint32_t insn = 0;
    uint64_t handler = h->privilege == MMU_MACHINE ? HANDLER_PA : HANDLER_VA;
    bool readable = tlb_instruction(h, h->pc, &insn), data = readable && insn_access(insn, &a);
    bool lr = (insn & 0xf800007f) == 0x1000002f, sc = (insn & 0xf800007f) == 0x1800002f;
    struct access fetch = {0}, access = {0};
    if (readable)
        fetch = worked_out(h, h->pc, insn_bytes((uint16_t)insn), ACCESS_FETCH);
    if (data) {
        uint64_t va = hart_reg(h, UC_RISCV_REG_X0 + (int)a.base) + (uint64_t)a.offset;
        bool amo = (insn & 0x7f) == 0x2f && !lr && !sc;
        access = worked_out(h, va, a.bytes, amo ? ACCESS_AMO : a.store ? ACCESS_STORE : ACCESS_LOAD);
    }
    machine_step(m, &result);
    assert_int_equal(result.stop, STOP_NONE);
    if (!readable || h->pc == handler)
        return;
    add(l, fetch);
    if (data && !(sc && hart_reg(h, UC_RISCV_REG_X0 + T1) != 0))
        add(l, access);
}

/* ---- what was stored ---- */

static void read_blob(const void *blob, int n, bool runs, struct list *l)
{
    struct access_reader *r = access_reader_new(blob, (size_t)n, runs, err, sizeof err);
    struct access a;
    int got;
    if (!r)
        fail_msg("%s", err);
    while ((got = access_read(r, &a, err, sizeof err)) > 0)
        add(l, a);
    if (got < 0)
        fail_msg("%s", err);
    access_reader_free(r);
}

/* Reads the blocks of the trace at `path`, and checks what their rows say. */
static void read_back(struct list *each, struct list *runs)
{
    sqlite3 *db;
    sqlite3_stmt *s;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "SELECT data, fetches, loads, stores, amos, insn, last_insn, ts, last_ts FROM access_block ORDER BY id",
                                        -1, &s, NULL), SQLITE_OK);
    while (sqlite3_step(s) == SQLITE_ROW) {
        size_t from = each->n;
        sqlite3_int64 counts[ACCESS_KINDS] = {0};
        read_blob(sqlite3_column_blob(s, 0), sqlite3_column_bytes(s, 0), false, each);
        read_blob(sqlite3_column_blob(s, 0), sqlite3_column_bytes(s, 0), true, runs);
        for (size_t i = from; i < each->n; i++)
            counts[each->all[i].kind]++;
        for (int k = 0; k < ACCESS_KINDS; k++)
            if (sqlite3_column_int64(s, 1 + k) != counts[k])
                fail_msg("kind %d: the row says %lld, there are %lld", k, sqlite3_column_int64(s, 1 + k), counts[k]);
        assert_true(each->all[from].insn >= (uint64_t)sqlite3_column_int64(s, 5));
        assert_true(each->all[each->n - 1].insn <= (uint64_t)sqlite3_column_int64(s, 6));
        assert_true(each->all[from].ts >= (uint64_t)sqlite3_column_int64(s, 7));
        assert_true(each->all[each->n - 1].ts <= (uint64_t)sqlite3_column_int64(s, 8));
    }
    assert_int_equal(sqlite3_finalize(s), SQLITE_OK);
    sqlite3_close(db);
}

static void differ(const char *what, size_t i, const struct access *g, const struct access *w, uint64_t from)
{
    fail_msg("TARRY_SEED=%llu: %s: access %zu: insn %llu pc %llx kind %u va %llx pa %llx next %llx bytes %u mode %u satp %llx ts %llu;"
             " the reference has insn %llu pc %llx kind %u va %llx pa %llx next %llx bytes %u mode %u satp %llx ts %llu",
             (unsigned long long)from, what, i, (unsigned long long)g->insn, (unsigned long long)g->pc, g->kind, (unsigned long long)g->va,
             (unsigned long long)g->pa, (unsigned long long)g->next_pa, g->bytes, g->mode, (unsigned long long)g->satp, (unsigned long long)g->ts,
             (unsigned long long)w->insn, (unsigned long long)w->pc, w->kind, (unsigned long long)w->va, (unsigned long long)w->pa,
             (unsigned long long)w->next_pa, w->bytes, w->mode, (unsigned long long)w->satp, (unsigned long long)w->ts);
}

static bool same(const struct access *a, const struct access *b)
{
    return a->insn == b->insn && a->ts == b->ts && a->pc == b->pc && a->va == b->va && a->pa == b->pa && a->next_pa == b->next_pa &&
           a->proc == b->proc && a->satp == b->satp && a->bytes == b->bytes && a->count == b->count && a->kind == b->kind && a->mode == b->mode;
}

static void compare(const char *what, const struct list *got, const struct list *want, uint64_t from)
{
    for (size_t i = 0; i < got->n && i < want->n; i++)
        if (!same(&got->all[i], &want->all[i]))
            differ(what, i, &got->all[i], &want->all[i], from);
    if (got->n != want->n)
        fail_msg("TARRY_SEED=%llu: %s: %zu accesses; the reference has %zu", (unsigned long long)from, what, got->n, want->n);
}

/* Runs, taken apart, are the fetches. */
static void compare_runs(const struct list *runs, const struct list *each)
{
    size_t at = 0;
    for (size_t i = 0; i < runs->n; i++) {
        const struct access *r = &runs->all[i], *last = &each->all[at + r->count - 1];
        uint32_t bytes = 0;
        assert_true(at + r->count <= each->n);
        assert_int_equal(each->all[at].va, r->va);
        assert_int_equal(each->all[at].insn, r->insn);
        assert_int_equal(each->all[at].pa, r->pa);
        assert_int_equal(last->next_pa, r->next_pa);
        for (uint32_t k = 0; k < r->count; k++, at++) {
            assert_int_equal(each->all[at].kind, r->kind);
            bytes += each->all[at].bytes;
        }
        assert_int_equal(bytes, r->bytes);
    }
    assert_int_equal(at, each->n);
}

/* ---- the comparison ---- */

static struct recorder *open_trace(const struct choice *c)
{
    struct recorder *r = recorder_open(path, &(struct run_facts){.command = "test", .choice = c}, err, sizeof err);
    if (!r)
        fail_msg("%s", err);
    return r;
}

static void close_trace(struct machine *m, struct recorder *r)
{
    machine_access_finish(m);
    assert_int_equal(recorder_close(r, &(struct run_result){0}, err, sizeof err), 0);
    machine_free(m);
}

/* By single steps; the list of the reference is the answer. */
static struct list reference(const struct access_options *o, bool machine, uint64_t from, uint64_t insns, struct list *traced)
{
    struct list want = {0};
    struct choice c;
    choice_default(&c);
    struct recorder *r = open_trace(&c);
    struct machine *m = make_guest(o, r, machine, from);
    struct list runs = {0};
    while (step_retired(&m->hart) < insns)
        reference_step(m, &want);
    close_trace(m, r);
    read_back(traced, &runs);
    unlink(path);
    free(runs.all);
    return want;
}

static void count_kinds(const struct list *l, unsigned counts[ACCESS_KINDS], unsigned *crossing)
{
    for (size_t i = 0; i < l->n; i++) {
        counts[l->all[i].kind]++;
        crossing[l->all[i].kind != ACCESS_FETCH] += l->all[i].next_pa != 0;
    }
}

static void run_both(bool machine, uint64_t from, unsigned crossing[2])
{
    struct choice c;
    choice_default(&c);
    struct access_options o = {.trace = true, .choice = &c};
    struct list each = {0}, runs = {0}, stepped = {0};
    struct machine_result result;
    struct recorder *r = open_trace(&c);
    struct machine *m = make_guest(&o, r, machine, from);
    machine_run_for(m, INSNS, &result);
    uint64_t insns = m->hart.insns;
    close_trace(m, r);
    read_back(&each, &runs);
    unlink(path);
    struct list want = reference(&o, machine, from, insns, &stepped);
    compare("run", &each, &want, from);
    compare("stepped", &stepped, &want, from);
    compare_runs(&runs, &each);
    unsigned counts[ACCESS_KINDS] = {0};
    count_kinds(&want, counts, crossing);
    assert_true(counts[ACCESS_LOAD] > 1000 && counts[ACCESS_STORE] > 1000 && counts[ACCESS_AMO] > 100);
    free(each.all);
    free(runs.all);
    free(stepped.all);
    free(want.all);
}

static void seeds(bool machine, uint64_t from)
{
    unsigned crossing[2] = {0};
    for (unsigned i = 0; i < 4; i++)
        run_both(machine, from + i, crossing);
    if (crossing[0] < 10 || crossing[1] < 100)
        fail_msg("TARRY_SEED=%llu: %u instructions and %u loads and stores cross pages: too few", (unsigned long long)from, crossing[0], crossing[1]);
}

static void supervisor(void **state)
{
    seeds(false, *(uint64_t *)*state);
}

static void machine_mode(void **state)
{
    seeds(true, *(uint64_t *)*state);
}

int main(void)
{
    const char *given = getenv("TARRY_SEED");
    static uint64_t from;
    from = given ? strtoull(given, NULL, 0) : 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(supervisor, &from),
        cmocka_unit_test_prestate(machine_mode, &from),
    };
    if (!mkdtemp(directory))
        return 1;
    snprintf(path, sizeof path, "%s/a.db", directory);
    printf("# TARRY_SEED=%llu\n", (unsigned long long)from);
    cmocka_set_message_output(CM_OUTPUT_TAP);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    rmdir(directory);
    return failed;
}
