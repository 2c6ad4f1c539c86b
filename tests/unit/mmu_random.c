/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The walker against another one, Unicorn's own (UC_TLB_CPU): random page tables, contexts and accesses must be refused
 * or allowed alike, with the same exception, reach the same bytes and leave the same A and D bits. What that walker, of
 * QEMU 5.0, does not check (reserved bits, A, D and U in pointers) is left to mmu_walk.c and to tests/walks, which
 * compares the machine with QEMU 7.2.
 *
 * TARRY_SEED repeats a run; TARRY_CASES or an argument sets the number of cases.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unicorn/unicorn.h>

#include <cmocka.h>

#include "mmu/pte.h"
#include "mmu/walk.h"
#include "random.h"

#define BASE 0x80000000ull
#define PAGE 4096u
#define PAGES 64u
#define TABLES 12u /* pages 0..11 are tables, 12 and 13 tables of the code, the last the code, the others are mapped   \
                    */
#define FIRST 14u
#define LAST (PAGES - 2)
#define CODE (BASE + (PAGES - 1) * (uint64_t)PAGE)
#define CODE_INDEX 3u /* of the root: the code's page for S mode, and behind it for U mode */
#define BATCH 500u    /* cases with the same tables */

/* All of them: address in a0, value in a1, then ebreak. */
enum kind {
    LOAD_1,
    LOAD_2,
    LOAD_4,
    LOAD_8,
    STORE_1,
    STORE_2,
    STORE_4,
    STORE_8,
    AMO_4,
    AMO_8,
    LR_4,
    LR_8,
    PAIR_4,
    PAIR_8,
    FETCH,
    KINDS
};

static const struct {
    uint32_t insns[2]; /* lr and sc, or one */
    unsigned bytes;
} kinds[KINDS] = {
    [LOAD_1] = {{0x00050503}, 1},             /* lb a0, 0(a0) */
    [LOAD_2] = {{0x00051503}, 2},             /* lh */
    [LOAD_4] = {{0x00052503}, 4},             /* lw */
    [LOAD_8] = {{0x00053503}, 8},             /* ld */
    [STORE_1] = {{0x00b50023}, 1},            /* sb a1, 0(a0) */
    [STORE_2] = {{0x00b51023}, 2},            /* sh */
    [STORE_4] = {{0x00b52023}, 4},            /* sw */
    [STORE_8] = {{0x00b53023}, 8},            /* sd */
    [AMO_4] = {{0x08b5262f}, 4},              /* amoswap.w a2, a1, (a0) */
    [AMO_8] = {{0x08b5362f}, 8},              /* amoswap.d */
    [LR_4] = {{0x1005262f}, 4},               /* lr.w a2, (a0) */
    [LR_8] = {{0x1005362f}, 8},               /* lr.d */
    [PAIR_4] = {{0x1005262f, 0x18b5272f}, 4}, /* lr.w; sc.w a4, a1, (a0) */
    [PAIR_8] = {{0x1005362f, 0x18b5372f}, 8}, /* lr.d; sc.d */
    [FETCH] = {{0}, 2},
};
#define EBREAK_INSN 0x00100073u
#define LUI_HALF 0x0037u /* the first half of lui x0: what follows is its second */
#define CODE_BYTES 16u   /* of each kind */

static _Alignas(PAGE) uint8_t ram[PAGES * PAGE], ours[PAGES * PAGE]; /* Unicorn's, and what we say it must be */
static uint32_t trapped;                                             /* exception that Unicorn raised, 0: none */
static unsigned long cases = 1000000, compared, skipped, allowed, crossings;

static void on_trap(uc_engine *uc, uint32_t number, void *user)
{
    (void)user;
    trapped = number;
    uc_emu_stop(uc);
}

static bool on_ebreak(uc_engine *uc, void *user)
{
    (void)user;
    uc_emu_stop(uc);
    return true;
}

/* ---- memory ---- */

static uint64_t page_at(unsigned page)
{
    return BASE + page * (uint64_t)PAGE;
}

