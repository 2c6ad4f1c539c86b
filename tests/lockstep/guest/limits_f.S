/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Arithmetic that Unicorn has as it was in 2019. Its status is the sum of the parts that fail: 0 on QEMU 7.2, and what
 * tests/lockstep.t says on Tarry; docs/lockstep.md lists the cases.
 */
#include "test.h"

.macro PART n, reg, value
    li t6, \value
    beq \reg, t6, 1f
    addi gp, gp, \n
1:
.endm

test:
    li gp, 0
    li a0, 0x7f800001 /* sNaN */
    fmv.w.x fa0, a0
    li a0, 0x3f800000
    fmv.w.x fa1, a0
    csrw fflags, zero
    fmin.s fa2, fa0, fa1
    fmv.x.w a0, fa2
    PART 1, a0, 0x3f800000 /* fmin(sNaN, 1) = 1 (unprivileged spec, 11.6) */
    li a0, 0x7ff0000000000001
    fmv.d.x fa0, a0
    fcvt.d.w fa1, zero
    fmax.d fa2, fa0, fa1
    fmv.x.d a0, fa2
    PART 2, a0, 0 /* fmax.d(sNaN, 0) = 0 */
    fmv.w.x fa0, zero
    li a0, 0x7f800000
    fmv.w.x fa1, a0
    li a0, 0x7fc00000
    fmv.w.x fa2, a0
    csrw fflags, zero
    fmadd.s fa3, fa0, fa1, fa2
    csrr a0, fflags
    PART 4, a0, 16 /* 0 x inf + qNaN: NV (11.6) */
    li a0, 0x7ff0000000000000
    fmv.d.x fa1, a0
    li a0, 0x7ff8000000000000
    fmv.d.x fa2, a0
    fmv.d.x fa0, zero
    csrw fflags, zero
    fmadd.d fa3, fa0, fa1, fa2
    csrr a0, fflags
    PART 8, a0, 16
    fmv.w.x fa0, zero
    fadd.s fa3, fa0, fa0
    fmv.x.d a0, fa3
    PART 16, a0, 0xffffffff00000000 /* results are boxed (12.2) */
    fmv.d.x fa0, zero
    fadd.s fa3, fa0, fa0
    fmv.x.w a0, fa3
    PART 32, a0, 0x7fc00000 /* operands that are not boxed are NaNs */
    bnez gp, fail
    PASS
