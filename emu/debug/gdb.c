/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The packets of the GDB remote serial protocol. What is not understood gets the empty answer, what is malformed E01;
 * nothing that comes over the connection may do more harm than a debugger is meant to do.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../machine_priv.h"
#include "debug.h"

#define MOST_BYTES ((PACKET_MAX - 16) / 2) /* of memory in one packet */

enum { SIGNAL_INT = 2, SIGNAL_TRAP = 5 };

/* ---- answers ---- */

/* The answer stays until it is acknowledged. */
static char frame[2 * PACKET_MAX + 8];
static size_t frame_bytes;

static void answer_bytes(struct debug *d, const char *data, size_t n)
{
    frame_bytes = packet_frame(frame, data, n);
    connect_send(d, frame, frame_bytes);
}

static void answer(struct debug *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void answer(struct debug *d, const char *fmt, ...)
{
    char text[1024];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    answer_bytes(d, text, n < (int)sizeof text ? (size_t)n : sizeof text - 1);
}

static void answer_malformed(struct debug *d)
{
    answer(d, "E01");
}

void gdb_print(struct debug *d, const char *fmt, ...)
{
    char text[2048], packet[2 * sizeof text + 2] = "O";
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    packet_hex(packet + 1, text, n < (int)sizeof text ? (size_t)n : sizeof text - 1);
    answer_bytes(d, packet, strlen(packet));
}

static void answer_watch(struct debug *d, const struct stop_report *r)
{
    const char *name = r->point.kind == STOP_WATCH_WRITE  ? "watch"
                       : r->point.kind == STOP_WATCH_READ ? "rwatch"
                                                          : "awatch";
    answer(d, "T%02x%s:%llx;thread:1;", SIGNAL_TRAP, name, (unsigned long long)r->address);
}

static void answer_stop(struct debug *d)
{
    const struct shared *s = d->shared;
    const struct stop_report *r = &s->last;
    bool soft = r->point.kind == STOP_SOFT_BREAK;
    switch (r->why) {
    case WHY_BREAK:
        answer(d, "T%02x%sthread:1;", SIGNAL_TRAP,
               soft && s->swbreak    ? "swbreak:;"
               : !soft && s->hwbreak ? "hwbreak:;"
                                     : "");
        break;
    case WHY_WATCH:
        answer_watch(d, r);
        break;
    case WHY_BEGIN:
    case WHY_END:
        answer(d, "T%02xreplaylog:%s;thread:1;", SIGNAL_TRAP, r->why == WHY_END ? "end" : "begin");
        break;
    case WHY_INTERRUPT:
    case WHY_STEP:
        answer(d, "T%02xthread:1;", r->why == WHY_STEP ? SIGNAL_TRAP : SIGNAL_INT);
        break;
    }
}

/* ---- running ---- */

static void say_end(struct debug *d)
{
    const struct machine_result *r = &d->machine->result;
    if (r->stop == STOP_EXIT)
        gdb_print(d, "tarry: the guest has ended with status %d after %llu instructions; continue ends the run\n",
                  r->status, (unsigned long long)step_retired(&d->machine->hart));
    else
        gdb_print(d, "tarry: the run has ended%s%s; continue ends it\n", *r->message ? ": " : "", r->message);
}

static void stopped(struct debug *d)
{
    if (d->shared->last.why == WHY_END) {
        say_end(d);
        d->over_told = true;
    }
    answer_stop(d);
}

/* The run has ended, and the user wants to go on: it is over. */
static void answer_exit(struct debug *d)
{
    const struct machine_result *r = &d->machine->result;
    answer(d, "W%02x", r->stop == STOP_EXIT ? (unsigned)r->status & 0xff : 1u);
    d->detached = true;
}

static void go(struct debug *d, uint64_t steps)
{
    uint64_t here = step_position(&d->machine->hart);
    if (d->changed)
        travel_diverge(d);
    if (d->over_told && d->machine->result.stop != STOP_NONE) {
        answer_exit(d);
        return;
    }
    debug_forward(d, steps < UINT64_MAX - here ? here + steps : UINT64_MAX, &d->shared->last);
    stopped(d);
}

/* c, C, s, S: an optional signal is of no use here, an optional address moves the pc. */
static void resume(struct debug *d, const char *p)
{
    uint64_t n, address;
    char action = *p++;
    if (action == 'C' || action == 'S') {
        if (!packet_number(&p, &n) || (*p && !packet_expect(&p, ';'))) {
            answer_malformed(d);
            return;
        }
    }
    if (*p) {
        if (!packet_number(&p, &address) || *p) {
            answer_malformed(d);
            return;
        }
        target_set(d, 32, address);
        d->changed = true;
    }
    go(d, action == 's' || action == 'S' ? 1 : UINT64_MAX);
}

/* vCont;action[:thread]...: there is one thread, the first action is its. */
static void v_cont(struct debug *d, const char *p)
{
    if (*p == '?')
        answer(d, "vCont;c;C;s;S");
    else if (*p == ';' && (p[1] == 's' || p[1] == 'S'))
        go(d, 1);
    else if (*p == ';' && (p[1] == 'c' || p[1] == 'C'))
        go(d, UINT64_MAX);
    else
        answer_malformed(d);
}

/* bs, bc. The process that arrives answers. */
static void back(struct debug *d, const char *p)
{
    if (!d->travels || (strcmp(p, "s") != 0 && strcmp(p, "c") != 0)) {
        answer(d, "%s", "");
        return;
    }
    if (d->changed)
        travel_diverge(d);
    if (*p == 's')
        travel_step_back(d);
    else
        travel_continue_back(d);
    answer_stop(d);
}

/* ---- registers ---- */

static void put_value(char *hex, uint64_t value, unsigned bytes)
{
    packet_hex(hex, &value, bytes); /* little-endian, like us */
}

static void read_all(struct debug *d)
{
    char text[33 * 16 + 1];
    for (unsigned i = 0; i < 33; i++) {
        uint64_t value = 0;
        target_get(d, i, &value);
        put_value(text + 16 * i, value, 8);
    }
    answer_bytes(d, text, 33 * 16);
}

static void write_all(struct debug *d, const char *p)
{
    d->changed = true;
    uint64_t values[33];
    if (packet_unhex(p, (uint8_t *)values, sizeof values) != sizeof values) {
        answer_malformed(d);
        return;
    }
    for (unsigned i = 0; i < 33; i++)
        target_set(d, i, values[i]);
    answer(d, "OK");
}

static void read_one(struct debug *d, const char *p)
{
    uint64_t number, value;
    char hex[17];
    unsigned bytes = packet_number(&p, &number) && !*p ? target_get(d, number, &value) : 0;
    put_value(hex, value, bytes);
    answer(d, "%s", bytes ? hex : "E01");
}

static void write_one(struct debug *d, const char *p)
{
    d->changed = true;
    uint64_t number, value = 0;
    bool ok = packet_number(&p, &number) && packet_expect(&p, '=') && packet_unhex(p, (uint8_t *)&value, 8) > 0 &&
              target_set(d, number, value);
    answer(d, ok ? "OK" : "E01");
}

/* ---- memory ---- */

static bool range(const char **p, uint64_t *address, uint64_t *bytes)
{
    return packet_number(p, address) && packet_expect(p, ',') && packet_number(p, bytes);
}

static void read_memory(struct debug *d, const char *p)
{
    static uint8_t bytes[MOST_BYTES];
    static char hex[2 * MOST_BYTES + 1];
    uint64_t address, n;
    if (!range(&p, &address, &n) || *p) {
        answer_malformed(d);
        return;
    }
    if (n > MOST_BYTES)
        n = MOST_BYTES; /* less than asked for is allowed */
    if (!target_read(d, address, bytes, n)) {
        answer(d, "E14");
        return;
    }
    packet_hex(hex, bytes, n);
    answer_bytes(d, hex, 2 * n);
}

static void write_memory(struct debug *d, const char *p)
{
    d->changed = true;
    static uint8_t bytes[MOST_BYTES];
    uint64_t address, n;
    if (!range(&p, &address, &n) || !packet_expect(&p, ':') || packet_unhex(p, bytes, sizeof bytes) != (long)n)
        answer_malformed(d);
    else
        answer(d, target_write(d, address, bytes, n) ? "OK" : "E14");
}

/* X: the bytes as they are; they may hold zeros. */
static void write_binary(struct debug *d, const char *p, size_t length)
{
    d->changed =
        d->changed || !memchr(p, ':', length) || p[length - 1] != ':'; /* GDB asks with no bytes if there is X */
    const char *end = p + length;
    uint64_t address, n;
    if (!range(&p, &address, &n) || !packet_expect(&p, ':') || (uint64_t)(end - p) != n)
        answer_malformed(d);
    else
        answer(d, target_write(d, address, p, n) ? "OK" : "E14");
}

/* ---- breakpoints and watchpoints ---- */

static void point(struct debug *d, const char *p)
{
    struct stops *s = &d->shared->stops;
    bool add = *p++ == 'Z', ok = true;
    uint64_t kind, address, bytes;
    if (!packet_number(&p, &kind) || !packet_expect(&p, ',') || !range(&p, &address, &bytes)) {
        answer_malformed(d);
        return;
    }
    if (kind >= STOP_KINDS) {
        answer(d, "%s", "");
        return;
    }
    if (add)
        ok = bytes > 0 && bytes <= 1 << 20 && stops_add(s, (enum stop_kind)kind, address, bytes);
    else
        stops_remove(s, (enum stop_kind)kind, address, bytes);
    stops_changed(&d->machine->hart);
    answer(d, ok ? "OK" : "E0e");
}

/* ---- queries ---- */

static bool begins(const char *text, const char *with)
{
    return !strncmp(text, with, strlen(with));
}

static void supported(struct debug *d, const char *p)
{
    struct shared *s = d->shared;
    s->swbreak = strstr(p, "swbreak+") != NULL;
    s->hwbreak = strstr(p, "hwbreak+") != NULL;
    answer(d, "PacketSize=%x;qXfer:features:read+;swbreak+;hwbreak+;vContSupported+;QStartNoAckMode+%s", PACKET_MAX,
           d->travels ? ";ReverseStep+;ReverseContinue+" : "");
}

/* qXfer:features:read:target.xml:OFFSET,LENGTH */
static void transfer(struct debug *d, const char *p)
{
    static char part[PACKET_MAX];
    const char *xml = target_xml(d);
    size_t total = strlen(xml);
    uint64_t offset, n;
    if (!begins(p, "target.xml:")) {
        answer(d, "E00");
        return;
    }
    p += strlen("target.xml:");
    if (!range(&p, &offset, &n) || *p || offset > total) {
        answer_malformed(d);
        return;
    }
    if (n > PACKET_MAX / 2)
        n = PACKET_MAX / 2; /* escapes may double it */
    bool last = n >= total - offset;
    n = last ? total - offset : n;
    part[0] = last ? 'l' : 'm';
    memcpy(part + 1, xml + offset, n);
    answer_bytes(d, part, n + 1);
}

static void command(struct debug *d, const char *p)
{
    char line[1024];
    long n = packet_unhex(p, (uint8_t *)line, sizeof line - 1);
    if (n < 0 || memchr(line, 0, (size_t)n)) {
        answer_malformed(d);
        return;
    }
    line[n] = '\0';
    monitor_command(d, line);
    answer(d, "OK");
}

static void query(struct debug *d, const char *p)
{
    if (begins(p, "qSupported"))
        supported(d, p);
    else if (begins(p, "qXfer:features:read:"))
        transfer(d, p + strlen("qXfer:features:read:"));
    else if (begins(p, "qRcmd,"))
        command(d, p + strlen("qRcmd,"));
    else if (!strcmp(p, "qAttached"))
        answer(d, d->options->event ? "0" : "1"); /* when GDB leaves: a run detaches, a repeated one ends */
    else if (!strcmp(p, "qC"))
        answer(d, "QC1");
    else if (!strcmp(p, "qfThreadInfo"))
        answer(d, "m1");
    else if (!strcmp(p, "qsThreadInfo"))
        answer(d, "l");
    else if (begins(p, "qSymbol"))
        answer(d, "OK");
    else
        answer(d, "%s", "");
}

static void no_ack(struct debug *d)
{
    answer(d, "OK");
    d->shared->no_ack = true;
}

static void detach(struct debug *d)
{
    answer(d, "OK");
    d->detached = true;
}

static void kill_run(struct debug *d, bool wants_answer)
{
    if (wants_answer)
        answer(d, "OK");
    d->killed = true;
}

static void v_packet(struct debug *d, const char *p)
{
    if (begins(p, "vCont"))
        v_cont(d, p + strlen("vCont"));
    else if (begins(p, "vKill;"))
        kill_run(d, true);
    else
        answer(d, "%s", ""); /* vMustReplyEmpty, too */
}

static void packet(struct debug *d, const char *p, size_t length)
{
    switch (*p) {
    case '?':
        answer_stop(d);
        break;
    case 'g':
        read_all(d);
        break;
    case 'G':
        write_all(d, p + 1);
        break;
    case 'p':
        read_one(d, p + 1);
        break;
    case 'P':
        write_one(d, p + 1);
        break;
    case 'm':
        read_memory(d, p + 1);
        break;
    case 'M':
        write_memory(d, p + 1);
        break;
    case 'X':
        write_binary(d, p + 1, length - 1);
        break;
    case 'Z':
    case 'z':
        point(d, p);
        break;
    case 'c':
    case 'C':
    case 's':
    case 'S':
        resume(d, p);
        break;
    case 'b':
        back(d, p + 1);
        break;
    case 'v':
        v_packet(d, p);
        break;
    case 'H':
    case 'T':
        answer(d, "OK");
        break;
    case 'q':
        query(d, p);
        break;
    case 'Q':
        if (!strcmp(p, "QStartNoAckMode"))
            no_ack(d);
        else
            answer(d, "%s", "");
        break;
    case 'D':
        detach(d);
        break;
    case 'k':
        kill_run(d, false);
        break;
    default:
        answer(d, "%s", "");
    }
}

/* One byte of the connection. */
static void take(struct debug *d, uint8_t byte)
{
    struct shared *s = d->shared;
    switch (packet_take(&s->reader, byte)) {
    case PACKET_READY:
        if (!s->no_ack)
            connect_send(d, "+", 1);
        packet(d, s->reader.data, s->reader.length);
        break;
    case PACKET_BAD:
        if (!s->no_ack)
            connect_send(d, "-", 1);
        break;
    case PACKET_NAK:
        if (!s->no_ack)
            connect_send(d, frame, frame_bytes);
        break;
    case PACKET_INTERRUPT: /* it has stopped already */
    case PACKET_NONE:
        break;
    }
}

/* monitor goto, in the process that arrived. */
static void answer_moved(struct debug *d)
{
    monitor_moved(d);
    answer(d, "OK");
}

void gdb_serve(struct debug *d)
{
    if (sigsetjmp(d->woken, 1) == 0) {
        travel_keep(d, true);
        if (!d->options->event)
            connect_advise(d);
        else if (!event_find(d))
            return;
    } else { /* a checkpoint that was woken: from wherever it was made */
        travel_obey(d);
        if (d->shared->travel.order.kind == ORDER_INSNS)
            answer_moved(d);
        else
            stopped(d);
    }
    while (!d->detached && !d->killed) {
        int byte = connect_byte(d, true);
        bool last = d->options->attach && d->shared->connected; /* the GDB that we started is gone */
        if (byte == -2 && (d->machine->interrupted || last || !connect_wait(d)))
            d->killed = true;
        else if (byte >= 0)
            take(d, (uint8_t)byte);
    }
}
