/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fence.i: code that was written is what runs (unprivileged spec, chapter 3), in place, in loops, over pages, through
 * an alias.
 */
#include "test.h"
#include "paging.h"

#define ADDI_A0(n) (0x00050513 | (n) << 20) /* addi a0, a0, n */
#define RET 0x8067

test:
    la s0, code
    li s1, 0
    li a0, 0
    li s2, 0
    TEST(1) /* a new instruction in each turn */
1:  slli a1, s1, 20
    li a2, ADDI_A0(0)
    or a1, a1, a2
    sw a1, 0(s0)
    li a1, RET
    sw a1, 4(s0)
    fence.i
    jalr s0
    add s2, s2, s1
    SAME a0, s2
    addi s1, s1, 1
    li a1, 40
    bne s1, a1, 1b
    TEST(2) /* code that changes what follows it on its own page, ahead of itself */
    la a1, patched
    li a2, ADDI_A0(5)
    li a0, 1
    sw a2, 0(a1)
    fence.i
    .balign 4
    .option norvc
patched:
    nop
    .option rvc
    CHECK a0, 6
    TEST(3) /* behind itself, in a loop */
    li s1, 3
    li a0, 0
    .balign 4
again:
    .option norvc
    addi a0, a0, 1
    .option rvc
    la a1, again
    li a2, ADDI_A0(16)
    sw a2, 0(a1)
    fence.i
    addi s1, s1, -1
    bnez s1, again
    CHECK a0, 33
    TEST(4) /* one half of an instruction, over two pages */
    la s0, code + 4094
    li a1, ADDI_A0(7) & 0xffff
    sh a1, 0(s0)
    li a1, ADDI_A0(7) >> 16
    sh a1, 2(s0)
    li a1, RET
    sh a1, 4(s0)
    sh zero, 6(s0)
    fence.i
    li a0, 0
    jalr s0
    CHECK a0, 7
    li a1, ADDI_A0(9) >> 16
    sh a1, 2(s0)
    fence.i
    jalr s0
    CHECK a0, 16
    TEST(5) /* written at one address, run at another: supervisor mode, a writable and an executable mapping of one frame */
    MAKE_TABLES
    ENTRY leaf_table, 1, frame, V | R | W | A | D
    ENTRY leaf_table, 2, frame, V | X | A
    SATP_39
    TO_S
    li s0, PAGE
    li s1, PAGE2
    li s2, 0
    li s3, 0
    li a0, 0
1:  slli a1, s2, 20
    li a2, ADDI_A0(0)
    or a1, a1, a2
    sw a1, 64(s0)
    li a1, RET
    sw a1, 68(s0)
    fence.i
    addi a3, s1, 64
    jalr a3
    add s3, s3, s2
    SAME a0, s3
    addi s2, s2, 1
    li a1, 10
    bne s2, a1, 1b
    TO_M
    TEST(6) /* another frame behind the same address */
    la a1, frame2
    li a2, ADDI_A0(100)
    sw a2, 64(a1)
    li a2, RET
    sw a2, 68(a1)
    fence.i
    ENTRY leaf_table, 2, frame2, V | X | A
    TO_S
    sfence.vma
    li a0, 0
    addi a3, s1, 64
    jalr a3
    CHECK a0, 100
    PASS

    .section .bss
    .balign 4096
code:
    .space 8192
