/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Page tables for the tests of translation. MAKE_TABLES LEVELS: code at its own address (2 MiB, one entry, no U), the
 * frame `frame` at
 * PAGE, whose entry at `leaf` the test sets. PAGE2 follows it, with the frame after.
 */
#define PAGE 0x40001000
#define PAGE2 0x40002000

/* the entry of a table (label) for an index: table or leaf at a label, with flags */
.macro ENTRY table, index, label, flags
    la t0, \label
    srli t0, t0, 2
    ori t0, t0, \flags
    la t1, \table + 8 * (\index)
    sd t0, 0(t1)
.endm

.macro MAKE_TABLES
    ENTRY top, 0, root, V            /* Sv48's; Sv39 begins at root */
    ENTRY root, 1, middle, V         /* 0x40000000 */
    ENTRY root, 2, code_middle, V    /* 0x80000000 */
    li t0, 0x80000000 >> 2 | V | R | W | X | A | D
    la t1, code_middle
    sd t0, 0(t1)
    ENTRY middle, 0, leaf_table, V
.endm

/* the entry of PAGE, or PAGE2 */
.macro PTE flags
    ENTRY leaf_table, 1, frame, \flags
    sfence.vma
.endm
.macro PTE2 flags
    ENTRY leaf_table, 2, frame2, \flags
    sfence.vma
.endm

.macro SATP_39
    la t0, root
    srli t0, t0, 12
    li t1, 8 << 60
    or t0, t0, t1
    csrw satp, t0
    sfence.vma
.endm
.macro SATP_48
    la t0, top
    srli t0, t0, 12
    li t1, 9 << 60
    or t0, t0, t1
    csrw satp, t0
    sfence.vma
.endm

    .bss
    .balign 4096
top: .space 4096
root: .space 4096
middle: .space 4096
code_middle: .space 4096
leaf_table: .space 4096
frame: .space 4096
frame2: .space 4096
    .text
