/* SPDX-License-Identifier: GPL-2.0-only */
/* System calls on files and descriptors. */
#include <string.h>
#include "chan.h"
#include "devfs.h"
#include "procprivate.h"
#include "syscall.h"
#include "trace.h"

/* ---- descriptors ---- */

static int freefd(int from)
{
    for (int fd = from; fd < TARRY_NFD; fd++)
        if (up->fds->fd[fd] == NULL)
            return fd;
    return error(T_EMFILE, "too many open files");
}

/* The channel of a descriptor, with a reference of one's own: another process may close the descriptor meanwhile. */
static Chan *getfd(uint64_t fd)
{
    if (fd >= TARRY_NFD || up->fds->fd[fd] == NULL) {
        error(T_EBADF, "bad file descriptor");
        return NULL;
    }
    chanref(up->fds->fd[fd]);
    return up->fds->fd[fd];
}

/* Puts an open channel at the lowest free descriptor; takes its reference over. */
static int64_t install(Chan *c)
{
    int fd = freefd(0);
    if (fd < 0)
        putchan(c);
    else
        up->fds->fd[fd] = c;
    return fd;
}

int64_t sysclose(const uint64_t *a)
{
    Chan *c = a[0] < TARRY_NFD ? up->fds->fd[a[0]] : NULL;
    if (c == NULL)
        return error(T_EBADF, "bad file descriptor");
    up->fds->fd[a[0]] = NULL;
    putchan(c);
    return 0;
}

int64_t sysdup(const uint64_t *a)
{
    Chan *c = getfd(a[0]);
    if (c == NULL)
        return -T_EBADF;
    if (a[1] == UINT64_MAX)
        return install(c);
    if (a[1] >= TARRY_NFD) {
        putchan(c);
        return error(T_EBADF, "bad file descriptor");
    }
    Chan *old = up->fds->fd[a[1]];
    up->fds->fd[a[1]] = c;
    if (old != NULL)
        putchan(old);
    return (int64_t)a[1];
}

int64_t syspipe(const uint64_t *a)
{
    Chan *ends[2];
    int32_t fds[2];
    int err = newpipe(ends);
    if (err < 0)
        return err;
    fds[0] = (int32_t)install(ends[0]);
    if (fds[0] < 0) {
        putchan(ends[1]);
        return fds[0];
    }
    fds[1] = (int32_t)install(ends[1]);
    err = fds[1] < 0 ? fds[1] : copyout(a[0], fds, sizeof fds);
    for (int i = 0; i < 2 && err < 0; i++)
        if (fds[i] >= 0)
            sysclose(&(uint64_t){(uint64_t)fds[i]});
    return err;
}

/* ---- opening ---- */

static void tracefile(const Chan *c, const char *path)
{
    struct tarry_stat st;
    if (isfsfile(c) && c->dev->stat((Chan *)c, &st) == 0)
        TRACE(file, .qid = c->qid, .name = tracestring(path), .length = st.length);
}

/* Opens c for the mode; takes its reference over. Returns a descriptor. */
static int64_t openchan(Chan *c, uint64_t mode, const char *path)
{
    bool reads = (mode & 3) != OWRITE, writes = (mode & 3) == OWRITE || (mode & 3) == ORDWR;
    int err = 0;
    if (c->isdir && (writes || (mode & OTRUNC)))
        err = error(T_EISDIR, "%s: is a directory", path);
    else if (!c->isdir && ((reads && c->dev->read == NULL) || (writes && c->dev->write == NULL)))
        err = error(T_EACCES, "%s: permission denied", path);
    c->mode |= (int)(mode & (3 | OAPPEND));
    if (err == 0 && c->dev->open != NULL && (err = c->dev->open(c, (int)mode)) < 0)
        err = error(-err, "%s: %s", path, errortext(-err));
    if (err < 0) {
        putchan(c);
        return err;
    }
    c->isopen = true;
    tracefile(c, path);
    return install(c);
}

static int checkopenmode(uint64_t mode)
{
    if (mode & ~(uint64_t)(3 | OTRUNC | OAPPEND | OEXCL))
        return error(T_EINVAL, "bad open mode %#lx", mode);
    return 0;
}

int64_t sysopen(const uint64_t *a)
{
    char path[TARRY_PATH_MAX + 1];
    Chan *c;
    int err = userpath(path, a[0]);
    if (err < 0 || (err = checkopenmode(a[1])) < 0 || (err = namec(path, &c)) < 0)
        return err;
    return openchan(c, a[1], path);
}

