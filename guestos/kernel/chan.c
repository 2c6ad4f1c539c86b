/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Channels and names. A path is made absolute and cleaned as text first (as Plan 9 does: ".." leads to where
 * the path came from), then walked name by name; what lies in the working directory is walked from there.
 */
#include <string.h>
#include "chan.h"
#include "devfs.h"
#include "procprivate.h"

Chan *newchan(const Dev *dev, uint64_t qid, bool isdir, void *aux)
{
    Chan *c = kalloc(sizeof *c);
    if (c == NULL) {
        error(T_ENOMEM, "out of memory");
        return NULL;
    }
    c->ref = 1;
    c->dev = dev;
    c->qid = qid;
    c->isdir = isdir;
    c->aux = aux;
    return c;
}

void chanref(Chan *c)
{
    c->ref++;
}

void putchan(Chan *c)
{
    ASSERT(c->ref > 0, "a channel is put as often as it was taken");
    if (--c->ref > 0)
        return;
    if (c->dev->close != NULL)
        c->dev->close(c);
    kfree(c);
}

/* Another channel, not open, to where an unopened one leads. */
static Chan *clone(const Chan *c)
{
    Chan *copy = newchan(c->dev, c->qid, c->isdir, c->aux);
    if (copy != NULL && c->dev->cloned != NULL)
        c->dev->cloned(copy);
    return copy;
}

/* ---- paths ---- */

/* Appends the names of `path` to the clean path out. */
static int appendnames(char *out, const char *path)
{
    size_t len = strlen(out);
    while (*path != '\0') {
        size_t n = strcspn(path, "/");
        if (n == 2 && memcmp(path, "..", 2) == 0) {
            while (len > 0 && out[--len] != '/')
                ;
        } else if (n > 0 && !(n == 1 && *path == '.')) {
            if (n > TARRY_NAME_MAX || len + 1 + n > TARRY_PATH_MAX)
                return error(T_ENAMETOOLONG, "name too long");
            out[len++] = '/';
            memcpy(out + len, path, n);
            len += n;
        }
        out[len] = '\0';
        path += n + (path[n] == '/');
    }
    return 0;
}

int cleanpath(char *out, const char *path)
{
    out[0] = '\0';
    int err = *path == '/' ? 0 : appendnames(out, up->path);
    if (err == 0)
        err = appendnames(out, path);
    if (err == 0 && out[0] == '\0')
        strcpy(out, "/");
    return err;
}

/* ---- walking ---- */

static int walkone(Chan *dir, const char *name, Chan **out)
{
    if (!dir->isdir)
        return error(T_ENOTDIR, "%s: not a directory", name);
    if (isfsroot(dir)) {
        int err = 0;
        *out = mounted(name, &err);
        if (*out != NULL || err < 0)
            return err;
    }
    return dir->dev->walk(dir, name, out);
}

/* Where to begin with the clean path *path, which is advanced: the working directory if the path goes through it. */
static Chan *startof(const char **path)
{
    size_t len = strlen(up->path);
    bool through = up->dot != NULL && len > 1 && strncmp(*path, up->path, len) == 0;
    if (!through || ((*path)[len] != '/' && (*path)[len] != '\0'))
        return fsroot();
    *path += len;
    return clone(up->dot); /* it may be opened, and read to its own end */
}

static int walkpath(const char *path, Chan **out)
{
    char name[TARRY_NAME_MAX + 1];
    Chan *c = startof(&path);
    if (c == NULL)
        return -T_ENOMEM;
    while (*path != '\0') {
        path++;
        size_t n = strcspn(path, "/");
        if (n == 0)
            break;
        memcpy(name, path, n);
        name[n] = '\0';
        path += n;
        Chan *next;
        int err = walkone(c, name, &next);
        putchan(c);
        if (err < 0)
            return err;
        c = next;
    }
    *out = c;
    return 0;
}

int namec(const char *path, Chan **out)
{
    char clean[TARRY_PATH_MAX + 1];
    if (*path == '\0')
        return error(T_ENOENT, "empty name");
    int err = cleanpath(clean, path);
    if (err < 0)
        return err;
    size_t len = strlen(path);
    if ((err = walkpath(clean, out)) < 0)
        return error(-err, "%s: %s", path, errortext(-err));
    if (path[len - 1] == '/' && !(*out)->isdir) {
        putchan(*out);
        return error(T_ENOTDIR, "%s: not a directory", path);
    }
    return 0;
}

int nameparent(const char *path, Chan **dir, char *last)
{
    char clean[TARRY_PATH_MAX + 1];
    if (*path == '\0')
        return error(T_ENOENT, "empty name");
    int err = cleanpath(clean, path);
    if (err < 0)
        return err;
    char *slash = strrchr(clean, '/');
    if (slash[1] == '\0')
        return error(T_EINVAL, "the root has no name");
    strcpy(last, slash + 1);
    slash[slash == clean] = '\0';
    if ((err = walkpath(clean, dir)) < 0)
        return error(-err, "%s: %s", path, errortext(-err));
    if (!(*dir)->isdir) {
        putchan(*dir);
        return error(T_ENOTDIR, "%s: not below a directory", last);
    }
    return 0;
}

Chan *mounted(const char *name, int *err)
{
    if (strcmp(name, "snap") == 0)
        return snaproot();
    Chan *(*attach)(void) = strcmp(name, "dev") == 0 ? devroot : strcmp(name, "proc") == 0 ? procroot : NULL;
    if (attach == NULL)
        return NULL;
    Chan *c = attach();
    if (c == NULL)
        *err = -T_ENOMEM;
    return c;
}

/* ---- synthetic files ---- */

void synthstat(struct tarry_stat *st, const char *name, const Dev *dev, uint64_t qid, uint32_t perm)
{
    memset(st, 0, sizeof *st);
    st->path = qid;
    st->mode = perm;
    st->dev = dev->letter;
    format(st->name, sizeof st->name, "%s", name);
}

int64_t readtext(uint64_t va, uint64_t n, uint64_t off, const char *text)
{
    size_t len = strlen(text);
    if (off >= len)
        return 0;
    if (n > len - off)
        n = len - off;
    int err = copyout(va, text + off, n);
    return err < 0 ? err : (int64_t)n;
}
