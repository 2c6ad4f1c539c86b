/* SPDX-License-Identifier: GPL-2.0-only */
/* Names of what a state holds, and how two states differ. */
#include "state.h"

#include <stdio.h>

const struct state_csr_name state_csrs[S_CSRS] = {
    {"mstatus", 0x300}, {"mip", 0x344},   {"mie", 0x304},    {"mideleg", 0x303}, {"medeleg", 0x302}, {"mtvec", 0x305},
    {"stvec", 0x105},   {"mepc", 0x341},  {"sepc", 0x141},   {"mcause", 0x342},  {"scause", 0x142},  {"mtval", 0x343},
    {"stval", 0x143},   {"mscratch", 0x340}, {"sscratch", 0x140}, {"satp", 0x180},
};

static const char *const registers[64] = {
    "zero", "ra",  "sp",  "gp",  "tp",  "t0",  "t1",   "t2",   "s0",  "s1",  "a0",  "a1",  "a2",   "a3",   "a4",  "a5",
    "a6",   "a7",  "s2",  "s3",  "s4",  "s5",  "s6",   "s7",   "s8",  "s9",  "s10", "s11", "t3",   "t4",   "t5",  "t6",
    "ft0",  "ft1", "ft2", "ft3", "ft4", "ft5", "ft6",  "ft7",  "fs0", "fs1", "fa0", "fa1", "fa2",  "fa3",  "fa4", "fa5",
    "fa6",  "fa7", "fs2", "fs3", "fs4", "fs5", "fs6",  "fs7",
    "fs8",  "fs9", "fs10", "fs11", "ft8", "ft9", "ft10", "ft11",
};

const char *state_name(unsigned word)
{
    return word < S_CSR0 ? registers[word] : state_csrs[word - S_CSR0].name;
}

static void line(FILE *f, const char *name, uint64_t ours, uint64_t theirs)
{
    fprintf(f, "  %-9s tarry %016llx  reference %016llx\n", name, (unsigned long long)ours, (unsigned long long)theirs);
}

void state_print_difference(FILE *f, const struct state *ours, const struct state *theirs)
{
    if (ours->pc != theirs->pc)
        line(f, "pc", ours->pc, theirs->pc);
    if (ours->privilege != theirs->privilege)
        line(f, "privilege", ours->privilege, theirs->privilege);
    for (unsigned i = 0; i < S_WORDS; i++)
        if (ours->word[i] != theirs->word[i])
            line(f, state_name(i), ours->word[i], theirs->word[i]);
}
