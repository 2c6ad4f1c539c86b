/* SPDX-License-Identifier: GPL-2.0-only */
/* Interrupts that software makes pending, and taking one of them. */

/* all of mip's supervisor bits, and machine software and timer, pending */
.macro ALL_PENDING
    li a0, 0x222
    csrw mip, a0
    li a0, MSIP
    li a1, 1
    sw a1, 0(a0)
    li a0, MTIMECMP
    sd zero, 0(a0)
.endm

/* the interrupt with this code comes when those are enabled */
.macro TAKES enabled, code
    li a0, \enabled
    csrw mie, a0
    TRY
    csrsi mstatus, MIE
    nop
    nop
    CAUGHT -0x8000000000000000 + \code
    csrci mstatus, MIE
.endm
