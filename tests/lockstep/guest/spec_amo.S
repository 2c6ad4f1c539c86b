/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A misaligned AMO traps as a store (unprivileged spec, 8.4; privileged spec, table 3.6). QEMU 7.2 says load: on Tarry
 * alone.
 */
#include "test.h"

test:
    la s0, data
    TEST(1)
    addi s1, s0, 2
.macro MISALIGNED cause, insn:vararg
    TRY
    \insn
    CAUGHT \cause
    SAME s10, s1
.endm
    MISALIGNED STORE_MISALIGNED, amoadd.w a0, a1, (s1)
    MISALIGNED STORE_MISALIGNED, amoswap.w zero, a1, (s1)
    addi s1, s0, 4
    MISALIGNED STORE_MISALIGNED, amomaxu.d a0, a1, (s1)
    addi s1, s0, 1
    MISALIGNED STORE_MISALIGNED, amoxor.d a0, a1, (s1)
    PASS

    .data
    .balign 4096
data:
    .zero 4096
