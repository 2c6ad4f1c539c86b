/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a guest program can ask of Tarry beyond the C library: the system calls as they are (sys_...), the same with the
 * C library's errno, and the few helpers that the programs of this directory share. docs/syscalls.md tells what each
 * call does. Ordinary C programs need none of this: <stdio.h>, <unistd.h>, <fcntl.h>, <dirent.h> and the rest work.
 */
#ifndef TARRY_H
#define TARRY_H

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <tarry/abi.h>

/* ---- The system calls. Result of the kernel as it is: -4095..-1 is minus an error code; errno is not touched. ---- */

long sys_rfork(long flags);
long sys_exec(const char *path, char *const argv[]);
long sys_exits(const char *status);
long sys_await(char *buf, size_t n);
long sys_open(const char *path, int mode);
long sys_create(const char *path, int mode, uint32_t perm);
long sys_close(int fd);
long sys_dup(int fd, int newfd);
long sys_pipe(int fds[2]);
long sys_pread(int fd, void *buf, size_t n, int64_t offset);
long sys_pwrite(int fd, const void *buf, size_t n, int64_t offset);
long sys_seek(int fd, int64_t offset, int whence);
long sys_stat(const char *path, struct tarry_stat *st);
long sys_fstat(int fd, struct tarry_stat *st);
long sys_wstat(const char *path, const struct tarry_wstat *st);
long sys_remove(const char *path);
long sys_chdir(const char *path);
long sys_getcwd(char *buf, size_t n);
long sys_segattach(int attr, const char *class_name, uintptr_t va, size_t len);
long sys_segdetach(uintptr_t va);
long sys_segfree(uintptr_t va, size_t n);
long sys_brk(uintptr_t va);
long sys_sleep(uint64_t ns);
long sys_nsec(void);
long sys_getpid(void);
long sys_errstr(char *buf, size_t n);
long sys_notify(uintptr_t handler);
long sys_sync(void);
long sys_noted(int how);
long sys_alarm(uint64_t ms);
long sys_segzero(uintptr_t va, size_t n);
long sys_cwrite(int fd, const void *buf, size_t n, int64_t offset, uint64_t version);

/* ---- Plan 9's names. Failure: -1 and errno, unless said otherwise; errstr has the text. ---- */

/* A new process (RFPROC): its number in the parent, 0 in the child; RFFDG, RFNOTEG, RFNOWAIT as in abi.h. */
int rfork(int flags);
/* Replaces the program by the file `path`; argv ends with NULL. Returns only on failure. */
int exec(const char *path, char *const argv[]);
/* Ends the process at once, without flushing stdio. NULL or "" is success; a decimal number is an exit code. */
_Noreturn void exits(const char *status);

/* What await tells of a child that has ended. */
struct waitmsg {
    int pid;
    uint64_t utime_ns; /* virtual nanoseconds it was on the hart */
    char status[256];  /* "" for success, else what exits was given or the note that killed it */
};
/* Waits for a child to end; its number. -1 with ECHILD if there is none. */
int await(struct waitmsg *w);
/* The exit code that a status text stands for: "" 0, "N" N (0..255), any other text 1. */
int exit_code(const char *status);

/* Creates or truncates and opens; with DMDIR in perm makes a directory. Returns a descriptor. */
int create(const char *path, int mode, uint32_t perm);
/* Moves the descriptor's offset; returns the new one in bytes. whence: SEEK_FROM_... */
int64_t seek(int fd, int64_t offset, int whence);
/* Facts of a file by name, of an open file; changes of a file by name. 0 on success. */
int dirstat(const char *path, struct tarry_stat *st);
int dirfstat(int fd, struct tarry_stat *st);
int dirwstat(const char *path, const struct tarry_wstat *st);

/*
 * Attaches len bytes of memory (rounded up to whole pages) at va (a multiple of the page; NULL: the kernel
 * chooses). class_name: "memory" or "defer"; attr: SG_SHARED, SG_RONLY. Returns the address, (void *)-1 on failure.
 */
