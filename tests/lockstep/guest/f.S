/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * RV64F. Signalling NaNs in fmin and fmax, 0 x inf + NaN and NaN boxes are in limits_f.S: Unicorn has them as they
 * were in 2019.
 */
#include "test.h"
#include "fsweep.h"

/* op fa2, a, b: value and flags */
.macro FF op, a, b, value, flags
    li a0, \a
    li a1, \b
    fmv.w.x fa0, a0
    fmv.w.x fa1, a1
    csrw fflags, zero
    \op fa2, fa0, fa1
    csrr a3, fflags
    fmv.x.w a2, fa2
    li t6, \value
    addiw t6, t6, 0
    bne a2, t6, fail
    CHECK a3, \flags
.endm

#define ONE 0x3f800000
#define INF 0x7f800000
#define QNAN 0x7fc00000
#define SNAN 0x7f800001
#define NX 1
#define UF 2
#define OF 4
#define DZ 8
#define NV 16

test:
    TEST(1)
    FF fadd.s, ONE, ONE, 0x40000000, 0
    FF fadd.s, ONE, 0x33800000, ONE, NX
    FF fsub.s, INF, INF, QNAN, NV
    FF fmul.s, 0x7f7fffff, 0x7f7fffff, INF, OF | NX
    FF fmul.s, 0x00800001, 0x3f000000, 0x00400000, UF | NX
    FF fdiv.s, ONE, 0, INF, DZ
    FF fdiv.s, 0, 0, QNAN, NV
    FF fadd.s, SNAN, ONE, QNAN, NV
    FF fmin.s, 0, 0x80000000, 0x80000000, 0
    FF fmax.s, 0x80000000, 0, 0, 0
    FF fmin.s, QNAN, ONE, ONE, 0
    FF fmax.s, QNAN, QNAN, QNAN, 0
    FF fsgnj.s, ONE, 0x80000000, 0xbf800000, 0
    FF fsgnjn.s, ONE, 0x80000000, ONE, 0
    FF fsgnjx.s, 0xbf800000, 0x80000000, ONE, 0
    TEST(2)
    li a0, 0x40490fdb
    fmv.w.x fa0, a0
    fcvt.w.s a1, fa0, rne
    CHECK a1, 3
    fcvt.w.s a1, fa0, rup
    CHECK a1, 4
    li a0, SNAN
    fmv.w.x fa0, a0
    csrw fflags, zero
    fcvt.lu.s a1, fa0
    CHECK a1, -1
    CHECKCSR fflags, NV
    fclass.s a1, fa0
    CHECK a1, 1 << 8
    li a0, 0xbf800000
    fmv.w.x fa0, a0
    fcvt.wu.s a1, fa0, rtz
    CHECK a1, 0
    li a0, 0x4f000000
    fmv.w.x fa0, a0
    fcvt.w.s a1, fa0
    CHECK a1, 0x7fffffff
    fcvt.wu.s a1, fa0
    CHECK a1, 0xffffffff80000000
    TEST(3)
    FSWEEP2 flw, 4, fadd.s, fsub.s, fmul.s, fdiv.s
    TEST(4)
    FSWEEPX flw, 4, feq.s, flt.s, fle.s
    FSWEEP1 flw, 4, fa2, fsqrt.s
    FSWEEP1 flw, 4, a2, fcvt.w.s, fcvt.wu.s, fcvt.l.s, fcvt.lu.s, fclass.s, fmv.x.w
    FSWEEPI fcvt.s.w, fcvt.s.wu, fcvt.s.l, fcvt.s.lu, fmv.w.x
    TEST(5) /* fused, one rounding */
    li a0, 0x3f800001
    fmv.w.x fa0, a0
    li a0, 0xbf800002
    fmv.w.x fa1, a0
    fmadd.s fa2, fa0, fa0, fa1
    fmv.x.w a0, fa2
    CHECK a0, 0x28800000
    fnmadd.s fa2, fa0, fa0, fa1
    fmsub.s fa3, fa0, fa0, fa1
    fnmsub.s fa4, fa0, fa0, fa1
    TEST(6) /* rounding modes that do not exist: static 5, 6; dynamic with frm 5, 6, 7 */
    TRY
    .word 0x00b5d553 /* fadd.s fa0, fa1, fa1, 5 */
    CAUGHT ILLEGAL
    li a0, 5
