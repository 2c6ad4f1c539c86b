/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * switchto(struct context *from, const struct context *to): saves the registers that a
 * call preserves into *from, loads those of *to and returns on its stack.
 */
.macro EACH op, base
    \op ra, 0(\base)
    \op sp, 8(\base)
    \op s0, 16(\base)
    \op s1, 24(\base)
    \op s2, 32(\base)
    \op s3, 40(\base)
    \op s4, 48(\base)
    \op s5, 56(\base)
    \op s6, 64(\base)
    \op s7, 72(\base)
    \op s8, 80(\base)
    \op s9, 88(\base)
    \op s10, 96(\base)
    \op s11, 104(\base)
.endm
    .text
    .globl switchto
switchto:
    EACH sd, a0
    EACH ld, a1
    ret
