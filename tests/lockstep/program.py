# SPDX-License-Identifier: GPL-2.0-only
"""What a random program is made of, its fixed parts, and its image as an ELF file.

A program is a list of regions. A region runs in one context (privilege, translation, delegation) and holds groups; a group
holds items; an item is a list of nodes. Whatever traps within a group goes on at the group's end (its address is in
s11), so any item and any group can be taken away and a valid program is left: that is how failing programs shrink.

Nodes: an int is a 32-bit instruction; ("h", n) a 16-bit one; ("b", word, label) a branch; ("j", rd, label) a jal;
("la", rd, label) auipc and addi; ("skip", word, n) a branch over the next n items; ("label", name).
Registers s9, s10, s11 belong to the fixed parts: command, scratch, where to go on after a trap.
"""
import struct

from rv import *

RAM = 0x80000000
BEGIN, M_VECTOR, S_VECTOR, CONTEXTS, CODE = 0x200, 0x400, 0x800, 0x1000, 0x2000
DATA, DATA_PAGES, SCRATCH, TABLES, SIZE = 0x40000, 16, 0x50000, 0x80000, 0x100000
MTIMECMP, FINISHER = 0x2004000, 0x100000
S9, S10, S11 = 25, 26, 27

MSTATUS, MEDELEG, MIDELEG, MIE, MTVEC, MCOUNTEREN, MENVCFG = 0x300, 0x302, 0x303, 0x304, 0x305, 0x306, 0x30A
MSCRATCH, MEPC, MCAUSE, MTVAL, MIP, PMPCFG0, PMPADDR0 = 0x340, 0x341, 0x342, 0x343, 0x344, 0x3A0, 0x3B0
SSTATUS, SIE, STVEC, SCOUNTEREN, SSCRATCH, SEPC, SCAUSE, STVAL, SIP, SATP = (
    0x100, 0x104, 0x105, 0x106, 0x140, 0x141, 0x142, 0x143, 0x144, 0x180)
FCSR = 3

# A context in memory: these, 8 bytes each. Number 4, the offset of its addresses from physical ones, is no CSR.
CONTEXT_FIELDS = ("satp", "mstatus", "medeleg", "mideleg", "offset", "stvec", "mcounteren", "menvcfg", "pmpaddr0", "pmpaddr1",
                  "pmpcfg0")
CONTEXT_CSRS = ((0, SATP), (1, MSTATUS), (2, MEDELEG), (3, MIDELEG), (5, STVEC), (6, MCOUNTEREN), (7, MENVCFG), (8, PMPADDR0),
                (9, PMPADDR0 + 1), (10, PMPCFG0))
CONTEXT_BYTES = 128


def node_bytes(node):
    if isinstance(node, int):
        return 4
    return {"h": 2, "b": 4, "j": 4, "la": 8, "skip": 4, "label": 0}[node[0]]


class Image:
    """Memory from RAM on, with a small assembler."""

    def __init__(self):
        self.bytes = bytearray(SIZE)
        self.labels = {}

    def put(self, offset, data):
        self.bytes[offset:offset + len(data)] = data

    def put64(self, offset, *values):
        self.put(offset, b"".join(struct.pack("<Q", v & MASK64) for v in values))

    def assemble(self, offset, nodes):
        """Two passes; returns the end."""
        at = offset
        for n in nodes:
            if not isinstance(n, int) and n[0] == "label":
                self.labels[n[1]] = at
            at += node_bytes(n)
        at = offset
        for n in nodes:
            self.put(at, self.encode(n, at))
            at += node_bytes(n)
        return at

    def encode(self, n, at):
        if isinstance(n, int):
            return struct.pack("<I", n)
        kind = n[0]
        if kind == "h":
            return struct.pack("<H", n[1])
        if kind == "label":
            return b""
        distance = self.labels[n[2]] - at
        if kind == "b":
            if not -4096 <= distance < 4096:
                raise ValueError("branch out of range")
            return struct.pack("<I", n[1] | b_imm(distance))
        if kind == "j":
            return struct.pack("<I", JAL | n[1] << 7 | j_imm(distance))
        low = (distance & 0xFFF) - ((distance & 0x800) << 1)
        return struct.pack("<II", u_type(AUIPC, n[1], (distance - low) >> 12), addi(n[1], n[1], low))


def beqz(rs, label):
    return ("b", r_type(BRANCH, 0, 0, rs, 0, 0), label)


def bnez(rs, label):
    return ("b", r_type(BRANCH, 0, 1, rs, 0, 0), label)


def bltz(rs, label):
    return ("b", r_type(BRANCH, 0, 4, rs, 0, 0), label)


def start_code():
    """Until BEGIN: everything that a reset leaves open gets a value."""
    nodes = li(5, 3 << 13) + [csr(2, 0, MSTATUS, 5), ("la", 5, "m_vector"), csrw(MTVEC, 5), csrw(FCSR, 0)]
    nodes += li(5, MTIMECMP) + [addi(6, 0, -1), store(3, 6, 5, 0)]
    nodes += [i_type(OP_IMM, 6, 5, 6, 10), csrw(PMPADDR0 + 7, 6)] + li(6, 0x1F << 56) + [csrw(PMPCFG0, 6)]
    for number in (MEPC, MCAUSE, MTVAL, MSCRATCH, MEDELEG, MIDELEG, MIE, SSCRATCH, SEPC, SCAUSE, STVAL, STVEC, MCOUNTEREN,
                   SCOUNTEREN):
        nodes.append(csrw(number, 0))
    nodes += [fp(0x78 if f < 16 else 0x79, f, 0, 0, 0) for f in range(32)] # singles, doubles
    return nodes + [("h", 0x4001 | r << 7) for r in range(1, 32)] + [("j", 0, "begin")]


