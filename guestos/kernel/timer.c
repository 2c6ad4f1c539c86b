/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Time: the clock, sleeping processes, time slices. The SBI timer is set to the earliest of
 * the first sleeper's time and the end of the slice.
 */
#include <stddef.h>
#include "io.h"
#include "proc.h"
#include "procprivate.h"
#include "riscv.h"
#include "sbi.h"

enum { NS_PER_TICK = 100, SLICE_NS = 10000000 }; /* timebase-frequency is 10 MHz on `virt` */

typedef struct Sleeper Sleeper;
struct Sleeper {
    uint64_t when; /* ns */
    bool queued;
    Rendez rendez;
    Sleeper *next;
};

static Sleeper *sleepers;               /* by `when`, earliest first */
static uint64_t slice_end = UINT64_MAX; /* ns */

uint64_t nanoseconds(void)
{
    return csrread(time) * NS_PER_TICK;
}

static void arm(void)
{
    uint64_t next = slice_end;
    if (sleepers != NULL && sleepers->when < next)
        next = sleepers->when;
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
    while (sleepers != NULL && sleepers->when <= now) {
        Sleeper *s = sleepers;
        sleepers = s->next;
        s->queued = false;
        wakeall(&s->rendez);
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

static void enqueue(Sleeper *s)
{
    Sleeper **at = &sleepers;
    while (*at != NULL && (*at)->when <= s->when)
        at = &(*at)->next;
    s->next = *at;
    *at = s;
    s->queued = true;
}

static void dequeue(Sleeper *s)
{
    for (Sleeper **at = &sleepers; *at != NULL; at = &(*at)->next)
        if (*at == s) {
            *at = s->next;
            return;
        }
}

static void begin(Sleeper *s, uint64_t ns)
{
    uint64_t now = nanoseconds();
    *s = (Sleeper){.when = ns > UINT64_MAX - 1 - now ? UINT64_MAX - 1 : now + ns};
    enqueue(s);
    arm();
}

void timerwait(uint64_t ns)
{
    Sleeper s;
    for (begin(&s, ns); s.queued;)
        sleepon(&s.rendez);
}

int timersleep(uint64_t ns)
{
    Sleeper s;
    begin(&s, ns);
    int interrupted = 0;
    while (s.queued && interrupted == 0)
        interrupted = sleepinterruptible(&s.rendez);
    if (s.queued)
        dequeue(&s);
    return interrupted;
}
