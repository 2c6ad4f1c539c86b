/* SPDX-License-Identifier: GPL-2.0-only */
/* mode.S with the header of a Linux Image: objcopy -O binary makes one. */
    .section .text.start
    j _start
    .balign 8
    .dword TEXT_OFFSET
    .dword 0x4000               /* size in memory */
    .dword 0, 2, 0
    .ascii "RISCV\0\0\0"
    .ascii "RSC\005"
    .word 0
#include "mode.S"
