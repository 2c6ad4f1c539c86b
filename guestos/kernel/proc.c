/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Processes: the scheduler, the making and the ending of them.
 *
 * Kernel stacks come from a pool made at boot, one 32nd of memory or a little more: that bounds the number of
 * processes, so that a program that forks without end gets EAGAIN while the kernel still has memory to run. The
 * scheduler runs on the boot stack: it is also where a stack that nobody uses any more is given back.
 */
#include <string.h>
#include "chan.h"
#include "cons.h"
#include "io.h"
#include "page.h"
#include "procprivate.h"
#include "riscv.h"
#include "shutdown.h"
#include "trace.h"

enum { STACK_SHARE = 32, MIN_STACKS = 48, MAX_STACKS = 4096 };
#define CANARY 0x5441525259535441ull

Proc *up;

static struct context schedulercontext;
static Rendez readyqueue;            /* linked by waitnext, as a Rendez is */
static Proc *procs, *lastproc;       /* all, oldest first */
static unsigned nprocs;
static Proc *firstproc;              /* when it ends, the machine does */
static bool ending;                  /* no new processes */
static Rendez procgone;              /* the first process waits here for the others to end */
static uint32_t nextpid = 1;
static Proc *fpowner;                /* whose floating-point registers the hart holds */
static char *freestacks;             /* linked through their first word */

/* ---- stacks ---- */

void procinit(void)
{
    uint64_t n = totalpages() * PGSIZE / STACK_SHARE / KSTACK;
    n = n < MIN_STACKS ? MIN_STACKS : n > MAX_STACKS ? MAX_STACKS : n;
    Page *p = newpages(n * (KSTACK / PGSIZE));
    if (p == NULL)
        panic("no memory for kernel stacks");
    for (char *stack = (char *)pagekva(p) + n * KSTACK; n > 0; n--) {
        stack -= KSTACK;
        *(char **)stack = freestacks;
        freestacks = stack;
    }
    *(uint64_t *)bootstack = CANARY;
}

static char *newstack(void)
{
    char *stack = freestacks;
    if (stack == NULL)
        return NULL;
    freestacks = *(char **)stack;
    *(uint64_t *)stack = CANARY;
    return stack;
}

static void checkstack(const Proc *p)
{
    if (*(uint64_t *)p->priv->stack != CANARY || *(uint64_t *)bootstack != CANARY)
        panic("kernel stack of process %u overflowed", p->pid);
}

/* ---- making and forgetting a process ---- */

static void freeproc(Proc *p)
{
    struct ProcPrivate *v = p->priv;
    if (v != NULL) {
        if (v->stack != NULL) {
            *(char **)v->stack = freestacks;
            freestacks = v->stack;
        }
        while (v->waits != NULL) {
            WaitRecord *w = v->waits;
            v->waits = w->next;
            kfree(w);
        }
        kfree(v->record);
        kfree(v);
    }
    kfree(p);
}

static void link(Proc *p)
{
    p->priv->prev = lastproc;
    if (lastproc != NULL)
        lastproc->priv->next = p;
    else
        procs = p;
    lastproc = p;
    nprocs++;
}

static void unlink(Proc *p)
{
    struct ProcPrivate *v = p->priv;
    if (v->prev != NULL)
        v->prev->priv->next = v->next;
    else
        procs = v->next;
    if (v->next != NULL)
        v->next->priv->prev = v->prev;
    else
        lastproc = v->prev;
    nprocs--;
    if (fpowner == p)
        fpowner = NULL;
    wakeall(&procgone);
}

