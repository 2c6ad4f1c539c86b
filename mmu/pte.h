/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Formats of page-table entries and of satp for Sv39 and Sv48 (RISC-V
 * privileged spec, 4.1.11, 4.4, 4.5). Shared with the guest kernel.
 */
#ifndef MMU_PTE_H
#define MMU_PTE_H

#define PTE_V 0x01ull /* valid */
#define PTE_R 0x02ull
#define PTE_W 0x04ull
#define PTE_X 0x08ull
#define PTE_U 0x10ull /* for user mode */
#define PTE_G 0x20ull /* in all address spaces */
#define PTE_A 0x40ull /* accessed */
#define PTE_D 0x80ull /* dirty */

#define PTE_PPN_SHIFT 10
#define PTE_PPN_MASK 0x003ffffffffffc00ull
#define PTE_RESERVED 0xffc0000000000000ull /* N and PBMT without Svnapot and Svpbmt, and bits 60..54 */

/* Physical address <-> PTE field */
#define PTE_TO_PA(pte) (((pte) & PTE_PPN_MASK) << 2)
#define PA_TO_PTE(pa) (((pa) >> 2) & PTE_PPN_MASK)

#define PAGE_SHIFT_4K 12
#define PTE_INDEX_BITS 9 /* virtual address bits per level */

#define SATP_MODE_SHIFT 60
#define SATP_ASID_SHIFT 44
#define SATP_PPN_MASK 0x00000fffffffffffull
#define SATP_MODE(satp) ((unsigned)((satp) >> SATP_MODE_SHIFT))
#define SATP_ROOT(satp) (((satp) & SATP_PPN_MASK) << PAGE_SHIFT_4K)
#define SATP_BARE 0
#define SATP_SV39 8
#define SATP_SV48 9
#define SATP_SOFTTLB 15 /* custom: docs/softtlb.md */

/* Where a supervisor's addresses go to physical ones without a TLB entry while satp.MODE is SATP_SOFTTLB: from 0 on */
#define SOFTTLB_WINDOW 0xffffffc000000000ull
#define SOFTTLB_WINDOW_BYTES (256ull << 30)

#endif
