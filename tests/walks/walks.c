/* SPDX-License-Identifier: GPL-2.0-only */
/* Batches of accesses: each in a random mode, after the fence that the changes of the tables before it need. */
#include "walks.h"

__attribute__((section(".parameters"))) struct parameters parameters = {1, 0, 10, 0, 0, 0};
extern volatile uint64_t tohost;
void walks(void) __attribute__((noreturn));

#define ADUE (1ull << 61) /* of menvcfg: the hart sets A and D. Those that always do know nothing of it */

static uint64_t batch, digest;
static unsigned done; /* cases of this batch */

static const uint8_t sizes[KINDS] = {1, 2, 4, 8, 1, 2, 4, 8, 4, 8, 4, 8, 4, 8, 4, 8, 2};

/* ---- fences ---- */

static void fence(enum fence f, uint64_t va, uint64_t asid)
{
    switch (f) {
    case NO_FENCE:
        break;
    case FENCE_ALL:
        __asm__ volatile("sfence.vma" : : : "memory");
        break;
    case FENCE_ASID:
        __asm__ volatile("sfence.vma x0, %0" : : "r"(asid) : "memory");
        break;
    case FENCE_VA:
        __asm__ volatile("sfence.vma %0, x0" : : "r"(va) : "memory");
        break;
    case FENCE_VA_ASID:
        __asm__ volatile("sfence.vma %0, %1" : : "r"(va), "r"(asid) : "memory");
        break;
    }
}

/* A fence that is enough for a change of a leaf, or of pointers, too; entries that are global belong to no address
 * space. */
static enum fence enough(int leaf_only)
{
    static const enum fence leaf[4] = {FENCE_ALL, FENCE_VA, FENCE_ASID, FENCE_VA_ASID};
    if (global_seen)
        return leaf_only ? leaf[below(2)] : FENCE_ALL;
    return leaf_only ? leaf[below(4)] : leaf[2 * below(2)];
}

/* ---- what happened ---- */

static void mix(uint64_t word)
{
    digest = (digest ^ word) * 0x9e3779b97f4a7c15ull;
    digest ^= digest >> 29;
}

static int is_amo(enum kind k)
{
    return k >= AMOADD_W && k <= AMOSWAP_D;
}

/* What QEMU does otherwise than the specification says (docs/lockstep.md) is made one. */
static void forgive(struct access *a)
{
    uint64_t size = sizes[a->kind], page = a->va & ~(PAGE - 1);
    if (a->kind <= LD && a->va % size && a->tval - page < PAGE &&
        (nowhere || a->cause == 5 || a->va - page + size > PAGE))
        a->tval &= ~(size - 1);
    if (is_amo(a->kind) && (a->cause == 4 || a->cause == 5 || a->cause == 13))
        a->cause += 2; /* a load's fault */
    if (nowhere && a->mode != IN_M && (a->cause == 1 || a->cause == 5 || a->cause == 7))
        a->cause = a->cause == 1 ? 12 : a->cause + 8; /* a page table outside of memory is a page fault */
}

static void record(const struct context *c, const struct path *p, const struct path *q, struct access *a)
{
    int access_fault = nowhere || a->cause == 1 || a->cause == 5 || a->cause == 7;
    if (!(parameters.rules & EXACT))
        forgive(a);
    if (parameters.rules & OPEN_BITS && is_amo(a->kind) && a->cause == 7)
        a->cause = 15;
    if (parameters.rules & OPEN_BITS && (access_fault || (is_amo(a->kind) && a->cause == 15))) {
        set_bits(p);
        if (q)
            set_bits(q);
        fence(FENCE_ALL, 0, 0);
    }
    mix(a->cause);
    mix(a->tval);
    mix(a->epc);
    mix(a->a0);
    mix(a->a1);
    mix(a->a2);
    for (unsigned i = 0; i < p->n; i++)
        mix(*p->entry[i]);
    for (unsigned i = 0; q && i < q->n; i++)
        mix(*q->entry[i]);
    if (done >= parameters.from && done < parameters.to)
        describe(batch, done, c, p, q, a);
    done++;
}

/* ---- accesses ---- */

