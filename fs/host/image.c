/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Disk images: the file itself, or the file with a private sparse overlay whose
 * bitmap says which 4 KiB pieces have been written.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "image.h"

#define PIECE 4096u

struct image {
    char *path;
    int fd;
    enum image_mode mode;
    uint64_t bytes;
    int overlay;      /* IMAGE_PRIVATE: the temporary file, same offsets */
    uint8_t *changed; /* IMAGE_PRIVATE: bit per piece that the overlay holds */
    uint8_t **held;   /* image_hold: the pieces in memory; NULL: not so */
};

uint64_t image_size(const struct image *im)
{
    return im->bytes;
}

int image_readonly(const struct image *im)
{
    return im->mode == IMAGE_READ;
}

const char *image_path(const struct image *im)
{
    return im->path;
}

/* ---- whole transfers ---- */

static int read_fully(int fd, uint64_t off, uint8_t *buf, size_t n)
{
    while (n > 0) {
        ssize_t got = pread(fd, buf, n, (off_t)off);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        if (got == 0) { /* the last piece of an overlay may be shorter than the disk */
            memset(buf, 0, n);
            return 0;
        }
        buf += got;
        off += (uint64_t)got;
        n -= (size_t)got;
    }
    return 0;
}

static int write_fully(int fd, uint64_t off, const uint8_t *buf, size_t n)
{
    while (n > 0) {
        ssize_t put = pwrite(fd, buf, n, (off_t)off);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return -errno;
        buf += put;
        off += (uint64_t)put;
        n -= (size_t)put;
    }
    return 0;
}

/* ---- the overlay ---- */

static int is_changed(const struct image *im, uint64_t piece)
{
    return im->changed != NULL && (im->changed[piece / 8] >> piece % 8 & 1);
}

/* Bytes from off that are all changed or all not, at most n. */
static size_t run_of(const struct image *im, uint64_t off, size_t n)
{
    uint64_t piece = off / PIECE;
    size_t run = PIECE - off % PIECE;
    int changed = is_changed(im, piece);

    while (run < n && is_changed(im, ++piece) == changed)
        run += PIECE;
    return run < n ? run : n;
}

static int overlay_write(struct image *im, uint64_t off, const uint8_t *buf, size_t n)
{
    uint8_t whole[PIECE];

    while (n > 0) {
        uint64_t piece = off / PIECE;
        size_t at = off % PIECE, part = PIECE - at < n ? PIECE - at : n;
        int r = 0;
        if (part < PIECE && !is_changed(im, piece)) {
            uint64_t base = piece * PIECE;
            size_t have = im->bytes - base < PIECE ? (size_t)(im->bytes - base) : PIECE;
            r = read_fully(im->fd, base, whole, have);
            memcpy(whole + at, buf, part);
            r = r < 0 ? r : write_fully(im->overlay, base, whole, have);
        } else {
            r = write_fully(im->overlay, off, buf, part);
        }
        if (r < 0)
            return r;
        im->changed[piece / 8] |= (uint8_t)(1u << piece % 8);
        off += part;
        buf += part;
        n -= part;
    }
    return 0;
}

static int outside(const struct image *im, uint64_t off, size_t n)
{
    return off > im->bytes || n > im->bytes - off;
}

static int read_below(struct image *im, uint64_t off, uint8_t *to, size_t n)
{
    while (n > 0) {
        size_t run = run_of(im, off, n);
        int r = read_fully(is_changed(im, off / PIECE) ? im->overlay : im->fd, off, to, run);
        if (r < 0)
            return r;
        off += run;
        to += run;
        n -= run;
    }
    return 0;
}

static int write_below(struct image *im, uint64_t off, const uint8_t *from, size_t n)
{
    if (im->mode == IMAGE_PRIVATE)
        return overlay_write(im, off, from, n);
    return write_fully(im->fd, off, from, n);
}

/* ---- what is held in memory ---- */

static uint64_t pieces(const struct image *im)
{
    return (im->bytes + PIECE - 1) / PIECE;
}

static size_t piece_bytes(const struct image *im, uint64_t piece)
{
    uint64_t left = im->bytes - piece * PIECE;
    return left < PIECE ? (size_t)left : PIECE;
}

int image_hold(struct image *im)
{
    if (!im->held)
        im->held = calloc(pieces(im), sizeof *im->held);
    return im->held ? 0 : -ENOMEM;
}

