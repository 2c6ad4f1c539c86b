/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interrupts that software makes (msip, mip, mtimecmp in the past): enables, priorities, delegation, vectors, wfi
 * (3.1.9, 4.1.3).
 */
#include "test.h"
#include "pending.h"

#define SOFT(n) (1 << (n))

test:
    TEST(1) /* each alone; the order of several is in spec_priority.S */
    ALL_PENDING
    csrr a0, mip
    CHECK a0, 0x2aa
    TAKES 0x008, 3
    TAKES 0x880, 7
    TAKES 0x200, 9
    TAKES 0x802, 1
    TAKES 0x820, 5
    TEST(2) /* the state after it */
    li a0, SOFT(3)
    csrw mie, a0
    TRY
    csrsi mstatus, MIE
1:  nop
    CAUGHT -0x8000000000000000 + 3
    la a0, 1b
    SAME s9, a0
    CHECK s10, 0
    li a0, MIE | MPIE | MPP
    and a0, s7, a0
    CHECK a0, MPIE | MPP
    csrci mstatus, MIE
    TEST(3) /* off: none */
    li a0, 0xaaa
    csrw mie, a0
    TRY
    nop
    nop
    QUIET
    csrw mie, zero
    TRY
    csrsi mstatus, MIE
    nop
    nop
    QUIET
    TEST(4) /* enabling one in mie is enough */
    TRY
    csrwi mie, 8
    nop
    CAUGHT -0x8000000000000000 + 3
    csrci mstatus, MIE
    TEST(5) /* levels go away at their source */
    li a0, MSIP
    sw zero, 0(a0)
    li a1, -1
    li a0, MTIMECMP
    sd a1, 0(a0)
    csrr a0, mip
    CHECK a0, 0x222
    csrw mip, zero
    CHECKCSR mip, 0
    TEST(6) /* below M, MIE does not matter */
    li a0, MPIE | MIE
    csrc mstatus, a0
    li a0, SOFT(1)
    csrw mie, a0
    csrw mip, a0
    TRY
    li t0, MPP
    csrc mstatus, t0
    la t0, fail
    csrw mepc, t0
    mret
    CAUGHT -0x8000000000000000 + 1
    la a0, fail
    SAME s9, a0
    csrw mip, zero
    TEST(7) /* delegated ones: not in M, in S by SIE, in U always */
    li a0, 0x222
    csrw mideleg, a0
    csrw mip, a0
    li a0, 0x200
    csrw mie, a0
    csrsi mstatus, MIE
    TRY
    nop
    nop
    QUIET
    csrci mstatus, MIE
    li a0, SIE
    csrc mstatus, a0
    TO_S
    TRY
    nop
    QUIET
    TRY
    csrsi sstatus, SIE
1:  nop
    CAUGHT -0x8000000000000000 + 9
    la a0, 1b
    SAME s9, a0
    csrr a0, scause
    SAME a0, s8
    csrr a0, sip
    CHECK a0, 0x222
    csrci sip, 2
    csrr a0, sip
    CHECK a0, 0x220
    csrsi sip, 2
    csrwi sie, 2
    TRY
    csrsi sstatus, SIE
    nop
    CAUGHT -0x8000000000000000 + 1
    csrwi sie, 0
    csrci sstatus, SIE
    TO_M
    li a0, 0x20
    csrw mie, a0
    li a0, SIE
    csrc mstatus, a0
    TRY
    li t0, MPP
    csrc mstatus, t0
    la t0, fail
    csrw mepc, t0
    mret
    CAUGHT -0x8000000000000000 + 5
    li a0, SPP | SPIE
    and a0, s7, a0
    CHECK a0, 0
    csrci sie, 31
    csrw sie, zero
    TO_M
    TEST(8) /* vectored: interrupts by their number, exceptions at the base */
    csrci mstatus, MIE
    csrw mip, zero
    csrw mideleg, zero
    la a0, table + 1
    csrw mtvec, a0
    csrr a1, mtvec
    SAME a0, a1
    li a0, 0x222
    csrw mip, a0
    li a0, MSIP
    li a1, 1
    sw a1, 0(a0)
.macro VECTOR enabled, code
    li a0, \enabled
    csrw mie, a0
    li a5, -1
    la a4, 99f
    csrsi mstatus, MIE
    j fail
99: CHECK a5, \code
.endm
    VECTOR 8, 3
    VECTOR 2, 1
    VECTOR 0x20, 5
    VECTOR 0x200, 9
    csrw mie, zero
    la a4, 1f
    ebreak
    j fail
1:  CHECK a5, 0
    la a0, vector
    csrw mtvec, a0
    li a0, MSIP
    sw zero, 0(a0)
    csrw mip, zero
    TEST(9) /* the same for the supervisor */
    la a0, table + 1
    csrw stvec, a0
    li a0, 0x222
    csrw mideleg, a0
    csrw mip, a0
    li a0, 0x200
    csrw mie, a0
    li a0, SIE
    csrc mstatus, a0
    TO_S
    li a5, -1
    la a4, 1f
    csrsi sstatus, SIE
    j fail
1:  CHECK a5, 9
    csrw sie, zero
    TO_M
    csrw mip, zero
    csrw mideleg, zero
    la a0, s_vector
    csrw stvec, a0
    TEST(10) /* wfi ends by what is pending and enabled in mie, whatever MIE says */
    csrci mstatus, MIE
    csrwi mie, 8
    li a0, MSIP
    li a1, 1
    sw a1, 0(a0)
    wfi
    li a0, 0x20
    csrw mideleg, a0
    csrw mie, a0
    csrw mip, a0
    li a0, SIE
    csrc mstatus, a0
    TO_S
    wfi
    TO_M
    PASS

    .balign 64
    .option norvc
table:
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11
    j entry\n
    .endr
    .option rvc
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11
entry\n:
    li a5, \n
    j leave
    .endr
leave: /* on at a4, in the same mode */
    jr a4
