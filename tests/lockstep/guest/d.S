/* SPDX-License-Identifier: GPL-2.0-only */
/* RV64D. */
#include "test.h"
#include "fsweep.h"

.macro FD op, a, b, value, flags
    li a0, \a
    li a1, \b
    fmv.d.x fa0, a0
    fmv.d.x fa1, a1
    csrw fflags, zero
    \op fa2, fa0, fa1
    csrr a3, fflags
    fmv.x.d a2, fa2
    CHECK a2, \value
    CHECK a3, \flags
.endm

#define ONE 0x3ff0000000000000
#define INF 0x7ff0000000000000
#define QNAN 0x7ff8000000000000
#define SNAN 0x7ff0000000000001

test:
    TEST(1)
    FD fadd.d, ONE, ONE, 0x4000000000000000, 0
    FD fadd.d, ONE, 0x3c90000000000000, ONE, 1
    FD fsub.d, INF, INF, QNAN, 16
    FD fmul.d, 0x7fefffffffffffff, 0x7fefffffffffffff, INF, 5
    FD fdiv.d, ONE, 0x8000000000000000, 0xfff0000000000000, 8
    FD fdiv.d, ONE, 0x4008000000000000, 0x3fd5555555555555, 1
    FD fmul.d, SNAN, ONE, QNAN, 16
    FD fmin.d, 0x8000000000000000, 0, 0x8000000000000000, 0
    FD fmax.d, QNAN, ONE, ONE, 0
    FD fsgnjn.d, ONE, ONE, 0xbff0000000000000, 0
    TEST(2)
    FSWEEP2 fld, 8, fadd.d, fsub.d, fmul.d, fdiv.d
    TEST(3)
    FSWEEPX fld, 8, feq.d, flt.d, fle.d
    FSWEEP1 fld, 8, fa2, fsqrt.d, fcvt.s.d
    FSWEEP1 flw, 4, fa2, fcvt.d.s
    FSWEEP1 fld, 8, a2, fcvt.w.d, fcvt.wu.d, fcvt.l.d, fcvt.lu.d, fclass.d, fmv.x.d
    FSWEEPI fcvt.d.w, fcvt.d.wu, fcvt.d.l, fcvt.d.lu, fmv.d.x
    TEST(4)
    li a0, 0x3ff0000000000001
    fmv.d.x fa0, a0
    li a0, 0xbff0000000000002
    fmv.d.x fa1, a0
    fmadd.d fa2, fa0, fa0, fa1
    fmv.x.d a0, fa2
    CHECK a0, 0x3970000000000000
    fnmadd.d fa2, fa0, fa0, fa1
    fmsub.d fa3, fa0, fa0, fa1
    fnmsub.d fa4, fa0, fa0, fa1
    TEST(5) /* memory, misaligned too */
    la s0, data
    fsd fa0, 3(s0)
    fld fa5, 3(s0)
    fmv.x.d a0, fa5
    CHECK a0, 0x3ff0000000000001
    ld a0, 3(s0)
    CHECK a0, 0x3ff0000000000001
    flw fa5, 7(s0)
    fmv.x.w a0, fa5
    CHECK a0, 0x3ff00000
    fsw fa5, 16(s0)
    ld a0, 16(s0)
    CHECK a0, 0x3ff00000
    PASS
    .data
    .balign 4096
data:
    .zero 64
