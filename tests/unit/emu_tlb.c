/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The TLB model in the machine (emu/tlb_model.h): random programs are run, and run once more by single steps, where
 * each instruction's accesses are worked out and shown to a model of their own, one after the other. All counts agree,
 * for each kind of geometry. Programs load, store, cross pages, jump, fault, fence and change address spaces.
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

#include "emu/insn.h"
#include "emu/machine_priv.h"
#include "emu/tlb_model.h"
#include "mmu/pte.h"
#include "random.h"
#include "traces/recorder.h"

enum { RA = 1, T0 = 5, T1 = 6, A0 = 10, A1 = 11, S2 = 18, S5 = 21 };
enum { CODE_PAGES = 12, DATA_PAGES = 96, CHUNK = 64, INSNS = 30000 };

#define MEGA 0x200000ull
#define RAM_BYTES (16ull << 20)
#define TABLES (RAM_BASE + 4 * MEGA) /* root, two directories, tables */
#define DATA_VA 0x40000000ull
#define LARGE_VA (DATA_VA + MEGA)
#define CODE_VA 0x50000000ull
#define HANDLER_VA (CODE_VA + 64 * 4096)

static char err[512];
static struct recorder *recorder; /* of the next machine */

/* ---- the guest ---- */

static uint32_t i_type(unsigned opcode, unsigned f3, unsigned rd, unsigned rs1, int imm)
{
    return opcode | rd << 7 | f3 << 12 | rs1 << 15 | (uint32_t)imm << 20;
}

static uint32_t store(unsigned f3, unsigned rs1, unsigned rs2, int imm)
{
    return 0x23 | ((uint32_t)imm & 31) << 7 | f3 << 12 | rs1 << 15 | rs2 << 20 | (uint32_t)imm >> 5 << 25;
}

static uint32_t lui(unsigned rd, uint64_t va)
{
    return 0x37 | rd << 7 | ((uint32_t)va & 0xfffff000);
}

static uint32_t jal(unsigned rd, int64_t by)
{
    uint32_t u = (uint32_t)by;
    return 0x6f | rd << 7 | (u & 0xff000) | (u >> 11 & 1) << 20 | (u >> 1 & 0x3ff) << 21 | (u >> 20 & 1) << 31;
}

static void put64(struct machine *m, uint64_t pa, uint64_t value)
{
    memcpy(ram_at(m, pa, 8), &value, 8);
}

static void map(struct machine *m, uint64_t va, uint64_t pa, uint64_t flags)
{
    uint64_t table = TABLES + 4096 + (va >> 21 & 511 ? (va >> 21 & 511) * 4096 : 8192);
    put64(m, TABLES + (va >> 30) * 8, PA_TO_PTE(TABLES + 4096) | PTE_V);
    put64(m, TABLES + 4096 + (va >> 21 & 511) * 8, PA_TO_PTE(table) | PTE_V);
    put64(m, table + (va >> 12 & 511) * 8, PA_TO_PTE(pa) | flags | PTE_V);
}

static void make_tables(struct machine *m)
{
    const uint64_t data = PTE_R | PTE_W, code = PTE_R | PTE_X;
    for (unsigned i = 0; i < DATA_PAGES; i++)
        if (i % 11 != 3)
            map(m, DATA_VA + i * 4096ull, RAM_BASE + 2 * MEGA + i % 40 * 4096ull,
                (i % 13 == 5 ? PTE_R : data) | (i % 7 == 0 ? PTE_G : 0) | (i % 3 ? PTE_A | PTE_D : 0));
    for (unsigned i = 0; i < CODE_PAGES; i++)
        map(m, CODE_VA + i * 4096ull, RAM_BASE + i * 4096ull, code);
    map(m, HANDLER_VA, RAM_BASE + 64 * 4096, code | PTE_G);
    put64(m, TABLES + 4096 + (LARGE_VA >> 21 & 511) * 8, PA_TO_PTE(RAM_BASE + 3 * MEGA) | data | PTE_V);
}

/* A fault goes on behind the instruction; one at a fetch, at ra. */
static void make_handler(struct machine *m)
{
    const uint32_t code[] = {
        i_type(0x73, 2, T0, 0, CSR_SCAUSE), i_type(0x13, 0, T1, 0, 12), 0x00629663 /* bne t0, t1, 12 */,
        i_type(0x73, 1, 0, RA, CSR_SEPC), 0x10200073, i_type(0x73, 2, T0, 0, CSR_SEPC), i_type(0x13, 0, T0, T0, 4),
        i_type(0x73, 1, 0, T0, CSR_SEPC), 0x10200073,
    };
    memcpy(ram_at(m, RAM_BASE + 64 * 4096, sizeof code), code, sizeof code);
}

