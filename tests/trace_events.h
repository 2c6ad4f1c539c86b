/* SPDX-License-Identifier: GPL-2.0-only */
/* Recording events by the names of their columns, as the kernel's TRACE does. */
#ifndef TESTS_TRACE_EVENTS_H
#define TESTS_TRACE_EVENTS_H

#include "traces/events.h"
#include "traces/recorder.h"

#define HEAD_WORDS (sizeof(struct ev_head) / sizeof(uint64_t))
#define EVENT(r, at, event, ...)                                                                             \
    recorder_event(r, EV_##event, at, (const uint64_t *)&(struct ev_##event){{0}, __VA_ARGS__} + HEAD_WORDS, \
                   sizeof(struct ev_##event) / sizeof(uint64_t) - HEAD_WORDS)
#define END(r, id, event, when, ...)                                                                    \
    recorder_end(r, id, EV_##event, when, (const uint64_t *)&(struct ev_##event##_end){0, __VA_ARGS__} + 1, \
                 sizeof(struct ev_##event##_end) / sizeof(uint64_t) - 1)

#endif
