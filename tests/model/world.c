/* SPDX-License-Identifier: GPL-2.0-only */
/* Model programs on the kernel's segment code. See world.h. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "guestos/kernel/zero.h"
#include "world.h"

static const char *const names[MODEL_NAMES] = {"0", "1", "2", "3", "4", "5", "4", "5"}; /* model_dir says where */
static const char *const dirs[MODEL_DIRS] = {"d", "e"};

static bool wrong(World *w, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(w->why, sizeof w->why, fmt, args);
    va_end(args);
    return false;
}

static void *make(size_t n)
{
    void *p = malloc(n + 1);
    if (p == NULL)
        abort();
    return p;
}

static uint64_t address(uint64_t va)
{
    return MODEL_ARENA + va;
}

/* ---- processes ---- */

static int64_t attach_region(World *w, Proc *p, unsigned i)
{
    const struct layout *l = &w->model->layout;
    enum ev_enum_segment_type type = i == REGION_C ? EV_segment_type_memory : EV_segment_type_defer;
    enum ev_enum_io_policy policy = i == REGION_C ? EV_io_policy_eager : i == REGION_D ? w->other : w->policy;
    int attr = i == REGION_B ? SG_SHARED : i == REGION_E ? SG_RONLY : 0;
    return attach(p, type, address(l->base[i]), l->bytes[i], attr, policy) != NULL ? 0 : -T_ENOMEM;
}

static void start_proc(World *w, Proc *p)
{
    for (unsigned i = 0; i < MODEL_REGIONS; i++)
        attach_region(w, p, i);
}

static void exec_proc(World *w, Proc *p)
{
    for (unsigned i = 0; i < NSEG; i++)
        if (p->seg[i] != NULL)
            detachseg(p, p->seg[i]);
    start_proc(w, p);
}

static int64_t detach_region(World *w, Proc *p, unsigned i)
{
    Segment *s = segfor(p, address(w->model->layout.base[i]));
    if (s == NULL)
        return -T_EINVAL;
    detachseg(p, s);
    return 0;
}

static int64_t fork_proc(World *w, Proc *p, unsigned child)
{
    w->proc[child] = khost_fork(p);
    return w->proc[child] != NULL ? 0 : -T_ENOMEM;
}

static void exit_proc(World *w, unsigned i)
{
    khost_exit(w->proc[i]);
    w->proc[i] = NULL;
}

/* ---- files ---- */

struct tfs_file *world_file(const World *w, const MFile *f)
{
    for (unsigned i = 0; i < WORLD_FILES; i++)
        if (w->file[i].f != NULL && w->file[i].id == f->id)
            return w->file[i].f;
    abort();
}

static bool has_file(const World *w, uint64_t id)
{
    for (unsigned i = 0; i < WORLD_FILES; i++)
        if (w->file[i].f != NULL && w->file[i].id == id)
            return true;
    return false;
}

static bool is_used(const Model *m, uint64_t id)
{
    for (unsigned i = 0; i < MODEL_NAMES; i++)
        if (m->name[i] != NULL && m->name[i]->id == id)
            return true;
    for (unsigned i = 0; i < MODEL_PROCS; i++)
        for (unsigned fd = 0; m->proc[i] != NULL && fd < MODEL_FDS; fd++)
            if (m->proc[i]->fd[fd] != NULL && m->proc[i]->fd[fd]->file != NULL && m->proc[i]->fd[fd]->file->id == id)
                return true;
    return false;
}

/* Files that have neither a name nor a descriptor any more are let go. */
static void sweep_files(World *w)
{
    for (unsigned i = 0; i < WORLD_FILES; i++)
        if (w->file[i].f != NULL && !is_used(w->model, w->file[i].id)) {
            file_put(w->file[i].f);
            w->file[i].f = NULL;
        }
}

