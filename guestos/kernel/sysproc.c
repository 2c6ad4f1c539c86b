/* SPDX-License-Identifier: GPL-2.0-only */
/* System calls on processes, memory and time. */
#include <string.h>
#include "exec.h"
#include "io.h"
#include "policy.h"
#include "procprivate.h"
#include "reserve.h"
#include "syscall.h"
#include "zero.h"

#define ATTACH_BASE 0x1000000000ull /* where segments go that name no address */

static uint64_t pageup(uint64_t n)
{
    return (n + PGMASK) & ~PGMASK;
}

/* ---- processes ---- */

int64_t sysrfork(const uint64_t *a)
{
    uint64_t flags = a[0];
    if (flags & ~(uint64_t)(RFFDG | RFPROC | RFNOTEG | RFNOWAIT))
        return error(T_EINVAL, "rfork: flags %#lx are not supported", flags);
    if (flags & RFPROC)
        return procfork((int)flags);
    if (flags & RFNOTEG)
        up->noteid = up->pid;
    if ((flags & RFFDG) && up->fds->ref > 1) {
        Fgrp *own = copyfds(up->fds), *old = up->fds;
        if (own == NULL)
            return error(T_ENOMEM, "out of memory");
        up->fds = own;
        putfds(old);
    }
    return 0;
}

/* Length with its NUL of the string at va, at most max. */
static int64_t stringlength(uint64_t va, size_t max)
{
    char part[256];
    size_t len = 0;
    for (;;) {
        size_t n = sizeof part - (va + len) % sizeof part; /* never past the page that holds the end */
        int err = copyin(part, va + len, n);
        if (err < 0)
            return err;
        const char *nul = memchr(part, '\0', n);
        len += nul != NULL ? (size_t)(nul + 1 - part) : n;
        if (len > max)
            return error(T_E2BIG, "arguments too long");
        if (nul != NULL)
            return (int64_t)len;
    }
}

/* Pointer i of the vector at argv and the length of its string; length 0 at the end of the vector. */
static int64_t argument(uint64_t argv, int i, size_t room, uint64_t *va)
{
    int err = copyin(va, argv + 8 * (uint64_t)i, sizeof *va);
    if (err < 0 || *va == 0)
        return err;
    return stringlength(*va, room);
}

static int copyargs(struct args *args, uint64_t argv)
{
    int64_t len;
    uint64_t va;
    for (args->argc = 0; (len = argument(argv, args->argc, TARRY_ARG_MAX - args->bytes, &va)) > 0; args->argc++)
        args->bytes += (size_t)len;
    if (len < 0)
        return (int)len;
    if ((args->block = kalloc(args->bytes + 1)) == NULL)
        return error(T_ENOMEM, "out of memory");
    size_t at = 0;
    for (int i = 0; i < args->argc; i++) { /* another process may have changed them: the room is what was counted */
        if ((len = argument(argv, i, args->bytes - at, &va)) <= 0)
            return len < 0 ? (int)len : error(T_EFAULT, "the arguments changed");
        int err = copyin(args->block + at, va, (size_t)len);
        if (err < 0)
            return err;
        at += (size_t)len;
        args->block[at - 1] = '\0';
    }
    args->bytes = at;
    return 0;
}

int64_t sysexec(const uint64_t *a)
{
    char path[TARRY_PATH_MAX + 1];
    struct args args = {0, NULL, 0};
    int err = userpath(path, a[0]);
    if (err == 0)
        err = copyargs(&args, a[1]);
    if (err == 0)
        err = execprogram(path, &args);
    kfree(args.block);
    return err;
}

int64_t sysexits(const uint64_t *a)
{
    char status[STATUS_MAX] = "";
    if (a[0] != 0) {
        int64_t len = copyinstr(status, a[0], sizeof status);
        if (len == -T_ENAMETOOLONG)
            status[sizeof status - 1] = '\0';
        else if (len < 0)
            strcpy(status, "bad exit status");
        syscalltext(status);
    }
    procexit(status);
}

int64_t sysawait(const uint64_t *a)
{
    char text[STATUS_MAX + 48];
    int err = userrange(a[0], a[1]);
    if (err < 0)
        return err;
    int64_t len = procawait(text, sizeof text);
    if (len < 0 || a[1] == 0)
        return len;
    uint64_t n = (uint64_t)len < a[1] ? (uint64_t)len : a[1];
    if (n < a[1])
        n++; /* the NUL, if there is room */
    err = copyout(a[0], text, n);
    return err < 0 ? err : (int64_t)((uint64_t)len < a[1] ? (uint64_t)len : a[1]);
}

int64_t sysgetpid(const uint64_t *a)
{
    (void)a;
    return up->pid;
}

int64_t syserrstr(const uint64_t *a)
{
    size_t n = strlen(up->errstr) + 1;
    if (a[1] == 0)
        return error(T_EINVAL, "errstr: no room");
    if (n > a[1])
        n = a[1];
    char text[sizeof up->errstr];
    memcpy(text, up->errstr, n);
    text[n - 1] = '\0';
    int err = copyout(a[0], text, n);
    return err < 0 ? err : (int64_t)n - 1;
}

int64_t syssleep(const uint64_t *a)
{
    if (a[0] != 0)
        return timersleep(a[0]);
    yield(EV_switch_reason_yield);
    return 0;
}

int64_t sysnsec(const uint64_t *a)
{
    (void)a;
    return (int64_t)nanoseconds();
}

/* ---- memory ---- */

