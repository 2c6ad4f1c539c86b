/* SPDX-License-Identifier: GPL-2.0-only */
/* A disk that gets full, in the world of world.h: a file takes all of it, and gives back what is wanted. */
#include <stdlib.h>
#include "world.h"

enum { GIVE = 64 }; /* blocks that are given back at a time */

static void cut_hog(World *w, uint64_t length)
{
    if (tfs_truncate(w->hog, length) < 0 || tfs_commit(rootfs) < 0)
        abort();
}

int64_t world_fill(World *w, uint64_t blocks)
{
    static const unsigned char block[MODEL_PAGE];
    if (w->hog == NULL) {
        struct tfs_file *root = tfs_root(rootfs);
        int r = tfs_create(root, "hog", 0600, &w->hog);
        tfs_unref(root);
        if (r < 0)
            return r == -TFS_ENOSPC ? 0 : r;
    }
    uint64_t n = file_length(w->hog) / MODEL_PAGE;
    int64_t got;
    w->torn = true;
    while ((got = tfs_write(w->hog, n * MODEL_PAGE, block, MODEL_PAGE)) == MODEL_PAGE)
        n++;
    cut_hog(w, (n > blocks ? n - blocks : 0) * MODEL_PAGE);
    return got == -TFS_ENOSPC ? 0 : got;
}

bool world_give(World *w)
{
    uint64_t n = w->hog != NULL ? file_length(w->hog) / MODEL_PAGE : 0;
    if (n > 0)
        cut_hog(w, (n > GIVE ? n - GIVE : 0) * MODEL_PAGE);
    return n > 0;
}

void world_end_full(World *w)
{
    struct tfs_file *root = tfs_root(rootfs);
    if (w->hog != NULL) {
        tfs_remove(root, "hog");
        file_put(w->hog);
    }
    tfs_unref(root);
    w->hog = NULL;
    w->torn = false;
}
