/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files and trees between the host and an image.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "hostcache.h"
#include "hostfs.h"

#define PIECE (1u << 20) /* bytes moved at a time */
#define MAX_DEPTH 200    /* of directories */
#define TEMPORARY ".tarry-put"
#define DIR_BIT 0x80000000u

/* A named snapshot that is looked at. */
struct view {
    struct view *next;
    struct tfs *fs;
    char name[64];
};

struct hostfs {
    struct view *views;
    struct image *image;
    struct hostcache *cache;
    struct tfs *fs;
    uint8_t *piece;
    hostfs_progress *progress;
    void *progress_arg;
    uint64_t files, bytes; /* done so far */
};

/* Where a copy's messages go. */
struct message {
    char *err;
    size_t len;
};

/* ---- messages ---- */

static const char *why(int code)
{
    switch (-code) {
    case TFS_ENOENT: return "does not exist in the image";
    case TFS_EIO: return "input/output error";
    case TFS_ENOMEM: return "out of memory";
    case TFS_EBUSY: return "is in use";
    case TFS_EXDEV: return "not on the same file system";
    case TFS_EEXIST: return "exists already in the image";
    case TFS_ENOTDIR: return "not a directory";
    case TFS_EISDIR: return "is a directory";
    case TFS_EINVAL: return "not a possible name or size";
    case TFS_EFBIG: return "too large for the file system";
    case TFS_ENOSPC: return "the file system in the image is full; make a larger image";
    case TFS_EROFS: return "the image is open for reading only";
    case TFS_ENOTEMPTY: return "directory is not empty";
    case TFS_ENAMETOOLONG: return "name too long";
    case TFS_ECORRUPT: return "the image is damaged; see 'tarry fs check'";
    default: return "failed";
    }
}

int hostfs_fail(struct hostfs *h, int code, const char *what, char *err, size_t errlen)
{
    const char *complaint = hostcache_complaint(h->cache);
    int host = hostcache_errno(h->cache);

    if (host == ENOSPC)
        snprintf(err, errlen, "%s: no space on the host's disk for %s", what, image_path(h->image));
    else if (host != 0)
        snprintf(err, errlen, "%s: %s: %s", what, image_path(h->image), strerror(host));
    else if (code == -TFS_ECORRUPT && complaint[0] != 0)
        snprintf(err, errlen, "%s: %s (%s)", what, why(code), complaint);
    else
        snprintf(err, errlen, "%s: %s", what, why(code));
    return -1;
}

static int host_error(const char *path, const struct message *m)
{
    snprintf(m->err, m->len, "%s: %s", path, strerror(errno));
    return -1;
}

static int tfs_failed(struct hostfs *h, int64_t code, const char *what, const struct message *m)
{
    return hostfs_fail(h, (int)code, what, m->err, m->len);
}

/* ---- mounting ---- */

static struct hostfs *hostfs_new(struct image *im, char *err, size_t errlen)
{
    struct hostfs *h = calloc(1, sizeof *h);

    if (h != NULL) {
        h->image = im;
        h->cache = hostcache_new(im);
        h->piece = malloc(PIECE);
    }
    if (h == NULL || h->cache == NULL || h->piece == NULL) {
        snprintf(err, errlen, "%s: out of memory", image_path(im));
        return NULL;
    }
    return h;
}

static void hostfs_free(struct hostfs *h)
{
    hostcache_free(h->cache);
    free(h->piece);
    free(h);
}

int hostfs_format(struct image *im, char *err, size_t errlen)
{
    struct hostfs *h = hostfs_new(im, err, errlen);

    if (h == NULL)
        return -1;
    int r = tfs_format(hostcache_env(h->cache), image_size(im) / TFS_BLOCK);
    if (r == -TFS_EINVAL)
        snprintf(err, errlen, "%s: a file system has 256 KiB to 3.4 TiB; choose another size", image_path(im));
    else if (r < 0)
        hostfs_fail(h, r, image_path(im), err, errlen);
    hostfs_free(h);
    return r < 0 ? -1 : 0;
}

struct hostfs *hostfs_mount(struct image *im, char *err, size_t errlen) {
    struct hostfs *h = hostfs_new(im, err, errlen);

    if (h == NULL)
        return NULL;
    int r = tfs_mount(hostcache_env(h->cache), image_size(im) / TFS_BLOCK, &h->fs);
    if (r == 0)
        return h;
    const char *complaint = hostcache_complaint(h->cache);
    if (r == -TFS_ECORRUPT)
        snprintf(err, errlen, "%s: no sound Tarry file system in it%s%s%s; make one with 'tarry fs create'",
                 image_path(im), complaint[0] ? " (" : "", complaint, complaint[0] ? ")" : "");
    else if (r == -TFS_EIO && image_size(im) < 2 * TFS_BLOCK)
        snprintf(err, errlen, "%s: too short for a file system; make one with 'tarry fs create'", image_path(im));
    else
        hostfs_fail(h, r, image_path(im), err, errlen);
    hostfs_free(h);
    return NULL;
}

