/* SPDX-License-Identifier: GPL-2.0-only */
/* Arithmetic that Unicorn has not: expected to fail on Tarry, part by part; docs/lockstep.md lists the cases. */
#include "test.h"

test:
    li a0, 0x7f800001 /* sNaN */
    fmv.w.x fa0, a0
    li a0, 0x3f800000
    fmv.w.x fa1, a0
    TEST(1) /* fmin(sNaN, 1) = 1, NV (unprivileged spec, 11.6) */
    csrw fflags, zero
    fmin.s fa2, fa0, fa1
    fmv.x.w a0, fa2
    CHECK a0, 0x3f800000
    TEST(2) /* 0 x inf + qNaN: NV (11.6) */
    fmv.w.x fa0, zero
    li a0, 0x7f800000
    fmv.w.x fa1, a0
    li a0, 0x7fc00000
    fmv.w.x fa2, a0
    csrw fflags, zero
    fmadd.s fa3, fa0, fa1, fa2
    CHECKCSR fflags, 16
    TEST(3) /* results are boxed (12.2) */
    fadd.s fa3, fa0, fa0
    fmv.x.d a0, fa3
    CHECK a0, 0xffffffff00000000
    TEST(4) /* operands that are not are NaNs */
    fmv.d.x fa0, zero
    fadd.s fa3, fa0, fa0
    fmv.x.w a0, fa3
    CHECK a0, 0x7fc00000
    PASS
