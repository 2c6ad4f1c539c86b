/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The system-call stubs, one for each line of TARRY_SYSCALLS: number to a7, ecall, result in a0. Arguments lie in
 * a0..a5 already. Each has a section of its own, so that a program holds only those it calls.
 */
#include "tarry.h"

#define STUB(n, name)                                                                                                  \
    __asm__(".section .text.sys_" #name ", \"ax\"\n"                                                                   \
            ".globl sys_" #name "\n"                                                                                   \
            ".type sys_" #name ", @function\n"                                                                         \
            "sys_" #name ":\n"                                                                                         \
            "    li a7, " #n "\n"                                                                                      \
            "    ecall\n"                                                                                              \
            "    ret\n"                                                                                                \
            ".size sys_" #name ", . - sys_" #name "\n"                                                                 \
            ".previous\n");

#define X(n, name, args, doc)                                                                                          \
    STUB(n, name)                                                                                                      \
    _Static_assert(sizeof(&sys_##name) == sizeof(void (*)(void)), "tarry.h declares it");
TARRY_SYSCALLS(X)
#undef X