/* The directory of a file's name, with a reference; the root's is number -1. */
static int dir_at(int number, struct tfs_file **dir)
{
    struct tfs_file *root = tfs_root(rootfs);
    if (number < 0) {
        *dir = root;
        return 0;
    }
    int r = tfs_walk(root, dirs[number], dir);
    tfs_unref(root);
    return r;
}

static int64_t create_file(World *w, const struct mop *op)
{ /* the model has made it already */
    struct tfs_file *dir, *f;
    int r = dir_at(model_dir(op->b), &dir);
    if (r < 0)
        return r;
    r = tfs_create(dir, names[op->b], (uint32_t)op->x, &f);
    tfs_unref(dir);
    if (r < 0)
        return r;
    for (unsigned i = 0; i < WORLD_FILES; i++)
        if (w->file[i].f == NULL) {
            w->file[i] = (WorldFile){w->model->last_id, f};
            return 0;
        }
    abort();
}

static int64_t rename_entry(int from, const char *oldname, int to, const char *newname)
{
    struct tfs_file *olddir, *newdir;
    int r = dir_at(from, &olddir);
    if (r < 0)
        return r;
    r = dir_at(to, &newdir);
    if (r == 0) {
        r = tfs_rename(olddir, oldname, newdir, newname);
        tfs_unref(newdir);
    }
    tfs_unref(olddir);
    return r;
}

static int64_t remove_entry(int from, const char *name)
{
    struct tfs_file *dir;
    int r = dir_at(from, &dir);
    if (r < 0)
        return r;
    r = tfs_remove(dir, name);
    tfs_unref(dir);
    return r;
}

static int64_t make_dir(unsigned number)
{
    struct tfs_file *root = tfs_root(rootfs), *dir;
    int r = tfs_create(root, dirs[number], DMDIR | 0777, &dir);
    tfs_unref(root);
    if (r == 0)
        tfs_unref(dir);
    return r;
}

static struct tfs_stat must_stat(struct tfs_file *f)
{
    struct tfs_stat st;
    if (tfs_stat(f, &st) < 0)
        abort();
    return st;
}

static int64_t stat_dir(unsigned number, uint64_t *digest)
{
    struct tfs_file *dir;
    int r = dir_at((int)number, &dir);
    if (r < 0)
        return r;
    struct tfs_dirent e;
    uint64_t facts[2] = {0, must_stat(dir).mode};
    uint64_t cookie = 0;
    while ((r = tfs_readdir(dir, &cookie, &e)) > 0)
        facts[0] |= model_entry(e.name);
    tfs_unref(dir);
    if (r < 0)
        return r;
    *digest = model_digest(0, (const unsigned char *)facts, sizeof facts);
    return 0;
}

static uint64_t stat_file(const World *w, struct tfs_file *f)
{
    struct tfs_stat st = must_stat(f);
    uint64_t facts[4] = {st.length, st.mode, st.version, 0};
    for (unsigned i = 0; i < MODEL_TOP; i++) {
        const MFile *other = w->model->name[i];
        facts[3] |= (uint64_t)(other != NULL && must_stat(world_file(w, other)).mtime_ns > st.mtime_ns) << i;
    }
    return model_digest(0, (const unsigned char *)facts, sizeof facts);
}

static int64_t sum_file(struct tfs_file *f, uint64_t *digest)
{
    uint64_t n = file_length(f);
    unsigned char *bytes = make(n);
    file_read(f, 0, bytes, n);
    *digest = model_digest(0, bytes, n);
    free(bytes);
    return (int64_t)n;
}

/* ---- what an operation is about, as it was before ---- */

typedef struct Target {
    struct tfs_file *f; /* by its name or descriptor; NULL: none */
    uint64_t length, version; /* of it */
    enum mopen is;      /* by its descriptor */
    uint64_t off;
    bool append;
} Target;

static bool takes(const struct mop *op, char operand)
{
    static const char *const operands[] = {
#define X(name, letters) letters,
        MODEL_OPS(X)
#undef X
    };
    return strchr(operands[op->kind], operand) != NULL;
}

