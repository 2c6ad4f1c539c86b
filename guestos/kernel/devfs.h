/* SPDX-License-Identifier: GPL-2.0-only */
/* The file system of disk 0, as a device: `/`. */
#ifndef DEVFS_H
#define DEVFS_H

#include <stdbool.h>
#include "chan.h"
#include "../../fs/tfs.h"

int fsmount(void);   /* 0 or a negative T_ code with the error text */
int fsunmount(void); /* makes it durable and forgets it */
int fssync(void);
Chan *fsroot(void);  /* NULL with the error set: no memory */
bool isfsroot(const Chan *);
bool isfsfile(const Chan *);
struct tfs_file *fsfile(const Chan *);
/* A channel for a file, whose reference it takes over. The caller holds fslock. 0 or a T_ error. */
int fschan(struct tfs_file *, Chan **);
/* Lets go of the named snapshots that were looked into (devsnap.c). The caller holds fslock. */
void snapunmount(void);

#endif
