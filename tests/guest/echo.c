/* SPDX-License-Identifier: GPL-2.0-only */
/* Echoes the console, letters in upper case: by interrupts up to '.', then by polling up to '!'. */
#include "guest.h"

#define UART 0x10000000ull
#define PLIC 0x0c000000ull

static volatile int done;

static void echo(uint8_t c)
{
    put((char)(c >= 'a' && c <= 'z' ? c - 32 : c));
}

static void on_uart(uint64_t code)
{
    (void)code;
    uint32_t source = REG32(PLIC + 0x201004);
    while (!done && (REG8(UART + 5) & 1)) {
        uint8_t c = REG8(UART);
        done = c == '.';
        echo(c);
    }
    REG32(PLIC + 0x201004) = source;
}

int main(void)
{
    on_interrupt = on_uart;
    REG8(UART + 2) = 1;
    REG32(PLIC + 40) = 1;
    REG32(PLIC + 0x2080) = 1 << 10;
    REG32(PLIC + 0x201000) = 0;
    CSRW(sie, 1 << 9);
    REG8(UART + 1) = 1;
    while (!done) {
        __asm__ volatile("wfi");
        CSRS(sstatus, 2);
        CSRC(sstatus, 2);
    }
    REG8(UART + 1) = 0;
    for (uint8_t c = 0; c != '!'; echo(c)) {
        while (!(REG8(UART + 5) & 1))
            ;
        c = REG8(UART);
    }
    put('\n');
    return 0;
}