static Target target_of(const World *w, const struct mop *op)
{
    Target t = {.f = NULL};
    const MFile *f = takes(op, 'N') && op->b < MODEL_NAMES ? w->model->name[op->b] : NULL;
    const MOpen *o = takes(op, 'f') && f == NULL ? w->model->proc[op->proc]->fd[op->a] : NULL;
    if (o != NULL) {
        t.is = o->is;
        t.off = op->y != MODEL_HERE ? op->y : o->offset;
        t.append = (o->mode & OAPPEND) != 0;
        f = o->file;
    }
    if (f != NULL) {
        t.f = world_file(w, f);
        t.length = f->length;
        t.version = w->torn ? file_version(t.f) : f->version;
    }
    return t;
}

/* What opening a file does to it. The model knows which descriptors there are, and who may. */
static int64_t open_file(World *w, const struct mop *op, const Target *t)
{
    if (op->result < 0 || op->b == MODEL_ZERO)
        return op->result;
    if (!has_file(w, w->model->name[op->b]->id))
        return create_file(w, op);
    bool append = w->model->name[op->b]->mode & DMAPPEND;
    if ((op->kind == MOP_create || (op->n & OTRUNC)) && t->length > 0 && !append)
        return tfs_truncate(t->f, 0);
    return 0;
}

/* ---- reading and writing ---- */

static int64_t zero_range(Proc *p, uint64_t va, uint64_t n)
{
    for (uint64_t end = va + n; va < end;) {
        Segment *s = segfor(p, va);
        uint64_t top = s->top < end ? s->top : end;
        int r = segzero(s, va, top - va);
        if (r < 0)
            return r;
        va = top;
    }
    return 0;
}

static bool every(const Segment *s)
{
    (void)s;
    return true;
}

/* The pipe itself is the model's; what matters here is the user memory of the two ends. */
static int64_t use_pipe(World *w, const struct mop *op)
{
    unsigned char bytes[MODEL_PIPE], should[MODEL_PIPE];
    uint64_t n = op->result > 0 ? (uint64_t)op->result : 0;
    model_peek(w->model, w->model->proc[op->proc], op->x, should, n);
    int r = op->kind == MOP_read ? copyout(address(op->x), should, n) : copyin(bytes, address(op->x), n);
    if (r < 0)
        return r;
    return op->kind == MOP_read || memcmp(bytes, should, n) == 0 ? op->result : -T_EIO;
}

static int64_t transfer(World *w, const struct mop *op, const Target *t)
{
    if (op->result == -T_EBADF || op->result == -T_EINVAL || op->result == -T_ESPIPE)
        return op->result; /* before any memory is looked at */
    if (t->is == OPEN_ZERO) { /* as zeroread of devnull.c */
        int64_t r = userzero(address(op->x), op->n, every);
        return r < 0 ? r : op->n;
    }
    if (t->is != OPEN_FILE)
        return op->result < 0 ? op->result : use_pipe(w, op);
    if (op->kind == MOP_read)
        return fileread(t->f, t->off, address(op->x), op->n);
    if (op->kind == MOP_cwrite)
        return filewriteif(t->f, t->off, address(op->x), op->n, t->append, t->version - op->b);
    return filewrite(t->f, t->off, address(op->x), op->n, t->append);
}

/* ---- memory ---- */

static int64_t load_bytes(Proc *p, const struct mop *op, uint64_t *digest)
{
    unsigned char *bytes = make(op->n);
    int r = load(p, address(op->x), bytes, op->n);
    *digest = r == 0 ? model_digest(0, bytes, op->n) : 0;
    free(bytes);
    return r;
}

static int64_t store_bytes(Proc *p, const struct mop *op)
{
    unsigned char *bytes = make(op->n);
    model_fill(bytes, op->n, op->y);
    int r = save(p, address(op->x), bytes, op->n);
    free(bytes);
    return r;
}

