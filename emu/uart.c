/* SPDX-License-Identifier: GPL-2.0-only */
/* UART 16550A (National Semiconductor PC16550D, section 8). */
#include <string.h>

#include "machine_priv.h"
#include "uart.h"

enum { RBR_THR, IER, IIR_FCR, LCR, MCR, LSR, MSR, SCR };
enum { IER_RECEIVED = 1, IER_SENT = 2, IER_MASK = 0xf };
enum { IIR_NONE = 1, IIR_SENT = 2, IIR_RECEIVED = 4, IIR_FIFOS = 0xc0 };
enum { FCR_ENABLE = 1, FCR_CLEAR_RECEIVED = 2, FCR_MASK = 0xc9 };
enum { LCR_DLAB = 0x80, MCR_LOOP = 0x10, MCR_MASK = 0x1f };
enum { LSR_RECEIVED = 1, LSR_SENT = 0x60 };
enum { MSR_CONNECTED = 0xb0 }; /* carrier, data set ready, clear to send */

/* After so many LSR reads in a row without a byte the guest is taken to wait for input. */
#define POLLS_BEFORE_INPUT 16

static uint8_t cause(const struct uart *u)
{
    if ((u->ier & IER_RECEIVED) && u->received)
        return IIR_RECEIVED;
    if ((u->ier & IER_SENT) && u->sent)
        return IIR_SENT;
    return IIR_NONE;
}

static void update(struct machine *m)
{
    plic_set_level(m, IRQ_UART, cause(&m->uart) != IIR_NONE);
}

/*
 * As long as nobody touches the UART, "sent" interrupts once, not for ever: xv6 leaves it standing, and on QEMU, whose PLIC
 * takes an interrupt only when the device raises its line, gets away with it.
 */
void uart_claimed(struct machine *m)
{
    if (cause(&m->uart) == IIR_SENT)
        plic_set_level(m, IRQ_UART, false);
}

unsigned uart_room(const struct machine *m)
{
    return UART_FIFO - m->uart.received;
}

bool uart_wants_input(const struct machine *m)
{
    return (m->uart.ier & IER_RECEIVED) && m->uart.received == 0;
}

void uart_receive(struct machine *m, uint8_t byte)
{
    struct uart *u = &m->uart;
    if (u->received == UART_FIFO)
        return;
    u->fifo[u->received++] = byte;
    u->idle_polls = 0;
    update(m);
}

static uint8_t take(struct machine *m)
{
    struct uart *u = &m->uart;
    if (u->received == 0)
        return 0;
    uint8_t byte = u->fifo[0];
    memmove(u->fifo, u->fifo + 1, --u->received);
    update(m);
    return byte;
}

static uint8_t read_lsr(struct machine *m)
{
    struct uart *u = &m->uart;
    if (u->received == 0 && !(u->ier & IER_RECEIVED) && ++u->idle_polls >= POLLS_BEFORE_INPUT)
        console_polled(m);
    return LSR_SENT | (u->received ? LSR_RECEIVED : 0);
}

static uint8_t read_iir(struct machine *m)
{
    struct uart *u = &m->uart;
    uint8_t iir = cause(u);
    if (iir == IIR_SENT) {
        u->sent = false;
        update(m);
    }
    return iir | (u->fcr & FCR_ENABLE ? IIR_FIFOS : 0);
}

static uint64_t uart_read(void *arg, uint64_t offset, unsigned bytes)
{
    struct machine *m = arg;
    struct uart *u = &m->uart;
    (void)bytes;
    if (offset != LSR)
        u->idle_polls = 0;
    switch (offset) {
    case RBR_THR:
        return u->lcr & LCR_DLAB ? u->dll : take(m);
    case IER:
        return u->lcr & LCR_DLAB ? u->dlm : u->ier;
    case IIR_FCR:
        return read_iir(m);
    case LCR:
        return u->lcr;
    case MCR:
        return u->mcr;
    case LSR:
        return read_lsr(m);
    case MSR:
        return MSR_CONNECTED;
    case SCR:
        return u->scr;
    }
    return 0;
}

static void transmit(struct machine *m, uint8_t byte)
{
    if (m->uart.mcr & MCR_LOOP)
        uart_receive(m, byte);
    else
        console_put(m, byte);
    m->uart.sent = true;
}

static void write_ier(struct uart *u, uint8_t value)
{
    if ((value & IER_SENT) && !(u->ier & IER_SENT))
        u->sent = true; /* enabling the interrupt while the transmitter is empty raises it */
    u->ier = value & IER_MASK;
}

static void uart_write(void *arg, uint64_t offset, unsigned bytes, uint64_t value)
{
    struct machine *m = arg;
    struct uart *u = &m->uart;
    uint8_t byte = (uint8_t)value;
    (void)bytes;
    u->idle_polls = 0;
    switch (offset) {
    case RBR_THR:
        if (u->lcr & LCR_DLAB)
            u->dll = byte;
        else
            transmit(m, byte);
        break;
    case IER:
        if (u->lcr & LCR_DLAB)
            u->dlm = byte;
        else
            write_ier(u, byte);
        break;
    case IIR_FCR:
        u->fcr = byte & FCR_MASK;
        if (byte & FCR_CLEAR_RECEIVED)
            u->received = 0;
        break;
    case LCR:
        u->lcr = byte;
        break;
    case MCR:
        u->mcr = byte & MCR_MASK;
        break;
    case SCR:
        u->scr = byte;
        break;
    }
    update(m);
}

int uart_init(struct machine *m, char *err, size_t errlen)
{
    m->uart.dll = 12;
    return bus_add(m, &(struct device){UART_BASE, UART_SIZE, uart_read, uart_write, m}, err, errlen);
}
