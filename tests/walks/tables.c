/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Random page tables. A table is used at one level only, and every entry on an address's path is written when the path
 * is made: what was left by earlier paths is never met. So whatever a walk does right or wrong with these entries,
 * it ends at the target or in a fault, and never in this program.
 */
#include "walks.h"

#define FRAMES 8
#define SPARE 4      /* tables of each level of each address space */
#define STUB_INDEX 3 /* of the root: where the program itself lies for U and S mode */
#define NAPOT_32K(address) ((uint64_t)(uintptr_t)(address) >> 2 | 0xfff)
#define RESERVED_BIT (1ull << (54 + below(10)))

typedef uint64_t table[512];

/*
 * What PMP forbids lies between pages that are no targets, since QEMU asks PMP for the bytes behind a page when an
 * access runs into the next (docs/lockstep.md). Accesses that run on in a superpage stay in this struct.
 */
static struct {
    table pad[8];
    table guarded[8]; /* of these 1, 2 are data, 4, 5 code */
    table guarded_tables[8];
    table data[FRAMES + 1];
    table code[FRAMES + 1];
} arena __attribute__((aligned(32768)));

static table tables[2][3][SPARE] __attribute__((aligned(4096)));
static table roots[2] __attribute__((aligned(4096)));
static table stub_tables[3] __attribute__((aligned(4096)));
static struct context contexts[3];
int global_seen, nowhere;

static uint64_t address_of(volatile void *p)
{
    return (uint64_t)(uintptr_t)p;
}

static void clear(void *p, uint64_t bytes)
{
    for (uint64_t *w = p; bytes; bytes -= 8)
        *w++ = 0;
}

/* ---- frames ---- */

static int is_memory(uint64_t pa)
{
    return pa - 0x80000000ull < 128ull << 20;
}

/* Each 8 bytes say where they are; run, they say it in a0 and end with an ecall. The last two run on in the next page.
 */
static void fill_code(uint64_t *page, uint64_t number)
{
    for (uint64_t i = 0; i < 512; i++)
        page[i] = 0x73ull << 32 | 0x537 | (number << 9 | i) << 12;        /* lui a0; ecall */
    page[0] = number << 48 | 0x73ull << 16 | 0x4501 | (number & 31) << 2; /* c.li a0; ecall */
    page[511] =
        (0x05b7 | (number & 15) << 12) << 48 | 0x000100010001ull; /* c.nop, three times; the first half of lui a1 */
}

static void fill_data(uint64_t *page)
{
    for (uint64_t i = 0; i < 512; i++)
        page[i] = address_of(&page[i]) * 0x9e3779b97f4a7c15ull;
}

static void fill_frames(void)
{
    for (unsigned i = 0; i < 8; i++) {
        fill_data(arena.guarded[i]);
        fill_data(arena.data[i]);
        fill_code(arena.code[i], i);
    }
    fill_data(arena.data[FRAMES]);
    fill_code(arena.guarded[4], 16);
    fill_code(arena.guarded[5], 17);
    clear(arena.code[FRAMES], PAGE);
}

uint64_t digest_of_frames(uint64_t digest)
{
    for (uint64_t *w = arena.guarded[0]; w < arena.guarded[4]; w++)
        digest = (digest ^ *w) * 0x2545f4914f6cdd1dull;
    for (uint64_t *w = arena.data[0]; w < arena.code[0]; w++)
        digest = (digest ^ *w) * 0x2545f4914f6cdd1dull;
    return digest;
}

/* Some frame; 1 in 16 is no memory at all. */
static uint64_t some_frame(int code)
{
    switch (below(16)) {
    case 0:
        return one_in(2) ? 1ull << 32 | (rnd() & 0x1fffff000) : 1ull << 55 | (rnd() & 0x007ffffffffff000ull);
    case 1:
    case 2:
        return address_of(arena.guarded[(code ? 4 : 1) + below(2)]);
    default:
        return address_of(code ? arena.code[below(FRAMES)] : arena.data[below(FRAMES)]);
    }
}

/*
 * An access to two pages is never to one that is no memory: QEMU sees that when it has looked at both, and has stored
 * into the first. (Of two faults either may be told, and what a store that faults has done is open.)
 */
