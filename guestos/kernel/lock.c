/* SPDX-License-Identifier: GPL-2.0-only */
/* Waiting: places to wait at, and the lock that sleeps. */
#include <stddef.h>
#include "lock.h"
#include "proc.h"
#include "procprivate.h"
#include "trace.h"

static void enqueue(Rendez *r, Proc *p)
{
    p->waitnext = NULL;
    if (r->tail != NULL)
        r->tail->waitnext = p;
    else
        r->head = p;
    r->tail = p;
}

static Proc *dequeue(Rendez *r)
{
    Proc *p = r->head;
    if (p == NULL)
        return NULL;
    r->head = p->waitnext;
    if (r->head == NULL)
        r->tail = NULL;
    p->waitnext = NULL;
    return p;
}

static void removefrom(Rendez *r, Proc *p)
{
    Proc *before = NULL;
    for (Proc *q = r->head; q != NULL; before = q, q = q->waitnext) {
        if (q != p)
            continue;
        if (before != NULL)
            before->waitnext = p->waitnext;
        else
            r->head = p->waitnext;
        if (r->tail == p)
            r->tail = before;
        p->waitnext = NULL;
        return;
    }
}

/* What a process waited for has come. */
static void wake(Proc *p)
{
    struct ev_wake row = {{.proc = p->id, .pc = p->pc}, .waker = traceinterrupted() || up == NULL ? 0 : up->id};
    traceevent(EV_wake, &row, sizeof row);
    ready(p);
}

void sleepon(Rendez *r, enum ev_enum_wait wait)
{
    ASSERT(up != NULL, "only a process can sleep");
    enqueue(r, up);
    up->state = PROC_WAITING;
    schedule(EV_switch_reason_block, wait);
}

int sleepinterruptible(Rendez *r, enum ev_enum_wait wait)
{
    if (!interrupted(up)) {
        up->priv->interruptible = r;
        sleepon(r, wait);
        up->priv->interruptible = NULL;
    }
    return interrupted(up) ? error(T_EINTR, "interrupted") : 0;
}

void interruptsleep(Proc *p)
{
    Rendez *r = p->priv->interruptible;
    if (p->state != PROC_WAITING || r == NULL)
        return;
    removefrom(r, p);
    p->priv->interruptible = NULL;
    wake(p);
}

void wakeone(Rendez *r)
{
    Proc *p = dequeue(r);
    if (p != NULL)
        wake(p);
}

void wakeall(Rendez *r)
{
    while (r->head != NULL)
        wakeone(r);
}

/* The lock is handed to the first waiter, so that nobody waits for ever. */
void qlock(QLock *l)
{
    ASSERT(l->holder != up, "a lock is not taken twice");
    if (canqlock(l))
        return;
    do
        sleepon(&l->waiters, EV_wait_lock);
    while (l->holder != up);
}

bool canqlock(QLock *l)
{
    if (l->holder != NULL)
        return false;
    l->holder = up;
    return true;
}

void qunlock(QLock *l)
{
    ASSERT(l->holder == up, "a lock is given back by its holder");
    l->holder = dequeue(&l->waiters);
    if (l->holder != NULL)
        wake(l->holder);
}

bool holdsqlock(const QLock *l)
{
    return l->holder == up;
}

bool qlockwanted(const QLock *l)
{
    return l->waiters.head != NULL;
}
