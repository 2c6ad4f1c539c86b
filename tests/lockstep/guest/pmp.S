/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Physical memory protection in pages: NAPOT, TOR, priorities, locks, and what page walks may read (privileged spec,
 * 3.7).
 */
#include "test.h"
#include "paging.h"

#define PR 1
#define PW 2
#define PX 4
#define TOR 8
#define NAPOT 0x18
#define LOCK 0x80
#define RET_INSN 0x8067

/* pmpaddr for the naturally aligned 4 KiB at a label */
.macro NAPOT_4K reg, label
    la \reg, \label
    srli \reg, \reg, 2
    ori \reg, \reg, 0x1ff
.endm

/* pmpcfg0's byte n */
.macro CONFIG n, value
    li t0, 0xff << (8 * \n)
    csrc pmpcfg0, t0
    li t0, (\value) << (8 * \n)
    csrs pmpcfg0, t0
    sfence.vma
.endm

.macro GOOD insn:vararg
    TO_S
    TRY
    \insn
    QUIET
    TO_M
.endm
.macro BAD cause, insn:vararg
    TO_S
    TRY
    \insn
    CAUGHT \cause
    SAME s10, s0
.endm

test: /* entry 0 is open for all memory now; it moves to 7 */
    csrr t0, pmpaddr0
    csrw pmpaddr7, t0
    li t0, 0x1f << 56
    csrw pmpcfg0, t0
    la s0, frame
    TEST(1) /* what sticks */
    csrr a0, pmpcfg0
    li a1, 0x1f << 56
    SAME a0, a1
    li a0, 0x20000000 | 0x1ff
    csrw pmpaddr1, a0
    CONFIG 1, NAPOT
    CHECKCSR pmpaddr1, 0x20000000 | 0x1ff
    CONFIG 1, 0
    csrw pmpaddr1, zero
    TEST(2) /* rights of a page */
    NAPOT_4K a0, frame
    csrw pmpaddr0, a0
    li a1, RET_INSN
    sw a1, 0(s0)
    fence.i
    CONFIG 0, NAPOT | PR | PW | PX
    GOOD ld a0, 0(s0)
    GOOD sd a0, 8(s0)
    GOOD jalr s0
    CONFIG 0, NAPOT | PR
    GOOD ld a0, 0(s0)
    BAD STORE_ACCESS, sd a0, 0(s0)
    BAD FETCH_ACCESS, jalr s0
    CONFIG 0, NAPOT | PX
    GOOD jalr s0
    BAD LOAD_ACCESS, ld a0, 0(s0)
    BAD STORE_ACCESS, sd a0, 0(s0)
    CONFIG 0, NAPOT
    BAD LOAD_ACCESS, lb a0, 0(s0)
    BAD FETCH_ACCESS, jalr s0
    TEST(3) /* machine mode is above it, but with MPRV */
    ld a0, 0(s0)
    sd a0, 8(s0)
    li t0, MPP
    csrc mstatus, t0
    li t0, MPP_S | MPRV
    csrs mstatus, t0
    TRY
    ld a0, 0(s0)
    CAUGHT LOAD_ACCESS
    li t0, MPRV
    csrc mstatus, t0
    TEST(4) /* the lowest entry that matches decides */
    NAPOT_4K a0, frame
    csrw pmpaddr1, a0
    CONFIG 0, 0
    CONFIG 1, NAPOT | PR
    GOOD ld a0, 0(s0)
    BAD STORE_ACCESS, sd a0, 0(s0)
    csrw pmpaddr0, a0
    la a1, frame
    srli a1, a1, 2
    ori a1, a1, 0x1ff
    csrw pmpaddr0, a1
    CONFIG 0, NAPOT | PR | PW
    GOOD sd a0, 8(s0)
    CONFIG 0, 0
    CONFIG 1, 0
    TEST(5) /* TOR: from the entry before to this one */
    la a0, frame
    srli a0, a0, 2
    csrw pmpaddr2, a0
    la a0, frame2
    srli a0, a0, 2
    csrw pmpaddr3, a0
    CONFIG 3, TOR | PX
    BAD LOAD_ACCESS, ld a0, 0(s0)
    addi s0, s0, -8
    GOOD ld a0, 0(s0)
    la s0, frame2
    GOOD ld a0, 0(s0)
    addi s0, s0, -8
    BAD STORE_ACCESS, sd a0, 0(s0)
    CONFIG 3, 0
    TEST(6) /* without an entry that matches S and U have nothing, M all */
    la s0, frame
    NAPOT_4K a0, frame2
    csrw pmpaddr1, a0
    CONFIG 1, NAPOT | PR /* without any entry at all the reference has mret trap */
    CONFIG 7, 0
    ld a0, 0(s0)
    TRY
    li t0, MPP
    csrc mstatus, t0
    li t0, MPP_S
    csrs mstatus, t0
    csrw mepc, s0
    mret
    CAUGHT FETCH_ACCESS
    SAME s9, s0
    CONFIG 7, 0x1f
    CONFIG 1, 0
    GOOD ld a0, 0(s0)
    TEST(7) /* page tables are read with the supervisor's rights: an access fault of the access */
    MAKE_TABLES
    PTE V | R | W | A | D
    SATP_39
    li s0, PAGE
    GOOD ld a0, 0(s0)
    NAPOT_4K a0, leaf_table
    csrw pmpaddr0, a0
    CONFIG 0, NAPOT
    BAD LOAD_ACCESS, ld a0, 0(s0)
    BAD STORE_ACCESS, sd a0, 0(s0)
    CONFIG 0, 0
    NAPOT_4K a0, frame /* and the page itself */
    csrw pmpaddr0, a0
    CONFIG 0, NAPOT | PR
    GOOD ld a0, 0(s0)
    BAD STORE_ACCESS, sd a0, 0(s0)
    CONFIG 0, 0
    csrw satp, zero
    sfence.vma
    TEST(8) /* locked: for M too, and for good */
    la s0, frame2
    NAPOT_4K a0, frame2
    csrw pmpaddr4, a0
    CONFIG 4, NAPOT | LOCK | PR
    ld a0, 0(s0)
    TRY
    sd a0, 0(s0)
    CAUGHT STORE_ACCESS
    SAME s10, s0
    csrr a0, pmpcfg0
    csrr a1, pmpaddr4
    csrw pmpaddr4, zero
    csrr a2, pmpaddr4
    SAME a1, a2
    li t0, 0xff << 32
    csrc pmpcfg0, t0
    csrr a1, pmpcfg0
    SAME a0, a1
    PASS
