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

struct input_log;
struct machine;

/* What was read from the host and not yet handed over. */
struct console_source {
    bool escape; /* ctrl-A was typed */
    uint8_t input[512];
    size_t at, end;
};

struct console {
    int in, out;
    bool terminal;  /* in is a terminal */
    bool end;       /* of input */
    unsigned ends_typed; /* ctrl-D that the guest was given for it */
    int wake[2];    /* pipe: machine_interrupt ends a wait */
    int debugger;   /* its connection ends a wait too; -1: none */
    bool woken;     /* the last wait was ended by the debugger */
    struct console_source *source, own_source;
    struct input_log *log; /* of all that was handed over; NULL: none is kept */
    size_t log_at;         /* entries that have been */
    uint64_t asked;        /* times that the guest asked for input by itself: polled, or by the firmware */
    uint8_t output[4096];
    size_t output_bytes;
    uint64_t flushed;      /* bytes of output before those */
    uint64_t *printed;     /* how many of all were printed before, in a run that is repeated; NULL: those flushed */
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
/* The recording says that the run was ended from outside at this moment: ends it. */
void console_replay_stop(struct machine *);
/* Instructions after which something of the recording is due between two blocks; UINT64_MAX: none. */
uint64_t console_replay_due(const struct machine *);
/* To be called at the end of a run: an end from outside is input too, and an unfinished line is output. */
void console_note_stop(struct machine *);

#endif
