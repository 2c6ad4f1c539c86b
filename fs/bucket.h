/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Inside directories: buckets of entries (bucket.c), for what is done with names (dir.c) and for listing (dir_list.c).
 */
#ifndef TFS_BUCKET_H
#define TFS_BUCKET_H

#include "core.h"

struct bucket {
    struct tfs *fs;
    uint64_t fblk; /* lowest hash */
    uint64_t blk;
    void *data;
};

struct disk_shape *bucket_shape(void *bucket);
uint8_t *bucket_body(void *bucket);
/* Pins the bucket that is responsible for a hash. -TFS_ENOENT if the directory has none at all. */
int bucket_get(struct tfs_file *dir, uint64_t hash, int for_writing, struct bucket *);
void bucket_put(struct bucket *, int dirty);
int bucket_find(struct bucket *, const char *name, size_t n, uint64_t hash); /* offset of the entry, or negative */
/* Pins a writable bucket with room for an entry with that hash and name length. */
int bucket_with_room(struct tfs_file *dir, uint64_t hash, size_t n, struct bucket *);
void bucket_add(struct bucket *, const char *name, size_t n, uint64_t hash, const struct tfs_file *); /* there is room */

#endif
