/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tests of translation for either mode; SATP is defined by the file that includes this (privileged spec, 4.3 to
 * 4.5).
 */
#include "test.h"
#include "paging.h"

/* with these flags the instruction at PAGE (a1), in supervisor mode */
.macro S_GOOD flags, insn:vararg
    PTE \flags
    li a1, PAGE
    TO_S
    TRY
    \insn
    QUIET
    TO_M
.endm
.macro S_BAD flags, cause, insn:vararg
    PTE \flags
    li a1, PAGE
    TO_S
    TRY
    \insn
    CAUGHT \cause
    SAME s10, a1
.endm

/* the flags that the hart has left */
.macro LEFT flags
    la t0, leaf_table
    ld t0, 8(t0)
    andi t0, t0, 0xff
    CHECK t0, \flags
.endm

test:
    MAKE_TABLES
    la a0, frame
    li a1, 0x8067 /* ret */
    sw a1, 0(a0)
    SATP
    TEST(1) /* rights */
    S_GOOD V | R | W | A | D, ld a0, 0(a1)
    S_GOOD V | R | W | A | D, sd a2, 8(a1)
    S_GOOD V | R | W | X | A | D, jalr a1
    S_BAD 0, LOAD_PAGE, ld a0, 0(a1)
    S_BAD R | W | X | A | D, LOAD_PAGE, lb a0, 0(a1)
    S_BAD V | R | A | D, STORE_PAGE, sd a2, 0(a1)
    S_BAD V | R | W | A | D, FETCH_PAGE, jalr a1
    S_BAD V | X | A, LOAD_PAGE, ld a0, 0(a1)
    S_GOOD V | X | A, jalr a1
    TEST(2) /* W without R is reserved */
    S_BAD V | W | A | D, LOAD_PAGE, ld a0, 0(a1)
    S_BAD V | W | A | D, STORE_PAGE, sd a2, 0(a1)
    S_BAD V | W | X | A | D, FETCH_PAGE, jalr a1
    TEST(3) /* the user's pages: SUM for data, never for code */
    S_BAD V | R | W | X | U | A | D, LOAD_PAGE, ld a0, 0(a1)
    S_BAD V | R | W | X | U | A | D, STORE_PAGE, sd a2, 0(a1)
    li a0, SUM
    csrs mstatus, a0
    S_GOOD V | R | W | X | U | A | D, ld a0, 0(a1)
    S_GOOD V | R | W | X | U | A | D, sd a2, 8(a1)
    S_BAD V | R | W | X | U | A | D, FETCH_PAGE, jalr a1
    li a0, SUM
    csrc mstatus, a0
    TEST(4) /* MXR: what may be executed may be read */
    li a0, MXR
    csrs mstatus, a0
    S_GOOD V | X | A, ld a0, 0(a1)
    S_BAD V | X | A, STORE_PAGE, sd a2, 0(a1)
    S_BAD V | X | U | A, LOAD_PAGE, ld a0, 0(a1)
    li a0, MXR
    csrc mstatus, a0
    TEST(5) /* A and D are set by the access, and only then */
    S_GOOD V | R | W, ld a0, 0(a1)
    LEFT V | R | W | A
    S_GOOD V | R | W | A, sd a2, 8(a1)
    LEFT V | R | W | A | D
    S_GOOD V | R | X, jalr a1
    LEFT V | R | X | A
    S_BAD V | R, STORE_PAGE, sd a2, 0(a1)
    LEFT V | R
    TEST(6) /* user mode: code is not for it */
    PTE V | R | W | A | D
    TRY
    li t0, MPP
    csrc mstatus, t0
    la t0, fail
    csrw mepc, t0
    mret
    CAUGHT FETCH_PAGE
    la t0, fail
    SAME s9, t0
    SAME s10, t0
    TEST(7) /* across two pages: the byte that is refused is named */
    PTE V | R | W | A | D
    PTE2 0
    TO_S
    li a1, PAGE2 - 3
    TRY
    sd a2, 0(a1)
    CAUGHT STORE_PAGE
    CHECK s10, PAGE2
    TO_S
    li a1, PAGE2 - 3
    TRY
    ld a2, 0(a1)
    CAUGHT LOAD_PAGE
    CHECK s10, PAGE2
    la t0, frame2 - 8 /* nothing was stored */
    ld a0, 0(t0)
    CHECK a0, 0
    PTE2 V | R | W
    TO_S
    li a1, PAGE2 - 3
    li a2, 0x1122334455667788
    sd a2, 0(a1)
    ld a3, 0(a1)
    SAME a2, a3
    TO_M
    la t0, frame2
    ld a0, -8(t0)
    CHECK a0, 0x6677880000000000
    ld a0, 0(t0)
    CHECK a0, 0x1122334455
    TEST(8) /* fetches across two pages */
    la t0, frame2
    li a0, 0x0593 /* addi a1, zero, 0x789: its first half */
    sh a0, -2(t0)
    li a0, 0x80677890
    sw a0, 0(t0)
    sh zero, 4(t0)
    li a0, 0x8067 >> 0
    sh a0, 2(t0)
    sh zero, 4(t0)
    fence.i
    PTE V | R | X | A
    PTE2 V | R | X | A
    TO_S
    li a0, PAGE2 - 2
    jalr a0
    CHECK a1, 0x789
    TO_M
    PTE2 V | R | W | A | D
    TO_S
    li a1, PAGE2 - 2
    TRY
    jalr a1
    CAUGHT FETCH_PAGE
    CHECK s9, PAGE2 - 2
    CHECK s10, PAGE2
    TEST(9) /* superpages: 2 MiB at 0x40200000 and 1 GiB at 0x100000000; misaligned ones fault */
    ENTRY middle, 1, _start, V | R | W | A | D
    ENTRY root, 4, _start, V | R | W | A | D
    sfence.vma
    TO_S
    la a2, frame
    li a3, 0x40200000 - 0x80000000
    add a3, a2, a3
    ld a0, 0(a3)
    li a3, 0x100000000 - 0x80000000
    add a3, a2, a3
    ld a4, 0(a3)
    TO_M
    la a2, frame
    ld a2, 0(a2)
    SAME a0, a2
    SAME a4, a2
    li t0, (0x80001000 >> 2) | V | R | W | A | D
    la t1, middle + 8
    sd t0, 0(t1)
    la t1, root + 8 * 4
    sd t0, 0(t1)
    sfence.vma
    TO_S
    li a1, 0x40200000
    TRY
    ld a0, 0(a1)
    CAUGHT LOAD_PAGE
    TO_S
    li a1, 0x100000000
    TRY
    sd a0, 0(a1)
    CAUGHT STORE_PAGE
    TEST(10) /* a table where a leaf has to be; a leaf's reserved bits; a table with A, D or U */
    S_BAD V, LOAD_PAGE, ld a0, 0(a1)
    la t0, leaf_table
    la t1, frame
    srli t1, t1, 2
    li t2, 1 << 60 | V | R | W | A | D
    or t1, t1, t2
    sd t1, 8(t0)
    sfence.vma
    TO_S
    li a1, PAGE
    TRY
    ld a0, 0(a1)
    CAUGHT LOAD_PAGE
    ENTRY middle, 0, leaf_table, V | A
    S_BAD V | R | W | A | D, LOAD_PAGE, ld a0, 0(a1)
    ENTRY middle, 0, leaf_table, V | U
    S_BAD V | R | W | A | D, LOAD_PAGE, ld a0, 0(a1)
    ENTRY middle, 0, leaf_table, V | G
    S_GOOD V | R | W | A | D, ld a0, 0(a1)
    ENTRY middle, 0, leaf_table, V
    TEST(11) /* addresses that are no addresses of the mode */
