/* SPDX-License-Identifier: GPL-2.0-only */
/* The reference model. See model.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "model.h"

static void *make(size_t n)
{
    void *p = calloc(1, n + 1);
    if (p == NULL) {
        fprintf(stderr, "model: out of memory\n");
        exit(2);
    }
    return p;
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* ---- segments ---- */

static Bytes *new_bytes(uint64_t n)
{
    Bytes *b = make(sizeof *b);
    b->ref = 1;
    b->n = n;
    b->at = make(n);
    return b;
}

static void put_bytes(Bytes *b)
{
    if (b == NULL || --b->ref > 0)
        return;
    free(b->at);
    free(b);
}

static Bytes *fork_bytes(Bytes *b, int region)
{
    if (b == NULL)
        return NULL;
    if (region == REGION_B) {
        b->ref++;
        return b;
    }
    Bytes *copy = new_bytes(b->n);
    memcpy(copy->at, b->at, b->n);
    return copy;
}

int region_at(const Model *m, uint64_t va)
{
    for (int i = 0; i < MODEL_REGIONS; i++)
        if (va >= m->layout.base[i] && va - m->layout.base[i] < m->layout.bytes[i])
            return i;
    return -1;
}

/* The bytes at va, and how many of n from there are in the same region. NULL: none. */
static unsigned char *part_at(const Model *m, const MProc *p, uint64_t va, uint64_t *n)
{
    int i = region_at(m, va);
    if (i < 0 || p->region[i] == NULL)
        return NULL;
    uint64_t in = va - m->layout.base[i];
    *n = least(*n, m->layout.bytes[i] - in);
    return p->region[i]->at + in;
}

bool model_has(const Model *m, const MProc *p, uint64_t va, uint64_t n, bool writable)
{
    for (uint64_t part; n > 0; va += part, n -= part) {
        part = n;
        if (part_at(m, p, va, &part) == NULL || (writable && region_at(m, va) == REGION_E))
            return false;
    }
    return true;
}

void model_peek(const Model *m, const MProc *p, uint64_t va, void *to, uint64_t n)
{
    for (uint64_t done = 0, part; done < n; done += part) {
        part = n - done;
        const unsigned char *from = part_at(m, p, va + done, &part);
        memcpy((char *)to + done, from, part);
    }
}

/* from NULL: zeros */
void model_poke(Model *m, MProc *p, uint64_t va, const void *from, uint64_t n)
{
    for (uint64_t done = 0, part; done < n; done += part) {
        part = n - done;
        unsigned char *to = part_at(m, p, va + done, &part);
        if (from != NULL)
            memcpy(to, (const char *)from + done, part);
        else
            memset(to, 0, part);
    }
}

static void attach_region(Model *m, MProc *p, int i)
{
    p->region[i] = new_bytes(m->layout.bytes[i]);
}

/* ---- files ---- */

static void put_file(MFile *f)
{
    if (f == NULL || --f->ref > 0)
        return;
    free(f->at);
    free(f);
}

static void need_room(MFile *f, uint64_t n)
{
    if (n <= f->room)
        return;
    unsigned char *at = make(n * 2);
    memcpy(at, f->at, f->length);
    free(f->at);
    f->at = at;
    f->room = n * 2;
}

/* W2: every change of a file, a write that skips all of it included, shows in its version and in its time. */
static void bump(Model *m, MFile *f)
{
    f->version++;
    f->mtime = ++m->clock;
}

static int64_t truncate_file(Model *m, MFile *f, uint64_t n)
{
    if (n >= MODEL_TOO_FAR)
        return -T_EFBIG;
    need_room(f, n);
    if (n < f->length)
        memset(f->at + n, 0, f->length - n);
    f->length = n;
    bump(m, f);
    return 0;
}

static bool may_open(uint32_t perm, int mode)
{
    bool writes = (mode & 3) == OWRITE || (mode & 3) == ORDWR || (mode & OTRUNC);
    bool reads = (mode & 3) == OREAD || (mode & 3) == ORDWR;
    return (!reads || (perm & 0444)) && (!writes || (perm & 0222));
}

/* ---- descriptors ---- */