/* A process that will begin in procentry. NULL with the error set if there is no memory, or no stack. */
static Proc *newproc(bool awaited)
{
    Proc *p = kalloc(sizeof *p);
    struct ProcPrivate *v = kalloc(sizeof *v);
    if (p != NULL)
        p->priv = v;
    else
        kfree(v);
    if (p == NULL || v == NULL || (awaited && (v->record = kalloc(sizeof *v->record)) == NULL)) {
        error(T_ENOMEM, "out of memory");
        if (p != NULL)
            freeproc(p);
        return NULL;
    }
    if ((v->stack = newstack()) == NULL) {
        error(T_EAGAIN, "no free process");
        freeproc(p);
        return NULL;
    }
    p->ureg = (Ureg *)(v->stack + KSTACK) - 1;
    memset(p->ureg, 0, sizeof *p->ureg);
    v->context.ra = (uint64_t)procentry;
    v->context.sp = (uint64_t)p->ureg;
    p->pid = nextpid++;
    p->noteid = p->pid;
    link(p);
    return p;
}

Proc *procbypid(uint32_t pid)
{
    for (Proc *p = procs; p != NULL; p = p->priv->next)
        if (p->pid == pid)
            return p;
    return NULL;
}

Proc *procafter(uint32_t pid)
{
    for (Proc *p = procs; p != NULL; p = p->priv->next)
        if (p->pid > pid)
            return p;
    return NULL;
}

void procstart(void (*start)(void))
{
    Proc *p = newproc(false);
    if (p == NULL || (p->space = newspace()) == NULL || (p->fds = kalloc(sizeof *p->fds)) == NULL)
        panic("not enough memory to start");
    p->fds->ref = 1;
    strcpy(p->path, "/");
    p->priv->start = start;
    firstproc = p;
    consforeground(p->noteid);
    p->id = TRACE(process, .pid = p->pid);
    ready(p);
}

void procbegin(void)
{
    if (up->priv->start != NULL) {
        uint64_t old = pushcause(up->id); /* what comes before any program, the process itself brings about */
        up->priv->start();
        popcause(old);
    }
    returntouser();
}

/* ---- the scheduler ---- */

void ready(Proc *p)
{
    p->state = PROC_READY;
    p->waitnext = NULL;
    if (readyqueue.tail != NULL)
        readyqueue.tail->waitnext = p;
    else
        readyqueue.head = p;
    readyqueue.tail = p;
}

static Proc *nextready(void)
{
    Proc *p = readyqueue.head;
    if (p != NULL && (readyqueue.head = p->waitnext) == NULL)
        readyqueue.tail = NULL;
    return p;
}

void schedule(enum ev_enum_switch_reason reason, enum ev_enum_wait wait)
{
    checkstack(up);
    if (fpowner == up && (up->ureg->status & SSTATUS_FS) == SSTATUS_FS_DIRTY) {
        csrset(sstatus, SSTATUS_FS);
        fpsave(&up->priv->fp);
        up->ureg->status ^= SSTATUS_FS_DIRTY ^ SSTATUS_FS_CLEAN;
    }
    up->utime_ns += nanoseconds() - up->priv->since_ns;
    Proc *next = readyqueue.head;
    if (next != up)
        TRACE(sched, .next = next != NULL ? next->id : 0, .reason = reason, .wait = wait);
    switchto(&up->priv->context, &schedulercontext);
}

void yield(enum ev_enum_switch_reason reason)
{
    if (readyqueue.head == NULL)
        return;
    ready(up);
    schedule(reason, EV_wait_none);
}

int breathe(void)
{
    pollinterrupts();
    yield(EV_switch_reason_yield);
    return interrupted(up) ? error(T_EINTR, "interrupted") : 0;
}

static void run(Proc *p)
{
    p->state = PROC_RUNNING;
    p->waitnext = NULL;
    p->priv->since_ns = nanoseconds();
    mmuswitch(p->space);
    timerslice(true);
    traceproc(p->id, p->image);
    up = p;
    switchto(&schedulercontext, &p->priv->context);
    up = NULL;
    if (p->state == PROC_ZOMBIE) {
        unlink(p);
        freeproc(p);
    }
}

/* Waits for an interrupt. wfi returns even if interrupts are off; then they are let in. */
static void idle(void)
{
    wfi();
    csrset(sstatus, SSTATUS_SIE);
    csrclear(sstatus, SSTATUS_SIE);
    pollinterrupts();
}

