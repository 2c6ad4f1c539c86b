/* SPDX-License-Identifier: GPL-2.0-only */
/* Replacing the program of the running process. */
#ifndef EXEC_H
#define EXEC_H

#include <stddef.h>

/* Arguments of a program: argc strings with their NULs, one after the other. */
struct args {
    int argc;
    char *block;  /* from kalloc; the owner frees it */
    size_t bytes; /* of block */
};

/*
 * On success (0) the process is the new program at its first instruction, and the arguments are used up; else it is as before, and
 * the error text says what is wrong with the file.
 */
int execprogram(const char *path, struct args *);

#endif
