/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Time: the clock, timers and who sleeps on them, time slices. The SBI timer is set to the earliest of
 * the first timer's time and the end of the slice.
 */
#include <stddef.h>
#include "io.h"
#include "proc.h"
#include "procprivate.h"
#include "riscv.h"
#include "sbi.h"

enum { NS_PER_TICK = 100, SLICE_NS = 10000000 }; /* timebase-frequency is 10 MHz on `virt` */

static Timer *timers;                   /* by `when`, earliest first */
static uint64_t slice_end = UINT64_MAX; /* ns */

uint64_t nanoseconds(void)
{
    return csrread(time) * NS_PER_TICK;
}

static void arm(void)
{
    uint64_t next = slice_end;
    if (timers != NULL && timers->when < next)
        next = timers->when;
    sbisettimer(next == UINT64_MAX ? UINT64_MAX : (next + NS_PER_TICK - 1) / NS_PER_TICK);
}

void timerinit(void)
{
    arm();
    csrset(sie, SIE_STIE);
}

bool timerinterrupt(void)
{
    uint64_t now = nanoseconds();
    while (timers != NULL && timers->when <= now) {
        Timer *t = timers;
        timers = t->next;
        t->queued = false;
        t->expired(t->arg);
    }
    bool over = slice_end <= now;
    if (over)
        slice_end = now + SLICE_NS;
    arm();
    return over;
}

void timerslice(bool running)
{
    slice_end = running ? nanoseconds() + SLICE_NS : UINT64_MAX;
    arm();
}

void settimer(Timer *t, uint64_t ns, void (*expired)(void *arg), void *arg)
{
    uint64_t now = nanoseconds();
    Timer **at = &timers;
    *t = (Timer){.when = ns > UINT64_MAX - 1 - now ? UINT64_MAX - 1 : now + ns, .expired = expired, .arg = arg};
    while (*at != NULL && (*at)->when <= t->when)
        at = &(*at)->next;
    t->next = *at;
    *at = t;
    t->queued = true;
    arm();
}

void canceltimer(Timer *t)
{
    if (!t->queued)
        return;
    Timer **at = &timers;
    while (*at != t)
        at = &(*at)->next;
    *at = t->next;
    t->queued = false;
}

/* ---- sleeping ---- */

static void wake(void *rendez)
{
    wakeall(rendez);
}

void timerwait(uint64_t ns)
{
    Timer t;
    Rendez r = {0};
    for (settimer(&t, ns, wake, &r); t.queued;)
        sleepon(&r, EV_wait_timer);
}

int timersleep(uint64_t ns)
{
    Timer t;
    Rendez r = {0};
    int interrupted = 0;
    for (settimer(&t, ns, wake, &r); t.queued && interrupted == 0;)
        interrupted = sleepinterruptible(&r, EV_wait_timer);
    canceltimer(&t);
    return interrupted;
}
