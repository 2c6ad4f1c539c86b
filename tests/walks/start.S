/* SPDX-License-Identifier: GPL-2.0-only */
/* Entry from reset, one access that always ends in a trap, and the accesses. */
    .option norelax
    .section .text.start
    .globl _start
_start:
    la sp, stack_top
    la t0, trap_entry
    csrw mtvec, t0
    j walks

    .text
/* do_access(struct access *): memory is the translated one from the write of mstatus to the trap */
    .globl do_access
do_access:
    addi sp, sp, -16
    sd ra, 8(sp)
    sd a0, 0(sp)
    csrw mscratch, sp
    ld t0, 0(a0)
    ld t1, 8(a0)
    ld t2, 32(a0)
    ld a1, 16(a0)
    ld a2, 24(a0)
    li a0, 0
    csrw mepc, t0
    csrw mstatus, t1
    bnez t2, 1f
    mret
1:  jr t0

    .balign 4
trap_entry:
    lui t0, 0x20 /* MPRV */
    csrc mstatus, t0
    csrr sp, mscratch
    ld t0, 0(sp)
    csrr t1, mcause
    sd t1, 40(t0)
    csrr t1, mtval
    sd t1, 48(t0)
    csrr t1, mepc
    sd t1, 56(t0)
    sd a0, 64(t0)
    sd a1, 72(t0)
    sd a2, 80(t0)
    ld ra, 8(sp)
    addi sp, sp, 16
    ret

/* In the order of enum kind: of the value a2 at a1, result in a0. */
    .section .stubs, "ax"
    .option norvc
.macro STUB insn:vararg
    .balign 16
    \insn
    ecall
.endm
    .globl stubs
stubs:
    STUB lb a0, 0(a1)
    STUB lh a0, 0(a1)
    STUB lw a0, 0(a1)
    STUB ld a0, 0(a1)
    STUB sb a2, 0(a1)
    STUB sh a2, 0(a1)
    STUB sw a2, 0(a1)
    STUB sd a2, 0(a1)
    STUB amoadd.w a0, a2, (a1)
    STUB amoadd.d a0, a2, (a1)
    STUB amoswap.w a0, a2, (a1)
    STUB amoswap.d a0, a2, (a1)
    STUB lr.w a0, (a1)
    STUB lr.d a0, (a1)
    .balign 16
    lr.w a0, (a1)
    sc.w a2, a2, (a1)
    ecall
    .balign 16
    lr.d a0, (a1)
    sc.d a2, a2, (a1)
    ecall
    .balign 4096

    .section .tohost, "aw"
    .balign 4096
    .globl tohost, fromhost
tohost: .dword 0
    .balign 64
fromhost: .dword 0

    .bss
    .balign 16
    .space 16384
stack_top:
