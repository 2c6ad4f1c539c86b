/* SPDX-License-Identifier: GPL-2.0-only */
/* badinsn: executes an instruction that does not exist (all zeros). Must die with a note; for tests of the kernel. */
int main(void)
{
    __asm__ volatile(".half 0");
    return 0;
}
