/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The system-call interface of the Tarry guest OS, shared by the kernel and
 * the C library glue. docs/syscalls.md explains each call.
 *
 * Convention: ecall from U mode, a7 = number, a0..a5 = arguments, result in
 * a0. A result in -4095..-1 is an error: minus a code of TARRY_ERRORS; the
 * text of the last error of the process is had by errstr.
 */
#ifndef TARRY_ABI_H
#define TARRY_ABI_H

#include <stdint.h>

/* number, name, arguments as text (for the trace), what it does */
#define TARRY_SYSCALLS(X)                                                                              \
    X(1, rfork, "flags", "new process (RFPROC) or change of this one's note group")                    \
    X(2, exec, "path argv", "replace the program of this process")                                     \
    X(3, exits, "status", "end this process; an empty or null status is success")                      \
    X(4, await, "buf n", "wait for a child; text 'pid utime_ns status' into buf")                      \
    X(5, open, "path mode", "open a file")                                                             \
    X(6, create, "path mode perm", "create or truncate and open a file, or make a directory")          \
    X(7, close, "fd", "close a file descriptor")                                                       \
    X(8, dup, "fd newfd", "duplicate a file descriptor (newfd -1: lowest free)")                       \
    X(9, pipe, "fds", "make a pipe; fds[0] is read, fds[1] is written")                                \
    X(10, pread, "fd buf n offset", "read at offset; offset -1: at the descriptor's own, advancing it") \
    X(11, pwrite, "fd buf n offset", "write at offset; offset -1 as for pread")                        \
    X(12, seek, "fd offset whence", "move the descriptor's offset; returns the new one")               \
    X(13, stat, "path statbuf", "facts of a file by name")                                             \
    X(14, fstat, "fd statbuf", "facts of an open file")                                                \
    X(15, wstat, "path wstatbuf", "change name, mode or length of a file")                             \
    X(16, remove, "path", "remove a file or an empty directory")                                       \
    X(17, chdir, "path", "change the working directory")                                               \
    X(18, getcwd, "buf n", "name of the working directory")                                            \
    X(19, segattach, "attr class va len", "attach a segment; va 0: the kernel chooses")                \
    X(20, segdetach, "va", "detach the segment that holds va")                                         \
    X(21, segfree, "va n", "give back the pages of a range: it reads as zeros afterwards")             \
    X(22, brk, "va", "set the end of the data segment; 0 asks for it")                                 \
    X(23, sleep, "ns", "sleep so many nanoseconds of virtual time (0: yield)")                         \
    X(24, nsec, "", "virtual time in nanoseconds since boot")                                          \
    X(25, getpid, "", "process number")                                                                \
    X(26, errstr, "buf n", "text of this process's last error")                                        \
    X(27, notify, "handler", "what notes do: NOTIFY_DEFAULT, NOTIFY_IGNORE or a handler's address")    \
    X(28, sync, "", "commit every file system")                                                        \
    X(29, segzero, "va n", "zero a range; whole pages are not loaded for it")                          \
    X(30, cwrite, "fd buf n offset version", "write at offset if the file has not changed since it was read") \
    X(32, noted, "how", "end of a note's handler: NCONT or NDFLT")                                     \
    X(33, alarm, "ms", "note 'alarm' in so many milliseconds (0: none); what was left of the last")

#define X(n, name, args, doc) SYS_##name = n,
enum { TARRY_SYSCALLS(X) SYS_MAX = 33 };
#undef X

/* code, name, text. The codes are those of the usual errno.h, so that the C library need not translate. */
#define TARRY_ERRORS(X)                                         \
    X(1, EPERM, "operation not permitted")                      \
    X(2, ENOENT, "file does not exist")                         \
    X(4, EINTR, "interrupted")                                  \
    X(5, EIO, "i/o error")                                      \
    X(7, E2BIG, "arguments too long")                           \
    X(8, ENOEXEC, "not an executable")                          \
    X(9, EBADF, "bad file descriptor")                          \
    X(10, ECHILD, "no living children")                         \
    X(11, EAGAIN, "no free process")                            \
    X(12, ENOMEM, "out of memory")                              \
    X(13, EACCES, "permission denied")                          \
    X(14, EFAULT, "bad address in system call")                 \
    X(17, EEXIST, "file already exists")                        \
    X(20, ENOTDIR, "not a directory")                           \
    X(21, EISDIR, "is a directory")                             \
    X(22, EINVAL, "bad argument")                               \
    X(24, EMFILE, "too many open files")                        \
    X(27, EFBIG, "file too large")                              \
    X(28, ENOSPC, "file system full")                           \
    X(29, ESPIPE, "cannot seek")                                \
    X(30, EROFS, "read-only")                                   \
    X(32, EPIPE, "write on closed pipe")                        \
    X(88, ENOSYS, "no such system call")                        \
    X(90, ENOTEMPTY, "directory not empty")                     \
    X(91, ENAMETOOLONG, "name too long")                        \
    X(133, ESTALE, "the file has changed")