int64_t hostfs_repair(struct image *im, void (*say)(void *, const char *), void *arg, char *err, size_t errlen)
{
    struct hostfs *h = hostfs_new(im, err, errlen);

    if (h == NULL)
        return -1;
    int64_t n = tfs_repair(hostcache_env(h->cache), image_size(im) / TFS_BLOCK, say, arg);
    if (n == -TFS_ECORRUPT)
        snprintf(err, errlen, "%s: beyond repair: no whole superblock of this format", image_path(im));
    else if (n < 0)
        hostfs_fail(h, (int)n, image_path(im), err, errlen);
    hostfs_free(h);
    return n < 0 ? -1 : n;
}

static void close_views(struct hostfs *h)
{
    while (h->views != NULL) {
        struct view *v = h->views;
        h->views = v->next;
        tfs_unmount(v->fs);
        free(v);
    }
}

int hostfs_snapshot(struct hostfs *h, const char *name, struct tfs **out)
{
    struct view *v;

    for (v = h->views; v != NULL; v = v->next)
        if (strcmp(v->name, name) == 0) {
            *out = v->fs;
            return 0;
        }
    v = calloc(1, sizeof *v);
    if (v == NULL)
        return -TFS_ENOMEM;
    int r = tfs_named_mount(h->fs, name, &v->fs);
    if (r < 0) {
        free(v);
        return r;
    }
    snprintf(v->name, sizeof v->name, "%s", name);
    v->next = h->views;
    h->views = v;
    *out = v->fs;
    return 0;
}

void hostfs_now(struct hostfs *h)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    hostcache_set_time(h->cache, (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec);
}

int hostfs_unmount(struct hostfs *h, char *err, size_t errlen)
{
    close_views(h);
    int r = tfs_unmount(h->fs);

    if (r < 0)
        hostfs_fail(h, r, image_path(h->image), err, errlen);
    hostfs_free(h);
    return r < 0 ? -1 : 0;
}

struct tfs *hostfs_tfs(struct hostfs *h) {
    return h->fs;
}

void hostfs_on_progress(struct hostfs *h, hostfs_progress *f, void *arg)
{
    h->progress = f;
    h->progress_arg = arg;
}

static void tell_progress(struct hostfs *h, const char *path, uint64_t more)
{
    h->bytes += more;
    if (h->progress != NULL)
        h->progress(h->progress_arg, path, h->files, h->bytes);
}

/* ---- paths in the image ---- */

/* Copies the next name of a path. Returns 1, 0 at the end, or negative. */
static int next_name(const char **path, char name[TFS_NAME_MAX + 1])
{
    const char *p = *path + strspn(*path, "/");
    size_t n = strcspn(p, "/");

    *path = p + n;
    if (n == 0)
        return 0;
    if (n > TFS_NAME_MAX)
        return -TFS_ENAMETOOLONG;
    memcpy(name, p, n);
    name[n] = 0;
    return 1;
}

/* Where a path begins: in the live file system, or behind /snap/NAME in that snapshot; *path goes on from there. */
static int walk_start(struct hostfs *h, const char **path, struct tfs_file **out)
{
    const char *p = *path;
    char name[TFS_NAME_MAX + 1];
    struct tfs *fs;

    *out = tfs_root(h->fs);
    if (next_name(&p, name) <= 0 || strcmp(name, "snap") != 0)
        return 0;
    struct tfs_file *real;
    int r = tfs_walk(*out, name, &real);
    if (r != -TFS_ENOENT) {
        if (r == 0)
            tfs_unref(real);
        return 0;
    }
    r = next_name(&p, name);
    if (r <= 0 || (r = hostfs_snapshot(h, name, &fs)) < 0) {
        tfs_unref(*out);
        return r < 0 ? r : -TFS_ENOENT;
    }
    tfs_unref(*out);
    *out = tfs_root(fs);
    *path = p;
    return 0;
}

int hostfs_walk(struct hostfs *h, const char *path, struct tfs_file **out)
{
    struct tfs_file *at;
    char name[TFS_NAME_MAX + 1];
    int r = walk_start(h, &path, &at);

    if (r < 0)
        return r;

    while ((r = next_name(&path, name)) > 0) {
        struct tfs_file *below;
        r = tfs_walk(at, name, &below);
        tfs_unref(at);
        if (r < 0)
            return r;
        at = below;
    }
    if (r < 0)
        tfs_unref(at);
    else
        *out = at;
    return r;
}