static int64_t copy_bytes(Proc *p, const struct mop *op)
{
    unsigned char *bytes = make(op->n);
    int r = load(p, address(op->x), bytes, op->n);
    if (r == 0)
        r = save(p, address(op->y), bytes, op->n);
    free(bytes);
    return r;
}

/* The disk block that a load of the byte at va would need, 0: none. */
static uint64_t block_below(Segment *s, uint64_t va)
{
    struct tfs_extent x;
    Source piece = sourceat(s->sources, va, va + 1);
    Resident r = residentat(s->pages, pagenumber(s, va));
    if (r.slot != NULL)
        return r.slot->blk;
    if (piece.kind != EV_source_kind_snapshot || tfs_snap_map(piece.snap, piece.off / TFS_BLOCK, &x) < 0)
        return 0;
    return x.blk;
}

/* E1: the disk fails once below what is still to be read; the error is told, and what is seen later does not suffer. */
static int64_t fail_once(Proc *p, const struct mop *op, uint64_t *digest)
{
    unsigned char byte = 0;
    uint64_t va = address(op->x);
    bool loaded = mapped(p->space, va) != NULL;
    disk.bad_block = block_below(segfor(p, va), va);
    int r = op->x % 2 == 0 ? load(p, va, &byte, 1) : copyin(&byte, va, 1);
    bool failed = disk.bad_block != 0 && r == -T_EIO && !loaded;
    disk.bad_block = 0;
    if (failed)
        r = load(p, va, &byte, 1);
    *digest = model_digest(0, &byte, 1);
    return r;
}

/* ---- all of them ---- */

static int64_t on_files(World *w, const struct mop *op, const Target *t, uint64_t *digest)
{
    bool names_only = op->kind == MOP_rename || op->kind == MOP_remove || op->kind == MOP_mkdir ||
                      op->kind == MOP_rmdir || op->kind == MOP_mvdir || op->kind == MOP_statdir;
    if (op->result < 0 && op->result != -T_EFBIG && !names_only)
        return op->result;
    switch ((enum mop_kind)op->kind) {
    case MOP_truncate:
        return tfs_truncate(t->f, op->x);
    case MOP_chmod:
        return tfs_chmod(t->f, (uint32_t)op->x);
    case MOP_rename:
        return rename_entry(model_dir(op->a), names[op->a], model_dir(op->b), names[op->b]);
    case MOP_remove:
        return remove_entry(model_dir(op->b), names[op->b]);
    case MOP_mkdir:
        return make_dir(op->a);
    case MOP_rmdir:
        return remove_entry(-1, dirs[op->a]);
    case MOP_mvdir:
        return rename_entry(-1, dirs[op->a], -1, dirs[op->b]);
    case MOP_statdir:
        return stat_dir(op->a, digest);
    case MOP_fill:
        return world_fill(w, op->n);
    case MOP_stat:
    case MOP_fstat:
        *digest = t->f != NULL ? stat_file(w, t->f) : 0;
        return 0;
    case MOP_sum:
        return sum_file(t->f, digest);
    case MOP_sync:
        return tfs_commit(rootfs);
    default: /* descriptors, which are the model's */
        return op->result;
    }
}

/* op has what the model says that it must give. */
static int64_t perform(World *w, Proc *p, const struct mop *op, const Target *t, uint64_t *digest)
{
    switch ((enum mop_kind)op->kind) {
    case MOP_read:
    case MOP_write:
    case MOP_cwrite:
        return transfer(w, op, t);
    case MOP_load:
        return load_bytes(p, op, digest);
    case MOP_fail:
        return fail_once(p, op, digest);
    case MOP_store:
        return store_bytes(p, op);
    case MOP_copy:
        return copy_bytes(p, op);
    case MOP_free:
        return op->result < 0 ? op->result : zero_range(p, address(op->x), op->n);
    case MOP_zero:
        return userzero(address(op->x), op->n, every);
    case MOP_open:
    case MOP_create:
        return open_file(w, op, t);
    case MOP_fork:
        return fork_proc(w, p, op->a);
    case MOP_exec:
        exec_proc(w, p);
        return 0;
    case MOP_exit:
        exit_proc(w, op->proc);
        return 0;
    case MOP_attach:
        return op->result < 0 ? op->result : attach_region(w, p, op->a);
    case MOP_detach:
        return detach_region(w, p, op->a);
    case MOP_squeeze:
        if (op->n % 2 == 0) /* else what is dirty may have no place to go */
            swaprefill();
        segreclaim(op->n);
        return 0;
    default:
        return on_files(w, op, t, digest);
    }
}

