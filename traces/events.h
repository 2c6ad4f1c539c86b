/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What both sides of the trace share, made from events.def: event numbers,
 * enum values, and one record type per event. Freestanding: the guest kernel
 * includes it too.
 *
 * A record is a `struct ev_NAME` (columns known when the event is emitted) or
 * `struct ev_NAME_end` (columns known when an interval ends): only 64-bit
 * words, in the order of events.def.
 */
#ifndef TARRY_EVENTS_H
#define TARRY_EVENTS_H

#include <stdint.h>

/* EV_NAME: event numbers, from 1 in catalogue order */
#define POINT(event, group, doc) EV_##event,
#define INTERVAL(event, group, doc) EV_##event,
enum event_kind {
    EV_none,
#include "events.def"
    EV_COUNT
};

/* enum ev_ENUM { EV_ENUM_VALUE = n } */
#define ENUM(name, doc) enum ev_enum_##name {
#define VALUE(e, name, n, doc) EV_##e##_##name = n,
#define ENUM_END(name) };
#include "events.def"

/*
 * struct ev_NAME. Guest records start with what the emitter knows of their
 * origin (struct ev_head); the machine adds id, insn and ts.
 */
struct ev_head {
    uint64_t proc;  /* id of the process row it happened in or for; 0: none */
    uint64_t pc;    /* user pc of that process when it entered the kernel (machine events: pc of the hart) */
    uint64_t cause; /* id of the event that caused this one; 0: none */
};

/* A cause that the machine replaces by the id of the newest interrupt. */
#define TRACE_INTERRUPT UINT64_MAX

#define POINT(event, group, doc) \
    struct ev_##event {          \
        struct ev_head head;
#define INTERVAL(event, group, doc) POINT(event, group, doc)
#define COLUMN(event, name, type, unit, doc) uint64_t name;
#define EVENT_END(event) };
#include "events.def"

#define POINT(event, group, doc) \
    struct ev_##event##_end {    \
        uint64_t kind; /* EV_NAME: the machine checks that it is what `id` opened */
#define INTERVAL(event, group, doc) POINT(event, group, doc)
#define RESULT(event, name, type, unit, doc) uint64_t name;
#define EVENT_END(event) };
#include "events.def"

/*
 * The trace port: an SBI extension in the vendor range (SBI 2.0, chapter 3.1), found by
 * sbi_probe_extension. a7 = TRACE_EID, a6 = function; a0 = error, a1 = value.
 * Addresses are physical. Records and strings may lie anywhere in RAM.
 */
#define TRACE_EID 0x09545259 /* vendor range 0x09000000..0x09ffffff, "TRY" */
enum {
    TRACE_EVENT = 1,  /* (kind, pa of struct ev_NAME, bytes): value = id of the new row */
    TRACE_END = 2,    /* (id, pa of struct ev_NAME_end, bytes): ends the interval `id` */
    TRACE_STRING = 3, /* (pa, bytes): value = id of that string, the same for equal strings */
    TRACE_DISK = 4,   /* (sector, id of the causing event, block_class): says what the next request to `sector` is for */
    TRACE_LAST_TRAP = 5, /* (): value = id of the newest trap row, 0 if none */
    TRACE_PROC = 6,   /* (id of a process row, its image): that process runs now; machine events name it */
    TRACE_IMAGE = 7,  /* (qid of a program's file, its version, its path as a string's id): value = id in table image */
    TRACE_SWITCH = 8  /* (0 or 1): from here on events are recorded or not; value = how it was. Ids go on counting */
};

#endif
