/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A file as memory: what the policies without snapshots stand on. An Image is the live file, counted by the pieces of
 * source maps that name it. For mappings (mmap-private, mmap-shared) it also has frames, one for each
 * page of the file that is mapped somewhere: every segment maps the same frame, every write to the file changes it, and
 * so does a store through a shared mapping, which a later read, write or commit takes to the file.
 *
 * This is what deferred I/O is not: memory that changes under the feet of whoever reads it.
 */
#ifndef IMAGE_H
#define IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "page.h"
#include "../../fs/tfs.h"

typedef struct Image Image;

/* The image of a file; takes a reference. 0 or -T_ENOMEM. */
int attachimage(struct tfs_file *, Image **);
void refimage(Image *);
/* The last reference writes to the file what was stored. Takes fslock if the caller does not hold it. */
void putimage(Image *);
struct tfs_file *imagefile(const Image *);
uint64_t imageino(const Image *); /* the file's number; 0 before its first frame is loaded */

/* A snapshot of n bytes of the file at this moment, which leaves no trace. Given back with dropsnap. 0 or an error. */
int imagenow(Image *, uint64_t off, uint64_t n, struct tfs_snap **);

/*
 * The frame of page pn of the file, with a reference, in *page. 0, -T_EFAULT (the page is past the end of the file),
 * -T_EIO, -T_ENOMEM. May sleep; the caller does not hold fslock.
 */
int imagepage(Image *, uint64_t pn, Page **page);
/* The frame of page pn, which is resident, is about to be stored into through a shared mapping. */
void imagestored(Image *, uint64_t pn);
/* Has it been, since it was last written to the file? */
bool imagedirty(const Image *, uint64_t pn);

/* What the file has come to hold by a write call: n bytes at off. Frames follow. The caller holds fslock. */
void imagewritten(struct tfs_file *, uint64_t off, const void *src, uint64_t n);
/* The file has been cut or extended: pages past its end leave all segments. The caller holds no lock. */
void imageresized(struct tfs_file *);
/* Takes to the file (NULL: to all files) what was stored through shared mappings. The caller holds fslock. */
int imagesync(struct tfs_file *);
/* The same for memory's sake; a caller that holds fslock gets nothing. Returns how many pages were written. */
size_t imagewriteback(void);
/* Gives up to n frames back that nobody maps and whose bytes the file has. Does not sleep. */
size_t imagereclaim(size_t n);

#endif
