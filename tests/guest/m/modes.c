/* SPDX-License-Identifier: GPL-2.0-only */
/* What each mode may do, how traps go up and xRET goes down. */
#include "m.h"

#define COUNTERS 7ull
#define STCE (1ull << 63)

INSN(i_ecall, "ecall");
INSN(i_ebreak, "ebreak");
INSN(i_illegal, ".word 0xffffffff");
INSN(i_mret, "mret");
INSN(i_sret, "sret");
INSN(i_wfi, "wfi");
INSN(i_sfence, "sfence.vma");
INSN(i_sfence_one, "sfence.vma a0, x0");
INSN(i_satp, "csrr a0, satp");
INSN(i_write_satp, "csrw satp, x0");
INSN(i_mstatus, "csrr a0, mstatus");
INSN(i_sstatus, "csrr a0, sstatus");
INSN(i_cycle, "csrr a0, cycle");
INSN(i_cycle_x0, "csrr x0, cycle");
INSN(i_cycle_late, "li a0, 5\nli a1, 6\nadd a1, a1, a0\ncsrr a1, cycle");
INSN(i_time, "csrr a0, time");
INSN(i_instret, "csrr a0, instret");
INSN(i_hpm, "csrr a0, hpmcounter3");
INSN(i_stimecmp, "csrr a0, 0x14d");
INSN(i_senvcfg, "csrr a0, 0x10a");
INSN(i_fcsr, "csrr a0, fcsr");
INSN(i_fp, "fmv.d.x f1, a0");
INSN(i_load, "ld a0, 0(a0)");
INSN(i_store, "sd a0, 0(a0)");
INSN(i_lr, "lr.d a0, (a0)");
INSN(i_sret_here, "la t0, 1f\ncsrw sepc, t0\nsret\n1: ecall");
INSN(i_amo, "amoadd.w a0, a0, (a0)");
INSN(i_jump, "jr a0");
INSN(i_uret, ".word 0x00200073");
INSN(i_dret, ".word 0x7b200073");

static void in_every_mode(void)
{
    check_runs("U mode runs", IN_U, (void *)i_sfence + 4, 0);
    check("  MPP is U", m_caught.status & MPP, 0);
    check_runs("S mode runs", IN_S, (void *)i_sfence + 4, 0);
    check("  MPP is S", m_caught.status & MPP, 1ull << MPP_SHIFT);
    check_traps("ecall in M mode", IN_M, i_ecall, 0, ECALL_M);
    check("  tval", m_caught.tval, 0);
    check("  epc", m_caught.epc, (uint64_t)(uintptr_t)i_ecall);
    check("  MPP is M", m_caught.status & MPP, MPP);
    for (uint64_t mode = IN_U; mode <= IN_M; mode += mode ? 2 : 1) {
        check_traps("ebreak", mode, i_ebreak, 0, 3);
        check("  epc", m_caught.epc, (uint64_t)(uintptr_t)i_ebreak);
        check_traps("an illegal instruction", mode, i_illegal, 0, ILLEGAL);
        check_traps("uret", mode, i_uret, 0, ILLEGAL);
        check_traps("dret", mode, i_dret, 0, ILLEGAL);
    }
    check_traps("a load from nowhere in M mode", IN_M, i_load, 0x50000, 5);
    check("  tval", m_caught.tval, 0x50000);
    check_traps("a store to nowhere in M mode", IN_M, i_store, 0x50008, 7);
    check("  tval", m_caught.tval, 0x50008);
    check_traps("a jump to nowhere in M mode", IN_M, i_jump, 0x50000, 1);
    check("  tval", m_caught.tval, 0x50000);
    check("  epc", m_caught.epc, 0x50000);
    check_traps("misaligned LR in M mode", IN_M, i_lr, 0x80100004, 4);
    check("  tval", m_caught.tval, 0x80100004);
    check_traps("misaligned AMO in M mode", IN_M, i_amo, 0x80100002, ON_QEMU ? m_caught.cause : 6);
}

