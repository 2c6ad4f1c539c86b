/* SPDX-License-Identifier: GPL-2.0-only */
/* What test guests share: printing TAP by the UART, catching traps, page tables, SBI. */
#ifndef GUEST_H
#define GUEST_H

#include <stdint.h>

#define CSRR(name) \
    ({ uint64_t csrr_value; __asm__ volatile("csrr %0, " #name : "=r"(csrr_value) : : "memory"); csrr_value; })
#define CSRW(name, value) __asm__ volatile("csrw " #name ", %0" : : "r"((uint64_t)(value)) : "memory")
#define CSRS(name, value) __asm__ volatile("csrs " #name ", %0" : : "r"((uint64_t)(value)) : "memory")
#define CSRC(name, value) __asm__ volatile("csrc " #name ", %0" : : "r"((uint64_t)(value)) : "memory")

#define REG8(a) (*(volatile uint8_t *)(uintptr_t)(a))
#define REG32(a) (*(volatile uint32_t *)(uintptr_t)(a))
#define REG64(a) (*(volatile uint64_t *)(uintptr_t)(a))

#define TICKS_PER_MS 10000

/* ---- output ---- */
void put(char);
void print(const char *);
void print_hex(uint64_t);
void print_decimal(uint64_t);
/* TAP: one test each */
void check(const char *name, uint64_t got, uint64_t want);
void check_true(const char *name, int truth);
void skip(const char *name);
void plan(void);
void power_off(void) __attribute__((noreturn));
void power_off_with(uint32_t finisher_word) __attribute__((noreturn));

/* ---- traps ---- */
struct caught {
    uint64_t traps; /* how many since it was cleared */
    uint64_t cause, tval, epc, status;
};
extern struct caught caught;
extern uint64_t frame[32];
/* Interrupts are counted by code and given to this function. */
extern volatile uint64_t interrupts[16];
extern void (*on_interrupt)(uint64_t code);
/* An ecall of user mode is given to this function, with x1..x31 at their numbers; sepc is its. */
extern void (*on_ecall)(uint64_t *f);
/* Calls f(a, b, c); an exception inside ends it and is in `caught`. */
void attempt(void *f, uint64_t a, uint64_t b, uint64_t c);
void enter_user(uint64_t pc, uint64_t a0, uint64_t sp);

/* ---- sbi ---- */
struct sbi {
    int64_t error;
    uint64_t value;
};
struct sbi sbi(uint64_t eid, uint64_t function, uint64_t a0, uint64_t a1, uint64_t a2);
#define SBI_TIME 0x54494d45
#define SBI_TRACE 0x09545259
int on_tarry(void); /* the trace port is there */

/* ---- paging ---- */
enum { V = 1, R = 2, W = 4, X = 8, U = 16, G = 32, A = 64, D = 128 };
/* Sv39: RAM and devices at their own addresses for the supervisor; everything else by map(). */
void paging_on(void);
uint64_t *new_page(void); /* zeroed, 4 KiB aligned, at its own address */
void map(uint64_t va, uint64_t pa, uint64_t flags);
uint64_t *pte_of(uint64_t va); /* of the last level; makes the tables */
extern uint64_t root[512];
static inline void sfence(void) { __asm__ volatile("sfence.vma" : : : "memory"); }
static inline void fence_i(void) { __asm__ volatile("fence.i" : : : "memory"); }

#endif