static void put_open(MOpen *o)
{
    if (o == NULL || --o->ref > 0)
        return;
    put_file(o->file);
    if (o->pipe != NULL) {
        o->pipe->ends[o->is == OPEN_WRITE_END]--;
        if (o->pipe->ends[0] + o->pipe->ends[1] == 0)
            free(o->pipe);
    }
    free(o);
}

static MOpen *new_open(enum mopen is, int mode)
{
    MOpen *o = make(sizeof *o);
    o->ref = 1;
    o->is = is;
    o->mode = mode;
    return o;
}

static void set_fd(MProc *p, unsigned fd, MOpen *o)
{
    MOpen *old = p->fd[fd];
    p->fd[fd] = o;
    put_open(old);
}

static void open_file(MProc *p, unsigned fd, MFile *f, int mode)
{
    MOpen *o = new_open(OPEN_FILE, mode & (3 | OAPPEND));
    if (f->mode & DMAPPEND)
        o->mode |= OAPPEND;
    o->file = f;
    f->ref++;
    set_fd(p, fd, o);
}

static int64_t do_open(Model *m, MProc *p, const struct mop *op, int mode)
{
    if (op->b == MODEL_ZERO) {
        set_fd(p, op->a, new_open(OPEN_ZERO, OREAD));
        return 0;
    }
    MFile *f = m->name[op->b];
    if (f == NULL)
        return -T_ENOENT;
    if (!may_open(f->mode, mode))
        return -T_EACCES;
    if ((mode & OTRUNC) && f->length > 0 && !(f->mode & DMAPPEND))
        truncate_file(m, f, 0);
    open_file(p, op->a, f, mode);
    return 0;
}

static int64_t do_create(Model *m, MProc *p, const struct mop *op)
{
    if (m->name[op->b] != NULL)
        return op->n & OEXCL ? -T_EEXIST : do_open(m, p, op, (int)op->n | OTRUNC);
    if (!model_reaches(m, op->b))
        return -T_ENOENT;
    MFile *f = make(sizeof *f);
    f->ref = 1;
    f->id = ++m->last_id;
    bump(m, f);
    f->mode = (uint32_t)op->x;
    f->at = make(0);
    m->name[op->b] = f;
    open_file(p, op->a, f, (int)op->n);
    return 0;
}

static int64_t do_pipe(MProc *p, const struct mop *op)
{
    MPipe *pipe = make(sizeof *pipe);
    MOpen *ends[2] = {new_open(OPEN_READ_END, OREAD), new_open(OPEN_WRITE_END, OWRITE)};
    for (int i = 0; i < 2; i++) {
        ends[i]->pipe = pipe;
        pipe->ends[i] = 1;
    }
    set_fd(p, op->a, ends[0]);
    set_fd(p, op->b, ends[1]);
    return 0;
}

static int64_t do_dup(MProc *p, const struct mop *op)
{
    if (p->fd[op->a] == NULL)
        return -T_EBADF;
    p->fd[op->a]->ref++;
    set_fd(p, op->b, p->fd[op->a]);
    return 0;
}

static int64_t do_close(MProc *p, const struct mop *op)
{
    if (p->fd[op->a] == NULL)
        return -T_EBADF;
    set_fd(p, op->a, NULL);
    return 0;
}

static int64_t do_seek(MProc *p, const struct mop *op)
{
    MOpen *o = p->fd[op->a];
    if (o == NULL)
        return -T_EBADF;
    if (o->is != OPEN_FILE)
        return -T_ESPIPE;
    int64_t base = op->b == SEEK_FROM_HERE ? (int64_t)o->offset : op->b == SEEK_FROM_END ? (int64_t)o->file->length : 0;
    if (op->b > SEEK_FROM_END || __builtin_add_overflow(base, (int64_t)op->x, &base) || base < 0)
        return -T_EINVAL;
    o->offset = (uint64_t)base;
    return base;
}

/* ---- reading and writing ---- */

static int64_t read_file(Model *m, MProc *p, MFile *f, const struct mop *op, uint64_t off)
{
    uint64_t n = off < f->length ? least(op->n, f->length - off) : 0;
    if (!model_has(m, p, op->x, n, true))
        return -T_EFAULT;
    model_poke(m, p, op->x, f->at + off, n);
    return (int64_t)n;
}

