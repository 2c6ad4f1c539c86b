/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The first instructions of a program. The kernel enters with sp -> argc, argv[0..argc-1], null (abi.h); it has
 * switched floating point on.
 */
    .section .text.start, "ax"
    .globl _start
    .type _start, @function
_start:
    .option push
    .option norelax
    la      gp, __global_pointer$
    .option pop
    la      tp, __tls_base
    mv      a0, sp
    li      ra, 0               /* the outermost frame */
    j       tarry_start
    .size _start, . - _start