static uint64_t random_pte(void)
{
    uint64_t flags = PTE_V | (rnd() & 0xfe), target = page_at(FIRST + below(LAST - FIRST + 1));
    unsigned kind = below(32);
    if (kind == 0) /* all but V */
        return PA_TO_PTE(target) | (flags & ~PTE_V);
    if (kind < 13) /* pointer to a table, sometimes outside of memory */
        return PA_TO_PTE(below(20) ? page_at(below(TABLES)) : 0x10000ull) | PTE_V | (rnd() & (3 << 8 | PTE_G));
    if (kind < 17) /* superpage, aligned or not, of RAM or of all */
        return PA_TO_PTE(below(3) ? BASE + below(3) / 2 * target : 0) | flags;
    if (below(8) && !(flags & PTE_R))
        flags |= below(2) ? PTE_R : PTE_R | PTE_X;
    if (below(3))
        flags |= PTE_A;
    return PA_TO_PTE(target) | flags;
}

/* Every 8 bytes of the mapped pages are an ebreak and tell where they lie; at the end of a page a lui runs into the
 * next. */
static void fill(void)
{
    memset(ram, 0, sizeof ram);
    for (unsigned i = 0; i < sizeof ram; i += 8) {
        uint64_t word = i < TABLES * PAGE ? random_pte() : EBREAK_INSN | (uint64_t)(i + 1) << 32;
        if (i % PAGE == PAGE - 8 && i >= TABLES * PAGE)
            word = EBREAK_INSN | (uint64_t)LUI_HALF << 48;
        memcpy(ram + i, &word, 8);
    }
    memset(ram + TABLES * PAGE, 0, 2 * PAGE);
    uint64_t root = PA_TO_PTE(page_at(TABLES)) | PTE_V,
             both[] = {PA_TO_PTE(page_at(TABLES)) | PTE_V, PA_TO_PTE(page_at(TABLES + 1)) | PTE_V},
             leaf = PA_TO_PTE(CODE) | PTE_V | PTE_R | PTE_X | PTE_A | PTE_D, leaves[] = {leaf, leaf | PTE_U};
    /* Sv48 goes by entry 0 of the first of these tables once more; then, in both, entry 1 */
    memcpy(ram + CODE_INDEX * 8, &root, 8);
    memcpy(ram + TABLES * PAGE, both, sizeof both);
    memcpy(ram + (TABLES + 1) * PAGE, leaves, sizeof leaves);
    for (unsigned k = 0; k < FETCH; k++) {
        uint32_t insns[4] = {kinds[k].insns[0], kinds[k].insns[1] ? kinds[k].insns[1] : EBREAK_INSN, EBREAK_INSN,
                             EBREAK_INSN};
        memcpy(ram + (CODE - BASE) + k * CODE_BYTES, insns, sizeof insns);
    }
    memcpy(ours, ram, sizeof ram);
}

static bool in_ram(uint64_t pa, unsigned bytes)
{
    return pa >= BASE && pa - BASE <= sizeof ram - bytes;
}

/* Where a store or a fetch may lead: neither to a table nor to the code. */
static bool is_data(uint64_t pa, unsigned bytes)
{
    return pa >= page_at(FIRST) && pa + bytes <= CODE;
}

static bool read_pte(void *arg, uint64_t pa, uint64_t *pte)
{
    (void)arg;
    if (!in_ram(pa, 8))
        return false;
    memcpy(pte, ours + (pa - BASE), 8);
    return true;
}

static bool write_pte(void *arg, uint64_t pa, uint64_t pte)
{
    (void)arg;
    memcpy(ours + (pa - BASE), &pte, 8);
    return true;
}

/* ---- a case ---- */

struct access {
    struct mmu_context context;
    enum kind kind;
    bool by_mprv; /* in M mode, else in the mode itself */
    uint64_t va, value;
};

static bool is_store(enum kind k)
{
    return (k >= STORE_1 && k <= AMO_8) || k == PAIR_4 || k == PAIR_8;
}

static unsigned code_levels(const struct mmu_context *c)
{
    unsigned mode = SATP_MODE(c->satp);
    return mode == SATP_SV48 ? 4 : mode == SATP_SV39 ? 3 : 0;
}

