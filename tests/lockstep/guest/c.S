/* SPDX-License-Identifier: GPL-2.0-only */
/* RV64C: every instruction, its immediates' extremes, and what is reserved. */
#include "test.h"

test:
    la s0, data
    TEST(1)
    c.li a0, -32
    CHECK a0, -32
    c.addi a0, 31
    CHECK a0, -1
    c.addiw a0, 1
    CHECK a0, 0
    c.lui a0, 0xfffe0
    CHECK a0, 0xfffffffffffe0000
    c.lui a0, 31
    CHECK a0, 0x1f000
    c.li a0, 1
    c.slli a0, 63
    CHECK a0, 0x8000000000000000
    c.srai a0, 62
    CHECK a0, -2
    c.srli a0, 60
    CHECK a0, 15
    c.andi a0, -3
    CHECK a0, 13
    c.mv a1, a0
    c.add a1, a0
    CHECK a1, 26
    c.sub a1, a0
    CHECK a1, 13
    c.xor a1, a0
    CHECK a1, 0
    c.or a1, a0
    CHECK a1, 13
    c.li a0, 9
    c.and a1, a0
    CHECK a1, 9
    li a0, 0x7fffffff
    li a1, 1
    c.addw a0, a1
    CHECK a0, 0xffffffff80000000
    c.subw a0, a1
    CHECK a0, 0x7fffffff
    c.nop
    TEST(2)
    mv sp, s0
    c.addi4spn a0, sp, 1020
    addi a1, s0, 1020
    SAME a0, a1
    c.addi16sp sp, 496
    c.addi16sp sp, -512
    addi a1, s0, -16
    SAME sp, a1
    mv sp, s0
    li a0, 0x1122334455667788
    c.sdsp a0, 504(sp)
    c.ldsp a1, 504(sp)
    SAME a0, a1
    c.swsp a0, 252(sp)
    c.lwsp a1, 252(sp)
    CHECK a1, 0x55667788
    c.sd a0, 248(s0)
    c.ld a1, 248(s0)
    SAME a0, a1
    c.sw a0, 124(s0)
    c.lw a1, 124(s0)
    CHECK a1, 0x55667788
    c.fsdsp fa0, 504(sp)
    fmv.d.x fa0, a0
    c.fsd fa0, 240(s0)
    c.fld fa1, 240(s0)
    fmv.x.d a1, fa1
    SAME a0, a1
    c.fsdsp fa0, 16(sp)
    c.fldsp fa2, 16(sp)
    fmv.x.d a1, fa2
    SAME a0, a1
    TEST(3)
    li a0, 0
    c.beqz a0, 1f
    j fail
1:  c.bnez a0, fail_near
    li a0, 1
    c.bnez a0, 1f
fail_near:
    j fail
1:  c.beqz a0, fail_near
    c.j 1f
    j fail
1:  la a0, 1f
    c.jr a0
    j fail
1:  la a0, 1f
    c.jalr a0
2:  j fail
1:  la a1, 2b
    SAME ra, a1
    la ra, 1f
    c.jalr ra /* link == base */
2:  j fail
1:  la a1, 2b
    SAME ra, a1
    TEST(4) /* hints do nothing */
    .half 0x0005 /* c.nop 1 */
    .half 0x4015 & 0xf07f | 0x4001 /* c.li zero, 5 */
    .half 0x9002 & 0 | 0x8012 /* c.mv zero, tp */
    .half 0x0002 | 1 << 2 /* c.slli zero, 1 */
    CHECK zero, 0
.macro RESERVED half
    TRY
    .half \half
    CAUGHT ILLEGAL
    .option norvc
    .option rvc
.endm
    TEST(5) /* reserved */
    RESERVED 0x0000 /* all zeros */
    RESERVED 0x0004 /* c.addi4spn with 0 */
    RESERVED 0x2001 /* c.addiw zero */
    RESERVED 0x6081 /* c.lui ra, 0 */
    RESERVED 0x6101 /* c.addi16sp 0 */
    RESERVED 0x4002 /* c.lwsp zero */
    RESERVED 0x6002 /* c.ldsp zero */
    RESERVED 0x8002 /* c.jr zero */
    RESERVED 0x9c41 /* CA: 1 10 */
    RESERVED 0x9c61 /* CA: 1 11 */
    RESERVED 0x8000 /* quadrant 0, funct3 4 */
    TEST(6)
    TRY
1:  c.ebreak
    CAUGHT BREAKPOINT
    la a0, 1b
    SAME s9, a0
    TEST(7) /* a full instruction on a half-word boundary, and across a page */
    la a0, crossing
    jalr a0
    CHECK a1, 0x789
    PASS
    .balign 4096
    .zero 4094
crossing:
    .option norvc
    addi a1, zero, 0x789
    ret
    .option rvc

    .data
    .balign 4096
    .zero 1024
data:
    .zero 4096
