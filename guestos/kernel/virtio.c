/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Driver of a virtio block device on the modern MMIO transport (virtio 1.2: 4.2 the transport, 2.7 the split
 * virtqueue, 5.2 the block device). One queue; a request is a chain of descriptors: a header, the frames, a
 * status byte. Header and status lie in a Diskop, on the stack of who waits or elsewhere in the direct map.
 */
#include <stddef.h>
#include <string.h>
#include "devtree.h"
#include "io.h"
#include "proc.h"
#include "riscv.h"
#include "trace.h"
#include "virtio.h"

/* registers, 4.2.2 */
enum {
    MAGIC = 0x000,
    VERSION = 0x004,
    DEVICE_ID = 0x008,
    DEVICE_FEATURES = 0x010,
    DEVICE_FEATURES_SEL = 0x014,
    DRIVER_FEATURES = 0x020,
    DRIVER_FEATURES_SEL = 0x024,
    QUEUE_SEL = 0x030,
    QUEUE_NUM_MAX = 0x034,
    QUEUE_NUM = 0x038,
    QUEUE_READY = 0x044,
    QUEUE_NOTIFY = 0x050,
    INTERRUPT_STATUS = 0x060,
    INTERRUPT_ACK = 0x064,
    STATUS = 0x070,
    QUEUE_DESC = 0x080,
    QUEUE_DRIVER = 0x090,
    QUEUE_DEVICE = 0x0a0,
    CONFIG = 0x100 /* capacity in sectors, 5.2.4 */
};
enum { VIRTIO_MAGIC = 0x74726976, MODERN = 2, BLOCK_DEVICE = 2 };
enum { ACKNOWLEDGE = 1, DRIVER = 2, DRIVER_OK = 4, FEATURES_OK = 8 };
enum { F_BLK_FLUSH = 9, F_VERSION_1 = 32 };
enum { T_IN = 0, T_OUT = 1, T_FLUSH = 4, S_OK = 0 };
enum { DESC_NEXT = 1, DESC_WRITE = 2 };
enum { QUEUE_MAX = 256, SECTORS_PER_BLOCK = 8, BLOCK = 4096 };

struct descriptor {
    uint64_t pa;
    uint32_t bytes;
    uint16_t flags, next;
};

struct available {
    uint16_t flags, index;
    uint16_t ring[QUEUE_MAX];
};

struct used {
    uint16_t flags, index;
    struct {
        uint32_t id, bytes;
    } ring[QUEUE_MAX];
};

static struct {
    uint64_t pa;           /* registers */
    uint64_t sectors;      /* capacity */
    bool canflush;         /* offers VIRTIO_BLK_F_FLUSH */
    unsigned size;         /* of the queue */
    unsigned nfree;        /* descriptors */
    uint16_t freehead;     /* free descriptors, linked by next */
    uint16_t seen;         /* used entries consumed */
    Rendez room;           /* wait for descriptors */
    Diskop *requests[QUEUE_MAX]; /* by first descriptor */
} disk;

static struct descriptor descriptors[QUEUE_MAX] __attribute__((aligned(16)));
static struct available available __attribute__((aligned(2)));
static volatile struct used used __attribute__((aligned(4)));

static uint32_t get(unsigned offset)
{
    return *ioregs(disk.pa + offset);
}

static void set(unsigned offset, uint32_t value)
{
    *ioregs(disk.pa + offset) = value;
}

static uint64_t physical(const volatile void *p)
{
    return (uint64_t)p - KZERO;
}

static void set64(unsigned offset, const volatile void *p)
{
    set(offset, (uint32_t)physical(p));
    set(offset + 4, (uint32_t)(physical(p) >> 32));
}

/* ---- set-up, 3.1.1 ---- */

static bool negotiate(void)
{
    set(STATUS, 0);
    set(STATUS, ACKNOWLEDGE);
    set(STATUS, ACKNOWLEDGE | DRIVER);
    set(DEVICE_FEATURES_SEL, 0);
    disk.canflush = get(DEVICE_FEATURES) >> F_BLK_FLUSH & 1;
    set(DRIVER_FEATURES_SEL, 0);
    set(DRIVER_FEATURES, (uint32_t)disk.canflush << F_BLK_FLUSH);
    set(DRIVER_FEATURES_SEL, 1);
    set(DRIVER_FEATURES, 1u << (F_VERSION_1 - 32));
    set(STATUS, ACKNOWLEDGE | DRIVER | FEATURES_OK);
    return get(STATUS) & FEATURES_OK;
}

