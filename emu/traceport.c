/* SPDX-License-Identifier: GPL-2.0-only */
/* The trace port. Records are read from guest memory, checked against the catalogue, and stamped. */
#include <string.h>

#include "../traces/events.h"
#include "../traces/recorder.h"
#include "machine_priv.h"
#include "traceport.h"

enum { SBI_NOT_SUPPORTED = -2, SBI_INVALID_PARAM = -3 };

#define MAX_WORDS 32
#define MAX_STRING 65536

/* Words of an event's record and of its end, by kind. */
#define POINT(event, group, doc) [EV_##event] = sizeof(struct ev_##event),
#define INTERVAL(event, group, doc) POINT(event, group, doc)
static const uint16_t record_bytes[EV_COUNT] = {
#include "../traces/events.def"
};
#define POINT(event, group, doc) [EV_##event] = sizeof(struct ev_##event##_end),
#define INTERVAL(event, group, doc) POINT(event, group, doc)
static const uint16_t end_bytes[EV_COUNT] = {
#include "../traces/events.def"
};

int traceport_init(struct machine *m, char *err, size_t errlen)
{
    struct traceport *t = &m->trace;
    t->recorder = m->config.recorder;
    if (!t->recorder) {
        struct run_facts none = {0};
        t->recorder = t->own = recorder_open(NULL, &none, err, errlen);
    }
    return t->recorder ? 0 : -1;
}

void traceport_free(struct machine *m)
{
    char err[256];
    struct run_result none = {0};
    if (m->trace.own)
        recorder_close(m->trace.own, &none, err, sizeof err);
}

static struct event_stamp stamp(const struct machine *m, uint64_t proc, uint64_t pc, uint64_t cause)
{
    return (struct event_stamp){m->hart.insns, clock_now(m), proc, pc, cause};
}

uint64_t traceport_program(const struct machine *m, uint64_t proc)
{
    unsigned i = proc % TRACE_PROGRAMS;
    return m->trace.programs[i].proc == proc ? m->trace.programs[i].name : 0;
}

static uint64_t record(struct machine *m, unsigned kind, const struct event_stamp *s, const uint64_t *cols,
                       unsigned ncols)
{
    struct traceport *t = &m->trace;
    uint64_t id = recorder_event(t->recorder, kind, s, cols, ncols);
    if (kind == EV_program && id) {
        t->programs[s->proc % TRACE_PROGRAMS].proc = s->proc;
        t->programs[s->proc % TRACE_PROGRAMS].name = cols[0];
    }
    if (id == t->wanted.id && id) {
        t->wanted.kind = kind;
        t->wanted.insn = s->insn;
        t->wanted.pc = s->pc;
    }
    return id;
}

uint64_t traceport_event(struct machine *m, unsigned kind, uint64_t pc, uint64_t cause, const uint64_t *cols,
                         unsigned ncols)
{
    struct event_stamp s = stamp(m, m->trace.proc, pc, cause);
    return record(m, kind, &s, cols, ncols);
}

void traceport_end(struct machine *m, uint64_t id, unsigned kind, const uint64_t *results, unsigned nresults)
{
    recorder_end(m->trace.recorder, id, kind, clock_now(m), results, nresults);
}

void traceport_trap(struct machine *m, uint64_t pc, const uint64_t cols[4])
{
    m->trace.last_trap = traceport_event(m, EV_trap, pc, 0, cols, 4);
}

void traceport_interrupt(struct machine *m, uint64_t pc, const uint64_t cols[2])
{
    traceport_event(m, EV_interrupt, pc, 0, cols, 2);
}

struct disk_hint traceport_disk_hint(struct machine *m, uint64_t sector)
{
    struct traceport *t = &m->trace;
    for (unsigned i = 0; i < t->nhints; i++)
        if (t->hints[i].sector == sector) {
            struct disk_hint found = t->hints[i];
            memmove(t->hints + i, t->hints + i + 1, (--t->nhints - i) * sizeof *t->hints);
            return found;
        }
    return (struct disk_hint){sector, 0, EV_block_class_unknown};
}

static int64_t add_hint(struct traceport *t, const uint64_t a[3])
{
    if (t->nhints == TRACE_HINTS) /* never used ones leave, oldest first */
        memmove(t->hints, t->hints + 1, --t->nhints * sizeof *t->hints);
    t->hints[t->nhints++] = (struct disk_hint){a[0], a[1], a[2]};
    return 0;
}

/* Copies a record of exactly `want` bytes. */
static bool fetch(struct machine *m, uint64_t pa, uint64_t bytes, uint16_t want, uint64_t *words)
{
    const void *host = want && bytes == want && want <= MAX_WORDS * 8 ? ram_at(m, pa, bytes) : NULL;
    if (host)
        memcpy(words, host, bytes);
    return host != NULL;
}

static int64_t event(struct machine *m, const uint64_t a[3], uint64_t *value)
{
    uint64_t w[MAX_WORDS];
    if (a[0] >= EV_COUNT || !fetch(m, a[1], a[2], record_bytes[a[0]], w))
        return SBI_INVALID_PARAM;
    struct event_stamp s = stamp(m, w[0], w[1], w[2]);
    *value = record(m, (unsigned)a[0], &s, w + 3, record_bytes[a[0]] / 8u - 3);
    return *value ? 0 : SBI_INVALID_PARAM;
}

static int64_t end(struct machine *m, const uint64_t a[3])
{
    uint64_t w[MAX_WORDS];
    const void *host = ram_at(m, a[1], 8);
    if (!host)
        return SBI_INVALID_PARAM;
    memcpy(w, host, 8);
    uint64_t kind = w[0];
    if (kind >= EV_COUNT || !fetch(m, a[1], a[2], end_bytes[kind], w))
        return SBI_INVALID_PARAM;
    int bad = recorder_end(m->trace.recorder, a[0], (unsigned)kind, clock_now(m), w + 1, end_bytes[kind] / 8u - 1);
    return bad ? SBI_INVALID_PARAM : 0;
}

static int64_t string(struct machine *m, const uint64_t a[3], uint64_t *value)
{
    const char *text = a[1] <= MAX_STRING ? ram_at(m, a[0], a[1]) : NULL;
    if (!text)
        return SBI_INVALID_PARAM;
    *value = recorder_string(m->trace.recorder, text, a[1]);
    return 0;
}

int64_t traceport_call(struct machine *m, uint64_t function, const uint64_t a[3], uint64_t *value)
{
    *value = 0;
    switch (function) {
    case TRACE_EVENT:
        return event(m, a, value);
    case TRACE_END:
        return end(m, a);
    case TRACE_STRING:
        return string(m, a, value);
    case TRACE_DISK:
        return add_hint(&m->trace, a);
    case TRACE_LAST_TRAP:
        *value = m->trace.last_trap;
        return 0;
    case TRACE_PROC:
        m->trace.proc = a[0];
        return 0;
    }
    return SBI_NOT_SUPPORTED;
}
