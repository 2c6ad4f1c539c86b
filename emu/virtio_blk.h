/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * virtio block device (virtio 1.2, 5.2) on an image, with a timing model. A
 * request is queued when the guest notifies, and done - bytes moved, interrupt
 * raised - when its virtual time has come.
 */
#ifndef EMU_VIRTIO_BLK_H
#define EMU_VIRTIO_BLK_H

#include <stddef.h>

struct image;
struct machine;
struct virtio_blk;

/* A device in `slot`; image NULL: the empty slot's registers only. Returns NULL with a message. */
struct virtio_blk *virtio_blk_new(struct machine *, unsigned slot, struct image *, char *err, size_t errlen);
void virtio_blk_free(struct virtio_blk *);
/* The clock's event for this disk: completes the oldest request. */
void virtio_blk_complete(struct virtio_blk *);

#endif
