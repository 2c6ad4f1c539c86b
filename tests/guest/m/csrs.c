/* SPDX-License-Identifier: GPL-2.0-only */
/* What every CSR of M mode, and of S mode seen from M, takes and gives (WARL), and who may have it. */
#include "m.h"

/* Writes all ones, then zero, and gives the bits that differ: those that can be written. */
#define WRITABLE(csr) ({ uint64_t old = CSRR(csr); CSRW(csr, ~0ull); uint64_t ones = CSRR(csr); \
    CSRW(csr, 0); uint64_t zeros = CSRR(csr); CSRW(csr, old); ones ^ zeros; })

#define STANDARD_IRQS 0xaaaull

/* Where QEMU 7.2 is not as the specification has it (or has more than we). */
static void check_ours(const char *name, uint64_t got, uint64_t want)
{
    if (ON_QEMU)
        skip(name);
    else
        check(name, got, want);
}

static void identity(void)
{
    check("mhartid", CSRR(mhartid), 0);
    check("mvendorid", CSRR(mvendorid), 0);
    check("mconfigptr", CSRR(0xf15), 0);
    check("misa: RV64 IMAFDC S U", CSRR(misa) & 0x800000000014112dull, 0x800000000014112dull);
    check_ours("marchid", CSRR(marchid), 0);
    check_ours("mimpid", CSRR(mimpid), 0);
    check_ours("misa has nothing else", CSRR(misa), 0x800000000014112dull);
    uint64_t misa = CSRR(misa);
    CSRW(misa, 0);
    check("misa cannot be written", CSRR(misa), misa);
}

static void status(void)
{
    uint64_t fields = MIE | MPIE | FS | MPRV | SUM | MXR | TVM | TW | TSR | 0x2 | 0x20 | 0x100;
    CSRW(mstatus, 0);
    check("mstatus: 64-bit S and U, nothing else", CSRR(mstatus), 0xa00000000ull);
    CSRS(mstatus, fields & ~(MPRV | MIE));
    check("mstatus: its fields; SD with FS", CSRR(mstatus) & ~MPP, 0x8000000a00000000ull | (fields & ~(MPRV | MIE)));
    check("sstatus: the supervisor's part", CSRR(sstatus), 0x8000000200000000ull | FS | SUM | MXR | 0x122);
    CSRC(mstatus, fields);
    CSRW(mstatus, 1ull << MPP_SHIFT);
    check("MPP: S", CSRR(mstatus) & MPP, 1ull << MPP_SHIFT);
    CSRW(mstatus, 2ull << MPP_SHIFT);
    check_ours("MPP: no mode 2", CSRR(mstatus) & MPP, 1ull << MPP_SHIFT);
    CSRW(mstatus, 3ull << MPP_SHIFT);
    check("MPP: M", CSRR(mstatus) & MPP, MPP);
    CSRW(mstatus, 1ull << 13);
    check("FS initial: no SD", CSRR(mstatus) >> 63, 0);
    CSRW(sstatus, FS | MIE);
    check("sstatus writes FS, not MIE", CSRR(mstatus) & (FS | MIE), FS);
    CSRW(mstatus, 0);
}

/* FS is set to dirty by what changes the floating-point state. */
static void dirty(void)
{
    CSRW(mstatus, 1ull << 13);
    __asm__ volatile(".option push\n.option arch, +d\nfmv.d.x f1, zero\n.option pop");
    check("a floating-point write makes FS dirty", CSRR(mstatus) & (FS | 1ull << 63), FS | 1ull << 63);
    CSRW(mstatus, 2ull << 13);
    CSRW(0x003, 0xff); /* fcsr */
    check("a write to fcsr too", CSRR(mstatus) & (FS | 1ull << 63), FS | 1ull << 63);
    check("fcsr", CSRR(0x003), 0xff);
    check("frm", CSRR(0x002), 7);
    CSRW(0x003, 0);
    CSRW(mstatus, 0);
}

