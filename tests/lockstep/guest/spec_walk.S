/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A page table where there is no memory: an access fault of the access (privileged spec, 4.3.2). QEMU 7.2: page fault.
 * On Tarry alone.
 */
#include "test.h"
#include "paging.h"

test:
    MAKE_TABLES
    SATP_39
    TEST(1)
    li t0, (0xa000000 >> 2) | V
    la t1, middle + 8
    sd t0, 0(t1)
    sfence.vma
    TO_S
    li a1, 0x40200000
    TRY
    ld a0, 0(a1)
    CAUGHT LOAD_ACCESS
    SAME s10, a1
    PASS
