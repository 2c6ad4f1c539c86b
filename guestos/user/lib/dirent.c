/* SPDX-License-Identifier: GPL-2.0-only */
/* opendir and friends: a read of a directory gives an array of struct tarry_stat, whole ones only (abi.h). */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tarry.h"

enum { ATONCE = 8 };

struct DIR {
    int fd;
    int have, next; /* entries in `some`, the next to hand out */
    struct tarry_stat some[ATONCE];
    struct dirent entry;
};

DIR *opendir(const char *path)
{
    int fd = (int)sys_open(path, OREAD);
    if (fd < 0) {
        errno = -fd;
        return NULL;
    }
    DIR *d = calloc(1, sizeof *d);
    struct tarry_stat *st = d ? d->some : NULL;
    if (!d || dirfstat(fd, st) < 0 || !(st->mode & DMDIR)) {
        errno = d ? ENOTDIR : ENOMEM;
        free(d);
        close(fd);
        return NULL;
    }
    d->fd = fd;
    return d;
}

struct dirent *readdir(DIR *d) {
    if (d->next >= d->have) {
        ssize_t n = read(d->fd, d->some, sizeof d->some);
        d->have = n > 0 ? (int)((size_t)n / sizeof d->some[0]) : 0;
        d->next = 0;
        if (!d->have)
            return NULL;
    }
    const struct tarry_stat *st = &d->some[d->next++];
    d->entry.d_ino = (ino_t)st->path;
    d->entry.d_type = st->mode & DMDIR ? DT_DIR : st->dev == 'f' ? DT_REG : DT_UNKNOWN;
    strcpy(d->entry.d_name, st->name);
    return &d->entry;
}

void rewinddir(DIR *d)
{
    lseek(d->fd, 0, SEEK_SET);
    d->have = d->next = 0;
}

int closedir(DIR *d)
{
    int r = close(d->fd);
    free(d);
    return r;
}
