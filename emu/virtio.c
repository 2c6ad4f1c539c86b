/* SPDX-License-Identifier: GPL-2.0-only */
/* virtio over MMIO and its queue. Section numbers are those of virtio 1.2. */
#include <string.h>

#include "machine_priv.h"
#include "virtio.h"

/* Registers (4.2.2) */
enum {
    MAGIC = 0x000,
    VERSION = 0x004,
    DEVICE_ID = 0x008,
    VENDOR_ID = 0x00c,
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
    QUEUE_DESC_LOW = 0x080,
    QUEUE_DESC_HIGH = 0x084,
    QUEUE_DRIVER_LOW = 0x090,
    QUEUE_DRIVER_HIGH = 0x094,
    QUEUE_DEVICE_LOW = 0x0a0,
    QUEUE_DEVICE_HIGH = 0x0a4,
    CONFIG_GENERATION = 0x0fc,
    CONFIG = 0x100,
};

enum { STATUS_DRIVER_OK = 4, STATUS_FEATURES_OK = 8, STATUS_NEEDS_RESET = 0x40 };
enum { INTERRUPT_QUEUE = 1, INTERRUPT_CONFIG = 2 };
enum { DESC_NEXT = 1, DESC_WRITE = 2, DESC_INDIRECT = 4 };
enum { AVAIL_NO_INTERRUPT = 1 };

struct desc {
    uint64_t pa;
    uint32_t bytes;
    uint16_t flags, next;
};

struct used_entry {
    uint32_t id, written;
};

static void interrupt(struct virtio *v, uint32_t why)
{
    v->interrupt |= why;
    plic_set_level(v->machine, IRQ_VIRTIO + v->slot, v->interrupt != 0);
}

/* The driver broke the rules (2.1.2): nothing more is done until it resets the device. */
static int broken(struct virtio *v)
{
    v->status |= STATUS_NEEDS_RESET;
    interrupt(v, INTERRUPT_CONFIG);
    return -1;
}

/* Adds one descriptor's memory to the chain. False: the rules are broken. */
static bool add_piece(struct virtio *v, struct virtio_chain *c, const struct desc *d)
{
    unsigned n = c->nread + c->nwrite;
    if (n == sizeof c->piece / sizeof c->piece[0])
        return false;
    bool writes = d->flags & DESC_WRITE;
    if (!writes && c->nwrite)
        return false; /* 2.7.4.2: what the device writes comes last */
    void *host = ram_at(v->machine, d->pa, d->bytes);
    if (!host)
        return false;
    c->piece[n] = (struct virtio_piece){host, d->pa, d->bytes};
    *(writes ? &c->nwrite : &c->nread) += 1;
    return true;
}

/* Follows a table of n descriptors from entry i. */
static bool walk(struct virtio *v, struct virtio_chain *c, uint64_t table, uint32_t n, uint32_t i, bool indirect)
{
    for (uint32_t steps = 0; steps < n; steps++) {
        struct desc d;
        const void *host = i < n ? ram_at(v->machine, table + i * sizeof d, sizeof d) : NULL;
        if (!host)
            return false;
        memcpy(&d, host, sizeof d);
        if (d.flags & DESC_INDIRECT) {
            /* 2.7.5.3: not inside of another, and not with NEXT */
            if (indirect || (d.flags & DESC_NEXT) || !(v->driver_features & VIRTIO_F_INDIRECT_DESC) ||
                d.bytes % sizeof d)
                return false;
            return walk(v, c, d.pa, d.bytes / sizeof d, 0, true);
        }
        if (!add_piece(v, c, &d))
            return false;
        if (!(d.flags & DESC_NEXT))
            return true;
        i = d.next;
    }
    return false; /* a loop */
}

int virtio_take(struct virtio *v, struct virtio_chain *c)
{
    struct virtq *q = &v->queue;
    if (!q->ready || !(v->status & STATUS_DRIVER_OK) || (v->status & STATUS_NEEDS_RESET))
        return 0;
    const uint8_t *ring = ram_at(v->machine, q->driver, 4 + 2 * (uint64_t)q->num);
    if (!ring)
        return broken(v);
    uint16_t idx, head;
    memcpy(&idx, ring + 2, 2);
    if (idx == q->seen)
        return 0;
    if ((uint16_t)(idx - q->seen) > q->num)
        return broken(v);
    memcpy(&head, ring + 4 + 2 * (q->seen % q->num), 2);
    q->seen++;
    c->head = head;
    c->nread = c->nwrite = 0;
    return walk(v, c, q->desc, q->num, head, false) ? 1 : broken(v);
}

void virtio_give(struct virtio *v, uint16_t head, uint32_t written)
{
    struct virtq *q = &v->queue;
    struct used_entry e = {head, written};
    uint8_t *ring = ram_at(v->machine, q->device, 4 + sizeof e * (uint64_t)q->num);
    const uint8_t *avail = ram_at(v->machine, q->driver, 2);
    if (!q->ready || !ring || !avail) {
        broken(v);
        return;
    }
    uint16_t idx, flags;
    memcpy(&idx, ring + 2, 2);
    memcpy(ring + 4 + sizeof e * (idx % q->num), &e, sizeof e);
    idx++;
    memcpy(ring + 2, &idx, 2);
    ram_written(v->machine, q->device, 4 + sizeof e * (uint64_t)q->num);
    memcpy(&flags, avail, 2);
    if (!(flags & AVAIL_NO_INTERRUPT))
        interrupt(v, INTERRUPT_QUEUE);
}

