/* SPDX-License-Identifier: GPL-2.0-only */
/* Entry, trap entry, and the way to user mode and back, for test guests. */
    .option norelax
    .section .text.start
    .globl _start
_start:
    la sp, boot_stack_top
    la t0, trap_entry
    csrw stvec, t0
    csrw sie, zero
    call main
    j power_off

    .text
    .balign 4
/* Saves x1..x31 in `frame`, calls trap(frame), restores, returns by sret. sscratch is free for t0. */
trap_entry:
    csrw sscratch, t0
    la t0, frame
    sd x1, 8(t0)
    sd x2, 16(t0)
    sd x3, 24(t0)
    sd x4, 32(t0)
    sd x6, 48(t0)
    sd x7, 56(t0)
    sd x8, 64(t0)
    sd x9, 72(t0)
    sd x10, 80(t0)
    sd x11, 88(t0)
    sd x12, 96(t0)
    sd x13, 104(t0)
    sd x14, 112(t0)
    sd x15, 120(t0)
    sd x16, 128(t0)
    sd x17, 136(t0)
    sd x18, 144(t0)
    sd x19, 152(t0)
    sd x20, 160(t0)
    sd x21, 168(t0)
    sd x22, 176(t0)
    sd x23, 184(t0)
    sd x24, 192(t0)
    sd x25, 200(t0)
    sd x26, 208(t0)
    sd x27, 216(t0)
    sd x28, 224(t0)
    sd x29, 232(t0)
    sd x30, 240(t0)
    sd x31, 248(t0)
    csrr t1, sscratch
    sd t1, 40(t0)
    la sp, trap_stack_top
    mv a0, t0
    call trap
    la t0, frame
    ld x1, 8(t0)
    ld x2, 16(t0)
    ld x3, 24(t0)
    ld x4, 32(t0)
    ld x6, 48(t0)
    ld x7, 56(t0)
    ld x8, 64(t0)
    ld x9, 72(t0)
    ld x10, 80(t0)
    ld x11, 88(t0)
    ld x12, 96(t0)
    ld x13, 104(t0)
    ld x14, 112(t0)
    ld x15, 120(t0)
    ld x16, 128(t0)
    ld x17, 136(t0)
    ld x18, 144(t0)
    ld x19, 152(t0)
    ld x20, 160(t0)
    ld x21, 168(t0)
    ld x22, 176(t0)
    ld x23, 184(t0)
    ld x24, 192(t0)
    ld x25, 200(t0)
    ld x26, 208(t0)
    ld x27, 216(t0)
    ld x28, 224(t0)
    ld x29, 232(t0)
    ld x30, 240(t0)
    ld x31, 248(t0)
    ld x5, 40(t0)
    sret

/* attempt(function, a, b, c): function(a, b, c) by jalr; a trap inside comes back to `attempt_failed`. */
    .globl attempt
attempt:
    addi sp, sp, -128
    sd ra, 0(sp)
    sd s0, 8(sp)
    sd s1, 16(sp)
    sd s2, 24(sp)
    sd s3, 32(sp)
    sd s4, 40(sp)
    sd s5, 48(sp)
    sd s6, 56(sp)
    sd s7, 64(sp)
    sd s8, 72(sp)
    sd s9, 80(sp)
    sd s10, 88(sp)
    sd s11, 96(sp)
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
    ld s0, 8(sp)
    ld s1, 16(sp)
    ld s2, 24(sp)
    ld s3, 32(sp)
    ld s4, 40(sp)
    ld s5, 48(sp)
    ld s6, 56(sp)
    ld s7, 64(sp)
    ld s8, 72(sp)
    ld s9, 80(sp)
    ld s10, 88(sp)
    ld s11, 96(sp)
    addi sp, sp, 128
    ret

/* enter_user(pc, a0, sp): to user mode (call it through attempt: the next trap comes back). */
    .globl enter_user
enter_user:
    csrw sepc, a0
    mv a0, a1
    mv sp, a2
    li t0, 0x100
    csrc sstatus, t0
    li t0, 0x20
    csrs sstatus, t0
    sret

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
