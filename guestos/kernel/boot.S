/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Entry of the kernel: physical 0x80200000, S mode, translation off,
 * a0 = hart id, a1 = device tree (physical). Turns on the page table below,
 * jumps to the kernel's linked address and drops the identity mapping.
 */
    .option arch, +zicsr

#define SATP_SV39 (8 << 60)
#define PTE_RAM 0xef    /* G A D, V R W X */
#define PTE_IO  0xe7    /* G A D, V R W */
#define ROOT_IDENTITY 2 /* entry of the root table that maps 0x80000000 to itself */

    .section .text.boot, "ax"
    .globl start
start:
    csrw sie, zero
    csrw sscratch, zero
    la t0, kernelroot
    srli t0, t0, 12
    li t1, SATP_SV39
    or t0, t0, t1
    li t2, 0xffffffc000000000
    la t3, high
    add t3, t3, t2
    sfence.vma
    csrw satp, t0
    sfence.vma
    jr t3
high:
    la t0, kernelroot
    sd zero, (ROOT_IDENTITY * 8)(t0)
    sfence.vma
    la sp, bootstack_top
    la t0, trapentry
    csrw stvec, t0
    tail boot

/*
 * The root page table of the kernel (sv39): its upper half maps physical
 * address 0 and up at KZERO in gigapages, devices first, then RAM.
 */
    .data
    .balign 4096
    .globl kernelroot
kernelroot:
    .fill ROOT_IDENTITY, 8, 0
    .quad (0x80000000 >> 2) | PTE_RAM
    .fill 256 - ROOT_IDENTITY - 1, 8, 0
    .set gib, 0
    .rept 256
    .if gib < 2
    .quad (gib << 28) | PTE_IO
    .else
    .quad (gib << 28) | PTE_RAM
    .endif
    .set gib, gib + 1
    .endr

/* Stack of boot, later of the scheduler. */
    .bss
    .balign 16
    .globl bootstack
bootstack:
    .skip 16384
bootstack_top:
