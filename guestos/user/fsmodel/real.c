/* SPDX-License-Identifier: GPL-2.0-only */
/* The operations on the real file system, and its comparison with the model. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "fsmodel.h"
#include "tarry.h"

enum { NSNAPS = 4 };

static uint8_t *plain, *deferred; /* buffers of MAX_BYTES */

/* What a file held when it was read into a deferred segment (R1), or was removed while open. Lost in a crash. */
static struct snap {
    uint8_t *segment; /* NULL: none */
    int fd;           /* -1: none */
    uint8_t *bytes;
    size_t length;
} snaps[NSNAPS];

const char *wrong(const char *format, ...)
{
    static char text[300];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return text;
}

static const char *failed(const char *what, const char *path)
{
    char why[128];
    errstr(why, sizeof why);
    return wrong("%s %s: %s", what, path, why);
}

const char *real_init(void)
{
    char path[PATH];
    plain = malloc(MAX_BYTES);
    deferred = segattach(0, "defer", NULL, MAX_BYTES);
    if (plain == NULL || deferred == (void *)-1)
        return failed("memory", "");
    if (mkdir(TOP, 0755) < 0 && errno != EEXIST)
        return failed("mkdir", TOP);
    for (unsigned i = 0; i < NDIRS; i++) {
        snprintf(path, sizeof path, TOP "/%c", 'a' + (char)i);
        if (mkdir(path, 0755) < 0 && errno != EEXIST)
            return failed("mkdir", path);
    }
    for (unsigned i = 0; i < NSNAPS; i++) {
        snaps[i].bytes = malloc(MAX_BYTES);
        snaps[i].fd = -1;
        if (snaps[i].bytes == NULL)
            return failed("memory", "");
    }
    return NULL;
}

static const char *compare(const char *path, const uint8_t *got, const uint8_t *want, size_t off, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (got[i] != want[i])
            return wrong("%s: byte %lu is %u and should be %u", path, (unsigned long)(off + i), got[i], want[i]);
    return NULL;
}

/* ---- reading ---- */

static const char *read_range(const struct file *f, const struct op *op)
{
    char path[PATH];
    path_of(path, f->dir, f->name);
    uint8_t *buf = op->deferred ? deferred : plain;
    size_t want = op->off < f->length ? f->length - op->off : 0;
    want = want < op->n ? want : op->n;
    int fd = open(path, O_RDONLY);
    if (fd < 0)
        return failed("open", path);
    ssize_t got = pread(fd, buf, op->n, (off_t)op->off);
    close(fd);
    if (got != (ssize_t)want)
        return got < 0 ? failed("read", path) : wrong("%s: %ld bytes read, not %lu", path, (long)got, (unsigned long)want);
    return compare(path, buf, f->bytes + op->off, op->off, want);
}

static const char *verify_file(const struct file *f)
{
    char path[PATH];
    struct tarry_stat st;
    path_of(path, f->dir, f->name);
    if (dirstat(path, &st) < 0)
        return failed("stat", path);
    if (st.length != f->length)
        return wrong("%s: %lu bytes long, not %lu", path, (unsigned long)st.length, (unsigned long)f->length);
    if (st.mode != f->mode)
        return wrong("%s: mode is %lx, not %lx", path, (unsigned long)st.mode, (unsigned long)f->mode);
    struct op all = {.n = MAX_BYTES};
    return read_range(f, &all);
}

static const char *verify_dir(const struct model *m, unsigned dir)
{
    char path[PATH];
    unsigned found = 0, want = m->subdir[dir];
    snprintf(path, sizeof path, TOP "/%c", 'a' + (char)dir);
    DIR *d = opendir(path);
    if (d == NULL)
        return failed("open", path);
    while (readdir(d) != NULL)
        found++;
    closedir(d);
    for (unsigned i = 0; i < NFILES; i++)
        want += m->file[i].exists && m->file[i].dir == dir;
    return found == want ? NULL : wrong("%s: %u entries, not %u", path, found, want);
}

const char *real_verify(const struct model *m)
{
    const char *bad = NULL;
    for (unsigned i = 0; i < NDIRS && bad == NULL; i++)
        bad = verify_dir(m, i);
    for (unsigned i = 0; i < NFILES && bad == NULL; i++)
        if (m->file[i].exists)
            bad = verify_file(&m->file[i]);
    return bad;
}

/* ---- what is kept in a deferred segment, or by an open descriptor ---- */

static const char *look(struct snap *s)
{
    const char *bad = NULL;
    if (s->segment != NULL) {
        bad = compare("a pending read", s->segment, s->bytes, 0, s->length);
        segdetach(s->segment);
    }
    if (s->fd >= 0) {
        ssize_t got = pread(s->fd, plain, MAX_BYTES, 0);
        bad = got != (ssize_t)s->length ? failed("read", "a removed file") : compare("a removed file", plain, s->bytes, 0, s->length);
        close(s->fd);
    }
    s->segment = NULL;
    s->fd = -1;
    return bad;
}

