/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Exceptions: what they leave in the CSRs; delegation; mret and sret; priorities (privileged spec, 3.1.6, 3.1.8,
 * 3.1.15, 4.1).
 */
#include "test.h"

#define HOLE 0xa000000

.macro AT label
    la a0, \label
    SAME s9, a0
.endm

test:
    TEST(1) /* machine mode's own */
    TRY
1:  ecall
    CAUGHT ECALL_M
    AT 1b
    CHECK s10, 0
    TRY
1:  ebreak
    CAUGHT BREAKPOINT
    AT 1b
    TRY
1:  .word 0xffffffff
    CAUGHT ILLEGAL
    AT 1b
    TRY
1:  .half 0
    CAUGHT ILLEGAL
    AT 1b
    TEST(2) /* access faults name the byte */
    li a1, HOLE
    TRY
1:  lw a0, 4(a1)
    CAUGHT LOAD_ACCESS
    AT 1b
    CHECK s10, HOLE + 4
    TRY
1:  sd a0, 8(a1)
    CAUGHT STORE_ACCESS
    AT 1b
    CHECK s10, HOLE + 8
    TRY
1:  jr a1
    CAUGHT FETCH_ACCESS
    CHECK s9, HOLE
    CHECK s10, HOLE
    TEST(3) /* mstatus: MIE to MPIE, MPP from where; and back */
    TRY
    ecall
    CAUGHT ECALL_M
    li a0, MPP | MIE | MPIE
    and a0, s7, a0
    CHECK a0, MPP
    TO_S
    TRY
    ecall
    CAUGHT ECALL_S
    li a0, MPP | MPIE | MIE
    and a0, s7, a0
    CHECK a0, MPP_S | MPIE
    TO_U
    TRY
    ecall
    CAUGHT ECALL_U
    li a0, MPP
    and a0, s7, a0
    CHECK a0, 0
    TEST(4) /* mret: MPIE to MIE, MPP to U */
    li a0, MPP | MIE
    csrc mstatus, a0
    li a0, MPP_S | MPIE
    csrs mstatus, a0
    la a0, 1f
    csrw mepc, a0
    mret
1:  TRY
    ecall
    CAUGHT ECALL_S
    li a0, MPIE
    and a0, s7, a0
    CHECK a0, MPIE
    TEST(5) /* delegated: only from below M */
    li a0, 1 << BREAKPOINT | 1 << ILLEGAL | 1 << ECALL_U | 1 << LOAD_ACCESS
    csrw medeleg, a0
    TRY
    ebreak
    CAUGHT BREAKPOINT
    CHECKCSR scause, 0
    TO_S
    csrsi sstatus, SIE
    TRY
1:  ebreak
    CAUGHT BREAKPOINT
    AT 1b
    CHECKCSR scause, BREAKPOINT
    li a0, SPP | SPIE | SIE
    and a0, s7, a0
    CHECK a0, SPP | SPIE
    li a1, HOLE
    TRY
1:  ld a0, 0(a1)
    CAUGHT LOAD_ACCESS
    CHECK s10, HOLE
    TEST(6) /* a store fault is not delegated */
    TRY
    sd a0, 0(a1)
    CAUGHT STORE_ACCESS
    li a0, MPP
    and a0, s7, a0
    CHECK a0, MPP_S
    TEST(7) /* from U to S, and sret back */
    TO_U
    TRY
1:  ecall
    CAUGHT ECALL_U
    AT 1b
    li a0, SPP
    and a0, s7, a0
    CHECK a0, 0
    li a0, SPP | SIE
    csrc sstatus, a0
    li a0, SPIE
    csrs sstatus, a0
    la a0, 1f
    csrw sepc, a0
    sret
1:  TRY /* in U now */
1:  .word 0xffffffff
    CAUGHT ILLEGAL
    AT 1b
    li a0, SPP | SPIE
    and a0, s7, a0
    CHECK a0, SPIE
    TO_M
    TEST(8) /* sret in M works too */
    csrw medeleg, zero
    li a0, SPP
    csrs mstatus, a0
    la a0, 1f
    csrw sepc, a0
    sret
1:  TRY
    ecall
    CAUGHT ECALL_S
    li a0, SPP
    and a0, s7, a0
    CHECK a0, 0
    TEST(9) /* TSR, TW, TVM */
.macro SHUT insn:vararg
    TO_S
    TRY
    \insn
    CAUGHT ILLEGAL
.endm
    li a0, TSR
    csrs mstatus, a0
    SHUT sret
    li a0, TSR
    csrc mstatus, a0
    li a0, TW
    csrs mstatus, a0
    SHUT wfi
    li a0, TW
    csrc mstatus, a0
    li a0, TVM
    csrs mstatus, a0
    SHUT sfence.vma
    SHUT sfence.vma a0, a1
    SHUT csrr a0, satp
    SHUT csrw satp, zero
    li a0, TVM
    csrc mstatus, a0
    TO_S
    sfence.vma
    csrr a0, satp
    csrw satp, a0
    TO_M
    TEST(10) /* jumps to where nothing may be fetched: the trap is the target's, the link is written */
    li a1, HOLE
    TRY
1:  jalr a2, 2(a1)
    CAUGHT FETCH_ACCESS
    CHECK s9, HOLE + 2
    la a0, 1b + 4
    SAME a2, a0
    TEST(11) /* a vector that traps itself: the second trap's CSRs stay */
    la a0, 1f
    csrw mtvec, a0
    li s11, 2
    ecall
    j fail
    .balign 4
1:  addi s11, s11, -1
    beqz s11, 2f
    ebreak
2:  csrr a0, mcause
    CHECK a0, BREAKPOINT
    csrr a0, mepc
    la a1, 2b - 2
    SAME a0, a1
    la a0, vector
    csrw mtvec, a0
    PASS
