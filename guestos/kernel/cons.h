/* SPDX-License-Identifier: GPL-2.0-only */
/* The console's line discipline, between the UART and devcons.c. */
#ifndef CONS_H
#define CONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void consinput(int c);               /* a byte arrived: at interrupt time */
int64_t consread(char *buf, size_t n); /* at most one line (or, raw, what there is); 0: end of file; or -T_EINTR */
void consraw(bool on);
void consplain(void); /* from now on nobody types: no echo, no editing, no ctrl-C; only ctrl-D is special */
const char *consmode(void); /* "line", "raw" or "plain" */
void consforeground(uint32_t noteid); /* ctrl-C goes to this note group */

#endif
