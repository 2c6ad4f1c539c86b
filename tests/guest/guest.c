/* SPDX-License-Identifier: GPL-2.0-only */
/* What test guests share. */
#include "guest.h"

struct caught caught;
volatile uint64_t interrupts[16];
void (*on_interrupt)(uint64_t code);
void (*on_ecall)(uint64_t *f);

void trap(uint64_t *f);
extern uint64_t attempt_sp;
extern char attempt_failed[];

static void die(void)
{
    print("Bail out! unexpected trap: cause ");
    print_hex(CSRR(scause));
    print(" tval ");
    print_hex(CSRR(stval));
    print(" epc ");
    print_hex(CSRR(sepc));
    put('\n');
    power_off_with(0x13333);
}

void trap(uint64_t *f)
{
    uint64_t cause = CSRR(scause);
    if (cause == 8 && on_ecall) {
        on_ecall(f);
        return;
    }
    if (cause >> 63) {
        interrupts[cause & 15]++;
        if (!on_interrupt)
            die();
        on_interrupt(cause & 15);
        return;
    }
    if (!attempt_sp)
        die();
    caught.traps++;
    caught.cause = cause;
    caught.tval = CSRR(stval);
    caught.epc = CSRR(sepc);
    caught.status = CSRR(sstatus);
    CSRW(sepc, attempt_failed);
    CSRS(sstatus, 0x100); /* back to the supervisor */
    CSRC(sstatus, 0x20);  /* interrupts off */
}

struct sbi sbi(uint64_t eid, uint64_t function, uint64_t x0, uint64_t x1, uint64_t x2)
{
    register uint64_t a0 __asm__("a0") = x0;
    register uint64_t a1 __asm__("a1") = x1;
    register uint64_t a2 __asm__("a2") = x2;
    register uint64_t a6 __asm__("a6") = function;
    register uint64_t a7 __asm__("a7") = eid;
    __asm__ volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a2), "r"(a6), "r"(a7) : "memory");
    return (struct sbi){(int64_t)a0, a1};
}

int on_tarry(void)
{
    return sbi(0x10, 3, SBI_TRACE, 0, 0).value != 0;
}

/* ---- paging ---- */

uint64_t root[512] __attribute__((aligned(4096)));
static uint8_t pool[64][4096] __attribute__((aligned(4096)));
static unsigned used;

uint64_t *new_page(void)
{
    if (used == 64) {
        print("Bail out! out of pages\n");
        power_off_with(0x13333);
    }
    return (uint64_t *)pool[used++];
}

uint64_t *pte_of(uint64_t va)
{
    uint64_t *table = root;
    for (int level = 2; level > 0; level--) {
        uint64_t *e = &table[va >> (12 + 9 * level) & 511];
        if (!(*e & V))
            *e = (uint64_t)(uintptr_t)new_page() >> 2 | V;
        table = (uint64_t *)(uintptr_t)((*e >> 10) << 12);
    }
    return &table[va >> 12 & 511];
}

void map(uint64_t va, uint64_t pa, uint64_t flags)
{
    *pte_of(va) = (pa >> 12) << 10 | flags;
}

void paging_on(void)
{
    root[0] = 0 << 28 | V | R | W | A | D;                      /* devices */
    root[2] = (0x80000000ull >> 2) | V | R | W | X | A | D | G; /* RAM */
    CSRW(satp, 8ull << 60 | (uint64_t)(uintptr_t)root >> 12);
    sfence();
}
