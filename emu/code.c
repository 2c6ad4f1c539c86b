/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Keeps translated code fresh. A frame of RAM is either written or executed:
 * when it turns from one to the other, the soft TLB is emptied, so that the next access of the other kind
 * comes here again; and a store to an executed frame drops its translations. Guest code that
 * modifies itself, pages used again for another program and transfers by
 * devices all come down to this.
 *
 * The cache of instruction counts (count.c) is kept right by the code version
 * in its key: it changes whenever bytes of executed frames change, or a virtual page of
 * an address space is fetched from another frame than before.
 */
#include <string.h>

#include "../mmu/pte.h"
#include "machine_priv.h"

static uint64_t frame(uint64_t pa)
{
    return (pa - RAM_BASE) / PAGE_BYTES;
}

static void make_key(struct hart *h)
{
    h->code_key = (uint64_t)h->fs_off << 62 | h->code_version << 24 | (uint64_t)h->space << 16;
}

void code_status(struct hart *h, uint64_t mstatus)
{
    bool off = (mstatus & STATUS_FS) == 0;
    if (off == h->fs_off)
        return;
    h->fs_off = off;
    make_key(h);
}

void code_new_version(struct hart *h)
{
    h->code_version++;
    make_key(h);
}

/*
 * Unicorn drops translations by virtual address of the current mode; in its M mode, which no guest is ever in, that
 * is the physical one.
 */
void code_forget(struct hart *h, uint64_t pa, uint64_t bytes)
{
    h->identity = true;
    hart_set_reg(h, UC_RISCV_REG_PRIV, MMU_MACHINE);
    uc_ctl_remove_cache(h->uc, pa, pa + bytes);
    hart_set_reg(h, UC_RISCV_REG_PRIV, mode_engine(hart_privilege(h)));
    h->identity = false;
}

bool code_frame(const struct hart *h, uint64_t pa)
{
    return h->frame_state[frame(pa)] == FRAME_CODE;
}

void code_fetched(struct hart *h, uint64_t va_page, uint64_t pa_page)
{
    uint8_t *state = &h->frame_state[frame(pa_page)];
    if (*state == FRAME_WRITABLE)
        uc_ctl_flush_tlb(h->uc); /* its writable entries */
    *state = FRAME_CODE;

    uint64_t page = va_page | h->space;
    struct fetched *f = &h->fetched[(va_page / PAGE_BYTES + h->space * 61) % FETCHED];
    if (f->page != page || f->pa != pa_page) {
        if (f->pa)
            code_new_version(h);
        *f = (struct fetched){page, pa_page};
    }
}

void code_stored(struct hart *h, uint64_t pa_page)
{
    uint8_t *state = &h->frame_state[frame(pa_page)];
    if (*state == FRAME_CODE) {
        code_forget(h, pa_page, PAGE_BYTES);
        uc_ctl_flush_tlb(h->uc); /* its executable entries */
        code_new_version(h);
    }
    *state = FRAME_WRITABLE;
}

void hart_code_written(struct hart *h, uint64_t pa, uint64_t bytes)
{
    uint64_t end = pa + bytes;
    for (uint64_t page = pa & ~(PAGE_BYTES - 1); page < end; page += PAGE_BYTES)
        if (code_frame(h, page)) {
            code_forget(h, page, PAGE_BYTES);
            code_new_version(h);
        }
}

/* Address spaces get small numbers, so that going back and forth between two keeps both their counts. */
void code_space(struct hart *h)
{
    uint64_t satp = h->privilege == MMU_MACHINE ? 0 : h->satp;
    unsigned slot = (unsigned)((satp * 0x9e3779b97f4a7c15ull) >> 56) % SPACES;
    if (h->spaces[slot] != satp) {
        h->spaces[slot] = satp;
        h->code_version++;
    }
    h->space = slot;
    make_key(h);
}
