# SPDX-License-Identifier: GPL-2.0-only
"""Random valid programs: a seed gives contexts with page tables, and regions of items over all extensions."""
import random
import struct

from program import *

V, R, W, X, U, G, A, D = (1 << i for i in range(8))
SINGLES, DOUBLES = range(0, 16), range(16, 32)  # a register holds one kind: Unicorn does not box
FREE = [r for r in range(32) if r not in (S9, S10, S11)]
NEAR = [r for r in FREE if 8 <= r < 16]

VALUES = [0, 1, -1, 2, -2, 0x7F, 0x80, 0x7FF, -0x800, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, -0x80000000, 0x100000000,
          0x7FFFFFFFFFFFFFFF, -0x8000000000000000, 0x5555555555555555, 0x123456789ABCDEF, 63, 64, 31, 32]
SINGLE = [0x3F800000, 0xBF800000, 0, 0x80000000, 0x7F800000, 0xFF800000, 1, 0x807FFFFF, 0x00800000, 0x7F7FFFFF, 0x7FC00000,
          0x3EAAAAAB, 0x4F000000, 0xCF000001, 0x5F000000, 0x33800000, 0x34000001]
DOUBLE = [0x3FF << 52, 0xBFF << 52, 0, 1 << 63, 0x7FF << 52, 0xFFF << 52, 1, 0x800FFFFFFFFFFFFF, 1 << 52, 0x7FEFFFFFFFFFFFFF,
          0x7FF8 << 48, 0x3FD5555555555555, 0x41E << 52, 0xC1E0000000200000, 0x43E << 52, 0x3CA << 52, 0x47EFFFFFE0000000,
          0x36A << 52, 0x380FFFFFFFFFFFFF]
WILD = [0, 8, -8, -1, 0xA000000, 0x90000000, 0x100000000, 0x4000000000, 0x800000000000, 0x7FFFFFFFFFFFFFF8, 1 << 56,
        0xFFFFFF7FFFFFFFF8, 0x3FFFFFFFF8]

WINDOW_PAGES = (SCRATCH >> 12) + 1
OPEN = 0x1F << 56  # pmpcfg0: entry 7 alone, all memory


class Tables:
    """Page tables of one address space, in the image's table area."""

    def __init__(self, generator, levels):
        self.g, self.levels = generator, levels
        self.root = generator.new_table()

    def entry(self, va, level):
        """Offset of the entry for va at a level; makes the tables above."""
        table = self.root
        for i in range(self.levels - 1, level, -1):
            at = table + 8 * (va >> 12 + 9 * i & 511)
            pte = self.g.entries.get(at, 0)
            if not pte & V:
                new = self.g.new_table()
                self.g.entries[at] = pte = RAM + new >> 12 << 10 | V
            table = (pte >> 10 << 12) - RAM
        return table + 8 * (va >> 12 + 9 * level & 511)

    def map(self, va, pa, flags, level=0):
        self.g.entries[self.entry(va, level)] = pa >> 12 << 10 | flags


