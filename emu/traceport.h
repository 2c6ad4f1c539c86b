/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The trace port (traces/events.h, TRACE_EID) and the machine's own events. Without
 * a recorder in the configuration one that only numbers is used, so
 * that the guest gets the same answers.
 */
#ifndef EMU_TRACEPORT_H
#define EMU_TRACEPORT_H

#include <stddef.h>
#include <stdint.h>

struct machine;
struct recorder;

#define TRACE_HINTS 64
#define TRACE_PROGRAMS 256

/* What the next request to a sector is for (TRACE_DISK). */
struct disk_hint {
    uint64_t sector, cause, class;
};

struct traceport {
    struct recorder *recorder;
    struct recorder *own;     /* made by us: to be closed by us */
    uint64_t proc;            /* process row that runs now */
    uint64_t last_trap;       /* newest trap row */
    struct disk_hint hints[TRACE_HINTS];
    unsigned nhints;
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
void traceport_end(struct machine *, uint64_t id, unsigned kind, const uint64_t *results, unsigned nresults);
void traceport_trap(struct machine *, uint64_t pc, const uint64_t cols[4]);
void traceport_interrupt(struct machine *, uint64_t pc, const uint64_t cols[2]);
/* The string of what a process runs; 0: not known. */
uint64_t traceport_program(const struct machine *, uint64_t proc);
/* Takes the hint for a request to `sector`; class unknown and cause 0 if there is none. */
struct disk_hint traceport_disk_hint(struct machine *, uint64_t sector);

#endif
