/* SPDX-License-Identifier: GPL-2.0-only */
/* Random model programs. See gen.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "gen.h"
#include "tests/khost/random.h"

const Profile profiles[] = {
    {"small", "few pages: every combination comes soon", {{1, 4}, {1, 3}, {1, 2}, {1, 2}, {1, 1}}, 5, 4, false, false, 400},
    {"usual", "files of some twenty pages", {{4, 16}, {2, 8}, {1, 4}, {2, 8}, {1, 2}}, 24, 40, false, false, 1000},
    {"tight", "as usual, with memory that is taken away to the last page", {{4, 40}, {2, 8}, {1, 4}, {2, 20}, {1, 2}}, 24,
     1500, false, false, 1000},
    {"large", "segments and files of hundreds of pages", {{100, 400}, {20, 60}, {10, 40}, {50, 200}, {1, 4}}, 300, 600,
     false, false, 600},
    {"super", "segments in which there is room for superpages", {{1030, 1600}, {520, 700}, {10, 600}, {512, 700}, {1, 4}}, 500,
     1000, false, false, 300},
    {"fails", "as usual, with a disk that fails", {{4, 16}, {2, 8}, {1, 4}, {2, 8}, {1, 2}}, 24, 40, true, false, 1000},
    {"full", "as usual, with a disk that gets full", {{4, 16}, {2, 8}, {1, 4}, {2, 8}, {1, 2}}, 24, 40, false, true, 1000},
    {.name = NULL},
};

const Profile *profile_named(const char *name)
{
    for (const Profile *p = profiles; p->name != NULL; p++)
        if (strcmp(p->name, name) == 0)
            return p;
    return NULL;
}

/* ---- numbers ---- */

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static bool one_in(unsigned n)
{
    return below(n) == 0;
}

#define PICK(table) (table)[below(sizeof(table) / sizeof *(table))]

/* Below `bytes`, fond of edges of pages. */
static uint64_t place(uint64_t bytes)
{
    uint64_t at = below(bytes);
    switch (below(5)) {
    case 0:
    case 1:
        return at - at % MODEL_PAGE;
    case 2:
        at = at - at % MODEL_PAGE + below(3);
        return at < bytes ? at : 0;
    case 3:
        return at - at % 512;
    }
    return at;
}

static uint64_t some_length(const Gen *g)
{
    uint64_t most = g->profile->file_pages;
    switch (below(6)) {
    case 0:
        return 1 + below(60);
    case 1:
    case 2:
        return MODEL_PAGE * (1 + below(4));
    case 3:
        return 1 + below(2 * MODEL_PAGE);
    case 4:
        return 1 + below(least(most, 12) * MODEL_PAGE);
    }
    return 1 + below(most * MODEL_PAGE);
}

static uint64_t some_offset(const Gen *g)
{
    return one_in(300) ? MODEL_TOO_FAR : place((uint64_t)g->profile->file_pages * MODEL_PAGE);
}

static const MOpen *fd_of(const Gen *g, unsigned fd)
{
    return g->model->proc[g->proc]->fd[fd];
}

/* One of the file of a descriptor; mostly one that it has. */
static uint64_t offset_in(const Gen *g, unsigned fd)
{
    const MOpen *o = fd_of(g, fd);
    if (o == NULL || o->is != OPEN_FILE || o->file->length == 0 || one_in(4))
        return some_offset(g);
    return place(least(o->file->length, (uint64_t)g->profile->file_pages * MODEL_PAGE));
}

/* The last read of this process, or of another: its descriptors are often the same. NULL: there is none. */
static const LastRead *some_last(const Gen *g)
{
    const LastRead *last = &g->last[one_in(2) ? g->proc : below(MODEL_PROCS)];
    return last->n > 0 ? last : NULL;
}

/* An address; often where something was read, seldom one where nothing is. */
static uint64_t some_address(const Gen *g)
{
    static const unsigned regions[] = {REGION_A, REGION_A, REGION_A, REGION_A, REGION_B,
                                       REGION_B, REGION_C, REGION_D, REGION_D, REGION_E};
    const struct layout *l = &g->model->layout;
    const LastRead *last = some_last(g);
    if (one_in(40))
        return place(l->end);
    if (last != NULL && one_in(3))
        return last->va + place(last->n);
    unsigned i = PICK(regions);
    return l->base[i] + place(l->bytes[i]);
}

