/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A kernel that changes its tables at random and forgets most fences, for --stale-tlb. It knows what a TLB that never
 * evicts holds (privileged spec, 4.2.1), so each access must come to what the entry says that was there, or else the
 * table; and it prints which accesses used an entry that the table no longer has, and where the fence is missing: the
 * rows of tlb_stale (tests/stale.t). With `fenced` it forgets none.
 */
#include "guest.h"

#define BASE 0x2000000000ull
#define PAGE 4096ull
#define PAGES 12
#define SPACES 2
#define FRAMES 6
#define SITES 4
#define PPN 0x003ffffffffffc00ull

/* Written into the program before it runs (tests/stale.t). */
__attribute__((section(".parameters"))) struct {
    uint64_t seed, steps, fenced;
} fenceless = {1, 500, 0};

enum use { LOAD, STORE, FETCH, USES };

/* The instructions that are named: they are at these addresses. */
uint64_t use_load(uint64_t va);
void use_store(uint64_t va, uint64_t value);
uint64_t use_code(uint64_t va);
void change_0(uint64_t *, uint64_t), change_1(uint64_t *, uint64_t), change_2(uint64_t *, uint64_t),
    change_3(uint64_t *, uint64_t);
__asm__(".text\n.balign 4\n.option push\n.option norvc\n"
        "use_load: ld a0, 0(a0)\nret\nuse_store: sd a1, 8(a0)\nret\nuse_code: addi a0, a0, 16\njr a0\n"
        "change_0: sd a1, 0(a0)\nret\nchange_1: sd a1, 0(a0)\nret\n"
        "change_2: sd a1, 0(a0)\nret\nchange_3: sd a1, 0(a0)\nret\n"
        ".option pop\n");
static void (*const sites[SITES])(uint64_t *, uint64_t) = {change_0, change_1, change_2, change_3};

struct entry {
    uint64_t leaf; /* 0: none */
    int told;
};

static struct {
    uint64_t satp, asid;
    uint64_t *pte;              /* of the first page */
    struct entry tlb[2][PAGES]; /* data, code */
    unsigned changed[PAGES];    /* the site of the last change */
} spaces[SPACES];
static unsigned space;
static uint64_t *frames[FRAMES], counter, got, wrong, stale;

static uint64_t rnd(void)
{
    uint64_t z = counter += 0x9e3779b97f4a7c15ull;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    return z ^ z >> 29;
}

static unsigned below(unsigned n)
{
    return (unsigned)((rnd() >> 32) % n);
}

static void fence(uint64_t *va, unsigned *in)
{
    uint64_t at = va ? *va : 0, asid = in ? spaces[*in].asid : 0;
    if (va && in)
        __asm__ volatile("sfence.vma %0, %1" : : "r"(at), "r"(asid) : "memory");
    else if (va)
        __asm__ volatile("sfence.vma %0, x0" : : "r"(at) : "memory");
    else if (in)
        __asm__ volatile("sfence.vma x0, %0" : : "r"(asid) : "memory");
    else
        sfence();
    for (unsigned s = 0; s < SPACES; s++)
        for (unsigned p = 0; p < PAGES; p++)
            if ((!in || s == *in) && (!va || (at - BASE) / PAGE == p))
                spaces[s].tlb[0][p].leaf = spaces[s].tlb[1][p].leaf = 0;
}

static void change(void)
{
    static const uint64_t rights[] = {0, R, R | W, R | W, R | W | X, R | X, R | W | X, R | W | X};
    unsigned p = below(PAGES), s = below(SPACES), site = below(SITES);
    uint64_t flags = rights[below(8)],
             leaf = flags ? (uint64_t)(uintptr_t)frames[below(FRAMES)] >> 2 | flags | V | A | D : 0;
    uint64_t va = BASE + p * PAGE;
    sites[site](&spaces[s].pte[p], leaf);
    spaces[s].changed[p] = site;
    if (fenceless.fenced)
        fence(&va, &s);
}

static void forgetful_fence(void)
{
    unsigned s = below(SPACES), kind = below(8);
    uint64_t va = BASE + below(PAGES) * PAGE;
    fence(kind ? &va : 0, kind < 5 ? &s : 0);
}

