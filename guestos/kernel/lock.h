/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Waiting. The kernel runs on one hart with interrupts off and is not
 * preempted: between two calls that can sleep nothing else runs, so data needs
 * a lock only if it must stay consistent over a sleep.
 */
#ifndef LOCK_H
#define LOCK_H

#include <stdbool.h>
#include <stdint.h>
#include "../../traces/events.h"

typedef struct Proc Proc;

/* A place to wait at: processes in order of arrival. Zero-initialised is empty. */
typedef struct Rendez {
    Proc *head, *tail; /* linked by Proc.waitnext */
} Rendez;

/* `wait` is for the trace. The caller re-checks its condition on return. */
void sleepon(Rendez *, enum ev_enum_wait wait);
/* The same, but a note ends the wait: 0, or -T_EINTR if the running process has been sent one. */
int sleepinterruptible(Rendez *, enum ev_enum_wait wait);
void wakeone(Rendez *);
void wakeall(Rendez *);

/* A lock that sleeps. Zero-initialised is free. Not recursive: taking it twice is a panic. */
typedef struct QLock {
    Proc *holder; /* NULL: free */
    Rendez waiters;
} QLock;

void qlock(QLock *);
bool canqlock(QLock *); /* takes it if that needs no sleep */
void qunlock(QLock *);
bool holdsqlock(const QLock *); /* for assertions */
bool qlockwanted(const QLock *); /* somebody waits for it */

#endif