/* n, or as much of it as the process has at va. */
static uint32_t cut(const Gen *g, uint64_t va, uint64_t n, bool writable)
{
    const MProc *p = g->model->proc[g->proc];
    uint64_t have = 0;
    for (int i; have < n && (i = region_at(g->model, va + have)) >= 0;) {
        if (p->region[i] == NULL || (writable && i == REGION_E))
            break;
        have = g->model->layout.base[i] + g->model->layout.bytes[i] - va;
    }
    return (uint32_t)least(n, have);
}

/* The same, but for once in a while. */
static uint32_t mostly_cut(const Gen *g, uint64_t va, uint64_t n, bool writable)
{
    return one_in(30) ? (uint32_t)n : cut(g, va, n, writable);
}

/* A descriptor, mostly of a file that can be read, or written. */
static uint8_t file_fd(const Gen *g, bool output)
{
    unsigned fd = 0;
    for (unsigned tries = 0; tries < 12; tries++) {
        fd = (unsigned)below(MODEL_FDS);
        const MOpen *o = fd_of(g, fd);
        if (o != NULL && o->is == OPEN_FILE && (o->mode & 3) != (output ? OREAD : OWRITE))
            break;
    }
    return (uint8_t)fd;
}

/* A file's name; seldom one in a directory. */
static uint8_t some_name(void)
{
    return (uint8_t)(one_in(5) ? MODEL_TOP + below(MODEL_NAMES - MODEL_TOP) : below(MODEL_TOP));
}

/* ---- operations ---- */

static void remember(Gen *g, const struct mop *op)
{
    if (op->y < MODEL_TOO_FAR && op->n > 0)
        g->last[g->proc] = (LastRead){.fd = op->a, .va = op->x, .n = op->n, .off = op->y};
}

static void some_read(Gen *g, struct mop *op)
{
    const LastRead *last = &g->last[g->proc];
    uint64_t n = some_length(g);
    if (last->n > 0 && one_in(4)) { /* goes on where the last one ended, or reads over it */
        uint64_t on = one_in(2) ? last->n : below(last->n);
        op->a = (uint8_t)last->fd;
        op->x = last->va + on;
        op->y = last->off + on;
    } else {
        op->a = file_fd(g, false);
        op->x = some_address(g);
        op->y = one_in(5) ? MODEL_HERE : offset_in(g, op->a);
        if (op->y < MODEL_TOO_FAR && one_in(3)) { /* whole pages of whole blocks */
            op->x -= op->x % MODEL_PAGE;
            op->y -= op->y % MODEL_PAGE;
        }
    }
    op->n = mostly_cut(g, op->x, n, true);
    remember(g, op);
}

/* A file that has grown too large grows no more. */
static void stay_small(const Gen *g, struct mop *op)
{
    const MOpen *o = fd_of(g, op->a);
    uint64_t most = 2ull * g->profile->file_pages * MODEL_PAGE;
    if (o == NULL || o->is != OPEN_FILE)
        return;
    if ((o->mode & OAPPEND) && o->file->length > most)
        op->n = 0;
    else if (op->y == MODEL_HERE && o->offset > most && o->offset < MODEL_TOO_FAR)
        op->y = 0;
}

/* Back to where it was read from, or a part of it. */
static uint64_t write_back(const LastRead *last, struct mop *op)
{
    uint64_t skip = one_in(3) ? below(last->n) : 0;
    op->a = (uint8_t)last->fd;
    op->x = last->va + skip;
    op->y = last->off + skip;
    return last->n - skip;
}

static void some_write(Gen *g, struct mop *op)
{
    uint64_t n = some_length(g);
    const LastRead *last = some_last(g);
    if (last != NULL && one_in(2)) {
        n = write_back(last, op);
    } else {
        op->a = last != NULL && one_in(2) ? (uint8_t)last->fd : file_fd(g, true); /* into what is still to be read */
        op->x = some_address(g);
        op->y = last != NULL && one_in(2) ? last->off + place(last->n) : one_in(4) ? MODEL_HERE : offset_in(g, op->a);
    }
    op->n = mostly_cut(g, op->x, n, false);
    stay_small(g, op);
}