static int64_t write_file(Model *m, MProc *p, MFile *f, const struct mop *op, uint64_t off)
{
    if (!model_has(m, p, op->x, op->n, false))
        return -T_EFAULT;
    if (op->n == 0)
        return 0;
    if (off >= MODEL_TOO_FAR)
        return -T_EFBIG;
    need_room(f, off + op->n);
    model_peek(m, p, op->x, f->at + off, op->n);
    if (off + op->n > f->length)
        f->length = off + op->n;
    bump(m, f);
    return op->n;
}

/* What is left and lies together in the ring. */
static int64_t read_pipe(Model *m, MProc *p, MPipe *pipe, const struct mop *op)
{
    uint64_t at = pipe->out % MODEL_PIPE;
    uint64_t n = least(least(op->n, pipe->in - pipe->out), MODEL_PIPE - at);
    model_poke(m, p, op->x, pipe->ring + at, n);
    pipe->out += n;
    return (int64_t)n;
}

static int64_t write_pipe(Model *m, MProc *p, MPipe *pipe, const struct mop *op)
{
    unsigned char byte;
    if (op->n > 0 && pipe->ends[0] == 0)
        return -T_EPIPE;
    for (uint64_t i = 0; i < op->n; i++) {
        model_peek(m, p, op->x + i, &byte, 1);
        pipe->ring[pipe->in++ % MODEL_PIPE] = byte;
    }
    return op->n;
}

static int64_t read_zeros(Model *m, MProc *p, const struct mop *op)
{
    if (!model_has(m, p, op->x, op->n, true))
        return -T_EFAULT;
    model_poke(m, p, op->x, NULL, op->n);
    return op->n;
}

static int64_t do_transfer(Model *m, MProc *p, const struct mop *op, bool output)
{
    MOpen *o = p->fd[op->a];
    if (o == NULL || (output ? (o->mode & 3) == OREAD : (o->mode & 3) == OWRITE))
        return -T_EBADF;
    if (o->is != OPEN_FILE && op->y != MODEL_HERE)
        return (int64_t)op->y < 0 ? -T_EINVAL : -T_ESPIPE;
    if (op->y != MODEL_HERE && (int64_t)op->y < 0)
        return -T_EINVAL;
    switch (o->is) {
    case OPEN_ZERO:
        return read_zeros(m, p, op);
    case OPEN_READ_END:
        return read_pipe(m, p, o->pipe, op);
    case OPEN_WRITE_END:
        return write_pipe(m, p, o->pipe, op);
    case OPEN_FILE:
        break;
    }
    bool append = output && (o->mode & OAPPEND);
    uint64_t off = append ? o->file->length : op->y != MODEL_HERE ? op->y : o->offset;
    int64_t got = output ? write_file(m, p, o->file, op, off) : read_file(m, p, o->file, op, off);
    if (got > 0 && op->y == MODEL_HERE)
        o->offset = off + (uint64_t)got;
    return got;
}

static int64_t do_cwrite(Model *m, MProc *p, const struct mop *op)
{
    MOpen *o = p->fd[op->a];
    if (o == NULL || (o->mode & 3) == OREAD)
        return -T_EBADF;
    if (o->is != OPEN_FILE || (int64_t)op->y < 0)
        return -T_EINVAL;
    if (!model_has(m, p, op->x, op->n, false))
        return -T_EFAULT;
    if (op->n > 0 && op->b != 0)
        return -T_ESTALE;
    return write_file(m, p, o->file, op, o->mode & OAPPEND ? o->file->length : op->y);
}

/* ---- memory ---- */

static uint64_t digest_at(const Model *m, const MProc *p, uint64_t va, uint64_t n)
{
    unsigned char *bytes = make(n);
    model_peek(m, p, va, bytes, n);
    uint64_t h = model_digest(0, bytes, n);
    free(bytes);
    return h;
}

static void do_store(Model *m, MProc *p, const struct mop *op)
{
    unsigned char *bytes = make(op->n);
    model_fill(bytes, op->n, op->y);
    model_poke(m, p, op->x, bytes, op->n);
    free(bytes);
}