static void reset(struct virtio *v)
{
    v->status = 0;
    v->interrupt = 0;
    v->driver_features = 0;
    v->device_features_sel = v->driver_features_sel = v->queue_sel = 0;
    v->queue = (struct virtq){0};
    plic_set_level(v->machine, IRQ_VIRTIO + v->slot, false);
    if (v->reset)
        v->reset(v);
}

static uint64_t read_config(const struct virtio *v, uint64_t offset, unsigned bytes)
{
    uint64_t value = 0;
    if (offset + bytes <= v->config_bytes && bytes <= sizeof value)
        memcpy(&value, v->config + offset, bytes);
    return value;
}

static uint64_t virtio_read(void *arg, uint64_t offset, unsigned bytes)
{
    struct virtio *v = arg;
    if (offset == MAGIC)
        return 0x74726976; /* "virt" */
    if (offset == VERSION)
        return 2;
    if (offset == DEVICE_ID)
        return v->device_id;
    if (offset == VENDOR_ID)
        return 0x554d4551; /* as QEMU's */
    if (v->device_id == 0)
        return 0;
    if (offset >= CONFIG)
        return read_config(v, offset - CONFIG, bytes);
    switch (offset) {
    case DEVICE_FEATURES:
        return v->device_features_sel < 2 ? (uint32_t)(v->features >> (32 * v->device_features_sel)) : 0;
    case QUEUE_NUM_MAX:
        return v->queue_sel == 0 ? VIRTQ_MAX : 0;
    case QUEUE_READY:
        return v->queue_sel == 0 && v->queue.ready;
    case INTERRUPT_STATUS:
        return v->interrupt;
    case STATUS:
        return v->status;
    case CONFIG_GENERATION:
        return v->config_generation;
    }
    return 0;
}

static void set_half(uint64_t *word, bool high, uint32_t value)
{
    *word = high ? (*word & 0xffffffffull) | (uint64_t)value << 32 : (*word & ~0xffffffffull) | value;
}

static void set_driver_features(struct virtio *v, uint32_t value)
{
    if (v->driver_features_sel < 2 && !(v->status & STATUS_FEATURES_OK))
        set_half(&v->driver_features, v->driver_features_sel, value);
}

static void set_status(struct virtio *v, uint32_t value)
{
    if (value == 0) {
        reset(v);
        return;
    }
    /* 3.1.1: FEATURES_OK stays only if we can work with what the driver chose. (6.2: we may refuse one that does not take
       VIRTIO_F_VERSION_1; but QEMU does not, and xv6's takes nothing of the upper half.) */
    if ((value & STATUS_FEATURES_OK) && (v->driver_features & ~v->features))
        value &= ~(uint32_t)STATUS_FEATURES_OK;
    v->status = (value & 0xff) | (v->status & STATUS_NEEDS_RESET);
}

static void write_queue(struct virtio *v, uint64_t offset, uint32_t value)
{
    struct virtq *q = &v->queue;
    if (v->queue_sel != 0)
        return;
    if (offset == QUEUE_READY) {
        q->ready = (value & 1) && q->num;
        q->seen = 0;
    }
    if (q->ready)
        return; /* 4.2.2.2: not to be changed any more */
    switch (offset) {
    case QUEUE_NUM:
        if (value <= VIRTQ_MAX && (value & (value - 1)) == 0)
            q->num = value;
        break;
    case QUEUE_DESC_LOW:
    case QUEUE_DESC_HIGH:
        set_half(&q->desc, offset == QUEUE_DESC_HIGH, value);
        break;
    case QUEUE_DRIVER_LOW:
    case QUEUE_DRIVER_HIGH:
        set_half(&q->driver, offset == QUEUE_DRIVER_HIGH, value);
        break;
    case QUEUE_DEVICE_LOW:
    case QUEUE_DEVICE_HIGH:
        set_half(&q->device, offset == QUEUE_DEVICE_HIGH, value);
        break;
    }
}

static void virtio_write(void *arg, uint64_t offset, unsigned bytes, uint64_t value64)
{
    struct virtio *v = arg;
    uint32_t value = (uint32_t)value64;
    if (v->device_id == 0 || bytes != 4)
        return;
    switch (offset) {
    case DEVICE_FEATURES_SEL:
        v->device_features_sel = value;
        break;
    case DRIVER_FEATURES:
        set_driver_features(v, value);
        break;
    case DRIVER_FEATURES_SEL:
        v->driver_features_sel = value;
        break;
    case QUEUE_SEL:
        v->queue_sel = value;
        break;
    case QUEUE_NOTIFY:
        if (value == 0)
            v->notify(v);
        break;
    case INTERRUPT_ACK:
        v->interrupt &= ~value;
        interrupt(v, 0);
        break;
    case STATUS:
        set_status(v, value);
        break;
    default:
        write_queue(v, offset, value);
    }
}

int virtio_init(struct virtio *v, char *err, size_t errlen)
{
    uint64_t base = VIRTIO_BASE + v->slot * VIRTIO_STRIDE;
    return bus_add(v->machine, &(struct device){base, VIRTIO_STRIDE, virtio_read, virtio_write, v}, err, errlen);
}