/* Where this access's instruction is, for its mode. */
static uint64_t code_address(const struct access *a)
{
    unsigned levels = code_levels(&a->context);
    uint64_t offset = a->kind * (uint64_t)CODE_BYTES;
    if (a->kind == FETCH)
        return a->va;
    if (a->by_mprv || levels == 0 || a->context.privilege == MMU_MACHINE)
        return CODE + offset;
    uint64_t index = (uint64_t)CODE_INDEX << (3 + 9 * levels),
             middle = 1ull << 21; /* entry 1 of the table of level 1 */
    return index | middle | (a->context.privilege == MMU_USER ? PAGE : 0) | offset;
}

static void choose(struct access *a)
{
    static const uint8_t modes[] = {MMU_USER,       MMU_USER,       MMU_SUPERVISOR, MMU_SUPERVISOR,
                                    MMU_SUPERVISOR, MMU_SUPERVISOR, MMU_MACHINE};
    static const uint8_t satps[] = {SATP_SV39, SATP_SV39, SATP_SV39, SATP_SV48,
                                    SATP_SV48, SATP_SV48, SATP_SV48, SATP_BARE};
    unsigned mode = satps[below(8)], bits = mode == SATP_SV48 ? 48 : 39;
    a->context = (struct mmu_context){(uint64_t)mode << 60 | BASE / PAGE, modes[below(7)], below(2), below(2)};
    if (mode == SATP_BARE)
        a->context.satp = 0;
    a->kind = below(3) ? below(FETCH) : FETCH;
    a->by_mprv = a->kind != FETCH && below(2);
    a->value = rnd();
    unsigned offset = below(PAGE / 8) * 8;
    if (below(6) == 0)
        offset = PAGE - 8;
    if (a->kind < AMO_4 && below(3) == 0) /* where it likes, across pages, too */
        offset = offset == PAGE - 8 ? PAGE - 1 - below(7) : offset + below(8);
    if (a->kind == FETCH && offset >= PAGE - 8)
        offset = below(2) ? PAGE - 2 : 0;
    a->va = rnd() >> (64 - bits);
    if (below(3) == 0)
        a->va &= ~0x3ffc0000ull; /* so that superpages of the RAM's start are met inside of it */
    else if (below(3) == 0)
        a->va = (a->va & ~0xffffffffull) | BASE | (a->va & 0x3ffff); /* and those of all of memory */
    if (mode != SATP_BARE)
        a->va = (uint64_t)((int64_t)(a->va << (64 - bits)) >> (64 - bits));
    if (below(24) == 0) /* not canonical */
        a->va ^= below(2) ? ~0ull << bits : 1ull << (bits + below(64 - bits));
    if (mode == SATP_BARE || a->context.privilege == MMU_MACHINE)
        a->va = page_at(FIRST + below(LAST - FIRST));
    a->va = (a->va & ~(uint64_t)(PAGE - 1)) | offset;
    if (a->va - (CODE - PAGE) <
        2 * PAGE) /* Unicorn's soft TLB has that address from M mode's fetches, which know nothing of MPRV */
        a->by_mprv = false;
}

/* By our walker, one page: the exception, or 0; and what it does to our memory's tables. */
static uint32_t walk(const struct access *a, uint64_t va, enum mmu_access access, struct mmu_result *r)
{
    static const uint32_t causes[] = {[MMU_LOAD] = 13, [MMU_STORE] = 15, [MMU_FETCH] = 12};
    struct mmu_memory m = {NULL, read_pte, write_pte};
    return mmu_walk(&a->context, &m, va, access, r) ? 0 : causes[access];
}

struct outcome {
    uint32_t cause;
    unsigned bytes; /* of the first page */
    uint64_t pa[2];
    enum mmu_refusal refusal;
    bool open; /* not checked by Unicorn, or it would leave the data pages */
};

