/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The board: interrupt controller, timer, UART, test finisher. One file each.
 */
#ifndef IO_H
#define IO_H

#include <stdbool.h>
#include <stdint.h>
#include "page.h"

static inline volatile uint32_t *ioregs(uint64_t pa)
{
    return (volatile uint32_t *)(KZERO + pa);
}

/* plic.c */
void plicinit(void);
void plicenable(uint32_t irq, void (*handler)(void *arg), void *arg);
void plicinterrupt(void); /* serves every source that is pending */

/* timer.c */
typedef struct Timer {
    uint64_t when; /* ns */
    bool queued;
    void (*expired)(void *arg);
    void *arg;
    struct Timer *next;
} Timer;

void timerinit(void);
void settimer(Timer *, uint64_t ns, void (*expired)(void *arg), void *arg); /* in so many ns; it is not queued */
void canceltimer(Timer *);
bool timerinterrupt(void);          /* wakes sleepers; true if the running process's slice is over */
void timerslice(bool running);      /* begins a slice for the process that runs now, or ends it */
int timersleep(uint64_t ns);        /* 0, or -T_EINTR */
void timerwait(uint64_t ns);        /* the same, and no note ends it */

/* uart.c */
void uartinit(void);
void uartputc(int c);

/* poweroff.c */
void poweroff(int status) __attribute__((noreturn));

#endif
