/* SPDX-License-Identifier: GPL-2.0-only */
/* Waiting: places to wait at, and the lock that sleeps. */
#include <stddef.h>
#include "lock.h"
#include "proc.h"
#include "procprivate.h"

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

void sleepon(Rendez *r)
{
    ASSERT(up != NULL, "only a process can sleep");
    enqueue(r, up);
    up->state = PROC_WAITING;
    schedule(EV_switch_reason_block);
}

int sleepinterruptible(Rendez *r)
{
    if (!interrupted(up)) {
        up->priv->interruptible = r;
        sleepon(r);
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
    ready(p);
}

void wakeone(Rendez *r)
{
    Proc *p = dequeue(r);
    if (p != NULL)
        ready(p);
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
        sleepon(&l->waiters);
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
        ready(l->holder);
}

bool holdsqlock(const QLock *l)
{
    return l->holder == up;
}

bool qlockwanted(const QLock *l)
{
    return l->waiters.head != NULL;
}