static uint64_t some_target(int code, int memory_only)
{
    uint64_t target;
    do
        target = some_frame(code);
    while (memory_only && !is_memory(target));
    return target;
}

/* ---- entries ---- */

static uint64_t random_leaf(unsigned level, uint64_t target, int global)
{
    static const uint8_t rights[8] = {R, R | W, R | W, X, R | X, R | W | X, R | W | X, R | W | X};
    uint64_t flags = V | rights[below(8)] | (rnd() & (3 << 8 | U));
    uint64_t ppn = target >> 12 & ~((1ull << 9 * level) - 1);
    flags |= one_in(4) ? 0 : A;
    flags |= one_in(3) ? 0 : D;
    flags |= global && one_in(2) ? G : 0;
    if (level && one_in(8))
        ppn |= rnd() & ((1ull << 9 * level) - 1);
    switch (below(80)) {
    case 0:
    case 1:
        flags &= ~(uint64_t)V;
        break;
    case 2:
    case 3:
    case 4:
        flags |= RESERVED_BIT;
        break;
    case 5:
    case 6:
    case 7:
        flags = (flags & ~(uint64_t)R) | W;
        break;
    case 8:
        flags &= level ? flags : V | G; /* a pointer, at the last level */
        break;
    }
    return (ppn << 10 & PTE_PPN) | flags;
}

/* What a pointer must not have is put where it does not change what lies below. */
static uint64_t random_pointer(uint64_t *next, int global)
{
    uint64_t flags = V | (rnd() & 3 << 8) | (global && one_in(4) ? G : 0), pa = address_of(next);
    switch (below(150)) {
    case 0:
    case 1:
        flags |= A;
        break;
    case 2:
    case 3:
        flags |= D;
        break;
    case 4:
    case 5:
        flags |= U;
        break;
    case 6:
        flags &= ~(uint64_t)V;
        break;
    case 7:
    case 8:
        flags |= RESERVED_BIT;
        break;
    case 9:
        flags |= W;
        break;
    case 10:
        nowhere = 1;
        pa = one_in(2) ? 1ull << 32 : 1ull << 55 | (rnd() & 0x007ffffffffff000ull);
        break;
    }
    return (pa >> 12) << 10 | flags;
}

/* ---- paths ---- */

static uint64_t *table_for(const struct context *c, unsigned level)
{
    unsigned space = c == &contexts[1];
    return one_in(12) ? arena.guarded_tables[space * 4 + level] : tables[space][level][below(SPARE)];
}

static uint64_t *entry_for(const struct context *c, uint64_t *in, unsigned level, uint64_t va)
{
    (void)c;
    return &in[va >> (12 + 9 * level) & 511];
}

static int on_path(const struct path *p, volatile uint64_t *entry)
{
    for (unsigned i = 0; p && i < p->n; i++)
        if (p->entry[i] == entry)
            return 1;
    return 0;
}

/* Entries for p->va; those that `other` has written are kept. */
static void write_path(const struct context *c, struct path *p, const struct path *other, int global)
{
    uint64_t *in = c->root;
    p->n = 0;
    for (unsigned level = c->levels; level-- > 0;) {
        uint64_t *entry = entry_for(c, in, level, p->va), *next;
        p->entry[p->n++] = entry;
        if (on_path(other, entry)) {
            if (*entry & (R | W | X) || level == 0)
                return;
            next = (uint64_t *)(uintptr_t)((*entry & PTE_PPN) << 2);
            if (!is_memory(address_of(next)))
                return;
        } else if (level <= p->leaf) {
            *entry = random_leaf(level, p->target, global);
            return;
        } else {
            next = level ? table_for(c, level - 1) : NULL;
            *entry = random_pointer(next, global);
        }
        in = next;
    }
}

static void note(struct path *p)
{
    for (unsigned i = 0; i < p->n; i++)
        p->before[i] = *p->entry[i];
}

static uint64_t sign_extend(uint64_t va, unsigned bits)
{
    return (uint64_t)((int64_t)(va << (64 - bits)) >> (64 - bits));
}

