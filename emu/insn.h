/* SPDX-License-Identifier: GPL-2.0-only */
/* The little of instruction decoding that the machine needs itself. */
#ifndef EMU_INSN_H
#define EMU_INSN_H

#include <stdbool.h>
#include <stdint.h>

#define INSN_WFI 0x10500073u
#define INSN_SRET 0x10200073u
#define INSN_MRET 0x30200073u

/* Length in bytes from the first 16 bits (unprivileged spec, 1.5; no longer ones in RV64GC). */
static inline unsigned insn_bytes(uint16_t first)
{
    return (first & 3) == 3 ? 4 : 2;
}

/* A load, store or atomic: its address is x[base] + offset. */
struct insn_access {
    unsigned base;
    int64_t offset;
    unsigned bytes;
    bool store; /* store, AMO or SC: its faults are store faults */
};

bool insn_access(uint32_t insn, struct insn_access *);

/* A CSR instruction (unprivileged spec, chapter 9) */
struct insn_csr {
    unsigned csr, rd, rs1; /* rs1: register, or the immediate */
    unsigned op;           /* 1 write, 2 set, 3 clear */
    bool immediate;
    bool reads, writes;
};

bool insn_csr(uint32_t insn, struct insn_csr *);

/* sfence.vma, whatever its operands: fences are coarse here. */
static inline bool insn_is_sfence(uint32_t insn)
{
    return (insn & 0xfe007fff) == 0x12000073;
}

/* Compressed and reserved, one of those that Unicorn does not know as such (unprivileged spec, tables 16.5 and 16.6). */
bool insn_is_reserved(uint32_t insn);
/* Loads, stores or computes in floating-point registers. */
bool insn_is_fp(uint32_t insn);

#endif
