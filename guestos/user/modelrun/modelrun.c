/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * modelrun [--errors] PROGRAM: runs model programs (program.h) and compares what each operation gives with what the reference
 * model says. Prints the number of operations and the sum over all results; stops at the first that is not as it must be.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "modelrun.h"

static const char help[] = "modelrun [--errors] PROGRAM\nRuns a program of the reference model (docs/proof.md). With --errors the disk may fail, or be full.";

static uint64_t sum, met; /* over all processes; I/O errors that they met */

static void make_pipes(void)
{
    for (int i = 0; i <= COORDINATOR; i++) {
        int fds[2];
        long r = sys_pipe(fds);
        if (r < 0 || fds[0] != FD_TURN + 2 * i || fds[1] != FD_TURN + 2 * i + 1)
            give_up("pipe", r);
    }
}

/* The first process of a program: it gets its turn like any other. */
static void begin(const struct mop *op)
{
    struct worker w = {.slot = 0, .sizes = op->x, .policy = op->n, .next = UINT64_MAX};
    long fd;
    do
        fd = sys_create("/model", OREAD | OEXCL, DMDIR | 0777);
    while (again(fd));
    if (fd < 0)
        give_up("create /model", fd);
    sys_close((int)fd);
    long pid = sys_rfork(RFPROC | RFFDG | RFNOWAIT);
    if (pid < 0)
        give_up("rfork", pid);
    if (pid == 0) {
        begin_memory(&w);
        work(&w);
    }
}

/* No process is left. */
static void finish(void)
{
    long r;
    end_full();
    for (int i = 0; i < MODEL_NAMES; i++)
        while (again(sys_remove(names[i])))
            ;
    for (int i = 0; i < MODEL_DIRS; i++)
        while (again(sys_remove(dirs[i])))
            ;
    do
        r = sys_remove("/model");
    while (again(r));
    if (r < 0)
        give_up("remove /model", r);
}

/* Waits until a process that said that it ends has ended: what it held has been given back. */
static void see_off(uint32_t pid)
{
    char path[40];
    struct tarry_stat st;
    snprintf(path, sizeof path, "/proc/%u/status", (unsigned)pid);
    long r;
    while ((r = sys_stat(path, &st)) == 0 || again(r))
        sys_sleep(1000);
}

/* The coordinator's own operations from `index` on, then somebody else's turn. */
static void coordinate(uint64_t index)
{
    for (;; index++) {
        struct mop op = *operation(index);
        if (op.proc < MODEL_PROCS)
            break;
        if (op.kind == MOP_end) {
            printf("modelrun: %llu operations, sum %016llx\n", (unsigned long long)index, (unsigned long long)sum);
            if (tolerant)
                printf("modelrun: %llu errors met\n", (unsigned long long)(met + errors));
            exit(finish_output(0));
        }
        if (op.kind == MOP_begin)
            begin(&op);
        else
            finish();
        sum += model_share(index, 0, 0);
    }
    hand_on(index);
}

static _Noreturn void run(const char *program)
{
    struct turn turn;
    long fd = sys_open(program, OREAD);
    if (fd != FD_PROGRAM)
        give_up(program, fd);
    make_pipes();
    coordinate(0);
    for (;;) {
        await_turn(COORDINATOR, &turn);
        if (turn.kind == TURN_LEFT) {
            if (turn.pid == 0)
                exit(1); /* it has said why */
            see_off(turn.pid);
            sum += turn.sum;
            met += turn.errors;
        }
        coordinate(turn.index);
    }
}

/* A process of the program after exec. */
static _Noreturn void resume(char **text)
{
    struct worker w = {
        .slot = (unsigned)strtoul(text[0], NULL, 10),
        .sizes = strtoull(text[1], NULL, 10),
        .sum = strtoull(text[2], NULL, 10),
        .next = strtoull(text[3], NULL, 10),
        .policy = (uint32_t)strtoul(text[4], NULL, 10),
    };
    errors = strtoull(text[5], NULL, 10);
    begin_memory(&w);
    work(&w);
}

int main(int argc, char **argv)
{
    if (help_asked(argc, argv, help))
        return 0;
    if (argc > 1 && strncmp(argv[1], "--errors", 8) == 0)
        tolerate();
    if (argc == 8 && (strcmp(argv[1], "--slot") == 0 || strcmp(argv[1], "--errors-slot") == 0))
        resume(argv + 2);
    if (argc != 2 + tolerant)
        usage(help);
    run(argv[argc - 1]);
}
