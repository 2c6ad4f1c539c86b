/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A tfs file system inside an image, for host programs: mounting, and moving
 * files and trees between the host and the image by path.
 */
#ifndef TARRY_HOSTFS_H
#define TARRY_HOSTFS_H

#include "image.h"
#include "../tfs.h"

struct hostfs;

/* Every function that takes err puts a message there that names the file and the remedy, and returns NULL or -1. */
int hostfs_format(struct image *, char *err, size_t errlen);
struct hostfs *hostfs_mount(struct image *, char *err, size_t errlen); /* the image stays the caller's */
/* tfs_repair of an image that is not mounted; `say` gets each repair in words. Returns how many, or -1. */
int64_t hostfs_repair(struct image *, void (*say)(void *arg, const char *), void *arg, char *err, size_t errlen);
int hostfs_unmount(struct hostfs *, char *err, size_t errlen);         /* commits */
struct tfs *hostfs_tfs(struct hostfs *);

/* Copies a host file or tree to guest path `to` (parents are made; holes stay holes; mode as on the host). */
int hostfs_put(struct hostfs *, const char *from, const char *to, char *err, size_t errlen);
/* Copies a guest file or tree to the host; a regular file is written beside and renamed into place. to "-": stdout. */
int hostfs_get(struct hostfs *, const char *from, const char *to, char *err, size_t errlen);
/* A named snapshot as a file system that cannot be changed; it is the hostfs's. 0 or a negative TFS_E code. */
int hostfs_snapshot(struct hostfs *, const char *name, struct tfs **);
/* What has the time of now: snapshots. */
void hostfs_now(struct hostfs *);
/* Walks a path from the root; /snap/NAME is a named snapshot, if there is no /snap in the image. The file must be released with tfs_unref. Returns 0 or a negative TFS_E code. */
int hostfs_walk(struct hostfs *, const char *path, struct tfs_file **);

/* Called often during puts and gets, with the path of the file at hand; how many files are done, and bytes of all. */
typedef void hostfs_progress(void *arg, const char *path, uint64_t files, uint64_t bytes);
void hostfs_on_progress(struct hostfs *, hostfs_progress *, void *arg);
/* Puts "what: why; remedy" for a TFS_E code into err, with what the core complained about. Returns -1. */
int hostfs_fail(struct hostfs *, int code, const char *what, char *err, size_t errlen);

/* `tarry fs ...`: argv[0] is "fs". Returns the exit status. */
int cmd_fs(int argc, char **argv);

#endif