static int is_dir(struct tfs_file *f)
{
    struct tfs_stat st;

    tfs_stat(f, &st);
    return (st.mode & DIR_BIT) != 0;
}

/* The directory of that name, made if it is not there. */
static int walk_or_mkdir(struct tfs_file *dir, const char *name, uint32_t mode, struct tfs_file **out)
{
    int r = tfs_walk(dir, name, out);

    if (r == -TFS_ENOENT)
        return tfs_create(dir, name, DIR_BIT | mode, out);
    if (r == 0 && !is_dir(*out)) {
        tfs_unref(*out);
        return -TFS_ENOTDIR;
    }
    return r;
}

/* Walks to the directory that holds the last name of a path, making what is missing; the name goes to `last`. */
static int walk_parent(struct hostfs *h, const char *path, char last[TFS_NAME_MAX + 1], struct tfs_file **out)
{
    struct tfs_file *at = tfs_root(h->fs), *below;
    int r = next_name(&path, last);

    if (r == 0)
        r = -TFS_EISDIR; /* the root itself */
    while (r > 0) {
        char next[TFS_NAME_MAX + 1];
        r = next_name(&path, next);
        if (r <= 0)
            break;
        r = walk_or_mkdir(at, last, 0755, &below);
        if (r < 0)
            break;
        tfs_unref(at);
        at = below;
        memcpy(last, next, sizeof next);
        r = 1;
    }
    if (r < 0)
        tfs_unref(at);
    else
        *out = at;
    return r;
}

/* ---- put ---- */

/* The next range of the host file that is not a hole; its end in *end. Returns its beginning, or size at the end. */
static uint64_t next_data(int fd, uint64_t from, uint64_t size, uint64_t *end)
{
    off_t data = lseek(fd, (off_t)from, SEEK_DATA);

    *end = size;
    if (data < 0)
        return errno == ENXIO ? size : from; /* ENXIO: only a hole is left; else the host does not know holes */
    off_t hole = lseek(fd, data, SEEK_HOLE);
    if (hole > data && (uint64_t)hole < size)
        *end = (uint64_t)hole;
    return (uint64_t)data;
}

static int put_range(struct hostfs *h, int fd, const char *from, struct tfs_file *f, uint64_t off, uint64_t end,
                     const struct message *m) {
    while (off < end) {
        size_t n = end - off < PIECE ? (size_t)(end - off) : PIECE;
        ssize_t got = pread(fd, h->piece, n, (off_t)off);
        if (got < 0)
            return host_error(from, m);
        if (got == 0)
            return 0; /* it became shorter meanwhile */
        int64_t r = tfs_write(f, off, h->piece, (size_t)got);
        if (r < 0)
            return tfs_failed(h, r, from, m);
        off += (uint64_t)got;
        tell_progress(h, from, (uint64_t)got);
    }
    return 0;
}

static int put_contents(struct hostfs *h, int fd, const char *from, uint64_t size, struct tfs_file *f,
                        const struct message *m) {
    uint64_t end, off = 0;

    while (off < size && (off = next_data(fd, off, size, &end)) < size) {
        if (put_range(h, fd, from, f, off, end, m) < 0)
            return -1;
        off = end;
    }
    int r = tfs_truncate(f, size);
    return r < 0 ? tfs_failed(h, r, from, m) : 0;
}

/* Writes beside and renames, so that a failure leaves what was there. */
static int put_file(struct hostfs *h, int fd, const char *from, const struct stat *st, struct tfs_file *dir,
                    const char *name, const struct message *m) {
    struct tfs_file *f;
    int r = tfs_walk(dir, name, &f);

    if (r == 0) {
        r = is_dir(f) ? -TFS_EISDIR : 0;
        tfs_unref(f);
        if (r < 0)
            return tfs_failed(h, r, name, m);
    }
    tfs_remove(dir, TEMPORARY); /* left by a run that was killed */
    r = tfs_create(dir, TEMPORARY, st->st_mode & 0777, &f);
    if (r < 0)
        return tfs_failed(h, r, name, m);
    int failed = put_contents(h, fd, from, (uint64_t)st->st_size, f, m);
    tfs_unref(f);
    if (!failed && (r = tfs_rename(dir, TEMPORARY, dir, name)) < 0)
        failed = tfs_failed(h, r, name, m);
    if (failed)
        tfs_remove(dir, TEMPORARY);
    else
        h->files++;
    return failed;
}

