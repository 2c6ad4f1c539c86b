/* SPDX-License-Identifier: GPL-2.0-only */
/* A case in words. */
#include "walks.h"

static const char *const kinds[KINDS] = {"lb",   "lh",   "lw",         "ld",         "sb",        "sh",
                                         "sw",   "sd",   "amoadd.w",   "amoadd.d",   "amoswap.w", "amoswap.d",
                                         "lr.w", "lr.d", "lr.w, sc.w", "lr.d, sc.d", "fetch"};
static const char *const fences[] = {"no fence", "sfence.vma", "sfence.vma x0, asid", "sfence.vma va",
                                     "sfence.vma va, asid"};
static const char *const causes[16] = {
    [1] = "fetch access fault", [2] = "illegal instruction", [4] = "misaligned load",  [5] = "load access fault",
    [6] = "misaligned store",   [7] = "store access fault",  [8] = "done in U mode",   [9] = "done in S mode",
    [11] = "done in M mode",    [12] = "fetch page fault",   [13] = "load page fault", [15] = "store page fault"};

static void word(const char *before, uint64_t value)
{
    print(before);
    print_hex(value);
}

static void entries(const struct path *p)
{
    for (unsigned i = 0; i < p->n; i++) {
        uint64_t now = *p->entry[i];
        print("; at ");
        print_hex((uint64_t)(uintptr_t)p->entry[i]);
        put(' ');
        print_hex(p->before[i]);
        put(' ');
        for (int bit = 7; bit >= 0; bit--)
            put(p->before[i] >> bit & 1 ? "VRWXUGAD"[bit] : '-');
        if (now != p->before[i])
            word(" now ", now);
    }
}

void describe(uint64_t batch, unsigned n, const struct context *c, const struct path *p, const struct path *q,
              const struct access *a)
{
    print("case ");
    print_decimal(batch);
    put('.');
    print_decimal(n);
    word(": satp ", c->satp);
    print(", ");
    print(fences[a->fence]);
    print(", ");
    print(kinds[a->kind]);
    word(" at ", a->va);
    print(a->mode == IN_U ? " in U mode" : a->mode == IN_S ? " in S mode" : " in M mode");
    print(a->by_mprv ? " (by MPRV)" : "");
    print(a->mstatus & SUM ? ", SUM" : "");
    print(a->mstatus & MXR ? ", MXR" : "");
    entries(p);
    if (q) {
        print("; next page");
        entries(q);
    }
    print(": ");
    print(a->cause < 16 && causes[a->cause] ? causes[a->cause] : "trap");
    print(", cause ");
    print_decimal(a->cause & 0xff);
    word(" tval ", a->tval);
    word(" epc ", a->epc);
    word(" a0 ", a->a0);
    word(" a1 ", a->a1);
    word(" a2 ", a->a2);
    put('\n');
}