static void choose(const struct context *c, const struct path *p, const struct path *q, int code, struct access *a)
{
    static const enum mode modes[8] = {IN_U, IN_U, IN_U, IN_S, IN_S, IN_S, IN_S, IN_M};
    unsigned offset = 8 * below(512);
    *a = (struct access){.mode = modes[below(8)], .value = rnd()};
    a->kind = code ? one_in(3) ? below(4) : FETCH : below(FETCH);
    if (a->kind == FETCH) {
        offset = q ? 4088 + 6 * below(2) : 8 * below(511);
    } else {
        if (one_in(6))
            offset += below(8);
        if (q && sizes[a->kind] > 1)
            offset = PAGE - 1 - below(sizes[a->kind] - 1u);
        else if (offset + sizes[a->kind] > PAGE)
            offset = PAGE - sizes[a->kind];
    }
    if (parameters.rules & EXACT && a->kind >= AMOADD_W && a->kind < FETCH)
        offset &= ~(sizes[a->kind] - 1u); /* the kind of the fault of a misaligned one is the hart's to choose */
    a->va = p->va + offset;
    a->by_mprv = a->kind != FETCH && (a->mode == IN_M || one_in(2));
    if (a->kind == FETCH && a->mode == IN_M && c->levels)
        a->mode = IN_S;
    a->pc = a->kind == FETCH ? a->va
            : a->by_mprv     ? (uint64_t)(uintptr_t)stubs + 16 * a->kind
                             : stub_address(c, a->mode) + 16 * a->kind;
    a->mstatus =
        (uint64_t)a->mode << MPP_SHIFT | (a->by_mprv ? MPRV : 0) | (one_in(2) ? SUM : 0) | (one_in(2) ? MXR : 0);
    if (a->mode == IN_M && a->kind != FETCH) /* not translated: where the target is */
        a->va = p->target + offset;
}

/* A leaf changes and is used with no fence in between: whatever that did, nothing is left of it behind a fence. */
static void go_stale(const struct context *c, struct path *p)
{
    struct access a;
    do_access(&(struct access){.pc = (uint64_t)(uintptr_t)stubs + 16 * LD,
                               .mstatus = (uint64_t)IN_S << MPP_SHIFT | MPRV | SUM,
                               .va = p->va,
                               .by_mprv = 1,
                               .kind = LD});
    for (unsigned i = 0; i < p->n; i++)
        p->before[i] = *p->entry[i];
    struct path saved = *p;
    change_leaf(p);
    choose(c, p, NULL, 0, &a);
    if (a.mode != IN_M) {
        a.kind = LD;
        a.va = p->va;
        a.pc = (a.by_mprv ? (uint64_t)(uintptr_t)stubs : stub_address(c, a.mode)) + 16 * LD;
        do_access(&a);
    }
    *p = saved;
    rewrite(p);
    fence(FENCE_ALL, 0, 0);
}

static void one_access(const struct context *c, struct path *p, const struct path *q, int code, enum fence after)
{
    struct access a;
    choose(c, p, q, code, &a);
    /* QEMU runs code of a user page in S mode once it has read it with SUM */
    if (!(parameters.rules & EXACT) && a.kind == FETCH && a.mode == IN_S && after == NO_FENCE)
        fence(after = FENCE_ALL, 0, 0);
    a.fence = after;
    volatile uint64_t *end = (uint64_t *)(uintptr_t)(p->target + PAGE - 8);
    uint64_t before = q ? *end : 0;
    do_access(&a);
    if (q && parameters.rules & EXACT && (a.cause == 7 || a.cause == 15))
        *end = before; /* what a store into two pages that is refused has done in the first is open */
    record(c, p, q, &a);
}

static void one_path(void)
{
    const struct context *c = some_context();
    struct path p, q;
    int code = one_in(3), crosses = one_in(6);
    CSRW(satp, c->satp);
    if (global_seen)
        fence(FENCE_ALL, 0, 0);
    global_seen = 0;
    make_path(c, &p, code, crosses ? &q : 0);
    enum fence f = enough(0);
    fence(f, 0, c->asid);
    for (unsigned n = 2 + below(6); n > 0 && done < BATCH; n--) {
        one_access(c, &p, crosses ? &q : 0, code, f);
        f = NO_FENCE;
        if (!c->levels || p.n != c->levels - p.leaf || one_in(2))
            continue;
        if (one_in(8) && p.n == c->levels - p.leaf) {
            go_stale(c, &p);
            f = FENCE_ALL;
        } else {
            change_leaf(&p);
            f = enough(1);
            fence(f, p.va + below(PAGE), c->asid);
        }
    }
}

/* satp takes the modes that there are, and nothing of a write with another (privileged spec, 4.1.11). */
static void try_modes(void)
{
    for (unsigned mode = 0; mode < 16; mode++) {
        uint64_t value = (uint64_t)mode << 60 | (rnd() & 0x0fffffffffffffffull);
        if (mode == 10 || mode == 0) /* Sv57, which QEMU has; and bare, where all other bits are to be 0 */
            continue;
        CSRW(satp, value);
        mix(CSRR(satp));
    }
}

static void one_batch(void)
{
    set_random(parameters.seed, batch);
    digest = batch;
    done = 0;
    new_tables();
    fence(FENCE_ALL, 0, 0);
    try_modes();
    CSRW(satp, 0);
    fence(FENCE_ALL, 0, 0);
    while (done < BATCH)
        one_path();
    digest = digest_of_frames(digest);
}

void walks(void)
{
    CSRS(0x30a, ADUE);
    for (uint64_t i = 0; i < parameters.batches; i++) {
        batch = parameters.first + i;
        one_batch();
        print("batch ");
        print_decimal(batch);
        put(' ');
        print_hex(digest);
        put('\n');
    }
    tohost = 1;
    power_off();
}