static void do_load(uint64_t va)
{
    got = use_load(va);
}
static void do_store(uint64_t va)
{
    use_store(va, got);
}
static void do_code(uint64_t va)
{
    got = use_code(va);
}

/* The row that the trace must have. */
static void tell(enum use use, uint64_t va, const struct entry *e, uint64_t now, unsigned site)
{
    static const char *const words[USES] = {"read", "write", "execute"};
    static uint64_t (*const at[USES])(void) = {(void *)use_load, (void *)use_store, 0};
    print("stale ");
    print_hex(use == FETCH ? va + 16 : (uint64_t)(uintptr_t)at[use]);
    put(' ');
    print(words[use]);
    put(' ');
    print_hex(use == FETCH ? va : va + (use == STORE ? 8 : 0));
    put(' ');
    print_decimal(spaces[space].asid);
    put(' ');
    print_hex(e->leaf);
    put(' ');
    print_hex(now);
    put(' ');
    print_hex((uint64_t)(uintptr_t)sites[site]);
    put('\n');
    stale++;
}

/* What was lost; a right that is only gained needs no fence. */
static int differs(uint64_t leaf, uint64_t now)
{
    return (leaf & ~now & 0x3f) != 0 || ((leaf ^ now) & PPN) != 0;
}

static void use_page(void)
{
    static const uint64_t needs[USES] = {R, W, X}, causes[USES] = {13, 15, 12};
    static void (*const doing[USES])(uint64_t) = {do_load, do_store, do_code};
    enum use use = below(USES);
    unsigned p = below(PAGES);
    uint64_t va = BASE + p * PAGE, now = spaces[space].pte[p], leaf = now;
    struct entry *e = &spaces[space].tlb[use == FETCH][p];
    if (e->leaf) {
        if (!e->told && differs(e->leaf, now)) {
            tell(use, va, e, now, spaces[space].changed[p]);
            e->told = 1;
        }
        leaf = e->leaf;
    }
    int allowed = leaf & V && leaf & needs[use];
    if (allowed && !e->leaf)
        *e = (struct entry){leaf, 0};
    uint64_t *frame = (uint64_t *)(uintptr_t)((leaf & PPN) << 2), value = rnd();
    got = value;
    caught.traps = 0;
    attempt((void *)doing[use], va, 0, 0);
    int right = allowed ? !caught.traps : caught.traps && caught.cause == causes[use];
    if (allowed && right)
        right = use == STORE ? frame[1] == value : got == frame[0];
    if (!right) {
        wrong++;
        print("# wrong: ");
        print_hex(va);
        put(' ');
        print_hex(leaf);
        put(' ');
        print_hex(caught.traps ? caught.cause : 99);
        put('\n');
    }
}

static void go_elsewhere(void)
{
    space = below(SPACES);
    CSRW(satp, spaces[space].satp);
}

static void make_space(unsigned s)
{
    uint64_t *top = s ? new_page() : root, *middle = new_page(), *last = new_page();
    for (int i = 0; s && i < 512; i++)
        top[i] = root[i];
    top[BASE >> 30 & 511] = (uint64_t)(uintptr_t)middle >> 2 | V;
    middle[0] = (uint64_t)(uintptr_t)last >> 2 | V;
    spaces[s].pte = last;
    spaces[s].asid = 5 + s;
    spaces[s].satp = 8ull << 60 | (5ull + s) << 44 | (uint64_t)(uintptr_t)top >> 12;
}

int main(void)
{
    counter = fenceless.seed;
    paging_on();
    for (unsigned f = 0; f < FRAMES; f++) {
        frames[f] = new_page();
        frames[f][0] = 100 + f;
        frames[f][2] = 0x0000806700000513ull | (100ull + f) << 20; /* li a0, id; ret */
    }
    fence_i();
    for (unsigned s = 0; s < SPACES; s++)
        make_space(s);
    sfence();
    CSRW(satp, spaces[0].satp);
    for (uint64_t i = 0; i < fenceless.steps; i++) {
        unsigned what = below(16);
        if (what < 4)
            change();
        else if (what == 4)
            forgetful_fence();
        else if (what == 5)
            go_elsewhere();
        else
            use_page();
    }
    check("accesses that came to something else", wrong, 0);
    check_true("there were stale entries, or no fence was missing", fenceless.fenced ? !stale : stale > 0);
    plan();
    return 0;
}
