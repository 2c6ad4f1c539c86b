/* SPDX-License-Identifier: GPL-2.0-only */
/* The platform-level interrupt controller (RISC-V PLIC 1.0), for the S mode of hart 0. */
#include <stddef.h>
#include "devtree.h"
#include "io.h"
#include "proc.h"
#include "riscv.h"

enum { SOURCES = 96, CONTEXT = 1 }; /* context 1: S mode of hart 0 */
enum { ENABLE = 0x2000 + 0x80 * CONTEXT, THRESHOLD = 0x200000 + 0x1000 * CONTEXT, CLAIM = THRESHOLD + 4 };

static struct {
    void (*handler)(void *);
    void *arg;
} sources[SOURCES];

static volatile uint32_t *reg(uint64_t offset)
{
    return ioregs(devtree.plic.pa + offset);
}

void plicinit(void)
{
    if (devtree.plic.pa == 0)
        panic("the device tree names no interrupt controller");
    *reg(THRESHOLD) = 0;
    csrset(sie, SIE_SEIE);
}

void plicenable(uint32_t irq, void (*handler)(void *), void *arg)
{
    if (irq == 0 || irq >= SOURCES)
        panic("interrupt source %u is out of range", irq);
    sources[irq].handler = handler;
    sources[irq].arg = arg;
    *reg(4ull * irq) = 1;
    *reg(ENABLE + irq / 32 * 4) |= 1u << irq % 32;
}

void plicinterrupt(void)
{
    uint32_t irq;
    while ((irq = *reg(CLAIM)) != 0) {
        if (irq < SOURCES && sources[irq].handler != NULL)
            sources[irq].handler(sources[irq].arg);
        *reg(CLAIM) = irq;
    }
}
