/* SPDX-License-Identifier: GPL-2.0-only */
/* What a machine is made of; for the files of emu/ only. */
#ifndef EMU_MACHINE_PRIV_H
#define EMU_MACHINE_PRIV_H

#include <signal.h>
#include <stdbool.h>

#include "board.h"
#include "bus.h"
#include "clint.h"
#include "clock.h"
#include "console.h"
#include "hart.h"
#include "machine.h"
#include "plic.h"
#include "sbi.h"
#include "tohost.h"
#include "traceport.h"
#include "uart.h"
#include "virtio_blk.h"

struct machine {
    struct hart hart;
    struct clock clock;
    struct bus bus;
    struct clint clint;
    struct plic plic;
    struct uart uart;
    struct console console;
    struct tohost tohost;
    struct virtio_blk *disks[MACHINE_DISKS]; /* every slot has its registers; without an image it is empty */
    struct traceport trace;
    struct machine_config config;
    char *bootargs;
    bool loaded;
    uint64_t until;         /* machine_run_for: back when so many instructions are retired */
    unsigned timers_waited; /* timers that ended a wait since the last byte of console input */
    uint64_t waited_ns;     /* and how long those waits were */
    uint64_t busy_due;      /* virtual ns of the next byte of input for a guest that does not wait (busy_input) */
    bool input_ended;       /* the last wait for input found its end */
    volatile sig_atomic_t interrupted; /* set by machine_interrupt */
    struct machine_result result;      /* .stop != STOP_NONE ends the run */
};

/* Ends the run soon; the first call wins. fmt may be NULL. */
void machine_stop(struct machine *, enum machine_stop, int status, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* Between two blocks: events of the clock, console, interrupts. True: the hart is to run; false: it waits. */
bool machine_between(struct machine *);
/* Runs until something is to be done between two blocks. */
void machine_turn(struct machine *);
/* The reasons outside of the guest to end the run. */
void machine_check(struct machine *);
void machine_report(struct machine *, struct machine_result *);

#endif
