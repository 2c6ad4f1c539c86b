/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The software-managed TLB beside a naive one, written from docs/softtlb.md: a machine-mode guest does random things to
 * both - entries written by stlbhi and stlblo, all forms of sfence.vma, changes of address space, loads, stores and
 * fetches in S and U mode - and what each came to must be what the naive one says. Entries of a page are either all
 * global or all of address spaces: what two that match would do is open.
 */
#include "../walks.h"

#define PAGES 32 /* virtual ones, from BASE */
#define BASE 0x2000000000ull
#define WINDOW 0xffffffc000000000ull
#define FRAMES 8
#define MAX_ENTRIES 256
#define STLBHI 0x5c0
#define STLBLO 0x5c1
#define VALID_RIGHTS (R | W | X)

enum policy { FIFO, LRU, RANDOM };

/* Written into the program before it runs (tests/softtlb.t). */
__attribute__((section(".parameters"))) struct {
    uint64_t seed, steps, entries, ways, policy;
} parameters_soft = {1, 10000, 16, 16, FIFO};

struct entry {
    uint64_t valid, page, asid, leaf, when;
};

extern volatile uint64_t tohost;
void walks(void) __attribute__((noreturn));

static uint64_t data[FRAMES + 1][512] __attribute__((aligned(4096)));
static uint64_t code[FRAMES][512] __attribute__((aligned(4096)));
static struct entry tlb[MAX_ENTRIES];
static uint64_t asid, clock, hi, step, accesses, faults, evictions;
static uint64_t asids[4];

static uint64_t address_of(volatile void *p)
{
    return (uint64_t)(uintptr_t)p;
}

/* ---- the naive one ---- */

static int matches(const struct entry *e, uint64_t page)
{
    return e->valid && e->page == page && (e->leaf & G || e->asid == asid);
}

static struct entry *find(uint64_t va)
{
    for (unsigned i = 0; i < parameters_soft.entries; i++)
        if (matches(&tlb[i], va / PAGE))
            return &tlb[i];
    return NULL;
}

static struct entry *room_for(uint64_t page)
{
    uint64_t ways = parameters_soft.ways, sets = parameters_soft.entries / ways;
    struct entry *set = &tlb[page % sets * ways], *oldest = set;
    for (unsigned i = 0; i < ways; i++)
        if (!set[i].valid)
            return &set[i];
    for (unsigned i = 0; i < ways; i++)
        if (set[i].when < oldest->when)
            oldest = &set[i];
    evictions++;
    return oldest;
}

static void naive_write(uint64_t va, uint64_t leaf)
{
    struct entry *e = find(va);
    uint64_t when = e && parameters_soft.policy == FIFO ? e->when : ++clock;
    if (!e)
        e = room_for(va / PAGE);
    *e = (struct entry){1, va / PAGE, asid, leaf, when};
}

static void naive_fence(int by_va, uint64_t va, int by_asid, uint64_t id)
{
    for (unsigned i = 0; i < parameters_soft.entries; i++) {
        struct entry *e = &tlb[i];
        if ((!by_va || e->page == va / PAGE) && (!by_asid || (!(e->leaf & G) && e->asid == id)))
            e->valid = 0;
    }
}

enum use { LOAD, STORE, FETCH_IT };

/* 0, or the exception; and where it leads. */
static uint64_t naive_access(uint64_t va, enum use use, enum mode mode, uint64_t mstatus, uint64_t *pa)
{
    static const uint64_t causes[] = {13, 15, 12};
    if (mode == IN_M) {
        *pa = va;
        return 0;
    }
    if (va - WINDOW < 256ull << 30) {
        *pa = va - WINDOW;
        return mode == IN_S ? 0 : causes[use];
    }
    struct entry *e = find(va);
    if (!e)
        return causes[use];
    if (parameters_soft.policy == LRU)
        e->when = ++clock;
    uint64_t leaf = e->leaf, readable = leaf & R || (leaf & X && mstatus & MXR);
    int form = leaf & V && leaf & VALID_RIGHTS && !(leaf & W && !(leaf & R)) && !(leaf >> 54);
    int user = leaf & U ? mode == IN_U || (mstatus & SUM && use != FETCH_IT) : mode == IN_S;
    int right = use == LOAD ? readable != 0 : use == STORE ? leaf & W && leaf & D : (leaf & X) != 0;
    *pa = ((leaf & PTE_PPN) << 2) | va % PAGE;
    return form && user && right ? 0 : causes[use];
}

/* ---- the machine's ---- */