static const char *keep(const struct file *f, const struct op *op, struct snap *s)
{
    char path[PATH];
    const char *bad = look(s);
    path_of(path, f->dir, f->name);
    int fd = open(path, O_RDONLY);
    if (bad != NULL || fd < 0)
        return bad != NULL ? bad : failed("open", path);
    memcpy(s->bytes, f->bytes, f->length);
    s->length = f->length;
    if (op->kind == OP_REMOVE) {
        s->fd = fd;
        return NULL;
    }
    s->segment = segattach(0, "defer", NULL, MAX_BYTES);
    ssize_t got = pread(fd, s->segment, MAX_BYTES, 0);
    close(fd);
    return got == (ssize_t)s->length ? NULL : failed("read", path);
}

/* ---- writing ---- */

/* The file's bytes, some of them changed, in a buffer: what is written back. */
static const char *load_changed(int fd, const char *path, const struct op *op, uint8_t *buf)
{
    if (pread(fd, buf, op->n, (off_t)op->off) != (ssize_t)op->n)
        return failed("read", path);
    op_bytes(op, buf + op->dirty, op->ndirty);
    return NULL;
}

static const char *load_other(const struct file *o, const struct op *op, uint8_t *buf)
{
    char path[PATH];
    path_of(path, o->dir, o->name);
    int fd = open(path, O_RDONLY);
    ssize_t got = pread(fd, buf, op->n, (off_t)op->from);
    close(fd);
    return got == (ssize_t)op->n ? NULL : failed("read", path);
}

static const char *write_if(int fd, const char *path, const struct op *op, const uint8_t *buf)
{
    struct tarry_stat st;
    if (dirfstat(fd, &st) < 0)
        return failed("fstat", path);
    ssize_t got = cwrite(fd, buf, op->n, (int64_t)op->off, st.version - op->stale);
    if (op->n == 0 || (op->stale ? got == -1 && errno == ESTALE : got == (ssize_t)op->n))
        return NULL;
    return failed("cwrite", path);
}

static const char *write_file(const struct model *m, const struct op *op)
{
    const struct file *f = &m->file[op->file];
    char path[PATH];
    uint8_t *buf = op->deferred ? deferred : plain;
    const char *bad = NULL;
    path_of(path, f->dir, f->name);
    int fd = open(path, O_RDWR);
    if (fd < 0)
        return failed("open", path);
    if (op->kind == OP_COPY)
        bad = load_other(&m->file[op->other], op, buf);
    else if (op->kind == OP_WRITE || op->kind == OP_APPEND)
        op_bytes(op, buf, op->n);
    else
        bad = load_changed(fd, path, op, buf);
    if (bad == NULL && op->kind == OP_CWRITE)
        bad = write_if(fd, path, op, buf);
    else if (bad == NULL && pwrite(fd, buf, op->n, op->kind == OP_APPEND && f->append ? 0 : (off_t)op->off) != (ssize_t)op->n)
        bad = failed("write", path);
    close(fd);
    return bad;
}

/* ---- names ---- */

static const char *create_file(const struct op *op)
{
    char path[PATH];
    path_of(path, op->dir, op->name);
    int fd = create(path, OWRITE | OEXCL, op->mode);
    if (fd < 0)
        return failed("create", path);
    close(fd);
    return NULL;
}

static const char *change_mode(const char *path, uint32_t mode)
{
    struct tarry_wstat w;
    memset(&w, 0xff, sizeof w);
    w.name[0] = 0;
    w.mode = mode;
    return dirwstat(path, &w) < 0 ? failed("chmod", path) : NULL;
}

static const char *change_name(const struct model *m, const struct op *op)
{
    const struct file *f = &m->file[op->file];
    char path[PATH], to[PATH];
    path_of(path, f->dir, f->name);
    path_of(to, op->dir, op->name);
    switch (op->kind) {
    case OP_TRUNCATE:
        return truncate(path, (off_t)op->n) < 0 ? failed("truncate", path) : NULL;
    case OP_REMOVE:
        return unlink(path) < 0 ? failed("remove", path) : NULL;
    case OP_RENAME:
        return rename(path, to) < 0 ? failed("rename", path) : NULL;
    default:
        return change_mode(path, op->mode | (f->append ? DMAPPEND : 0));
    }
}

static const char *change_dir(const struct model *m, unsigned dir)
{
    char path[PATH];
    snprintf(path, sizeof path, TOP "/%c/directory", 'a' + (char)dir);
    if ((m->subdir[dir] ? rmdir(path) : mkdir(path, 0755)) < 0)
        return failed("directory", path);
    return NULL;
}

const char *real_apply(const struct model *m, const struct op *op, uint64_t k)
{
    const struct file *f = op->file < NFILES ? &m->file[op->file] : NULL;
    struct snap *s = &snaps[k % NSNAPS];
    const char *bad;
    switch (op->kind) {
    case OP_CREATE:
        return create_file(op);
    case OP_MKDIR:
        return change_dir(m, op->dir);
    case OP_SYNC:
        return sys_sync() < 0 ? failed("sync", "") : NULL;
    case OP_READ:
        return read_range(f, op);
    case OP_SNAP:
        return keep(f, op, s);
    case OP_LOOK:
        return look(s);
    case OP_VERIFY:
        return real_verify(m);
    case OP_REMOVE:
        bad = keep(f, op, s);
        return bad != NULL ? bad : change_name(m, op);
    case OP_TRUNCATE:
    case OP_RENAME:
    case OP_CHMOD:
        return change_name(m, op);
    default:
        return write_file(m, op);
    }
}
