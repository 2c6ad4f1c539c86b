/* SPDX-License-Identifier: GPL-2.0-only */
/* Whose turn it is, and the program file. */
#include <stdio.h>
#include <string.h>
#include "modelrun.h"

enum { BATCH = 32 }; /* operations read at a time */

static struct mop batch[BATCH];
static uint64_t first, count; /* those in `batch` */

bool tolerant;
uint64_t errors;

/* Without room for a page that becomes dirty memory is what lacks (E3). */
static bool lacks_room(int64_t result)
{
    return result == -T_ENOSPC || result == -T_ENOMEM;
}

bool again(int64_t result)
{
    bool failed = tolerant && (result == -T_EIO || (lacks_room(result) && make_room()));
    errors += failed;
    return failed;
}

/* The page stays as it is after a failed fill (E1): the instruction is simply done again. */
static void touched(struct tarry_ureg *ureg, char *note)
{
    (void)ureg;
    bool failed = strstr(note, "deferred read error") != NULL || strstr(note, "i/o error") != NULL ||
                  ((strstr(note, "no swap space") != NULL || strstr(note, "out of memory") != NULL) && make_room());
    errors += failed;
    sys_noted(failed ? NCONT : NDFLT);
}

void tolerate(void)
{
    tolerant = true;
    notify(touched);
}

_Noreturn void give_up(const char *what, long error)
{
    char line[120], why[80] = "";
    sys_errstr(why, sizeof why);
    snprintf(line, sizeof line, "modelrun: process %ld: %s: %ld (%s)\n", sys_getpid(), what, error, why);
    write_all(1, line, strlen(line));
    send_turn(COORDINATOR, &(struct turn){.kind = TURN_LEFT});
    exits("1");
}

_Noreturn void disagree(uint64_t index, const struct mop *op, int64_t result, uint64_t digest)
{
    char line[200];
    snprintf(line, sizeof line,
             "modelrun: operation %llu (process %u) gives %lld %016llx, should be %lld %016llx\n",
             (unsigned long long)index, op->proc, (long long)result, (unsigned long long)digest, (long long)op->result,
             (unsigned long long)op->digest);
    write_all(1, line, strlen(line));
    send_turn(COORDINATOR, &(struct turn){.kind = TURN_LEFT});
    exits("1");
}

const struct mop *operation(uint64_t index)
{
    if (index - first >= count) {
        long got;
        do
            got = sys_pread(FD_PROGRAM, batch, sizeof batch, (int64_t)(index * sizeof *batch));
        while (again(got));
        if (got < (long)sizeof *batch)
            give_up("the program ends early", got);
        first = index;
        count = (uint64_t)got / sizeof *batch;
    }
    return &batch[index - first];
}

void send_turn(unsigned to, const struct turn *turn)
{
    for (size_t n = 0; n < sizeof *turn;) {
        long put = sys_pwrite(FD_TURN + 2 * (int)to + 1, (const char *)turn + n, sizeof *turn - n, -1);
        if (put < 0 && !again(put))
            break; /* the coordinator is no more */
        n += put > 0 ? (size_t)put : 0;
    }
}

void hand_on(uint64_t index)
{
    const struct mop *op = operation(index);
    send_turn(op->proc < MODEL_PROCS ? op->proc : COORDINATOR, &(struct turn){.kind = TURN_GO, .index = index});
}

/* A message may come in two parts, round the end of the pipe's ring. */
void await_turn(unsigned me, struct turn *turn)
{
    for (size_t n = 0; n < sizeof *turn;) {
        long got = sys_pread(FD_TURN + 2 * (int)me, (char *)turn + n, sizeof *turn - n, -1);
        if (got <= 0 && !again(got))
            give_up("waiting for a turn", got);
        n += got > 0 ? (size_t)got : 0;
    }
}