static uint64_t random_va(const struct context *c, const struct path *p)
{
    unsigned bits = 12 + 9 * c->levels;
    uint64_t inside = (1ull << (12 + 9 * p->leaf)) - 1, va;
    do
        va = (rnd() & ~inside) | (p->target & inside);
    while ((va >> (bits - 9) & 511) == STUB_INDEX || ((va + PAGE) >> (bits - 9) & 511) == STUB_INDEX);
    va = sign_extend(va, bits);
    if (one_in(24)) /* not canonical */
        va ^= one_in(2) ? ~0ull << bits : 1ull << (bits + below(64 - bits));
    return va;
}

void make_path(const struct context *c, struct path *p, int code, struct path *neighbour)
{
    static const uint8_t leaves[16] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 3};
    int global = one_in(4);
    nowhere = 0;
    global_seen |= global;
    p->leaf = leaves[below(16)];
    if (p->leaf >= c->levels)
        p->leaf = 0;
    p->target = some_target(code, neighbour != NULL);
    p->va = p->target;
    p->n = 0;
    if (c->levels) {
        p->va = random_va(c, p);
        write_path(c, p, NULL, global);
    }
    if (neighbour) {
        neighbour->va = p->va + PAGE;
        neighbour->target = some_target(code, 1);
        neighbour->leaf = 0;
        neighbour->n = 0;
        if (c->levels)
            write_path(c, neighbour, p, global);
        note(neighbour);
    }
    note(p);
}

void set_bits(const struct path *p)
{
    volatile uint64_t *last = p->entry[p->n - 1];
    if (p->n && (*last & (R | W | X)))
        *last |= A | D;
}

void change_leaf(struct path *p)
{
    *p->entry[p->n - 1] = random_leaf(p->leaf, p->target, 0);
    note(p);
}

void rewrite(struct path *p)
{
    for (unsigned i = 0; i < p->n; i++)
        *p->entry[i] = p->before[i];
}

/* ---- address spaces ---- */

static void new_context(unsigned i, unsigned asid)
{
    struct context *c = &contexts[i];
    c->levels = 3 + below(2);
    c->asid = asid;
    c->root = roots[i];
    c->satp = (c->levels == 3 ? 8ull : 9ull) << 60 | (uint64_t)asid << 44 | address_of(c->root) >> 12;
    c->root[STUB_INDEX] = address_of(stub_tables[c->levels == 3 ? 1 : 2]) >> 2 | V;
}

/* The program itself: a page for S mode, and for U mode the next. */
static void new_stubs(void)
{
    stub_tables[2][0] = address_of(stub_tables[1]) >> 2 | V;
    stub_tables[1][0] = address_of(stub_tables[0]) >> 2 | V;
    stub_tables[0][0] = address_of(stubs) >> 2 | V | R | X | A | D;
    stub_tables[0][1] = address_of(stubs) >> 2 | V | R | X | A | D | U;
}

uint64_t stub_address(const struct context *c, enum mode mode)
{
    if (!c->levels || mode == IN_M)
        return address_of(stubs);
    return (uint64_t)STUB_INDEX << (3 + 9 * c->levels) | (mode == IN_U ? PAGE : 0);
}

/* PMP: tables and frames of their own that U and S mode may not touch in every way. QEMU sets A and D whatever it says.
 */
static void new_protection(void)
{
    static const uint8_t frames[6] = {0, R, R | W, X, R | X, R | W | X};
    static const uint8_t guarded_tables[5] = {0, R | W, R | W | X, R, X};
    uint64_t for_tables = guarded_tables[below(parameters.rules & EXACT ? 5 : 3)];
    CSRW(pmpaddr0, NAPOT_32K(arena.guarded));
    CSRW(pmpaddr1, NAPOT_32K(arena.guarded_tables));
    CSRW(pmpaddr2, ~0ull);
    /* a configuration has R, W and X at bits 0, 1, 2; A, napot, is 3 */
    CSRW(pmpcfg0, 0x181818 | (uint64_t)frames[below(6)] >> 1 | for_tables >> 1 << 8 | 7 << 16);
}

void new_tables(void)
{
    unsigned asid = below(65536);
    clear(tables, sizeof tables);
    clear(roots, sizeof roots);
    clear(arena.guarded_tables, sizeof arena.guarded_tables);
    fill_frames();
    new_stubs();
    new_context(0, asid);
    new_context(1, asid ^ 1 << below(16));
    contexts[2] = (struct context){0};
    new_protection();
}

struct context *some_context(void)
{
    return &contexts[one_in(12) ? 2 : below(2)];
}