static uint32_t random_access_insn(void)
{
    static const unsigned sizes[] = {0, 1, 2, 3, 3, 3};
    int offset = (int)below(4) ? (int)below(4096) - 2048 : -1 - (int)below(8);
    unsigned f3 = sizes[below(6)];
    if (below(2))
        return i_type(0x03, f3, A1, A0, offset);
    return store(f3, A0, A1, offset);
}

static uint32_t random_fence(void)
{
    unsigned rs1 = below(2) ? A0 : 0, rs2 = below(2) ? S5 : 0;
    return 0x12000073 | rs1 << 15 | rs2 << 20;
}

/* Pairs of instructions, from `at` on; the chunk ends with a jump to `next`. */
static void make_chunk(uint32_t *code, uint64_t at, uint64_t next)
{
    unsigned n = 0;
    while (n < CHUNK - 4) {
        unsigned kind = below(200);
        uint64_t va = (below(5) ? DATA_VA + below(DATA_PAGES) * 4096ull : LARGE_VA + below(512) * 4096ull);
        code[n++] = lui(A0, va);
        if (kind == 0)
            code[n++] = random_fence();
        else if (kind < 3)
            code[n++] = i_type(0x73, 1, 0, S2 + below(3), CSR_SATP);
        else if (kind < 5)
            code[n++] = i_type(0x13, 0, S5, 0, (int)below(4));
        else if (kind < 8)
            code[n++] = 0x00b5362f | (uint32_t)(T1 ^ 12) << 7 /* amoadd.d */;
        else if (kind < 9)
            code[n++] = i_type(0x67, 0, RA, A0, 0); /* a page that may not be executed, or is not there */
        else
            code[n++] = random_access_insn();
    }
    code[n] = jal(0, (int64_t)(next - (at + n * 4)));
    while (++n < CHUNK)
        code[n] = i_type(0x13, 0, 0, 0, 0);
}

/* Chunks in a random order over all code pages, shifted by `skew` so that one instruction crosses each end of a page. */
static void make_code(struct machine *m, unsigned skew)
{
    enum { CHUNKS = CODE_PAGES * 4096 / (CHUNK * 4) - 1 };
    unsigned order[CHUNKS];
    uint32_t code[CHUNK];
    for (unsigned i = 0; i < CHUNKS; i++) {
        unsigned k = below(i + 1);
        order[i] = order[k];
        order[k] = i;
    }
    for (unsigned i = 0; i < CHUNKS; i++) {
        uint64_t at = order[i] * CHUNK * 4ull + skew, next = order[(i + 1) % CHUNKS] * CHUNK * 4ull + skew;
        make_chunk(code, CODE_VA + at, CODE_VA + next);
        memcpy(ram_at(m, RAM_BASE + at, sizeof code), code, sizeof code);
    }
    m->hart.pc = CODE_VA + order[0] * CHUNK * 4ull + skew;
}

static uint64_t satp_of(unsigned asid)
{
    return (uint64_t)SATP_SV39 << SATP_MODE_SHIFT | (uint64_t)asid << SATP_ASID_SHIFT | TABLES >> 12;
}

static struct machine *make_guest(const struct tlb_options *o, uint64_t from)
{
    struct machine_config config = {.ram_bytes = RAM_BYTES, .console_in = -1, .console_out = -1, .tlb = o,
                                    .recorder = recorder};
    struct machine *m = machine_new(&config, err, sizeof err);
    if (!m)
        fail_msg("%s", err);
    seed = from;
    hart_enter(&m->hart, MMU_SUPERVISOR, CODE_VA, 0);
    make_tables(m);
    make_handler(m);
    make_code(m, below(2) * 2);
    m->loaded = true;
    assert_true(csr_set(&m->hart, CSR_STVEC, HANDLER_VA));
    assert_true(csr_set(&m->hart, CSR_SATP, satp_of(0)));
    for (unsigned i = 0; i < 3; i++)
        hart_set_reg(&m->hart, UC_RISCV_REG_X0 + S2 + (int)i, satp_of(i));
    return m;
}

/* ---- the reference ---- */