/* The lowest segment but `except` that overlaps [base, top). */
static const Segment *overlap(uint64_t base, uint64_t top, const Segment *except)
{
    const Segment *lowest = NULL;
    for (int i = 0; i < NSEG; i++) {
        const Segment *s = up->seg[i];
        if (s != NULL && s != except && s->base < top && base < s->top && (lowest == NULL || s->base < lowest->base))
            lowest = s;
    }
    return lowest;
}

/* An address for len bytes, with a page free on both sides; if they can be superpages, where they can. 0: there is none. */
static uint64_t findroom(uint64_t len)
{
    uint64_t va = ATTACH_BASE, end = TARRY_USER_TOP - PGSIZE, align = superpages && len >= SUPERPAGE ? SUPERPAGE : PGSIZE;
    const Segment *s = NULL;
    while (va < end && len <= end - va && (s = overlap(va - PGSIZE, va + len + PGSIZE, NULL)) != NULL)
        va = (s->top + PGSIZE + align - 1) & ~(align - 1);
    return s == NULL && va < end && len <= end - va ? va : 0;
}

static int freeslot(void)
{
    for (int i = ESEG; i < NSEG; i++)
        if (up->seg[i] == NULL)
            return i;
    return error(T_ENOMEM, "too many segments");
}

static int64_t attach(uint64_t attr, enum ev_enum_segment_type type, enum ev_enum_io_policy policy, uint64_t va,
                      uint64_t len)
{
    int slot = freeslot();
    if (slot < 0)
        return slot;
    if (len == 0 || len > TARRY_USER_TOP || (va & PGMASK) || (attr & ~(uint64_t)(SG_SHARED | SG_RONLY)))
        return error(T_EINVAL, "segattach: bad argument");
    len = pageup(len);
    if (va == 0 && (va = findroom(len)) == 0)
        return error(T_ENOMEM, "segattach: no room in the address space");
    if (va < PGSIZE || userrange(va, len) < 0)
        return error(T_EINVAL, "segattach: address out of range");
    if (overlap(va, va + len, NULL) != NULL)
        return error(T_EINVAL, "segattach: overlaps another segment");
    Segment *s = newseg(type, va, len, (int)attr, policy);
    if (s == NULL)
        return error(T_ENOMEM, "out of memory");
    up->seg[slot] = s;
    return (int64_t)va;
}

int64_t syssegattach(const uint64_t *a)
{
    char class[32];
    int64_t len = copyinstr(class, a[1], sizeof class);
    if (len < 0 && len != -T_ENAMETOOLONG)
        return len == -T_EFAULT ? error(T_EFAULT, "bad address in system call") : len;
    class[sizeof class - 1] = '\0'; /* it may have been too long */
    syscalltext(class);
    if (len > 0 && strcmp(class, "memory") == 0)
        return attach(a[0], EV_segment_type_memory, EV_io_policy_eager, a[2], a[3]);
    enum ev_enum_io_policy policy = io_policy;
    if (len > 0 && (strcmp(class, "defer") == 0 || (strncmp(class, "defer:", 6) == 0 && policynamed(class + 6, &policy))))
        return attach(a[0], EV_segment_type_defer, policy, a[2], a[3]);
    return error(T_EINVAL, "segattach: no such class");
}

int64_t syssegdetach(const uint64_t *a)
{
    for (int i = ESEG; i < NSEG; i++) {
        Segment *s = up->seg[i];
        if (s == NULL || a[0] < s->base || a[0] >= s->top)
            continue;
        up->seg[i] = NULL;
        flushmmu(up->space, s->base, s->top - s->base, EV_demotion_unmap);
        putseg(s);
        return 0;
    }
    return error(T_EINVAL, "segdetach: no attached segment there");
}

/* May all of [va, va + n) become zero? Nothing is changed if not. */
static int checkfree(uint64_t va, uint64_t n)
{
    int err = userrange(va, n);
    for (uint64_t end = va + n; err != -T_EFAULT && va < end;) {
        const Segment *s = segfor(up, va);
        if (s == NULL)
            return error(T_EFAULT, "bad address in system call");
        if (s->attr & SG_RONLY)
            err = error(T_EACCES, "segfree: the segment is read-only");
        va = s->top;
    }
    return err;
}

static bool notmapped(const Segment *s)
{
    return !policyof(s)->maps;
}

/* The thread's "memset syscall" (R8). */
int64_t syssegzero(const uint64_t *a)
{
    int err = userrange(a[0], a[1]);
    return err < 0 ? err : userzero(a[0], a[1], notmapped);
}

int64_t syssegfree(const uint64_t *a)
{
    uint64_t va = a[0], end = a[0] + a[1];
    int err = checkfree(a[0], a[1]);
    while (err == 0 && va < end) {
        Segment *s = segfor(up, va);
        uint64_t top = s->top < end ? s->top : end;
        err = segzero(s, va, top - va);
        va = top;
    }
    return err;
}

int64_t sysbrk(const uint64_t *a)
{
    Segment *data = up->seg[DSEG];
    uint64_t va = a[0];
    if (va == 0)
        return (int64_t)up->priv->brk;
    if (va <= data->base || va > TARRY_USER_TOP)
        return error(T_EINVAL, "brk: address out of range");
    if (overlap(data->base, pageup(va), data) != NULL)
        return error(T_ENOMEM, "brk: another segment is there");
    int err = resizeseg(data, pageup(va));
    if (err < 0)
        return err;
    up->priv->brk = va;
    return (int64_t)va;
}
