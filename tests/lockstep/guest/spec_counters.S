/* SPDX-License-Identifier: GPL-2.0-only */
/* Counters count: values that no two machines share, on Tarry alone (privileged spec, 3.1.10 and 3.1.12). */
#include "test.h"

.macro RISES csr
    csrr a0, \csr
    csrr a1, \csr
    sltu a2, a1, a0
    li a0, 0
    li a1, 0
    bnez a2, fail
.endm

test:
    TEST(1)
    RISES cycle
    RISES instret
    RISES time
    RISES mcycle
    RISES minstret
    TEST(2) /* instret is exact */
    csrr a0, instret
    nop
    nop
    csrr a1, instret
    sub a1, a1, a0
    CHECK a1, 3
    li a0, 1000
    csrw minstret, a0
    csrr a1, minstret /* the write's value, not counting the write */
    SAME a1, a0
    TEST(3) /* inhibited ones stand */
    csrwi mcountinhibit, 5
    csrr a0, mcycle
    csrr a2, minstret
    nop
    csrr a1, mcycle
    csrr a3, minstret
    SAME a0, a1
    SAME a2, a3
    csrwi mcountinhibit, 0
    PASS
