/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Traps: saving and restoring the interrupted registers. In user mode sscratch points to the
 * Ureg at the top of the process's kernel stack; in the kernel it is 0.
 */
    .option arch, +zicsr

#define UREG_PC 256
#define UREG_STATUS 264
#define UREG_CAUSE 272
#define UREG_TVAL 280
#define UREG_SIZE 288

.macro EACH op /* every register but x0 and sp */
    \op x1, 8(sp)
    \op x3, 24(sp)
    \op x4, 32(sp)
    \op x5, 40(sp)
    \op x6, 48(sp)
    \op x7, 56(sp)
    \op x8, 64(sp)
    \op x9, 72(sp)
    \op x10, 80(sp)
    \op x11, 88(sp)
    \op x12, 96(sp)
    \op x13, 104(sp)
    \op x14, 112(sp)
    \op x15, 120(sp)
    \op x16, 128(sp)
    \op x17, 136(sp)
    \op x18, 144(sp)
    \op x19, 152(sp)
    \op x20, 160(sp)
    \op x21, 168(sp)
    \op x22, 176(sp)
    \op x23, 184(sp)
    \op x24, 192(sp)
    \op x25, 200(sp)
    \op x26, 208(sp)
    \op x27, 216(sp)
    \op x28, 224(sp)
    \op x29, 232(sp)
    \op x30, 240(sp)
    \op x31, 248(sp)
.endm

.macro SAVECSRS
    csrr t0, sepc
    sd t0, UREG_PC(sp)
    csrr t0, sstatus
    sd t0, UREG_STATUS(sp)
    csrr t0, scause
    sd t0, UREG_CAUSE(sp)
    csrr t0, stval
    sd t0, UREG_TVAL(sp)
.endm

.macro LOADCSRS
    ld t0, UREG_PC(sp)
    csrw sepc, t0
    ld t0, UREG_STATUS(sp)
    csrw sstatus, t0
.endm

    .text
    .balign 4
    .globl trapentry
trapentry:
    csrrw sp, sscratch, sp
    beqz sp, fromkernel
    EACH sd
    csrrw t0, sscratch, zero
    sd t0, 16(sp)
    SAVECSRS
    mv a0, sp
    call trap
trapreturn: /* sp: the Ureg to return to */
    LOADCSRS
    csrw sscratch, sp
    EACH ld
    ld sp, 16(sp)
    sret

/* A new process starts here (proc.c makes its context so): sp is its Ureg. */
    .globl procentry
procentry:
    call procbegin
    j trapreturn

/* An interrupt of the idle loop, or an exception of the kernel itself. */
fromkernel:
    csrrw sp, sscratch, sp
    addi sp, sp, -UREG_SIZE
    EACH sd
    addi t0, sp, UREG_SIZE
    sd t0, 16(sp)
    SAVECSRS
    mv a0, sp
    call kerneltrap
    LOADCSRS
    EACH ld
    addi sp, sp, UREG_SIZE
    sret

/* fpsave(struct fpstate *), fpload(const struct fpstate *): f0..f31, fcsr. sstatus.FS must not be Off. */
    .option push
    .option arch, +d
.macro EACHFP op
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    \op f\n, (\n * 8)(a0)
    .endr
.endm
    .globl fpsave
fpsave:
    EACHFP fsd
    csrr t0, fcsr
    sd t0, 256(a0)
    ret
    .globl fpload
fpload:
    EACHFP fld
    ld t0, 256(a0)
    csrw fcsr, t0
    ret
    .option pop