/* ---- comparing everything ---- */

static bool check_proc(World *w, unsigned i)
{
    uint64_t va = 0;
    const MProc *p = w->model->proc[i];
    const char *rule = maps_broken(w->proc[i], &va);
    if (rule != NULL)
        return wrong(w, "process %u: %s at %#lx", i, rule, (unsigned long)(va - MODEL_ARENA));
    for (unsigned r = 0; r < MODEL_REGIONS; r++) {
        uint64_t n = w->model->layout.bytes[r], base = w->model->layout.base[r];
        if (p->region[r] == NULL)
            continue;
        unsigned char *bytes = make(n);
        bool there = peek(w->proc[i], address(base), bytes, n), same = there && memcmp(bytes, p->region[r]->at, n) == 0;
        for (va = 0; there && !same && bytes[va] == p->region[r]->at[va]; va++)
            ;
        free(bytes);
        if (!same)
            return wrong(w, "process %u: byte %c+%#lx is not what it should be", i, 'A' + r, (unsigned long)va);
    }
    return true;
}

static bool check_file(World *w, const MFile *f)
{
    struct tfs_file *have = world_file(w, f);
    if (file_length(have) != f->length)
        return wrong(w, "file: length %lu, should be %lu", (unsigned long)file_length(have), (unsigned long)f->length);
    if (!w->torn && file_version(have) != f->version)
        return wrong(w, "W2: file: version %lu, should be %lu", (unsigned long)file_version(have),
                     (unsigned long)f->version);
    unsigned char *bytes = make(f->length);
    file_read(have, 0, bytes, f->length);
    bool same = memcmp(bytes, f->at, f->length) == 0;
    free(bytes);
    return same || wrong(w, "file: contents");
}

bool world_check(World *w)
{
    for (unsigned i = 0; i < MODEL_PROCS; i++)
        if (w->proc[i] != NULL && !check_proc(w, i))
            return false;
    for (unsigned i = 0; i < MODEL_NAMES; i++)
        if (w->model->name[i] != NULL && !check_file(w, w->model->name[i]))
            return false;
    return true;
}

/* ---- beginning and end of a program ---- */

static void begin_program(World *w, const struct mop *op)
{
    static const char *const policies[] = MODEL_POLICIES;
    w->other = w->policy;
    if (op->n > 0 && !policynamed(policies[op->n], &w->other))
        abort();
    w->proc[0] = khost_proc();
    become(w->proc[0]);
    start_proc(w, w->proc[0]);
}

/* S4: nothing is left. Called when the model has no files and processes any more. */
static bool finish_program(World *w)
{
    world_end_full(w);
    for (unsigned i = 0; i < MODEL_NAMES; i++)
        remove_entry(model_dir(i), names[i]);
    for (unsigned i = 0; i < MODEL_DIRS; i++)
        remove_entry(-1, dirs[i]);
    sweep_files(w);
    if (swapused() != 0)
        return wrong(w, "S4: %lu slots of swap are left", (unsigned long)swapused());
    swapend();
    tfs_commit(rootfs);
    tfs_commit(rootfs);
    struct tfs_space space = space_now();
    if (memory.frames != 0 || memory.objects != 0)
        return wrong(w, "S4: %lu frames and %lu objects are left", (unsigned long)memory.frames,
                     (unsigned long)memory.objects);
    if (space.snapshots != 0 || space.held_blocks != 0)
        return wrong(w, "S4: %lu snapshots and %lu held blocks are left", (unsigned long)space.snapshots,
                     (unsigned long)space.held_blocks);
    if (open_intervals(EV_snapshot) != 0 || open_intervals(EV_segment) != 0 || open_intervals(EV_fault) != 0 ||
        open_intervals(EV_fill) != 0)
        return wrong(w, "S4: an interval of the trace is open");
    if (space.free_blocks != w->free_blocks)
        return wrong(w, "S4: %lu blocks are free, should be %lu", (unsigned long)space.free_blocks,
                     (unsigned long)w->free_blocks);
    return true;
}

