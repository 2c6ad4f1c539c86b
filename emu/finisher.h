/* SPDX-License-Identifier: GPL-2.0-only */
/* The test finisher (sifive,test1): a word written to it powers the machine off or resets it. */
#ifndef EMU_FINISHER_H
#define EMU_FINISHER_H

#include <stddef.h>

struct machine;

int finisher_init(struct machine *, char *err, size_t errlen);

#endif
