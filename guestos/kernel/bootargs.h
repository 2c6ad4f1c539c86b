/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Boot arguments: words `key=value`, then `--`, then the program and its arguments; every word
 * percent-encoded. Keys: io=POLICY, snapshot=SCOPE, lend=on|off (policy.c), fill-around=N|seq|off (around.c), nospace=WHAT
 * (nospace.c), superpages=on|off (reserve.h), pagetable=FORM (mmu.c), console=plain.
 */
#ifndef BOOTARGS_H
#define BOOTARGS_H

#include "exec.h"
#include "../../traces/events.h"

extern enum ev_enum_io_policy io_policy;

/* Reads devtree.bootargs. Sets io_policy; the program is the first of args. Says what it does not understand. */
void bootargs(struct args *);

#endif
