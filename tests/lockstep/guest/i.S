/* SPDX-License-Identifier: GPL-2.0-only */
/* RV64I: known answers, then every operation on every pair of interesting values. */
#include "test.h"
#include "sweep.h"

test:
    TEST(1)
    RR add, 0x7fffffffffffffff, 1, 0x8000000000000000
    RR sub, 0, 1, -1
    RR addw, 0x7fffffff, 1, 0xffffffff80000000
    RR subw, 0x80000000, 1, 0x7fffffff
    RR sll, 1, 127, 0x8000000000000000
    RR sllw, 1, 63, 0xffffffff80000000
    RR srl, -1, 64 + 4, 0x0fffffffffffffff
    RR srlw, -1, 36, 0x0fffffff
    RR sra, 0x8000000000000000, 63, -1
    RR sraw, 0x80000000, 31, -1
    RR slt, -1, 0, 1
    RR sltu, -1, 0, 0
    RR xor, 0xff00ff00, 0x0ff00ff0, 0xf0f0f0f0
    RR or, 0xff00ff00, 0x0ff00ff0, 0xfff0fff0
    RR and, 0xff00ff00, 0x0ff00ff0, 0x0f000f00
    TEST(2)
    RI addi, 0x7fffffffffffffff, 1, 0x8000000000000000
    RI addiw, 0x7fffffff, 1, 0xffffffff80000000
    RI slti, -5, -4, 1
    RI sltiu, -5, -4, 1
    RI sltiu, 5, -4, 1
    RI sltiu, 0, 1, 1
    RI xori, 5, -1, -6
    RI ori, 0x10, -2048, -2032
    RI andi, -1, 0x7ff, 0x7ff
    RI slli, 1, 63, 0x8000000000000000
    RI srli, -1, 63, 1
    RI srai, 0x8000000000000000, 62, -2
    RI slliw, 3, 31, 0xffffffff80000000
    RI srliw, -1, 31, 1
    RI sraiw, 0x80000000, 31, -1
    TEST(3)
    lui a0, 0x80000
    CHECK a0, 0xffffffff80000000
    lui a0, 0x7ffff
    CHECK a0, 0x7ffff000
1:  auipc a0, 0x80000
    la a1, 1b
    li a2, 0xffffffff80000000
    add a1, a1, a2
    SAME a0, a1
    addi zero, a0, 5
    CHECK zero, 0

    TEST(4) /* loads and stores, all widths, signs and alignments */
    la s0, data
    li a0, 0x8182838485868788
    sd a0, 8(s0)
    lb a1, 8(s0)
    CHECK a1, 0xffffffffffffff88
    lbu a1, 15(s0)
    CHECK a1, 0x81
    lh a1, 8(s0)
    CHECK a1, 0xffffffffffff8788
    lhu a1, 9(s0)
    CHECK a1, 0x8687
    lw a1, 11(s0)
    CHECK a1, 0xffffffff82838485
    lwu a1, 9(s0)
    CHECK a1, 0x84858687
    ld a1, 7(s0)
    CHECK a1, 0x8283848586878800
    sb a0, 1(s0)
    sh a0, 17(s0)
    sw a0, 21(s0)
    ld a1, 0(s0)
    CHECK a1, 0x8800
    ld a1, 16(s0)
    CHECK a1, 0x8687880000878800
    addi s1, s0, 2047
    sd a0, -2048(s1)
    ld a1, -1(s0)
    CHECK a1, 0x8182838485868788
    TEST(5) /* across a page */
    la s0, data + 4096 - 3
    sd a0, 0(s0)
    ld a1, 0(s0)
    SAME a0, a1
    lw a1, 1(s0)
    CHECK a1, 0xffffffff84858687

    TEST(6) /* branches, both ways */
.macro BRANCH op, a, b, taken
    li a0, \a
    li a1, \b
    li a2, 0
    \op a0, a1, 1f
    j 2f
1:  li a2, 1
2:  CHECK a2, \taken
.endm
    BRANCH beq, 1, 1, 1
    BRANCH beq, 1, 2, 0
    BRANCH bne, 1, 1, 0
    BRANCH bne, 1, 2, 1
    BRANCH blt, -1, 0, 1
    BRANCH blt, 0, -1, 0
    BRANCH blt, 0, 0, 0
    BRANCH bge, -1, 0, 0
    BRANCH bge, 0, 0, 1
    BRANCH bltu, -1, 0, 0
    BRANCH bltu, 0, -1, 1
    BRANCH bgeu, -1, 0, 1
    BRANCH bgeu, 0, -1, 0
    TEST(7) /* jumps: links, odd targets, link == base */
    jal a0, 1f
2:  j fail
1:  la a1, 2b
    SAME a0, a1
    la a0, 1f + 1
    jalr a0, a0, 0
2:  j fail
1:  la a1, 2b
    SAME a0, a1
    la a0, 1f - 2047
    jalr zero, 2047(a0)
    j fail
1:  fence
    fence rw, w
    .word 0x8330000f /* fence.tso */
    .word 0x0ff0000f + 0x28f00 /* reserved fields of FENCE are ignored (unprivileged spec, 2.7) */
    li a0, 0
    li a1, 5
1:  addi a0, a0, 3
    addi a1, a1, -1
    bnez a1, 1b
    CHECK a0, 15

    TEST(8)
    SWEEP add, sub, sll, slt, sltu, xor, srl, sra, or, and, addw, subw, sllw, srlw, sraw
    PASS

    .data
    .balign 4096
data:
    .zero 8192