.macro NOWHERE address
    TO_S
    li a1, \address
    TRY
    ld a0, 0(a1)
    CAUGHT LOAD_PAGE
    SAME s10, a1
    TO_S
    TRY
    jalr a1
    CAUGHT FETCH_PAGE
    SAME s9, a1
.endm
    NOWHERE 0x800000000000
    NOWHERE 0x7fffffffffffffff - 7
    NOWHERE 0xffff000000000000
    NOWHERE 0x8000000000
    TEST(13) /* LR, SC and AMO through translation */
    PTE V | R | W
    TO_S
    li a1, PAGE + 64
    li a2, 5
    lr.d a0, (a1)
    sc.d a0, a2, (a1)
    amoadd.d a3, a2, (a1)
    TO_M
    CHECK a0, 0
    CHECK a3, 5
    S_BAD V | R | A, STORE_PAGE, amoadd.w a0, a2, (a1)
    S_GOOD V | R | A, lr.w a0, (a1)
    TEST(14) /* MPRV: M's loads and stores as the mode in MPP, its fetches not */
    PTE V | R | A
    li t0, MPP
    csrc mstatus, t0
    li t0, MPP_S | MPRV
    csrs mstatus, t0
    li a1, PAGE
    TRY
    ld a0, 0(a1)
    QUIET
    TRY
    sd a0, 0(a1)
    CAUGHT STORE_PAGE
    li t0, MPRV | MPP
    csrc mstatus, t0
    li t0, MPRV /* MPP = U: its rights */
    csrs mstatus, t0
    TRY
    ld a0, 0(a1)
    CAUGHT LOAD_PAGE
    li t0, MPRV
    csrc mstatus, t0
    li t0, MPRV | MPP
    csrs mstatus, t0
    TRY /* MPP = M: none */
    lw a0, 0(s0)
    CAUGHT LOAD_ACCESS
    li t0, MPRV
    csrc mstatus, t0
    TEST(15) /* another frame for a page, sfence.vma with address and with ASID */
    ENTRY leaf_table, 1, frame, V | R | W | A | D
    sfence.vma
    la t0, frame
    li t1, 111
    sd t1, 0(t0)
    la t0, frame2
    li t1, 222
    sd t1, 0(t0)
    TO_S
    li a1, PAGE
    ld a0, 0(a1)
    CHECK a0, 111
    TO_M
    ENTRY leaf_table, 1, frame2, V | R | W | A | D
    TO_S
    li a1, PAGE
    sfence.vma a1
    ld a0, 0(a1)
    CHECK a0, 222
    TO_M
    ENTRY leaf_table, 1, frame, V | R | W | A | D
    TO_S
    sfence.vma a1, zero
    li a2, 0
    sfence.vma zero, a2
    ld a0, 0(a1)
    CHECK a0, 111
    TO_M
    TEST(16) /* satp off and on again */
    csrr s0, satp
    csrw satp, zero
    sfence.vma
    TO_S
    la a1, frame
    ld a0, 0(a1)
    CHECK a0, 111
    TO_M
    csrw satp, s0
    sfence.vma
    TO_S
    li a1, PAGE
    ld a0, 0(a1)
    CHECK a0, 111
    TO_M
    PASS
