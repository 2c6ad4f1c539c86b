/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers and fields of the CSRs (privileged spec, tables 2.2 to 2.5; 3.1; 4.1). */
#ifndef EMU_CSR_H
#define EMU_CSR_H

enum csr {
    CSR_FFLAGS = 0x001,
    CSR_FRM = 0x002,
    CSR_FCSR = 0x003,

    CSR_SSTATUS = 0x100,
    CSR_SIE = 0x104,
    CSR_STVEC = 0x105,
    CSR_SCOUNTEREN = 0x106,
    CSR_SENVCFG = 0x10a,
    CSR_SSCRATCH = 0x140,
    CSR_SEPC = 0x141,
    CSR_SCAUSE = 0x142,
    CSR_STVAL = 0x143,
    CSR_SIP = 0x144,
    CSR_STIMECMP = 0x14d,
    CSR_SATP = 0x180,

    CSR_MSTATUS = 0x300,
    CSR_MISA = 0x301,
    CSR_MEDELEG = 0x302,
    CSR_MIDELEG = 0x303,
    CSR_MIE = 0x304,
    CSR_MTVEC = 0x305,
    CSR_MCOUNTEREN = 0x306,
    CSR_MENVCFG = 0x30a,
    CSR_MCOUNTINHIBIT = 0x320,
    CSR_MHPMEVENT3 = 0x323,
    CSR_MHPMEVENT31 = 0x33f,
    CSR_MSCRATCH = 0x340,
    CSR_MEPC = 0x341,
    CSR_MCAUSE = 0x342,
    CSR_MTVAL = 0x343,
    CSR_MIP = 0x344,
    CSR_PMPCFG0 = 0x3a0,
    CSR_PMPCFG2 = 0x3a2,
    CSR_PMPADDR0 = 0x3b0,
    CSR_PMPADDR15 = 0x3bf,
    CSR_TSELECT = 0x7a0,
    CSR_TDATA1 = 0x7a1,
    CSR_TDATA2 = 0x7a2,
    CSR_TDATA3 = 0x7a3,
    CSR_MCYCLE = 0xb00,
    CSR_MINSTRET = 0xb02,
    CSR_MHPMCOUNTER3 = 0xb03,
    CSR_MHPMCOUNTER31 = 0xb1f,

    CSR_CYCLE = 0xc00,
    CSR_TIME = 0xc01,
    CSR_INSTRET = 0xc02,
    CSR_HPMCOUNTER31 = 0xc1f,
    CSR_MVENDORID = 0xf11,
    CSR_MARCHID = 0xf12,
    CSR_MIMPID = 0xf13,
    CSR_STLBHI = 0x5c0, /* custom, for a software-managed TLB: docs/softtlb.md */
    CSR_STLBLO = 0x5c1,
    CSR_MHARTID = 0xf14,
    CSR_MCONFIGPTR = 0xf15,
};

#define STATUS_SIE (1ull << 1)
#define STATUS_MIE (1ull << 3)
#define STATUS_SPIE (1ull << 5)
#define STATUS_MPIE (1ull << 7)
#define STATUS_SPP (1ull << 8)
#define STATUS_MPP_SHIFT 11
#define STATUS_MPP (3ull << STATUS_MPP_SHIFT)
#define STATUS_FS (3ull << 13)
#define STATUS_MPRV (1ull << 17)
#define STATUS_SUM (1ull << 18)
#define STATUS_MXR (1ull << 19)
#define STATUS_TVM (1ull << 20)
#define STATUS_TW (1ull << 21)
#define STATUS_TSR (1ull << 22)
#define STATUS_UXL_64 (2ull << 32)
#define STATUS_SXL_64 (2ull << 34)
#define STATUS_SD (1ull << 63)

/* What a supervisor has of it, and may write */
#define STATUS_SUPERVISOR (STATUS_SIE | STATUS_SPIE | STATUS_SPP | STATUS_FS | STATUS_SUM | STATUS_MXR)
#define STATUS_MACHINE (STATUS_MIE | STATUS_MPIE | STATUS_MPP | STATUS_MPRV | STATUS_TVM | STATUS_TW | STATUS_TSR)

#define ENVCFG_FIOM (1ull << 0)
#define MENVCFG_STCE (1ull << 63)

#define COUNTER_CYCLE (1u << 0)
#define COUNTER_TIME (1u << 1)
#define COUNTER_INSTRET (1u << 2)

/* sstatus and mstatus as they are read: SD sums up FS, and both lower modes are 64 bits wide (3.1.6.3, 3.1.6.6). */
static inline unsigned long long status_shown(unsigned long long status)
{
    return (status & STATUS_FS) == STATUS_FS ? status | STATUS_SD : status & ~STATUS_SD;
}

#endif
