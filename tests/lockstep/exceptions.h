/* SPDX-License-Identifier: GPL-2.0-only */
/* Where the two may differ: each case with its reason. docs/lockstep.md explains them. */
#ifndef LOCKSTEP_EXCEPTIONS_H
#define LOCKSTEP_EXCEPTIONS_H

#include "state.h"

/* Makes `ours` equal to `theirs` in what an exception covers: Tarry then goes on from there, as the reference does. */
void exceptions_allow(struct state *ours, struct state *theirs);
/* Prints how often each was used, if it was. */
void exceptions_print(FILE *);

#endif