/* What lacks room gets some, and is done again; a write of which a part was done goes on behind it. */
static int64_t insist(World *w, struct mop op, const Target *target, uint64_t *digest)
{
    bool writes = op.kind == MOP_write || op.kind == MOP_cwrite;
    int64_t done = 0, r;
    Target t = *target;
    for (;;) {
        *digest = 0;
        r = perform(w, w->proc[op.proc], &op, &t, digest);
        if ((r == -T_ENOSPC || r == -T_ENOMEM) && world_give(w))
            continue;
        if (!writes || t.is != OPEN_FILE || r <= 0 || r == (int64_t)op.n)
            return r < 0 && done > 0 ? r : done + r;
        done += r;
        op.x += (uint64_t)r;
        op.n -= (uint32_t)r;
        t.off += (uint64_t)r;
        t.version = file_version(t.f);
    }
}

bool world_do(World *w, struct mop *op)
{
    uint64_t digest = 0;
    int64_t result = 0;
    Target t = target_of(w, op);
    model_do(w->model, op);
    if (op->kind == MOP_begin) {
        begin_program(w, op);
    } else if (op->proc < MODEL_PROCS) {
        become(w->proc[op->proc]);
        result = w->torn ? insist(w, *op, &t, &digest) : perform(w, w->proc[op->proc], op, &t, &digest);
    }
    if (w->torn && (op->kind == MOP_stat || op->kind == MOP_fstat))
        digest = op->digest;
    sweep_files(w);
    w->done++;
    if (result != op->result || digest != op->digest)
        return wrong(w, "gives %ld %016lx, should be %ld %016lx", (long)result, (unsigned long)digest,
                     (long)op->result, (unsigned long)op->digest);
    if (op->kind == MOP_finish)
        return finish_program(w);
    return w->check_every == 0 || w->done % w->check_every != 0 || world_check(w);
}

void world_begin(World *w, enum ev_enum_io_policy policy, uint64_t blocks, uint64_t frames, unsigned check_every)
{
    *w = (World){.model = model_new(), .policy = policy, .check_every = check_every};
    memory = (struct khost_memory){.frame_limit = frames};
    disk_new(blocks);
    struct tfs_file *root = tfs_root(rootfs);
    char name[4] = "w00";
    for (unsigned i = 0; i < WORLD_FILES; i++, name[1 + (i % 10 == 0)]++) { /* the directory and the inode table grow */
        file_put(file_new_with(name, NULL, 0));
        tfs_remove(root, name);
    }
    tfs_unref(root);
    tfs_commit(rootfs);
    tfs_commit(rootfs);
    w->free_blocks = space_now().free_blocks;
    events_keep(false);
}

void world_end(World *w)
{
    for (unsigned i = 0; i < MODEL_PROCS; i++)
        if (w->proc[i] != NULL) {
            become(w->proc[i]);
            exit_proc(w, i);
        }
    model_do(w->model, &(struct mop){.kind = MOP_finish, .proc = MODEL_NOBODY});
    sweep_files(w);
    world_end_full(w);
    model_free(w->model);
    swapend();
    disk_end();
}

bool run_in_world(World *w, const struct mop *ops, unsigned long n, unsigned long *at)
{
    for (*at = 0; *at < n; (*at)++) {
        struct mop op = ops[*at];
        if (!world_do(w, &op))
            return false;
    }
    return true;
}
