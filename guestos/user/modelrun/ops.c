/* SPDX-License-Identifier: GPL-2.0-only */
/* The operations of model programs, with the system calls. */
#include <string.h>
#include "modelrun.h"

#define SQUEEZE_AT 0x3000000000ull /* where memory is squeezed: away from the arena */

const char *const names[MODEL_NAMES] = {"/model/0",   "/model/1",   "/model/2",   "/model/3",
                                        "/model/d/4", "/model/d/5", "/model/e/4", "/model/e/5"};
const char *const dirs[MODEL_DIRS] = {"/model/d", "/model/e"};

static unsigned char *at(uint64_t va)
{
    return (unsigned char *)(MODEL_ARENA + va);
}

/* ---- regions ---- */

static int64_t attach(const struct worker *w, unsigned i)
{
    static const char *const policies[MODEL_NPOLICIES] = MODEL_POLICIES;
    struct layout l = layout_of(w->sizes);
    char class[32] = "defer";
    if (i == REGION_C)
        strcpy(class, "memory");
    if (i == REGION_D && w->policy != 0)
        strcat(strcpy(class, "defer:"), policies[w->policy]);
    int attr = i == REGION_B ? SG_SHARED : i == REGION_E ? SG_RONLY : 0;
    long va = sys_segattach(attr, class, MODEL_ARENA + l.base[i], l.bytes[i]);
    return va < 0 ? va : 0;
}

void begin_memory(const struct worker *w)
{
    for (unsigned i = 0; i < MODEL_REGIONS; i++) {
        int64_t r;
        do
            r = attach(w, i);
        while (again(r));
        if (r < 0)
            give_up("segattach", (long)r);
    }
}

static int64_t detach(const struct worker *w, unsigned i)
{
    return sys_segdetach(MODEL_ARENA + layout_of(w->sizes).base[i]);
}

/* n pages of memory for a moment. */
static int64_t squeeze(uint64_t n)
{
    uint64_t bytes = n * MODEL_PAGE;
    if (n == 0)
        return 0;
    long r = sys_segattach(0, "memory", SQUEEZE_AT, bytes);
    if (r < 0)
        return r;
    volatile unsigned char *p = (unsigned char *)SQUEEZE_AT;
    for (uint64_t i = 0; i < n; i++)
        p[i * MODEL_PAGE] = (unsigned char)(i + 1);
    for (uint64_t i = 0; i < n; i++)
        if (p[i * MODEL_PAGE] != (unsigned char)(i + 1))
            return -T_EFAULT;
    return sys_segdetach(SQUEEZE_AT);
}

/* ---- descriptors ---- */

static int slot(unsigned fd)
{
    return FD_SLOTS + (int)fd;
}

/* Puts a fresh descriptor at a slot. */
static int64_t settle(int64_t fd, unsigned to)
{
    if (fd < 0 || fd == slot(to))
        return fd < 0 ? fd : 0;
    long r = sys_dup((int)fd, slot(to));
    sys_close((int)fd);
    return r < 0 ? r : 0;
}

/* The ends come at descriptors that may be slots: neither must be put where the other one is. */
static int64_t make_pipe(const struct mop *op)
{
    int fds[2];
    long r = sys_pipe(fds);
    if (r < 0)
        return r;
    sys_dup(fds[1], FD_SPARE);
    sys_close(fds[1]);
    r = (long)settle(fds[0], op->a);
    return r < 0 ? r : settle(FD_SPARE, op->b);
}

static int64_t duplicate(const struct mop *op)
{
    long r = sys_dup(slot(op->a), slot(op->b));
    return r < 0 ? r : 0;
}

/* ---- files ---- */

static int64_t facts(int64_t r, const struct tarry_stat *st, uint64_t *digest)
{
    uint64_t facts[4] = {st->length, st->mode, st->version, 0};
    struct tarry_stat other;
    if (r < 0 || st->dev != 'f')
        return r;
    for (unsigned i = 0; i < MODEL_TOP; i++)
        facts[3] |= (uint64_t)(sys_stat(names[i], &other) == 0 && other.mtime_ns > st->mtime_ns) << i;
    *digest = model_digest(0, (const unsigned char *)facts, sizeof facts);
    return r;
}

static int64_t facts_of_dir(const char *name, uint64_t *digest)
{
    struct tarry_stat st, list[4];
    long fd = sys_open(name, OREAD), n = 0;
    if (fd < 0)
        return fd;
    uint64_t facts[2] = {0, sys_fstat((int)fd, &st) == 0 ? st.mode : 0};
    while ((n = sys_pread((int)fd, list, sizeof list, -1)) > 0)
        for (long i = 0; i < n / (long)sizeof st; i++)
            facts[0] |= model_entry(list[i].name);
    sys_close((int)fd);
    *digest = model_digest(0, (const unsigned char *)facts, sizeof facts);
    return n;
}

