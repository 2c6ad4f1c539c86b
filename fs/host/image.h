/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A disk image on the host as an array of bytes, with or without changes
 * kept: what a virtual disk and the host's file-system tools stand on.
 */
#ifndef TARRY_IMAGE_H
#define TARRY_IMAGE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

struct image;

enum image_mode {
    IMAGE_READ,    /* writes fail */
    IMAGE_WRITE,   /* writes go to the file */
    IMAGE_PRIVATE, /* writes go to an unnamed sparse temporary file; the image stays as it was */
};

/*
 * Opens an existing image. It is locked against other programs that would change it, or (IMAGE_WRITE) use
 * it at all. Returns NULL with a message naming the file and the remedy in err.
 */
struct image *image_open(const char *path, enum image_mode, char *err, size_t errlen);
/* Makes a new sparse image of `bytes` bytes; refuses to replace an existing file unless force. */
struct image *image_create(const char *path, uint64_t bytes, int force, char *err, size_t errlen);
uint64_t image_size(const struct image *); /* bytes */
int image_readonly(const struct image *); /* opened with IMAGE_READ */
const char *image_path(const struct image *); /* as it was opened */
/* Both return 0 or a negative errno; a range outside of the image is -EINVAL. */
int image_read(struct image *, uint64_t off, void *buf, size_t n);
int image_write(struct image *, uint64_t off, const void *buf, size_t n);
/* The same to and from pieces of memory, one after the other; count <= IMAGE_PIECES. */
enum { IMAGE_PIECES = 128 };
int image_readv(struct image *, uint64_t off, const struct iovec *, int count);
int image_writev(struct image *, uint64_t off, const struct iovec *, int count);
int image_flush(struct image *); /* to the medium for IMAGE_WRITE; nothing otherwise */
/* Says that a flush comes sooner or later: the host may begin to write what was written. */
void image_begin_flush(struct image *);
/*
 * From now on what is written stays in memory (and is copied with the process by fork). 0, or -ENOMEM.
 * image_release writes it to where it belongs: 0 or a negative errno. Without it, it is forgotten.
 */
int image_hold(struct image *);
int image_release(struct image *);
void image_close(struct image *);

#endif