def handlers():
    """Every trap ends its group; an ecall with s9 != 0 changes to the context at offset s9 - 1 of the table."""
    vector = [("j", 0, "m_trap")] * 16
    m_trap = [("label", "m_trap"), u_type(LUI, S10, 0x20), csr(3, 0, MSTATUS, S10), csrr(S10, MCAUSE),
              bltz(S10, "m_interrupt"), bnez(S9, "m_command"), csrr(S10, MTVAL), csrr(S10, MEPC), csrw(MEPC, S11), MRET,
              ("label", "m_interrupt"), csrw(MIE, 0), MRET]
    m_command = [("label", "m_command"), ("la", S10, "offset"), load(3, S10, S10, 0),
                 r_type(OP, S11, 0, S11, S10, 0x20), ("la", S10, "contexts"), addi(S9, S9, -1), r_type(OP, S9, 0, S9, S10, 0),
                 load(3, S10, S9, 32), r_type(OP, S11, 0, S11, S10, 0), csrw(MEPC, S11),
                 addi(S11, S10, 0), ("la", S10, "offset"), store(3, S11, S10, 0)]
    for i, number in CONTEXT_CSRS:
        m_command += [load(3, S10, S9, 8 * i), csrw(number, S10)]
    m_command += [sfence_vma(), addi(S9, 0, 0), MRET]
    s_trap = [("label", "s_trap"), csrr(S10, SCAUSE), bltz(S10, "s_interrupt"), bnez(S9, "s_command"),
              csrr(S10, STVAL), csrr(S10, SEPC), csrw(SEPC, S11), SRET,
              ("label", "s_interrupt"), csrw(SIE, 0), SRET, ("label", "s_command"), ECALL, ("j", 0, "s_command")]
    return vector + m_trap + m_command, [("j", 0, "s_trap")] * 16 + s_trap


def exit_code(status_word):
    nodes = [("label", "end")] + li(5, FINISHER) + li(6, status_word) + [store(2, 6, 5, 0), ("label", "stuck")]
    return nodes + [("j", 0, "stuck")]


class Program:
    def __init__(self, seed):
        self.seed = seed
        self.regions = []   # [context number, [group, ...]]; a group is a list of items
        self.contexts = []  # dicts of CONTEXT_FIELDS; number 0 is machine mode, bare
        self.memory = []    # (offset, bytes) of data and page tables

    def code(self):
        """All regions as nodes, with the switches between their contexts."""
        nodes = []
        for r, (context, groups) in enumerate(self.regions):
            nodes += self.switch(context, ("region", r))
            for g, items in enumerate(groups):
                nodes += self.group(items, (r, g))
        return nodes + self.switch(0, "last") + [("j", 0, "end")]

    @staticmethod
    def switch(context, label):
        return [addi(S9, 0, CONTEXT_BYTES * context + 1), ("la", S11, label), ECALL, ("label", label)]

    @staticmethod
    def group(items, name):
        nodes = [("la", S11, (name, len(items)))]
        for i, item in enumerate(items):
            nodes.append(("label", (name, i)))
            for n in item:
                if not isinstance(n, int) and n[0] == "skip":
                    n = ("b", n[1], (name, min(i + 1 + n[2], len(items))))
                elif not isinstance(n, int) and n[0] in ("b", "j", "la", "label"):
                    n = tuple((name, i, x) if k == len(n) - 1 and not isinstance(x, str) else x for k, x in enumerate(n))
                nodes.append(n)
        return nodes + [("label", (name, len(items)))]

    def image(self):
        image = Image()
        image.labels = {"begin": BEGIN, "m_vector": M_VECTOR, "contexts": CONTEXTS, "offset": CONTEXTS + 0xFF8,
                        "data": DATA, "scratch": SCRATCH}
        m, s = handlers()
        image.assemble(M_VECTOR, m)
        image.assemble(S_VECTOR, s)
        image.end = image.assemble(CODE, self.code() + exit_code(0x5555))
        if image.end > DATA:
            raise ValueError("too long")
        image.labels["code"] = CODE
        image.assemble(BEGIN, [("j", 0, "code")])
        if image.assemble(0, start_code()) > BEGIN:
            raise ValueError("start code too long")
        for i, context in enumerate(self.contexts):
            image.put64(CONTEXTS + CONTEXT_BYTES * i, *(context[f] for f in CONTEXT_FIELDS))
        for offset, data in self.memory:
            image.put(offset, data)
        return image


def elf(image):
    """One loadable segment, entered at its begin."""
    header = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\x02\x01\x01", 2, 243, 1, RAM, 64, 0, 5, 64, 56, 1, 64, 0, 0)
    segment = struct.pack("<IIQQQQQQ", 1, 7, 0x1000, RAM, RAM, SIZE, SIZE, 0x1000)
    return (header + segment).ljust(0x1000, b"\0") + bytes(image.bytes)
