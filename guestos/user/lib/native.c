/* SPDX-License-Identifier: GPL-2.0-only */
/* The system calls under Plan 9's names, with the C library's errno. tarry.h describes them. */
#include "tarry.h"
#include "deferred.h"
#include "ecall.h"
#include "result.h"

int rfork(int flags)
{
    return (int)result(sys_rfork(flags));
}
int exec(const char *path, char *const argv[])
{
    return (int)result(sys_exec(path, argv));
}
int create(const char *path, int mode, uint32_t perm)
{
    return (int)result(sys_create(path, mode, perm));
}
int64_t seek(int fd, int64_t offset, int whence)
{
    return result(sys_seek(fd, offset, whence));
}
int dirstat(const char *path, struct tarry_stat *st)
{
    return (int)result(sys_stat(path, st));
}
int dirfstat(int fd, struct tarry_stat *st)
{
    return (int)result(sys_fstat(fd, st));
}
int dirwstat(const char *path, const struct tarry_wstat *st)
{
    return (int)result(sys_wstat(path, st));
}
int segdetach(void *va)
{
    int r = (int)result(sys_segdetach((uintptr_t)va));
    if (r == 0)
        note_detached(va);
    return r;
}
int segzero(void *va, size_t n)
{
    return (int)result(sys_segzero((uintptr_t)va, n));
}
ssize_t cwrite(int fd, const void *buf, size_t n, int64_t offset, uint64_t version)
{
    return (ssize_t)result(ecall(SYS_cwrite, fd, (long)buf, (long)n, offset, (long)version));
}
int segfree(void *va, size_t n)
{
    return (int)result(sys_segfree((uintptr_t)va, n));
}
uint64_t nsec(void)
{
    return (uint64_t)sys_nsec();
}
int nsleep(uint64_t ns)
{
    return (int)result(sys_sleep(ns));
}
int errstr(char *buf, size_t n)
{
    return (int)result(sys_errstr(buf, n));
}

void *segattach(int attr, const char *class_name, void *va, size_t len)
{
    void *p = (void *)result(sys_segattach(attr, class_name, (uintptr_t)va, len));
    if ((intptr_t)p != -1 && class_name[0] == 'd')
        note_attached(p, len);
    return p;
}

static const char *scan_number(const char *p, uint64_t *value)
{
    for (*value = 0; *p >= '0' && *p <= '9'; p++)
        *value = *value * 10 + (uint64_t)(*p - '0');
    return *p == ' ' ? p + 1 : p;
}

int await(struct waitmsg *w)
{
    char text[320];
    long n = result(sys_await(text, sizeof text - 1));
    if (n < 0)
        return -1;
    text[n] = 0;
    uint64_t pid;
    const char *p = scan_number(scan_number(text, &pid), &w->utime_ns);
    size_t i = 0;
    for (; *p && i < sizeof w->status - 1; i++)
        w->status[i] = *p++;
    w->status[i] = 0;
    return w->pid = (int)pid;
}

int exit_code(const char *status)
{
    uint64_t n;
    if (!*status)
        return 0;
    return parse_number(status, &n) && n <= 255 ? (int)n : 1;
}
