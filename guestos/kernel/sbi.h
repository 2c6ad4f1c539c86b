/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calls to the supervisor binary interface (SBI 2.0): OpenSBI on QEMU, the host on Tarry.
 */
#ifndef SBI_H
#define SBI_H

#include <stdbool.h>
#include <stdint.h>

struct sbiret {
    int64_t error; /* 0, or a negative SBI error */
    int64_t value;
};

struct sbiret sbicall(uint64_t extension, uint64_t function, uint64_t a0, uint64_t a1, uint64_t a2);
bool sbiprobe(uint64_t extension);  /* base extension, 4.6 */
void sbisettimer(uint64_t mtime);   /* TIME extension, 6.1: interrupt when the timer reaches mtime */
void sbishutdown(void);             /* SRST extension, 10.1 */

#endif