static int hold_piece(struct image *im, uint64_t piece)
{
    if (im->held[piece])
        return 0;
    uint8_t *bytes = calloc(1, PIECE);
    int r = bytes ? read_below(im, piece * PIECE, bytes, piece_bytes(im, piece)) : -ENOMEM;
    if (r < 0)
        free(bytes);
    else
        im->held[piece] = bytes;
    return r;
}

static void let_go(struct image *im)
{
    for (uint64_t i = 0; im->held && i < pieces(im); i++)
        free(im->held[i]);
    free(im->held);
    im->held = NULL;
}

int image_release(struct image *im)
{
    int r = 0;
    for (uint64_t i = 0; im->held && i < pieces(im) && r == 0; i++)
        if (im->held[i])
            r = write_below(im, i * PIECE, im->held[i], piece_bytes(im, i));
    if (r == 0)
        let_go(im);
    return r;
}

int image_read(struct image *im, uint64_t off, void *buf, size_t n)
{
    uint8_t *to = buf;
    int r = 0;

    if (outside(im, off, n))
        return -EINVAL;
    if (!im->held)
        return read_below(im, off, to, n);
    for (size_t part; n > 0 && r == 0; off += part, to += part, n -= part) {
        const uint8_t *held = im->held[off / PIECE];
        part = PIECE - off % PIECE < n ? PIECE - off % PIECE : n;
        if (held)
            memcpy(to, held + off % PIECE, part);
        else
            r = read_below(im, off, to, part);
    }
    return r;
}

int image_write(struct image *im, uint64_t off, const void *buf, size_t n)
{
    const uint8_t *from = buf;
    int r = 0;

    if (outside(im, off, n))
        return -EINVAL;
    if (im->mode == IMAGE_READ)
        return -EROFS;
    if (!im->held)
        return write_below(im, off, from, n);
    for (size_t part; n > 0 && r == 0; off += part, from += part, n -= part) {
        part = PIECE - off % PIECE < n ? PIECE - off % PIECE : n;
        r = hold_piece(im, off / PIECE);
        if (r == 0)
            memcpy(im->held[off / PIECE] + off % PIECE, from, part);
    }
    return r;
}

static size_t all_bytes(const struct iovec *v, int count)
{
    size_t n = 0;
    for (int i = 0; i < count; i++)
        n += v[i].iov_len;
    return n;
}

typedef int transfer(struct image *, uint64_t off, void *buf, size_t n);

static int write_piece(struct image *im, uint64_t off, void *buf, size_t n)
{
    return image_write(im, off, buf, n);
}

/* What lies behind the first `done` bytes of v, buffer by buffer. done: also minus an error, then all. */
static int transfer_rest(struct image *im, uint64_t off, const struct iovec *v, int count, ssize_t done, transfer *one)
{
    for (int r; count > 0; v++, count--) {
        size_t n = done > 0 ? (size_t)done < v->iov_len ? (size_t)done : v->iov_len : 0;
        if (n < v->iov_len && (r = one(im, off + n, (char *)v->iov_base + n, v->iov_len - n)) < 0)
            return r;
        done -= (ssize_t)n;
        off += v->iov_len;
    }
    return 0;
}

/* One system call if the image is nothing but the file. */
int image_readv(struct image *im, uint64_t off, const struct iovec *v, int count)
{
    if (outside(im, off, all_bytes(v, count)))
        return -EINVAL;
    bool plain = !im->held && !im->changed;
    return transfer_rest(im, off, v, count, plain ? preadv(im->fd, v, count, (off_t)off) : 0, image_read);
}

int image_writev(struct image *im, uint64_t off, const struct iovec *v, int count)
{
    if (outside(im, off, all_bytes(v, count)))
        return -EINVAL;
    bool plain = !im->held && im->mode == IMAGE_WRITE;
    return transfer_rest(im, off, v, count, plain ? pwritev(im->fd, v, count, (off_t)off) : 0, write_piece);
}

int image_flush(struct image *im)
{
    if (im->mode != IMAGE_WRITE || im->held || fdatasync(im->fd) == 0)
        return 0;
    return -errno;
}

void image_begin_flush(struct image *im)
{
    if (im->mode == IMAGE_WRITE && !im->held)
        sync_file_range(im->fd, 0, 0, SYNC_FILE_RANGE_WRITE); /* advice: an error shows in image_flush */
}

/* ---- opening ---- */

