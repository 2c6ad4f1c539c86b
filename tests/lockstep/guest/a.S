/* SPDX-License-Identifier: GPL-2.0-only */
/* RV64A: every AMO in both widths, LR/SC with what breaks a reservation, alignment. */
#include "test.h"

.macro AMO op, mem, operand, old, new
    li a1, \mem
    sd a1, 0(s0)
    li a2, \operand
    \op a0, a2, (s0)
    CHECK a0, \old
    ld a0, 0(s0)
    CHECK a0, \new
.endm

test:
    la s0, data
    TEST(1)
    AMO amoswap.d, 5, 7, 5, 7
    AMO amoadd.d, -1, 2, -1, 1
    AMO amoxor.d, 0xff, 0x0f, 0xff, 0xf0
    AMO amoand.d, 0xff, 0x3c, 0xff, 0x3c
    AMO amoor.d, 0xf0, 0x0f, 0xf0, 0xff
    AMO amomin.d, -1, 1, -1, -1
    AMO amomin.d, 1, -1, 1, -1
    AMO amomax.d, -1, 1, -1, 1
    AMO amominu.d, -1, 1, -1, 1
    AMO amomaxu.d, -1, 1, -1, -1
    TEST(2) /* words: the upper half stays, the result is sign-extended, the operand's upper half does not matter */
    AMO amoswap.w, 0x1111111180000000, 0x777777770000007f, 0xffffffff80000000, 0x111111110000007f
    AMO amoadd.w, 0x111111117fffffff, 1, 0x7fffffff, 0x1111111180000000
    AMO amoxor.w, 0x11111111f0f0f0f0, -1, 0xfffffffff0f0f0f0, 0x111111110f0f0f0f
    AMO amoand.w, 0x11111111f0f0f0f0, 0xff, 0xfffffffff0f0f0f0, 0x11111111000000f0
    AMO amoor.w, 0x11111111f0f0f0f0, 0xff, 0xfffffffff0f0f0f0, 0x11111111f0f0f0ff
    AMO amomin.w, 0x1111111180000000, 0x7fffffff, 0xffffffff80000000, 0x1111111180000000
    AMO amomin.w, 0x1111111100000005, 0x1f0000000, 5, 0x11111111f0000000
    AMO amomax.w, 0x1111111180000000, 0x7fffffff, 0xffffffff80000000, 0x111111117fffffff
    AMO amominu.w, 0x1111111180000000, 0x7fffffff, 0xffffffff80000000, 0x111111117fffffff
    AMO amomaxu.w, 0x1111111180000000, 0x7fffffff, 0xffffffff80000000, 0x1111111180000000
    AMO amoadd.w.aqrl, 0x1111111100000001, 1, 1, 0x1111111100000002
    li a2, 9
    amoswap.d a2, a2, (s0) /* rd == rs2 */
    CHECK a2, 0x1111111100000002
    mv a0, s0
    amoadd.d a0, a2, (a0) /* rd == rs1 */
    CHECK a0, 9

    TEST(3) /* LR/SC */
    li a1, 0x5555555580000001
    sd a1, 0(s0)
    lr.d a0, (s0)
    CHECK a0, 0x5555555580000001
    li a1, 77
    sc.d a0, a1, (s0)
    CHECK a0, 0
    ld a0, 0(s0)
    CHECK a0, 77
    sc.d a0, a1, (s0) /* the reservation is used up */
    beqz a0, fail
    lr.w.aq a0, (s0)
    sc.w.rl a0, a1, (s0)
    CHECK a0, 0
    TEST(4) /* elsewhere it fails, and is gone */
    lr.w a0, (s0)
    addi s1, s0, 64
    sc.w a0, a1, (s1)
    beqz a0, fail
    sc.w a0, a1, (s0)
    beqz a0, fail
    lw a0, 0(s1)
    CHECK a0, 0
    TEST(5) /* not over a trap of ours (trap and mret) */
    lr.d a0, (s0)
    TRY
    ebreak
    CAUGHT BREAKPOINT
    li a1, 99
    sc.d a0, a1, (s0)
    beqz a0, fail
    ld a2, 0(s0)
    CHECK a2, 77
    lr.d a0, (s0) /* nor over an interrupt, nor over mret and sret */
    li a2, 8
    csrw mie, a2
    li a2, MSIP
    li a3, 1
    sw a3, 0(a2)
    lr.d a0, (s0)
    TRY
    csrsi mstatus, MIE
    nop
    CAUGHT -0x8000000000000000 + 3
    sc.d a0, a1, (s0)
    beqz a0, fail
    li a2, MSIP
    sw zero, 0(a2)
    csrw mie, zero
    lr.d a0, (s0)
    TO_S
    sc.d a0, a1, (s0)
    beqz a0, fail
    la a2, 1f
    csrw sepc, a2
    li a2, SPP
    csrs sstatus, a2
    lr.d a0, (s0)
    sret
1:  sc.d a0, a1, (s0)
    beqz a0, fail
    TO_M
    ld a2, 0(s0)
    CHECK a2, 77
    lr.d a0, (s0) /* other CSR instructions leave it */
    csrr a2, mstatus
    csrw mscratch, a2
    fence
    sc.d a0, a1, (s0)
    CHECK a0, 0
    TEST(6) /* a loop as programs have it */
    li a3, 10
    sd zero, 0(s0)
1:  lr.d a0, (s0)
    addi a0, a0, 3
    sc.d a1, a0, (s0)
    bnez a1, 1b
    addi a3, a3, -1
    bnez a3, 1b
    ld a0, 0(s0)
    CHECK a0, 30

    TEST(7) /* a misaligned LR is a load; AMOs are in spec_amo.S */
    addi s1, s0, 2
    TRY
    lr.w a0, (s1)
    CAUGHT LOAD_MISALIGNED
    SAME s10, s1
    addi s1, s0, 4
    TRY
    lr.d a0, (s1)
    CAUGHT LOAD_MISALIGNED
    SAME s10, s1
    TEST(8) /* LR with rs2 != 0 does not exist */
    TRY
    .word 0x1005b52f | 1 << 20
    CAUGHT ILLEGAL
    PASS

    .data
    .balign 4096
data:
    .zero 4096
