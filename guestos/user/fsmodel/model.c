/* SPDX-License-Identifier: GPL-2.0-only */
/* The model: plain memory; see fsmodel.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fsmodel.h"
#include "tarry.h"

uint64_t draw(uint64_t *x, uint64_t below) /* splitmix64 */
{
    uint64_t z = *x += 0x9e3779b97f4a7c15ull;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return (z ^ z >> 31) % below;
}

void path_of(char *path, unsigned dir, unsigned name)
{
    static const char *const names[] = {"one", "another file with a name that is quite a bit longer", "3", "...four",
                                        "fifth"};
    snprintf(path, PATH, TOP "/%c/%s", 'a' + (char)dir, names[name]);
}

unsigned file_at(const struct model *m, unsigned dir, unsigned name)
{
    unsigned i = 0;
    while (i < NFILES && !(m->file[i].exists && m->file[i].dir == dir && m->file[i].name == name))
        i++;
    return i;
}

void model_init(struct model *m, uint64_t seed)
{
    memset(m, 0, sizeof *m);
    m->seed = seed;
    for (unsigned i = 0; i < NFILES; i++)
        if ((m->file[i].bytes = calloc(1, MAX_BYTES)) == NULL)
            abort();
}

static unsigned pick(const struct model *m, uint64_t *x)
{
    unsigned at = (unsigned)draw(x, NFILES);
    for (unsigned i = 0; i < NFILES; i++)
        if (m->file[(at + i) % NFILES].exists)
            return (at + i) % NFILES;
    return NFILES;
}

static size_t offset(uint64_t *x, size_t most)
{
    size_t off = (size_t)draw(x, most + 1);
    return draw(x, 2) ? off : off & ~(size_t)4095;
}

static size_t span(uint64_t *x, size_t most)
{
    size_t n = (size_t)draw(x, draw(x, 3) ? 9000 : MAX_BYTES / 2);
    n = draw(x, 2) ? n : n & ~(size_t)4095;
    return n < most ? n : most;
}

static enum kind kind_of(uint64_t *x)
{
    static const struct {
        enum kind kind;
        unsigned weight;
    } kinds[] = {{OP_WRITE, 18}, {OP_WRITE_BACK, 14}, {OP_COPY, 6},   {OP_APPEND, 6}, {OP_CWRITE, 4}, {OP_TRUNCATE, 8},
                 {OP_CREATE, 12}, {OP_REMOVE, 4},     {OP_RENAME, 6}, {OP_CHMOD, 2},  {OP_MKDIR, 2},  {OP_SYNC, 8},
                 {OP_READ, 12},   {OP_SNAP, 6},       {OP_LOOK, 6},   {OP_VERIFY, 1}};
    unsigned all = 0, i = 0;
    for (unsigned k = 0; k < sizeof kinds / sizeof kinds[0]; k++)
        all += kinds[k].weight;
    for (unsigned at = (unsigned)draw(x, all); at >= kinds[i].weight; i++)
        at -= kinds[i].weight;
    return kinds[i].kind;
}

