/* SPDX-License-Identifier: GPL-2.0-only */
/* badjump: jumps to an address where there is nothing. Must die with a note; for tests of the kernel. */
#include <stdint.h>

int main(void)
{
    void (*volatile wild)(void) = (void (*)(void))(uintptr_t)0x1234567000;
    wild();
    return 0;
}
