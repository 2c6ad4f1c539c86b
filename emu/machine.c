/* SPDX-License-Identifier: GPL-2.0-only */
/* Puts the machine together and runs it: between two runs of the hart, time's events, console and interrupts. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../traces/recorder.h"
#include "access.h"
#include "finisher.h"
#include "machine_priv.h"
#include "tlb_model.h"

#define MIN_RAM (4ull << 20)
#define MAX_RAM (64ull << 30)

/* How long, in instructions, a terminal's key or an interrupt of the user may go unnoticed. */
#define LOOK_AROUND 1000000

#define TIMERS_BEFORE_INPUT 1000
#define TIMERS_BETWEEN_BYTES 10
#define NS_BEFORE_INPUT 10000000000ull
#define NS_BETWEEN_BYTES 10000000ull
#define NS_BEFORE_BUSY_INPUT 1000000000ull

void machine_stop(struct machine *m, enum machine_stop why, int status, const char *fmt, ...)
{
    if (m->result.stop != STOP_NONE)
        return;
    m->result.stop = why;
    m->result.status = status;
    if (fmt) {
        va_list args;
        va_start(args, fmt);
        vsnprintf(m->result.message, sizeof m->result.message, fmt, args);
        va_end(args);
    }
    hart_look_up(&m->hart);
}

static int add_devices(struct machine *m, char *err, size_t errlen)
{
    if (finisher_init(m, err, errlen) != 0 || clint_init(m, err, errlen) != 0 || plic_init(m, err, errlen) != 0 ||
        uart_init(m, err, errlen) != 0)
        return -1;
    for (unsigned slot = 0; slot < VIRTIO_SLOTS; slot++) {
        m->disks[slot] = virtio_blk_new(m, slot, m->config.disks[slot], err, errlen);
        if (!m->disks[slot])
            return -1;
    }
    return 0;
}

static int build(struct machine *m, char *err, size_t errlen)
{
    uint64_t ram = m->config.ram_bytes;
    if (ram < MIN_RAM || ram > MAX_RAM || ram % PAGE_BYTES) {
        snprintf(err, errlen, "%llu bytes of RAM: must be 4 MiB to 64 GiB, a multiple of 4096",
                 (unsigned long long)ram);
        return -1;
    }
    if (m->config.bootargs && !(m->bootargs = strdup(m->config.bootargs))) {
        snprintf(err, errlen, "the host is out of memory");
        return -1;
    }
    clock_init(&m->clock, m->config.insn_ns);
    if (hart_init(&m->hart, m, err, errlen) != 0 || bus_init(m, ram, err, errlen) != 0 ||
        hart_init_memory(&m->hart, err, errlen) != 0)
        return -1;
    if (console_init(m, err, errlen) != 0 || traceport_init(m, err, errlen) != 0)
        return -1;
    return add_devices(m, err, errlen);
}

struct machine *machine_new(const struct machine_config *config, char *err, size_t errlen)
{
    struct machine *m = calloc(1, sizeof *m);
    if (!m) {
        snprintf(err, errlen, "the host is out of memory");
        return NULL;
    }
    m->config = *config;
    m->console.wake[0] = m->console.wake[1] = -1;
    if (build(m, err, errlen) != 0) {
        machine_free(m);
        return NULL;
    }
    return m;
}

void machine_free(struct machine *m)
{
    if (!m)
        return;
    for (unsigned slot = 0; slot < VIRTIO_SLOTS; slot++)
        virtio_blk_free(m->disks[slot]);
    traceport_free(m);
    console_free(m);
    hart_free(&m->hart);
    bus_free(m);
    free(m->bootargs);
    free(m);
}

void machine_interrupt(struct machine *m)
{
    m->interrupted = 1;
    if (write(m->console.wake[1], "", 1) < 0) {
        /* the pipe is full: it wakes anyway */
    }
}

/*
 * The hart is in wfi, and would take console input: is it input's turn? Disks and timers come first, since what the
 * guest waits for should not depend on input that never comes. But a kernel that ticks for ever must be able to
 * read: after so many timers, or so much time, it is input's turn. (A terminal is looked at in every step.)
 */
static bool inputs_turn(struct machine *m, uint64_t next)
{
    if (!uart_wants_input(m))
        return false;
    if (next == CLOCK_NEVER)
        return true;
    for (int i = CLOCK_DISK; i < CLOCK_EVENTS; i++)
        if (m->clock.due[i] != CLOCK_NEVER)
            return false;
    if (m->console.terminal)
        return false;
    if (m->timers_waited >= TIMERS_BEFORE_INPUT)
        return true;
    uint64_t turn = clock_now(m) + (m->waited_ns < NS_BEFORE_INPUT ? NS_BEFORE_INPUT - m->waited_ns : 0);
    if (turn <= next) {
        clock_skip_to(m, turn);
        return true;
    }
    m->timers_waited++;
    m->waited_ns += next - clock_now(m);
    return false;
}