static void privileges(void)
{
    check_traps("mret in S mode", IN_S, i_mret, 0, ILLEGAL);
    check_traps("mret in U mode", IN_U, i_mret, 0, ILLEGAL);
    check_traps("sret in U mode", IN_U, i_sret, 0, ILLEGAL);
    check_traps("wfi in U mode", IN_U, i_wfi, 0, ILLEGAL);
    check_traps("sfence.vma in U mode", IN_U, i_sfence, 0, ILLEGAL);
    check_traps("satp in U mode", IN_U, i_satp, 0, ILLEGAL);
    check_traps("sstatus in U mode", IN_U, i_sstatus, 0, ILLEGAL);
    check_traps("mstatus in S mode", IN_S, i_mstatus, 0, ILLEGAL);
    check_runs("sfence.vma in S mode", IN_S, i_sfence, 0);
    check_runs("satp in S mode", IN_S, i_satp, 0);
    check_runs("senvcfg in S mode", IN_S, i_senvcfg, 0);
    check_traps("senvcfg in U mode", IN_U, i_senvcfg, 0, ILLEGAL);
    CSRS(mstatus, TVM);
    check_traps("TVM: sfence.vma in S mode", IN_S, i_sfence, 0, ILLEGAL);
    check_traps("TVM: sfence.vma of an address", IN_S, i_sfence_one, 0, ILLEGAL);
    check_traps("TVM: satp read in S mode", IN_S, i_satp, 0, ILLEGAL);
    check_traps("TVM: satp written in S mode", IN_S, i_write_satp, 0, ILLEGAL);
    check_runs("TVM: sstatus in S mode", IN_S, i_sstatus, 0);
    m_caught.traps = 0;
    attempt((void *)i_sfence, 0, 0, 0);
    check("TVM: sfence.vma in M mode", m_caught.traps, 0);
    CSRC(mstatus, TVM);
    CSRS(mstatus, TSR);
    check_traps("TSR: sret in S mode", IN_S, i_sret, 0, ILLEGAL);
    CSRC(mstatus, TSR);
    CSRS(mstatus, TW);
    check_traps("TW: wfi in S mode", IN_S, i_wfi, 0, ILLEGAL);
    CSRC(mstatus, TW);
    check_runs("and sfence.vma runs again", IN_S, i_sfence, 0);
}

static void counter_enables(void)
{
    CSRW(mcounteren, 0);
    CSRW(scounteren, COUNTERS);
    check_traps("mcounteren.CY = 0: cycle in S mode", IN_S, i_cycle, 0, ILLEGAL);
    check_traps("  also if nothing wants the value", IN_S, i_cycle_x0, 0, ILLEGAL);
    check_traps("  also behind other instructions", IN_S, i_cycle_late, 0, ILLEGAL);
    check("    these have run", frame[10], 5);
    check("    this has not", frame[11], 11);
    check("    epc", m_caught.epc, (uint64_t)(uintptr_t)i_cycle_late + 12);
    check_traps("mcounteren.TM = 0: time in S mode", IN_S, i_time, 0, ILLEGAL);
    check_traps("mcounteren.IR = 0: instret in U mode", IN_U, i_instret, 0, ILLEGAL);
    check_traps("mcounteren.HPM3 = 0: hpmcounter3 in S mode", IN_S, i_hpm, 0, ILLEGAL);
    CSRW(mcounteren, ~0ull);
    CSRW(scounteren, 0);
    check_runs("cycle in S mode", IN_S, i_cycle, 0);
    check_runs("behind other instructions", IN_S, i_cycle_late, 0);
    check_runs("time in S mode", IN_S, i_time, 0);
    check_runs("instret in S mode", IN_S, i_instret, 0);
    check_runs("hpmcounter3 in S mode", IN_S, i_hpm, 0);
    check_traps("scounteren.CY = 0: cycle in U mode", IN_U, i_cycle, 0, ILLEGAL);
    check_traps("scounteren.TM = 0: time in U mode", IN_U, i_time, 0, ILLEGAL);
    check_traps("scounteren.IR = 0: instret in U mode", IN_U, i_instret, 0, ILLEGAL);
    check_traps("scounteren.HPM3 = 0: hpmcounter3 in U mode", IN_U, i_hpm, 0, ILLEGAL);
    CSRW(scounteren, COUNTERS);
    check_runs("cycle in U mode", IN_U, i_cycle, 0);
    check_runs("time in U mode", IN_U, i_time, 0);
    check_runs("instret in U mode", IN_U, i_instret, 0);
    CSRW(0x30a, 0);
    check_traps("stimecmp in S mode without STCE", IN_S, i_stimecmp, 0, ILLEGAL);
    CSRW(0x30a, STCE);
    check_runs("with STCE", IN_S, i_stimecmp, 0);
    CSRW(mcounteren, 0);
    check_traps("with STCE, but without mcounteren.TM", IN_S, i_stimecmp, 0, ILLEGAL);
    CSRW(mcounteren, ~0ull);
    check_traps("in U mode", IN_U, i_stimecmp, 0, ILLEGAL);
    CSRW(0x30a, 0);
}

static void floating_point(void)
{
    CSRC(mstatus, FS);
    check_traps("FS off: fcsr in S mode", IN_S, i_fcsr, 0, ILLEGAL);
    check_traps("FS off: fcsr in U mode", IN_U, i_fcsr, 0, ILLEGAL);
    check_traps("FS off: an instruction in U mode", IN_U, i_fp, 0, ILLEGAL);
    CSRS(mstatus, 1ull << 13);
    check_runs("FS initial: fcsr in U mode", IN_U, i_fcsr, 0);
    check("  reading leaves FS", m_caught.status & FS, 1ull << 13);
    check_runs("FS initial: an instruction in U mode", IN_U, i_fp, 0);
    check("  FS is dirty", m_caught.status & (FS | 1ull << 63), FS | 1ull << 63);
    CSRC(mstatus, FS);
}

