/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * virtio over MMIO (virtio 1.2, 4.2), modern interface, and split virtqueues
 * (2.7). The rings lie in guest memory and may hold anything: every address
 * is checked, every walk is bounded.
 */
#ifndef EMU_VIRTIO_H
#define EMU_VIRTIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct machine;

#define VIRTIO_ID_BLOCK 2
#define VIRTIO_F_INDIRECT_DESC (1ull << 28)
#define VIRTIO_F_VERSION_1 (1ull << 32)

#define VIRTQ_MAX 256 /* entries of a queue */

struct virtq {
    uint32_t num;
    bool ready;
    uint64_t desc, driver, device; /* guest-physical addresses of the three parts */
    uint16_t seen;                 /* available ring: next entry to take */
};

/* One piece of a request; `host` points into guest RAM. */
struct virtio_piece {
    uint8_t *host;
    uint64_t pa;
    uint32_t bytes;
};

/* A request: pieces that the device reads, then pieces that it writes. */
struct virtio_chain {
    uint16_t head;
    unsigned nread, nwrite;
    struct virtio_piece piece[VIRTQ_MAX + 2];
};

struct virtio {
    struct machine *machine;
    unsigned slot;
    uint32_t device_id; /* 0: empty slot */
    uint64_t features;  /* offered */
    uint64_t driver_features;
    uint32_t device_features_sel, driver_features_sel;
    uint32_t status, interrupt, config_generation;
    struct virtq queue; /* all our devices have one */
    uint32_t queue_sel;
    const uint8_t *config;
    size_t config_bytes;
    void (*notify)(struct virtio *);
    void (*reset)(struct virtio *);
};

/* Puts the device into its slot on the bus. Returns 0, or -1 with a message. */
int virtio_init(struct virtio *, char *err, size_t errlen);
/* Takes the next request. 1: taken; 0: none; -1: the ring is broken, the device needs a reset. */
int virtio_take(struct virtio *, struct virtio_chain *);
/* Gives a request back after `written` bytes were written to its pieces, and interrupts. */
void virtio_give(struct virtio *, uint16_t head, uint32_t written);

#endif
