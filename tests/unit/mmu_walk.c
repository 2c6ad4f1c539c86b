/* SPDX-License-Identifier: GPL-2.0-only */
/* The page-table walker: one directed case for each rule. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mmu/pte.h"
#include "mmu/walk.h"

#define BASE 0x80000000ull
#define BYTES 0x10000ull
#define ROOT (BASE)
#define MIDDLE (BASE + 0x1000)
#define LAST (BASE + 0x2000)
#define TOP (BASE + 0x3000)   /* root of Sv48 */
#define PAGE (BASE + 0x5000)  /* a page that is mapped */
#define VA 0x0000001234567000ull
#define RWXAD (PTE_R | PTE_W | PTE_X | PTE_A | PTE_D)

static uint8_t memory[BYTES];
static struct mmu_context context;
static struct mmu_result result;
static unsigned writes;

static bool read_pte(void *arg, uint64_t pa, uint64_t *pte)
{
    (void)arg;
    if (pa < BASE || pa - BASE > BYTES - 8)
        return false;
    memcpy(pte, memory + (pa - BASE), 8);
    return true;
}

static bool write_pte(void *arg, uint64_t pa, uint64_t pte)
{
    (void)arg;
    writes++;
    memcpy(memory + (pa - BASE), &pte, 8);
    return true;
}

static uint64_t slot(uint64_t table, uint64_t va, unsigned level)
{
    return table + 8 * (va >> (12 + 9 * level) & 511);
}

static void put(uint64_t pa, uint64_t pte)
{
    memcpy(memory + (pa - BASE), &pte, 8);
}

static uint64_t get(uint64_t pa)
{
    uint64_t pte;
    memcpy(&pte, memory + (pa - BASE), 8);
    return pte;
}

/* VA -> PAGE by three levels of Sv39, with these flags. */
static void map(uint64_t flags)
{
    memset(memory, 0, sizeof memory);
    writes = 0;
    put(slot(ROOT, VA, 2), PA_TO_PTE(MIDDLE) | PTE_V);
    put(slot(MIDDLE, VA, 1), PA_TO_PTE(LAST) | PTE_V);
    put(slot(LAST, VA, 0), PA_TO_PTE(PAGE) | flags);
    context = (struct mmu_context){(uint64_t)SATP_SV39 << 60 | ROOT >> 12, MMU_SUPERVISOR, false, false};
}

static enum mmu_refusal walk(uint64_t va, enum mmu_access access)
{
    struct mmu_memory m = {NULL, read_pte, write_pte};
    bool ok = mmu_walk(&context, &m, va, access, &result);
    assert_int_equal(ok, result.refusal == MMU_OK);
    return result.refusal;
}

static void bare_and_machine(void **state)
{
    (void)state;
    map(0);
    context.satp = 0;
    assert_int_equal(walk(VA + 5, MMU_STORE), MMU_OK);
    assert_int_equal(result.pa, VA + 5);
    map(0);
    context.privilege = MMU_MACHINE;
    assert_int_equal(walk(VA + 5, MMU_FETCH), MMU_OK);
    assert_int_equal(result.pa, VA + 5);
    assert_int_equal(result.rights, MMU_READ | MMU_WRITE | MMU_EXEC);
}

static void unknown_mode(void **state)
{
    (void)state;
    map(RWXAD | PTE_V);
    context.satp = 15ull << 60 | ROOT >> 12;
    assert_int_equal(walk(VA, MMU_LOAD), MMU_BAD_MODE);
}

static void three_levels(void **state)
{
    (void)state;
    map(RWXAD | PTE_V);
    assert_int_equal(walk(VA + 0x123, MMU_LOAD), MMU_OK);
    assert_int_equal(result.pa, PAGE + 0x123);
    assert_int_equal(result.page_bytes, 4096);
    assert_int_equal(result.level, 0);
    assert_int_equal(result.pte_pa, slot(LAST, VA, 0));
    assert_int_equal(result.rights, MMU_READ | MMU_WRITE | MMU_EXEC);
    assert_int_equal(writes, 0);
}

