/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The reference: qemu-system-riscv64, one instruction at a time. Its log is read as a stream of events while it
 * runs; its memory is a file that is read when it has ended.
 */
#ifndef LOCKSTEP_REFERENCE_H
#define LOCKSTEP_REFERENCE_H

#include "state.h"

struct reference;

enum reference_kind {
    REF_STATE, /* the hart before an instruction that it then begins */
    REF_TRAP,  /* it takes a trap */
    REF_END    /* QEMU has exited */
};

struct reference_event {
    enum reference_kind kind;
    struct state state;      /* REF_STATE */
    bool interrupt;          /* REF_TRAP */
    uint64_t cause, epc, tval;
};

/* Starts QEMU on an ELF of machine mode with ram_bytes of RAM. NULL: a message was printed. */
struct reference *reference_start(const char *elf, uint64_t ram_bytes);
/* The next event. */
void reference_next(struct reference *, struct reference_event *);
/* After REF_END: the status of QEMU's exit (128 + signal if it was killed). */
int reference_status(struct reference *);
/* After REF_END: its RAM. */
const uint8_t *reference_ram(struct reference *);
/* Ends QEMU if it still runs. */
void reference_stop(struct reference *);

#endif
