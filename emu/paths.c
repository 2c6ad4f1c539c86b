/* SPDX-License-Identifier: GPL-2.0-only */
/* Where the kernel and the guest's image are found. */
#include "paths.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool there(char *path, size_t len, const char *dir, const char *sub, const char *name)
{
    int n = snprintf(path, len, "%s%s/%s", dir, sub, name);
    return n > 0 && (size_t)n < len && access(path, R_OK) == 0;
}

bool find_shipped(const char *name, char *path, size_t pathlen, char *err, size_t errlen)
{
    const char *home = getenv("TARRY_HOME");
    if (home) {
        if (there(path, pathlen, home, "", name))
            return true;
        snprintf(err, errlen, "no readable %s in TARRY_HOME=%s; correct it or unset it", name, home);
        return false;
    }
    char dir[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", dir, sizeof dir - 1);
    if (n < 0)
        n = 0;
    dir[n] = '\0';
    char *slash = strrchr(dir, '/');
    if (slash)
        *slash = '\0';
    if (there(path, pathlen, dir, "", name) || there(path, pathlen, dir, "/../share/tarry", name))
        return true;
    snprintf(err, errlen, "no %s in %.200s or %.200s/../share/tarry; build it with make, or set TARRY_HOME", name, dir, dir);
    return false;
}
