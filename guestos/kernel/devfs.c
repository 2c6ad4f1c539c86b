/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The file system of disk 0. Contents go through fileread and filewrite (segment.h), everything else
 * straight to the core (fs/tfs.h), under fslock.
 */
#include <string.h>
#include "cache.h"
#include "devfs.h"
#include "image.h"
#include "policy.h"
#include "proc.h"
#include "procprivate.h"
#include "swap.h"
#include "virtio.h"

QLock fslock;
struct tfs *rootfs;

static struct tfs_file *rootfile; /* the mounted file system holds it */

int fserror(int64_t code)
{
    if (code == -TFS_ECORRUPT)
        return error(T_EIO, "file system is damaged");
    if (code == -TFS_EPERM)
        return error(T_EPERM, "file is append-only");
    if (code == -TFS_EXDEV)
        return error(T_EPERM, "not on the same file system");
    return error((int)-code, "%s", errortext((int)-code));
}

int fsmount(void)
{
    qlock(&fslock);
    int err = tfs_mount(&cacheenv, diskblocks(), &rootfs);
    if (err == 0) {
        tfs_set_scope(rootfs, snapshot_scope);
        rootfile = tfs_root(rootfs);
        tfs_unref(rootfile);
    }
    qunlock(&fslock);
    return err < 0 ? fserror(err) : 0;
}

int fsunmount(void)
{
    if (rootfs == NULL)
        return 0;
    qlock(&fslock);
    swapend();
    snapunmount();
    int err = tfs_unmount(rootfs);
    rootfs = NULL;
    qunlock(&fslock);
    return err < 0 ? fserror(err) : 0;
}

int fssync(void)
{
    qlock(&fslock);
    int stored = imagesync(NULL), err = tfs_commit(rootfs);
    qunlock(&fslock);
    return err < 0 ? fserror(err) : stored;
}

struct tfs_file *fsfile(const Chan *c)
{
    return c->aux;
}

bool isfsfile(const Chan *c)
{
    return c->dev == &fsdev;
}

bool isfsroot(const Chan *c)
{
    return isfsfile(c) && c->aux == rootfile; /* not that of a snapshot */
}

int fschan(struct tfs_file *f, Chan **out)
{
    struct tfs_stat st;
    int err = tfs_stat(f, &st);
    if (err < 0)
        err = fserror(err);
    else if ((*out = newchan(&fsdev, st.ino, (st.mode & DMDIR) != 0, f)) == NULL)
        err = -T_ENOMEM;
    if (err < 0)
        tfs_unref(f);
    return err;
}

Chan *fsroot(void)
{
    Chan *c = NULL;
    qlock(&fslock);
    fschan(tfs_root(rootfs), &c);
    qunlock(&fslock);
    return c;
}

/* want: of rwx bits. The caller holds fslock. 0 or a T_ error. */
static int allowed(struct tfs_file *f, unsigned want)
{
    return tfs_access(f, want) == 0 ? 0 : error(T_EACCES, "permission denied");
}

/* To change what is in a directory. */
static int changeable(Chan *dir)
{
    return allowed(fsfile(dir), 2);
}

static int fswalk(Chan *dir, const char *name, Chan **out)
{
    struct tfs_file *f;
    qlock(&fslock);
    int err = allowed(fsfile(dir), 1);
    if (err == 0) {
        err = tfs_walk(fsfile(dir), name, &f);
        err = err == -TFS_ENOENT ? error(T_ENOENT, "%s: file does not exist", name)
              : err < 0          ? fserror(err)
                                 : fschan(f, out);
    }
    qunlock(&fslock);
    return err;
}

static int checkmode(struct tfs_file *f, const struct tfs_stat *st, int mode)
{
    static const unsigned needs[4] = {[OREAD] = 4, [OWRITE] = 2, [ORDWR] = 6, [OEXEC] = 1};
    if ((st->mode & DMDIR) && ((mode & 3) != OREAD || (mode & OTRUNC)))
        return error(T_EISDIR, "is a directory");
    return allowed(f, needs[mode & 3] | (mode & OTRUNC ? 2 : 0));
}

/* An append-only file is not truncated, though the open succeeds (Plan 9's open(5)); all that is written goes to its end. */
static int fsopen(Chan *c, int mode)
{
    struct tfs_stat st;
    qlock(&fslock);
    int err = tfs_stat(fsfile(c), &st);
    err = err < 0 ? fserror(err) : checkmode(fsfile(c), &st, mode);
    if (err == 0 && (st.mode & DMAPPEND))
        c->mode |= OAPPEND;
    bool cut = err == 0 && (mode & OTRUNC) && !(st.mode & DMAPPEND);
    if (cut && st.length > 0)
        err = (err = tfs_truncate(fsfile(c), 0)) < 0 ? fserror(err) : 0;
    qunlock(&fslock);
    if (cut && err == 0)
        imageresized(fsfile(c));
    return err;
}

static int fscreate(Chan *dir, const char *name, int mode, uint32_t perm, Chan **out)
{
    struct tfs_file *f;
    (void)mode;
    qlock(&fslock);
    int err = changeable(dir);
    if (err == 0) {
        err = tfs_create(fsfile(dir), name, perm & (DMDIR | DMAPPEND | 0777), &f);
        err = err < 0 ? fserror(err) : fschan(f, out);
    }
    if (err == 0 && (perm & DMAPPEND))
        (*out)->mode |= OAPPEND;
    qunlock(&fslock);
    return err;
}

static int64_t fsread(Chan *c, uint64_t va, uint64_t n, uint64_t off)
{
    return fileread(fsfile(c), off, va, n);
}

static int64_t fswrite(Chan *c, uint64_t va, uint64_t n, uint64_t off)
{
    return filewrite(fsfile(c), off, va, n, (c->mode & OAPPEND) != 0);
}