#define X(n, name, text) T_##name = n,
enum { TARRY_ERRORS(X) };
#undef X

/* open, create: mode (Plan 9's) */
enum {
    OREAD = 0,
    OWRITE = 1,
    ORDWR = 2,
    OEXEC = 3,
    OTRUNC = 0x10,  /* truncate on open */
    OAPPEND = 0x20, /* every write goes to the end */
    OEXCL = 0x1000, /* create: the file must not exist */
};

/* mode bits of a file (Plan 9's) */
#define DMDIR 0x80000000u    /* directory */
#define DMAPPEND 0x40000000u /* append-only */

/* rfork flags (Plan 9's values) */
enum {
    RFFDG = 1 << 2,   /* copy the descriptor table (else it is shared) */
    RFPROC = 1 << 4,  /* make a process */
    RFMEM = 1 << 5,   /* share data and bss segments (reserved: refused for now) */
    RFNOTEG = 1 << 3, /* new note group */
    RFNOWAIT = 1 << 6 /* the child is not awaited */
};

/* cwrite: version for "what the buffer was read from", block by block */
#define CWRITE_READ UINT64_MAX

/* seek */
enum { SEEK_FROM_START = 0, SEEK_FROM_HERE = 1, SEEK_FROM_END = 2 };

/* segattach: attr */
enum {
    SG_SHARED = 1,  /* fork shares the segment instead of copying it on write */
    SG_RONLY = 2,   /* stores fault */
};
/*
 * segattach: classes by name: "memory" zero-fill; "defer" zero-fill, reads into it by the policy of the run;
 * "defer:POLICY" the same by another (docs/policies.md)
 */

/* notify: these, or the address of void handler(struct tarry_ureg *, char *note) */
enum { NOTIFY_DEFAULT = 0, NOTIFY_IGNORE = 1 };

/* noted (Plan 9's values) */
enum {
    NCONT = 0, /* go on with the registers as they are in the handler's tarry_ureg */
    NDFLT = 1, /* the default action: the note ends the process */
};

#define TARRY_NOTE_MAX 127 /* bytes of a note, without the NUL */

/* Registers that a note interrupted. A handler may change x[1..31] and pc. */
struct tarry_ureg {
    uint64_t x[32]; /* x[0] is unused */
    uint64_t pc;
    uint64_t status, cause, tval; /* sstatus, scause, stval */
};

#define TARRY_NAME_MAX 255   /* bytes of a file name, without the NUL */
#define TARRY_PATH_MAX 1023  /* bytes of a path, without the NUL */
#define TARRY_ARG_MAX 65536  /* bytes of all arguments with their NULs */
#define TARRY_NFD 64         /* descriptors of a process */

/* stat, fstat; a read of a directory gives an array of these, whole ones only */
struct tarry_stat {
    uint64_t path;     /* identity of the file in its server (qid.path) */
    uint64_t version;  /* changes with every write (qid.vers) */
    uint64_t length;   /* bytes */
    uint64_t mtime_ns; /* virtual nanoseconds */
    uint32_t mode;     /* permission bits, DMDIR, DMAPPEND */
    uint32_t dev;      /* letter of the device: 'f' file system, 'c' console, '|' pipe, 'p' proc, ... */
    char name[TARRY_NAME_MAX + 1];
};

/* wstat: a field of all ones, an empty name: leave as it is */
struct tarry_wstat {
    uint64_t length;
    uint32_t mode;
    uint32_t pad;
    char name[TARRY_NAME_MAX + 1]; /* new name in the same directory; with '/', a path: moved there */
};

/* User addresses: all below TARRY_USER_TOP; a fresh stack ends there. */
#define TARRY_USER_TOP 0x3ffffff000ull
#define TARRY_PAGE 4096ull

/*
 * At the first instruction of a program: sp -> argc (8 bytes), then argc pointers
 * to the arguments, a null pointer, and the strings; sp is 16-byte aligned.
 */
#endif