/* An unnamed file for what is written: gone when it is closed, however the program ends. */
static int make_overlay(struct image *im, char *err, size_t errlen)
{
    const char *dir = getenv("TMPDIR");
    char name[4096];

    if (dir == NULL || *dir == 0)
        dir = "/tmp";
    im->overlay = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (im->overlay < 0) { /* not every file system has O_TMPFILE */
        snprintf(name, sizeof name, "%s/tarry-XXXXXX", dir);
        im->overlay = mkostemp(name, O_CLOEXEC);
        if (im->overlay >= 0)
            unlink(name);
    }
    if (im->overlay < 0) {
        snprintf(err, errlen, "%s: cannot make a temporary file: %s; set TMPDIR to a directory with room", dir,
                 strerror(errno));
        return -1;
    }
    im->changed = calloc(1, im->bytes / PIECE / 8 + 1);
    if (im->changed == NULL) {
        snprintf(err, errlen, "no memory for the map of a disk of %llu bytes", (unsigned long long)im->bytes);
        return -1;
    }
    return 0;
}

/* Takes the descriptor over, also when it fails. */
static struct image *image_new(const char *path, int fd, enum image_mode mode, char *err, size_t errlen)
{
    struct image *im = calloc(1, sizeof *im);
    char *copy = strdup(path);

    if (im == NULL || copy == NULL) {
        snprintf(err, errlen, "%s: out of memory", path);
        free(im);
        free(copy);
        close(fd);
        return NULL;
    }
    *im = (struct image){.path = copy, .fd = fd, .mode = mode, .overlay = -1};
    return im;
}

/* Two programs that change one image at a time would destroy it. */
static int lock(struct image *im, char *err, size_t errlen)
{
    if (flock(im->fd, (im->mode == IMAGE_WRITE ? LOCK_EX : LOCK_SH) | LOCK_NB) == 0 || errno != EWOULDBLOCK)
        return 0;
    snprintf(err, errlen, "%s: in use by another program; wait for it or use a copy", im->path);
    return -1;
}

static int learn_size(struct image *im, char *err, size_t errlen)
{
    struct stat st;

    if (fstat(im->fd, &st) < 0) {
        snprintf(err, errlen, "%s: %s", im->path, strerror(errno));
        return -1;
    }
    if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode)) {
        snprintf(err, errlen, "%s: not a file that could hold a disk image", im->path);
        return -1;
    }
    off_t end = lseek(im->fd, 0, SEEK_END);
    if (end <= 0) {
        snprintf(err, errlen, "%s: empty, not a disk image; make one with 'tarry fs create'", im->path);
        return -1;
    }
    im->bytes = (uint64_t)end;
    return 0;
}

struct image *image_open(const char *path, enum image_mode mode, char *err, size_t errlen) {
    int fd = open(path, (mode == IMAGE_WRITE ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0) {
        snprintf(err, errlen, "%s: %s%s", path, strerror(errno),
                 errno == ENOENT ? "; make an image with 'tarry fs create'" : "");
        return NULL;
    }
    struct image *im = image_new(path, fd, mode, err, errlen);
    if (im == NULL)
        return NULL;
    if (learn_size(im, err, errlen) < 0 || lock(im, err, errlen) < 0 ||
        (mode == IMAGE_PRIVATE && make_overlay(im, err, errlen) < 0)) {
        image_close(im);
        return NULL;
    }
    return im;
}

struct image *image_create(const char *path, uint64_t bytes, int force, char *err, size_t errlen) {
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | (force ? 0 : O_EXCL), 0644);

    if (fd < 0) {
        snprintf(err, errlen, "%s: %s%s", path, strerror(errno), errno == EEXIST ? "; --force replaces it" : "");
        return NULL;
    }
    struct image *im = image_new(path, fd, IMAGE_WRITE, err, errlen);
    if (im == NULL)
        return NULL;
    im->bytes = bytes;
    if (lock(im, err, errlen) == 0) {
        if (ftruncate(fd, 0) == 0 && ftruncate(fd, (off_t)bytes) == 0)
            return im;
        snprintf(err, errlen, "%s: cannot be %llu bytes long: %s; choose a smaller size", path,
                 (unsigned long long)bytes, strerror(errno));
        if (!force)
            unlink(path);
    }
    image_close(im);
    return NULL;
}

void image_close(struct image *im)
{
    if (im == NULL)
        return;
    close(im->fd);
    if (im->overlay >= 0)
        close(im->overlay);
    let_go(im);
    free(im->changed);
    free(im->path);
    free(im);
}
