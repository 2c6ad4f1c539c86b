/* SPDX-License-Identifier: GPL-2.0-only */
/* UART 16550A. Sending takes no time; received bytes come from the console. */
#ifndef EMU_UART_H
#define EMU_UART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct machine;

#define UART_FIFO 16

struct uart {
    uint8_t fifo[UART_FIFO]; /* received, oldest first */
    unsigned received;
    uint8_t ier, lcr, mcr, scr, fcr, dll, dlm;
    bool sent;           /* "transmitter empty" has not been reported through IIR yet */
    unsigned idle_polls; /* LSR reads in a row that found nothing received */
};

int uart_init(struct machine *, char *err, size_t errlen);
void uart_claimed(struct machine *); /* the PLIC has given its interrupt to the hart */
unsigned uart_room(const struct machine *); /* bytes that uart_receive would take */
void uart_receive(struct machine *, uint8_t byte);
bool uart_wants_input(const struct machine *); /* the guest would get an interrupt for a byte, and there is none yet */

#endif
