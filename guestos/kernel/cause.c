/* SPDX-License-Identifier: GPL-2.0-only */
/* What the running process is busy with: the cause of the events that it brings about (trace.h). */
#include "proc.h"
#include "trace.h"

uint64_t pushcause(uint64_t id)
{
    uint64_t old = up->cause;
    up->cause = id;
    return old;
}

void popcause(uint64_t old)
{
    up->cause = old;
}