/* A byte, or the end of input, which comes only after the whole time: the guest need not be waiting for it. */
static bool take_input(struct machine *m, uint64_t next)
{
    bool byte = console_wait(m), ends = false;
    if (m->console.woken)
        return true; /* as if nothing had been: the debugger looks at it */
    if (!byte && uart_wants_input(m))
        ends = (next == CLOCK_NEVER || m->input_ended) && console_type_end(m);
    m->input_ended = m->console.end;
    m->timers_waited = byte ? TIMERS_BEFORE_INPUT - TIMERS_BETWEEN_BYTES : 0;
    m->waited_ns = byte ? NS_BEFORE_INPUT - NS_BETWEEN_BYTES : 0;
    return byte || ends;
}

/* A guest that never waits (xv6's idle loop) gets input all the same, if it is of that kind: see machine_config. */
static void feed_busy(struct machine *m)
{
    if (!m->config.busy_input || m->console.terminal || clock_now(m) < m->busy_due)
        return;
    m->busy_due = clock_now(m) + NS_BETWEEN_BYTES;
    if (uart_wants_input(m))
        console_wait(m);
}

static void idle(struct machine *m)
{
    uint64_t next = clock_next(m);
    m->busy_due = clock_now(m) + NS_BEFORE_BUSY_INPUT;
    if (inputs_turn(m, next) && take_input(m, next))
        return;
    if (next != CLOCK_NEVER) {
        clock_skip_to(m, next);
        return;
    }
    if (m->interrupted || (m->console.terminal && !m->console.end && uart_wants_input(m)))
        return;
    machine_stop(m, STOP_HUNG, 1, "the hart waits at pc 0x%llx for an interrupt that cannot come",
                 (unsigned long long)m->hart.pc);
}

static void set_deadline(struct machine *m)
{
    struct hart *h = &m->hart;
    uint64_t next = clock_next(m), limit = m->config.max_insns;
    h->deadline = h->insns + LOOK_AROUND;
    if (next != CLOCK_NEVER && clock_insns(m, next) < h->deadline)
        h->deadline = clock_insns(m, next);
    if (m->config.busy_input && m->busy_due > clock_now(m) && clock_insns(m, m->busy_due) < h->deadline)
        h->deadline = clock_insns(m, m->busy_due);
    if (limit && limit < h->deadline)
        h->deadline = limit;
    if (m->until < h->deadline)
        h->deadline = m->until;
    if (console_replay_due(m) < h->deadline)
        h->deadline = console_replay_due(m);
}

bool machine_between(struct machine *m)
{
    struct hart *h = &m->hart;
    clock_fire(m);
    console_poll(m);
    feed_busy(m);
    if (h->waiting && hart_wakes(h))
        h->waiting = false;
    hart_interrupt(h);
    if (h->waiting)
        idle(m);
    return !h->waiting;
}

void machine_turn(struct machine *m)
{
    struct hart *h = &m->hart;
    if (h->midway) {
        step_finish(h);
    } else if (machine_between(m)) {
        set_deadline(m);
        hart_run(h);
    }
    if (m->console.terminal || m->console.output_bytes)
        console_flush(m);
}

void machine_check(struct machine *m)
{
    char err[200];
    if (m->tohost.written || m->tohost.reading)
        tohost_serve(m);
    if (m->interrupted)
        machine_stop(m, STOP_INTERRUPTED, 1, "interrupted");
    else if (m->config.recorder && recorder_failed(m->config.recorder, err, sizeof err))
        machine_stop(m, STOP_ERROR, 1, "%s", err);
    else if (m->config.max_insns && m->hart.insns >= m->config.max_insns)
        machine_stop(m, STOP_LIMIT, 1, "the limit of %llu instructions was reached",
                     (unsigned long long)m->config.max_insns);
}

static void run_until(struct machine *m, uint64_t until, struct machine_result *result)
{
    if (!m->loaded)
        machine_stop(m, STOP_ERROR, 1, "no kernel was loaded");
    m->until = until;
    while (m->result.stop == STOP_NONE && m->hart.insns < until) {
        machine_turn(m);
        machine_check(m);
    }
    machine_report(m, result);
}

void machine_report(struct machine *m, struct machine_result *result)
{
    console_flush(m);
    m->result.instructions = step_retired(&m->hart);
    m->result.virtual_ns = clock_after(m, m->result.instructions);
    *result = m->result;
}

void machine_tlb_report(struct machine *m)
{
    if (m->hart.tlb)
        tlb_model_report(m->hart.tlb);
}

void machine_access_finish(struct machine *m)
{
    if (m->hart.access)
        access_finish(m->hart.access);
}

void machine_run(struct machine *m, struct machine_result *result)
{
    run_until(m, UINT64_MAX, result);
}

void machine_run_for(struct machine *m, uint64_t insns, struct machine_result *result)
{
    uint64_t now = m->hart.insns;
    run_until(m, insns < UINT64_MAX - now ? now + insns : UINT64_MAX, result);
}
