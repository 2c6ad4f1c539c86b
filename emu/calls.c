/* SPDX-License-Identifier: GPL-2.0-only */
#include "calls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../traces/code.h"
#include "loader.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
#define MOST_TEXT 65536

/* Made from the kernel's own headers (emu/calls.awk): the numbers that all newer architectures share, and riscv's. */
static const struct call_word linux_calls[] = {
#include "linux_calls.inc"
};
static const struct call_word linux_errors[] = {
#include "linux_errors.inc"
};

/* As in xv6-riscv's kernel/syscall.h. */
static const char *const xv6_calls[] = {
    [1] = "fork", "exit", "wait", "pipe", "read", "kill", "exec", "fstat", "chdir", "dup", "getpid", "sbrk", "sleep",
    "uptime", "open", "write", "mknod", "unlink", "link", "mkdir", "close",
};

/*
 * The arguments of calls, by name, as letters (call_word). The kernels agree on what they share, but for open and exec,
 * which Linux of this architecture does not have.
 */
static const struct signature {
    const char *name, *arguments;
} signatures[] = {
    {"accept", "dxx"}, {"accept4", "dxxx"}, {"bind", "dxn"}, {"brk", "x"}, {"chdir", "s"}, {"chroot", "s"},
    {"clock_getres", "dx"}, {"clock_gettime", "dx"}, {"clock_nanosleep", "ddxx"}, {"clone", "xxxxx"},
    {"clone3", "xn"}, {"close", "d"}, {"connect", "dxn"}, {"dup", "d"}, {"dup3", "ddx"}, {"epoll_create1", "x"},
    {"epoll_ctl", "dddx"}, {"epoll_pwait", "dxddxn"}, {"eventfd2", "nx"}, {"exec", "sx"}, {"execve", "sxx"},
    {"execveat", "fsxxx"}, {"exit", "d"}, {"exit_group", "d"}, {"faccessat", "fso"}, {"faccessat2", "fsox"},
    {"fadvise64", "dnnd"}, {"fallocate", "dxnn"}, {"fchdir", "d"}, {"fchmod", "do"}, {"fchmodat", "fso"},
    {"fchown", "ddd"}, {"fchownat", "fsddx"}, {"fcntl", "ddx"}, {"fdatasync", "d"}, {"flock", "dx"}, {"fork", ""},
    {"fstat", "dx"}, {"fstatfs", "dx"}, {"fsync", "d"}, {"ftruncate", "dn"}, {"futex", "xdnxxn"}, {"getcwd", "xn"},
    {"getdents64", "dxn"}, {"getegid", ""}, {"geteuid", ""}, {"getgid", ""}, {"getgroups", "dx"}, {"getpgid", "d"},
    {"getpid", ""}, {"getppid", ""}, {"getrandom", "xnx"}, {"getrusage", "dx"}, {"getsid", "d"},
    {"getsockname", "dxx"}, {"getsockopt", "dddxx"}, {"gettid", ""}, {"gettimeofday", "xx"}, {"getuid", ""},
    {"ioctl", "dxx"}, {"kill", "dd"}, {"link", "ss"}, {"linkat", "fsfsx"}, {"listen", "dd"}, {"lseek", "ddd"},
    {"madvise", "xnd"}, {"membarrier", "dxd"}, {"memfd_create", "sx"}, {"mincore", "xnx"}, {"mkdir", "s"},
    {"mkdirat", "fso"}, {"mknod", "sdd"}, {"mknodat", "fsox"}, {"mlock", "xn"}, {"mmap", "xnxxdn"},
    {"mount", "ssxxx"}, {"mprotect", "xnx"}, {"mremap", "xnnxx"}, {"msync", "xnx"}, {"munlock", "xn"},
    {"munmap", "xn"}, {"nanosleep", "xx"}, {"newfstatat", "fsxx"}, {"open", "so"}, {"openat", "fsxo"},
    {"openat2", "fsxn"}, {"personality", "x"}, {"pipe", "x"}, {"pipe2", "xx"}, {"pivot_root", "ss"},
    {"ppoll", "xnxxn"}, {"prctl", "dxxxx"}, {"pread64", "dxnn"}, {"preadv", "dxnn"}, {"prlimit64", "ddxx"},
    {"pselect6", "dxxxxx"}, {"pwrite64", "dxnn"}, {"pwritev", "dxnn"}, {"read", "dxn"}, {"readahead", "dnn"},
    {"readlinkat", "fsxn"}, {"readv", "dxn"}, {"reboot", "xxxx"}, {"recvfrom", "dxnxxx"}, {"recvmsg", "dxx"},
    {"renameat", "fsfs"}, {"renameat2", "fsfsx"}, {"riscv_flush_icache", "xxx"}, {"riscv_hwprobe", "xnnxx"},
    {"rseq", "xnxx"}, {"rt_sigaction", "dxxn"}, {"rt_sigpending", "xn"}, {"rt_sigprocmask", "dxxn"},
    {"rt_sigreturn", ""}, {"rt_sigsuspend", "xn"}, {"rt_sigtimedwait", "xxxn"}, {"sbrk", "d"}, {"sched_yield", ""},
    {"sendfile", "ddxn"}, {"sendmsg", "dxx"}, {"sendto", "dxnxxn"}, {"set_robust_list", "xn"},
    {"set_tid_address", "x"}, {"setgid", "d"}, {"setgroups", "dx"}, {"sethostname", "xn"}, {"setpgid", "dd"},
    {"setresgid", "ddd"}, {"setresuid", "ddd"}, {"setsid", ""}, {"setsockopt", "dddxn"}, {"setuid", "d"},
    {"shutdown", "dd"}, {"sigaltstack", "xx"}, {"signalfd4", "dxnx"}, {"sleep", "d"}, {"pause", "d"},
    {"socket", "ddd"}, {"socketpair", "dddx"}, {"splice", "dxdxnx"}, {"statfs", "sx"}, {"statx", "fsxxx"},
    {"swapoff", "s"}, {"swapon", "sx"}, {"symlinkat", "sfs"}, {"sync", ""}, {"sysinfo", "x"}, {"tgkill", "ddd"},
    {"times", "x"}, {"tkill", "dd"}, {"truncate", "sn"}, {"umask", "o"}, {"umount2", "sx"}, {"uname", "x"},
    {"unlink", "s"}, {"unlinkat", "fsx"}, {"unshare", "x"}, {"uptime", ""}, {"utimensat", "fsxx"}, {"wait", "x"},
    {"wait4", "dxdx"}, {"waitid", "ddxdx"}, {"write", "dxn"}, {"writev", "dxn"},
};

