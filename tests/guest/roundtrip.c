/* SPDX-License-Identifier: GPL-2.0-only */
/* For tests/bench: ten million page faults, each taken by a handler of four instructions that skips the load. */
#include "guest.h"

#define FAULTS 10000000
#define ABSENT 0x40000000ull

__asm__(".option push\n.option norvc\n.balign 4\n"
        "skip_load:\n"
        "  csrr t0, sepc\n"
        "  addi t0, t0, 4\n"
        "  csrw sepc, t0\n"
        "  sret\n"
        ".option pop\n");
extern char skip_load[];

int main(void)
{
    uint64_t handler = CSRR(stvec);
    paging_on();
    map(ABSENT, 0, 0);
    sfence();
    CSRW(stvec, skip_load);
    for (uint64_t i = 0; i < FAULTS; i++)
        __asm__ volatile(".option push\n.option norvc\nld t1, 0(%0)\n.option pop" : : "r"(ABSENT) : "t0", "t1", "memory");
    CSRW(stvec, handler);
    print("faults: ");
    print_decimal(FAULTS);
    print("\n");
    return 0;
}
