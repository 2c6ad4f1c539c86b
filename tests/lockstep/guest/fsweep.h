/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sweeps of floating-point operations over special values. The comparison sees results and flags; s2 sums up x
 * results.
 */

/* with flags in s3 after each */
.macro FLAGS
    csrr s3, fflags
    csrw fflags, zero
.endm

/* two operands, all rounding modes by frm: LOAD op, size in bytes, table */
.macro FSWEEP2 load, bytes, ops:vararg
    li s5, 5
80: addi s5, s5, -1
    csrw frm, s5
    la s4, fvalues_\load\()_end
    la s0, fvalues_\load
70: la s1, fvalues_\load
71: \load fa0, 0(s0)
    \load fa1, 0(s1)
    .irp op, \ops
    \op fa2, fa0, fa1
    FLAGS
    .endr
    addi s1, s1, \bytes
    bne s1, s4, 71b
    addi s0, s0, \bytes
    bne s0, s4, 70b
    bnez s5, 80b
.endm

/* the same without rounding modes, results in x registers */
.macro FSWEEPX load, bytes, ops:vararg
    la s4, fvalues_\load\()_end
    la s0, fvalues_\load
70: la s1, fvalues_\load
71: \load fa0, 0(s0)
    \load fa1, 0(s1)
    .irp op, \ops
    \op a2, fa0, fa1
    FLAGS
    .endr
    addi s1, s1, \bytes
    bne s1, s4, 71b
    addi s0, s0, \bytes
    bne s0, s4, 70b
.endm

/* one operand; dest fa2 or a2 */
.macro FSWEEP1 load, bytes, dest, ops:vararg
    li s5, 5
80: addi s5, s5, -1
    csrw frm, s5
    la s4, fvalues_\load\()_end
    la s0, fvalues_\load
70: \load fa0, 0(s0)
    .irp op, \ops
    \op \dest, fa0
    FLAGS
    .endr
    addi s0, s0, \bytes
    bne s0, s4, 70b
    bnez s5, 80b
.endm

/* from integers */
.macro FSWEEPI ops:vararg
    li s5, 5
80: addi s5, s5, -1
    csrw frm, s5
    la s4, fintegers_end
    la s0, fintegers
70: ld a0, 0(s0)
    .irp op, \ops
    \op fa2, a0
    FLAGS
    .endr
    addi s0, s0, 8
    bne s0, s4, 70b
    bnez s5, 80b
.endm

    .data
    .balign 8
fvalues_flw: /* 1, -1.5, 0, -0, inf, -inf, least denormal, greatest, least normal, greatest, qNaN, 1/3, 2^31, 2^63, 16777217/2 */
    .word 0x3f800000, 0xbfc00000, 0, 0x80000000, 0x7f800000, 0xff800000, 1, 0x807fffff, 0x00800000, 0x7f7fffff
    .word 0x7fc00000, 0x3eaaaaab, 0x4f000000, 0xdf000000, 0x4affffff
fvalues_flw_end:
    .balign 8
fvalues_fld:
    .dword 0x3ff0000000000000, 0xbff8000000000000, 0, 0x8000000000000000, 0x7ff0000000000000, 0xfff0000000000000
    .dword 1, 0x800fffffffffffff, 0x0010000000000000, 0x7fefffffffffffff, 0x7ff8000000000000, 0x3fd5555555555555
    .dword 0x41e0000000000000, 0xc3e0000000000000, 0x47efffffe0000000, 0x36a0000000000000
fvalues_fld_end:
fintegers:
    .dword 0, 1, -1, 0x7fffffff, 0x80000000, 0xffffffff80000000, 0x7fffffffffffffff, 0x8000000000000000, 0x1000001, 0x20000000000001
    .dword 0xffffffffffffffff, 0xfffffffffffffbff, 0x123456789abcdef
fintegers_end:
    .text
