/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The part of a process that only the base of the kernel knows: its stack, its saved registers, its
 * family. And what proc.c, lock.c, trap.c and sysproc.c share.
 */
#ifndef PROCPRIVATE_H
#define PROCPRIVATE_H

#include "io.h"
#include "proc.h"

enum {
    KSTACK = 16384,     /* bytes of a kernel stack; a canary at its low end is checked at every switch */
    STATUS_MAX = 128,   /* bytes of an exit status or a note, with the NUL */
    NOTES = 5,          /* most notes that wait for a process */
    MAX_FAMILY = 1024,  /* children and wait records of a process */
    PANIC_STATUS = 125  /* exit status of the machine after a panic */
};

/* Registers that a call preserves: order known to switch.S. */
struct context {
    uint64_t ra, sp, s[12];
};

/* Floating-point registers: order known to trap.S. */
struct fpstate {
    uint64_t f[32], fcsr;
};

/* What await tells of a child. Made with the child, so that exits cannot fail. */
typedef struct WaitRecord {
    struct WaitRecord *next;
    uint32_t pid;
    uint64_t utime_ns;
    char status[STATUS_MAX];
} WaitRecord;

/* What a process has to do with notes (note.c). */
struct notes {
    uint64_t handler;              /* NOTIFY_DEFAULT, NOTIFY_IGNORE, or the address of its handler */
    unsigned first, n;             /* of the queue, used as a ring */
    char queue[NOTES][STATUS_MAX]; /* sent, not yet dealt with */
    bool handling;                 /* it is in its handler, ... */
    char current[STATUS_MAX];      /* ... for this one, ... */
    uint64_t ureg;                 /* ... which has the interrupted registers there, ... */
    struct fpstate fp;             /* ... and these were its floating-point registers */
};

struct ProcPrivate {
    struct context context;  /* where it left the hart */
    struct fpstate fp;       /* valid unless fpowner is this process and its FS is dirty */
    char *stack;             /* lowest byte of its kernel stack */
    Rendez *interruptible;   /* where it sleeps if a note may wake it */
    Proc *next, *prev;       /* all processes, oldest first */
    void (*start)(void);     /* first process: what it does in the kernel before it enters user mode */
    WaitRecord *record;      /* given to the parent at exit; NULL with RFNOWAIT */
    WaitRecord *waits;       /* children that ended, oldest first */
    Rendez waiting;          /* await */
    unsigned nchildren;      /* awaited ones that live */
    unsigned nwaits;         /* on `waits` */
    uint64_t brk;            /* end of the data segment as the program sees it */
    uint64_t since_ns;       /* when it got the hart */
    uint64_t syscall;        /* trace row of the system call it is in, 0: none */
    uint64_t syscall_insns;  /* instructions retired when that began */
    uint64_t syscall_text;   /* what its text argument says, as a string of the trace */
    char status[STATUS_MAX]; /* it ends with, if killed */
    struct notes notes;
    Timer alarm;             /* when it expires a note is sent */
};

/* proc.c */
void procinit(void);
void procstart(void (*start)(void)); /* makes the first process */
void scheduler(void) __attribute__((noreturn));
void schedule(enum ev_enum_switch_reason, enum ev_enum_wait); /* leaves the hart; the state has been set */
void ready(Proc *);
void yield(enum ev_enum_switch_reason);
void returntouser(void); /* the last thing before user mode: notes are dealt with; it ends if killed */
void procbegin(void);
void procexit(const char *status) __attribute__((noreturn));
int64_t procfork(int flags);
int64_t procawait(char *text, size_t n); /* text of a wait record */
Proc *procbypid(uint32_t pid);
Proc *procafter(uint32_t pid); /* the process with the next higher pid, NULL if none */
void clearfp(void);      /* exec: the new program begins with zeros */
void savefp(struct fpstate *);          /* floating-point registers of the running process */
void restorefp(const struct fpstate *);
Fgrp *copyfds(Fgrp *);   /* NULL: no memory */
void putfds(Fgrp *);

/* note.c */
void notegroup(uint32_t noteid, const Proc *except, const char *text); /* to everyone in the group but one (or NULL) */
void trapnote(const char *text); /* the running process has trapped */
void deliver(void);              /* the first note that waits for the running process: to its handler, or its end */
void inheritnotes(struct notes *child, const struct notes *from);
void execnotes(void);            /* a new program has no handler */

/* lock.c */
void interruptsleep(Proc *);

/* trap.c */
void trap(Ureg *);
void kerneltrap(Ureg *);
void pollinterrupts(void);

/* trap.S, switch.S, boot.S */
extern char trapentry[], procentry[], bootstack[];
void switchto(struct context *from, const struct context *to);
void fpsave(struct fpstate *);
void fpload(const struct fpstate *);

/* syscall.c */
void syscall(Ureg *);
void endsyscall(int64_t result); /* ends the trace row of the call that the running process is in */

/* print.c */
const char *errortext(int code);

#endif