/* The accesses to a page that an instruction makes, in their order: an AMO reads first, but to both it is a store. */
static uint32_t one_page(const struct access *a, uint64_t va, unsigned bytes, struct outcome *o, unsigned i)
{
    struct mmu_result r;
    uint32_t cause = 0;
    if (a->kind == FETCH)
        cause = walk(a, va, MMU_FETCH, &r);
    else if (!is_store(a->kind) || a->kind >= AMO_4)
        cause = walk(a, va, MMU_LOAD, &r);
    if (!cause && is_store(a->kind)) {
        if (a->kind >= AMO_4)
            o->open |= !is_data(r.pa, bytes);
        cause = walk(a, va, MMU_STORE, &r);
    }
    o->pa[i] = r.pa;
    o->refusal = r.refusal;
    bool reads = a->kind != FETCH && !is_store(a->kind);
    o->open |= r.refusal == MMU_POINTER_BITS || (!cause && !(reads ? in_ram(r.pa, bytes) : is_data(r.pa, bytes)));
    return cause;
}

/* What was stored somewhere is not run as code. */
static bool untouched(uint64_t pa)
{
    static const uint32_t insn = EBREAK_INSN;
    static const uint16_t half = LUI_HALF;
    bool last = pa % PAGE == PAGE - 2;
    return memcmp(ours + (pa - BASE), last ? (const void *)&half : &insn, last ? 2 : 4) == 0;
}

static void expect(const struct access *a, struct outcome *o)
{
    unsigned bytes = kinds[a->kind].bytes, room = PAGE - a->va % PAGE;
    if (a->kind == FETCH && room == 2)
        bytes = 4;
    *o = (struct outcome){.bytes = bytes < room ? bytes : room};
    o->cause = one_page(a, a->va, o->bytes, o, 0);
    if (a->kind == FETCH && !o->cause && !o->open)
        o->open = !untouched(o->pa[0]);
    if (!o->cause && bytes > room)
        o->cause = one_page(a, a->va + room, bytes - room, o, 1);
    if (a->kind == FETCH && !o->cause && !o->open && o->pa[1])
        o->open = !untouched(o->pa[1]);
}

/* What the access itself does: the bytes of a store, in our memory. */
static void perform(const struct access *a, const struct outcome *o)
{
    unsigned bytes = kinds[a->kind].bytes;
    if (!is_store(a->kind) || o->cause)
        return;
    memcpy(ours + (o->pa[0] - BASE), &a->value, o->bytes);
    if (bytes > o->bytes)
        memcpy(ours + (o->pa[1] - BASE), (const uint8_t *)&a->value + o->bytes, bytes - o->bytes);
}

static uint64_t sign_extend(uint64_t value, unsigned bytes)
{
    return (uint64_t)((int64_t)(value << (64 - 8 * bytes)) >> (64 - 8 * bytes));
}

/* By Unicorn. Returns what was loaded. */
static uint64_t run(uc_engine *uc, const struct access *a)
{
    uint64_t machine = 3, mstatus = (uint64_t)a->context.sum << 18 | (uint64_t)a->context.mxr << 19, loaded = 0,
             other = 0;
    uint64_t satp = a->context.satp, privilege = a->context.privilege, va = a->va, value = a->value;
    if (a->by_mprv)
        mstatus |= 1ull << 17 | privilege << 11;
    int regs[] = {UC_RISCV_REG_PRIV, UC_RISCV_REG_SATP, UC_RISCV_REG_MSTATUS,
                  UC_RISCV_REG_A0,   UC_RISCV_REG_A1,   UC_RISCV_REG_PRIV};
    void *values[] = {&machine, &satp, &mstatus, &va, &value, a->by_mprv ? &machine : &privilege};
    assert_int_equal(uc_reg_write_batch(uc, regs, values, 6), UC_ERR_OK);
    uc_ctl_flush_tlb(uc);
    trapped = 0;
    uc_emu_start(uc, code_address(a), 0, 0, 0);
    uc_reg_read(uc, UC_RISCV_REG_A0, &loaded);
    uc_reg_read(uc, UC_RISCV_REG_A2, &other);
    return a->kind < AMO_4 ? loaded : other;
}

static void tell(unsigned long n, const struct access *a, const struct outcome *o, const char *what)
{
    fail_msg("case %lu: satp 0x%llx kind %d va 0x%llx privilege %d%s sum %d mxr %d: %s; walker: '%s', exception %u; "
             "Unicorn: exception %u",
             n, (unsigned long long)a->context.satp, a->kind, (unsigned long long)a->va, a->context.privilege,
             a->by_mprv ? " (MPRV)" : "", a->context.sum, a->context.mxr, what, mmu_refusal_text(o->refusal), o->cause,
             trapped);
}