void scheduler(void)
{
    for (bool idled = true;; idled = false) { /* at first, too, there was none before */
        while (readyqueue.head == NULL) {
            if (!idled) {
                timerslice(false);
                traceproc(0, 0);
            }
            idled = true;
            idle();
        }
        Proc *p = nextready();
        if (idled)
            TRACE(sched, .next = p->id, .reason = EV_switch_reason_idle);
        run(p);
    }
}

/* ---- floating point: registers are saved when they changed and another process runs ---- */

static void fprestore(void)
{
    if (fpowner == up)
        return;
    csrset(sstatus, SSTATUS_FS);
    fpload(&up->priv->fp);
    fpowner = up;
    up->ureg->status = (up->ureg->status & ~SSTATUS_FS) | SSTATUS_FS_CLEAN;
}

void savefp(struct fpstate *fp)
{
    if (fpowner == up && (up->ureg->status & SSTATUS_FS) == SSTATUS_FS_DIRTY) {
        csrset(sstatus, SSTATUS_FS);
        fpsave(&up->priv->fp);
    }
    *fp = up->priv->fp;
}

void restorefp(const struct fpstate *fp)
{
    up->priv->fp = *fp;
    if (fpowner == up)
        fpowner = NULL; /* so that they are loaded */
}

void clearfp(void)
{
    memset(&up->priv->fp, 0, sizeof up->priv->fp);
    if (fpowner == up)
        fpowner = NULL;
}

void returntouser(void)
{
    while (up->notepending && !up->killed)
        deliver();
    if (up->killed)
        procexit(up->priv->status);
    checkstack(up);
    fprestore();
}

/* ---- fork ---- */

Fgrp *copyfds(Fgrp *from)
{
    Fgrp *f = kalloc(sizeof *f);
    if (f == NULL)
        return NULL;
    f->ref = 1;
    for (int i = 0; i < TARRY_NFD; i++)
        if ((f->fd[i] = from->fd[i]) != NULL)
            chanref(f->fd[i]);
    return f;
}

void putfds(Fgrp *f)
{
    if (f == NULL || --f->ref > 0)
        return;
    for (int i = 0; i < TARRY_NFD; i++)
        if (f->fd[i] != NULL)
            putchan(f->fd[i]);
    kfree(f);
}

/* Gives back what a process holds of others. */
static void release(Proc *p)
{
    if (p->space != NULL) {
        Space *space = p->space;
        p->space = NULL;
        freespace(space);
    }
    for (int i = 0; i < NSEG; i++) {
        Segment *s = p->seg[i];
        p->seg[i] = NULL;
        if (s != NULL)
            putseg(s);
    }
    Fgrp *fds = p->fds;
    p->fds = NULL;
    putfds(fds);
    if (p->dot != NULL)
        putchan(p->dot);
    p->dot = NULL;
}

static int copymemory(Proc *child)
{
    if ((child->space = newspace()) == NULL)
        return error(T_ENOMEM, "out of memory");
    for (int i = 0; i < NSEG; i++)
        if (up->seg[i] != NULL && (child->seg[i] = dupseg(up->seg[i])) == NULL)
            return error(T_ENOMEM, "out of memory");
    return 0;
}

static int inherit(Proc *child, int flags)
{
    int err = copymemory(child);
    if (err < 0)
        return err;
    if (flags & RFFDG) {
        if ((child->fds = copyfds(up->fds)) == NULL)
            return error(T_ENOMEM, "out of memory");
    } else {
        child->fds = up->fds;
        child->fds->ref++;
    }
    child->dot = up->dot;
    chanref(child->dot);
    strcpy(child->path, up->path);
    strcpy(child->name, up->name);
    child->image = up->image;
    child->pc = up->pc;
    child->noteid = flags & RFNOTEG ? child->pid : up->noteid;
    inheritnotes(&child->priv->notes, &up->priv->notes);
    child->priv->brk = up->priv->brk;
    *child->ureg = *up->ureg;
    child->ureg->x[10] = 0;
    savefp(&child->priv->fp);
    return 0;
}

