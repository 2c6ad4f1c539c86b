/* SPDX-License-Identifier: GPL-2.0-only */
/* TAP by the UART, and the switch: for the guests of every mode. */
#include "guest.h"

#define UART 0x10000000
#define FINISHER 0x100000

static unsigned tests;

void put(char c)
{
    while (!(REG8(UART + 5) & 0x20))
        ;
    REG8(UART) = (uint8_t)c;
}

void print(const char *s)
{
    while (*s)
        put(*s++);
}

void print_hex(uint64_t v)
{
    print("0x");
    for (int shift = 60; shift >= 0; shift -= 4)
        put("0123456789abcdef"[v >> shift & 15]);
}

void print_decimal(uint64_t v)
{
    if (v >= 10)
        print_decimal(v / 10);
    put((char)('0' + v % 10));
}

static void line(int ok, const char *name)
{
    print(ok ? "ok " : "not ok ");
    print_decimal(++tests);
    print(" - ");
    print(name);
}

void check(const char *name, uint64_t got, uint64_t want)
{
    line(got == want, name);
    if (got != want) {
        print(": got ");
        print_hex(got);
        print(", want ");
        print_hex(want);
    }
    put('\n');
}

void check_true(const char *name, int truth)
{
    line(truth, name);
    put('\n');
}

void skip(const char *name)
{
    line(1, name);
    print(" # SKIP\n");
}

void plan(void)
{
    print("1..");
    print_decimal(tests);
    put('\n');
}

void power_off_with(uint32_t word)
{
    REG32(FINISHER) = word;
    for (;;)
        ;
}

void power_off(void)
{
    power_off_with(0x5555);
}
