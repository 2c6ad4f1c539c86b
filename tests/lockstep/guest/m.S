/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * RV64M: division by zero and overflow have defined results (unprivileged spec, 7.2), multiplication its high halves.
 */
#include "test.h"
#include "sweep.h"

#define MIN 0x8000000000000000
#define MINW 0xffffffff80000000

test:
    TEST(1)
    RR mul, 0x100000001, 0x100000001, 0x200000001
    RR mulh, -1, -1, 0
    RR mulh, MIN, MIN, 0x4000000000000000
    RR mulhu, -1, -1, -2
    RR mulhsu, -1, -1, -1
    RR mulhsu, MIN, -1, MIN
    RR mulw, 0x10000, 0x8000, MINW
    TEST(2)
    RR div, 7, -2, -3
    RR div, 7, 0, -1
    RR div, MIN, -1, MIN
    RR divu, 7, 0, -1
    RR divu, -1, 2, 0x7fffffffffffffff
    RR rem, 7, -2, 1
    RR rem, -7, 2, -1
    RR rem, -7, 0, -7
    RR rem, MIN, -1, 0
    RR remu, 7, 0, 7
    RR remu, -1, 16, 15
    TEST(3)
    RR divw, MINW, -1, MINW
    RR divw, 0x100000007, 0x100000000, -1
    RR divuw, 0x80000000, 1, MINW
    RR divuw, 5, 0, -1
    RR remw, MINW, -1, 0
    RR remw, 0x180000000, 0, MINW
    RR remuw, 0x80000005, 0, 0xffffffff80000005
    RR remuw, 0xffffffff, 0x10, 15
    TEST(4)
    SWEEP mul, mulh, mulhsu, mulhu, div, divu, rem, remu, mulw, divw, divuw, remw, remuw
    PASS
