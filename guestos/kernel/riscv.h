/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hart: control and status registers that the kernel uses (RISC-V privileged spec,
 * chapter 10) and the fences.
 */
#ifndef RISCV_H
#define RISCV_H

#include <stdint.h>

/* For the assembler only: gcc would look for a C library of that name. */
__asm__(".option arch, +zicsr, +zifencei");

#define SSTATUS_SIE (1ull << 1)
#define SSTATUS_SPIE (1ull << 5)
#define SSTATUS_SPP (1ull << 8)
#define SSTATUS_FS (3ull << 13)
#define SSTATUS_FS_INITIAL (1ull << 13)
#define SSTATUS_FS_CLEAN (2ull << 13)
#define SSTATUS_FS_DIRTY (3ull << 13)

#define SIE_STIE (1ull << 5)
#define SIE_SEIE (1ull << 9)

/* scause (4.1.8) */
#define CAUSE_INTERRUPT (1ull << 63)
enum { INTERRUPT_TIMER = 5, INTERRUPT_EXTERNAL = 9 };
enum {
    CAUSE_FETCH_MISALIGNED = 0,
    CAUSE_FETCH_ACCESS = 1,
    CAUSE_ILLEGAL = 2,
    CAUSE_BREAKPOINT = 3,
    CAUSE_LOAD_MISALIGNED = 4,
    CAUSE_LOAD_ACCESS = 5,
    CAUSE_STORE_MISALIGNED = 6,
    CAUSE_STORE_ACCESS = 7,
    CAUSE_USER_ECALL = 8,
    CAUSE_FETCH_PAGE = 12,
    CAUSE_LOAD_PAGE = 13,
    CAUSE_STORE_PAGE = 15
};

#define csrread(csr)                                            \
    ({                                                          \
        uint64_t csr_value;                                     \
        __asm__ volatile("csrr %0, " #csr : "=r"(csr_value)::"memory"); \
        csr_value;                                              \
    })
#define csrwrite(csr, value) __asm__ volatile("csrw " #csr ", %0" ::"r"((uint64_t)(value)) : "memory")
#define csrset(csr, bits) __asm__ volatile("csrs " #csr ", %0" ::"r"((uint64_t)(bits)) : "memory")
#define csrclear(csr, bits) __asm__ volatile("csrc " #csr ", %0" ::"r"((uint64_t)(bits)) : "memory")

static inline void wfi(void)
{
    __asm__ volatile("wfi" ::: "memory");
}

static inline void fence(void)
{
    __asm__ volatile("fence iorw, iorw" ::: "memory");
}

static inline void fencei(void)
{
    __asm__ volatile("fence.i" ::: "memory");
}

static inline void sfence(void)
{
    __asm__ volatile("sfence.vma" ::: "memory");
}

static inline void sfencepage(uint64_t va)
{
    __asm__ volatile("sfence.vma %0" ::"r"(va) : "memory");
}

#endif
