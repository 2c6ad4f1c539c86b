/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Inside modelrun. A coordinator and the processes of the program share one program file and a pipe for each of them;
 * who gets a message that holds the number of the next operation does it. So one operation is done at a time, whoever
 * does it, but for `async` ones, which are begun after the turn has been handed on.
 */
#ifndef MODELRUN_H
#define MODELRUN_H

#include <stdbool.h>
#include "program.h"
#include "tarry.h"

/* Descriptors: fixed, so that they survive exec. */
enum {
    FD_PROGRAM = 3,
    FD_TURN = 4, /* read end of the pipe of process i: FD_TURN + 2 i, write end after it; the coordinator's is the last */
    FD_SLOTS = FD_TURN + 2 * (MODEL_PROCS + 1), /* those of the program */
    FD_SPARE = TARRY_NFD - 1,
};

enum { COORDINATOR = MODEL_PROCS };

enum turn_kind {
    TURN_GO,   /* do the operation */
    TURN_LEFT, /* to the coordinator: process pid is about to end; hand the turn on when it has */
};

struct turn {
    uint32_t kind, pid;
    uint64_t index;  /* of the next operation */
    uint64_t sum;    /* TURN_LEFT: what pid has added up, */
    uint64_t errors; /* and the I/O errors that it has met */
};

/* What a process needs to know, in its memory; handed on through argv by exec. */
struct worker {
    unsigned slot;
    uint64_t sizes;  /* of the regions: struct mop x of begin */
    uint32_t policy; /* of region D: n of begin */
    uint64_t sum;    /* of the shares of what it has done */
    uint64_t next;   /* the operation that it is at */
};

/* Where files and directories of the program are. */
extern const char *const names[MODEL_NAMES], *const dirs[MODEL_DIRS];

/*
 * --errors: the disk fails now and then, or gets full (operation fill). What fails for that is done again, by system call or by instruction, until it
 * gives what it must; versions of files are not compared, as a write in two parts counts twice.
 */
extern bool tolerant;
extern uint64_t errors; /* met by this process */
/* Was that an error of the disk, or no room on it, that is to be met by another try? Counts it. */
bool again(int64_t result);
/* From now on a touch that the disk fails is tried again. */
void tolerate(void);

/* ---- full.c ---- */

/* Leaves so many blocks to others. 0 or an error. */
int64_t fill_disk(uint32_t blocks);
/* Gives some of what fill_disk took back. False: there is nothing left of it. */
bool make_room(void);
void end_full(void); /* gives all of it back */

/* ---- turn.c ---- */

/* The operation with that number. */
const struct mop *operation(uint64_t index);
/* Gives the turn for operation `index` to whose it is. */
void hand_on(uint64_t index);
void send_turn(unsigned to, const struct turn *);
void await_turn(unsigned me, struct turn *);
/* Says what is wrong with an operation and ends the machine's run. */
_Noreturn void disagree(uint64_t index, const struct mop *, int64_t result, uint64_t digest);
_Noreturn void give_up(const char *what, long error);

/* ---- ops.c ---- */

/* Attaches all regions. */
void begin_memory(const struct worker *);
/* Does one that ends neither the process nor its program, nor makes one. Its result; what it saw is in *digest. */
int64_t perform(const struct worker *, const struct mop *, uint64_t *digest);

/* ---- worker.c ---- */

/* Does the operations of its process until it exits. */
_Noreturn void work(struct worker *);

#endif
