/* SPDX-License-Identifier: GPL-2.0-only */
/* nullderef: stores through a null pointer. Must die with a note; for tests of the kernel. */
int main(void)
{
    volatile int *volatile nothing = 0;
    *nothing = 1;
    return 0;
}
