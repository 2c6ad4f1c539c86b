/* SPDX-License-Identifier: GPL-2.0-only */
/* What QEMU 7.2 does otherwise in machine mode's CSRs, on Tarry alone. */
#include "test.h"

test:
    TEST(1) /* bit 0 of mepc and sepc is always zero (privileged spec, 3.1.14 and 4.1.7) */
    li a0, -1
    csrw mepc, a0
    CHECKCSR mepc, -2
    csrw sepc, a0
    CHECKCSR sepc, -2
    TEST(2) /* mret and sret to a mode less than M clear MPRV (3.1.6.3) */
    li a0, MPP | MIE
    csrc mstatus, a0
    li a0, MPP_S | MPRV
    csrs mstatus, a0
    la a0, 1f
    csrw mepc, a0
    mret
1:  TRY
    ecall
    CAUGHT ECALL_S
    li a0, MPRV
    and a0, s7, a0
    CHECK a0, 0
    li a0, SPP | MPRV
    csrs mstatus, a0
    la a0, 1f
    csrw sepc, a0
    sret
1:  TRY
    ecall
    CAUGHT ECALL_S
    li a0, MPRV
    and a0, s7, a0
    CHECK a0, 0
    TEST(3) /* MPP is WARL: 2 is no mode */
    li a0, MPP
    csrs mstatus, a0
    li a1, 1 << 11
    csrc mstatus, a1
    csrr a1, mstatus
    and a1, a1, a0
    li a2, 2 << 11
    beq a1, a2, fail
    PASS