static void four_levels(void **state)
{
    (void)state;
    map(RWXAD | PTE_V);
    put(slot(TOP, VA, 3), PA_TO_PTE(ROOT) | PTE_V);
    context.satp = (uint64_t)SATP_SV48 << 60 | TOP >> 12;
    assert_int_equal(walk(VA + 8, MMU_LOAD), MMU_OK);
    assert_int_equal(result.pa, PAGE + 8);
    assert_int_equal(walk(1ull << 47, MMU_LOAD), MMU_NOT_CANONICAL);
    assert_int_equal(walk(VA | 1ull << 40, MMU_LOAD), MMU_INVALID);
}

static void canonical(void **state)
{
    (void)state;
    map(RWXAD | PTE_V);
    assert_int_equal(walk(VA | 1ull << 38, MMU_LOAD), MMU_NOT_CANONICAL);
    assert_int_equal(walk(VA | 1ull << 63, MMU_LOAD), MMU_NOT_CANONICAL);
    assert_int_equal(walk(VA | ~0ull << 38, MMU_LOAD), MMU_INVALID); /* canonical, but another root entry */
}

static void superpages(void **state)
{
    (void)state;
    map(0);
    put(slot(MIDDLE, VA, 1), PA_TO_PTE(0x40200000) | RWXAD | PTE_V);
    assert_int_equal(walk(VA + 1, MMU_LOAD), MMU_OK);
    assert_int_equal(result.pa, 0x40200000 + (VA & 0x1fffff) + 1);
    assert_int_equal(result.page_bytes, 2 << 20);
    put(slot(ROOT, VA, 2), PA_TO_PTE(0x40000000) | RWXAD | PTE_V);
    assert_int_equal(walk(VA + 1, MMU_LOAD), MMU_OK);
    assert_int_equal(result.pa, 0x40000000 + (VA & 0x3fffffff) + 1);
    assert_int_equal(result.page_bytes, 1 << 30);
    put(slot(ROOT, VA, 2), PA_TO_PTE(0x40200000) | RWXAD | PTE_V);
    assert_int_equal(walk(VA, MMU_LOAD), MMU_MISALIGNED);
    put(slot(ROOT, VA, 2), PA_TO_PTE(MIDDLE) | PTE_V);
    put(slot(MIDDLE, VA, 1), PA_TO_PTE(0x40201000) | RWXAD | PTE_V);
    assert_int_equal(walk(VA, MMU_LOAD), MMU_MISALIGNED);
    assert_int_equal(result.level, 1);
}

static void malformed_entries(void **state)
{
    (void)state;
    map(RWXAD); /* V = 0 */
    assert_int_equal(walk(VA, MMU_LOAD), MMU_INVALID);
    for (unsigned bit = 54; bit < 64; bit++) {
        map(RWXAD | PTE_V | 1ull << bit);
        assert_int_equal(walk(VA, MMU_LOAD), MMU_RESERVED);
    }
    map(PTE_W | PTE_A | PTE_D | PTE_V);
    assert_int_equal(walk(VA, MMU_STORE), MMU_WRITE_ONLY);
    map(PTE_W | PTE_X | PTE_A | PTE_D | PTE_V);
    assert_int_equal(walk(VA, MMU_FETCH), MMU_WRITE_ONLY);
    map(PTE_V);
    assert_int_equal(walk(VA, MMU_LOAD), MMU_NO_LEAF);
    static const uint64_t not_in_pointers[] = {PTE_A, PTE_D, PTE_U};
    for (int i = 0; i < 3; i++) {
        map(RWXAD | PTE_V);
        put(slot(MIDDLE, VA, 1), PA_TO_PTE(LAST) | PTE_V | not_in_pointers[i]);
        assert_int_equal(walk(VA, MMU_LOAD), MMU_POINTER_BITS);
        assert_int_equal(result.level, 1);
    }
}

