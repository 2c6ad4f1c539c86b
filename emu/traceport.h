/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The trace port (traces/events.h, TRACE_EID) and the machine's own events. Without
 * a recorder in the configuration one that only numbers is used, so
 * that the guest gets the same answers.
 */
#ifndef EMU_TRACEPORT_H
#define EMU_TRACEPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ecalls.h"
#include "images.h"

struct machine;
struct recorder;

#define TRACE_HINTS 64
#define TRACE_PROGRAMS 256

#define TRACE_LINE 256 /* longest line of console output that is one row */
#define TRACE_OUTPUT (64ull << 20) /* bytes of it whose text is kept */

/* What the next request to a sector is for (TRACE_DISK). */
struct disk_hint {
    uint64_t sector, cause, class;
};

struct traceport_call {
    uint64_t proc, id; /* process row, row of the call; 0: none */
    uint64_t caller;   /* the call's column of that name */
};

struct traceport {
    struct recorder *recorder;
    struct recorder *own;     /* made by us: to be closed by us */
    uint64_t proc;            /* process row that runs now */
    uint64_t image;           /* number of its program */
    uint64_t last_trap;       /* newest trap row */
    uint64_t last_tval;       /* its tval */
    uint64_t last_interrupt;  /* newest interrupt row */
    uint64_t last_disk;       /* row of the newest request that a disk has completed */
    bool keeps;               /* what happens is recorded, not only numbered */
    bool described;           /* the guest uses the port: it records its own system calls */
    struct images images;
    struct {
        char text[TRACE_LINE];
        unsigned n;
        uint64_t pc, cause;   /* of the first byte */
        uint64_t kept;        /* bytes of all lines before it */
    } line;                   /* of console output, so far */
    struct disk_hint hints[TRACE_HINTS];
    unsigned nhints;
    struct traceport_call calls[TRACE_PROGRAMS]; /* the system calls that processes are in, by proc */
    uint64_t caller;          /* of the newest ecall from user mode: the instruction that called its function; 0: not known */
    struct ecalls ecalls;     /* those of a kernel that does not describe them */
    /* for the debugger */
    struct {
        uint64_t proc, name;  /* process row, string */
    } programs[TRACE_PROGRAMS]; /* what processes run, by proc */
    struct {
        uint64_t id;          /* event to be noticed; 0: none */
        uint64_t insn, pc;    /* when it came: its columns */
        unsigned kind;
    } wanted;
};

int traceport_init(struct machine *, char *err, size_t errlen);
void traceport_free(struct machine *);
/* An SBI call to the port: returns the SBI error and sets *value. */
int64_t traceport_call(struct machine *, uint64_t function, const uint64_t a[3], uint64_t *value);

/* An event of the machine itself, now. Returns its id. */
uint64_t traceport_event(struct machine *, unsigned kind, uint64_t pc, uint64_t cause, const uint64_t *cols,
                         unsigned ncols);
/* The pc of what the hart does now, for events of its own: of its block, or the instruction that the host does for it. */
uint64_t traceport_pc(const struct machine *);
void traceport_end(struct machine *, uint64_t id, unsigned kind, const uint64_t *results, unsigned nresults);
/* Table instruction will have the one at pc, which code of this mode (enum ev_enum_privilege) runs. */
void traceport_instruction(struct machine *, uint64_t pc, unsigned privilege);
/* Codes, modes and addresses as in tables trap and interrupt. To be called before the hart changes its mode. */
void traceport_trap(struct machine *, uint64_t pc, unsigned code, uint64_t tval, unsigned from, unsigned to);
void traceport_interrupt(struct machine *, uint64_t pc, unsigned code, unsigned from);
/* An ecall from user mode. */
void traceport_ecall(struct machine *, uint64_t pc);
void traceport_satp(struct machine *, uint64_t satp);
/* va, asid: NULL for all. length: from va on; 0: its page. Returns the row's id. */
uint64_t traceport_sfence(struct machine *, const uint64_t *va, const uint64_t *asid, uint64_t length);
/* A byte of console output; the end of the run. */
void traceport_output(struct machine *, uint8_t byte);
void traceport_finish(struct machine *);
/* The string of what a process runs; 0: not known. */
uint64_t traceport_program(const struct machine *, uint64_t proc);
/* Takes the hint for a request to `sector`; class unknown and cause 0 if there is none. */
struct disk_hint traceport_disk_hint(struct machine *, uint64_t sector);

#endif