void *segattach(int attr, const char *class_name, void *va, size_t len);
int segdetach(void *va);         /* detaches the segment that holds va; 0 */
/*
 * Bytes [va, va + n) become zero, as by memset, which calls this itself for large parts of deferred segments: whole
 * pages are not loaded for it. 0 on success.
 */
int segzero(void *va, size_t n);
/*
 * pwrite if the file has not changed: its version (dirfstat) is still `version`; or, for CWRITE_READ, all that would be
 * written is what the buffer was read from. Else -1 and ESTALE, and nothing is written. Bytes written; one more version.
 */
ssize_t cwrite(int fd, const void *buf, size_t n, int64_t offset, uint64_t version);
/*
 * From now on memory for malloc comes from a deferred segment of n bytes, so that reads into it are deferred: to be
 * called before the first malloc. 0 on success.
 */
int malloc_deferred(size_t n);
int segfree(void *va, size_t n); /* bytes [va, va + n) read as zeros from now on; their pages are given back; 0 */

/* The room in the file system, in blocks: /dev/fs. */
struct fsspace {
    uint64_t blocksize; /* bytes */
    uint64_t blocks, free;
    uint64_t held;      /* by snapshots of processes, by removed files that are open, by swap */
    uint64_t snapshots; /* of processes */
    uint64_t epoch;
};
int fsspace(struct fsspace *); /* 0, or -1 and errno */

uint64_t nsec(void);             /* virtual nanoseconds since boot */
int nsleep(uint64_t ns);         /* sleeps so many virtual nanoseconds; 0: lets others run */
int errstr(char *buf, size_t n); /* the text of the last error of a system call; its length */

/* ---- Notes ---- */

/*
 * Gets a note that was sent to the process ("interrupt", "alarm", "sys: trap: ...", ...) and the registers that it
 * interrupted, which it may change. It ends with noted, or notejmp; if it returns, the default action follows. Until
 * then other notes wait.
 */
typedef void note_handler(struct tarry_ureg *, char *note);
#define NOTE_DEFAULT ((note_handler *)NOTIFY_DEFAULT) /* a note ends the process; it is its status */
#define NOTE_IGNORE ((note_handler *)NOTIFY_IGNORE)   /* notes but those of traps do nothing */
int notify(note_handler *); /* 0 */
int noted(int how);         /* NCONT, NDFLT; returns only on failure */
_Noreturn void notejmp(struct tarry_ureg *, jmp_buf, int value); /* out of the handler: setjmp returns value */
enum { NOTE_PROCESS, NOTE_GROUP };
int postnote(int to, int pid, const char *note); /* to the process, or its note group but for the caller; 0 */
long alarm_ms(uint64_t ms); /* the note "alarm" in so many ms (0: none); what was left of the last alarm */

/* ---- What the programs here share; none of it uses stdio. ---- */

extern const char *argv0; /* last element of argv[0] */

/* "argv0: what: text of the last error" on descriptor 2. */
void complain(const char *what);
/* "argv0: what: why" on descriptor 2; without "what: " if that is empty. */
void complain_of(const char *what, const char *why);
/* "usage: text" on descriptor 2; ends the program with status 2. */
_Noreturn void usage(const char *text);
/* True if argc > 1 and argv[1] is --help: the usage was then written to descriptor 1. */
bool help_asked(int argc, char **argv, const char *text);
/* A decimal number; false if s is anything else or does not fit. */
bool parse_number(const char *s, uint64_t *value);
/* Decimal text of v at p, with a sign if v is negative; returns the end. No NUL. */
char *put_number(char *p, int64_t v);
/* Copies s to p; returns the end. No NUL. */
char *put_text(char *p, const char *s);
/* After a failed write to the output: says so, unless nobody reads the pipe any more. Returns 1. */
int output_failed(void);
/*
 * Flushes stdout at the end of a program that uses stdio: status, or 1 after a message if something could not be
 * written.
 */
int finish_output(int status);
/* Writes all n bytes at the descriptor's offset. 0, or -1 and errno. */
int write_all(int fd, const void *buf, size_t n);
/* dir/name in buf of TARRY_PATH_MAX + 1 bytes. 0, or -1 and ENAMETOOLONG. */
int join_path(char *buf, const char *dir, const char *name);

#endif
