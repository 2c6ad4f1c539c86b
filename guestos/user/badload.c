/* SPDX-License-Identifier: GPL-2.0-only */
/* badload: loads from the kernel's half of the address space. Must die with a note; for tests of the kernel. */
#include <stdint.h>

int main(void)
{
    return *(volatile int *)(uintptr_t)0xffffffc080200000u;
}
