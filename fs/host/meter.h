/* SPDX-License-Identifier: GPL-2.0-only */
/* Progress of long puts and gets, as a line on the terminal. */
#ifndef TARRY_METER_H
#define TARRY_METER_H

#include <stdint.h>

struct hostfs;

struct meter {
    uint64_t began_ns;
    uint64_t last_ns; /* host time of the last line */
    int shown;        /* there is a line to wipe off */
};

/*
 * Shows what hostfs_put and hostfs_get do from now on - files, bytes, rate, and the file at hand - if standard error is a terminal and it takes longer than half a second.
 */
void meter_begin(struct meter *, struct hostfs *);
/* Wipes the line off. */
void meter_end(struct meter *);

#endif
