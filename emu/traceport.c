/* SPDX-License-Identifier: GPL-2.0-only */
/* The trace port. Records are read from guest memory, checked against the catalogue, and stamped. */
#include <string.h>

#include "../mmu/pte.h"
#include "../traces/events.h"
#include "../traces/recorder.h"
#include "access.h"
#include "insn.h"
#include "machine_priv.h"
#include "tlb_trace.h"
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
    t->keeps = t->recorder && recorder_wants(t->recorder, EV_program);
    return t->recorder ? 0 : -1;
}

void traceport_free(struct machine *m)
{
    char err[256];
    struct run_result none = {0};
    if (m->trace.own)
        recorder_close(m->trace.own, &none, err, sizeof err);
    images_free(&m->trace.images);
    ecalls_free(&m->trace.ecalls);
}

static struct event_stamp stamp(const struct machine *m, uint64_t proc, uint64_t pc, uint64_t cause)
{
    return (struct event_stamp){m->hart.insns, clock_now(m), proc, pc, cause};
}

/* What a process is asking of its kernel. */
static uint64_t call_of(const struct traceport *t, uint64_t proc)
{
    unsigned p = proc % TRACE_PROGRAMS;
    return t->calls[p].proc == proc ? t->calls[p].id : 0;
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
    unsigned p = s->proc % TRACE_PROGRAMS; /* of two processes that share a place the newer has it */
    if (kind == EV_program && id) {
        t->programs[p].proc = s->proc;
        t->programs[p].name = cols[0];
    } else if (kind == EV_syscall) {
        t->calls[p].proc = s->proc;
        t->calls[p].id = id;
        t->calls[p].caller = t->caller;
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

/* The program that a pc of this mode is of; the first time that the trace names the pc, what is there is kept. */
static uint64_t image_at(struct machine *m, uint64_t pc, unsigned privilege)
{
    struct traceport *t = &m->trace;
    uint64_t image = privilege != EV_privilege_user ? IMAGE_BOOTED : t->described ? t->image : IMAGE_UNKNOWN;
    bool fresh;
    struct guest_pc *p = !t->keeps ? NULL : images_pc(&t->images, image, pc, &fresh);
    uint32_t bits = 0;
    if (p && (fresh || !p->bits || image == IMAGE_UNKNOWN) && tlb_instruction(&m->hart, pc, &bits)) {
        p->differs = p->differs || (p->bits && p->bits != bits);
        p->bits = bits;
    }
    return image;
}

void traceport_instruction(struct machine *m, uint64_t pc, unsigned privilege)
{
    image_at(m, pc, privilege);
}

void traceport_trap(struct machine *m, uint64_t pc, unsigned code, uint64_t tval, unsigned from, unsigned to)
{
    uint64_t root = m->trace.described ? 0 : SATP_ROOT(m->hart.satp);
    uint64_t cols[] = {code, tval, from, to, image_at(m, pc, from), root};
    m->trace.last_trap = traceport_event(m, EV_trap, pc, 0, cols, 6);
    m->trace.last_tval = tval;
    tlb_trace_walk(m, m->trace.last_trap, pc, code, tval);
}

void traceport_interrupt(struct machine *m, uint64_t pc, unsigned code, unsigned from)
{
    uint64_t cols[] = {code, from, image_at(m, pc, from)};
    uint64_t cause = code == IRQ_SEXT || code == IRQ_MEXT ? m->trace.last_disk : 0;
    m->trace.last_interrupt = traceport_event(m, EV_interrupt, pc, cause, cols, 3);
}

/* jal and jalr to ra have 4 bytes, c.jalr has 2 (unprivileged spec, 2.5.1, 16.4) */
static uint64_t caller_before(struct machine *m, uint64_t ra)
{
    uint32_t insn;
    if (tlb_instruction(&m->hart, ra - 4, &insn) && (insn_bytes((uint16_t)insn) == 4) &&
        ((insn & 0xfff) == 0xef || (insn & 0x7fff) == 0xe7))
        return ra - 4;
    if (tlb_instruction(&m->hart, ra - 2, &insn) && (insn & 0xf07f) == 0x9002 && (insn & 0xf80))
        return ra - 2;
    return 0;
}

void traceport_ecall(struct machine *m, uint64_t pc)
{
    struct traceport *t = &m->trace;
    image_at(m, pc, EV_privilege_user);
    t->caller = t->keeps ? caller_before(m, hart_reg(&m->hart, UC_RISCV_REG_RA)) : 0;
    if (t->caller)
        image_at(m, t->caller, EV_privilege_user);
    if (!t->described)
        ecalls_begin(m, pc, t->caller);
}

uint64_t traceport_pc(const struct machine *m)
{
    uint64_t pc = hart_block_pc(&m->hart);
    return pc ? pc : m->hart.pc;
}

void traceport_satp(struct machine *m, uint64_t satp)
{
    uint64_t cols[] = {SATP_MODE(satp), satp >> SATP_ASID_SHIFT & 0xffff, SATP_ROOT(satp)};
    traceport_event(m, EV_satp, traceport_pc(m), 0, cols, 3);
}

uint64_t traceport_sfence(struct machine *m, const uint64_t *va, const uint64_t *asid, uint64_t length)
{
    uint64_t cols[] = {va ? *va : 0, !va, asid ? *asid : 0, !asid, length};
    return traceport_event(m, EV_sfence, traceport_pc(m), 0, cols, 5);
}

/* ---- console output, by lines ---- */

static void end_line(struct machine *m, bool newline)
{
    struct traceport *t = &m->trace;
    if (newline && t->line.n && t->line.text[t->line.n - 1] == '\r')
        t->line.n--;
    bool keeps = t->line.n && t->line.kept < TRACE_OUTPUT;
    uint64_t cols[] = {keeps ? recorder_string(t->recorder, t->line.text, t->line.n) : 0, newline};
    t->line.kept += t->line.n;
    traceport_event(m, EV_output, t->line.pc, t->line.cause, cols, 2);
    t->line.n = 0;
}

void traceport_output(struct machine *m, uint8_t byte)
{
    struct traceport *t = &m->trace;
    if (t->line.n == 0)
        t->line.pc = traceport_pc(m), t->line.cause = call_of(t, t->proc);
    if (byte == '\n') {
        end_line(m, true);
        return;
    }
    t->line.text[t->line.n++] = (char)byte;
    if (t->line.n == TRACE_LINE)
        end_line(m, false);
}

void traceport_finish(struct machine *m)
{
    if (m->trace.line.n)
        end_line(m, false);
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

/* What the machine knows of a record of the guest's and the guest does not say. */
static void complete(const struct traceport *t, unsigned kind, uint64_t *words)
{
    if (kind == EV_syscall) {
        ((struct ev_syscall *)words)->caller = t->caller;
    } else if (kind == EV_fault && ((struct ev_fault *)words)->in_kernel) {
        const struct traceport_call *c = &t->calls[words[0] % TRACE_PROGRAMS];
        ((struct ev_fault *)words)->caller = c->proc == words[0] && c->id ? c->caller : 0;
    }
}

static int64_t event(struct machine *m, const uint64_t a[3], uint64_t *value)
{
    uint64_t w[MAX_WORDS];
    if (a[0] >= EV_COUNT || !fetch(m, a[1], a[2], record_bytes[a[0]], w))
        return SBI_INVALID_PARAM;
    complete(&m->trace, (unsigned)a[0], w);
    struct event_stamp s = stamp(m, w[0], w[1], w[2] == TRACE_INTERRUPT ? m->trace.last_interrupt : w[2]);
    *value = record(m, (unsigned)a[0], &s, w + 3, record_bytes[a[0]] / 8u - 3);
    return *value ? 0 : SBI_INVALID_PARAM;
}

static void end_call(struct traceport *t, uint64_t id)
{
    unsigned p = t->proc % TRACE_PROGRAMS;
    if (t->calls[p].id == id)
        t->calls[p].id = 0;
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
    if (kind == EV_syscall)
        end_call(&m->trace, a[0]);
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
    m->trace.described = true;
    if (m->hart.access)
        access_look(m->hart.access);
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
        m->trace.image = a[1];
        return 0;
    case TRACE_IMAGE:
        m->trace.image = *value = images_number(&m->trace.images, a[0], a[1], a[2]);
        return 0;
    case TRACE_SWITCH:
        *value = recorder_switch(m->trace.recorder, a[0] != 0);
        return 0;
    }
    return SBI_NOT_SUPPORTED;
}