static void fillstat(struct tarry_stat *st, const struct tfs_stat *from, const char *name)
{
    synthstat(st, name, &fsdev, from->ino, from->mode);
    st->version = from->version;
    st->length = from->mode & DMDIR ? 0 : from->length;
    st->mtime_ns = from->mtime_ns;
}

static int statfile(struct tfs_file *f, const char *name, struct tarry_stat *st)
{
    struct tfs_stat from;
    int err = tfs_stat(f, &from);
    if (err == 0)
        fillstat(st, &from, name);
    return err;
}

/* The entry of the root for a directory that is mounted there and has no place in the file system. */
static int mountedentry(Chan *c, struct tarry_stat *st)
{
    static const struct dirtab table[] = {{"dev", 0, DMDIR | 0555, &devdirdev}, {"proc", 0, DMDIR | 0555, &procdev},
                                          {"snap", 0, DMDIR | 0555, &snapdev}};
    while (c->mounts < sizeof table / sizeof table[0]) {
        const struct dirtab *t = &table[c->mounts++];
        struct tfs_named n;
        uint64_t cookie = 0;
        struct tfs_file *f;
        if (t->dev == &snapdev && tfs_named_next(rootfs, &cookie, &n) <= 0)
            continue;
        if (tfs_walk(fsfile(c), t->name, &f) == 0) {
            tfs_unref(f); /* listed already */
            continue;
        }
        synthstat(st, t->name, t->dev, t->qid, t->perm);
        return 1;
    }
    return 0;
}

static int fsreaddir(Chan *c, struct tarry_stat *st)
{
    struct tfs_dirent entry;
    struct tfs_file *f;
    qlock(&fslock);
    int got = tfs_readdir(fsfile(c), &c->cookie, &entry);
    if (got == 1) {
        int err = tfs_walk(fsfile(c), entry.name, &f);
        if (err == 0) {
            err = statfile(f, entry.name, st);
            tfs_unref(f);
        }
        got = err < 0 ? err : 1;
    } else if (got == 0 && isfsroot(c)) {
        got = mountedentry(c, st);
    }
    qunlock(&fslock);
    return got < 0 ? fserror(got) : got;
}

static int fsstat(Chan *c, struct tarry_stat *st)
{
    qlock(&fslock);
    int err = statfile(fsfile(c), isfsroot(c) ? "/" : "", st);
    qunlock(&fslock);
    return err < 0 ? fserror(err) : 0;
}

/* Renames to a name in the same directory, or to a path. Takes no lock: walking the path does. */
static int rename(Chan *dir, const char *name, const char *to)
{
    char last[TARRY_NAME_MAX + 1];
    Chan *newdir = dir;
    if (strchr(to, '/') != NULL) {
        int err = nameparent(to, &newdir, last);
        if (err < 0)
            return err;
    } else {
        chanref(newdir);
        strcpy(last, to);
    }
    int err;
    if (!isfsfile(newdir)) {
        err = error(T_EPERM, "%s: not on the same file system", to);
    } else {
        qlock(&fslock);
        err = changeable(dir);
        if (err == 0)
            err = changeable(newdir);
        if (err == 0 && (err = tfs_rename(fsfile(dir), name, fsfile(newdir), last)) < 0)
            err = fserror(err);
        qunlock(&fslock);
    }
    putchan(newdir);
    return err;
}

static int checklength(struct tfs_file *f, const struct tfs_stat *st)
{
    if (st->mode & DMDIR)
        return error(T_EISDIR, "is a directory");
    return allowed(f, 2);
}

/* Plan 9's stat(5): a wstat that changes nothing asks for what was written to be durable. */
static bool nochange(const struct tarry_wstat *w)
{
    return w->length == UINT64_MAX && w->mode == UINT32_MAX && w->name[0] == '\0';
}

static int fswstat(Chan *c, Chan *dir, const char *name, const struct tarry_wstat *w)
{
    struct tfs_stat st;
    if (nochange(w))
        return fssync();
    qlock(&fslock);
    int err = tfs_stat(fsfile(c), &st);
    if (err < 0)
        err = fserror(err);
    else if (w->length != UINT64_MAX)
        err = checklength(fsfile(c), &st);
    if (err == 0 && w->length != UINT64_MAX && (err = tfs_truncate(fsfile(c), w->length)) < 0)
        err = fserror(err);
    if (err == 0 && w->mode != UINT32_MAX) {
        uint32_t mode = (st.mode & DMDIR) | (w->mode & (DMAPPEND | 0777));
        if ((err = tfs_chmod(fsfile(c), mode)) < 0)
            err = fserror(err);
    }
    qunlock(&fslock);
    if (err == 0 && w->length != UINT64_MAX)
        imageresized(fsfile(c));
    if (err == 0 && w->name[0] != '\0')
        err = rename(dir, name, w->name);
    return err;
}

static int fsremove(Chan *dir, const char *name)
{
    qlock(&fslock);
    int err = changeable(dir);
    if (err == 0 && (err = tfs_remove(fsfile(dir), name)) < 0)
        err = fserror(err);
    qunlock(&fslock);
    return err;
}

static void fscloned(Chan *c)
{
    tfs_ref(fsfile(c));
}

static void fsclose(Chan *c)
{
    qlock(&fslock);
    tfs_unref(fsfile(c));
    qunlock(&fslock);
}

const Dev fsdev = {
    .letter = 'f',
    .seekable = true,
    .walk = fswalk,
    .open = fsopen,
    .create = fscreate,
    .read = fsread,
    .write = fswrite,
    .readdir = fsreaddir,
    .stat = fsstat,
    .wstat = fswstat,
    .remove = fsremove,
    .cloned = fscloned,
    .close = fsclose,
};
