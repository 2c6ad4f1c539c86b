/* SPDX-License-Identifier: GPL-2.0-only */
/* A process of the program. */
#include <stdio.h>
#include "modelrun.h"

static void check(struct worker *w, const struct mop *op, int64_t result, uint64_t digest)
{
    if (result != op->result || digest != op->digest)
        disagree(w->next, op, result, digest);
    w->sum += model_share(w->next, result, digest);
}

static void fork_process(struct worker *w, const struct mop *op)
{
    unsigned child = op->a;
    long pid;
    do
        pid = sys_rfork(RFPROC | RFFDG | RFNOWAIT);
    while (pid < 0 && again(pid));
    if (pid == 0) {
        errors = 0; /* they are its parent's */
        *w = (struct worker){.slot = child, .sizes = w->sizes, .policy = w->policy, .next = UINT64_MAX};
        return;
    }
    check(w, op, pid > 0 ? 0 : pid, 0);
    w->next++;
}

/* The new program goes on where this one stops. */
static _Noreturn void exec_process(struct worker *w)
{
    char text[6][24];
    char *argv[] = {"modelrun", tolerant ? "--errors-slot" : "--slot", text[0], text[1], text[2], text[3], text[4],
                    text[5], NULL};
    uint64_t sum = w->sum + model_share(w->next, 0, 0);
    snprintf(text[0], sizeof text[0], "%u", w->slot);
    snprintf(text[1], sizeof text[1], "%llu", (unsigned long long)w->sizes);
    snprintf(text[2], sizeof text[2], "%llu", (unsigned long long)sum);
    snprintf(text[3], sizeof text[3], "%llu", (unsigned long long)w->next + 1);
    snprintf(text[4], sizeof text[4], "%u", (unsigned)w->policy);
    snprintf(text[5], sizeof text[5], "%llu", (unsigned long long)errors);
    long r;
    do
        r = sys_exec("/bin/modelrun", argv);
    while (again(r));
    give_up("exec", r);
}

/* The coordinator hands the turn on when this process is no more. */
static _Noreturn void exit_process(struct worker *w)
{
    w->sum += model_share(w->next, 0, 0);
    send_turn(COORDINATOR, &(struct turn){TURN_LEFT, (uint32_t)sys_getpid(), w->next + 1, w->sum, errors});
    exits("");
}

/* A write of which only a part was done goes on behind it. */
static int64_t insist_on_write(const struct worker *w, struct mop op, uint64_t *digest)
{
    int64_t done = 0, n = op.n;
    while (done < n) {
        int64_t r = perform(w, &op, digest);
        if (r < 0 && !again(r))
            return r;
        r = r < 0 ? 0 : r;
        errors += r > 0 && r < op.n;
        done += r;
        op.n -= (uint32_t)r;
        op.x += (uint64_t)r;
        op.y += op.y != MODEL_HERE ? (uint64_t)r : 0;
    }
    return n > 0 ? done : perform(w, &op, digest);
}

/* Does an operation until no I/O error is in the way. */
static int64_t insist(const struct worker *w, const struct mop *op, uint64_t *digest)
{
    int64_t r;
    if (op->kind == MOP_write || op->kind == MOP_cwrite)
        return insist_on_write(w, *op, digest);
    do {
        *digest = 0;
        r = perform(w, op, digest);
    } while (again(r));
    if (op->kind == MOP_stat || op->kind == MOP_fstat)
        *digest = op->digest;
    return r;
}

/* One operation of this process. True if the turn has been handed on already. */
static bool step(struct worker *w)
{
    struct mop op = *operation(w->next); /* a copy: the batch changes when others' operations are looked at */
    uint64_t digest = 0;
    bool async = (op.kind == MOP_load || op.kind == MOP_store || op.kind == MOP_copy) && op.b &&
                 operation(w->next + 1)->proc != op.proc;
    if (op.kind == MOP_exec)
        exec_process(w);
    if (op.kind == MOP_exit)
        exit_process(w);
    if (op.kind == MOP_fork) {
        fork_process(w, &op);
        return w->next == UINT64_MAX; /* the child waits for its turn */
    }
    if (async)
        hand_on(w->next + 1);
    int64_t result = tolerant ? insist(w, &op, &digest) : perform(w, &op, &digest);
    check(w, &op, result, digest);
    w->next++;
    return async;
}

_Noreturn void work(struct worker *w)
{
    for (;;) {
        bool waits = w->next == UINT64_MAX;
        while (!waits && operation(w->next)->proc == w->slot && !(waits = step(w)))
            ;
        if (!waits)
            hand_on(w->next);
        struct turn turn;
        await_turn(w->slot, &turn);
        w->next = turn.index;
    }
}
