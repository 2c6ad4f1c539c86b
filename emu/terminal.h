/* SPDX-License-Identifier: GPL-2.0-only */
/* The host's terminal while a guest has the console. */
#ifndef TARRY_TERMINAL_H
#define TARRY_TERMINAL_H

#include <stdbool.h>

/*
 * If standard input is a terminal: no echo and no line editing there (the guest does both); with `all`
 * ctrl-C and the like go to the guest too. Undone by terminal_restore, which also runs at exit.
 */
void terminal_raw(bool all);
void terminal_restore(void);

#endif