/* Makes a file or directory and opens it. */
static int64_t createnew(Chan *dir, const char *name, uint64_t mode, uint32_t perm, const char *path)
{
    Chan *c;
    if (dir->dev->create == NULL)
        return error(T_EPERM, "%s: cannot be created there", path);
    int err = dir->dev->create(dir, name, (int)mode, perm, &c);
    if (err < 0)
        return error(-err, "%s: %s", path, errortext(-err));
    c->mode |= (int)(mode & (3 | OAPPEND));
    c->isopen = true;
    tracefile(c, path);
    return install(c);
}

/* Opens and truncates the file if it exists, else makes it; goes round if another process makes it meanwhile. */
static int64_t createat(Chan *dir, const char *name, uint64_t mode, uint32_t perm, const char *path)
{
    for (;;) {
        Chan *c;
        int err = namec(path, &c);
        bool must = (mode & OEXCL) || (perm & DMDIR);
        if (err == 0 && !must)
            return openchan(c, mode | OTRUNC, path);
        if (err == 0) {
            putchan(c);
            return error(T_EEXIST, "%s: file already exists", path);
        }
        if (err != -T_ENOENT)
            return err;
        int64_t fd = createnew(dir, name, mode, perm, path);
        if (fd != -T_EEXIST || must)
            return fd;
    }
}

int64_t syscreate(const uint64_t *a)
{
    char path[TARRY_PATH_MAX + 1], name[TARRY_NAME_MAX + 1];
    Chan *dir;
    int err = userpath(path, a[0]);
    if (err < 0 || (err = checkopenmode(a[1])) < 0)
        return err;
    if ((a[2] & DMDIR) && (a[1] & 3) != OREAD)
        return error(T_EISDIR, "%s: a directory is opened for reading only", path);
    if ((err = nameparent(path, &dir, name)) < 0)
        return err;
    int64_t fd = createat(dir, name, a[1], (uint32_t)a[2], path);
    putchan(dir);
    return fd;
}

/* ---- reading and writing ---- */

/* Whole directory entries from entry off / sizeof on. */
static int64_t readdir(Chan *c, uint64_t va, uint64_t n, uint64_t off)
{
    struct tarry_stat st;
    uint64_t want = off / sizeof st, done = 0;
    int got = 1;
    if (c->entry > want)
        c->entry = c->cookie = c->mounts = 0;
    while (n - done >= sizeof st && (got = c->dev->readdir(c, &st)) == 1) {
        if (c->entry++ < want)
            continue;
        int err = copyout(va + done, &st, sizeof st);
        if (err < 0)
            return err;
        done += sizeof st;
    }
    return got < 0 && done == 0 ? got : (int64_t)done;
}

static int64_t transfer(Chan *c, bool output, uint64_t va, uint64_t n, uint64_t off)
{
    if (output)
        return c->dev->write(c, va, n, off);
    return c->isdir ? readdir(c, va, n, off) : c->dev->read(c, va, n, off);
}

/* At the channel's own offset, which moves by what was transferred. */
static int64_t transferhere(Chan *c, bool output, uint64_t va, uint64_t n)
{
    struct tarry_stat st;
    if (!c->dev->seekable && !c->isdir)
        return transfer(c, output, va, n, 0);
    qlock(&c->io);
    int64_t got = transfer(c, output, va, n, c->offset);
    if (got > 0)
        c->offset += (uint64_t)got;
    if (got > 0 && output && (c->mode & OAPPEND) && c->dev->stat(c, &st) == 0)
        c->offset = st.length;
    qunlock(&c->io);
    return got;
}

static int64_t readwrite(const uint64_t *a, bool output)
{
    int mode, err = userrange(a[1], a[2]);
    Chan *c = getfd(a[0]);
    if (c == NULL)
        return -T_EBADF;
    mode = c->mode & 3;
    if (output ? mode != OWRITE && mode != ORDWR : mode == OWRITE)
        err = error(T_EBADF, output ? "not open for writing" : "not open for reading");
    int64_t off = (int64_t)a[3];
    if (err == 0 && off < -1)
        err = error(T_EINVAL, "negative offset");
    if (err == 0 && off >= 0 && !c->dev->seekable && !c->isdir)
        err = error(T_ESPIPE, "cannot seek");
    int64_t got = err;
    if (err == 0)
        got = off >= 0 ? transfer(c, output, a[1], a[2], (uint64_t)off) : transferhere(c, output, a[1], a[2]);
    putchan(c);
    return got;
}

int64_t syspread(const uint64_t *a)
{
    return readwrite(a, false);
}

int64_t syspwrite(const uint64_t *a)
{
    return readwrite(a, true);
}