class Generator:
    def __init__(self, seed, regions=8):
        self.r = random.Random(seed)
        self.program = Program(seed)
        self.entries, self.tables_end = {}, TABLES
        self.leaves = []    # offsets of leaf entries of data pages
        self.make_contexts(self.r.randint(4, 9))
        self.make_data()
        for _ in range(regions):
            self.make_region()

    # ---- contexts ----

    def new_table(self):
        self.tables_end += 4096
        return self.tables_end - 4096

    def chance(self, p):
        return self.r.random() < p

    def bits(self, mask):
        return mask & self.r.getrandbits(64)

    def canonical(self, levels, shift):
        bits = 12 + 9 * levels
        va = self.r.getrandbits(bits) >> shift << shift
        if va >> bits - 1:
            va |= MASK64 >> bits << bits
        if va < RAM or 0x400000000 <= va < 0x800000000:  # as physical addresses, these are the reference's PCI windows
            return self.canonical(levels, shift)
        return va

    def data_flags(self, user):
        """Rights of a data page, more often useful ones."""
        if self.chance(0.6):
            flags = V | R | W | self.bits(X)
        else:
            flags = self.bits(V | R | W | X) | (V if self.chance(0.8) else 0)
        flags |= user if self.chance(0.85) else user ^ U
        if flags & U and not user:
            flags &= ~X  # with SUM, the reference lets a supervisor execute it once it has read or written there
        return flags | self.bits(A | D | G) | self.bits(3 << 8) | (1 << self.r.randint(54, 63) if self.chance(0.02) else 0)

    def address_space(self, user):
        levels = self.r.choice((3, 3, 4))
        t = Tables(self, levels)
        base = RAM if self.chance(0.3) else self.canonical(levels, 21)
        for page in range(WINDOW_PAGES):
            va, pa = base + 4096 * page & MASK64, RAM + 4096 * page
            if page == 0:
                flags = V | R | X | self.bits(A)
            elif page < DATA >> 12:
                flags = V | X | user | self.bits(R | A | D | G)
            else:
                flags = self.data_flags(user)
                self.leaves.append(t.entry(va, 0))
            t.map(va, pa, flags)
        pointers = [base + DATA & MASK64] * 4 + [base + SCRATCH & MASK64]
        pointers += self.aliases(t, levels, user, base) + self.superpage(t, levels, user, base)
        table_va = None
        if not user and self.chance(0.6):
            table_va = self.free_va(levels, base)
            t.map(table_va, RAM + t.entry(base, 0) & ~4095, V | R | W | A | D)
        return {"satp": (levels + 5) << 60 | self.bits(0xFFFF) << 44 | RAM + t.root >> 12, "offset": base - RAM & MASK64,
                "pointers": pointers, "base": base, "table_va": table_va, "leaf_table": t.entry(base, 0) & ~4095}

    def free_va(self, levels, base):
        while True:
            va = self.canonical(levels, 21)
            if va >> 30 != base >> 30:
                return va

    def aliases(self, t, levels, user, base):
        """Other addresses of the data pages, with other rights."""
        va = self.free_va(levels, base)
        for page in range(8):
            frame = RAM + DATA + 4096 * self.r.randrange(DATA_PAGES + 1)
            t.map(va + 4096 * page, frame, self.data_flags(user))
            self.leaves.append(t.entry(va + 4096 * page, 0))
        if self.chance(0.1):  # reserved bits in an entry that is no leaf
            self.entries[t.entry(va, 1)] |= self.r.choice((A, D, U))
        return [va]

    def superpage(self, t, levels, user, base):
        va = self.free_va(levels, base)
        level = self.r.randint(1, levels - 1)
        va = va >> 12 + 9 * level << 12 + 9 * level
        if va >> 30 == base >> 30 or self.entries.get(t.entry(va, level), 0):
            return []
        pa = RAM if level <= 2 else 0
        t.map(va, pa | (1 << 12 if self.chance(0.1) else 0), V | R | self.bits(W | X | A | D) | user, level)
        return [va + (RAM - pa) + DATA & MASK64]

    def make_contexts(self, n):
        self.contexts = [self.context(3, False)]
        for _ in range(n):
            self.contexts.append(self.context(self.r.choice((0, 0, 1, 1, 1, 3)), self.chance(0.8)))
        self.program.contexts = self.contexts

    def context(self, privilege, translated):
        user = U if privilege == 0 else 0
        c = {"satp": 0, "offset": 0, "pointers": [RAM + DATA, RAM + DATA, RAM + SCRATCH], "base": RAM, "table_va": None}
        first = not hasattr(self, "contexts")
        if translated:
            c.update(self.address_space(user))
        c["privilege"], c["data_va"] = privilege, c["base"] + DATA & MASK64
        if privilege == 3:
            c["offset"] = 0
            c["window"] = c["base"]
            c["base"], c["data_va"] = RAM, RAM + DATA
        status = 0xA << 32 | privilege << 11 | (3 if self.chance(0.9) or first else self.r.randrange(4)) << 13
        deleg, ideleg = self.bits(0xB1FF), self.bits(0x222)
        for load, store in ((4, 6), (5, 7), (13, 15)):  # what the reference confuses goes to the same handler
            deleg = deleg & ~(1 << store) | (deleg >> load & 1) << store
        if not first:
            status |= self.bits(1 << 18 | 1 << 19 | 1 << 5 | 1 << 8)
            if self.chance(0.2):
                status |= self.bits(7 << 20)
            if privilege == 3 and translated:
                status |= 1 << 17
        if status >> 22 & 1 or first or self.chance(0.3):  # TSR: the supervisor's handler could not return
            deleg = ideleg = 0
        c.update(self.protection(first), mstatus=status, medeleg=deleg, mideleg=ideleg, mcounteren=self.bits(7),
                 menvcfg=self.bits(1), stvec=c["base"] + S_VECTOR + (self.r.randrange(2)) & MASK64)
        return c

    def protection(self, first):
        """PMP: two ranges within the data may have fewer rights; entry 7 is all memory."""
        fields, config = {"pmpaddr0": 0, "pmpaddr1": 0}, OPEN
        for i in range(2):
            if not first and self.chance(0.3):
                pages = 1 << self.r.randrange(3)
                at = RAM + DATA + 4096 * pages * self.r.randrange((DATA_PAGES + 1) // pages)
                fields["pmpaddr%d" % i] = at >> 2 | 512 * pages - 1
                config |= (0x18 | self.r.choice((0, 1, 3, 4, 5, 7))) << 8 * i
        return {**fields, "pmpcfg0": config}

    def make_data(self):
        words = [self.r.choice(VALUES + SINGLE + DOUBLE) & MASK64 for _ in range(DATA_PAGES * 512)]
        self.program.memory.append((DATA, struct.pack("<%dQ" % len(words), *words)))
        self.program.memory.append((SCRATCH, struct.pack("<I", jalr(0, 1)) * 1024))
        for at, pte in self.entries.items():
            self.program.memory.append((at, struct.pack("<Q", pte & MASK64)))

    # ---- regions ----

    def make_region(self):
        number = self.r.randrange(len(self.contexts))
        self.c = self.contexts[number]
        groups = [[self.item() for _ in range(self.r.randint(1, 8))] for _ in range(self.r.randint(2, 12))]
        self.program.regions.append([number, groups])

    def item(self):
        kinds = [(self.alu, 20), (self.alu_imm, 15), (self.muldiv, 8), (self.constant, 10), (self.compressed, 12),
                 (self.memory, 22), (self.fp_memory, 6), (self.atomic, 8), (self.lr_sc, 4), (self.single, 10),
                 (self.double, 10), (self.convert, 8), (self.fused, 3), (self.fcsr, 6), (self.branch, 10), (self.loop, 4),
                 (self.call, 3), (self.csr_any, 14), (self.trap, 5), (self.wild_jump, 3), (self.self_modify, 3),
                 (self.interrupt, 4), (self.fences, 3), (self.page_change, 5)]
        names, weights = zip(*kinds)
        return self.r.choices(names, weights)[0]()

    def reg(self):
        return self.r.choice(FREE)

    def dest(self):
        return self.r.choice(FREE)

    def near(self):
        return self.r.choice(NEAR)

    @staticmethod
    def sparing(register, item):
        """The item, or nothing if it might write to that register."""
        return item if all(isinstance(n, int) and n >> 7 & 31 != register for n in item) else []

    # ---- integers ----

    def alu(self):
        f3, f7, op = self.r.choice([(f, 0, OP) for f in range(8)] + [(0, 32, OP), (5, 32, OP)] +
                                   [(0, 0, OP32), (0, 32, OP32), (1, 0, OP32), (5, 0, OP32), (5, 32, OP32)])
        return [r_type(op, self.dest(), f3, self.reg(), self.reg(), f7)]

    def alu_imm(self):
        kind = self.r.randrange(5)
        if kind == 0:
            return [u_type(self.r.choice((LUI, AUIPC)), self.dest(), self.r.getrandbits(20))]
        if kind == 1:
            arithmetic = self.r.choice(((1, 0), (5, 0), (5, 0x400)))
            return [i_type(OP_IMM, self.dest(), arithmetic[0], self.reg(), arithmetic[1] | self.r.randrange(64))]
        if kind == 2:
            f3, high = self.r.choice(((1, 0), (5, 0), (5, 0x400)))
            return [i_type(OP_IMM32, self.dest(), f3, self.reg(), high | self.r.randrange(32))]
        if kind == 3:
            return [i_type(OP_IMM32, self.dest(), 0, self.reg(), self.r.getrandbits(12))]
        return [i_type(OP_IMM, self.dest(), self.r.choice((0, 2, 3, 4, 6, 7)), self.reg(), self.r.getrandbits(12))]

    def muldiv(self):
        op, f3 = self.r.choice([(OP, f) for f in range(8)] + [(OP32, f) for f in (0, 4, 5, 6, 7)])
        return [r_type(op, self.dest(), f3, self.reg(), self.reg(), 1)]

    def constant(self):
        value = self.r.choice(VALUES) if self.chance(0.6) else self.r.getrandbits(self.r.randint(1, 64))
        return li(self.dest(), value)

    def compressed(self):
        r, n6 = self.r, self.r.getrandbits(6)
        imm6 = (n6 & 31) << 2 | n6 >> 5 << 12
        full, near, near2 = self.dest() or 5, self.near() - 8, self.near() - 8
        if full == 2:
            full = 5
        return [("h", r.choice((
            0x0001 | full << 7 | imm6,                               # c.addi
            0x2001 | full << 7 | imm6,                               # c.addiw
            0x4001 | full << 7 | imm6,                               # c.li
            0x6001 | full << 7 | (imm6 or 4),                        # c.lui
            0x0002 | full << 7 | imm6,                               # c.slli
            0x8001 | near << 7 | imm6,                               # c.srli
            0x8401 | near << 7 | imm6,                               # c.srai
            0x8801 | near << 7 | imm6,                               # c.andi
            0x8C01 | near << 7 | r.randrange(4) << 5 | near2 << 2,   # c.sub, xor, or, and
            0x9C01 | near << 7 | r.randrange(2) << 5 | near2 << 2,   # c.subw, addw
            0x8002 | full << 7 | (self.reg() or 6) << 2,             # c.mv
            0x9002 | full << 7 | (self.reg() or 6) << 2,             # c.add
            0x0000 | near << 2 | r.randint(1, 255) << 5,             # c.addi4spn
            0x6101 | (imm6 or 4),                                    # c.addi16sp
            0x9C41 | near << 7)))]                                   # reserved

    # ---- memory ----

    def address(self, size, align):
        """An address to access size bytes at. None across pages if PMP is in use: the reference asks it for the wrong bytes."""
        align = align or self.c["pmpcfg0"] != OPEN
        if self.chance(0.04):
            return self.r.choice(WILD) & MASK64
        base = self.r.choice(self.c["pointers"])
        page = 4096 * self.r.randrange(8)
        kind = self.r.random()
        if kind < 0.12 and not align:  # across a page
            return base + page + 4096 - self.r.randint(1, size) & MASK64
        at = self.r.randrange(0, 4096 - size)
        return base + page + (at if kind < 0.3 and not align else at // size * size) & MASK64

    def pointer(self, size, align=False, near=False):
        """Nodes that set a register to an address, the register, and the offset to use with it."""
        base = self.near() if near else self.r.choice([x for x in FREE if x])
        offset = 0 if near else self.r.choice((0, 0, self.r.randint(-2048, 2047)))
        return li(base, self.address(size, align) - offset), base, offset

    def memory(self):
        if self.chance(0.25):
            return self.memory_compressed()
        f3 = self.r.randrange(7)
        nodes, base, offset = self.pointer(1 << (f3 & 3))
        for _ in range(self.r.randint(1, 3)):
            is_load = self.chance(0.55) or f3 > 3
            nodes.append(load(f3, self.dest(), base, offset) if is_load else store(f3, self.reg(), base, offset))
            if is_load and nodes[-1] >> 7 & 31 == base:
                break
        return nodes

    def memory_compressed(self):
        double = self.r.randrange(2)
        nodes, base, _ = self.pointer(8 if double else 4, near=True)
        n = self.r.getrandbits(5)
        bits = (n & 7) << 10 | (n >> 3 & 3) << 5
        f3 = self.r.choice((3, 7) if double else (2, 6))
        return nodes + [("h", f3 << 13 | bits | base - 8 << 7 | self.near() - 8 << 2)]

    def fp_memory(self):
        double = self.r.randrange(2)
        nodes, base, offset = self.pointer(8 if double else 4)
        f = self.r.choice(DOUBLES if double else SINGLES)
        if self.chance(0.5):
            return nodes + [i_type(LOAD_FP, f, 2 + double, base, offset)]
        return nodes + [s_type(STORE_FP, 2 + double, base, f, offset)]

    def atomic(self):
        width, base = self.r.choice((2, 3)), self.r.choice([x for x in FREE if x])
        f5 = self.r.choice((0, 1, 4, 8, 12, 16, 20, 24, 28))
        return li(base, self.address(8, self.chance(0.9))) + [
            amo(f5, width, self.dest(), base, self.reg(), self.r.randrange(4))]

    def lr_sc(self):
        width = self.r.choice((2, 3))
        base = self.r.choice([x for x in FREE if x])
        nodes = li(base, self.address(8, True))
        value = self.r.choice([x for x in FREE if x != base])
        nodes.append(amo(2, width, value, base, 0, self.r.randrange(4)))
        for _ in range(self.r.randrange(3)):
            nodes += self.sparing(base, self.r.choice((self.alu, self.alu_imm, self.trap, self.csr_any))())
        if self.chance(0.15):
            nodes.append(addi(base, base, self.r.choice((8, -8, 64))))
        return nodes + [amo(3, self.r.choice((width, width, width, 5 - width)), self.dest(), base, self.reg(), self.r.randrange(4))]

    # ---- floating point ----

    def flags(self):
        return self.r.choice(([], [], [csrr(self.dest(), 1)], [csrr(self.dest(), FCSR)], [csr(1, self.dest(), 1, 0)]))

    def rounding(self):
        return self.r.choice((0, 1, 2, 3, 4, 7, 7, 7, 7)) if self.chance(0.98) else self.r.choice((5, 6))

    def operands(self, registers, values, move):
        """Two registers, sometimes set to special values."""
        a, b = self.r.choice(registers), self.r.choice(registers)
        nodes = []
        for f in (a, b):
            if self.chance(0.4):
                x = self.r.choice([x for x in FREE if x])
                nodes += li(x, self.r.choice(values)) + [fp(move, f, x, 0, 0)]
        return nodes, a, b

    def arithmetic(self, registers, values, move, fmt):
        nodes, a, b = self.operands(registers, values, move)
        kind = self.r.randrange(8)
        if kind < 4:
            nodes.append(fp(kind << 2 | fmt, self.r.choice(registers), a, b, self.rounding()))
        elif kind == 4:
            nodes.append(fp(0x2C | fmt, self.r.choice(registers), a, 0, self.rounding()))
        elif kind == 5:
            nodes.append(fp(0x10 | fmt, self.r.choice(registers), a, b, self.r.randrange(3)))
        elif kind == 6:
            nodes.append(fp(0x14 | fmt, self.r.choice(registers), a, b, self.r.randrange(2)))
        else:
            nodes.append(fp(0x50 | fmt, self.dest(), a, b, self.r.randrange(3)))
        return nodes + self.flags()

    def single(self):
        return self.arithmetic(SINGLES, SINGLE, 0x78, 0)

    def double(self):
        return self.arithmetic(DOUBLES, DOUBLE, 0x79, 1)

    def convert(self):
        kind, double = self.r.randrange(6), self.r.randrange(2)
        registers = DOUBLES if double else SINGLES
        f = self.r.choice(registers)
        if kind == 0:
            node = fp(0x60 | double, self.dest(), f, self.r.randrange(4), self.rounding())
        elif kind == 1:
            node = fp(0x68 | double, f, self.reg(), self.r.randrange(4), self.rounding())
        elif kind == 2:
            node = fp(0x21, self.r.choice(DOUBLES), self.r.choice(SINGLES), 0, self.rounding())
        elif kind == 3:
            node = fp(0x20, self.r.choice(SINGLES), self.r.choice(DOUBLES), 1, self.rounding())
        elif kind == 4:
            node = fp(0x70 | double, self.dest(), f, 0, self.r.randrange(2))
        else:
            node = fp(0x78 | double, f, self.reg(), 0, 0)
        return [node] + self.flags()

    def fused(self):
        """No 0 x inf + NaN: Unicorn has its flag wrong."""
        double = self.r.randrange(2)
        registers = self.r.sample(DOUBLES if double else SINGLES, 3)
        tame = [v for v in (DOUBLE if double else SINGLE) if v >> (52 if double else 23) & (0x7FF if double else 0xFF) not in
                (0x7FF if double else 0xFF,)]
        nodes = []
        for f in registers:
            x = self.r.choice([x for x in FREE if x])
            nodes += li(x, self.r.choice(tame)) + [fp(0x78 | double, f, x, 0, 0)]
        a, b, c = registers
        opcode = self.r.choice((0x43, 0x47, 0x4B, 0x4F))
        return nodes + [r_type(opcode, a, self.rounding(), a, b, c << 2 | double)] + self.flags()

    def fcsr(self):
        kind = self.r.randrange(3)
        if kind == 0:
            return [csr(5, self.dest(), 2, self.r.choice((0, 1, 2, 3, 4)))]
        if kind == 1:
            return [csr(self.r.choice((5, 6, 7)), self.dest(), 1, self.r.randrange(32))]
        return [csrr(self.dest(), self.r.choice((1, 2, 3)))]

    # ---- control ----

    def branch(self):
        word = r_type(BRANCH, 0, self.r.choice((0, 1, 4, 5, 6, 7)), self.reg(), self.reg(), 0)
        return [("skip", word, self.r.randint(1, 3))]

    def loop(self):
        counter = self.r.choice([x for x in FREE if x])
        body = []
        for _ in range(self.r.randint(1, 3)):
            body += self.sparing(counter, self.r.choice((self.alu, self.alu_imm, self.muldiv, self.memory, self.single,
                                                         self.double))())
        return (li(counter, self.r.randint(1, 6)) + [("label", 0)] + body +
                [addi(counter, counter, -1), ("b", r_type(BRANCH, 0, 1, counter, 0, 0), 0)])

    def call(self):
        link = self.r.choice((1, 5, self.dest()))
        target = self.r.choice([x for x in FREE if x])
        kind = self.r.randrange(3)
        if kind == 0:
            return [("j", link, 0), ("h", 1), ("label", 0)]
        if kind == 1:
            return [("la", target, 0), jalr(link, target, self.r.choice((0, 1))), self.r.getrandbits(32) | 3, ("label", 0)]
        return [("la", target, 0), ("h", self.r.choice((0x8002, 0x9002)) | target << 7), ("h", 0), ("label", 0)]

    def wild_jump(self):
        target = self.r.choice([x for x in FREE if x])
        va = self.r.choice(WILD + self.c["pointers"]) & MASK64
        if va == self.c["base"] + SCRATCH & MASK64 or va in self.c["pointers"] and self.chance(0.7):
            va = self.r.choice(WILD) & MASK64
        if va < 0x2000:
            va = 0xA000000
        return li(target, va) + ([jalr(self.dest(), target)] if va not in self.c["pointers"] else [])

    # ---- CSRs and traps ----

    def csr_value(self, number):
        """A register and the nodes that give it a value which both machines keep alike."""
        masks = {MEPC: MASK64, SEPC: MASK64, MTVAL: MASK64, STVAL: MASK64, MSCRATCH: MASK64, SSCRATCH: MASK64,
                 SCOUNTEREN: 7, MCOUNTEREN: 7, MIE: 0, SIE: 0, MIP: 0x222, SIP: 0x222}
        if number in (MCAUSE, SCAUSE):
            return self.r.choice((0, 1, 2, 3, 5, 7, 8, 9, 12, 13, 15, 1 << 63 | 1, 1 << 63 | 5, 1 << 63 | 9))
        if number in (MEPC, SEPC):
            return self.r.getrandbits(64) >> self.r.choice((0, 16, 32)) & ~1
        return self.bits(masks.get(number, MASK64))

    def csr_any(self):
        number = self.r.choice((MEPC, SEPC, MTVAL, STVAL, MSCRATCH, SSCRATCH, MCAUSE, SCAUSE, SCOUNTEREN, MCOUNTEREN, MIP, SIP,
                                SSTATUS, MSTATUS, MEDELEG, MIDELEG, MIE, SIE, STVEC, MTVEC, SATP, 0xC00, 0xC01, 0xC02, 0xB00,
                                0xB02, 0xF14, 0x301, 0x7A0, 0x800, 0xC22, 0x106, 0x30A, 0x10A, PMPADDR0, PMPCFG0))
        if number in (0xC00, 0xC01, 0xC02, 0xB00, 0xB02):
            return [csrr(0, number)]
        if number in (0xF14, 0x800, 0xC22, 0x7FF):
            # not csrrs or csrrc of a register that holds 0: the reference takes them for reads
            return [csr(*self.r.choice(((1, self.dest()), (5, self.dest()), (6, self.dest()), (7, self.dest()))), number,
                        self.r.choice((0, 1))) if self.chance(0.8) else csrr(self.dest(), number)]
        if number in (MSTATUS, SSTATUS):
            return self.status(number)
        if number in (MEDELEG, MIDELEG, STVEC, MTVEC, SATP, 0x301, 0x7A0, 0x30A, 0x10A, PMPADDR0, PMPCFG0, MIE, SIE):
            return [csrr(self.dest(), number)]
        x = self.reg()
        return (li(x, self.csr_value(number)) if x else []) + [csr(self.r.choice((1, 1, 2, 3)), self.dest(), number, x)]

    def status(self, number):
        """Sets or clears bits that do no harm: SUM, MXR, SPIE, SPP, MPIE."""
        x = self.r.choice([x for x in FREE if x])
        mask = self.bits(1 << 18 | 1 << 19 | 1 << 5 | 1 << 8 | (1 << 7 if number == MSTATUS else 0))
        return li(x, mask) + [csr(self.r.choice((2, 3)), self.dest(), number, x)] if mask else [csrr(x, number)]

    def trap(self):
        p = self.c["privilege"]
        choices = [ECALL, EBREAK, ("h", 0x9002), ("h", 0), 0xFFFFFFFF, self.r.getrandbits(32) & ~0x7F | 0x2B]
        if p < 3:
            choices.append(MRET)
        if p == 0:
            choices += [SRET, sfence_vma(), WFI]
        return [self.r.choice(choices)]

    def one_of(self, mask):
        """One interrupt: the reference does not know their priorities."""
        return 1 << self.r.choice([i for i in range(12) if mask >> i & 1])

    def interrupt(self):
        p, x = self.c["privilege"], self.r.choice([x for x in FREE if x])
        if p == 3 and self.chance(0.3):  # a wait that ends at once
            return [csr(7, 0, MSTATUS, 8), csr(6, 0, MIP, 2), csr(6, self.dest(), MIE, 2), WFI, csrw(MIE, 0)]
        if p == 3:
            y = self.r.choice([y for y in FREE if y not in (0, x)])
            nodes = li(x, 0x2000000) + [addi(y, 0, 1), store(2, self.r.choice((0, y)), x, 0)]
            nodes += li(x, MTIMECMP) + [addi(y, 0, -1), store(3, self.r.choice((0, y)), x, 0)]
            if self.c["mstatus"] >> 17 & 1:
                nodes = []  # MPRV: not the physical addresses
            nodes += li(x, self.bits(0x222)) + [csr(self.r.choice((1, 2, 3)), self.dest(), MIP, x)]
            nodes += li(y, self.one_of(0xAAA)) + [csrw(MIE, y), csr(6, self.dest(), MSTATUS, 8)]
            return nodes + [csr(7, 0, MSTATUS, 8)] if self.chance(0.5) else nodes + [csrw(MIE, 0), csr(7, 0, MSTATUS, 8)]
        if p == 1:
            nodes = [csr(self.r.choice((6, 7)), self.dest(), SIP, 2)] + li(x, self.one_of(0x222)) + [csrw(SIE, x)]
            nodes += [csr(self.r.choice((6, 7)), self.dest(), SSTATUS, 2)]
            return nodes + [csr(7, 0, SSTATUS, 2), csrw(SIE, 0)]
        return self.trap()

    def fences(self):
        choices = [[FENCE], [0x8330000F], [FENCE_I], [0x0100000F]]
        if self.c["privilege"] == 1:
            choices += [[sfence_vma()], [sfence_vma(self.reg(), self.reg())], [csrr(5, SATP), csrw(SATP, 5)],
                        li(6, self.r.choice((1, 3, 7, 11)) << 60 | 0x80000) + [csrw(SATP, 6)]]
        return self.r.choice(choices)

    # ---- code and page tables ----

    def self_modify(self):
        """Writes `op; ret` somewhere into the scratch page, and calls it."""
        x, rd = self.r.choice([x for x in FREE if x > 1]), self.r.choice([x for x in FREE if x > 1])
        y = self.r.choice([y for y in FREE if y > 1 and y != x])
        at = self.c["base"] + SCRATCH + self.r.choice((0, 8, 4092, self.r.randrange(0, 4088, 2))) & MASK64
        if at & 0xFFF == 4092:
            at -= 4
        word = addi(rd, rd, self.r.getrandbits(12)) | jalr(0, 1) << 32
        return li(x, at) + li(y, word) + [store(3, y, x, 0), FENCE_I, jalr(1, x)]

    def page_change(self):
        """Another entry for a data page of the context: by its supervisor through the table's own mapping, or by machine mode."""
        x, y = self.r.sample([x for x in FREE if x], 2)
        if self.c["privilege"] == 1 and self.c["table_va"] is not None and not self.c["mstatus"] >> 20 & 1:  # TVM: no sfence
            page = self.r.randrange(DATA >> 12, WINDOW_PAGES)
            va = self.c["base"] + 4096 * page & MASK64
            slot = self.c["table_va"] + 8 * (va >> 12 & 511) & MASK64
            fence = sfence_vma() if self.chance(0.5) else sfence_vma(x, 0)
            return li(x, slot) + li(y, self.data_pte(0)) + [store(3, y, x, 0)] + li(x, va) + [fence]
        if self.c["privilege"] == 3 and not self.c["mstatus"] >> 17 & 1 and self.leaves:
            return li(x, RAM + self.r.choice(self.leaves)) + li(y, self.data_pte(self.bits(U))) + [store(3, y, x, 0)]
        return self.memory()

    def data_pte(self, user):
        flags = self.data_flags(user)
        return RAM + DATA + 4096 * self.r.randrange(DATA_PAGES) >> 12 << 10 | (flags & ~X if flags & U else flags)
