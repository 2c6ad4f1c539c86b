/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The directory /snap: the named snapshots of the file system (fs/named.c), each a tree of files that cannot be changed. It
 * is there if there are any.
 */
#include <string.h>
#include "cache.h"
#include "devfs.h"
#include "proc.h"
#include "procprivate.h"

typedef struct View View;
struct View {
    View *next;
    struct tfs *fs;
    char name[sizeof((struct tfs_named *)0)->name];
};

static View *views; /* snapshots that were looked into; under fslock */

Chan *snaproot(void)
{
    struct tfs_named n;
    uint64_t cookie = 0;
    qlock(&fslock);
    bool any = rootfs != NULL && tfs_named_next(rootfs, &cookie, &n) > 0;
    qunlock(&fslock);
    return any ? newchan(&snapdev, 0, true, NULL) : NULL;
}

/* The caller holds fslock. 0 or a TFS_E code. */
static int viewof(const char *name, View **out)
{
    for (View *v = views; v != NULL; v = v->next)
        if (strcmp(v->name, name) == 0) {
            *out = v;
            return 0;
        }
    if (strlen(name) >= sizeof views->name)
        return -TFS_ENOENT;
    View *v = kalloc(sizeof *v);
    if (v == NULL)
        return -TFS_ENOMEM;
    int err = tfs_named_mount(rootfs, name, &v->fs);
    if (err < 0) {
        kfree(v);
        return err;
    }
    strcpy(v->name, name);
    v->next = views;
    *out = views = v;
    return 0;
}

void snapunmount(void)
{
    while (views != NULL) {
        View *v = views;
        views = v->next;
        tfs_unmount(v->fs);
        kfree(v);
    }
}

static int walk(Chan *dir, const char *name, Chan **out)
{
    View *v;
    (void)dir;
    qlock(&fslock);
    int err = viewof(name, &v);
    err = err == -TFS_ENOENT ? error(T_ENOENT, "%s: file does not exist", name)
          : err < 0          ? fserror(err)
                             : fschan(tfs_root(v->fs), out);
    qunlock(&fslock);
    return err;
}

static int readdir(Chan *c, struct tarry_stat *st)
{
    struct tfs_named n;
    qlock(&fslock);
    int got = tfs_named_next(rootfs, &c->cookie, &n);
    qunlock(&fslock);
    if (got <= 0)
        return got < 0 ? fserror(got) : 0;
    synthstat(st, n.name, &snapdev, n.epoch, DMDIR | 0555);
    st->mtime_ns = n.taken_ns;
    return 1;
}

static int stat(Chan *c, struct tarry_stat *st)
{
    synthstat(st, "snap", &snapdev, c->qid, DMDIR | 0555);
    return 0;
}

const Dev snapdev = {.letter = 'S', .walk = walk, .readdir = readdir, .stat = stat};
