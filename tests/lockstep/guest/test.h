/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the instruction tests share. A test is one file that includes this and goes on with code that runs in machine
 * mode with all registers 0, floating point on, all memory open to S and U by PMP, no interrupts; it ends with PASS.
 * Each
 * has a part's number in gp (TEST n), which is the exit status when a check fails.
 *
 * A trap is expected between TRY and CAUGHT, or else fails the test. Its handler (machine mode) leaves in
 * s8 mcause, s9 mepc, s10 mtval, s7 mstatus at the trap, and goes on after TRY's label in machine mode. With the trap
 * delegated, the supervisor's
 * handler does the same with its CSRs and goes on in supervisor mode. After an interrupt MIE, or SIE, is off.
 * tohost gets 1, or status << 1 | 1 as other test suites have it, then the finisher ends the machine.
 */
#define FINISHER 0x100000
#define CLINT 0x2000000
#define MSIP (CLINT)
#define MTIMECMP (CLINT + 0x4000)
#define MTIME (CLINT + 0xbff8)

/* mstatus */
#define SIE (1 << 1)
#define MIE (1 << 3)
#define SPIE (1 << 5)
#define MPIE (1 << 7)
#define SPP (1 << 8)
#define MPP (3 << 11)
#define MPP_S (1 << 11)
#define FS (3 << 13)
#define FS_INITIAL (1 << 13)
#define FS_CLEAN (2 << 13)
#define MPRV (1 << 17)
#define SUM (1 << 18)
#define MXR (1 << 19)
#define TVM (1 << 20)
#define TW (1 << 21)
#define TSR (1 << 22)

/* page-table entries */
#define V 1
#define R 2
#define W 4
#define X 8
#define U 16
#define G 32
#define A 64
#define D 128

#define FETCH_ACCESS 1
#define ILLEGAL 2
#define BREAKPOINT 3
#define LOAD_MISALIGNED 4
#define LOAD_ACCESS 5
#define STORE_MISALIGNED 6
#define STORE_ACCESS 7
#define ECALL_U 8
#define ECALL_S 9
#define ECALL_M 11
#define FETCH_PAGE 12
#define LOAD_PAGE 13
#define STORE_PAGE 15

#define TEST(n) li gp, n

    .option norelax

/* reg must be value; t6 is lost */
.macro CHECK reg, value
    li t6, \value
    bne \reg, t6, fail
.endm

.macro SAME a, b
    bne \a, \b, fail
.endm

.macro CHECKCSR csr, value
    csrr t5, \csr
    CHECK t5, \value
.endm

/* one trap may come before the next CAUGHT or QUIET */
.macro TRY
    la s11, 99f
    li s8, -1
.endm

.macro CAUGHT cause
99: mv s11, zero
    CHECK s8, \cause
.endm

/* none came */
.macro QUIET
99: mv s11, zero
    CHECK s8, -1
.endm

/* op a2, a, b must be value */
.macro RR op, a, b, value
    li a0, \a
    li a1, \b
    \op a2, a0, a1
    CHECK a2, \value
.endm

.macro RI op, a, b, value
    li a0, \a
    \op a2, a0, \b
    CHECK a2, \value
.endm

/* from machine mode to the next instruction in supervisor or user mode */
.macro TO_S
    li t6, MPP
    csrc mstatus, t6
    li t6, MPP_S
    csrs mstatus, t6
    la t6, 98f
    csrw mepc, t6
    mret
98:
.endm

.macro TO_U
    li t6, MPP
    csrc mstatus, t6
    la t6, 98f
    csrw mepc, t6
    mret
98:
.endm

/* back to machine mode, by an ecall that is not delegated */
.macro TO_M
    TRY
    ecall
99: mv s11, zero
.endm

.macro PASS
    j pass
.endm

    .section .text.start, "ax"
    .globl _start
_start:
    li t0, FS
    csrs mstatus, t0
    la t0, vector
    csrw mtvec, t0
    la t0, s_vector
    csrw stvec, t0
    li t0, MTIMECMP
    li t1, -1
    sd t1, 0(t0)
    srli t1, t1, 10
    csrw pmpaddr0, t1
    li t1, 0x1f
    csrw pmpcfg0, t1
    .irp r, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    fmv.d.x f\r, zero
    .endr
    .irp r, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    li x\r, 0
    .endr
    csrw fcsr, zero
    csrw mepc, zero
    csrw mcause, zero
    csrw mtval, zero
    csrw mscratch, zero
    csrw medeleg, zero
    csrw mideleg, zero
    csrw mie, zero
    j begin
    .org 0x200
begin:
    j test

fail:
    slli t0, gp, 1
    ori t0, t0, 1
    slli t1, gp, 16
    li t2, 0x3333
    or t1, t1, t2
    j finish
pass:
    li t0, 1
    li t1, 0x5555
finish: /* t0 to tohost, t1 to the finisher: both want machine mode, which a bare ecall gives */
    mv s0, t0
    mv s1, t1
    li s11, 1
    ecall
    j finish

    .balign 256
vector:
    beqz s11, unexpected
    csrr s8, mcause
    csrr s9, mepc
    csrr s10, mtval
    csrr s7, mstatus
    addi t6, s11, -1
    beqz t6, end
    li t6, MPP
    csrs mstatus, t6
    csrw mepc, s11
    mv s11, zero
    bgez s8, 1f
    li t6, MPIE /* an interrupt is still pending */
    csrc mstatus, t6
1:  mret
unexpected:
    addi s0, zero, 64 /* status 64 + ...: not one of the test's own */
    add s0, s0, gp
    slli s1, s0, 16
    li t6, 0x3333
    or s1, s1, t6
    slli s0, s0, 1
    ori s0, s0, 1
end:
    csrw mstatus, zero /* no MPRV */
    la t6, tohost
    sd s0, 0(t6)
    li t6, FINISHER
    sw s1, 0(t6)
1:  j 1b

    .balign 4
s_vector:
    beqz s11, s_unexpected
    csrr s8, scause
    csrr s9, sepc
    csrr s10, stval
    csrr s7, sstatus
    li t6, SPP
    csrs sstatus, t6
    csrw sepc, s11
    mv s11, zero
    bgez s8, 1f
    li t6, SPIE
    csrc sstatus, t6
1:  sret
s_unexpected:
    ecall
    j s_unexpected

    .section .tohost, "aw"
    .balign 64
    .globl tohost
tohost:
    .dword 0
    .balign 64
    .globl fromhost
fromhost:
    .dword 0

    .text