static void some_pipe_transfer(Gen *g, struct mop *op)
{
    for (unsigned fd = 0; fd < MODEL_FDS; fd++) {
        const MOpen *o = fd_of(g, fd);
        if (o == NULL || o->pipe == NULL || one_in(3))
            continue;
        op->kind = o->is == OPEN_WRITE_END ? MOP_write : MOP_read;
        op->a = (uint8_t)fd;
    }
    op->x = some_address(g);
    op->y = one_in(30) ? 0 : MODEL_HERE;
    op->n = cut(g, op->x, 1 + below(one_in(2) ? 100 : MODEL_PIPE), op->kind == MOP_read);
    stay_small(g, op);
}

static void some_zeros(Gen *g, struct mop *op)
{
    *op = (struct mop){.kind = MOP_open, .proc = op->proc, .a = (uint8_t)below(MODEL_FDS), .b = MODEL_ZERO, .n = OREAD};
    for (unsigned fd = 0; fd < MODEL_FDS; fd++)
        if (fd_of(g, fd) != NULL && fd_of(g, fd)->is == OPEN_ZERO) {
            *op = (struct mop){.kind = MOP_read, .proc = op->proc, .a = (uint8_t)fd, .y = MODEL_HERE};
            op->x = some_address(g);
            op->n = mostly_cut(g, op->x, some_length(g), true);
        }
}

/* May others go on while it is done? */
static uint8_t maybe_async(const Gen *g, struct mop *op)
{
    op->b = 1;
    return one_in(4) && model_allows(g->model, op);
}

static void some_load(Gen *g, struct mop *op)
{
    op->x = some_address(g);
    op->n = cut(g, op->x, one_in(3) ? 1 + below(20) : some_length(g), false);
    op->b = maybe_async(g, op);
}

static void some_store(Gen *g, struct mop *op)
{
    op->x = some_address(g);
    op->n = cut(g, op->x, !one_in(4) ? 1 + below(20) : some_length(g), true);
    op->y = ++g->seeds;
    op->b = maybe_async(g, op);
}

static void some_copy(Gen *g, struct mop *op)
{
    op->x = some_address(g);
    op->y = some_address(g);
    op->n = cut(g, op->x, one_in(2) ? 1 + below(100) : some_length(g), false);
    op->n = cut(g, op->y, op->n, true);
    op->b = maybe_async(g, op);
}

static void some_free(Gen *g, struct mop *op)
{
    op->x = some_address(g);
    op->n = mostly_cut(g, op->x, some_length(g), true);
}

static void some_cwrite(Gen *g, struct mop *op)
{
    some_write(g, op);
    if (op->y == MODEL_HERE)
        op->y = 0;
    op->b = one_in(3) ? (uint8_t)(1 + below(2)) : 0;
}

static void some_open(Gen *g, struct mop *op)
{
    static const uint32_t modes[] = {ORDWR, ORDWR, ORDWR, ORDWR, OREAD, OWRITE, ORDWR | OAPPEND, ORDWR | OTRUNC};
    static const uint32_t perms[] = {0666, 0666, 0666, 0444, 0222, DMAPPEND | 0666};
    op->a = (uint8_t)below(MODEL_FDS);
    op->b = some_name();
    op->n = PICK(modes);
    if (g->model->name[op->b] != NULL && !one_in(10))
        return;
    op->kind = MOP_create;
    op->n = (op->n & ~(uint32_t)OTRUNC) | (one_in(3) ? OEXCL : 0);
    op->x = PICK(perms);
}

static void some_truncate(Gen *g, struct mop *op)
{
    op->b = some_name();
    op->x = some_offset(g);
}

static void some_chmod(Gen *g, struct mop *op)
{
    static const uint32_t perms[] = {0666, 0666, 0444, 0222, 0};
    (void)g;
    op->b = some_name();
    op->x = PICK(perms);
}

static void some_names(Gen *g, struct mop *op)
{
    (void)g;
    op->a = some_name();
    op->b = some_name();
}