static int put_entry(struct hostfs *h, const char *from, struct tfs_file *dir, const char *name, int depth,
                     const struct message *m);

static int not_dots(const struct dirent *e)
{
    return strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name); /* the same order everywhere: images are reproducible */
}

/* Puts what is in a host directory into one of the image. */
static int put_entries(struct hostfs *h, const char *from, struct tfs_file *dir, int depth, const struct message *m)
{
    struct dirent **names;
    int n = scandir(from, &names, not_dots, by_name), r = 0;

    if (n < 0)
        return host_error(from, m);
    for (int i = 0; i < n; i++) {
        char *path;
        if (r == 0 && asprintf(&path, "%s/%s", from, names[i]->d_name) >= 0) {
            r = put_entry(h, path, dir, names[i]->d_name, depth + 1, m);
            free(path);
        }
        free(names[i]);
    }
    free(names);
    return r;
}

static int put_dir(struct hostfs *h, const char *from, const struct stat *st, struct tfs_file *dir, const char *name,
                   int depth, const struct message *m) {
    struct tfs_file *d;

    if (depth > MAX_DEPTH) {
        snprintf(m->err, m->len, "%s: directories are nested too deeply (a link to a directory above?)", from);
        return -1;
    }
    int r = walk_or_mkdir(dir, name, st->st_mode & 0777, &d);
    if (r < 0)
        return tfs_failed(h, r, name, m);
    r = put_entries(h, from, d, depth, m);
    tfs_unref(d);
    return r;
}

static uint64_t mtime_of(const struct stat *st)
{
    return st->st_mtim.tv_sec < 0 ? 0 : (uint64_t)st->st_mtim.tv_sec * 1000000000u + (uint64_t)st->st_mtim.tv_nsec;
}

static int put_entry(struct hostfs *h, const char *from, struct tfs_file *dir, const char *name, int depth,
                     const struct message *m) {
    struct stat st;
    int fd = open(from, O_RDONLY | O_CLOEXEC | O_NONBLOCK), r = -1;

    if (fd < 0 || fstat(fd, &st) < 0) {
        host_error(from, m);
    } else if (S_ISREG(st.st_mode)) {
        hostcache_set_time(h->cache, mtime_of(&st));
        r = put_file(h, fd, from, &st, dir, name, m);
    } else if (S_ISDIR(st.st_mode)) {
        hostcache_set_time(h->cache, mtime_of(&st));
        r = put_dir(h, from, &st, dir, name, depth, m);
    } else {
        snprintf(m->err, m->len, "%s: neither a file nor a directory; leave it out", from);
    }
    if (fd >= 0)
        close(fd);
    return r;
}

/* A host directory onto the image's root: its contents go there. */
static int put_into_root(struct hostfs *h, const char *from, const struct message *m)
{
    struct tfs_file *root = tfs_root(h->fs);
    int r = put_entries(h, from, root, 0, m);

    tfs_unref(root);
    return r;
}

int hostfs_put(struct hostfs *h, const char *from, const char *to, char *err, size_t errlen)
{
    struct message m = {err, errlen};
    struct tfs_file *dir;
    char name[TFS_NAME_MAX + 1];
    struct stat st;

    if (stat(from, &st) < 0)
        return host_error(from, &m);
    hostcache_set_time(h->cache, mtime_of(&st)); /* of directories made on the way */
    if (S_ISDIR(st.st_mode) && to[strspn(to, "/")] == 0)
        return put_into_root(h, from, &m);
    int r = walk_parent(h, to, name, &dir);
    if (r < 0)
        return hostfs_fail(h, r, to, err, errlen);
    r = put_entry(h, from, dir, name, 0, &m);
    tfs_unref(dir);
    return r;
}

/* ---- get ---- */

static int write_all(int fd, const uint8_t *p, size_t n)
{
    while (n > 0) {
        ssize_t put = write(fd, p, n);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return -1;
        p += put;
        n -= (size_t)put;
    }
    return 0;
}

/* Whether there is a hole at off, and how many bytes from there on are one, or are none: at most up to `end`. */
static int hole_at(struct tfs_file *f, uint64_t off, uint64_t end, uint64_t *n)
{
    struct tfs_extent e;
    uint64_t into = off % TFS_BLOCK;

    *n = end - off;
    int r = tfs_map(f, off / TFS_BLOCK, &e);
    if (r < 0)
        return r;
    if (e.run < (end - off + into + TFS_BLOCK - 1) / TFS_BLOCK)
        *n = e.run * TFS_BLOCK - into;
    return e.blk == 0;
}

