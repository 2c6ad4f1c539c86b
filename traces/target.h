/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a trace is written. A name that is free is written to at once. A name that
 * holds a trace already keeps it until the new one is whole: the new one
 * grows beside it as NAME.part and takes the name in the end. Anything else that has the
 * name is left alone.
 */
#ifndef TARRY_TARGET_H
#define TARRY_TARGET_H

#include <stdbool.h>
#include <stddef.h>

struct target {
    char *path; /* the name asked for */
    char *work; /* the file to write: path or path.part, never starting with ':' */
    int fd;     /* holds the lock that keeps other runs off; not for reading or writing */
};

/* Claims an empty file to write to. Returns 0, or -1 with a message. */
int target_open(struct target *, const char *path, char *err, size_t errlen);
/* Gives the finished file its name and lets go. Returns 0, or -1 with a message; the file then stays as `work`. */
int target_publish(struct target *, char *err, size_t errlen);
/* Lets go and removes what was written: nothing in it is of use. */
void target_discard(struct target *);
/* Lets go of the file as it is. */
void target_leave(struct target *);

#endif