static void do_copy(Model *m, MProc *p, const struct mop *op)
{
    unsigned char *bytes = make(op->n);
    model_peek(m, p, op->x, bytes, op->n);
    model_poke(m, p, op->y, bytes, op->n);
    free(bytes);
}

static int64_t do_free(Model *m, MProc *p, const struct mop *op)
{
    if (!model_has(m, p, op->x, op->n, false))
        return -T_EFAULT;
    if (!model_has(m, p, op->x, op->n, true))
        return -T_EACCES;
    model_poke(m, p, op->x, NULL, op->n);
    return 0;
}

static int64_t do_zero(Model *m, MProc *p, const struct mop *op)
{
    if (!model_has(m, p, op->x, op->n, true))
        return -T_EFAULT;
    model_poke(m, p, op->x, NULL, op->n);
    return 0;
}

static int64_t do_detach(MProc *p, const struct mop *op)
{
    if (p->region[op->a] == NULL)
        return -T_EINVAL;
    put_bytes(p->region[op->a]);
    p->region[op->a] = NULL;
    return 0;
}

static int64_t do_attach(Model *m, MProc *p, const struct mop *op)
{
    if (p->region[op->a] != NULL)
        return -T_EINVAL;
    attach_region(m, p, op->a);
    return 0;
}

/* ---- names ---- */

bool model_reaches(const Model *m, unsigned name)
{
    return model_dir(name) < 0 || m->dir[model_dir(name)];
}

static uint64_t digest_stat(const Model *m, const MFile *f)
{
    uint64_t facts[4] = {f->length, f->mode, f->version, 0};
    for (unsigned i = 0; i < MODEL_TOP; i++)
        facts[3] |= (uint64_t)(m->name[i] != NULL && m->name[i]->mtime > f->mtime) << i;
    return model_digest(0, (const unsigned char *)facts, sizeof facts);
}

static int64_t do_stat(Model *m, struct mop *op)
{
    const MFile *f = m->name[op->b];
    if (f == NULL)
        return -T_ENOENT;
    op->digest = digest_stat(m, f);
    return 0;
}

static int64_t do_fstat(const Model *m, MProc *p, struct mop *op)
{
    const MOpen *o = p->fd[op->a];
    if (o == NULL)
        return -T_EBADF;
    if (o->is == OPEN_FILE)
        op->digest = digest_stat(m, o->file);
    return 0;
}

static int64_t do_truncate(Model *m, const struct mop *op)
{
    MFile *f = m->name[op->b];
    if (f == NULL)
        return -T_ENOENT;
    if (!(f->mode & 0222))
        return -T_EACCES;
    return (f->mode & DMAPPEND) && op->x < f->length ? -T_EPERM : truncate_file(m, f, op->x);
}

static int64_t do_chmod(Model *m, const struct mop *op)
{
    MFile *f = m->name[op->b];
    if (f == NULL)
        return -T_ENOENT;
    f->mode = (uint32_t)op->x;
    bump(m, f);
    return 0;
}

static int64_t do_rename(Model *m, const struct mop *op)
{
    MFile *f = m->name[op->a];
    if (f == NULL)
        return -T_ENOENT;
    if (!model_reaches(m, op->b))
        return -T_ENOENT;
    if (op->a == op->b)
        return 0;
    put_file(m->name[op->b]);
    m->name[op->b] = f;
    m->name[op->a] = NULL;
    return 0;
}

static int64_t do_remove(Model *m, const struct mop *op)
{
    MFile *f = m->name[op->b];
    if (f == NULL)
        return -T_ENOENT;
    m->name[op->b] = NULL;
    put_file(f);
    return 0;
}

/* ---- directories ---- */

/* Which of its two names are there: a bit each. */
static uint64_t entries(const Model *m, unsigned dir)
{
    uint64_t there = 0;
    for (unsigned i = 0; i < 2; i++)
        there |= (uint64_t)(m->name[MODEL_TOP + 2 * dir + i] != NULL) << i;
    return there;
}

static int64_t do_mkdir(Model *m, const struct mop *op)
{
    if (m->dir[op->a])
        return -T_EEXIST;
    m->dir[op->a] = true;
    return 0;
}