struct reference {
    struct mmu_tlb *tlb;
    const struct tlb_options *options;
    struct tlb_counts counts[3];
};

struct step { /* an instruction that is about to be executed */
    uint64_t pc, satp, va;
    uint32_t insn;
    struct insn_access access;
    bool readable, data, starts; /* starts a block */
    const uint64_t *fence_va;
    const unsigned *fence_asid;
    uint64_t fence_va_value;
    unsigned fence_asid_value;
};

static void look(struct machine *m, struct step *s)
{
    struct hart *h = &m->hart;
    memset(s, 0, sizeof *s);
    s->pc = h->pc;
    s->satp = h->satp;
    s->starts = !h->midway;
    s->readable = tlb_instruction(h, s->pc, &s->insn);
    s->data = s->readable && insn_access(s->insn, &s->access);
    if (s->data)
        s->va = hart_reg(h, UC_RISCV_REG_X0 + (int)s->access.base) + (uint64_t)s->access.offset;
    if (s->readable && insn_is_sfence(s->insn)) {
        s->fence_va_value = hart_reg(h, UC_RISCV_REG_X0 + (int)(s->insn >> 15 & 31));
        s->fence_asid_value = (unsigned)hart_reg(h, UC_RISCV_REG_X0 + (int)(s->insn >> 20 & 31));
        s->fence_va = s->insn >> 15 & 31 ? &s->fence_va_value : NULL;
        s->fence_asid = s->insn >> 20 & 31 ? &s->fence_asid_value : NULL;
    }
}

/* One access to one page; refused: it trapped. */
static void reference_access(struct reference *r, struct machine *m, const struct step *s, uint64_t va,
                             enum mmu_access access, bool refused)
{
    struct tlb_counts *c = &r->counts[access];
    struct mmu_tlb_entry *e;
    struct mmu_tlb_victims out;
    struct tlb_walk w;
    unsigned asid = (unsigned)(s->satp >> SATP_ASID_SHIFT) & 0xffff;
    enum mmu_tlb_place place = mmu_tlb_access(r->tlb, va, asid, access, &e, &out);
    static const uint64_t needs[] = {[MMU_LOAD] = PTE_R, [MMU_STORE] = PTE_W | PTE_D, [MMU_FETCH] = PTE_X};
    bool global = false, again = e && (e->pte & needs[access]) != needs[access];
    if (place != MMU_TLB_L1) {
        c->misses++;
        c->second += place == MMU_TLB_L2;
        c->walks += place == MMU_TLB_MISS;
    }
    c->refused += refused; /* after a hit, too: an entry that lacks the right is walked for again */
    c->again += again;
    bool data = access != MMU_FETCH || r->options->config.itlb.entries == 0;
    enum mmu_tlb_array first = data ? MMU_TLB_DATA : MMU_TLB_INSTRUCTION;
    c->evictions += out.entry[first].valid;
    out.entry[first].valid = false;
    if (place == MMU_TLB_MISS || again) {
        if (refused || !tlb_walk(&m->hart, va, access, &w))
            return;
        for (unsigned i = 0; i < w.n; i++)
            global |= (w.pte[i] & PTE_G) != 0;
        mmu_tlb_fill(r->tlb, va, asid, access, w.result.pte, 0, w.result.level, global, &out);
    }
    c->evictions += out.entry[first].valid;
}

static uint64_t page(uint64_t va)
{
    return va & ~4095ull;
}

/* A store across pages has both translations before it writes; what the second has thrown out is needed once more. */
static void write_across(struct reference *r, struct machine *m, const struct step *s, uint64_t first, uint64_t second)
{
    unsigned asid = (unsigned)(s->satp >> SATP_ASID_SHIFT) & 0xffff;
    if (!mmu_tlb_probe(r->tlb, first, asid, MMU_STORE, MMU_TLB_L1))
        reference_access(r, m, s, first, MMU_STORE, false);
    if (!mmu_tlb_probe(r->tlb, second, asid, MMU_STORE, MMU_TLB_L1))
        reference_access(r, m, s, second, MMU_STORE, false);
}

