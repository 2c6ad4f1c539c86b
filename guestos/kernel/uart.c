/* SPDX-License-Identifier: GPL-2.0-only */
/* The 16550 UART: output polled, input by interrupt into the console. */
#include "cons.h"
#include "devtree.h"
#include "io.h"

enum { RBR = 0, THR = 0, IER = 1, FCR = 2, LSR = 5 };
enum { IER_RX = 1, FCR_ENABLE = 1, LSR_RX_READY = 1, LSR_TX_EMPTY = 0x20 };

static volatile uint8_t *reg(int n)
{
    return (volatile uint8_t *)(KZERO + devtree.uart.pa) + n;
}

static void uartinterrupt(void *unused)
{
    (void)unused;
    while (*reg(LSR) & LSR_RX_READY)
        consinput(*reg(RBR));
}

void uartinit(void)
{
    if (devtree.uart.pa == 0)
        return;
    *reg(FCR) = FCR_ENABLE; /* not cleared: somebody may have typed already */
    *reg(IER) = IER_RX;
    plicenable(devtree.uart.irq, uartinterrupt, 0);
}

void uartputc(int c)
{
    if (devtree.uart.pa == 0)
        return;
    while ((*reg(LSR) & LSR_TX_EMPTY) == 0)
        ;
    *reg(THR) = (uint8_t)c;
}