/* Copies the contents to fd; holes stay holes if fd can seek. */
static int get_contents(struct hostfs *h, struct tfs_file *f, const char *from, int fd, const char *to, int sparse,
                        const struct message *m) {
    struct tfs_stat st;

    tfs_stat(f, &st);
    for (uint64_t off = 0, n; off < st.length; off += n) {
        int hole = hole_at(f, off, st.length, &n);
        if (hole < 0)
            return tfs_failed(h, hole, from, m);
        if (hole && sparse) {
            if (lseek(fd, (off_t)n, SEEK_CUR) < 0)
                return host_error(to, m);
        } else {
            int64_t got = tfs_read(f, off, h->piece, n < PIECE ? (size_t)n : PIECE);
            if (got < 0)
                return tfs_failed(h, got, from, m);
            if (write_all(fd, h->piece, (size_t)got) < 0)
                return host_error(to, m);
            n = (uint64_t)got;
        }
        tell_progress(h, from, n);
    }
    if (sparse && ftruncate(fd, (off_t)st.length) < 0)
        return host_error(to, m);
    return 0;
}

/* A regular file: beside its place, then renamed into it. */
static int get_file(struct hostfs *h, struct tfs_file *f, const char *from, const char *to, const struct message *m)
{
    struct tfs_stat st;
    char *temporary;

    tfs_stat(f, &st);
    if (asprintf(&temporary, "%s.%ld.new", to, (long)getpid()) < 0)
        return host_error(to, m);
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600), r = -1;
    if (fd < 0) {
        host_error(to, m);
    } else {
        r = get_contents(h, f, from, fd, to, 1, m);
        if (r == 0 && (fchmod(fd, st.mode & 0777) < 0 || rename(temporary, to) < 0))
            r = host_error(to, m);
        close(fd);
        if (r < 0)
            unlink(temporary);
        else
            h->files++;
    }
    free(temporary);
    return r;
}

static int get_entry(struct hostfs *h, struct tfs_file *f, const char *from, const char *to, int depth,
                     const struct message *m);

static int get_below(struct hostfs *h, struct tfs_file *dir, const struct tfs_dirent *e, const char *from,
                     const char *to, int depth, const struct message *m) {
    char *src = NULL, *dst = NULL;
    struct tfs_file *f;
    int r = tfs_walk(dir, e->name, &f);

    if (r < 0)
        return tfs_failed(h, r, e->name, m);
    r = -1;
    if (asprintf(&src, "%s%s%s", from, from[strlen(from) - 1] == '/' ? "" : "/", e->name) >= 0 &&
        asprintf(&dst, "%s/%s", to, e->name) >= 0)
        r = get_entry(h, f, src, dst, depth + 1, m);
    tfs_unref(f);
    free(src);
    free(dst);
    return r;
}

static int get_dir(struct hostfs *h, struct tfs_file *dir, const char *from, const char *to, int depth,
                   const struct message *m) {
    struct tfs_dirent e;
    uint64_t cookie = 0;
    int r;

    if (depth > MAX_DEPTH) {
        snprintf(m->err, m->len, "%s: directories are nested too deeply", from);
        return -1;
    }
    if (mkdir(to, 0777) < 0 && errno != EEXIST)
        return host_error(to, m);
    while ((r = tfs_readdir(dir, &cookie, &e)) > 0) {
        if (strchr(e.name, '/') != NULL || strcmp(e.name, ".") == 0 || strcmp(e.name, "..") == 0)
            r = -TFS_ECORRUPT; /* would leave the directory on the host */
        if (r < 0)
            break;
        r = get_below(h, dir, &e, from, to, depth, m);
        if (r < 0)
            return r;
    }
    return r < 0 ? tfs_failed(h, r, from, m) : 0;
}

static int get_entry(struct hostfs *h, struct tfs_file *f, const char *from, const char *to, int depth,
                     const struct message *m) {
    return is_dir(f) ? get_dir(h, f, from, to, depth, m) : get_file(h, f, from, to, m);
}

int hostfs_get(struct hostfs *h, const char *from, const char *to, char *err, size_t errlen)
{
    struct message m = {err, errlen};
    struct tfs_file *f;
    int r = hostfs_walk(h, from, &f);

    if (r < 0)
        return hostfs_fail(h, r, from, err, errlen);
    if (strcmp(to, "-") != 0)
        r = get_entry(h, f, from, to, 0, &m);
    else if (is_dir(f))
        r = hostfs_fail(h, -TFS_EISDIR, from, err, errlen);
    else
        r = get_contents(h, f, from, STDOUT_FILENO, "standard output", 0, &m);
    tfs_unref(f);
    return r;
}
