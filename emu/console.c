/* SPDX-License-Identifier: GPL-2.0-only */
/* The host's end of the console. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../traces/events.h"
#include "console.h"
#include "input.h"
#include "machine_priv.h"

enum { CTRL_A = 1, CTRL_D = 4, MOST_ENDS = 1000 /* a guest that waits on after so many is hung */ };

int console_init(struct machine *m, char *err, size_t errlen)
{
    struct console *c = &m->console;
    c->in = m->config.console_in;
    c->debugger = -1;
    c->out = m->config.console_out;
    c->source = &c->own_source;
    c->log = m->config.input;
    c->end = c->in < 0 && !(c->log && c->log->strict);
    c->terminal = c->log && c->log->strict ? c->log->terminal : c->in >= 0 && isatty(c->in);
    if (pipe2(c->wake, O_CLOEXEC | O_NONBLOCK) != 0) {
        c->wake[0] = c->wake[1] = -1;
        snprintf(err, errlen, "cannot make a pipe: %s", strerror(errno));
        return -1;
    }
    return 0;
}

void console_free(struct machine *m)
{
    if (m->console.wake[0] >= 0) {
        close(m->console.wake[0]);
        close(m->console.wake[1]);
    }
}

void console_flush(struct machine *m)
{
    struct console *c = &m->console;
    /* what a run that is repeated has printed before is not printed again */
    uint64_t known = c->printed && *c->printed > c->flushed ? *c->printed - c->flushed : 0;
    size_t at = known < c->output_bytes ? known : c->output_bytes;
    while (c->out >= 0 && at < c->output_bytes) {
        ssize_t n = write(c->out, c->output + at, c->output_bytes - at);
        if (n > 0)
            at += (size_t)n;
        else if (n < 0 && errno == EAGAIN)
            poll(&(struct pollfd){.fd = c->out, .events = POLLOUT}, 1, -1);
        else if (n < 0 && errno == EINTR && !m->interrupted)
            continue;
        else if (n < 0) {
            machine_stop(m, STOP_ERROR, 1, "cannot write the console's output: %s", strerror(errno));
            break;
        }
    }
    c->flushed += c->output_bytes;
    c->output_bytes = 0;
    if (c->printed && *c->printed < c->flushed)
        *c->printed = c->flushed;
}

void console_put(struct machine *m, uint8_t byte)
{
    struct console *c = &m->console;
    traceport_output(m, byte);
    c->output[c->output_bytes++] = byte;
    if (c->output_bytes == sizeof c->output)
        console_flush(m);
}

/* ctrl-A x leaves, ctrl-A ctrl-A is one ctrl-A; of a terminal only. Returns the bytes that remain. */
static size_t filter_escapes(struct machine *m, uint8_t *buf, size_t n)
{
    struct console_source *s = m->console.source;
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        bool escaped = s->escape;
        s->escape = !escaped && buf[i] == CTRL_A;
        if (s->escape)
            continue;
        if (escaped && buf[i] == 'x')
            machine_stop(m, STOP_INTERRUPTED, 1, "ctrl-A x was typed");
        else
            buf[kept++] = buf[i];
    }
    return kept;
}

static struct input_entry entry_now(const struct machine *m, enum ev_enum_input_how how, uint8_t byte)
{
    return (struct input_entry){m->hart.insns, clock_now(m), m->console.asked, how, byte};
}

/* Input is part of the run: it is in the trace, and in the log if there is one. */
static void note(struct machine *m, const struct input_entry *e)
{
    struct console *c = &m->console;
    uint64_t pc = hart_block_pc(&m->hart);
    traceport_event(m, EV_input, pc ? pc : m->hart.pc, 0, (uint64_t[]){e->how, e->byte, e->asked}, 3);
    if (c->log && c->log_at == c->log->count && !input_add(c->log, e))
        machine_stop(m, STOP_ERROR, 1, "more console input than can be kept");
    c->log_at++;
}

static void note_now(struct machine *m, enum ev_enum_input_how how, uint8_t byte)
{
    struct input_entry e = entry_now(m, how, byte);
    note(m, &e);
}

/* ---- input from the recording ---- */

static bool replaying(const struct console *c)
{
    return c->log && (c->log_at < c->log->count || c->log->strict);
}

/* Has the recording something of this kind for this very moment? */
static bool replay(struct machine *m, enum ev_enum_input_how how, uint8_t *byte)
{
    struct console *c = &m->console;
    const struct input_entry *e = &c->log->entries[c->log_at], now = entry_now(m, how, 0);
    if (c->log_at == c->log->count) {
        c->end = true;
        return false;
    }
    bool same = e->insns == now.insns && e->ns == now.ns && e->asked == now.asked;
    if (same && e->how == EV_input_how_eof && how != EV_input_how_end) {
        note(m, e);
        c->end = true;
        return false;
    }
    if (!same || e->how != how)
        return false;
    *byte = e->byte;
    note(m, e);
    return true;
}

