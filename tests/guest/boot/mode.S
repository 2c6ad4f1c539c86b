/* SPDX-License-Identifier: GPL-2.0-only */
/* Prints the mode in which it begins (M or S), a0, and whether a1 is a device tree; ends with status 7. */
    .section .text.start
    .globl _start
_start:
    li s1, 0x10000000
    la t0, supervisor
    csrw stvec, t0
    li s0, 'M'
    csrr t0, mhartid            /* a trap in supervisor mode */
    j print
    .balign 4
supervisor:
    li s0, 'S'
print:
    sb s0, 0(s1)
    addi t0, a0, '0'
    sb t0, 0(s1)
    lwu t0, 0(a1)
    li t1, 0xedfe0dd0
    bne t0, t1, 1f
    li t0, 'D'
    sb t0, 0(s1)
1:  li t0, '\n'
    sb t0, 0(s1)
    li t0, 0x100000
    li t1, 0x00073333
    sw t1, 0(t0)
2:  j 2b