#define READ(csr)                                                                                                      \
    ({                                                                                                                 \
        uint64_t v;                                                                                                    \
        __asm__ volatile("csrr %0, %1" : "=r"(v) : "i"(csr));                                                          \
        v;                                                                                                             \
    })
#define WRITE(csr, v) __asm__ volatile("csrw %0, %1" : : "i"(csr), "r"((uint64_t)(v)) : "memory")

static void differ(const char *what, uint64_t got, uint64_t want, uint64_t at)
{
    print("step ");
    print_decimal(step);
    print(": ");
    print(what);
    print(" at ");
    print_hex(at);
    print(": the machine has ");
    print_hex(got);
    print(", the naive one ");
    print_hex(want);
    put('\n');
    tohost = 3;
    power_off_with(0x13333);
}

static void same(const char *what, uint64_t got, uint64_t want, uint64_t at)
{
    if (got != want)
        differ(what, got, want, at);
}

/* ---- steps ---- */

static uint64_t some_va(void)
{
    return BASE + below(PAGES) * PAGE;
}

static uint64_t random_leaf(uint64_t va, int *is_code)
{
    static const uint8_t rights[] = {R, R | W, R | W, R | W | X, R | W | X, R | X, X, W, W | X, 0};
    *is_code = (va / PAGE / 2) & 1; /* pages of code are never stored into by what is not a fault */
    uint64_t frame = address_of(*is_code ? code[below(FRAMES)] : data[below(FRAMES)]);
    uint64_t flags =
        rights[one_in(12) ? 6 + below(4) : below(6)] | (rnd() & (U | A | D | 3 << 8)) | (one_in(20) ? 0 : V);
    if (one_in(30))
        flags |= 1ull << (54 + below(10));
    if (va / PAGE % 8 == 0)
        flags |= G;
    return frame >> 2 | flags | (one_in(3) ? 0 : D);
}

static void write_entry(void)
{
    int is_code;
    uint64_t va = some_va(), leaf = random_leaf(va, &is_code);
    if (!one_in(3)) /* after a miss the handler finds the page there */
        va = hi - BASE < PAGES * PAGE ? hi : va, leaf = random_leaf(va, &is_code);
    hi = va;
    WRITE(STLBHI, va + below(PAGE));
    WRITE(STLBLO, leaf);
    naive_write(va, leaf);
}

static void read_entry(void)
{
    uint64_t va = some_va();
    const struct entry *e = find(va);
    WRITE(STLBHI, hi = va);
    same("stlblo", READ(STLBLO), e ? e->leaf : 0, va);
}

static void fence_some(void)
{
    uint64_t va = some_va() + below(PAGE), id = asids[below(4)];
    switch (below(24)) {
    case 0:
        __asm__ volatile("sfence.vma" : : : "memory");
        naive_fence(0, 0, 0, 0);
        break;
    case 1:
    case 2:
        __asm__ volatile("sfence.vma x0, %0" : : "r"(id) : "memory");
        naive_fence(0, 0, 1, id);
        break;
    default:
        if (one_in(2)) {
            __asm__ volatile("sfence.vma %0, x0" : : "r"(va) : "memory");
            naive_fence(1, va, 0, 0);
        } else {
            __asm__ volatile("sfence.vma %0, %1" : : "r"(va), "r"(id) : "memory");
            naive_fence(1, va, 1, id);
        }
    }
}

static void change_space(void)
{
    asid = asids[below(4)];
    CSRW(satp, 15ull << 60 | asid << 44);
}

