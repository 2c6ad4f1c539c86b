/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Several interrupts at once: MEI, MSI, MTI, SEI, SSI, STI (privileged spec, 3.1.9). QEMU 7.2 takes the lowest number:
 * on Tarry alone.
 */
#include "test.h"
#include "pending.h"

test:
    TEST(1)
    ALL_PENDING
    TAKES 0xaaa, 3
    TAKES 0xaa2, 7
    TAKES 0xa22, 9
    TAKES 0x822, 1
    TAKES 0x820, 5
    TAKES 0x2a0, 7
    TEST(2) /* delegated: the same order among the supervisor's */
    csrw mie, zero
    li a0, 0x222
    csrw mideleg, a0
    csrw mie, a0
    TO_S
    TRY
    csrsi sstatus, SIE
    nop
    CAUGHT -0x8000000000000000 + 9
    csrci sstatus, SIE
    li a0, 0x22
    csrw sie, a0
    TRY
    csrsi sstatus, SIE
    nop
    CAUGHT -0x8000000000000000 + 1
    csrw sie, zero
    TO_M
    TEST(3) /* machine mode's come before those of the supervisor, whatever their number */
    csrci mstatus, MIE
    li a0, 0x20
    csrw mideleg, a0
    li a0, 0x220
    csrw mie, a0
    TRY
    li t0, MPP
    csrc mstatus, t0
    la t0, fail
    csrw mepc, t0
    mret
    CAUGHT -0x8000000000000000 + 9
    PASS