static int64_t do_rmdir(Model *m, const struct mop *op)
{
    if (!m->dir[op->a])
        return -T_ENOENT;
    if (entries(m, op->a) > 0)
        return -T_ENOTEMPTY;
    m->dir[op->a] = false;
    return 0;
}

/* With all that is in it; an empty one gives way. */
static int64_t do_mvdir(Model *m, const struct mop *op)
{
    if (!m->dir[op->a])
        return -T_ENOENT;
    if (op->a == op->b)
        return 0;
    if (m->dir[op->b] && entries(m, op->b) > 0)
        return -T_ENOTEMPTY;
    m->dir[op->a] = false;
    m->dir[op->b] = true;
    for (unsigned i = 0; i < 2; i++) {
        m->name[MODEL_TOP + 2 * op->b + i] = m->name[MODEL_TOP + 2 * op->a + i];
        m->name[MODEL_TOP + 2 * op->a + i] = NULL;
    }
    return 0;
}

static int64_t do_statdir(const Model *m, struct mop *op)
{
    if (!m->dir[op->a])
        return -T_ENOENT;
    uint64_t facts[2] = {entries(m, op->a), DMDIR | 0777};
    op->digest = model_digest(0, (const unsigned char *)facts, sizeof facts);
    return 0;
}

static int64_t do_sum(Model *m, struct mop *op)
{
    const MFile *f = m->name[op->b];
    if (f == NULL)
        return -T_ENOENT;
    if (!may_open(f->mode, OREAD))
        return -T_EACCES;
    op->digest = model_digest(0, f->at, f->length);
    return (int64_t)f->length;
}

/* ---- processes ---- */

static void release(MProc *p)
{
    for (int i = 0; i < MODEL_REGIONS; i++) {
        put_bytes(p->region[i]);
        p->region[i] = NULL;
    }
}

static void end_proc(Model *m, unsigned i)
{
    MProc *p = m->proc[i];
    m->proc[i] = NULL;
    for (unsigned fd = 0; fd < MODEL_FDS; fd++)
        put_open(p->fd[fd]);
    release(p);
    free(p);
}

static void start_proc(Model *m, MProc *p)
{
    release(p);
    for (int i = 0; i < MODEL_REGIONS; i++)
        attach_region(m, p, i);
}

static int64_t do_fork(Model *m, MProc *p, const struct mop *op)
{
    MProc *child = m->proc[op->a] = make(sizeof *child);
    for (int i = 0; i < MODEL_REGIONS; i++)
        child->region[i] = fork_bytes(p->region[i], i);
    for (int fd = 0; fd < MODEL_FDS; fd++)
        if ((child->fd[fd] = p->fd[fd]) != NULL)
            child->fd[fd]->ref++;
    return 0;
}

static void clear(Model *m)
{
    for (unsigned i = 0; i < MODEL_PROCS; i++)
        if (m->proc[i] != NULL)
            end_proc(m, i);
    for (unsigned i = 0; i < MODEL_NAMES; i++) {
        put_file(m->name[i]);
        m->name[i] = NULL;
    }
    memset(m->dir, 0, sizeof m->dir);
}

static void begin(Model *m, const struct mop *op)
{
    clear(m);
    m->layout = layout_of(op->x);
    m->proc[0] = make(sizeof *m->proc[0]);
    start_proc(m, m->proc[0]);
}

Model *model_new(void)
{
    return make(sizeof(Model));
}

void model_free(Model *m)
{
    clear(m);
    free(m);
}

/* ---- all of them ---- */

