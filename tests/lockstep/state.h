/* SPDX-License-Identifier: GPL-2.0-only */
/* What the two machines are compared by: the hart between two instructions. */
#ifndef LOCKSTEP_STATE_H
#define LOCKSTEP_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* The CSRs that the reference shows, in the order of its log. */
enum state_csr {
    S_MSTATUS, S_MIP, S_MIE, S_MIDELEG, S_MEDELEG, S_MTVEC, S_STVEC, S_MEPC, S_SEPC, S_MCAUSE, S_SCAUSE,
    S_MTVAL, S_STVAL, S_MSCRATCH, S_SSCRATCH, S_SATP, S_CSRS
};

enum { S_X0, S_F0 = 32, S_CSR0 = 64, S_WORDS = 64 + S_CSRS };

struct state {
    uint64_t pc;
    unsigned privilege;       /* 0 U, 1 S, 3 M */
    uint64_t word[S_WORDS];   /* x0..x31, f0..f31, CSRs */
};

struct state_csr_name {
    const char *name;
    unsigned number;
};
extern const struct state_csr_name state_csrs[S_CSRS];

/* "a0", "ft3", "mstatus" */
const char *state_name(unsigned word);
/* Prints in what the two differ. */
void state_print_difference(FILE *, const struct state *ours, const struct state *theirs);

#endif
