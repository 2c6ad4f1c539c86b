/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The console's line discipline. The bytes typed are collected in a line that can be edited (backspace,
 * ctrl-U) and given to the reader when it ends (newline, ctrl-D). ctrl-C sends the note "interrupt" to the
 * foreground note group. In raw mode every byte goes to the reader as it is, without an echo. Plain input is
 * a file's or a pipe's on the host: bytes as they are, in lines, ended by ctrl-D.
 */
#include "cons.h"
#include "io.h"
#include "procprivate.h"

enum { CTRL_C = 3, CTRL_D = 4, BACKSPACE = 8, CTRL_U = 21, DELETE = 127, QUEUE = 4096, LINE = 1024 };
enum { END_OF_FILE = 256 }; /* in the queue: a mark, not a byte */

static struct {
    uint16_t queue[QUEUE]; /* bytes for the reader, and marks */
    unsigned first, count; /* of the queue, used as a ring */
    char line[LINE];       /* being typed */
    unsigned len;          /* of line */
    bool raw;
    bool plain;
    uint32_t foreground;   /* note group */
    Rendez readers;
} cons;

static void enqueue(unsigned c)
{
    if (cons.count == QUEUE)
        return; /* nobody reads: what is typed is lost, as on any terminal */
    cons.queue[(cons.first + cons.count++) % QUEUE] = (uint16_t)c;
}

static void endline(void)
{
    for (unsigned i = 0; i < cons.len; i++)
        enqueue((uint8_t)cons.line[i]);
    cons.len = 0;
    wakeall(&cons.readers);
}

static void erase(unsigned n)
{
    for (; n > 0 && cons.len > 0; n--) {
        cons.len--;
        uartputc('\b');
        uartputc(' ');
        uartputc('\b');
    }
}

static void interrupt(void)
{
    uartputc('^');
    uartputc('C');
    uartputc('\n');
    cons.len = 0;
    notegroup(cons.foreground, NULL, "interrupt");
}

static void edit(int c)
{
    switch (c) {
    case CTRL_C:
        interrupt();
        break;
    case CTRL_D:
        if (cons.len == 0)
            enqueue(END_OF_FILE);
        endline();
        break;
    case CTRL_U:
        erase(cons.len);
        break;
    case BACKSPACE:
    case DELETE:
        erase(1);
        break;
    default:
        if (cons.len == LINE - 1 && c != '\n')
            break; /* room for the newline is kept */
        uartputc(c);
        cons.line[cons.len++] = (char)c;
        if (c == '\n')
            endline();
    }
}

static void plaininput(int c)
{
    if (c == CTRL_D) {
        edit(c);
        return;
    }
    cons.line[cons.len++] = (char)c;
    if (c == '\n' || cons.len == LINE)
        endline();
}

void consinput(int c)
{
    if (cons.plain) {
        plaininput(c);
    } else if (cons.raw) {
        enqueue((uint8_t)c);
        wakeall(&cons.readers);
    } else {
        edit(c == '\r' ? '\n' : c);
    }
}

int64_t consread(char *buf, size_t n)
{
    while (cons.count == 0) {
        int err = sleepinterruptible(&cons.readers, EV_wait_console);
        if (err < 0)
            return err;
    }
    size_t got = 0;
    while (got < n && cons.count > 0) {
        unsigned c = cons.queue[cons.first];
        if (c == END_OF_FILE && got > 0)
            break; /* the next read gets it */
        cons.first = (cons.first + 1) % QUEUE;
        cons.count--;
        if (c == END_OF_FILE)
            break;
        buf[got++] = (char)c;
        if (c == '\n' && !cons.raw)
            break;
    }
    return (int64_t)got;
}

void consraw(bool on)
{
    cons.raw = on;
    if (on)
        endline(); /* what was typed so far is not lost */
}

void consplain(void)
{
    cons.plain = true;
}

const char *consmode(void)
{
    return cons.plain ? "plain" : cons.raw ? "raw" : "line";
}

void consforeground(uint32_t noteid)
{
    cons.foreground = noteid;
}