static int64_t make_dir(const char *name)
{
    long fd = sys_create(name, OREAD | OEXCL, DMDIR | 0777);
    if (fd < 0)
        return fd;
    return sys_close((int)fd);
}

static int64_t change(const char *name, uint64_t length, uint32_t mode, const char *newname)
{
    struct tarry_wstat w = {.length = length, .mode = mode};
    strcpy(w.name, newname);
    return sys_wstat(name, &w);
}

/* The whole file, read conventionally. */
static int64_t sum(const char *name, uint64_t *digest)
{
    static uint64_t buf[1024];
    int64_t length = 0;
    long fd = sys_open(name, OREAD), n;
    if (fd < 0)
        return fd;
    while ((n = sys_pread((int)fd, buf, sizeof buf, length)) > 0) {
        *digest = model_digest(*digest, (const unsigned char *)buf, (uint64_t)n);
        length += n;
    }
    sys_close((int)fd);
    return n < 0 ? n : length;
}

/* Only if the file has the version that it had op->b changes ago. */
static int64_t write_if(const struct mop *op)
{
    struct tarry_stat st = {.version = 0};
    long r = sys_fstat(slot(op->a), &st);
    if (r < 0)
        return r;
    return sys_cwrite(slot(op->a), at(op->x), op->n, (int64_t)op->y, st.version - op->b);
}

/* ---- all of them ---- */

static int64_t on_files(const struct mop *op, uint64_t *digest)
{
    struct tarry_stat st;
    const char *name = op->b < MODEL_NAMES ? names[op->b] : "/dev/zero";
    switch ((enum mop_kind)op->kind) {
    case MOP_open:
        return settle(sys_open(name, (int)op->n), op->a);
    case MOP_create:
        return settle(sys_create(name, (int)op->n, (uint32_t)op->x), op->a);
    case MOP_truncate:
        return change(name, op->x, UINT32_MAX, "");
    case MOP_chmod:
        return change(name, UINT64_MAX, (uint32_t)op->x, "");
    case MOP_rename:
        return change(names[op->a], UINT64_MAX, UINT32_MAX, name);
    case MOP_remove:
        return sys_remove(name);
    case MOP_mkdir:
        return make_dir(dirs[op->a]);
    case MOP_rmdir:
        return sys_remove(dirs[op->a]);
    case MOP_mvdir:
        return change(dirs[op->a], UINT64_MAX, UINT32_MAX, dirs[op->b]);
    case MOP_statdir:
        return facts_of_dir(dirs[op->a], digest);
    case MOP_fill:
        return fill_disk(op->n);
    case MOP_stat:
        return facts(sys_stat(name, &st), &st, digest);
    case MOP_fstat:
        return facts(sys_fstat(slot(op->a), &st), &st, digest);
    case MOP_sum:
        return sum(name, digest);
    default:
        give_up("no such operation", op->kind);
    }
}

int64_t perform(const struct worker *w, const struct mop *op, uint64_t *digest)
{
    switch ((enum mop_kind)op->kind) {
    case MOP_read:
        return sys_pread(slot(op->a), at(op->x), op->n, (int64_t)op->y);
    case MOP_write:
        return sys_pwrite(slot(op->a), at(op->x), op->n, (int64_t)op->y);
    case MOP_load:
        *digest = model_digest(0, at(op->x), op->n);
        return 0;
    case MOP_fail: /* the guest cannot make the disk fail */
        *digest = model_digest(0, at(op->x), 1);
        return 0;
    case MOP_store:
        model_fill(at(op->x), op->n, op->y);
        return 0;
    case MOP_copy:
        memmove(at(op->y), at(op->x), op->n);
        return 0;
    case MOP_free:
        return sys_segfree((uintptr_t)at(op->x), op->n);
    case MOP_zero:
        return sys_segzero((uintptr_t)at(op->x), op->n);
    case MOP_cwrite:
        return write_if(op);
    case MOP_attach:
        return attach(w, op->a);
    case MOP_detach:
        return detach(w, op->a);
    case MOP_squeeze:
        return squeeze(op->n);
    case MOP_seek:
        return sys_seek(slot(op->a), (int64_t)op->x, op->b);
    case MOP_close:
        return sys_close(slot(op->a));
    case MOP_dup:
        return duplicate(op);
    case MOP_pipe:
        return make_pipe(op);
    case MOP_sync:
        return sys_sync();
    default:
        return on_files(op, digest);
    }
}
