/* SPDX-License-Identifier: GPL-2.0-only */
/* The system calls, made from TARRY_SYSCALLS: `a` are the registers a0..a5; the result, or -T_ code. */
#ifndef SYSCALL_H
#define SYSCALL_H

#include <stdint.h>
#include "../include/tarry/abi.h"

#define X(n, name, args, doc) int64_t sys##name(const uint64_t *a);
TARRY_SYSCALLS(X)
#undef X

/* A path from user memory, into TARRY_PATH_MAX + 1 bytes. 0 or the error. */
int userpath(char *path, uint64_t va);
/* What the call's first text argument says, for the trace; userpath tells of paths. */
void syscalltext(const char *);
/* 0 if [va, va + n) lies in the user's half, else -T_EFAULT. */
int userrange(uint64_t va, uint64_t n);

#endif