static void some_fds(Gen *g, struct mop *op)
{
    (void)g;
    op->a = (uint8_t)below(MODEL_FDS);
    op->b = (uint8_t)below(MODEL_FDS);
}

static void some_pipe(Gen *g, struct mop *op)
{
    some_fds(g, op);
    if (op->a == op->b)
        op->b = (uint8_t)((op->a + 1) % MODEL_FDS);
}

static void some_seek(Gen *g, struct mop *op)
{
    op->a = (uint8_t)below(MODEL_FDS);
    op->b = (uint8_t)below(one_in(20) ? 4 : 3);
    op->x = some_offset(g);
    if (op->b == SEEK_FROM_END && op->x < MODEL_TOO_FAR)
        op->x = -op->x;
}

static void some_fork(Gen *g, struct mop *op)
{
    (void)g;
    op->a = (uint8_t)below(MODEL_PROCS);
}

static void some_region(Gen *g, struct mop *op)
{
    op->a = (uint8_t)below(MODEL_REGIONS);
    op->kind = g->model->proc[g->proc]->region[op->a] != NULL ? MOP_detach : MOP_attach;
}

static void some_dirs(Gen *g, struct mop *op)
{
    (void)g;
    op->a = (uint8_t)below(MODEL_DIRS);
    op->b = (uint8_t)below(MODEL_DIRS);
}

static void some_fill(Gen *g, struct mop *op)
{
    (void)g;
    op->n = (uint32_t)(one_in(3) ? 0 : below(one_in(2) ? 8 : 60));
}

static void some_squeeze(Gen *g, struct mop *op)
{
    op->n = (uint32_t)below(g->profile->squeeze + 1);
}

static void some_fail(Gen *g, struct mop *op)
{
    op->x = some_address(g);
}

static void nothing(Gen *g, struct mop *op)
{
    (void)g;
    (void)op;
}

static const struct {
    unsigned weight; /* of 1000 or so */
    enum mop_kind kind;
    void (*make)(Gen *, struct mop *);
} kinds[] = {
    {190, MOP_read, some_read},    {150, MOP_write, some_write}, {120, MOP_load, some_load},
    {130, MOP_store, some_store},  {40, MOP_copy, some_copy},    {30, MOP_free, some_free},
    {15, MOP_zero, some_free},     {15, MOP_cwrite, some_cwrite},
    {30, MOP_read, some_zeros},    {60, MOP_open, some_open},    {15, MOP_truncate, some_truncate},
    {4, MOP_chmod, some_chmod},    {8, MOP_rename, some_names},  {8, MOP_remove, some_names},
    {20, MOP_stat, some_names},    {15, MOP_fstat, some_fds},    {20, MOP_sum, some_names},
    {15, MOP_fork, some_fork},     {3, MOP_exec, nothing},       {10, MOP_exit, nothing},
    {10, MOP_detach, some_region}, {5, MOP_sync, nothing},       {8, MOP_squeeze, some_squeeze},
    {25, MOP_fail, some_fail},     {20, MOP_seek, some_seek},    {8, MOP_dup, some_fds},
    {8, MOP_close, some_fds},      {6, MOP_pipe, some_pipe},     {40, MOP_write, some_pipe_transfer},
    {10, MOP_mkdir, some_dirs},    {6, MOP_rmdir, some_dirs},    {6, MOP_mvdir, some_dirs},
    {4, MOP_statdir, some_dirs},   {15, MOP_fill, some_fill},
};

enum { KINDS = sizeof kinds / sizeof *kinds };

static unsigned alive(const Model *m)
{
    unsigned n = 0;
    for (unsigned i = 0; i < MODEL_PROCS; i++)
        n += m->proc[i] != NULL;
    return n;
}

static bool wanted(const Gen *g, const struct mop *op)
{
    if (op->kind == MOP_exit && alive(g->model) == 1)
        return false;
    if (op->kind == MOP_fail && !g->profile->fails)
        return false;
    if (op->kind == MOP_fill && !g->profile->fills)
        return false;
    if (op->kind == MOP_squeeze && g->profile->squeeze == 0)
        return false;
    return model_allows(g->model, op);
}

