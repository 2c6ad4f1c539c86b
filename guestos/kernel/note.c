/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Notes: short texts that are sent to a process and end it, unless it has a handler. One at a time is given to the
 * handler, on the user's stack, with the registers that were interrupted, which it may change; it ends with noted().
 * Meanwhile others wait in a queue. Notes of traps ("sys: trap: ...") are dealt with before those of others.
 */
#include <string.h>
#include "io.h"
#include "procprivate.h"
#include "riscv.h"
#include "syscall.h"
#include "trace.h"

enum { RA = 1, SP = 2, A0 = 10, A1 = 11, STACK_ALIGN = 16 };

static bool hashandler(const Proc *p)
{
    return p->priv->notes.handler != NOTIFY_DEFAULT && p->priv->notes.handler != NOTIFY_IGNORE;
}

/* ---- sending ---- */

static void tracenote(const Proc *p, const char *text)
{
    struct ev_note note = {{.proc = p->id, .pc = p->pc}, .text = tracestring(text)};
    traceevent(EV_note, &note, sizeof note);
}

void killproc(Proc *p, const char *text)
{
    if (p->killed || p->state == PROC_ZOMBIE)
        return;
    tracenote(p, text);
    p->killed = true;
    format(p->priv->status, STATUS_MAX, "%s", text);
    interruptsleep(p);
}

int postnote(Proc *p, const char *text)
{
    struct notes *q = &p->priv->notes;
    if (p->killed || p->state == PROC_ZOMBIE || q->handler == NOTIFY_IGNORE)
        return 0;
    if (q->n == NOTES)
        return error(T_EAGAIN, "process %u has too many notes", p->pid);
    tracenote(p, text);
    format(q->queue[(q->first + q->n++) % NOTES], STATUS_MAX, "%s", text);
    if (!q->handling) {
        p->notepending = true;
        interruptsleep(p);
    }
    return 0;
}

void notegroup(uint32_t noteid, const Proc *except, const char *text)
{
    uint32_t pid = 0;
    for (Proc *p; (p = procafter(pid)) != NULL; pid = p->pid)
        if (p->noteid == noteid && p != except)
            postnote(p, text);
}

/* Of the running process, by itself: first in the queue if it has a handler and is not in it, else its end. */
void trapnote(const char *text)
{
    struct notes *q = &up->priv->notes;
    if (up->killed)
        return;
    if (!hashandler(up) || q->handling) {
        print("%s %u: %s\n", up->name, up->pid, text);
        killproc(up, text);
        return;
    }
    tracenote(up, text);
    q->n -= q->n == NOTES; /* the newest must go */
    q->first = (q->first + NOTES - 1) % NOTES;
    q->n++;
    format(q->queue[q->first], STATUS_MAX, "%s", text);
    up->notepending = true;
}

/* ---- receiving ---- */

/* Puts the registers and the note on the user's stack, and enters the handler. */
static int enterhandler(struct notes *q)
{
    Ureg *u = up->ureg;
    uint64_t ureg = (u->x[SP] - sizeof *u - STATUS_MAX) & ~(uint64_t)(STACK_ALIGN - 1), text = ureg + sizeof *u;
    uint64_t old = pushcause(up->id); /* no call of the process's own */
    int err = copyout(ureg, u, sizeof *u);
    if (err == 0)
        err = copyout(text, q->current, STATUS_MAX);
    popcause(old);
    if (err < 0)
        return err;
    savefp(&q->fp);
    q->ureg = ureg;
    q->handling = true;
    u->x[SP] = ureg;
    u->x[A0] = ureg;
    u->x[A1] = text;
    u->x[RA] = 0;
    u->pc = q->handler;
    return 0;
}

void deliver(void)
{
    struct notes *q = &up->priv->notes;
    memcpy(q->current, q->queue[q->first], STATUS_MAX);
    q->first = (q->first + 1) % NOTES;
    q->n--;
    up->notepending = false;
    if (!hashandler(up)) {
        killproc(up, q->current);
    } else if (enterhandler(q) < 0) {
        print("%s %u: no stack for the note: %s\n", up->name, up->pid, q->current);
        killproc(up, q->current);
    }
}

/* The handler is done: the process goes on with the registers as they are now on its stack. */
static int resume(struct notes *q)
{
    Ureg from;
    int err = copyin(&from, q->ureg, sizeof from);
    if (err < 0)
        return err;
    memcpy(up->ureg->x, from.x, sizeof from.x);
    up->ureg->pc = from.pc;
    restorefp(&q->fp);
    q->handling = false;
    up->notepending = q->n > 0;
    return 0;
}

void inheritnotes(struct notes *child, const struct notes *from)
{
    *child = *from;
    child->first = child->n = 0;
}

void execnotes(void)
{
    struct notes *q = &up->priv->notes;
    if (hashandler(up))
        q->handler = NOTIFY_DEFAULT;
    q->handling = false;
    up->notepending = q->n > 0;
}

/* ---- system calls ---- */

int64_t sysnotify(const uint64_t *a)
{
    if (a[0] != NOTIFY_IGNORE && userrange(a[0], 1) < 0)
        return error(T_EINVAL, "notify: bad address of a handler");
    up->priv->notes.handler = a[0];
    return 0;
}

int64_t sysnoted(const uint64_t *a)
{
    struct notes *q = &up->priv->notes;
    if (!q->handling)
        return error(T_EINVAL, "noted: not in a handler");
    switch (a[0]) {
    case NCONT:
        return resume(q);
    case NDFLT:
        if (strncmp(q->current, "sys:", 4) == 0)
            print("%s %u: %s\n", up->name, up->pid, q->current);
        killproc(up, q->current);
        return 0;
    }
    return error(T_EINVAL, "noted: bad action %lu", a[0]);
}

static void alarmexpired(void *p)
{
    postnote(p, "alarm");
}

int64_t sysalarm(const uint64_t *a)
{
    enum { NS_PER_MS = 1000000 };
    Timer *t = &up->priv->alarm;
    uint64_t now = nanoseconds(), left = t->queued && t->when > now ? t->when - now : 0;
    canceltimer(t);
    if (a[0] > 0)
        settimer(t, a[0] > UINT64_MAX / NS_PER_MS ? UINT64_MAX : a[0] * NS_PER_MS, alarmexpired, up);
    return (int64_t)((left + NS_PER_MS - 1) / NS_PER_MS);
}