static void access_some(void)
{
    static const uint8_t bytes[] = {1, 2, 4, 8};
    struct access a = {.value = rnd(), .mode = below(2)};
    uint64_t va = some_va(), pa = 0, second = 0, want, size = 2, *frame;
    int is_code = (va / PAGE / 2) & 1;
    if (one_in(2) && hi - BASE < PAGES * PAGE) { /* once more */
        va = hi;
        is_code = (va / PAGE / 2) & 1;
    }
    enum use use = is_code ? one_in(3) ? LOAD : FETCH_IT : below(2);
    if (one_in(12)) { /* the window; S mode's way to everything */
        frame = is_code ? code[below(FRAMES)] : data[below(FRAMES)];
        va = WINDOW + address_of(frame);
    }
    if (use == FETCH_IT) {
        va += 8 * below(512);
        a.pc = va;
    } else {
        unsigned log = below(4);
        size = bytes[log];
        va += one_in(8) && !(use == STORE && va / PAGE % 4 == 1) ? PAGE - below(size) : size * below(PAGE / size);
        a.pc = address_of(stubs) + 16 * (use == LOAD ? log : SB + log);
        a.by_mprv = 1;
    }
    a.va = va;
    a.mstatus = (uint64_t)a.mode << MPP_SHIFT | (a.by_mprv ? MPRV : 0) | (one_in(2) ? SUM : 0) | (one_in(2) ? MXR : 0);
    uint64_t room = PAGE - va % PAGE, tval = va;
    want = naive_access(va, use, a.mode, a.mstatus, &pa);
    if (!want && size > room && use != FETCH_IT) {
        tval = va + room;
        want = naive_access(tval, use, a.mode, a.mstatus, &second);
    }
    uint64_t before = 0, after = 0;
    for (unsigned i = 0; !want && use == LOAD && i < size; i++)
        before |= (uint64_t) * (volatile uint8_t *)(uintptr_t)(i < room ? pa + i : second + i - room) << 8 * i;
    do_access(&a);
    accesses++;
    if (want) {
        faults++;
        hi = tval & ~(PAGE - 1);
        same("cause", a.cause, want, va);
        same("tval", a.tval, tval, va);
        same("stlbhi", READ(STLBHI), hi, va);
        return;
    }
    same("cause", a.cause, a.by_mprv ? 11 : a.mode == IN_U ? 8 : 9, va);
    if (use == FETCH_IT)
        same("code", a.a0, (uint64_t)(int64_t)(int32_t)(*(uint32_t *)(uintptr_t)pa & 0xfffff000), va);
    if (use == LOAD)
        same("what was loaded", a.a0 << (64 - 8 * size), before << (64 - 8 * size), va);
    for (unsigned i = 0; use == STORE && i < size; i++)
        after |= (uint64_t) * (volatile uint8_t *)(uintptr_t)(i < room ? pa + i : second + i - room) << 8 * i;
    if (use == STORE)
        same("what was stored", after << (64 - 8 * size), a.value << (64 - 8 * size), va);
}

/* With a random policy one entry of the set has gone: which one, the machine says. */
static void write_at_random(void)
{
    unsigned gone = 0;
    int is_code;
    uint64_t va = some_va(), leaf = random_leaf(va, &is_code);
    uint64_t room = find(va) ? 1 : 0, ways = parameters_soft.ways, sets = parameters_soft.entries / ways;
    struct entry *set = &tlb[va / PAGE % sets * ways], new = {1, va / PAGE, asid, leaf, 0}, *old = find(va);
    for (unsigned i = 0; i < ways; i++)
        room |= !set[i].valid;
    WRITE(STLBHI, hi = va);
    WRITE(STLBLO, leaf);
    if (room) {
        naive_write(va, leaf);
        return;
    }
    for (unsigned i = 0; i < ways; i++) { /* look at each in its own address space */
        CSRW(satp, 15ull << 60 | set[i].asid << 44);
        WRITE(STLBHI, set[i].page * PAGE);
        if (READ(STLBLO) == 0) {
            old = &set[i];
            gone++;
        }
    }
    CSRW(satp, 15ull << 60 | asid << 44);
    WRITE(STLBHI, hi);
    same("entries that had to go", gone, 1, va);
    evictions++;
    *old = new;
}

static void one_step(void)
{
    switch (below(16)) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4:
        if (parameters_soft.policy == RANDOM)
            write_at_random();
        else
            write_entry();
        break;
    case 5:
        read_entry();
        break;
    case 6:
        fence_some();
        break;
    case 7:
        if (one_in(3))
            change_space();
        break;
    default:
        access_some();
    }
}

static void begin(void)
{
    set_random(parameters_soft.seed, 0);
    for (uint64_t f = 0; f < FRAMES; f++)
        for (uint64_t i = 0; i < 512; i++) {
            data[f][i] = rnd();
            code[f][i] = 0x73ull << 32 | 0x537 | (f << 9 | i) << 12; /* lui a0; ecall */
        }
    for (unsigned i = 0; i < 4; i++)
        asids[i] = below(16384) * 4 + i;
    asid = asids[0];
    CSRW(pmpaddr0, ~0ull);
    CSRW(pmpcfg0, 0x1f);
    CSRW(satp, 15ull << 60 | asid << 44);
    __asm__ volatile("fence.i\nsfence.vma" : : : "memory");
}

void walks(void)
{
    begin();
    same("satp", CSRR(satp) >> 60, 15, 0);
    for (step = 0; step < parameters_soft.steps; step++)
        one_step();
    print_decimal(parameters_soft.steps);
    print(" steps agree: ");
    print_decimal(accesses);
    print(" accesses, ");
    print_decimal(faults);
    print(" faults, ");
    print_decimal(evictions);
    print(" evictions\n");
    tohost = 1;
    power_off();
}