/* The step is done. Fault: 0, or the page of the access that was refused. */
static void account(struct reference *r, struct machine *m, const struct step *s, uint64_t cause, uint64_t fault)
{
    unsigned id = s->fence_asid_value & ((1u << r->options->config.asid_bits) - 1); /* further bits are ignored (4.2.1) */
    unsigned bytes = s->readable ? insn_bytes((uint16_t)s->insn) : 4;
    bool fetch_fault = cause == EXC_FETCH_PAGE;
    uint64_t last = page(s->pc + bytes - 1), first_data = page(s->va), last_data = page(s->va + s->access.bytes - 1);
    enum mmu_access access = s->access.store ? MMU_STORE : MMU_LOAD;
    if (s->starts || r->options->config.itlb.entries)
        reference_access(r, m, s, page(s->pc), MMU_FETCH, fetch_fault && fault == page(s->pc));
    if (s->data && !fetch_fault) {
        r->counts[access].accesses++;
        reference_access(r, m, s, first_data, access, cause && fault == first_data);
        if (last_data != first_data && !(cause && fault == first_data))
            reference_access(r, m, s, last_data, access, cause && fault == last_data);
        if (access == MMU_STORE && last_data != first_data && !cause)
            write_across(r, m, s, first_data, last_data);
    }
    if (last != page(s->pc) && !(fetch_fault && fault == page(s->pc)) && (!cause || fetch_fault))
        reference_access(r, m, s, last, MMU_FETCH, fetch_fault);
    if (s->readable && insn_is_sfence(s->insn))
        mmu_tlb_fence(r->tlb, s->fence_va, s->fence_asid ? &id : NULL, NULL, NULL);
}

static void reference_step(struct reference *r, struct machine *m)
{
    struct machine_result result;
    struct step s;
    uint64_t cause = 0, tval = 0;
    look(m, &s);
    machine_step(m, &result);
    assert_int_equal(result.stop, STOP_NONE);
    if (m->hart.pc == HANDLER_VA) {
        csr_get(&m->hart, CSR_SCAUSE, &cause);
        csr_get(&m->hart, CSR_STVAL, &tval);
    }
    account(r, m, &s, cause, page(tval));
}

static void same(const char *what, const char *kind, uint64_t got, uint64_t want, const char *spec, uint64_t from)
{
    if (got != want)
        fail_msg("--tlb %s, TARRY_SEED=%llu: %s of %s: %llu, the reference has %llu", spec, (unsigned long long)from,
                 what, kind, (unsigned long long)got, (unsigned long long)want);
}

static void compare(const struct tlb_counts *got, const struct tlb_counts *want, const char *spec, uint64_t from)
{
    static const char *const kinds[] = {[MMU_LOAD] = "loads", [MMU_STORE] = "stores", [MMU_FETCH] = "fetches"};
    for (unsigned i = 0; i < 3; i++) {
        if (i != MMU_FETCH)
            same("accesses", kinds[i], got[i].accesses, want[i].accesses, spec, from);
        same("misses", kinds[i], got[i].misses, want[i].misses, spec, from);
        same("hits of the second level", kinds[i], got[i].second, want[i].second, spec, from);
        same("walks", kinds[i], got[i].walks, want[i].walks, spec, from);
        same("refused walks", kinds[i], got[i].refused, want[i].refused, spec, from);
        same("walks after a hit", kinds[i], got[i].again, want[i].again, spec, from);
        same("evictions", kinds[i], got[i].evictions, want[i].evictions, spec, from);
    }
}

static void run_both(const char *spec, uint64_t from)
{
    struct tlb_options o = {0};
    struct machine_result result;
    if (tlb_options_parse(&o, spec, err, sizeof err) != 0)
        fail_msg("%s", err);
    struct machine *m = make_guest(&o, from), *stepped = make_guest(&o, from);
    struct reference r = {.tlb = mmu_tlb_init(malloc(mmu_tlb_bytes(&o.config)), &o.config), .options = &o};
    machine_run_for(m, INSNS, &result);
    while (step_retired(&stepped->hart) < m->hart.insns)
        reference_step(&r, stepped);
    compare(tlb_model_counts(m->hart.tlb), r.counts, spec, from);
    compare(tlb_model_counts(stepped->hart.tlb), r.counts, spec, from); /* stepping changes nothing */
    assert_true(r.counts[MMU_LOAD].misses > 100 && r.counts[MMU_STORE].refused > 10 && r.counts[MMU_FETCH].misses > 10);
    free(r.tlb);
    machine_free(m);
    machine_free(stepped);
}

