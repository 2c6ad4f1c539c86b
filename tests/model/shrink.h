/* SPDX-License-Identifier: GPL-2.0-only */
/* A failing program made short: whole programs, runs of operations, single operations, lengths, sizes. */
#ifndef SHRINK_H
#define SHRINK_H

#include "model.h"

/*
 * Shortens ops in place while fails(arg, ...) says that it still fails; it does at first. What is tried has the results that
 * the model gives. Returns the new number of operations.
 */
unsigned long shrink(struct mop *ops, unsigned long n, bool (*fails)(void *arg, const struct mop *, unsigned long n),
                     void *arg);

#endif