struct op model_op(const struct model *m, uint64_t k)
{
    uint64_t x = m->seed * 0x2545f4914f6cdd1dull + k;
    struct op op = {.kind = kind_of(&x), .file = pick(m, &x), .other = pick(m, &x)};
    op.dir = (unsigned)draw(&x, NDIRS);
    op.name = (unsigned)draw(&x, 5);
    op.data = draw(&x, UINT64_MAX);
    op.deferred = draw(&x, 2);
    op.stale = draw(&x, 3) == 0;
    op.mode = draw(&x, 4) ? 0644 : 0600;
    if (op.kind == OP_CREATE) {
        for (op.file = 0; op.file < NFILES && m->file[op.file].exists; op.file++)
            ;
        op.mode |= draw(&x, 4) ? 0 : DMAPPEND;
        if (op.file == NFILES || file_at(m, op.dir, op.name) < NFILES) { /* no room for another */
            op.kind = OP_READ;
            op.file = op.other;
        }
    }
    if (op.kind != OP_CREATE && op.file == NFILES) {
        op.kind = op.kind == OP_MKDIR ? OP_MKDIR : OP_SYNC;
        return op;
    }
    const struct file *f = &m->file[op.file < NFILES ? op.file : 0];
    size_t end = f->exists ? f->length : 0;
    if (op.kind == OP_RENAME)
        op.other = file_at(m, op.dir, op.name);
    if (f->append && op.kind != OP_READ && op.kind != OP_CREATE && op.kind < OP_CREATE)
        op.kind = OP_APPEND;
    op.off = op.kind == OP_WRITE ? offset(&x, MAX_BYTES - 1) : op.kind == OP_APPEND ? end : offset(&x, end);
    op.n = span(&x, MAX_BYTES - op.off);
    if (op.kind == OP_WRITE_BACK || op.kind == OP_CWRITE)
        op.n = op.n < end - op.off ? op.n : end - op.off;
    if (op.kind == OP_COPY) {
        const struct file *o = &m->file[op.other];
        op.from = offset(&x, o->length);
        op.n = op.n < o->length - op.from ? op.n : o->length - op.from;
    }
    if (op.kind == OP_TRUNCATE)
        op.n = offset(&x, MAX_BYTES);
    op.dirty = op.n > 0 ? (size_t)draw(&x, op.n) : 0;
    op.ndirty = span(&x, op.n - op.dirty);
    return op;
}

void op_bytes(const struct op *op, uint8_t *to, size_t n)
{
    uint64_t x = op->data;
    for (size_t i = 0; i < n; i++)
        to[i] = (uint8_t)(1 + (x * (i + 1) >> 29) % 255);
}

/* n bytes at off are written; what they are is there already. */
static void grow(struct file *f, size_t off, size_t n)
{
    if (n > 0 && off + n > f->length)
        f->length = off + n;
}

static void cut(struct file *f, size_t length)
{
    if (length < f->length)
        memset(f->bytes + length, 0, f->length - length);
    f->length = length;
}

static void drop(struct file *f)
{
    cut(f, 0);
    f->exists = false;
}

static void make(struct file *f, const struct op *op)
{
    cut(f, 0);
    f->exists = true;
    f->append = (op->mode & DMAPPEND) != 0;
    f->mode = op->mode;
    f->dir = op->dir;
    f->name = op->name;
}

void model_apply(struct model *m, const struct op *op)
{
    struct file *f = op->file < NFILES ? &m->file[op->file] : NULL;
    switch (op->kind) {
    case OP_WRITE:
    case OP_APPEND:
        op_bytes(op, f->bytes + op->off, op->n);
        grow(f, op->off, op->n);
        break;
    case OP_WRITE_BACK:
        op_bytes(op, f->bytes + op->off + op->dirty, op->ndirty);
        break;
    case OP_CWRITE:
        if (!op->stale)
            op_bytes(op, f->bytes + op->off + op->dirty, op->ndirty);
        break;
    case OP_COPY:
        memmove(f->bytes + op->off, m->file[op->other].bytes + op->from, op->n);
        grow(f, op->off, op->n);
        break;
    case OP_TRUNCATE:
        cut(f, op->n);
        break;
    case OP_CREATE:
        make(f, op);
        break;
    case OP_REMOVE:
        drop(f);
        break;
    case OP_RENAME:
        if (op->other < NFILES && op->other != op->file)
            drop(&m->file[op->other]);
        f->dir = op->dir;
        f->name = op->name;
        break;
    case OP_CHMOD:
        f->mode = op->mode | (f->append ? DMAPPEND : 0);
        break;
    case OP_MKDIR:
        m->subdir[op->dir] = !m->subdir[op->dir];
        break;
    default:
        break; /* nothing changes */
    }
}
