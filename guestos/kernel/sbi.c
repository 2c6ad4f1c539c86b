/* SPDX-License-Identifier: GPL-2.0-only */
/* Calls to the supervisor binary interface. */
#include "sbi.h"

enum { SBI_BASE = 0x10, SBI_BASE_PROBE = 3, SBI_TIME = 0x54494d45, SBI_SRST = 0x53525354 };

struct sbiret sbicall(uint64_t extension, uint64_t function, uint64_t arg0, uint64_t arg1, uint64_t arg2)
{
    register uint64_t a0 __asm__("a0") = arg0;
    register uint64_t a1 __asm__("a1") = arg1;
    register uint64_t a2 __asm__("a2") = arg2;
    register uint64_t a6 __asm__("a6") = function;
    register uint64_t a7 __asm__("a7") = extension;
    __asm__ volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a2), "r"(a6), "r"(a7) : "memory");
    return (struct sbiret){(int64_t)a0, (int64_t)a1};
}

bool sbiprobe(uint64_t extension)
{
    struct sbiret r = sbicall(SBI_BASE, SBI_BASE_PROBE, extension, 0, 0);
    return r.error == 0 && r.value != 0;
}

void sbisettimer(uint64_t mtime)
{
    sbicall(SBI_TIME, 0, mtime, 0, 0);
}

void sbishutdown(void)
{
    sbicall(SBI_SRST, 0, 0, 0, 0);
}
