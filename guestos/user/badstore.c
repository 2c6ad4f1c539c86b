/* SPDX-License-Identifier: GPL-2.0-only */
/* badstore: stores into its own text. Must die with a note; for tests of the kernel. */
#include <stdint.h>

int main(void)
{
    *(volatile uint32_t *)(uintptr_t)main = 0;
    return 0;
}
