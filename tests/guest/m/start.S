/* SPDX-License-Identifier: GPL-2.0-only */
/* Entry from reset, trap entries of M and S mode, and the way to lower modes and back, for machine-mode guests. */
    .option norelax
    .section .text.start
    .globl _start
_start:
    la sp, boot_stack_top
    la t0, m_entry
    csrw mtvec, t0
    call m_main
    j power_off

    .text
/* Saves all registers in `frame`, calls m_trap(), restores, returns by mret. mscratch is free for t0. */
    .balign 4
    .globl m_entry
m_entry:
    csrw mscratch, t0
    la t0, frame
    .irp r, 1,2,3,4,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    sd x\r, 8*\r(t0)
    .endr
    csrr t1, mscratch
    sd t1, 40(t0)
    la sp, trap_stack_top
    call m_trap
    la t0, frame
    .irp r, 1,2,3,4,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    ld x\r, 8*\r(t0)
    .endr
    ld x5, 40(t0)
    mret

/* A table for vectored mode: each entry tells its number in `vector_taken`, then goes on as above. */
    .balign 256
    .globl m_vectors
m_vectors:
    .option push
    .option norvc
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11
    j m_vector_\n
    .endr
    .option pop
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11
m_vector_\n:
    csrw mscratch, t0
    la t0, frame
    sd t1, 48(t0)
    li t1, \n
    sd t1, vector_taken, t0
    la t0, frame
    ld t1, 48(t0)
    csrr t0, mscratch
    j m_entry
    .endr

/* The supervisor's traps: told in s_caught, then up to M mode by ecall. */
    .balign 4
    .globl s_entry
s_entry:
    la t0, s_caught
    ld t1, 0(t0)
    addi t1, t1, 1
    sd t1, 0(t0)
    csrr t1, scause
    sd t1, 8(t0)
    csrr t1, stval
    sd t1, 16(t0)
    csrr t1, sepc
    sd t1, 24(t0)
    csrr t1, sstatus
    sd t1, 32(t0)
    ecall

/* attempt(function, a, b, c): function(a, b, c); a trap inside comes back to `attempt_failed`. */
    .globl attempt
attempt:
    addi sp, sp, -128
    sd ra, 0(sp)
    sd x8, 8(sp)
    sd x9, 16(sp)
    sd x18, 24(sp)
    sd x19, 32(sp)
    sd x20, 40(sp)
    sd x21, 48(sp)
    sd x22, 56(sp)
    sd x23, 64(sp)
    sd x24, 72(sp)
    sd x25, 80(sp)
    sd x26, 88(sp)
    sd x27, 96(sp)
    la t0, attempt_sp
    sd sp, 0(t0)
    mv t1, a0
    mv a0, a1
    mv a1, a2
    mv a2, a3
    jalr t1
    .globl attempt_failed
attempt_failed:
    la t0, attempt_sp
    ld sp, 0(t0)
    sd zero, 0(t0)
    ld ra, 0(sp)
    ld x8, 8(sp)
    ld x9, 16(sp)
    ld x18, 24(sp)
    ld x19, 32(sp)
    ld x20, 40(sp)
    ld x21, 48(sp)
    ld x22, 56(sp)
    ld x23, 64(sp)
    ld x24, 72(sp)
    ld x25, 80(sp)
    ld x26, 88(sp)
    ld x27, 96(sp)
    addi sp, sp, 128
    ret

/* enter_mode(function, mode, a, b): function(a, b) there; when it returns, ecall. (Call it through attempt.) */
    .globl enter_mode
enter_mode:
    csrw mepc, a0
    li t0, 0x1800
    csrc mstatus, t0
    slli a1, a1, 11
    csrs mstatus, a1
    mv a0, a2
    la ra, mode_done
    mret
mode_done:
    ecall

    .bss
    .balign 16
    .space 16384
boot_stack_top:
    .space 16384
trap_stack_top:
    .globl frame
frame:
    .space 256
    .globl attempt_sp
attempt_sp:
    .dword 0
    .globl vector_taken
vector_taken:
    .dword 0
    .globl s_caught
s_caught:
    .space 40
