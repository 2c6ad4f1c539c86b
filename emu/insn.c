/* SPDX-License-Identifier: GPL-2.0-only */
/* Instruction decoding: addresses of loads and stores (unprivileged spec 20191213: 2.6, 8, 16.3), CSR instructions. */
#include "insn.h"

static uint32_t field(uint32_t insn, unsigned low, unsigned bits)
{
    return insn >> low & ((1u << bits) - 1);
}

static bool full(uint32_t insn, struct insn_access *a)
{
    unsigned opcode = insn & 0x7f, kind = field(insn, 27, 5);
    a->base = field(insn, 15, 5);
    a->bytes = 1u << field(insn, 12, 2);
    switch (opcode) {
    case 0x03: /* LOAD */
    case 0x07: /* LOAD-FP */
        a->offset = (int32_t)insn >> 20;
        a->store = false;
        return true;
    case 0x23: /* STORE */
    case 0x27: /* STORE-FP */
        a->offset = (int64_t)((int32_t)insn >> 25) * 32 + field(insn, 7, 5);
        a->store = true;
        return true;
    case 0x2f: /* AMO; LR is a load */
        a->offset = 0;
        a->store = kind != 2;
        return true;
    }
    return false;
}

/* C.LW and the like: base in 3 bits, offset scaled by 4 or 8 */
static bool compressed_near(uint32_t insn, struct insn_access *a)
{
    unsigned op = field(insn, 13, 3);
    if (op == 0 || op == 4)
        return false;
    bool words = op == 2 || op == 6;
    uint32_t offset = field(insn, 10, 3) << 3;
    offset |= words ? field(insn, 6, 1) << 2 | field(insn, 5, 1) << 6 : field(insn, 5, 2) << 6;
    a->base = 8 + field(insn, 7, 3);
    a->bytes = words ? 4 : 8;
    a->offset = offset;
    a->store = op >= 5;
    return true;
}

/* C.LWSP and the like: base is sp */
static bool compressed_stack(uint32_t insn, struct insn_access *a)
{
    unsigned op = field(insn, 13, 3);
    a->base = 2;
    a->store = op >= 5;
    a->bytes = op == 2 || op == 6 ? 4 : 8;
    switch (op) {
    case 2: /* C.LWSP */
        a->offset = field(insn, 12, 1) << 5 | field(insn, 4, 3) << 2 | field(insn, 2, 2) << 6;
        return true;
    case 1: /* C.FLDSP */
    case 3: /* C.LDSP */
        a->offset = field(insn, 12, 1) << 5 | field(insn, 5, 2) << 3 | field(insn, 2, 3) << 6;
        return true;
    case 6: /* C.SWSP */
        a->offset = field(insn, 9, 4) << 2 | field(insn, 7, 2) << 6;
        return true;
    case 5: /* C.FSDSP */
    case 7: /* C.SDSP */
        a->offset = field(insn, 10, 3) << 3 | field(insn, 7, 3) << 6;
        return true;
    }
    return false;
}

bool insn_access(uint32_t insn, struct insn_access *a)
{
    switch (insn & 3) {
    case 0:
        return compressed_near(insn, a);
    case 2:
        return compressed_stack(insn, a);
    case 3:
        return full(insn, a);
    }
    return false;
}

bool insn_csr(uint32_t insn, struct insn_csr *c)
{
    unsigned funct3 = field(insn, 12, 3);
    if ((insn & 0x7f) != 0x73 || (funct3 & 3) == 0)
        return false;
    c->csr = field(insn, 20, 12);
    c->rd = field(insn, 7, 5);
    c->rs1 = field(insn, 15, 5);
    c->op = funct3 & 3;
    c->immediate = funct3 & 4;
    c->reads = c->op != 1 || c->rd != 0;
    c->writes = c->op == 1 || c->rs1 != 0;
    return true;
}

bool insn_is_reserved(uint32_t insn)
{
    return (insn & 0xe003) == 0x8000 || (insn & 0xfc43) == 0x9c41;
}

bool insn_is_fp(uint32_t insn)
{
    unsigned opcode = insn & 0x7f;
    if ((insn & 3) != 3)
        return (insn & 0x6001) == 0x2000; /* C.FLD, C.FSD, C.FLDSP, C.FSDSP */
    return opcode == 0x07 || opcode == 0x27 || opcode == 0x53 || (opcode & 0x73) == 0x43;
}
