/* SPDX-License-Identifier: GPL-2.0-only */
/* overflow: calls itself until the stack ends. Must die with a note; for tests of the kernel. */
static long deeper(long n);
static long (*volatile again)(long) = deeper; /* the compiler need not know */

static long deeper(long n)
{
    volatile char room[4000]; /* less than a page: no guard page is stepped over */
    room[0] = (char)n;
    return again(n + 1) + room[0];
}

int main(void)
{
    return (int)deeper(0);
}
