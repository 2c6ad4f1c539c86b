/* SPDX-License-Identifier: GPL-2.0-only */
/* statvfs (POSIX): the room in a file system. There is one; statvfs.c reads /dev/fs. */
#ifndef SYS_STATVFS_H
#define SYS_STATVFS_H

#include <sys/types.h>

struct statvfs {
    unsigned long f_bsize, f_frsize; /* bytes of a block */
    fsblkcnt_t f_blocks;             /* of the disk */
    fsblkcnt_t f_bfree, f_bavail;    /* free */
    fsfilcnt_t f_files, f_ffree, f_favail; /* 0: files are limited by blocks only */
    unsigned long f_fsid, f_flag;    /* 0 */
    unsigned long f_namemax;         /* bytes of a name */
};

int statvfs(const char *path, struct statvfs *); /* 0, or -1 and errno */
int fstatvfs(int fd, struct statvfs *);

#endif
