/* SPDX-License-Identifier: GPL-2.0-only */
/* Sstc: stimecmp makes mip.STIP, if menvcfg.STCE (Sstc, chapters 2 and 3); for whom it exists. */
#include "test.h"

#define STCE (1 << 63)
#define STIMECMP 0x14d
#define MENVCFG 0x30a

.macro SHUT insn:vararg
    TO_S
    TRY
    \insn
    CAUGHT ILLEGAL
.endm

test:
    li s0, -1
    csrw STIMECMP, s0
    TEST(1) /* off: not the supervisor's */
    li a0, 7
    csrw mcounteren, a0
    SHUT csrr a0, STIMECMP
    SHUT csrw STIMECMP, zero
    TEST(2) /* on, but not without mcounteren.TM */
    li a0, STCE
    csrs MENVCFG, a0
    csrr a1, MENVCFG
    and a1, a1, a0
    SAME a1, a0
    csrwi mcounteren, 5
    SHUT csrr a0, STIMECMP
    csrwi mcounteren, 7
    TO_S
    csrr a0, STIMECMP
    SAME a0, s0
    TO_M
    TO_U
    TRY
    csrr a0, STIMECMP
    CAUGHT ILLEGAL
    TEST(3) /* in the past: pending; in the future: not */
    csrr a0, mip
    CHECK a0, 0
    csrw STIMECMP, zero
    csrr a0, mip
    CHECK a0, 0x20
    csrw STIMECMP, s0
    csrr a0, mip
    CHECK a0, 0
    TEST(4) /* the supervisor's timer interrupt */
    li a0, 0x20
    csrw mideleg, a0
    csrw mie, a0
    TO_S
    csrw STIMECMP, zero
    csrr a0, sip
    CHECK a0, 0x20
    TRY
    csrsi sstatus, SIE
    nop
    CAUGHT -0x8000000000000000 + 5
    csrw STIMECMP, s0
    csrr a0, sip
    CHECK a0, 0
    TO_M
    PASS