static bool makequeue(void)
{
    set(QUEUE_SEL, 0);
    uint32_t max = get(QUEUE_NUM_MAX);
    disk.size = max < QUEUE_MAX ? max : QUEUE_MAX;
    if (disk.size < DISK_RUN + 2)
        return false;
    for (unsigned i = 0; i < disk.size; i++)
        descriptors[i].next = (uint16_t)(i + 1);
    disk.nfree = disk.size;
    set(QUEUE_NUM, disk.size);
    set64(QUEUE_DESC, descriptors);
    set64(QUEUE_DRIVER, &available);
    set64(QUEUE_DEVICE, &used);
    set(QUEUE_READY, 1);
    return true;
}

static void complete(unsigned head)
{
    Diskop *op = disk.requests[head];
    unsigned last = head, n = 1;
    for (; descriptors[last].flags & DESC_NEXT; n++)
        last = descriptors[last].next;
    descriptors[last].next = disk.freehead;
    disk.freehead = (uint16_t)head;
    disk.nfree += n;
    wakeall(&disk.room);
    op->done = true;
    wakeall(&op->waiter);
    if (op->ended != NULL)
        op->ended(op);
}

static void interrupt(void *unused)
{
    (void)unused;
    set(INTERRUPT_ACK, get(INTERRUPT_STATUS));
    fence();
    while (disk.seen != used.index) {
        complete(used.ring[disk.seen % disk.size].id);
        disk.seen++;
    }
}

bool diskinit(void)
{
    for (unsigned i = 0; i < devtree.nvirtio; i++) {
        disk.pa = devtree.virtio[i].pa;
        if (get(MAGIC) != VIRTIO_MAGIC || get(VERSION) != MODERN || get(DEVICE_ID) != BLOCK_DEVICE)
            continue;
        if (!negotiate() || !makequeue())
            continue;
        disk.sectors = get(CONFIG) | (uint64_t)get(CONFIG + 4) << 32;
        plicenable(devtree.virtio[i].irq, interrupt, NULL);
        set(STATUS, ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK);
        return true;
    }
    return false;
}

uint64_t diskblocks(void)
{
    return disk.sectors / SECTORS_PER_BLOCK;
}

/* ---- requests ---- */

static uint16_t *chain(uint16_t *link, uint64_t pa, uint32_t bytes, uint16_t flags)
{
    struct descriptor *d = &descriptors[*link];
    d->pa = pa;
    d->bytes = bytes;
    d->flags = flags;
    return &d->next;
}

static void submit(Diskop *op, Page *const *frames, unsigned n)
{
    while (disk.nfree < n + 2)
        sleepon(&disk.room, EV_wait_disk_queue);
    uint16_t head = disk.freehead;
    uint16_t towards = op->header.type == T_IN ? DESC_WRITE : 0;
    uint16_t *link = chain(&disk.freehead, physical(&op->header), sizeof op->header, DESC_NEXT);
    for (unsigned i = 0; i < n; i++)
        link = chain(link, pagepa(frames[i]), BLOCK, DESC_NEXT | towards);
    link = chain(link, physical(&op->status), 1, DESC_WRITE);
    disk.freehead = *link;
    disk.nfree -= n + 2;
    disk.requests[head] = op;
    available.ring[available.index % disk.size] = head;
    fence();
    available.index++;
    fence();
    set(QUEUE_NOTIFY, 0);
}

static void start(Diskop *op, uint32_t type, uint64_t sector, Page *const *frames, unsigned n)
{
    op->header.type = type;
    op->header.reserved = 0;
    op->header.sector = sector;
    op->status = 0xff;
    op->done = false;
    submit(op, frames, n);
}

void diskstart(Diskop *op, bool write, uint64_t blk, Page *const *frames, unsigned n)
{
    ASSERT(n > 0 && n <= DISK_RUN, "a request has a bounded number of blocks");
    start(op, write ? T_OUT : T_IN, blk * SECTORS_PER_BLOCK, frames, n);
}

int diskresult(const Diskop *op)
{
    return op->status == S_OK ? 0 : -T_EIO;
}

static int finish(Diskop *op)
{
    while (!op->done)
        sleepon(&op->waiter, EV_wait_disk);
    int err = diskresult(op);
    return err == 0 ? 0 : error(-err, "disk: sector %lu: i/o error %u", op->header.sector, op->status);
}

int diskio(bool write, uint64_t blk, Page *const *frames, unsigned n)
{
    Diskop op = {.ended = NULL};
    diskstart(&op, write, blk, frames, n);
    return finish(&op);
}

int diskflush(void)
{
    Diskop op = {.ended = NULL};
    if (!disk.canflush)
        return 0;
    tracedisk(0, up->cause, EV_block_class_unknown);
    start(&op, T_FLUSH, 0, NULL, 0);
    return finish(&op);
}