int64_t procfork(int flags)
{
    struct ProcPrivate *mine = up->priv;
    bool awaited = (flags & RFNOWAIT) == 0;
    if (ending || (awaited && mine->nchildren + mine->nwaits >= MAX_FAMILY))
        return error(T_EAGAIN, "no free process");
    Proc *child = newproc(awaited);
    if (child == NULL)
        return freestacks == NULL ? -T_EAGAIN : -T_ENOMEM;
    int err = inherit(child, flags);
    if (err == 0 && ending)
        err = error(T_EAGAIN, "no free process");
    if (err < 0) {
        release(child);
        unlink(child);
        freeproc(child);
        return err;
    }
    if (awaited) {
        child->parent = up;
        mine->nchildren++;
    }
    child->id = TRACE(process, .pid = child->pid, .parent = up->id);
    ready(child);
    return child->pid;
}

/* ---- the end of a process ---- */

static void orphan(void)
{
    for (Proc *p = procs; p != NULL; p = p->priv->next)
        if (p->parent == up)
            p->parent = NULL;
}

static void tellparent(const char *status)
{
    WaitRecord *w = up->priv->record;
    if (up->parent == NULL || w == NULL)
        return;
    struct ProcPrivate *parent = up->parent->priv;
    up->priv->record = NULL;
    w->next = NULL;
    w->pid = up->pid;
    w->utime_ns = up->utime_ns + (nanoseconds() - up->priv->since_ns);
    format(w->status, sizeof w->status, "%s", status);
    WaitRecord **at = &parent->waits;
    while (*at != NULL)
        at = &(*at)->next;
    *at = w;
    parent->nchildren--;
    parent->nwaits++;
    wakeall(&parent->waiting);
}

/* The first process ends: so do all others. */
static void endothers(void)
{
    ending = true;
    for (Proc *p = procs; p != NULL; p = p->priv->next)
        if (p != up)
            killproc(p, "killed");
    while (nprocs > 1)
        sleepon(&procgone, EV_wait_others);
}

void procexit(const char *status)
{
    char text[STATUS_MAX];
    format(text, sizeof text, "%s", status);
    canceltimer(&up->priv->alarm);
    if (up == firstproc)
        endothers();
    if (up->cause == 0)
        up->cause = up->id; /* no call of its own: it was ended */
    release(up);
    orphan();
    tellparent(text);
    endsyscall(0);
    ENDTRACE(process, up->id, .name = tracestring(up->name), .status = tracestring(text));
    if (up == firstproc)
        shutdown(text);
    up->state = PROC_ZOMBIE;
    schedule(EV_switch_reason_exit, EV_wait_none);
    panic("a process that ended runs again");
}

int64_t procawait(char *text, size_t n)
{
    struct ProcPrivate *v = up->priv;
    while (v->waits == NULL) {
        if (v->nchildren == 0)
            return error(T_ECHILD, "no living children");
        int err = sleepinterruptible(&v->waiting, EV_wait_child);
        if (err < 0)
            return err;
    }
    WaitRecord *w = v->waits;
    v->waits = w->next;
    v->nwaits--;
    int len = format(text, n, "%u %lu %s", w->pid, w->utime_ns, w->status);
    kfree(w);
    return len;
}

/* ---- segments of processes ---- */

void eachmapping(Segment *s, void (*fn)(Proc *p, void *arg), void *arg)
{
    uint32_t left = s->ref; /* no process more than it has references */
    for (Proc *p = procs; p != NULL && left > 0; p = p->priv->next)
        for (int i = 0; i < NSEG && p->space != NULL; i++)
            if (p->seg[i] == s) {
                fn(p, arg);
                left--;
                break;
            }
}
