/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Processes. One hart: `up` is the running process, NULL while the scheduler idles.
 */
#ifndef PROC_H
#define PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lock.h"
#include "mmu.h"
#include "segment.h"
#include "../include/tarry/abi.h"
#include "../../traces/events.h"

typedef struct Chan Chan; /* chan.h */

enum { TSEG, DSEG, SSEG, ESEG, NSEG = ESEG + 16 }; /* text, data+bss+heap, stack, attached ones */

enum procstate { PROC_FREE, PROC_READY, PROC_RUNNING, PROC_WAITING, PROC_ZOMBIE };

/* Registers of the interrupted program, as trap.S saves them at the top of the kernel stack. */
typedef struct Ureg {
    uint64_t x[32]; /* x[0] unused */
    uint64_t pc;    /* sepc */
    uint64_t status, cause, tval;
} Ureg;

/* Descriptor table, counted: shared by rfork without RFFDG. */
typedef struct Fgrp {
    uint32_t ref;
    Chan *fd[TARRY_NFD];
} Fgrp;

struct Proc {
    enum procstate state;
    uint32_t pid;         /* never reused */
    uint32_t noteid;      /* note group: ctrl-C goes to the console's foreground group */
    Proc *parent;         /* NULL: the kernel */
    Proc *waitnext;       /* in a Rendez or the ready queue */
    Segment *seg[NSEG];   /* NULL: none */
    Space *space;         /* hardware's view of seg */
    Fgrp *fds;
    Chan *dot;            /* working directory */
    char path[TARRY_PATH_MAX + 1]; /* its name */
    char name[64];        /* program */
    Ureg *ureg;           /* user registers, valid in the kernel */
    uint64_t id;          /* trace row of the process */
    uint64_t cause;       /* trace row of what it is busy with (trace.h) */
    uint64_t fault;       /* trace row of its newest page fault */
    uint64_t image;       /* its program's number in the trace (traceimage) */
    uint64_t pc;          /* of the user's instruction at which it entered the kernel */
    uint64_t utime_ns;    /* virtual time on the hart */
    char errstr[256];     /* text of the last error */
    bool killed;          /* it ends at the next return to user mode */
    bool notepending;     /* a note waits to be dealt with then (note.c) */
    /* the rest is private to proc.c and trap.S: see procprivate.h */
    struct ProcPrivate *priv;
};

extern Proc *up;

/* The segment of p that holds va, NULL if none. */
Segment *segfor(Proc *p, uint64_t va);
/* Calls fn for every process that has s attached (to change their hardware views). */
void eachmapping(Segment *s, void (*fn)(Proc *p, void *arg), void *arg);
/* Records the text of an error for errstr; returns -code. Use: return error(T_EIO, "%s: block %lu", name, blk); */
int error(int code, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * For loops in the kernel that take long and need not sleep: lets interrupts in and others run. 0, or -T_EINTR if the
 * process has been sent a note.
 */
int breathe(void);
/* Is the process to end, or to deal with a note? Then what takes long ends with EINTR. */
static inline bool interrupted(const Proc *p)
{
    return p->killed || p->notepending;
}
/* Sends p a note; if it sleeps where it may be interrupted it wakes. 0, or -T_EAGAIN: it has too many unread ones. */
int postnote(Proc *p, const char *text);
/* Ends p with a status at its next return to user mode, whatever it does about notes. */
void killproc(Proc *p, const char *status);

void panic(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
int print(const char *fmt, ...) __attribute__((format(printf, 1, 2))); /* to the console */
/* As snprintf, without floating point. Returns the length that the whole text has. */
int format(char *buf, size_t n, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
#define ASSERT(cond, rule) ((cond) ? (void)0 : panic("%s:%d: %s: %s", __FILE__, __LINE__, rule, #cond))

uint64_t nanoseconds(void);          /* virtual time since boot */
extern QLock fslock;                 /* over every call of the tfs core */
extern struct tfs *rootfs;
extern enum ev_enum_io_policy io_policy; /* --io, from the boot arguments */
int fserror(int64_t tfs_code);       /* negative TFS_E code to negative T_ code with errstr set */

#endif
