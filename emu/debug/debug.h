/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The debugger: runs a machine under a GDB that is connected by the remote
 * protocol. docs/debugger.md tells its user what there is.
 *
 * Time travel: a position in the run is a number (step_position). The process keeps copies of itself (fork) at
 * positions of the past; to go back, one of them makes a copy of itself that runs forward to where the user wants to
 * be. Exactly one process is active at a time. What must not go back in time with it - the connection, the breakpoints,
 * what was typed and printed - lies in `struct shared`, memory that all these processes share.
 */
#ifndef EMU_DEBUG_DEBUG_H
#define EMU_DEBUG_DEBUG_H

#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "../machine.h"
#include "options.h"
#include "packet.h"
#include "stops.h"

/* Why the machine stopped. */
enum why {
    WHY_STEP, /* the position asked for is reached */
    WHY_BREAK,
    WHY_WATCH,
    WHY_INTERRUPT, /* the user's ctrl-C */
    WHY_END,       /* the run is over: machine->result */
    WHY_BEGIN,     /* gone back to the beginning */
};

struct stop_report {
    enum why why;
    struct stop_point point; /* WHY_BREAK, WHY_WATCH */
    uint64_t address;        /* WHY_WATCH: watched byte */
};

#define CHECKPOINTS 24

struct order {
    enum { ORDER_GOTO, ORDER_SCAN, ORDER_INSNS } kind;
    uint64_t position;         /* where to go (ORDER_INSNS: instructions); or up to where to look */
    uint64_t from;             /* ORDER_SCAN: where the user came from */
    struct stop_report report; /* ORDER_GOTO: what to tell him there */
};

struct travel {
    struct {
        pid_t pid; /* 0: free */
        uint64_t position, insns;
        bool kept; /* not to be given up for others: the user changed something here */
    } points[CHECKPOINTS];
    uint64_t begin;   /* the first position */
    uint64_t printed; /* bytes of console output that the user has seen */
    volatile pid_t active;
    int status; /* exit status of the whole */
    struct order order;
};

struct shared {
    struct travel travel;
    struct stops stops;
    int listener, connection; /* file descriptors; -1: none */
    bool connected;           /* there was a connection already */
    struct packet_reader reader;
    uint8_t input[4096]; /* from the connection, not yet looked at */
    size_t input_at, input_end;
    bool no_ack, swbreak, hwbreak;
    bool physical; /* memory packets mean physical addresses */
    struct stop_report last;
};

struct debug {
    struct machine *machine;
    struct shared *shared;
    const char *where; /* of --gdb, for messages */
    const struct debug_options *options;
    bool detached; /* the debugger has left: run on without it */
    bool killed;
    bool over_told; /* the end of the run was shown to the user */
    bool changed;   /* the user has changed something since the machine last ran */

    /* travel.c */
    bool travels;             /* checkpoints are made */
    bool silent;              /* on the way to somewhere: nothing stops it */
    uint64_t checked_ns;      /* host time of the last look at the checkpoints */
    sigjmp_buf woken;         /* where a checkpoint goes on */
    int wake[CHECKPOINTS][2]; /* sockets: one end of a checkpoint, one of the others */
    int life[2], end[2];      /* pipes: closed when the first process ends; written at the end */
};

/* Runs the machine under the debugger that connects to options.gdb: a TCP port of this host, or the path of a socket.
 */
void debug_run(struct machine *, const struct debug_options *, struct machine_result *);

/* ---- run.c ---- */
/* Runs forward from here; stops at the position `limit` at the latest. At the very beginning no point stops it. */
void debug_forward(struct debug *, uint64_t limit, struct stop_report *);

/* Past the access that a watchpoint stopped. */
void debug_over(struct debug *);

/* ---- travel.c ---- */
/* Divides the process into one that waits for the end and one that runs. False: cannot be; then there is no travelling.
 */
bool travel_begin(struct debug *);
/* Makes a checkpoint of here. */
void travel_keep(struct debug *, bool kept);
/* The same if it is time for one. */
void travel_pass(struct debug *);
/* The user has changed registers or memory: from here on another future. */
void travel_diverge(struct debug *);
/* These do not return if there is another place to go to: the process that does goes on at `woken`. */
void travel_step_back(struct debug *);
void travel_continue_back(struct debug *);
void travel_goto(struct debug *, uint64_t position);
/* To the first position at which so many instructions are retired, forwards or back; answered as monitor commands are.
 */
void travel_to_insns(struct debug *, uint64_t insns);
/* Forward to the first position at which so many instructions are retired, or the end of the run. */
void travel_forward_insns(struct debug *, uint64_t insns);
/* What the process does that was woken; then shared->last is to be answered. */
void travel_obey(struct debug *);

/* ---- connect.c ---- */
bool connect_is_port(const char *where);
/* Is it a port or could it be a path? False with a message. */
bool connect_valid(const char *where, char *err, size_t errlen);
/* Opens the listening socket. False after a message. */
bool connect_listen(struct debug *);
/* Says how to attach. */
void connect_advise(const struct debug *);
/* Waits for a debugger. False: interrupted. */
bool connect_wait(struct debug *);
void connect_close(struct debug *);
/* The next byte of the connection: waits for it if `wait`. -1: none there; -2: the connection is lost, or the run is
 * interrupted. */
int connect_byte(struct debug *, bool wait);
void connect_send(struct debug *, const char *bytes, size_t n);
/* Has the user sent the interrupt byte? Other bytes stay for later. Turns other debuggers away. */
bool connect_interrupted(struct debug *);

/* ---- target.c ---- */
const char *target_xml(struct debug *);
/* Registers by GDB's number. Returns the size in bytes; 0: no such register. */
unsigned target_get(struct debug *, uint64_t number, uint64_t *value);
bool target_set(struct debug *, uint64_t number, uint64_t value);
/* Any CSR, without a trace of the reading. */
bool target_csr(struct machine *, unsigned csr, uint64_t *value);
/* Memory as the hart sees it now, or physical; RAM only. False: some of it is not there; then nothing was moved. */
bool target_read(struct debug *, uint64_t address, void *to, uint64_t bytes);
bool target_write(struct debug *, uint64_t address, const void *from, uint64_t bytes);
/* Address translation, permissions aside. False: not mapped. */
bool target_physical(struct machine *, uint64_t va, uint64_t *pa);

/* ---- monitor.c ---- */
/* Executes a monitor command; what it prints goes to the user's terminal. */
void monitor_command(struct debug *, char *line);

/* Says where the user is now. */
void monitor_moved(struct debug *);

/* ---- event.c ---- */
/* Runs to the step in which the event of the options is recorded; another process goes on there. False after a message.
 */
bool event_find(struct debug *);

/* ---- gdb.c ---- */
/* Serves packets until the run is over, or the debugger leaves. */
void gdb_serve(struct debug *);
/* Prints on the debugger's terminal (packet O); only before an answer that is still owed. */
void gdb_print(struct debug *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
