/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Block cache of the host's tools: a tfs_env over an image, with a bounded number
 * of buffers, written back in long sequential pieces.
 */
#ifndef TARRY_HOSTCACHE_H
#define TARRY_HOSTCACHE_H

#include "image.h"
#include "../tfs.h"

struct hostcache;

struct hostcache *hostcache_new(struct image *); /* NULL: no memory */
void hostcache_free(struct hostcache *);         /* what is dirty is forgotten */
const struct tfs_env *hostcache_env(struct hostcache *);
void hostcache_set_time(struct hostcache *, uint64_t ns); /* what files that change from now on get as mtime */
/* The first complaint of the core since the last call with its block, "" if none; valid until the next call. */
const char *hostcache_complaint(struct hostcache *);
/* errno of the first failed transfer, 0 if none. */
int hostcache_errno(const struct hostcache *);

#endif