static void counts_agree(void **state)
{
    static const char *const specs[] = {
        "default", "itlb=4,dtlb=8", "itlb=8:2:random,dtlb=16:4:random,l2=32:4:lru,seed=7", "tlb=16",
        "itlb=4:4:lru,dtlb=16:16:lru", "itlb=8:2:plru,dtlb=16:4:plru:4,l2=64:8:plru", "tlb=32:4:lru", "dtlb=8:8:fifo:2,walk=8",
        "itlb=2:1:fifo,dtlb=4:1:lru,l2=16:2:fifo", "itlb=8:2:lru,dtlb=16:2:lru", "dtlb=32:4:plru:4,l2=64:8:lru",
        "dtlb=16:2:plru,walk=4", "tlb=32:2:plru:2", "itlb=8:1:lru,dtlb=8:1:lru", "dtlb=32:4:lru,asid=1",
        "itlb=8:2:lru,dtlb=16:2:lru,watch=1", "dtlb=16:4:fifo,watch=1",
    };
    uint64_t from = *(uint64_t *)*state;
    for (unsigned i = 0; i < sizeof specs / sizeof *specs; i++)
        run_both(specs[i], from + i);
}

/* ---- directed ---- */

enum { A2 = 12, A3 = 13, S6 = 22, S7 = 23 };

/* A guest that runs `code` from the start of its first page. */
static struct machine *with(const struct tlb_options *o, const uint32_t *code, size_t bytes)
{
    struct machine *m = make_guest(o, 1);
    memcpy(ram_at(m, RAM_BASE, bytes), code, bytes);
    m->hart.pc = CODE_VA;
    return m;
}

/*
 * A page table is changed, and not fenced. With --stale-tlb the old translation goes on, and the trace can say who changed
 * it; the fence ends it.
 */