static void delegation(void)
{
    CSRW(stvec, s_entry);
    CSRW(medeleg, 1 << 2 | 1 << 3 | 1 << 8 | 1 << 5);
    CSRS(mstatus, 0x2); /* SIE */
    run_in(IN_U, i_illegal, 0);
    check("delegated: S mode takes it", s_caught.traps, 1);
    check("  scause", s_caught.cause, ILLEGAL);
    check("  stval", s_caught.tval, 0xffffffff);
    check("  sepc", s_caught.epc, (uint64_t)(uintptr_t)i_illegal);
    check("  SPP is U, SPIE what SIE was, SIE is 0", s_caught.status & 0x122, 0x20);
    check("  its ecall goes to M mode", m_caught.cause, ECALL_S);
    CSRC(mstatus, 0x2);
    run_in(IN_S, i_ebreak, 0);
    check("delegated from S mode", s_caught.cause, 3);
    check("  SPP is S, SPIE what SIE was", s_caught.status & 0x122, 0x100);
    run_in(IN_U, i_ecall, 0);
    check("delegated ecall of U mode", s_caught.cause, ECALL_U);
    run_in(IN_S, i_load, 0x50000);
    check("delegated access fault", s_caught.cause, 5);
    check("  stval", s_caught.tval, 0x50000);
    run_in(IN_S, i_store, 0x50000);
    check("not delegated", m_caught.cause, 7);
    check("  S mode saw nothing", s_caught.traps, 0);
    s_caught.traps = m_caught.traps = 0;
    attempt((void *)i_illegal, 0, 0, 0);
    check("never from M mode", m_caught.cause, ILLEGAL);
    check("  S mode saw nothing", s_caught.traps, 0);
    CSRW(medeleg, 0);
}

/* mret and sret by hand: to `after`, which is here. */
#define RETURN(insn, epc) \
    __asm__ volatile("la t0, 1f\ncsrw " #epc ", t0\n" #insn "\n1:" : : : "t0", "memory")

static void returns(void)
{
    CSRW(mstatus, MPP | MPIE);
    RETURN(mret, mepc);
    check("mret: MIE from MPIE, MPIE 1, MPP U", CSRR(mstatus) & (MIE | MPIE | MPP), MIE | MPIE);
    CSRW(mstatus, MPP);
    RETURN(mret, mepc);
    check("mret: MIE from MPIE (0)", CSRR(mstatus) & (MIE | MPIE | MPP), MPIE);
    CSRW(mstatus, MPP | MPRV);
    RETURN(mret, mepc);
    check("mret to M mode keeps MPRV", CSRR(mstatus) & MPRV, MPRV);
    CSRW(mstatus, 0x120); /* SPP, SPIE */
    check_traps("sret in M mode, to S mode", IN_M, i_sret_here, 0, ECALL_S);
    check("  SIE from SPIE, SPIE 1, SPP U", m_caught.status & 0x122, 0x22);
    CSRW(mstatus, 0);
    check_traps("sret in M mode, to U mode", IN_M, i_sret_here, 0, ECALL_U);
    if (ON_QEMU) { /* 7.2 does not end MPRV */
        skip("mret to S mode ends MPRV");
        skip("sret to S mode ends MPRV");
        return;
    }
    CSRW(mstatus, MPRV | MPP);
    run_in(IN_S, i_sfence, 0);
    check("mret to S mode ends MPRV", m_caught.status & MPRV, 0);
    CSRW(mstatus, MPRV | MPP | 0x100);
    attempt((void *)i_sret_here, 0, 0, 0);
    check("sret to S mode ends MPRV", m_caught.status & MPRV, 0);
}

static uint64_t cell;

static void reservations(void)
{
    uint64_t failed;
    __asm__ volatile("lr.d t0, (%1)\nsc.d %0, t0, (%1)" : "=&r"(failed) : "r"(&cell) : "t0", "memory");
    check("LR and SC in M mode", failed, 0);
    m_caught.traps = 0;
    __asm__ volatile("lr.d t0, (%1)\ncsrr t1, mstatus\ncsrw mscratch, t1\nsc.d %0, t0, (%1)"
                     : "=&r"(failed) : "r"(&cell) : "t0", "t1", "memory");
    check("CSR instructions between them", failed, 0);
    __asm__ volatile("la t1, 1f\ncsrw mepc, t1\nli t1, 0x1800\ncsrs mstatus, t1\n"
                     "lr.d t0, (%1)\nmret\n1: sc.d %0, t0, (%1)"
                     : "=&r"(failed) : "r"(&cell) : "t0", "t1", "memory");
    check("mret between them ends the reservation", failed, 1);
    __asm__ volatile("sc.d %0, x0, (%1)" : "=&r"(failed) : "r"(&cell) : "memory");
    check("SC alone fails", failed, 1);
}

int m_main(void)
{
    open_pmp();
    in_every_mode();
    privileges();
    counter_enables();
    floating_point();
    delegation();
    reservations();
    returns();
    plan();
    return 0;
}
