/* SPDX-License-Identifier: GPL-2.0-only */
/* Directories for ordinary programs: what <dirent.h> includes. "." and ".." are not listed. */
#ifndef SYS_DIRENT_H
#define SYS_DIRENT_H

#include <sys/types.h>
#include <tarry/abi.h>

struct dirent {
    ino_t d_ino;
    unsigned char d_type; /* DT_DIR, DT_REG, DT_UNKNOWN */
    char d_name[TARRY_NAME_MAX + 1];
};

enum { DT_UNKNOWN = 0, DT_DIR = 4, DT_REG = 8 };

typedef struct DIR DIR;

DIR *opendir(const char *path);   /* NULL and errno on failure */
struct dirent *readdir(DIR *dir); /* NULL at the end; valid until the next call on dir */
void rewinddir(DIR *dir);
int closedir(DIR *dir);

#endif