2:  csrw frm, a0
    TRY
    fadd.s fa0, fa1, fa1
    CAUGHT ILLEGAL
    addi a0, a0, 1
    li a1, 8
    bne a0, a1, 2b
    csrw fcsr, zero
    TEST(7) /* fcsr and its parts */
    li a0, -1
    csrw fcsr, a0
    CHECKCSR fcsr, 0xff
    CHECKCSR frm, 7
    CHECKCSR fflags, 0x1f
    csrrwi a0, frm, 2
    CHECK a0, 7
    CHECKCSR fcsr, 0x5f
    csrw fcsr, zero
    TEST(8) /* FS off: every one of them is illegal */
    li a0, FS
    csrc mstatus, a0
    TRY
    fadd.s fa0, fa1, fa1
    CAUGHT ILLEGAL
    TRY
    flw fa0, 0(s0)
    CAUGHT ILLEGAL
    TRY
    csrr a0, fcsr
    CAUGHT ILLEGAL
.macro OFF insns:vararg
    .irp insn, \insns
    TRY
    \insn
    CAUGHT ILLEGAL
    .endr
.endm
    OFF "c.fldsp fa0, 0(sp)", "c.fsdsp fa0, 0(sp)", "c.fld fa0, 0(s0)", "c.fsd fa0, 0(s0)", "fld fa0, 0(s0)", "fsd fa0, 0(s0)", "fsw fa0, 0(s0)"
    OFF "fsgnj.s fa0, fa1, fa2", "fsgnjn.s fa0, fa1, fa2", "fsgnjx.s fa0, fa1, fa2", "fmv.s fa0, fa1"
    OFF "fsgnj.d fa0, fa1, fa2", "fsgnjn.d fa0, fa1, fa2", "fsgnjx.d fa0, fa1, fa2", "fmv.d fa0, fa1", "fmv.x.w a0, fa0"
    OFF "fmv.w.x fa0, a0", "fmv.x.d a0, fa0", "fmv.d.x fa0, a0", "fmadd.s fa0, fa1, fa2, fa3", "fnmsub.d fa0, fa1, fa2, fa3"
    OFF "fmin.s fa0, fa1, fa2", "fmax.d fa0, fa1, fa2", "fsqrt.s fa0, fa1", "fsqrt.d fa0, fa1", "fclass.s a0, fa0", "fclass.d a0, fa0"
    OFF "feq.s a0, fa0, fa1", "flt.d a0, fa0, fa1", "fcvt.s.d fa0, fa1", "fcvt.d.s fa0, fa1", "fcvt.w.s a0, fa0", "fcvt.lu.d a0, fa0"
    OFF "fcvt.s.w fa0, a0", "fcvt.d.l fa0, a0", "csrr a0, fflags", "csrw frm, zero"
    csrr a0, mstatus
    li a1, FS
    and a0, a0, a1
    CHECK a0, 0
    TEST(9) /* what is written makes FS dirty */
    li a0, FS_INITIAL
    csrs mstatus, a0
    fmv.w.x fa0, zero
    csrr a0, mstatus
    li a1, FS
    and a0, a0, a1
    SAME a0, a1
    csrr a0, mstatus
    bgez a0, fail /* SD */
    TEST(10) /* the supervisor's FS */
    TO_S
    li a0, FS
    csrc sstatus, a0
    TRY
    c.fldsp fa0, 0(sp)
    CAUGHT ILLEGAL
    TO_S
    TRY
    fsgnj.d fa0, fa1, fa2
    CAUGHT ILLEGAL
    TO_U
    TRY
    c.fld fa0, 0(a0)
    CAUGHT ILLEGAL
    TO_S
    li a0, FS_CLEAN
    csrs sstatus, a0
    fsgnj.d fa0, fa1, fa2
    la sp, values
    c.fldsp fa0, 0(sp)
    csrr a0, sstatus
    bgez a0, fail
    TO_M
    PASS
    .data
    .balign 8
values:
    .dword 1
