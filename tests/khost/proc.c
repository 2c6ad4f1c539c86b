/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Processes for the tests. Alone, a process never sleeps: if it had to, that
 * is a deadlock and ends the test. In run_together each is a thread, and one at a time runs:
 * they take turns at the kernel's sleeps only, so a test repeats exactly.
 */
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "khost.h"
#include "guestos/kernel/procprivate.h"

enum { MAX_PROCS = 64 };

Proc *up;
enum ev_enum_io_policy io_policy;

static Proc *procs[MAX_PROCS];
static Rendez readyqueue;
static uint32_t nextpid;

int error(int code, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    if (up != NULL)
        vsnprintf(up->errstr, sizeof up->errstr, fmt, args);
    va_end(args);
    return -code;
}

int breathe(void)
{
    return 0;
}

int fserror(int64_t code)
{
    if (code == -TFS_ECORRUPT)
        return error(T_EIO, "file system is damaged");
    return error((int)-code, "file system: error %d", (int)-code);
}

Proc *khost_proc(void)
{
    Proc *p = calloc(1, sizeof *p);
    p->pid = ++nextpid;
    p->space = newspace();
    p->priv = calloc(1, sizeof *p->priv);
    for (unsigned i = 0; i < MAX_PROCS; i++)
        if (procs[i] == NULL) {
            procs[i] = p;
            return p;
        }
    panic("too many processes");
}

void become(Proc *p)
{
    up = p;
}

static Segment **freeslot(Proc *p)
{
    for (unsigned i = 0; i < NSEG; i++)
        if (p->seg[i] == NULL)
            return &p->seg[i];
    panic("too many segments");
}

Segment *attach(Proc *p, enum ev_enum_segment_type type, uint64_t base, uint64_t bytes, int attr,
                enum ev_enum_io_policy policy)
{
    Segment *s = newseg(type, base, bytes, attr, policy);
    if (s != NULL)
        *freeslot(p) = s;
    return s;
}

void detachseg(Proc *p, Segment *s)
{
    for (unsigned i = 0; i < NSEG; i++)
        if (p->seg[i] == s) {
            p->seg[i] = NULL;
            flushmmu(p->space, s->base, s->top - s->base, EV_demotion_unmap);
            putseg(s);
            return;
        }
    panic("segment is not attached");
}

void khost_exit(Proc *p)
{
    for (unsigned i = 0; i < NSEG; i++)
        if (p->seg[i] != NULL)
            detachseg(p, p->seg[i]);
    for (unsigned i = 0; i < MAX_PROCS; i++)
        if (procs[i] == p)
            procs[i] = NULL;
    freespace(p->space);
    free(p->priv);
    if (up == p)
        up = NULL;
    free(p);
}

Proc *khost_fork(Proc *p)
{
    Proc *child = khost_proc();
    become(p);
    for (unsigned i = 0; i < NSEG; i++)
        if (p->seg[i] != NULL && (child->seg[i] = dupseg(p->seg[i])) == NULL) {
            khost_exit(child);
            return NULL;
        }
    return child;
}

void eachmapping(Segment *s, void (*fn)(Proc *p, void *arg), void *arg)
{
    for (unsigned i = 0; i < MAX_PROCS; i++)
        for (unsigned k = 0; procs[i] != NULL && k < NSEG; k++)
            if (procs[i]->seg[k] == s)
                fn(procs[i], arg);
}

/* The byte at va as the hardware finds it, faulting if it must. */
static int translate(Proc *p, uint64_t va, enum ev_enum_access access, char **byte)
{
    int need = access == EV_access_write ? PUT_WRITE : PUT_READ;
    Proc *old = up;
    for (unsigned tries = 0; tries < 3; tries++) {
        const struct mapping *m = mapped(p->space, va);
        if (m != NULL && (m->rights & need)) {
            *byte = (char *)(uintptr_t)m->pa + (va & PGMASK);
            return 0;
        }
        up = p;
        int r = pagefault(va, access);
        up = old;
        if (r < 0)
            return r;
    }
    panic("a resolved fault comes again");
}

int load(Proc *p, uint64_t va, void *buf, size_t n)
{
    for (size_t done = 0, part; done < n; done += part) {
        char *byte;
        part = PGSIZE - ((va + done) & PGMASK);
        part = part < n - done ? part : n - done;
        int r = translate(p, va + done, EV_access_read, &byte);
        if (r < 0)
            return r;
        memcpy((char *)buf + done, byte, part);
    }
    return 0;
}

int save(Proc *p, uint64_t va, const void *buf, size_t n)
{
    for (size_t done = 0, part; done < n; done += part) {
        char *byte;
        part = PGSIZE - ((va + done) & PGMASK);
        part = part < n - done ? part : n - done;
        int r = translate(p, va + done, EV_access_write, &byte);
        if (r < 0)
            return r;
        memcpy(byte, (const char *)buf + done, part);
    }
    return 0;
}

/* ---- taking turns ---- */

struct thread {
    Proc *proc;
    pthread_t id;
    void (*fn)(void *);
    void *arg;
};

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static unsigned alive;

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

/* Gives the hart to the next process. */
static void next(void)
{
    Proc *p = readyqueue.head;
    if (p == NULL && alive > 0)
        panic("W8: every process sleeps: a deadlock");
    if (p != NULL) {
        readyqueue.head = p->waitnext;
        if (readyqueue.head == NULL)
            readyqueue.tail = NULL;
        p->waitnext = NULL;
    }
    up = p;
    pthread_cond_broadcast(&changed);
}

void schedule(enum ev_enum_switch_reason reason, enum ev_enum_wait wait)
{
    Proc *me = up;
    (void)reason;
    (void)wait;
    if (alive == 0)
        panic("W8: the only process sleeps: a deadlock");
    next();
    while (up != me)
        pthread_cond_wait(&changed, &turn);
    me->state = PROC_RUNNING;
}

void preempt(void)
{
    ready(up);
    schedule(EV_switch_reason_preempt, EV_wait_none);
}

static void *thread(void *arg)
{
    struct thread *t = arg;
    pthread_mutex_lock(&turn);
    while (up != t->proc)
        pthread_cond_wait(&changed, &turn);
    t->fn(t->arg);
    alive--;
    next();
    pthread_mutex_unlock(&turn);
    return NULL;
}

void run_together(unsigned n, Proc **p, void (*fn)(void *arg), void **args)
{
    struct thread t[MAX_PROCS];
    pthread_mutex_lock(&turn);
    up = NULL;
    alive = n;
    for (unsigned i = 0; i < n; i++) {
        t[i] = (struct thread){.proc = p[i], .fn = fn, .arg = args[i]};
        pthread_create(&t[i].id, NULL, thread, &t[i]);
        ready(p[i]);
    }
    next();
    pthread_mutex_unlock(&turn);
    for (unsigned i = 0; i < n; i++)
        pthread_join(t[i].id, NULL);
}
