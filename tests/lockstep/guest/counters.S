/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * cycle, time, instret: mcounteren and scounteren say for whom (privileged spec, 3.1.11 and 4.1.5). Their values are
 * in spec_counters.S.
 */
#include "test.h"

.macro SHUT insn:vararg
    TRY
    \insn
    CAUGHT ILLEGAL
.endm

test:
    TEST(2) /* nothing for S */
    csrw mcounteren, zero
    li a0, 7
    csrw scounteren, a0
    TO_S
    SHUT csrr zero, cycle
    TO_S
    SHUT csrr zero, time
    TO_S
    SHUT csrr zero, instret
    TO_U
    SHUT csrr zero, cycle
    TO_U
    SHUT csrr zero, instret
    TEST(3) /* one at a time */
    csrwi mcounteren, 1
    CHECKCSR mcounteren, 1
    TO_S
    csrr zero, cycle
    SHUT csrr zero, instret
    csrwi mcounteren, 4
    TO_S
    csrr zero, instret
    SHUT csrr zero, time
    csrwi mcounteren, 2
    TO_S
    csrr zero, time
    SHUT csrr zero, cycle
    TEST(4) /* the user needs both */
    csrwi mcounteren, 7
    csrwi scounteren, 2
    TO_U
    csrr zero, time
    SHUT csrr zero, cycle
    csrwi scounteren, 1
    TO_U
    csrr zero, cycle
    SHUT csrr zero, time
    csrwi scounteren, 4
    TO_U
    csrr zero, instret
    SHUT csrr zero, cycle
    TO_S /* scounteren is not for S */
    csrr zero, cycle
    csrr zero, time
    csrr zero, instret
    SHUT csrr zero, mcycle
    TEST(5)
    csrwi mcountinhibit, 5
    CHECKCSR mcountinhibit, 5
    csrw mcountinhibit, zero
    CHECKCSR mcountinhibit, 0
    csrr zero, mcycle
    csrr zero, minstret
    PASS