static void warl(void)
{
    uint64_t vector = (uint64_t)(uintptr_t)m_entry;
    CSRW(mtvec, vector | 1);
    check("mtvec: vectored", CSRR(mtvec), vector | 1);
    CSRW(mtvec, vector);
    CSRW(mtvec, vector | 2);
    check("mtvec: no mode 2", CSRR(mtvec), vector);
    CSRW(stvec, vector | 1);
    CSRW(stvec, 3);
    check("stvec: no mode 3", CSRR(stvec), vector | 1);
    CSRW(mepc, ~0ull);
    check_ours("mepc: bit 0 is 0", CSRR(mepc), ~1ull);
    CSRW(sepc, ~0ull);
    check_ours("sepc: bit 0 is 0", CSRR(sepc), ~1ull);
    check("mscratch", WRITABLE(mscratch), ~0ull);
    check("sscratch", WRITABLE(sscratch), ~0ull);
    check("mtval", WRITABLE(mtval), ~0ull);
    check("stval", WRITABLE(stval), ~0ull);
    check("medeleg: the exceptions of S and U", WRITABLE(medeleg) & 0xb3ff, 0xb3ff);
    check_ours("medeleg: nothing else", WRITABLE(medeleg), 0xb3ff);
    check("mideleg: the supervisor's interrupts", WRITABLE(mideleg) & STANDARD_IRQS, 0x222);
    check("mie", WRITABLE(mie) & STANDARD_IRQS, STANDARD_IRQS);
    check("mip: SSIP STIP SEIP", WRITABLE(mip) & STANDARD_IRQS, 0x222);
    check("mcounteren", (uint32_t)WRITABLE(mcounteren) & 7, 7);
    check("scounteren", (uint32_t)WRITABLE(scounteren) & 7, 7);
    check_ours("mcounteren has 32 bits", WRITABLE(mcounteren), 0xffffffff);
    check_ours("scounteren has 32 bits", WRITABLE(scounteren), 0xffffffff);
    check("menvcfg: STCE, FIOM", WRITABLE(0x30a) & (1ull << 63 | 1), 1ull << 63 | 1);
    check_ours("menvcfg: nothing else", WRITABLE(0x30a), 1ull << 63 | 1);
    check("senvcfg: FIOM", WRITABLE(0x10a) & 1, 1);
    check("stimecmp", WRITABLE(0x14d), ~0ull);
}

static void translation(void)
{
    uint64_t sv39 = 8ull << 60 | 0x123ull << 44 | 0x80000, sv48 = 9ull << 60 | 0x80001;
    CSRW(satp, sv39);
    check("satp: Sv39 with an ASID", CSRR(satp), sv39);
    CSRW(satp, sv48);
    check("satp: Sv48", CSRR(satp), sv48);
    CSRW(satp, 1ull << 60 | 5);
    check("satp: mode 1 does not exist, nothing is written", CSRR(satp), sv48);
    CSRW(satp, 15ull << 60 | 5);
    check("satp: nor mode 15", CSRR(satp), sv48);
    CSRW(satp, 10ull << 60 | 5);
    check_ours("satp: nor Sv57", CSRR(satp), sv48);
    CSRW(satp, 0);
    check("satp: bare", CSRR(satp), 0);
}

/* sie and sip show what is delegated, and only that. */
static void delegated_views(void)
{
    CSRW(mideleg, 0);
    CSRW(mie, 0x222);
    CSRW(mip, 0x222);
    check("sie: nothing is delegated", CSRR(sie), 0);
    check("sip: nothing is delegated", CSRR(sip), 0);
    CSRW(sie, 0);
    check("sie reaches nothing", CSRR(mie) & STANDARD_IRQS, 0x222);
    CSRC(sip, 2);
    check("sip reaches nothing", CSRR(mip) & 0x222, 0x222);
    CSRW(mideleg, 0x22);
    check("sie: software and timer", CSRR(sie), 0x22);
    check("sip: software and timer", CSRR(sip), 0x22);
    CSRW(sie, 0x200);
    check("sie writes software and timer", CSRR(mie) & STANDARD_IRQS, 0x200);
    CSRW(sip, 0);
    check("sip writes software only", CSRR(mip) & 0x222, 0x220);
    CSRW(mip, 0);
    CSRW(mie, 0);
    CSRW(mideleg, 0);
}

static void counters(void)
{
    CSRW(0x320, 5); /* mcountinhibit */
    check("mcountinhibit", CSRR(0x320) & 7, 5);
    CSRW(mcycle, 1000);
    CSRW(minstret, 2000);
    check("mcycle stands still", CSRR(mcycle), 1000);
    check("minstret stands still", CSRR(minstret), 2000);
    check("cycle is mcycle", CSRR(cycle), 1000);
    check("instret is minstret", CSRR(instret), 2000);
    CSRW(0x320, 0);
    uint64_t c = CSRR(mcycle), i = CSRR(minstret);
    check_true("they go on from there", c >= 1000 && c < 100000000 && i >= 2000 && i < 100000000);
    check_true("and on", CSRR(mcycle) > c && CSRR(minstret) > i);
    CSRW(mcycle, ~0ull - 1);
    __asm__ volatile("nop\nnop\nnop");
    check_true("mcycle wraps around", CSRR(mcycle) < 100000000);
    if (ON_QEMU) {
        skip("minstret after a write is what was written");
        skip("exactly one instruction each");
    } else {
        CSRW(minstret, 77);
        check("minstret after a write is what was written", CSRR(minstret), 77);
        uint64_t a, b;
        __asm__ volatile("csrr %0, minstret\nnop\nnop\ncsrr %1, minstret" : "=&r"(a), "=&r"(b));
        check("exactly one instruction each", b - a, 3);
    }
    if (ON_QEMU) {
        skip("mhpmcounter31");
        skip("mhpmevent31");
    } else {
        check("mhpmcounter31", WRITABLE(mhpmcounter31), 0);
        check("mhpmevent31", WRITABLE(mhpmevent31), 0);
    }
    uint64_t t = CSRR(time);
    check_true("time is mtime", CLINT_MTIME - t < 1000000);
}

