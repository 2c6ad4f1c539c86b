/* SPDX-License-Identifier: GPL-2.0-only */
/* Zeros into user memory, for reads of /dev/zero and segzero. */
#ifndef ZERO_H
#define ZERO_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Bytes [va, va + n) of the running process become zero, or nothing changes: -T_EFAULT if it could not store to all of
 * them. In segments where `ofsource` holds this changes sources and touches no whole page (R8), in others zeros are
 * stored.
 */
struct Segment;
int userzero(uint64_t va, uint64_t n, bool (*ofsource)(const struct Segment *));

#endif
