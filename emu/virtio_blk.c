/* SPDX-License-Identifier: GPL-2.0-only */
/* The block device. One server: requests are served in the order of their arrival. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../fs/host/image.h"
#include "../traces/events.h"
#include "disk_fault.h"
#include "disk_power.h"
#include "machine_priv.h"
#include "virtio.h"
#include "virtio_blk.h"

#define SECTOR 512ull

#define BLK_F_SEG_MAX (1ull << 2)
#define BLK_F_RO (1ull << 5)
#define BLK_F_BLK_SIZE (1ull << 6)
#define BLK_F_FLUSH (1ull << 9)

enum { BLK_IN = 0, BLK_OUT = 1, BLK_FLUSH = 4, BLK_GET_ID = 8 };
enum { BLK_S_OK = 0, BLK_S_IOERR = 1, BLK_S_UNSUPP = 2, BLK_S_BAD = 255 };

#define ID_BYTES 20

struct blk_config { /* 5.2.4, up to what we offer */
    uint64_t capacity;
    uint32_t size_max, seg_max;
    uint16_t cylinders;
    uint8_t heads, sectors;
    uint32_t blk_size;
};

struct header { /* 5.2.6 */
    uint32_t type, reserved;
    uint64_t sector;
};

struct request {
    struct request *next;
    struct virtio_chain chain;
    struct header header;
    uint64_t bytes;    /* of data */
    uint64_t due;      /* virtual ns of its completion */
    uint64_t event;    /* row of the trace */
    uint8_t *status;   /* where the status byte goes; NULL: nowhere, the request is malformed */
    uint64_t status_pa;
};

struct virtio_blk {
    struct virtio virtio; /* first: virtio's callbacks get it */
    struct image *image;
    struct blk_config config;
    struct request *first, **last; /* waiting and in service */
    unsigned outstanding;          /* how many; more than the queue has entries is a broken driver */
    uint64_t busy_until;           /* virtual ns */
    uint64_t writes;               /* done */
    uint64_t next_sector;          /* where the head stands after the last request */
    struct disk_fault_state faults;
    struct disk_power power; /* kept if sectors can be lost */
};

static struct virtio_blk *of(struct virtio *v)
{
    return (struct virtio_blk *)v;
}

/* Copies the first n bytes of the pieces that the device reads and drops them from the chain. */
static bool take_bytes(struct virtio_chain *c, void *to, uint32_t n)
{
    uint8_t *out = to;
    for (unsigned i = 0; i < c->nread && n; i++) {
        struct virtio_piece *p = &c->piece[i];
        uint32_t now = p->bytes < n ? p->bytes : n;
        memcpy(out, p->host, now);
        p->host += now, p->pa += now, p->bytes -= now;
        out += now, n -= now;
    }
    return n == 0;
}

/* The last byte that the device may write is the status (5.2.6). */
static void take_status(struct request *r)
{
    struct virtio_chain *c = &r->chain;
    for (unsigned i = c->nread + c->nwrite; i-- > c->nread;) {
        struct virtio_piece *p = &c->piece[i];
        if (p->bytes) {
            p->bytes--;
            r->status = p->host + p->bytes;
            r->status_pa = p->pa + p->bytes;
            return;
        }
    }
}

static uint64_t data_bytes(const struct request *r)
{
    const struct virtio_chain *c = &r->chain;
    unsigned from = r->header.type == BLK_OUT ? 0 : c->nread;
    unsigned to = r->header.type == BLK_OUT ? c->nread : c->nread + c->nwrite;
    uint64_t n = 0;
    for (unsigned i = from; i < to; i++)
        n += c->piece[i].bytes;
    return n;
}

static uint64_t service_ns(struct virtio_blk *b, const struct request *r)
{
    const struct disk_model *model = &b->virtio.machine->config.disk_model;
    uint64_t sectors = r->bytes / SECTOR;
    switch (r->header.type) {
    case BLK_IN:
    case BLK_OUT: {
        bool seek = r->header.sector != b->next_sector;
        b->next_sector = r->header.sector + sectors;
        return model->access_ns + (seek ? model->seek_ns : 0) + sectors * model->ns_per_sector;
    }
    case BLK_FLUSH:
        return model->flush_ns;
    default:
        return model->access_ns;
    }
}

static uint64_t trace_op(uint32_t type)
{
    switch (type) {
    case BLK_IN:
        return EV_disk_op_read;
    case BLK_OUT:
        return EV_disk_op_write;
    case BLK_FLUSH:
        return EV_disk_op_flush;
    case BLK_GET_ID:
        return EV_disk_op_get_id;
    default:
        return EV_disk_op_other;
    }
}

