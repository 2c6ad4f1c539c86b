/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SWEEP op...: each operation on every pair of `values`; the comparison with the reference sees the results, s2 sums
 * them up.
 */
.macro SWEEP ops:vararg
    la s4, values_end
    la s0, values
70: la s1, values
71: ld a0, 0(s0)
    ld a1, 0(s1)
    .irp op, \ops
    \op a2, a0, a1
    slli a3, s2, 5
    srli s2, s2, 59
    or s2, s2, a3
    xor s2, s2, a2
    .endr
    addi s1, s1, 8
    bne s1, s4, 71b
    addi s0, s0, 8
    bne s0, s4, 70b
.endm

    .data
    .balign 8
values:
    .dword 0, 1, -1, 2, 0x7fffffff, 0x80000000, 0xffffffff80000000, 0x7fffffffffffffff, 0x8000000000000000, 0x123456789abcdef
values_end:
    .text
