/* SPDX-License-Identifier: GPL-2.0-only */
/* The host's end of the console. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "console.h"
#include "machine_priv.h"

enum { CTRL_A = 1, CTRL_D = 4, MOST_ENDS = 1000 /* a guest that waits on after so many is hung */ };

int console_init(struct machine *m, char *err, size_t errlen)
{
    struct console *c = &m->console;
    c->in = m->config.console_in;
    c->debugger = -1;
    c->out = m->config.console_out;
    c->end = c->in < 0;
    c->terminal = c->in >= 0 && isatty(c->in);
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
    size_t at = 0;
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
    c->output_bytes = 0;
}

void console_put(struct machine *m, uint8_t byte)
{
    struct console *c = &m->console;
    c->output[c->output_bytes++] = byte;
    if (c->output_bytes == sizeof c->output)
        console_flush(m);
}

/* ctrl-A x leaves, ctrl-A ctrl-A is one ctrl-A; of a terminal only. Returns the bytes that remain. */
static size_t filter_escapes(struct machine *m, uint8_t *buf, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        bool escaped = m->console.escape;
        m->console.escape = !escaped && buf[i] == CTRL_A;
        if (m->console.escape)
            continue;
        if (escaped && buf[i] == 'x')
            machine_stop(m, STOP_INTERRUPTED, 1, "ctrl-A x was typed");
        else
            buf[kept++] = buf[i];
    }
    return kept;
}

/* Waits up to timeout_ms (-1: for ever) and reads. False: end of input, interrupted, or nothing there. */
static bool fill(struct machine *m, int timeout_ms)
{
    struct console *c = &m->console;
    if (c->end || m->interrupted)
        return false;
    if (timeout_ms != 0)
        console_flush(m);
    struct pollfd fds[3] = {{.fd = c->in, .events = POLLIN}, {.fd = c->wake[0], .events = POLLIN},
                            {.fd = c->debugger, .events = POLLIN}};
    if (poll(fds, 3, timeout_ms) <= 0 || m->interrupted || !fds[0].revents)
        return false;
    ssize_t n = read(c->in, c->input, sizeof c->input);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return false;
    if (n <= 0) {
        c->end = true;
        return false;
    }
    c->input_at = 0;
    c->input_end = c->terminal ? filter_escapes(m, c->input, (size_t)n) : (size_t)n;
    return c->input_end > 0;
}

static bool have(const struct console *c)
{
    return c->input_at < c->input_end;
}

void console_poll(struct machine *m)
{
    struct console *c = &m->console;
    if (!c->terminal)
        return;
    if (!have(c))
        fill(m, 0);
    while (have(c) && uart_room(m))
        uart_receive(m, c->input[c->input_at++]);
}

bool console_wait(struct machine *m)
{
    struct console *c = &m->console;
    while (!have(c)) {
        if (c->end || m->interrupted || m->result.stop != STOP_NONE)
            return false;
        fill(m, -1);
    }
    if (!uart_room(m))
        return false;
    uart_receive(m, c->input[c->input_at++]);
    return true;
}

bool console_type_end(struct machine *m)
{
    struct console *c = &m->console;
    if (c->in < 0 || !c->end || have(c) || c->ends_typed == MOST_ENDS || !uart_room(m))
        return false;
    c->ends_typed++;
    uart_receive(m, CTRL_D);
    return true;
}

void console_polled(struct machine *m)
{
    if (m->console.terminal)
        console_poll(m);
    else
        console_wait(m);
}

int console_get(struct machine *m)
{
    struct console *c = &m->console;
    if (!have(c) && !fill(m, c->terminal ? 0 : -1))
        return -1;
    return c->input[c->input_at++];
}