static void trace_request(struct virtio_blk *b, struct request *r, uint64_t queue_ns, uint64_t service)
{
    struct machine *m = b->virtio.machine;
    bool moves = r->header.type == BLK_IN || r->header.type == BLK_OUT;
    struct disk_hint hint = traceport_disk_hint(m, r->header.sector);
    uint64_t cols[] = {b->virtio.slot, trace_op(r->header.type), hint.class, r->header.sector,
                       moves ? r->bytes / SECTOR : 0, queue_ns, service};
    r->event = traceport_event(m, EV_disk_request, hart_block_pc(&m->hart), hint.cause, cols, 7);
}

/* Puts the request at the end of the queue and says when it will be done. */
static void enqueue(struct virtio_blk *b, struct request *r)
{
    uint64_t now = clock_now(b->virtio.machine);
    uint64_t start = b->busy_until > now ? b->busy_until : now;
    uint64_t service = service_ns(b, r);
    r->due = b->busy_until = start + service;
    trace_request(b, r, start - now, service);
    if (!b->first)
        clock_set(b->virtio.machine, CLOCK_DISK + b->virtio.slot, r->due);
    *b->last = r;
    b->last = &r->next;
    b->outstanding++;
}

static void on_notify(struct virtio *v)
{
    struct virtio_blk *b = of(v);
    while (b->outstanding < v->queue.num) {
        struct request *r = calloc(1, sizeof *r);
        if (!r) {
            machine_stop(v->machine, STOP_ERROR, 1, "the host is out of memory");
            return;
        }
        if (virtio_take(v, &r->chain) != 1) {
            free(r);
            return;
        }
        if (!take_bytes(&r->chain, &r->header, sizeof r->header))
            r->header.type = UINT32_MAX;
        take_status(r);
        r->bytes = data_bytes(r);
        enqueue(b, r);
    }
}

/* A fault of the disk (disk_fault.h): a bit of what is read is another. `bit` is it, if it lies in the piece's bytes. */
static void flip(const struct virtio_piece *p, uint64_t bit)
{
    if (bit / 8 < p->bytes)
        ((uint8_t *)p->host)[bit / 8] ^= (uint8_t)(1u << bit % 8);
}

/* Moves the data between the image and the pieces [from, to). */
static uint8_t move(struct virtio_blk *b, const struct request *r, unsigned from, unsigned to)
{
    uint64_t capacity = b->config.capacity, sectors = r->bytes / SECTOR;
    if (r->bytes % SECTOR || r->header.sector > capacity || sectors > capacity - r->header.sector)
        return BLK_S_IOERR;
    uint64_t offset = r->header.sector * SECTOR, start = offset, bit = 0;
    bool flips = r->header.type == BLK_IN &&
                 disk_faults_flip(b->virtio.machine->config.disk_faults, &b->faults, b->virtio.slot, offset, r->bytes, &bit);
    for (unsigned i = from; i < to; i++) {
        const struct virtio_piece *p = &r->chain.piece[i];
        int bad = r->header.type == BLK_IN ? image_read(b->image, offset, p->host, p->bytes)
                                           : image_write(b->image, offset, p->host, p->bytes);
        if (bad)
            return BLK_S_IOERR;
        if (flips && bit / 8 >= offset - start)
            flip(p, bit - (offset - start) * 8);
        if (r->header.type == BLK_IN)
            ram_written(b->virtio.machine, p->pa, p->bytes);
        offset += p->bytes;
    }
    return BLK_S_OK;
}

static uint8_t get_id(struct virtio_blk *b, const struct request *r)
{
    char id[ID_BYTES] = {0};
    snprintf(id, sizeof id, "tarry-disk-%u", b->virtio.slot);
    size_t at = 0;
    if (r->bytes < ID_BYTES)
        return BLK_S_IOERR;
    for (unsigned i = r->chain.nread; i < r->chain.nread + r->chain.nwrite && at < ID_BYTES; i++) {
        const struct virtio_piece *p = &r->chain.piece[i];
        size_t n = p->bytes < ID_BYTES - at ? p->bytes : ID_BYTES - at;
        memcpy(p->host, id + at, n);
        ram_written(b->virtio.machine, p->pa, n);
        at += n;
    }
    return BLK_S_OK;
}

/* Was the disk made to fail this one? */
static bool fails(struct virtio_blk *b, const struct request *r)
{
    static const enum disk_fault_kind kinds[] = {
        [BLK_IN] = DISK_FAULT_READ, [BLK_OUT] = DISK_FAULT_WRITE, [BLK_FLUSH] = DISK_FAULT_FLUSH};
    if (r->header.type >= sizeof kinds / sizeof kinds[0] || kinds[r->header.type] == 0 ||
        r->header.sector > b->config.capacity)
        return false;
    return disk_faults_hit(b->virtio.machine->config.disk_faults, &b->faults, b->virtio.slot, kinds[r->header.type],
                           r->header.sector * SECTOR, r->bytes);
}

