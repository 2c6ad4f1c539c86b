/* SPDX-License-Identifier: GPL-2.0-only */
/* What machine-mode guests share: traps caught, code run in lower modes. Each guest is m_main(). */
#ifndef M_H
#define M_H

#include "../guest.h"

#define ON_QEMU (CSRR(misa) >> 7 & 1) /* it has the hypervisor extension */

enum { IN_U = 0, IN_S = 1, IN_M = 3 };
enum { ECALL_U = 8, ECALL_S = 9, ECALL_M = 11, ILLEGAL = 2 };

#define MIE (1ull << 3)
#define MPIE (1ull << 7)
#define MPP_SHIFT 11
#define MPP (3ull << MPP_SHIFT)
#define FS (3ull << 13)
#define MPRV (1ull << 17)
#define SUM (1ull << 18)
#define MXR (1ull << 19)
#define TVM (1ull << 20)
#define TW (1ull << 21)
#define TSR (1ull << 22)

/* attempt()'s trap, if there was one; taken in M mode. */
struct m_caught {
    uint64_t traps, cause, tval, epc, status;
};
extern struct m_caught m_caught;
/* The same of a trap that was delegated to s_entry (which then calls ecall: m_caught is that). */
extern struct m_caught s_caught;
extern uint64_t frame[32];
extern volatile uint64_t vector_taken;

extern char m_entry[], m_vectors[], s_entry[];
uint64_t enter_mode(void *f, uint64_t mode, uint64_t a);
int m_main(void);
void m_trap(void);

/* Runs f(a) in a mode. If all went well the trap is the ecall of its end, and the value is f's. */
uint64_t run_in(uint64_t mode, void *f, uint64_t a);
/* f traps there with this cause (and tval). */
void check_traps(const char *name, uint64_t mode, void *f, uint64_t a, uint64_t cause);
void check_runs(const char *name, uint64_t mode, void *f, uint64_t a);
/* All of memory to S and U mode. */
void open_pmp(void);

#define CAUSE(irq) (1ull << 63 | (irq))

#define CLINT_MSIP REG32(0x2000000)
#define CLINT_MTIMECMP REG64(0x2004000)
#define CLINT_MTIME REG64(0x200bff8)

/* A function of one instruction, given as a string, with its operand in a0. */
#define INSN(name, text) \
    void name(void); \
    __asm__(".pushsection .text\n.balign 4\n.globl " #name "\n" #name ":\n" \
            ".option push\n.option norvc\n.option arch, +d\n" text "\n.option pop\nret\n.popsection\n")

#endif