/* The extension of W3: pwrite, if the file is what it was. */
int64_t syscwrite(const uint64_t *a)
{
    int64_t err = userrange(a[1], a[2]);
    Chan *c = getfd(a[0]);
    if (c == NULL)
        return -T_EBADF;
    if ((c->mode & 3) != OWRITE && (c->mode & 3) != ORDWR)
        err = error(T_EBADF, "not open for writing");
    else if (!isfsfile(c) || c->isdir || (int64_t)a[3] < 0)
        err = error(T_EINVAL, "cwrite: only to files, at an offset");
    if (err == 0)
        err = filewriteif(fsfile(c), a[3], a[1], a[2], (c->mode & OAPPEND) != 0, a[4]);
    putchan(c);
    return err;
}

int64_t sysseek(const uint64_t *a)
{
    struct tarry_stat st = {.length = 0};
    Chan *c = getfd(a[0]);
    if (c == NULL)
        return -T_EBADF;
    int64_t base = 0, result = 0;
    if (!c->dev->seekable && !c->isdir)
        result = error(T_ESPIPE, "cannot seek");
    else if (a[2] == SEEK_FROM_HERE)
        base = (int64_t)c->offset;
    else if (a[2] == SEEK_FROM_END)
        result = c->dev->stat(c, &st);
    else if (a[2] != SEEK_FROM_START)
        result = error(T_EINVAL, "bad whence %lu", a[2]);
    if (a[2] == SEEK_FROM_END)
        base = (int64_t)st.length;
    if (result == 0 && (__builtin_add_overflow(base, (int64_t)a[1], &result) || result < 0))
        result = error(T_EINVAL, "negative offset");
    if (result >= 0)
        c->offset = (uint64_t)result;
    putchan(c);
    return result;
}

/* ---- names ---- */

int64_t sysstat(const uint64_t *a)
{
    char path[TARRY_PATH_MAX + 1];
    struct tarry_stat st;
    Chan *c;
    int err = userpath(path, a[0]);
    if (err < 0 || (err = namec(path, &c)) < 0)
        return err;
    err = c->dev->stat(c, &st);
    putchan(c);
    const char *slash = strrchr(path, '/');
    if (err == 0 && st.name[0] == '\0')
        format(st.name, sizeof st.name, "%s", slash != NULL ? slash + 1 : path);
    return err < 0 ? err : copyout(a[1], &st, sizeof st);
}

int64_t sysfstat(const uint64_t *a)
{
    struct tarry_stat st;
    Chan *c = getfd(a[0]);
    if (c == NULL)
        return -T_EBADF;
    int err = c->dev->stat(c, &st);
    putchan(c);
    return err < 0 ? err : copyout(a[1], &st, sizeof st);
}

int64_t syswstat(const uint64_t *a)
{
    char path[TARRY_PATH_MAX + 1], name[TARRY_NAME_MAX + 1];
    struct tarry_wstat w;
    Chan *c, *dir;
    int err = userpath(path, a[0]);
    if (err < 0 || (err = copyin(&w, a[1], sizeof w)) < 0)
        return err;
    if (memchr(w.name, '\0', sizeof w.name) == NULL)
        return error(T_ENAMETOOLONG, "name too long");
    if ((err = namec(path, &c)) < 0)
        return err;
    if ((err = nameparent(path, &dir, name)) == 0) {
        err = c->dev->wstat != NULL ? c->dev->wstat(c, dir, name, &w) : error(T_EPERM, "%s: cannot be changed", path);
        putchan(dir);
    }
    putchan(c);
    return err;
}

int64_t sysremove(const uint64_t *a)
{
    char path[TARRY_PATH_MAX + 1], name[TARRY_NAME_MAX + 1];
    Chan *dir;
    int err = userpath(path, a[0]);
    if (err < 0 || (err = nameparent(path, &dir, name)) < 0)
        return err;
    if (dir->dev->remove == NULL)
        err = error(T_EPERM, "%s: cannot be removed", path);
    else if ((err = dir->dev->remove(dir, name)) < 0)
        err = error(-err, "%s: %s", path, errortext(-err));
    putchan(dir);
    return err;
}

int64_t syschdir(const uint64_t *a)
{
    char path[TARRY_PATH_MAX + 1], clean[TARRY_PATH_MAX + 1];
    Chan *c;
    int err = userpath(path, a[0]);
    if (err < 0 || (err = cleanpath(clean, path)) < 0 || (err = namec(path, &c)) < 0)
        return err;
    if (!c->isdir) {
        putchan(c);
        return error(T_ENOTDIR, "%s: not a directory", path);
    }
    Chan *old = up->dot;
    up->dot = c;
    strcpy(up->path, clean);
    putchan(old);
    return 0;
}

int64_t sysgetcwd(const uint64_t *a)
{
    size_t n = strlen(up->path) + 1;
    if (n > a[1])
        return error(T_ENAMETOOLONG, "name too long");
    int err = copyout(a[0], up->path, n);
    return err < 0 ? err : (int64_t)n - 1;
}

int64_t syssync(const uint64_t *a)
{
    (void)a;
    return fssync();
}