static bool is_one_of(const char *name, const char *const *list)
{
    while (*list && strcmp(*list, name))
        list++;
    return *list;
}

static void add(struct calls *c, uint64_t number, const char *name)
{
    static const char *const forks[] = {"fork", "clone", "clone3", NULL};
    static const char *const ends[] = {"exit", "exit_group", "rt_sigreturn", NULL};
    if (number >= CALLS || c->table[number].name)
        return;
    struct call *call = &c->table[number];
    *call = (struct call){.name = name, .forks = is_one_of(name, forks), .ends = is_one_of(name, ends)};
    for (size_t i = 0; i < COUNT(signatures); i++)
        if (!strcmp(signatures[i].name, name))
            call->arguments = signatures[i].arguments;
}

static void add_linux(struct calls *c)
{
    c->whose = "linux";
    for (size_t i = 0; i < COUNT(linux_calls); i++)
        add(c, linux_calls[i].number, linux_calls[i].name);
    for (size_t i = 0; i < COUNT(linux_errors) && i < CALLS_ERRORS; i++)
        c->errors[c->nerrors++] = linux_errors[i];
}

static void add_xv6(struct calls *c)
{
    c->whose = "xv6";
    for (unsigned i = 0; i < COUNT(xv6_calls); i++)
        if (xv6_calls[i])
            add(c, i, xv6_calls[i]);
}

/* ---- a kernel with a table of its calls: xv6, and what classes make of it ---- */

struct entry {
    uint64_t number;
    struct code_pc function;
};

static int by_function(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    return x->function.pc < y->function.pc ? -1 : x->function.pc > y->function.pc;
}

/* The functions that the array points to, in order of their addresses. */
static size_t read_table(const struct loader *l, struct entry *entries)
{
    const uint8_t *at;
    uint64_t bytes, va;
    size_t n = 0;
    if (!loader_object(l, "syscalls", &at, &bytes))
        return 0;
    for (uint64_t i = 0; i < bytes / 8 && i < CALLS; i++) {
        memcpy(&va, at + 8 * i, 8);
        if (va)
            entries[n++] = (struct entry){i, {.pc = va}};
    }
    qsort(entries, n, sizeof *entries, by_function);
    return n;
}

static void name_functions(struct calls *c, const struct loader *l, const struct entry *entries, size_t n)
{
    static const char prefix[] = "sys_";
    struct code_pc *pcs = calloc(n + 1, sizeof *pcs);
    struct code_symbol *symbols = calloc(n + 1, sizeof *symbols);
    size_t used = 0;
    c->text = malloc(MOST_TEXT);
    for (size_t i = 0; pcs && i < n; i++)
        pcs[i] = entries[i].function;
    if (pcs && symbols && c->text && code_symbols((void *)l->bytes, l->size, pcs, n, symbols))
        for (size_t i = 0; i < n; i++) {
            const char *name = symbols[i].name;
            if (!name || symbols[i].address != pcs[i].pc || strncmp(name, prefix, sizeof prefix - 1))
                continue;
            size_t length = strlen(name += sizeof prefix - 1) + 1;
            if (length > MOST_TEXT - used)
                continue;
            add(c, entries[i].number, memcpy(c->text + used, name, length));
            used += length;
            c->whose = "kernel";
        }
    free(pcs);
    free(symbols);
}

static int look_at(struct calls *c, const char *kernel, char *err, size_t errlen)
{
    static struct entry entries[CALLS];
    struct loader l;
    uint64_t value;
    if (loader_open(&l, kernel, err, errlen) != 0)
        return -1;
    if (loader_is_image(&l) || loader_symbol(&l, "linux_banner", &value))
        add_linux(c);
    else
        name_functions(c, &l, entries, read_table(&l, entries));
    loader_close(&l);
    return 0;
}

static void list_words(struct calls *c)
{
    for (unsigned i = 0; i < CALLS; i++)
        if (c->table[i].name)
            c->words[c->nwords++] = (struct call_word){i, c->table[i].name, c->table[i].arguments};
}

int calls_find(struct calls *c, const char *option, const char *kernel, char *err, size_t errlen)
{
    memset(c, 0, sizeof *c);
    c->whose = "none";
    if (!option || !strcmp(option, "auto")) {
        if (look_at(c, kernel, err, errlen) != 0)
            return -1;
    } else if (!strcmp(option, "linux")) {
        add_linux(c);
    } else if (!strcmp(option, "xv6")) {
        add_xv6(c);
    }
    list_words(c);
    return 0;
}

void calls_free(struct calls *c)
{
    free(c->text);
    c->text = NULL;
}

const struct call *calls_of(const struct calls *c, uint64_t number)
{
    static const struct call unknown;
    return c && number < CALLS ? &c->table[number] : &unknown;
}
