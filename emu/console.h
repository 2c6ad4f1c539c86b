/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The host's end of the console: file descriptors in and out.
 *
 * Input from a terminal arrives when it arrives. Any other input (a file, a
 * pipe) must give the same run each time, so a byte is handed over only at moments that
 * the guest makes: when the hart waits with nothing else to wake it (machine.c: idle),
 * or when the guest polls. Then the host is read, blocking if need be.
 */
#ifndef EMU_CONSOLE_H
#define EMU_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct machine;

struct console {
    int in, out;
    bool terminal;  /* in is a terminal */
    bool end;       /* of input */
    unsigned ends_typed; /* ctrl-D that the guest was given for it */
    bool escape;    /* ctrl-A was typed */
    int wake[2];    /* pipe: machine_interrupt ends a wait */
    int debugger;   /* its connection ends a wait too; -1: none */
    uint8_t input[512];
    size_t input_at, input_end; /* what was read and not yet handed over */
    uint8_t output[4096];
    size_t output_bytes;
};

int console_init(struct machine *, char *err, size_t errlen);
void console_free(struct machine *);
void console_put(struct machine *, uint8_t byte);
void console_flush(struct machine *);
/* Takes what a terminal has now; does nothing for other input. */
void console_poll(struct machine *);
/* Waits for input and hands over a byte. False: none can come, or the wait was interrupted. */
bool console_wait(struct machine *);
/*
 * The hart waits and nothing else can wake it: if the input has ended, hands over a ctrl-D, by which a line discipline means
 * just that. False: the input has not ended, there never was any, or the guest does not care.
 */
bool console_type_end(struct machine *);
/* The guest polls for input. */
void console_polled(struct machine *);
/* The next byte for SBI calls, or -1. */
int console_get(struct machine *);

#endif