/* --disk-fault power: this write is the first that was not done, or that was done in part. */
static void cut_power(struct virtio_blk *b, const struct request *r, const struct disk_fault *f)
{
    uint64_t writes = b->writes;
    if (f->loses && (move(b, r, 0, r->chain.nread) != BLK_S_OK || disk_power_lose(&b->power, b->image, f->seed) != 0))
        machine_stop(b->virtio.machine, STOP_ERROR, 1, "the image cannot be written");
    machine_stop(b->virtio.machine, STOP_POWER, 1, "the power was cut after %llu writes to the disk", (unsigned long long)writes);
}

static uint8_t write_sectors(struct virtio_blk *b, const struct request *r)
{
    const struct disk_faults *faults = b->virtio.machine->config.disk_faults;
    uint64_t offset = r->header.sector * SECTOR;
    const struct disk_fault *cut = disk_faults_power(faults, &b->faults, b->virtio.slot, offset, r->bytes);
    if (disk_faults_lose(faults) && disk_power_note(&b->power, b->image, offset, r->bytes) != 0)
        return BLK_S_IOERR;
    if (cut != NULL) {
        cut_power(b, r, cut);
        return BLK_S_IOERR;
    }
    b->writes++;
    return move(b, r, 0, r->chain.nread);
}

static uint8_t flush(struct virtio_blk *b)
{
    if (image_flush(b->image))
        return BLK_S_IOERR;
    disk_power_flushed(&b->power);
    return BLK_S_OK;
}

static uint8_t perform(struct virtio_blk *b, const struct request *r)
{
    if (fails(b, r))
        return BLK_S_IOERR;
    switch (r->header.type) {
    case BLK_IN:
        return move(b, r, r->chain.nread, r->chain.nread + r->chain.nwrite);
    case BLK_OUT:
        return write_sectors(b, r);
    case BLK_FLUSH:
        return flush(b);
    case BLK_GET_ID:
        return get_id(b, r);
    default:
        return BLK_S_UNSUPP;
    }
}

static void finish(struct virtio_blk *b, struct request *r)
{
    struct machine *m = b->virtio.machine;
    uint8_t status = r->status ? perform(b, r) : BLK_S_BAD;
    uint32_t written = r->status ? 1 : 0;
    if (r->status) {
        *r->status = status;
        ram_written(m, r->status_pa, 1);
    }
    if (status == BLK_S_OK && r->header.type == BLK_IN)
        written += (uint32_t)r->bytes;
    uint64_t result = status;
    traceport_end(m, r->event, EV_disk_request, &result, 1);
    m->trace.last_disk = r->event;
    virtio_give(&b->virtio, r->chain.head, written);
}

void virtio_blk_complete(struct virtio_blk *b)
{
    struct request *r = b->first;
    if (!r)
        return;
    b->first = r->next;
    b->outstanding--;
    if (!b->first)
        b->last = &b->first;
    else
        clock_set(b->virtio.machine, CLOCK_DISK + b->virtio.slot, b->first->due);
    finish(b, r);
    free(r);
}

static void drop_requests(struct virtio_blk *b)
{
    while (b->first) {
        struct request *r = b->first;
        b->first = r->next;
        free(r);
    }
    b->last = &b->first;
    b->outstanding = 0;
}

static void on_reset(struct virtio *v)
{
    struct virtio_blk *b = of(v);
    drop_requests(b);
    b->busy_until = 0;
    clock_set(v->machine, CLOCK_DISK + v->slot, CLOCK_NEVER);
}

static void attach(struct virtio_blk *b, struct image *image)
{
    struct virtio *v = &b->virtio;
    b->image = image;
    b->config.capacity = image_size(image) / SECTOR;
    b->config.seg_max = VIRTQ_MAX - 2;
    b->config.blk_size = 512;
    v->device_id = VIRTIO_ID_BLOCK;
    v->features = (image_readonly(image) ? BLK_F_RO : 0) | BLK_F_SEG_MAX | BLK_F_BLK_SIZE | BLK_F_FLUSH | VIRTIO_F_INDIRECT_DESC | VIRTIO_F_VERSION_1;
    v->config = (const uint8_t *)&b->config;
    v->config_bytes = sizeof b->config;
    v->notify = on_notify;
    v->reset = on_reset;
}

struct virtio_blk *virtio_blk_new(struct machine *m, unsigned slot, struct image *image, char *err, size_t errlen)
{
    struct virtio_blk *b = calloc(1, sizeof *b);
    if (!b) {
        snprintf(err, errlen, "the host is out of memory");
        return NULL;
    }
    b->last = &b->first;
    b->virtio.machine = m;
    b->virtio.slot = slot;
    if (image)
        attach(b, image);
    if (virtio_init(&b->virtio, err, errlen) != 0) {
        free(b);
        return NULL;
    }
    return b;
}

void virtio_blk_free(struct virtio_blk *b)
{
    if (b) {
        drop_requests(b);
        disk_power_free(&b->power);
    }
    free(b);
}