uint64_t console_replay_due(const struct machine *m)
{
    const struct console *c = &m->console;
    if (!c->log || c->log_at == c->log->count || c->log->entries[c->log_at].insns <= m->hart.insns)
        return UINT64_MAX;
    return c->log->entries[c->log_at].insns;
}

void console_replay_stop(struct machine *m)
{
    struct console *c = &m->console;
    if (!c->log || c->log_at == c->log->count)
        return;
    const struct input_entry *e = &c->log->entries[c->log_at];
    if (e->how == EV_input_how_stop && m->hart.insns >= e->insns && clock_now(m) >= e->ns)
        machine_stop(m, STOP_INTERRUPTED, 1, "the recorded run was ended here");
    else if (m->hart.insns > e->insns)
        machine_stop(m, STOP_ERROR, 1, "the run departs from its recording: input of instruction %llu was not taken",
                     (unsigned long long)e->insns);
}

void console_note_stop(struct machine *m)
{
    if (m->result.stop == STOP_INTERRUPTED)
        note_now(m, EV_input_how_stop, 0);
    traceport_finish(m);
}

/* ---- input from the host ---- */

/* Waits up to timeout_ms (-1: for ever) and reads. False: end of input, interrupted, or nothing there. */
static bool fill(struct machine *m, int timeout_ms)
{
    struct console *c = &m->console;
    struct console_source *s = c->source;
    if (c->end || m->interrupted)
        return false;
    if (timeout_ms != 0)
        console_flush(m);
    struct pollfd fds[3] = {{.fd = c->in, .events = POLLIN}, {.fd = c->wake[0], .events = POLLIN},
                            {.fd = c->debugger, .events = POLLIN}};
    c->woken = false;
    if (poll(fds, 3, timeout_ms) <= 0 || m->interrupted)
        return false;
    c->woken = fds[2].revents && timeout_ms != 0;
    if (!fds[0].revents)
        return false;
    ssize_t n = read(c->in, s->input, sizeof s->input);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return false;
    if (n <= 0) {
        c->end = true;
        note_now(m, EV_input_how_eof, 0);
        return false;
    }
    s->at = 0;
    s->end = c->terminal ? filter_escapes(m, s->input, (size_t)n) : (size_t)n;
    return s->end > 0;
}

static bool have(const struct console *c)
{
    return c->source->at < c->source->end;
}

/* The next byte, if there is one, or comes while we wait for it. */
static bool take(struct machine *m, enum ev_enum_input_how how, bool wait, uint8_t *byte)
{
    struct console *c = &m->console;
    c->woken = false;
    if (replaying(c))
        return replay(m, how, byte);
    if (!have(c) && !wait)
        fill(m, 0);
    while (wait && !have(c) && !c->end && !c->woken && !m->interrupted && m->result.stop == STOP_NONE)
        fill(m, -1);
    if (!have(c))
        return false;
    *byte = c->source->input[c->source->at++];
    note_now(m, how, *byte);
    return true;
}

void console_poll(struct machine *m)
{
    uint8_t byte;
    console_replay_stop(m);
    while (m->console.terminal && uart_room(m) && take(m, EV_input_how_poll, false, &byte))
        uart_receive(m, byte);
}

bool console_wait(struct machine *m)
{
    uint8_t byte;
    if (!uart_room(m) || !take(m, EV_input_how_wait, true, &byte))
        return false;
    uart_receive(m, byte);
    return true;
}

bool console_type_end(struct machine *m)
{
    struct console *c = &m->console;
    uint8_t byte = CTRL_D;
    if (c->ends_typed == MOST_ENDS || !uart_room(m))
        return false;
    bool recorded = replaying(c);
    if (recorded ? !replay(m, EV_input_how_end, &byte) : c->in < 0 || !c->end || have(c))
        return false;
    if (!recorded)
        note_now(m, EV_input_how_end, byte);
    c->ends_typed++;
    uart_receive(m, byte);
    return true;
}

void console_polled(struct machine *m)
{
    uint8_t byte;
    m->console.asked++;
    if (uart_room(m) && take(m, EV_input_how_polled, !m->console.terminal, &byte))
        uart_receive(m, byte);
}

int console_get(struct machine *m)
{
    uint8_t byte;
    m->console.asked++;
    return take(m, EV_input_how_get, !m->console.terminal, &byte) ? byte : -1;
}