static void tables_outside_of_memory(void **state)
{
    (void)state;
    map(RWXAD | PTE_V);
    put(slot(MIDDLE, VA, 1), PA_TO_PTE(0x1000) | PTE_V);
    assert_int_equal(walk(VA, MMU_LOAD), MMU_NO_TABLE);
    context.satp = (uint64_t)SATP_SV39 << 60 | 0x40000;
    assert_int_equal(walk(VA, MMU_LOAD), MMU_NO_TABLE);
}

/* Every combination of R, W, X, U against every access, privilege, SUM and MXR, from the spec's text. */
static void permissions(void **state)
{
    (void)state;
    for (unsigned n = 0; n < 16 * 3 * 2 * 4; n++) {
        uint64_t flags = (n & 15) << 1;
        enum mmu_access access = n / 16 % 3;
        bool r = flags & PTE_R, w = flags & PTE_W, x = flags & PTE_X, u = flags & PTE_U;
        if (!r && !(x && !w))
            continue; /* a pointer or reserved */
        map(flags | PTE_V | PTE_A | PTE_D);
        context.privilege = n / 48 % 2 ? MMU_USER : MMU_SUPERVISOR;
        context.sum = n / 96 % 2;
        context.mxr = n / 192 % 2;
        bool mode = context.privilege == MMU_USER ? u : !u || (access != MMU_FETCH && context.sum);
        bool kind = access == MMU_LOAD ? r || (context.mxr && x) : access == MMU_STORE ? w : x;
        assert_int_equal(walk(VA, access) == MMU_OK, mode && kind);
        if (!mode)
            assert_int_equal(result.refusal, u ? MMU_USER_PAGE : MMU_SUPERVISOR_PAGE);
    }
}

static void accessed_and_dirty(void **state)
{
    (void)state;
    map(PTE_V | PTE_R | PTE_W);
    assert_int_equal(walk(VA, MMU_LOAD), MMU_OK);
    assert_int_equal(get(slot(LAST, VA, 0)) & (PTE_A | PTE_D), PTE_A);
    assert_int_equal(result.rights, MMU_READ); /* the first store must come here again */
    assert_int_equal(walk(VA, MMU_STORE), MMU_OK);
    assert_int_equal(get(slot(LAST, VA, 0)) & (PTE_A | PTE_D), PTE_A | PTE_D);
    assert_int_equal(result.rights, MMU_READ | MMU_WRITE);
    assert_int_equal(writes, 2);
    map(PTE_V | PTE_R);
    assert_int_equal(walk(VA, MMU_STORE), MMU_NOT_WRITABLE);
    assert_int_equal(writes, 0); /* a refused access leaves no mark */
}

static void without_update(void **state)
{
    (void)state;
    map(PTE_V | PTE_R | PTE_W);
    struct mmu_memory m = {NULL, read_pte, NULL};
    assert_true(mmu_walk(&context, &m, VA, MMU_STORE, &result));
    assert_int_equal(result.pa, PAGE);
    assert_int_equal(get(slot(LAST, VA, 0)) & (PTE_A | PTE_D), 0);
}

static void every_refusal_has_a_text(void **state)
{
    (void)state;
    for (unsigned i = 0; i < MMU_REFUSALS; i++)
        assert_non_null(mmu_refusal_text(i));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bare_and_machine),
        cmocka_unit_test(unknown_mode),
        cmocka_unit_test(three_levels),
        cmocka_unit_test(four_levels),
        cmocka_unit_test(canonical),
        cmocka_unit_test(superpages),
        cmocka_unit_test(malformed_entries),
        cmocka_unit_test(tables_outside_of_memory),
        cmocka_unit_test(permissions),
        cmocka_unit_test(accessed_and_dirty),
        cmocka_unit_test(without_update),
        cmocka_unit_test(every_refusal_has_a_text),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
