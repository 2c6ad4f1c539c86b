/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fsmodel SEED OPS [SYNCED]: random operations on /model, compared with a model in memory. Begins where an earlier run on
 * this disk was ended, perhaps by a power cut: /model/op says how far the disk came, and it must hold what the operations
 * up to there make (or one more: the operation and its number are two writes). Prints "synced K" after each sync;
 * SYNCED is the last such number that somebody has seen: an earlier state than that is a loss.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "fsmodel.h"
#include "tarry.h"

static const char help[] = "fsmodel SEED OPS [SYNCED]\n"
                           "Makes OPS random file operations in /model and compares with a model; goes on where a run on this disk was\n"
                           "ended; the disk must be at least at operation SYNCED (0).";

static struct model model;

static void fail(uint64_t k, const char *what)
{
    printf("fsmodel: operation %lu: %s\n", (unsigned long)k, what);
    exit(finish_output(1));
}

/* The number of the last operation that the disk knows of. */
static uint64_t load_number(void)
{
    uint64_t k = 0;
    int fd = open(TOP "/op", O_RDONLY);
    if (fd < 0)
        return 0; /* not even the first sync was reached */
    if (read(fd, &k, sizeof k) != sizeof k)
        k = 0;
    close(fd);
    return k;
}

static void store_number(int fd, uint64_t k)
{
    if (pwrite(fd, &k, sizeof k, 0) != sizeof k)
        fail(k, "its number cannot be stored");
}

/* Brings the model to what the disk holds: the operation that it is at. */
static uint64_t recover(uint64_t synced)
{
    uint64_t k = load_number();
    if (k < synced)
        fail(k, wrong("a sync at %lu had succeeded", (unsigned long)synced));
    for (uint64_t i = 1; i <= k; i++) {
        struct op op = model_op(&model, i);
        model_apply(&model, &op);
    }
    const char *bad = real_verify(&model);
    if (bad == NULL)
        return k;
    char first[300];
    snprintf(first, sizeof first, "%s", bad);
    struct op op = model_op(&model, k + 1);
    model_apply(&model, &op);
    if (real_verify(&model) != NULL)
        fail(k, first);
    return k + 1;
}

int main(int argc, char **argv)
{
    uint64_t seed, ops, synced = 0;
    const char *bad;
    if (help_asked(argc, argv, help))
        return 0;
    if (argc < 3 || argc > 4 || !parse_number(argv[1], &seed) || !parse_number(argv[2], &ops) ||
        (argc > 3 && !parse_number(argv[3], &synced)))
        usage(help);
    model_init(&model, seed);
    if ((bad = real_init()) != NULL)
        fail(0, bad);
    uint64_t k = recover(synced);
    printf("at %lu\n", (unsigned long)k);
    int fd = open(TOP "/op", O_WRONLY | O_CREAT, 0644);
    if (fd < 0)
        fail(k, "its number cannot be stored");
    store_number(fd, k);
    while (k < ops) {
        struct op op = model_op(&model, ++k);
        if ((bad = real_apply(&model, &op, k)) != NULL)
            fail(k, bad);
        model_apply(&model, &op);
        if (op.kind == OP_SYNC)
            printf("synced %lu\n", (unsigned long)k - 1);
        store_number(fd, k);
    }
    if ((bad = real_verify(&model)) != NULL)
        fail(k, bad);
    printf("done %lu\n", (unsigned long)k);
    return finish_output(0);
}