static void next_proc(Gen *g)
{
    if (g->model->proc[g->proc] != NULL && !one_in(4))
        return;
    do
        g->proc = (unsigned)below(MODEL_PROCS);
    while (g->model->proc[g->proc] == NULL);
}

static void some_op(Gen *g, struct mop *op)
{
    unsigned total = 0, k;
    for (k = 0; k < KINDS; k++)
        total += kinds[k].weight;
    do {
        next_proc(g);
        uint64_t ticket = below(total);
        for (k = 0; ticket >= kinds[k].weight; k++)
            ticket -= kinds[k].weight;
        *op = (struct mop){.kind = (uint8_t)kinds[k].kind, .proc = (uint8_t)g->proc};
        kinds[k].make(g, op);
    } while (!wanted(g, op));
}

/* ---- programs ---- */

typedef struct Out {
    Gen *g;
    struct mop *ops;
    unsigned long n, room;
} Out;

static void emit(Out *out, struct mop op)
{
    if (out->n == out->room) {
        out->room = out->room * 2 + 256;
        out->ops = realloc(out->ops, out->room * sizeof *out->ops);
        if (out->ops == NULL)
            abort();
    }
    model_do(out->g->model, &op);
    out->ops[out->n++] = op;
}

static void begin(Out *out)
{
    Gen *g = out->g;
    unsigned pages[MODEL_REGIONS];
    for (int i = 0; i < MODEL_REGIONS; i++) {
        const unsigned *range = g->profile->pages[i];
        pages[i] = range[0] + (unsigned)below(range[1] - range[0] + 1);
    }
    memset(g->last, 0, sizeof g->last);
    g->proc = 0;
    uint32_t policy = one_in(2) ? 0 : (uint32_t)below(MODEL_NPOLICIES);
    emit(out, (struct mop){.kind = MOP_begin, .proc = MODEL_NOBODY, .n = policy, .x = pack_sizes(pages)});
    for (uint8_t i = 0; i < MODEL_TOP - 1; i++) { /* something to begin with */
        uint32_t n = (uint32_t)pages[REGION_A] * MODEL_PAGE;
        emit(out, (struct mop){.kind = MOP_create, .a = i, .b = i, .n = ORDWR, .x = 0666});
        emit(out, (struct mop){.kind = MOP_store, .n = n, .y = ++g->seeds});
        emit(out, (struct mop){.kind = MOP_write, .a = i, .n = n - (uint32_t)below(MODEL_PAGE), .y = 0});
    }
}

/* Everything that is to be seen at the end; then everybody leaves. */
static void look(Out *out)
{
    Model *m = out->g->model;
    uint8_t first = 0;
    for (uint8_t i = 0; i < MODEL_PROCS; i++)
        for (int r = 0; m->proc[i] != NULL && r < MODEL_REGIONS; r++)
            if (m->proc[i]->region[r] != NULL)
                emit(out, (struct mop){.kind = MOP_load, .proc = i, .x = m->layout.base[r],
                                       .n = (uint32_t)m->layout.bytes[r]});
    while (m->proc[first] == NULL)
        first++;
    for (uint8_t f = 0; f < MODEL_NAMES; f++) {
        if (m->name[f] == NULL)
            continue;
        emit(out, (struct mop){.kind = MOP_stat, .proc = first, .b = f});
        emit(out, (struct mop){.kind = MOP_chmod, .proc = first, .b = f, .x = 0666});
        emit(out, (struct mop){.kind = MOP_sum, .proc = first, .b = f});
    }
    for (uint8_t i = 0; i < MODEL_PROCS; i++)
        if (m->proc[i] != NULL)
            emit(out, (struct mop){.kind = MOP_exit, .proc = i});
}

unsigned long gen_program(Gen *g, struct mop **ops)
{
    Out out = {.g = g};
    begin(&out);
    for (unsigned i = 0; i < g->profile->steps; i++) {
        struct mop op;
        some_op(g, &op);
        emit(&out, op);
    }
    look(&out);
    emit(&out, (struct mop){.kind = MOP_finish, .proc = MODEL_NOBODY});
    *ops = out.ops;
    return out.n;
}
