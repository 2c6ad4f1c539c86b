/* SPDX-License-Identifier: GPL-2.0-only */
/* A kernel in machine mode: user mode calls it, without translation. tests/ecalls.t looks at the trace. */
#include "m.h"

/* Call 1 is answered 11, call 2 -7; call 3 is the end. */
__asm__(".pushsection .text\n"
        ".balign 4\n"
        "calls_entry:\n"
        "    csrw mscratch, t0\n"
        "    csrr t0, mepc\n"
        "    addi t0, t0, 4\n"
        "    csrw mepc, t0\n"
        "    li t0, 3\n"
        "    beq a7, t0, calls_end\n"
        "    li a0, 11\n"
        "    addi t0, a7, -1\n"
        "    beqz t0, 1f\n"
        "    li a0, -7\n"
        "1:  csrr t0, mscratch\n"
        "    mret\n"
        "calls_end:\n"
        "    la sp, frame\n" /* any stack will do */
        "    addi sp, sp, -16\n"
        "    call power_off\n"
        "calls_program:\n"
        "    li a7, 1\n"
        "    ecall\n"
        "    li a7, 2\n"
        "    ecall\n"
        "    li a7, 3\n"
        "    ecall\n"
        ".popsection\n");

extern char calls_entry[], calls_program[];

int m_main(void)
{
    open_pmp();
    CSRW(mtvec, calls_entry);
    CSRW(mepc, calls_program);
    CSRC(mstatus, MPP);
    __asm__ volatile("mret");
    return 1;
}