/* The entries of the tables that differ are found at the end of a batch; here, those that the walk has met. */
static void one_case(uc_engine *uc, unsigned long n)
{
    static uint8_t saved[TABLES * PAGE];
    struct access a;
    struct outcome o;
    uint64_t loaded, word = 0;
    choose(&a);
    memcpy(saved, ours, sizeof saved);
    expect(&a, &o);
    if (o.open) {
        memcpy(ours, saved, sizeof saved);
        skipped++;
        return;
    }
    memcpy(&word, ours + (o.cause ? 0 : o.pa[0] - BASE), o.bytes);
    if (!o.cause && kinds[a.kind].bytes > o.bytes)
        memcpy((uint8_t *)&word + o.bytes, ours + (o.pa[1] - BASE), kinds[a.kind].bytes - o.bytes);
    perform(&a, &o);
    loaded = run(uc, &a);
    uint32_t cause = trapped == 2 && a.kind == FETCH ? 0 : trapped; /* behind the lui lies no instruction */
    if (cause != o.cause)
        tell(n, &a, &o, "another exception");
    if (memcmp(ours, ram, sizeof saved) != 0)
        tell(n, &a, &o, "other entries");
    if (!o.cause && a.kind != FETCH && (!is_store(a.kind) || a.kind >= AMO_4) &&
        loaded != sign_extend(word, kinds[a.kind].bytes))
        tell(n, &a, &o, "another value");
    compared++;
    allowed += !o.cause;
    crossings += o.pa[1] != 0;
}

static void agrees_with_unicorn(void **state)
{
    uc_engine *uc;
    uc_hook trap, invalid;
    (void)state;
    assert_int_equal(uc_open(UC_ARCH_RISCV, UC_MODE_RISCV64, &uc), UC_ERR_OK);
    assert_int_equal(uc_ctl_exits_enable(uc), UC_ERR_OK);
    assert_int_equal(uc_mem_map_ptr(uc, BASE, sizeof ram, UC_PROT_ALL, ram), UC_ERR_OK);
    assert_int_equal(uc_hook_add(uc, &trap, UC_HOOK_INTR, (void *)on_trap, NULL, 1, 0), UC_ERR_OK);
    assert_int_equal(uc_hook_add(uc, &invalid, UC_HOOK_INSN_INVALID, (void *)on_ebreak, NULL, 1, 0), UC_ERR_OK);
    seed_with(0x7a22f00d5eedull);
    for (unsigned long n = 0; compared < cases; n++) {
        if (n % BATCH == 0) {
            if (n > 0 && memcmp(ours, ram, sizeof ram) != 0)
                fail_msg("cases %lu to %lu: other bytes were stored", n - BATCH, n - 1);
            fill();
        }
        one_case(uc, n);
    }
    printf("# %lu cases, of which %lu were allowed and %lu touched two pages; %lu more led to what neither may touch\n",
           compared, allowed, crossings, skipped);
    assert_true(allowed > compared / 20 && crossings > compared / 1000);
    uc_close(uc);
}

static void has_no_other_modes(void **state)
{
    (void)state;
    struct mmu_memory m = {NULL, read_pte, write_pte};
    for (uint64_t mode = 1; mode < 16; mode++) {
        struct mmu_context c = {mode << 60 | BASE / PAGE, MMU_SUPERVISOR, true, true};
        struct mmu_result r;
        if (mode == SATP_SV39 || mode == SATP_SV48)
            continue;
        assert_false(mmu_walk(&c, &m, 0, MMU_LOAD, &r)); /* Sv57, and what is reserved or custom */
        assert_int_equal(r.refusal, MMU_BAD_MODE);
    }
}

int main(int argc, char **argv)
{
    const char *given = argc > 1 ? argv[1] : getenv("TARRY_CASES");
    const struct CMUnitTest tests[] = {cmocka_unit_test(agrees_with_unicorn), cmocka_unit_test(has_no_other_modes)};
    if (given)
        cases = strtoul(given, NULL, 0);
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