INSN(no_csr, "csrr a0, 0x5c0");
INSN(no_machine_csr, "csrr a0, 0x3ff");
INSN(write_hartid, "csrw mhartid, a0");
INSN(set_cycle, "csrs cycle, a0");
INSN(set_nothing, "csrs cycle, a0");
INSN(write_time, "csrw time, a0");
INSN(odd_pmpcfg, "csrr a0, 0x3a1");
INSN(read_hartid, "csrrs a0, mhartid, x0");
INSN(fp_csr, "csrr a0, fcsr");
INSN(fp_insn, "fmv.d.x f1, a0");

static void illegal(void)
{
    check_traps("a CSR that does not exist", IN_M, no_csr, 0, ILLEGAL);
    check_traps("nor a machine's one", IN_M, no_machine_csr, 0, ILLEGAL);
    check_traps("a read-only CSR cannot be written", IN_M, write_hartid, 0, ILLEGAL);
    check_traps("cycle neither", IN_M, set_cycle, 1, ILLEGAL);
    if (ON_QEMU) { /* 7.2 looks at the value */
        skip("not even with nothing");
        skip("  tval is the instruction");
    } else {
        check_traps("not even with nothing", IN_M, set_nothing, 0, ILLEGAL);
    }
    check_traps("time neither", IN_M, write_time, 1, ILLEGAL);
    check_traps("pmpcfg1 is for RV32", IN_M, odd_pmpcfg, 0, ILLEGAL);
    m_caught.traps = 0;
    attempt((void *)read_hartid, 1, 0, 0);
    check("csrrs with x0 does not write", m_caught.traps, 0);
    CSRW(mstatus, 0);
    check_traps("fcsr with FS off", IN_M, fp_csr, 0, ILLEGAL);
    check_traps("a floating-point instruction with FS off", IN_M, fp_insn, 0, ILLEGAL);
    CSRW(mstatus, FS);
    m_caught.traps = 0;
    attempt((void *)fp_insn, 1, 0, 0);
    check("with FS on it runs", m_caught.traps, 0);
    CSRW(mstatus, 0);
    check("no debug triggers", CSRR(0x7a0) | CSRR(0x7a2), 0);
}

/* S CSRs that were set in M mode arrive in S mode, and come back. */
INSN(scratch_plus_one, "csrrw a0, sscratch, a0\naddi a0, a0, 1");
INSN(read_sstatus, "csrr a0, sstatus");
INSN(set_sum, "csrrs a0, sstatus, a0");
INSN(clear_by_itself, "csrrc a0, sie, a0");
INSN(odd_sepc, "csrrw x0, sepc, a0\ncsrr a0, sepc");
INSN(swap_sepc, "csrrw a0, sepc, a0\ncsrr a0, sepc");
INSN(set_sepc, "csrw sepc, a0\ncsrsi sepc, 3\ncsrr a0, sepc");
INSN(write_stvec, "csrw stvec, a0");

static void handed_over(void)
{
    open_pmp();
    CSRW(sscratch, 41);
    check("S mode reads sscratch", run_in(IN_S, scratch_plus_one, 7), 42);
    check("and M mode what it wrote", CSRR(sscratch), 7);
    CSRW(mstatus, MXR | FS);
    check("sstatus in S mode", run_in(IN_S, read_sstatus, 0), 0x8000000200000000ull | MXR | FS);
    run_in(IN_S, set_sum, SUM);
    check("SUM set in S mode", CSRR(mstatus) & (SUM | MXR | FS), SUM | MXR | FS);
    check("the old sstatus is whole", frame[10], 0x8000000200000000ull | MXR | FS);
    CSRW(mideleg, 0x222);
    CSRW(mie, 0x222);
    check("csrrc rd = rs1: old value", run_in(IN_S, clear_by_itself, 0x20), 0x222);
    check("csrrc rd = rs1: cleared", CSRR(mie) & STANDARD_IRQS, 0x202);
    CSRW(mie, 0);
    if (ON_QEMU) {
        skip("sepc in S mode: bit 0 is 0");
        skip("  written by csrrw of the same register");
        skip("  set by csrrsi");
    } else {
        check("sepc in S mode: bit 0 is 0", run_in(IN_S, odd_sepc, 0x1235), 0x1234);
        check("  written by csrrw of the same register", run_in(IN_S, swap_sepc, 0x2347), 0x2346);
        check("  set by csrrsi", run_in(IN_S, set_sepc, 0x3450), 0x3452);
    }
    run_in(IN_S, write_stvec, (uint64_t)(uintptr_t)s_entry);
    check("stvec written in S mode", CSRR(stvec), (uint64_t)(uintptr_t)s_entry);
    CSRW(mstatus, 0);
}

int m_main(void)
{
    identity();
    status();
    dirty();
    warl();
    translation();
    delegated_views();
    counters();
    illegal();
    handed_over();
    plan();
    return 0;
}
