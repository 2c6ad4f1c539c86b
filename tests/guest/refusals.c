/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An access for each rule by which a translation can be refused (privileged spec, 4.3.2), each at a page of its own, so that
 * tests/explain.t finds it by its address. In the mode that the machine has: Sv48 if there is one, or Sv39; or the
 * software-managed TLB (docs/softtlb.md).
 */
#include "guest.h"

#define VA 0x2000000000ull /* canonical in both */
#define PAGE 4096ull
#define GIGABYTE (1ull << 30)
#define NOWHERE 0x70000000000ull
#define SUM 0x40000ull
#define MXR 0x80000ull
#define AT(i) (VA + (i) * PAGE)
#define ASID(n) ((uint64_t)(n) << 44)

static uint64_t load8(uint64_t a) { return *(volatile uint64_t *)a; }
static void store8(uint64_t a, uint64_t v) { *(volatile uint64_t *)a = v; }
static void jump(uint64_t a) { __asm__ volatile("jr %0" : : "r"(a)); }

enum { LOAD_ACCESS = 5, FETCH = 12, LOAD = 13, STORE = 15, FETCH_ACCESS = 1 };

static void refused(const char *rule, void *access, uint64_t va, uint64_t cause)
{
    caught.traps = caught.cause = caught.tval = 0;
    attempt(access, va, 1, 0);
    check(rule, caught.cause, cause);
    check("  at", caught.tval, va);
}

static void done(const char *what, void *access, uint64_t va)
{
    caught.traps = 0;
    attempt(access, va, 1, 0);
    check(what, caught.traps, 0);
}

/* ---- page tables ---- */

static uint64_t top[512] __attribute__((aligned(4096)));

/* Sv48 if the hart takes it. */
static int four_levels(void)
{
    for (int i = 0; i < 512; i++)
        top[i] = 0;
    top[0] = (uint64_t)(uintptr_t)root >> 2 | V;
    CSRW(satp, 9ull << 60 | (uint64_t)(uintptr_t)top >> 12);
    sfence();
    return CSRR(satp) >> 60 == 9;
}

static void permissions(uint64_t pa)
{
    map(AT(0), pa, 0);
    refused("V = 0", load8, AT(0), LOAD);
    map(AT(1), pa, V | X | A | D);
    refused("R = 0, MXR = 0", load8, AT(1), LOAD);
    CSRS(sstatus, MXR);
    done("... MXR = 1", load8, AT(1));
    CSRC(sstatus, MXR);
    map(AT(2), pa, V | R | A);
    refused("W = 0", store8, AT(2), STORE);
    map(AT(3), pa, V | R | W | A | D);
    refused("X = 0", jump, AT(3), FETCH);
    map(AT(4), pa, V | R | W | U | A | D);
    refused("SUM = 0", load8, AT(4), LOAD);
    CSRS(sstatus, SUM);
    done("... SUM = 1", load8, AT(4));
    map(AT(5), pa, V | R | X | U | A);
    refused("a fetch, U = 1", jump, AT(5), FETCH);
    CSRC(sstatus, SUM);
    map(AT(6), pa, V | R | W | X | A | D);
    refused("user mode, U = 0", enter_user, AT(6), FETCH);
}

/* QEMU 7.2 takes the former for a table of zeros, and runs what the device answers. */
static void out_of_reach(uint64_t nowhere)
{
    static const char *const rules[] = {"a page table where there is no memory", "a fetch from a device"};
    for (int i = 0; i < 2 && !on_tarry(); i++) {
        skip(rules[i]);
        skip("  at");
    }
    if (!on_tarry())
        return;
    root[(VA + 3 * GIGABYTE) >> 30 & 511] = nowhere >> 2 | V;
    refused(rules[0], load8, VA + 3 * GIGABYTE, LOAD_ACCESS);
    map(AT(11), 0x10000000, V | R | W | X | A | D);
    refused(rules[1], jump, AT(11), FETCH_ACCESS);
}

