/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A kernel whose calls mostly do not return as they were made (they come back with another stack pointer), so that the
 * machine waits for them in vain: few of them while call 1 waits, then more than it keeps. tests/ecalls.t looks at it.
 */
#include "guest.h"

#define USER 0x2000000000ull

/* Call 1 waits until the program has made as many calls 2 as its argument says; it is made twice. */
__asm__(".section .text.user, \"ax\"\n"
        ".balign 4096\n"
        ".globl user_program\n"
        "user_program:\n"
        "    mv s1, sp\n"
        "    li a0, 1000\n"
        "    li a7, 1\n"
        "    ecall\n"
        "    li a0, 70000\n"
        "    li a7, 1\n"
        "    ecall\n"
        "    li a7, 3\n"
        "    ecall\n"
        ".globl user_loop\n"
        "user_loop:\n"
        "    li a7, 2\n"
        "    ecall\n"
        "    j user_loop\n"
        ".balign 4096\n"
        ".previous");

extern char user_program[], user_loop[];
static uint64_t waiting[32], waiting_pc, left;

static void call(uint64_t *f)
{
    uint64_t pc = CSRR(sepc) + 4;
    if (f[17] == 3)
        power_off();
    if (f[17] == 1) {
        left = f[10];
        for (int i = 1; i < 32; i++)
            waiting[i] = f[i];
        waiting_pc = pc;
        f[2] -= left * 4096; /* no stack pointer is there twice */
        pc = USER + (uint64_t)(user_loop - user_program);
    } else if (--left) {
        f[2] -= 16;
    } else {
        for (int i = 1; i < 32; i++)
            f[i] = waiting[i];
        f[10] = 7;
        pc = waiting_pc;
    }
    CSRW(sepc, pc);
}

int main(void)
{
    paging_on();
    map(USER, (uint64_t)(uintptr_t)user_program, V | R | X | U | A);
    sfence();
    on_ecall = call;
    enter_user(USER, 0, 0x3000000000);
    return 1;
}
