/* SPDX-License-Identifier: GPL-2.0-only */
/* What the user asked of `tarry run` and `tarry shell`. */
#ifndef TARRY_RUN_OPTIONS_H
#define TARRY_RUN_OPTIONS_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "common_options.h"
#include "io_options.h"

#define MAX_INPUTS 64

struct run_input {
    const char *host;      /* path on the host */
    char guest[1024];      /* path in the guest */
};

struct run_options {
    struct common_options common;
    struct io_options io;
    struct run_input inputs[MAX_INPUTS];
    int ninputs;
    const char *image;        /* --image; NULL: the shipped one */
    bool keep;
    char **program;           /* program and its arguments, NULL-terminated; NULL for shell */
    int nprogram;
};

/*
 * Parses the options of `name` ("run" or "shell"). Returns -1 if all is well, else the exit status after
 * help (0) or after a message (2).
 */
int run_options_parse(const char *name, int argc, char **argv, struct run_options *);

#endif
