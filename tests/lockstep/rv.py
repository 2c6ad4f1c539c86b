# SPDX-License-Identifier: GPL-2.0-only
"""RV64GC machine code: fields into words (unprivileged spec, chapters 2, 7 to 12, 16 and 24)."""

MASK64 = (1 << 64) - 1

LUI, AUIPC, JAL, JALR, BRANCH, LOAD, STORE = 0x37, 0x17, 0x6F, 0x67, 0x63, 0x03, 0x23
OP_IMM, OP, OP_IMM32, OP32, MISC_MEM, SYSTEM, AMO = 0x13, 0x33, 0x1B, 0x3B, 0x0F, 0x73, 0x2F
LOAD_FP, STORE_FP, OP_FP = 0x07, 0x27, 0x53


def r_type(op, rd, f3, rs1, rs2, f7):
    return op | rd << 7 | f3 << 12 | rs1 << 15 | rs2 << 20 | f7 << 25


def i_type(op, rd, f3, rs1, imm):
    return op | rd << 7 | f3 << 12 | rs1 << 15 | (imm & 0xFFF) << 20


def s_type(op, f3, rs1, rs2, imm):
    return op | (imm & 31) << 7 | f3 << 12 | rs1 << 15 | rs2 << 20 | (imm >> 5 & 0x7F) << 25


def u_type(op, rd, imm20):
    return op | rd << 7 | (imm20 & 0xFFFFF) << 12


def b_imm(imm):
    return (imm >> 11 & 1) << 7 | (imm >> 1 & 15) << 8 | (imm >> 5 & 63) << 25 | (imm >> 12 & 1) << 31


def j_imm(imm):
    return (imm >> 12 & 0xFF) << 12 | (imm >> 11 & 1) << 20 | (imm >> 1 & 0x3FF) << 21 | (imm >> 20 & 1) << 31


def addi(rd, rs, imm):
    return i_type(OP_IMM, rd, 0, rs, imm)


def slli(rd, rs, n):
    return i_type(OP_IMM, rd, 1, rs, n)


def jalr(rd, rs, imm=0):
    return i_type(JALR, rd, 0, rs, imm)


def load(f3, rd, rs, imm):
    return i_type(LOAD, rd, f3, rs, imm)


def store(f3, rs2, rs1, imm):
    return s_type(STORE, f3, rs1, rs2, imm)


def csr(f3, rd, number, rs):
    """f3: 1 csrrw, 2 csrrs, 3 csrrc; 5..7 with an immediate"""
    return i_type(SYSTEM, rd, f3, rs, number)


def csrr(rd, number):
    return csr(2, rd, number, 0)


def csrw(number, rs):
    return csr(1, 0, number, rs)


def amo(f5, width, rd, rs1, rs2, aqrl=0):
    """width: 2 word, 3 double"""
    return r_type(AMO, rd, width, rs1, rs2, f5 << 2 | aqrl)


def fp(f7, rd, rs1, rs2, rm=7):
    return r_type(OP_FP, rd, rm, rs1, rs2, f7)


ECALL, EBREAK, SRET, MRET, WFI = 0x73, 0x100073, 0x10200073, 0x30200073, 0x10500073
FENCE, FENCE_I = 0x0FF0000F, 0x0000100F


def sfence_vma(rs1=0, rs2=0):
    return r_type(SYSTEM, 0, 0, rs1, rs2, 9)


def li(rd, value):
    """The words that make rd = value (any 64 bits)."""
    value &= MASK64
    signed = value - (1 << 64) if value >> 63 else value
    if -2048 <= signed < 2048:
        return [addi(rd, 0, signed)]
    if -(1 << 31) <= signed < (1 << 31) - 2048:
        high, low = (signed + 0x800) >> 12, signed & 0xFFF
        words = [u_type(LUI, rd, high)]
        return words + [i_type(OP_IMM32, rd, 0, rd, low)] if low else words
    low = signed & 0xFFF
    low -= (low & 0x800) << 1
    high, shift = (signed - low) >> 12, 12
    while not high & 1:
        high, shift = high >> 1, shift + 1
    words = li(rd, high) + [slli(rd, rd, shift)]
    return words + [addi(rd, rd, low)] if low else words