static int64_t execute(Model *m, MProc *p, struct mop *op)
{
    switch ((enum mop_kind)op->kind) {
    case MOP_end: case MOP_sync: case MOP_squeeze: case MOP_fill: case MOP_COUNT:
        return 0;
    case MOP_begin:
        begin(m, op);
        return 0;
    case MOP_finish:
        clear(m);
        return 0;
    case MOP_open:
        return do_open(m, p, op, (int)op->n);
    case MOP_create:
        return do_create(m, p, op);
    case MOP_close:
        return do_close(p, op);
    case MOP_dup:
        return do_dup(p, op);
    case MOP_pipe:
        return do_pipe(p, op);
    case MOP_read:
        return do_transfer(m, p, op, false);
    case MOP_write:
        return do_transfer(m, p, op, true);
    case MOP_cwrite:
        return do_cwrite(m, p, op);
    case MOP_seek:
        return do_seek(p, op);
    case MOP_load:
        op->digest = digest_at(m, p, op->x, op->n);
        return 0;
    case MOP_fail:
        op->digest = digest_at(m, p, op->x, 1);
        return 0;
    case MOP_store:
        do_store(m, p, op);
        return 0;
    case MOP_copy:
        do_copy(m, p, op);
        return 0;
    case MOP_free:
        return do_free(m, p, op);
    case MOP_zero:
        return do_zero(m, p, op);
    case MOP_truncate:
        return do_truncate(m, op);
    case MOP_chmod:
        return do_chmod(m, op);
    case MOP_rename:
        return do_rename(m, op);
    case MOP_remove:
        return do_remove(m, op);
    case MOP_mkdir:
        return do_mkdir(m, op);
    case MOP_rmdir:
        return do_rmdir(m, op);
    case MOP_mvdir:
        return do_mvdir(m, op);
    case MOP_statdir:
        return do_statdir(m, op);
    case MOP_stat:
        return do_stat(m, op);
    case MOP_fstat:
        return do_fstat(m, p, op);
    case MOP_sum:
        return do_sum(m, op);
    case MOP_fork:
        return do_fork(m, p, op);
    case MOP_exec:
        start_proc(m, p);
        return 0;
    case MOP_exit:
        end_proc(m, op->proc);
        return 0;
    case MOP_attach:
        return do_attach(m, p, op);
    case MOP_detach:
        return do_detach(p, op);
    }
    return 0;
}

void model_do(Model *m, struct mop *op)
{
    op->digest = 0;
    op->result = execute(m, op->proc < MODEL_PROCS ? m->proc[op->proc] : NULL, op);
}

/* ---- what a program may hold ---- */

static bool pipe_allows(const Model *m, const MProc *p, const struct mop *op)
{
    const MOpen *o = p->fd[op->a];
    bool output = op->kind == MOP_write;
    if (o == NULL || op->y != MODEL_HERE || o->is != (output ? OPEN_WRITE_END : OPEN_READ_END))
        return true;
    const MPipe *pipe = o->pipe;
    bool waits = output ? pipe->ends[0] > 0 && op->n > MODEL_PIPE - (pipe->in - pipe->out)
                        : op->n > 0 && pipe->ends[1] > 0 && pipe->in == pipe->out;
    return !waits && model_has(m, p, op->x, op->n, !output);
}

/* An operation that others need not wait for: on the process's own memory only, so that it comes to the same. */
static bool async_allows(const Model *m, const struct mop *op)
{
    const struct layout *l = &m->layout;
    uint64_t shared = l->base[REGION_B], end = shared + l->bytes[REGION_B];
    bool first = op->x < end && op->x + op->n > shared, second = op->y < end && op->y + op->n > shared;
    return op->b == 0 || (!first && (op->kind != MOP_copy || !second));
}

bool model_allows(const Model *m, const struct mop *op)
{
    unsigned alive = 0;
    for (unsigned i = 0; i < MODEL_PROCS; i++)
        alive += m->proc[i] != NULL;
    if (op->kind == MOP_begin || op->kind == MOP_finish || op->kind == MOP_end)
        return op->proc == MODEL_NOBODY && alive == 0;
    if (op->proc >= MODEL_PROCS || m->proc[op->proc] == NULL)
        return false;
    const MProc *p = m->proc[op->proc];
    switch ((enum mop_kind)op->kind) {
    case MOP_read: case MOP_write:
        return pipe_allows(m, p, op);
    case MOP_load:
        return model_has(m, p, op->x, op->n, false) && async_allows(m, op);
    case MOP_fail:
        return model_has(m, p, op->x, 1, false);
    case MOP_store:
        return model_has(m, p, op->x, op->n, true) && async_allows(m, op);
    case MOP_copy:
        return model_has(m, p, op->x, op->n, false) && model_has(m, p, op->y, op->n, true) && async_allows(m, op);
    case MOP_fork:
        return op->a < MODEL_PROCS && m->proc[op->a] == NULL;
    default:
        return true;
    }
}
