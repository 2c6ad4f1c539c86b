/* SPDX-License-Identifier: GPL-2.0-only */
/* System calls: the table, and what is common to all: trace rows and the checking of pointers. */
#include <stddef.h>
#include "procprivate.h"
#include "syscall.h"
#include "trace.h"

static int64_t (*const table[SYS_MAX + 1])(const uint64_t *a) = {
#define X(n, name, args, doc) [n] = sys##name,
    TARRY_SYSCALLS(X)
#undef X
};

enum { A0 = 10, A7 = 17 };

void syscall(Ureg *u)
{
    uint64_t number = u->x[A7];
    const uint64_t *a = &u->x[A0];
    u->pc += 4;
    up->priv->syscall_insns = traceinsns();
    up->priv->syscall = TRACE(syscall, .number = number, .a0 = a[0], .a1 = a[1], .a2 = a[2], .a3 = a[3], .a4 = a[4],
                              .image = up->image);
    up->priv->syscall_text = 0;
    up->cause = up->priv->syscall;
    int64_t result;
    if (number <= SYS_MAX && table[number] != NULL)
        result = table[number](a);
    else
        result = error(T_ENOSYS, "no system call %lu", number);
    if ((number != SYS_exec && number != SYS_noted) || result < 0) /* these have set all registers */
        u->x[A0] = (uint64_t)result;
    endsyscall(result);
}

void endsyscall(int64_t result)
{
    uint64_t id = up->priv->syscall;
    up->priv->syscall = 0;
    up->cause = 0;
    if (id != 0)
        ENDTRACE(syscall, id, .result = (uint64_t)result, .insns = traceinsns() - up->priv->syscall_insns,
                 .text = up->priv->syscall_text, .errstr = result < 0 ? tracestring(up->errstr) : 0);
}

void syscalltext(const char *text)
{
    if (up->priv->syscall_text == 0)
        up->priv->syscall_text = tracestring(text);
}

int userrange(uint64_t va, uint64_t n)
{
    if (va > TARRY_USER_TOP || n > TARRY_USER_TOP - va)
        return error(T_EFAULT, "bad address in system call");
    return 0;
}

int userpath(char *path, uint64_t va)
{
    int64_t len = copyinstr(path, va, TARRY_PATH_MAX + 1);
    if (len == -T_ENAMETOOLONG)
        return error(T_ENAMETOOLONG, "name too long");
    if (len < 0)
        return len == -T_EFAULT ? error(T_EFAULT, "bad address in system call") : (int)len; /* E1: its own text */
    syscalltext(path);
    return 0;
}