static void forms(uint64_t pa, int levels)
{
    map(AT(7), pa, 1ull << 60 | V | R | W | A | D);
    refused("reserved bit 60", load8, AT(7), LOAD);
    map(AT(8), pa, V | W | A | D);
    refused("W without R", load8, AT(8), LOAD);
    map(AT(9), pa, V);
    refused("a pointer at level 0", load8, AT(9), LOAD);
    root[(VA + GIGABYTE) >> 30 & 511] = pa >> 2 | V | A;
    refused("A in a pointer", load8, VA + GIGABYTE, LOAD);
    root[(VA + 2 * GIGABYTE) >> 30 & 511] = 0x80001000ull >> 2 | V | R | W | A | D;
    refused("a misaligned superpage", load8, VA + 2 * GIGABYTE, LOAD);
    refused("not canonical", load8, 1ull << (levels == 4 ? 50 : 45), LOAD);
    map(AT(10), NOWHERE, V | R | W | A | D);
    refused("nothing at the physical address", load8, AT(10), LOAD_ACCESS);
    out_of_reach(NOWHERE);
}

/* What the hart sets by itself. */
static void status(uint64_t pa)
{
    map(AT(12), pa, V | R | W);
    done("A = 0: a load", load8, AT(12));
    check("... sets A", *pte_of(AT(12)) & (A | D), A);
    done("D = 0: a store", store8, AT(12));
    check("... sets D", *pte_of(AT(12)) & (A | D), A | D);
}

/* ---- the software-managed TLB ---- */

#define write_entry(va, pa, flags) \
    __asm__ volatile("csrw 0x5c0, %0; csrw 0x5c1, %1" : : "r"((uint64_t)(va)), "r"((uint64_t)(pa) >> 2 | (flags)) : "memory")

static void read_stlbhi(void) { __asm__ volatile("csrr a0, 0x5c0" : : : "a0"); }

static void fence_page(uint64_t va, uint64_t asid) { __asm__ volatile("sfence.vma %0, %1" : : "r"(va), "r"(asid) : "memory"); }

extern char __bss_end[];
#define POOL 64 /* guest.c */

/* pa: the first of POOL pages that are not needed themselves */
static void entries(uint64_t pa)
{
    for (uint64_t page = 0x80200000; page < (uint64_t)(uintptr_t)__bss_end; page += PAGE)
        if (page - pa >= POOL * PAGE)
            write_entry(page, page, V | R | W | X | A | D | G);
    write_entry(0x10000000, 0x10000000, V | R | W | A | D | G);  /* the UART */
    write_entry(0x100000, 0x100000, V | R | W | A | D | G); /* the finisher */
    CSRW(satp, 15ull << 60 | ASID(3));
    refused("no entry", load8, AT(0), LOAD);
    write_entry(AT(1), pa, V | X | A | D);
    refused("R = 0, MXR = 0", load8, AT(1), LOAD);
    write_entry(AT(2), pa, V | R | A | D);
    refused("W = 0", store8, AT(2), STORE);
    write_entry(AT(3), pa, V | R | W | A);
    refused("D = 0", store8, AT(3), STORE);
    write_entry(AT(4), pa, V | R | W | A | D);
    refused("X = 0", jump, AT(4), FETCH);
    write_entry(AT(5), pa, V | R | W | U | A | D);
    refused("SUM = 0", load8, AT(5), LOAD);
    write_entry(AT(6), pa, V | R | W | A | D);
    done("an entry of this ASID", load8, AT(6));
    CSRW(satp, 15ull << 60 | ASID(5));
    refused("an entry of another ASID", load8, AT(6), LOAD);
    write_entry(AT(7), pa, V | R | W | A | D);
    done("an entry", load8, AT(7));
    fence_page(AT(7), 5);
    refused("an entry that a fence has dropped", load8, AT(7), LOAD);
    refused("the supervisor's window", enter_user, 0xffffffc080200000ull, FETCH);
}

int main(void)
{
    uint64_t pa = (uint64_t)(uintptr_t)new_page();
    caught.traps = 0;
    attempt(read_stlbhi, 0, 0, 0);
    if (caught.traps == 0) {
        entries(pa);
    } else {
        paging_on();
        int levels = four_levels() ? 4 : 3;
        permissions(pa);
        forms(pa, levels);
        status(pa);
    }
    plan();
    return 0;
}
