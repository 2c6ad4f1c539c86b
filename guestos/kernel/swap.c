/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Swap: the pool of slots, and moving pages to and from them. docs/paging.md tells how it fits together.
 */
#include "fileio.h"
#include "proc.h"
#include "segment.h"
#include "swap.h"
#include "trace.h"
#include "virtio.h"

enum {
    LOW = SWAP_RUN,      /* the pool is filled when it has less, ... */
    FILL = 4 * SWAP_RUN, /* ... to so many, */
    HIGH = 8 * SWAP_RUN, /* and gives back when it has more */
    SECTORS = 8
};

static Slot *pool; /* free slots */
static uint64_t npool, nused, nlost;

/* ---- the pool ---- */

static void pooled(Slot *slot)
{
    slot->next = pool;
    pool = slot;
    npool++;
}

static Slot *unpooled(void)
{
    Slot *slot = pool;
    pool = slot->next;
    npool--;
    return slot;
}

/* Borrows a run of blocks. The caller holds fslock. How many. */
static uint64_t borrow(uint64_t most)
{
    uint64_t blk = 0, got = 0;
    int64_t n = rootfs != NULL ? tfs_borrow(rootfs, most, &blk) : 0;
    for (; (int64_t)got < n; got++) {
        Slot *slot = kalloc(sizeof *slot);
        if (slot == NULL)
            break;
        slot->blk = blk + (uint64_t)n - 1 - got; /* so that they are taken in ascending order */
        pooled(slot);
    }
    if ((int64_t)got < n)
        tfs_giveback(rootfs, blk, (uint64_t)n - got);
    return got;
}

bool swaprefill(void)
{
    if (npool < LOW && up != NULL && !holdsqlock(&fslock)) {
        qlock(&fslock);
        while (npool < FILL && borrow(FILL - npool) > 0)
            ;
        qunlock(&fslock);
    }
    return npool > 0;
}

/* Gives back all but `keep`. The caller holds fslock. */
static void shrink(uint64_t keep)
{
    while (npool > keep) {
        Slot *slot = unpooled();
        tfs_giveback(rootfs, slot->blk, 1);
        kfree(slot);
    }
}

static __attribute__((noinline)) void trim(void) /* noinline: every fault calls swaptrim, seldom for this */
{
    if (up == NULL || holdsqlock(&fslock))
        return;
    qlock(&fslock);
    shrink(FILL);
    qunlock(&fslock);
}

void swaptrim(void)
{
    if (npool > HIGH)
        trim();
}

void swapend(void)
{
    shrink(0);
}

static void sortslots(Slot **slots, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        Slot *slot = slots[i];
        size_t at = i;
        for (; at > 0 && slots[at - 1]->blk > slot->blk; at--)
            slots[at] = slots[at - 1];
        slots[at] = slot;
    }
}

size_t takeslots(Slot **slots, size_t n)
{
    size_t got = 0;
    for (; got < n && npool > 0; got++) {
        slots[got] = unpooled();
        slots[got]->ref = 1;
        nused++;
    }
    sortslots(slots, got);
    return got;
}

void refslot(Slot *slot)
{
    ASSERT(slot->ref > 0, "S3: a reference is taken to a slot that someone holds");
    slot->ref++;
}

void putslot(Slot *slot)
{
    ASSERT(slot->ref > 0, "S3: a slot is put as often as it was taken");
    if (--slot->ref > 0)
        return;
    nused--;
    pooled(slot);
}

void forgetswap(Page *page)
{
    Slot *slot = page->swap;
    page->swap = NULL;
    if (slot != NULL)
        putslot(slot);
}

void loseslot(Slot *slot)
{
    ASSERT(slot->ref == 1, "S3: nobody else has a slot that was just taken");
    nused--;
    nlost++;
    kfree(slot);
}

uint64_t swapused(void)
{
    return nused;
}

uint64_t swappool(void)
{
    return npool;
}

uint64_t swaplost(void)
{
    return nlost;
}

/* ---- moving pages ---- */

/* One request: n pages whose slots are consecutive blocks. */
static int transfer(bool out, const Segment *s, uint64_t va, uint64_t blk, Page *const *frames, size_t n)
{
    uint64_t id = TRACE(transfer, .boundary = EV_boundary_swap, .class = EV_block_class_data, .offset = va - s->base,
                        .block = blk, .segment = s->id, .va = va, .bytes = n * PGSIZE, .pages = n, .output = out);
    tracedisk(blk * SECTORS, id, EV_block_class_data);
    return diskio(out, blk, frames, (unsigned)n);
}

/* Bytes that come back are compared with it, so that bit rot of a slot is an error (E1), and never data. */
static uint32_t checksum(const Page *frame)
{
    return tfs_crc32c(0, pagekva(frame), PGSIZE);
}

size_t swapout(const Segment *s, const uint64_t *va, Slot *const *slots, Page *const *frames, size_t n)
{
    size_t done = 0, run;
    for (size_t i = 0; i < n; i++)
        slots[i]->crc = checksum(frames[i]);
    for (; done < n; done += run) {
        for (run = 1; done + run < n && slots[done + run]->blk == slots[done]->blk + run; run++)
            ;
        if (transfer(true, s, va[done], slots[done]->blk, &frames[done], run) < 0)
            break;
    }
    return done;
}

int swapin(const Segment *s, uint64_t va, const Slot *slot, Page *frame)
{
    int r = transfer(false, s, va, slot->blk, &frame, 1);
    if (r == 0 && checksum(frame) != slot->crc) {
        print("swap: block %lu: checksum is wrong\n", slot->blk);
        r = SWAP_ROTTEN;
    }
    return r;
}
