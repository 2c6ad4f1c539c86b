/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Model programs as text: a line for each operation, `p1 read f2 A+0x1388 n=12000 at=8192 -> 12000`. What stands behind
 * the arrow is what it must give; a reader ignores it and asks the model. Lines that begin with # are comments.
 */
#ifndef TEXT_H
#define TEXT_H

#include <stdio.h>
#include "model.h"

/* layout: of the program that op belongs to, for its addresses; kept up to date by the caller (layout_of). */
void print_op(FILE *, const struct mop *, const struct layout *);
/* Reads a line. False if it is not an operation; what is wrong then is in *why. */
bool parse_op(const char *line, const struct layout *, struct mop *, const char **why);

/* A whole program. */
void print_program(FILE *, const struct mop *, unsigned long n);
/* Reads text, asks the model for the results. Ends the process with a message if it is not a program. */
struct mop *parse_program(FILE *, const char *name, unsigned long *n);

const char *op_name(const struct mop *);

#endif