static void row(const char *db, const char *sql, const uint64_t *want, int n)
{
    sqlite3 *d;
    sqlite3_stmt *s;
    assert_int_equal(sqlite3_open(db, &d), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(d, sql, -1, &s, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(s), SQLITE_ROW);
    for (int i = 0; i < n; i++)
        assert_int_equal(sqlite3_column_int64(s, i), want[i]);
    sqlite3_finalize(s);
    sqlite3_close(d);
}

static void stale_entries(void **state)
{
    (void)state;
    char dir[] = "/tmp/emu_tlb.XXXXXX", path[64];
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/stale.db", dir);
    struct tlb_options o = {.stale = true};
    struct machine_result result;
    const uint32_t code[] = {i_type(0x03, 3, A1, A0, 0), store(3, S7, S6, 0), i_type(0x03, 3, A2, A0, 0),
                             0x12000073 | A0 << 15 /* sfence.vma a0 */, i_type(0x03, 3, A3, A0, 0), 0x0000006f};
    assert_int_equal(tlb_options_parse(&o, "default", err, sizeof err), 0);
    recorder = recorder_open(path, &(struct run_facts){.command = "test"}, err, sizeof err);
    struct machine *m = with(&o, code, sizeof code);
    uint64_t old = RAM_BASE + 2 * MEGA + 4096, new = old + 4096, table = TABLES + 4096 + 8192; /* of DATA_VA */
    map(m, DATA_VA + 90 * 4096, table, PTE_R | PTE_W);
    put64(m, old, 1);
    put64(m, new, 2);
    hart_set_reg(&m->hart, UC_RISCV_REG_X0 + A0, DATA_VA + 4096);
    hart_set_reg(&m->hart, UC_RISCV_REG_X0 + S6, PA_TO_PTE(new) | PTE_V | PTE_R | PTE_W | PTE_A | PTE_D);
    hart_set_reg(&m->hart, UC_RISCV_REG_X0 + S7, DATA_VA + 90 * 4096 + 8);
    machine_step(m, &result);
    machine_step(m, &result);
    uc_ctl_flush_tlb(m->hart.uc); /* what Unicorn still has is not what counts */
    machine_run_for(m, 10, &result);
    assert_int_equal(hart_reg(&m->hart, UC_RISCV_REG_X0 + A1), 1);
    assert_int_equal(hart_reg(&m->hart, UC_RISCV_REG_X0 + A2), 1);
    assert_int_equal(hart_reg(&m->hart, UC_RISCV_REG_X0 + A3), 2);
    machine_free(m);
    assert_int_equal(recorder_close(recorder, &(struct run_result){0}, err, sizeof err), 0);
    recorder = NULL;
    row(path, "select count(*), min(pc), min(va), min(pte >> 10 << 12), min(\"table\" >> 10 << 12), min(changed_pc) from tlb_stale",
        (uint64_t[]){1, CODE_VA + 8, DATA_VA + 4096, old, new, CODE_VA + 4}, 6);
    unlink(path);
    rmdir(dir);
}

/* ---- satp.MODE 15: docs/softtlb.md ---- */

static struct machine *soft(const struct tlb_options *o, enum machine_mmu mmu, const uint32_t *code, size_t bytes)
{
    struct machine_config config = {.ram_bytes = RAM_BYTES, .console_in = -1, .console_out = -1, .tlb = o, .mmu = mmu};
    struct machine *m = machine_new(&config, err, sizeof err);
    if (!m)
        fail_msg("%s", err);
    hart_enter(&m->hart, MMU_SUPERVISOR, SOFTTLB_WINDOW + RAM_BASE, 0);
    memcpy(ram_at(m, RAM_BASE, bytes), code, bytes);
    make_handler(m);
    m->loaded = true;
    assert_true(csr_set(&m->hart, CSR_STVEC, SOFTTLB_WINDOW + RAM_BASE + 64 * 4096));
    assert_true(csr_set(&m->hart, CSR_SATP, (uint64_t)SATP_SOFTTLB << SATP_MODE_SHIFT | 7ull << SATP_ASID_SHIFT));
    return m;
}

static uint64_t csr(struct machine *m, unsigned number)
{
    uint64_t value = 0;
    assert_true(csr_get(&m->hart, number, &value));
    return value;
}

/* Rules 1 to 3 of the chapter, and its CSRs. */
static void software_managed(void **state)
{
    struct tlb_options o = {0};
    struct machine_result result;
    const uint32_t code[] = {
        i_type(0x73, 1, 0, A0, CSR_STLBHI), i_type(0x73, 1, 0, A1, CSR_STLBLO), i_type(0x03, 3, A2, A0, 8),
        i_type(0x73, 2, A3, 0, CSR_STLBLO), store(3, A0, A2, 16) /* D = 0 */, i_type(0x03, 3, A2, S6, 0) /* no entry */,
        0x12000073 | A0 << 15, i_type(0x03, 3, A2, A0, 0) /* it was fenced */, 0x0000006f,
    };
    (void)state;
    assert_int_equal(tlb_options_soft(&o, err, sizeof err), 0);
    struct machine *m = soft(&o, MMU_SV39_SOFTTLB, code, sizeof code);
    uint64_t leaf = PA_TO_PTE(RAM_BASE + MEGA) | PTE_V | PTE_R | PTE_W | PTE_A;
    put64(m, RAM_BASE + MEGA + 8, 99);
    hart_set_reg(&m->hart, UC_RISCV_REG_X0 + A0, DATA_VA);
    hart_set_reg(&m->hart, UC_RISCV_REG_X0 + A1, leaf);
    hart_set_reg(&m->hart, UC_RISCV_REG_X0 + S6, DATA_VA + 0x12348);
    for (unsigned i = 0; i < 4; i++)
        machine_step(m, &result);
    assert_int_equal(hart_reg(&m->hart, UC_RISCV_REG_X0 + A2), 99);
    assert_int_equal(hart_reg(&m->hart, UC_RISCV_REG_X0 + A3), leaf);
    const struct {
        uint64_t cause, tval;
    } traps[] = {{EXC_STORE_PAGE, DATA_VA + 16}, {EXC_LOAD_PAGE, DATA_VA + 0x12348}, {EXC_LOAD_PAGE, DATA_VA}};
    for (unsigned i = 0; i < 3; i++) {
        while (m->hart.pc != SOFTTLB_WINDOW + RAM_BASE + 64 * 4096)
            machine_step(m, &result);
        assert_int_equal(csr(m, CSR_SCAUSE), traps[i].cause);
        assert_int_equal(csr(m, CSR_STVAL), traps[i].tval);
        assert_int_equal(csr(m, CSR_STLBHI), page(traps[i].tval));
        machine_step(m, &result);
    }
    assert_int_equal(hart_reg(&m->hart, UC_RISCV_REG_X0 + A2), 99);
    machine_free(m);
}

/* Elsewhere neither the mode nor its CSRs exist; the window is the supervisor's; U mode has no CSRs of it. */
static void software_managed_bounds(void **state)
{
    struct tlb_options o = {0};
    struct machine_result result;
    const uint32_t code[] = {i_type(0x73, 1, 0, A0, CSR_STLBHI), 0x0000006f};
    uint64_t value;
    (void)state;
    assert_int_equal(tlb_options_soft(&o, err, sizeof err), 0);
    for (unsigned mmu = MMU_SV39_SV48; mmu <= MMU_SV39_SOFTTLB; mmu++) {
        struct machine *m = soft(&o, (enum machine_mmu)mmu, code, sizeof code);
        bool there = mmu == MMU_SV39_SOFTTLB;
        assert_int_equal(SATP_MODE(csr(m, CSR_SATP)), there ? SATP_SOFTTLB : SATP_BARE);
        assert_int_equal(csr_get(&m->hart, CSR_STLBLO, &value), there);
        assert_true(csr_set(&m->hart, CSR_SATP, (uint64_t)SATP_SV48 << SATP_MODE_SHIFT));
        assert_int_equal(SATP_MODE(csr(m, CSR_SATP)), there ? SATP_SOFTTLB : mmu == MMU_SV39_SV48 ? SATP_SV48 : SATP_BARE);
        machine_free(m);
    }
    struct machine *m = soft(&o, MMU_SV39_SOFTTLB, code, sizeof code);
    mode_leave_machine(&m->hart, MMU_USER);
    machine_step(m, &result);
    assert_int_equal(csr(m, CSR_SCAUSE), EXC_FETCH_PAGE); /* the window */
    machine_free(m);
    struct machine *plain = soft(NULL, MMU_SV39_SV48, code, sizeof code);
    assert_true(csr_set(&plain->hart, CSR_STVEC, RAM_BASE + 64 * 4096));
    plain->hart.pc = RAM_BASE;
    machine_step(plain, &result);
    assert_int_equal(csr(plain, CSR_SCAUSE), EXC_ILLEGAL);
    machine_free(plain);
}

/* Each entry that a walk reads takes its time, and what is due comes so much sooner after fewer instructions. */
static void walks_take_time(void **state)
{
    (void)state;
    struct tlb_options o = {0}, none = {0};
    struct machine_result slow, fast;
    assert_int_equal(tlb_options_parse(&o, "tlb=64,walk-ns=1000", err, sizeof err), 0);
    struct machine *m = make_guest(&o, 1), *plain = make_guest(&none, 1);
    machine_run_for(m, INSNS, &slow);
    machine_run_for(plain, INSNS, &fast);
    const struct tlb_counts *c = tlb_model_counts(m->hart.tlb);
    uint64_t references = c[0].references + c[1].references + c[2].references;
    assert_int_equal(fast.virtual_ns, fast.instructions);
    assert_true(references > 100);
    assert_int_equal(slow.virtual_ns, slow.instructions + 1000 * references);
    machine_free(m);
    machine_free(plain);
}

static void specs(void **state)
{
    static const char *const bad[] = {
        "", "dtlb", "dtlb=", "dtlb=0", "dtlb=x", "dtlb=64:3", "dtlb=64:4:mru", "dtlb=64:4:lru:2:1", "nothing=1", "asid=17",
        "dtlb=64,,", "walk=-1", "dtlb=99999999999",
    };
    struct tlb_options o;
    (void)state;
    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
        memset(&o, 0, sizeof o);
        err[0] = '\0';
        if (tlb_options_parse(&o, bad[i], err, sizeof err) == 0)
            fail_msg("--tlb '%s' is taken", bad[i]);
        assert_true(err[0] != '\0');
    }
    memset(&o, 0, sizeof o);
    assert_int_equal(tlb_options_parse(&o, "itlb=16:4:plru,dtlb=64:4:random:8,l2=512:8:lru,walk=16,asid=8,seed=3,walk-ns=20",
                                       err, sizeof err), 0);
    assert_int_equal(o.config.dtlb.large, 8);
    assert_int_equal(o.config.itlb.policy, MMU_TLB_PLRU);
    assert_int_equal(o.walk_ns, 20);
}

int main(void)
{
    const char *given = getenv("TARRY_SEED");
    static uint64_t from;
    from = given ? strtoull(given, NULL, 0) : 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(counts_agree, &from), cmocka_unit_test(stale_entries),
        cmocka_unit_test(walks_take_time),              cmocka_unit_test(specs),
        cmocka_unit_test(software_managed),             cmocka_unit_test(software_managed_bounds),
    };
    printf("# TARRY_SEED=%llu\n", (unsigned long long)from);
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
