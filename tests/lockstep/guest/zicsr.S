/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The CSR instructions, which CSRs exist for whom, and what sticks in machine mode's (privileged spec, chapters 2 and
 * 3).
 */
#include "test.h"

test:
    TEST(1) /* the six instructions */
    li a0, 0x123456789abcdef0
    csrw mscratch, a0
    csrrw a1, mscratch, zero
    SAME a1, a0
    csrrs a1, mscratch, a0
    CHECK a1, 0
    li a2, 0xf0
    csrrc a1, mscratch, a2
    SAME a1, a0
    csrrwi a1, mscratch, 31
    CHECK a1, 0x123456789abcde00
    csrrsi a1, mscratch, 0
    CHECK a1, 31
    csrrci a1, mscratch, 21
    CHECK a1, 31
    csrrsi a1, mscratch, 4
    CHECK a1, 10
    csrr a1, mscratch
    CHECK a1, 14
    csrrw a1, mscratch, a1 /* rd == rs1 */
    CHECK a1, 14
    csrrs a1, mscratch, a1
    CHECK a1, 14
    csrrc a1, mscratch, a1
    CHECKCSR mscratch, 0
    TEST(2) /* read-only: only reads; csrrs and csrrc with x0 do not write */
    csrr a0, mhartid
    CHECK a0, 0
    csrrc a0, mhartid, zero
    csrrsi a0, mvendorid, 0
    csrrci a0, mvendorid, 0
.macro NOT insn:vararg
    TRY
    \insn
    CAUGHT ILLEGAL
.endm
    NOT csrw mhartid, zero
    NOT csrwi mhartid, 0
    NOT csrrw a0, mvendorid, a0
    NOT csrrs a0, marchid, s11
    NOT csrrci a0, mimpid, 1
    NOT csrw cycle, a0
    NOT csrr a0, 0x7c0
    NOT csrr a0, 0x5c0
    NOT csrr a0, 0x200
    NOT csrr a0, 0x800
    TEST(3) /* a trap leaves rd alone, and says which instruction */
    li a0, 77
    TRY
1:  csrrw a0, 0x5c0, a0
    CAUGHT ILLEGAL
    CHECK a0, 77
    la a1, 1b
    SAME s9, a1
    TEST(4) /* WARL */
    li a0, -1
    li a1, -2
    csrw mepc, a1
    CHECKCSR mepc, -2
    csrw sepc, a1
    CHECKCSR sepc, -2
    csrw mtval, a0
    CHECKCSR mtval, -1
    li a1, 0x222
    csrw mideleg, a1
    CHECKCSR mideleg, 0x222
    csrw mideleg, zero
    li a1, 0xaaa
    csrw mie, a1
    CHECKCSR mie, 0xaaa
    csrw mie, zero
    li a1, 0xaaa
    csrw mip, a1
    CHECKCSR mip, 0x222 /* the others not by software */
    csrw mip, zero
    li a0, 0xb1ff & ~0x800
    csrw medeleg, a0
    CHECKCSR medeleg, 0xb1ff & ~0x800
    csrw medeleg, zero
    TEST(5) /* mstatus: SXL and UXL are 64 bit */
    csrr a0, mstatus
    srli a1, a0, 32
    andi a1, a1, 15
    CHECK a1, 10
    li a0, MPP
    csrc mstatus, a0
    csrr a1, mstatus
    and a1, a1, a0
    CHECK a1, 0
    csrs mstatus, a0
    li a0, SUM | MXR | TVM | TW | TSR | SPP | SPIE | MPIE
    csrs mstatus, a0
    csrr a1, mstatus
    and a1, a1, a0
    SAME a1, a0
    csrr a1, sstatus
    li a2, SUM | MXR | SPP | SPIE
    and a3, a1, a0
    SAME a3, a2
    csrc sstatus, a0
    csrr a1, mstatus
    and a1, a1, a0
    CHECK a1, TVM | TW | TSR | MPIE
    csrc mstatus, a0
    TEST(6) /* sie and sip are windows on mie and mip through mideleg */
    li a0, 0xaaa
    csrw mie, a0
    CHECKCSR sie, 0
    li a1, 0x22
    csrw mideleg, a1
    CHECKCSR sie, 0x22
    csrw sie, zero
    CHECKCSR mie, 0xa88
    li a0, 0x222
    csrs mip, a0
    CHECKCSR sip, 0x22
    csrw sip, zero /* only SSIP is the supervisor's to clear */
    csrr a1, mip
    CHECK a1, 0x220
    csrw mip, zero
    csrw mie, zero
    csrw mideleg, zero
    TEST(7) /* satp: a mode that does not exist changes nothing */
    csrw satp, zero
    li a0, 7 << 60 | 1
    csrw satp, a0
    CHECKCSR satp, 0
    li a0, 8 << 60 | 5 << 44 | 0x80123
    csrw satp, a0
    csrr a1, satp
    SAME a0, a1
    li a0, 3 << 60
    csrw satp, a0
    csrr a0, satp
    SAME a0, a1
    csrw satp, zero
    TEST(8) /* the supervisor's view, and the user's */
    TO_S
    NOT csrr a0, mstatus
    TO_S
    NOT csrw mscratch, a0
    TO_S
    NOT csrr a0, mhartid
    TO_S
    csrr a0, sstatus
    csrw sscratch, a0
    csrr a1, sscratch
    SAME a0, a1
    NOT mret
    TO_U
    NOT csrr a0, sstatus
    TO_U
    NOT csrw sscratch, a0
    TO_U
    NOT sret
    TO_U
    NOT mret
    TO_U
    NOT sfence.vma
    TO_U
    NOT wfi
    PASS
