/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The conventional policy against the deferred one: two worlds run the same random program, each with its own
 * files, processes and segments, and must agree on every byte and every result. Beside that, in both, the rule that
 * everything hangs on (segment.h) is checked: what the maps say is what is in the frames, and no
 * translation allows what the maps do not.
 *
 * TARRY_SEED repeats a run; TARRY_OPS says how many operations.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "khost/fixture.h"
#include "khost/random.h"

enum { FILES = 3, PROCS = 3, ROUND = 2000, OPERATIONS = 120000, FILE_PAGES = 20, BLOCKS = 16384 };
enum { PRIVATE_PAGES = 10, SHARED_PAGES = 6, MEMORY_PAGES = 4, ALL_PAGES = 20 };

/* A read, to be written back later: only then is there something to skip. */
typedef struct Transfer {
    unsigned file;
    uint64_t off, va, n;
} Transfer;

typedef struct World {
    enum ev_enum_io_policy policy;
    struct tfs_file *file[FILES];
    Proc *proc[PROCS]; /* NULL: has exited */
} World;

static World worlds[2] = {{.policy = EV_io_policy_eager}, {.policy = EV_io_policy_deferred}};
static Transfer last[PROCS];
static unsigned long operation;
static unsigned generation; /* of file names */

#define CHECK(cond, ...) ((cond) ? (void)0 : broken(#cond, __LINE__, __VA_ARGS__))

static void broken(const char *what, int line, const char *fmt, ...)
{
    va_list args;
    printf("# TARRY_SEED=%lu operation %lu: line %d: %s: ", (unsigned long)the_seed(), operation, line, what);
    va_start(args, fmt);
    vprintf(fmt, args);
    va_end(args);
    printf("\n");
    fflush(stdout);
    _Exit(1);
}

static void check_invariants(Proc *p)
{
    uint64_t va = 0;
    const char *rule = maps_broken(p, &va);
    CHECK(rule == NULL, "at %lx: %s", va, rule);
}

static void check_all(void)
{
    static unsigned char bytes[2][PG(ALL_PAGES)];
    for (unsigned i = 0; i < PROCS; i++) {
        if (worlds[0].proc[i] == NULL)
            continue;
        for (unsigned w = 0; w < 2; w++) {
            check_invariants(worlds[w].proc[i]);
            CHECK(peek(worlds[w].proc[i], BUF, bytes[w], PG(ALL_PAGES)), "a source ends early");
        }
        for (uint64_t k = 0; memcmp(bytes[0], bytes[1], PG(ALL_PAGES)) != 0; k++)
            CHECK(bytes[0][k] == bytes[1][k], "process %u: byte at %lx is %u, should be %u", i, BUF + k, bytes[1][k],
                  bytes[0][k]);
    }
}

static void check_files(void)
{
    static unsigned char bytes[2][PG(4 * FILE_PAGES)];
    for (unsigned f = 0; f < FILES; f++) {
        uint64_t n = file_length(worlds[0].file[f]);
        CHECK(n == file_length(worlds[1].file[f]), "file %u: %lu bytes, should be %lu", f,
              file_length(worlds[1].file[f]), n);
        CHECK(file_version(worlds[0].file[f]) == file_version(worlds[1].file[f]), "W2: file %u: version", f);
        n = n < sizeof bytes[0] ? n : sizeof bytes[0];
        for (unsigned w = 0; w < 2; w++)
            file_read(worlds[w].file[f], 0, bytes[w], n);
        for (uint64_t k = 0; memcmp(bytes[0], bytes[1], n) != 0; k++)
            CHECK(bytes[0][k] == bytes[1][k], "file %u: byte %lu is %u, should be %u", f, k, bytes[1][k], bytes[0][k]);
    }
}

/* ---- operations ---- */

static uint64_t somewhere(uint64_t bytes)
{
    uint64_t at = below(bytes);
    return below(2) == 0 ? at & ~PGMASK : at;
}

static uint64_t length(void)
{
    switch (below(4)) {
    case 0:
        return 1 + below(60);
    case 1:
        return PG(1 + below(6));
    case 2:
        return 1 + below(PG(2));
    }
    return 1 + below(PG(9));
}

static void agree(const char *what, const int64_t r[2])
{
    CHECK(r[0] == r[1], "%s gives %ld, should be %ld", what, r[1], r[0]);
}

static void do_read(unsigned i)
{
    int64_t r[2];
    Transfer t = {(unsigned)below(FILES), somewhere(PG(FILE_PAGES)), BUF + somewhere(PG(ALL_PAGES)), length()};
    if (below(4) == 0) { /* goes on where the last one ended */
        t = last[i];
        t.off += t.n;
        t.va += t.n;
        t.n = length();
    }
    for (unsigned w = 0; w < 2; w++) {
        become(worlds[w].proc[i]);
        r[w] = fileread(worlds[w].file[t.file], t.off, t.va, t.n);
    }
    agree("read", r);
    if (r[0] > 0)
        last[i] = t;
}

static void do_write(unsigned i)
{
    int64_t r[2];
    Transfer t = {(unsigned)below(FILES), somewhere(PG(FILE_PAGES)), BUF + somewhere(PG(ALL_PAGES)), length()};
    bool append = below(12) == 0;
    if (below(3) != 0 && last[i].n > 0) { /* back to where it came from, or a part of it */
        t = last[i];
        uint64_t skip = below(3) == 0 ? below(t.n) : 0;
        t.off += skip;
        t.va += skip;
        t.n -= skip;
    }
    if (append && file_length(worlds[0].file[t.file]) > PG(2 * FILE_PAGES))
        append = false;
    for (unsigned w = 0; w < 2; w++) {
        become(worlds[w].proc[i]);
        r[w] = filewrite(worlds[w].file[t.file], t.off, t.va, t.n, append);
    }
    agree("write", r);
}

static void do_load(unsigned i)
{
    static unsigned char bytes[2][PG(ALL_PAGES)];
    uint64_t va = BUF + somewhere(PG(ALL_PAGES)), n = length();
    if (va + n > BUF + PG(ALL_PAGES))
        n = BUF + PG(ALL_PAGES) - va;
    for (unsigned w = 0; w < 2; w++)
        CHECK(load(worlds[w].proc[i], va, bytes[w], n) == 0, "load at %lx", va);
    CHECK(memcmp(bytes[0], bytes[1], n) == 0, "loads of %lu bytes at %lx differ", n, va);
}

static void do_store(unsigned i)
{
    unsigned char bytes[200];
    uint64_t va = BUF + below(PG(ALL_PAGES) - sizeof bytes), n = 1 + below(sizeof bytes - 1);
    memset(bytes, (int)below(256), sizeof bytes);
    for (unsigned w = 0; w < 2; w++)
        CHECK(save(worlds[w].proc[i], va, bytes, n) == 0, "store at %lx", va);
}

static void do_copy(unsigned i)
{
    char bytes[3000];
    uint64_t from = BUF + below(PG(ALL_PAGES) + 100), to = BUF + below(PG(ALL_PAGES) + 100), n = below(sizeof bytes);
    int64_t r[2];
    for (unsigned w = 0; w < 2; w++) {
        become(worlds[w].proc[i]);
        r[w] = copyin(bytes, from, n);
        if (r[w] == 0)
            r[w] = copyout(to, bytes, n);
    }
    agree("copy", r);
}

static void do_zero(unsigned i)
{
    uint64_t va = BUF + somewhere(PG(ALL_PAGES)), n = length();
    for (unsigned w = 0; w < 2; w++) {
        Proc *p = worlds[w].proc[i];
        become(p);
        Segment *s = segfor(p, va);
        CHECK(segzero(s, va, n < s->top - va ? n : s->top - va) == 0, "segzero");
    }
}

/* By somebody else, past all segments. */
static void do_foreign(unsigned i)
{
    static unsigned char bytes[PG(9)];
    unsigned f = (unsigned)below(FILES);
    uint64_t off = somewhere(PG(FILE_PAGES)), n = length();
    (void)i;
    memset(bytes, (int)below(256), n);
    for (unsigned w = 0; w < 2; w++)
        file_write(worlds[w].file[f], off, bytes, n);
}

static void do_truncate(unsigned i)
{
    unsigned f = (unsigned)below(FILES);
    uint64_t n = somewhere(PG(FILE_PAGES));
    (void)i;
    for (unsigned w = 0; w < 2; w++)
        file_truncate(worlds[w].file[f], n);
}

static void name_of(char name[20], unsigned w, unsigned f)
{
    snprintf(name, 20, "%u-%u-%u", w, f, generation);
}

/* Removed while its bytes are still to be read; another one takes its place. */
static void do_recreate(unsigned i)
{
    char name[20];
    struct tfs_file *root = tfs_root(rootfs);
    unsigned f = (unsigned)below(FILES);
    (void)i;
    for (unsigned w = 0; w < 2; w++) {
        file_put(worlds[w].file[f]);
        for (unsigned g = 0; g <= generation; g++) {
            snprintf(name, sizeof name, "%u-%u-%u", w, f, g);
            tfs_remove(root, name);
        }
    }
    generation++;
    for (unsigned w = 0; w < 2; w++) {
        name_of(name, w, f);
        worlds[w].file[f] = file_new_with(name, "new", 3);
    }
    tfs_unref(root);
}

static void do_fork(unsigned i)
{
    unsigned child = (unsigned)below(PROCS);
    if (worlds[0].proc[child] != NULL)
        return;
    for (unsigned w = 0; w < 2; w++)
        worlds[w].proc[child] = khost_fork(worlds[w].proc[i]);
    last[child] = last[i];
}

static void do_exit(unsigned i)
{
    unsigned alive = 0;
    for (unsigned k = 0; k < PROCS; k++)
        alive += worlds[0].proc[k] != NULL;
    if (alive == 1)
        return;
    for (unsigned w = 0; w < 2; w++) {
        become(worlds[w].proc[i]);
        khost_exit(worlds[w].proc[i]);
        worlds[w].proc[i] = NULL;
    }
}

static void do_reclaim(unsigned i)
{
    (void)i;
    if (below(2) == 0)
        swaprefill();
    segreclaim(below(30));
}

/* From here on there is little memory, or plenty. */
static void do_pressure(unsigned i)
{
    (void)i;
    memory.frame_limit = below(3) == 0 ? 0 : 4 + below(60);
}

static void do_commit(unsigned i)
{
    (void)i;
    CHECK(tfs_commit(rootfs) == 0, "commit");
}

/* The disk block that a load of the byte at va would need, 0 if none. */
static uint64_t needed(Segment *s, uint64_t va)
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

/* E1: the disk fails once below something that is still to be read; what is seen later must not suffer. */
static void do_error(unsigned i)
{
    char byte;
    Proc *p = worlds[1].proc[i];
    uint64_t va = BUF + below(PG(ALL_PAGES)), blk = needed(segfor(p, va), va);
    if (blk == 0)
        return;
    bool loaded = mapped(p->space, va) != NULL;
    disk.bad_block = blk;
    become(p);
    int r = below(2) == 0 ? load(p, va, &byte, 1) : copyin(&byte, va, 1);
    CHECK(r == 0 || (r == -T_EIO && !loaded), "E1: load at %lx gives %d", va, r);
    disk.bad_block = 0;
}

static const struct {
    unsigned weight;
    void (*run)(unsigned proc);
} operations[] = {
    {25, do_read}, {20, do_write},  {12, do_load},     {18, do_store}, {4, do_copy}, {4, do_zero},    {5, do_foreign},
    {2, do_truncate}, {1, do_recreate}, {2, do_fork}, {1, do_exit}, {3, do_reclaim}, {1, do_commit}, {2, do_error},
    {1, do_pressure},
};

static void step(void)
{
    unsigned total = 0, i, k = 0;
    for (unsigned n = 0; n < sizeof operations / sizeof *operations; n++)
        total += operations[n].weight;
    do
        i = (unsigned)below(PROCS);
    while (worlds[0].proc[i] == NULL);
    for (uint64_t ticket = below(total); ticket >= operations[k].weight; k++)
        ticket -= operations[k].weight;
    operations[k].run(i);
    operation++;
    if (operation % 16 == 0)
        check_all();
    if (operation % 64 == 0)
        check_files();
}

/* ---- rounds ---- */

static void begin_world(unsigned w)
{
    static unsigned char bytes[PG(FILE_PAGES)];
    World *world = &worlds[w];
    for (unsigned f = 0; f < FILES; f++) {
        char name[20];
        for (uint64_t k = 0; k < sizeof bytes; k++)
            bytes[k] = (unsigned char)(pattern(k) + 50 * f);
        name_of(name, w, f);
        world->file[f] = file_new_with(name, bytes, PG(FILE_PAGES) - 1000 * f);
    }
    Proc *p = world->proc[0] = khost_proc();
    become(p);
    attach(p, EV_segment_type_defer, BUF, PG(PRIVATE_PAGES), 0, world->policy);
    attach(p, EV_segment_type_defer, BUF + PG(PRIVATE_PAGES), PG(SHARED_PAGES), SG_SHARED, world->policy);
    attach(p, EV_segment_type_memory, BUF + PG(PRIVATE_PAGES + SHARED_PAGES), PG(MEMORY_PAGES), 0, world->policy);
}

/* S4: nothing is left of it. */
static void end_round(uint64_t free_blocks)
{
    struct tfs_file *root = tfs_root(rootfs);
    for (unsigned w = 0; w < 2; w++) {
        for (unsigned i = 0; i < PROCS; i++) {
            if (worlds[w].proc[i] == NULL)
                continue;
            become(worlds[w].proc[i]);
            khost_exit(worlds[w].proc[i]);
            worlds[w].proc[i] = NULL;
        }
        for (unsigned f = 0; f < FILES; f++) {
            file_put(worlds[w].file[f]);
            for (unsigned g = 0; g <= generation; g++) {
                char name[20];
                snprintf(name, sizeof name, "%u-%u-%u", w, f, g);
                tfs_remove(root, name);
            }
        }
    }
    tfs_unref(root);
    CHECK(swapused() == 0, "S4: %lu slots of swap leaked", swapused());
    swapend();
    CHECK(memory.frames == 0 && memory.objects == 0, "S4: %lu frames and %lu objects leaked", memory.frames,
          memory.objects);
    CHECK(space_now().snapshots == 0 && space_now().held_blocks == 0, "S4: %lu snapshots, %lu held blocks",
          space_now().snapshots, space_now().held_blocks);
    CHECK(open_intervals(EV_snapshot) == 0 && open_intervals(EV_segment) == 0, "S4: open intervals");
    tfs_commit(rootfs);
    tfs_commit(rootfs);
    CHECK(space_now().free_blocks == free_blocks, "S4: %lu blocks free, should be %lu", space_now().free_blocks,
          free_blocks);
    disk_end();
}

static void round_of(unsigned long n)
{
    memory = (struct khost_memory){0};
    disk_new(BLOCKS);
    file_put(file_new_with("first", NULL, 0)); /* the directory and the inode table have their blocks */
    tfs_commit(rootfs);
    tfs_commit(rootfs);
    uint64_t free_blocks = space_now().free_blocks;
    generation = 0;
    memset(last, 0, sizeof last);
    events_keep(false);
    for (unsigned w = 0; w < 2; w++)
        begin_world(w);
    while (n-- > 0)
        step();
    check_all();
    check_files();
    end_round(free_blocks);
}

static void deferred_cannot_be_told_from_conventional(void **state)
{
    const char *given = getenv("TARRY_OPS");
    unsigned long n = given != NULL ? strtoul(given, NULL, 0) : OPERATIONS;
    (void)state;
    while (operation < n)
        round_of(ROUND);
    printf("# %lu operations\n", operation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(deferred_cannot_be_told_from_conventional)};
    cmocka_set_message_output(CM_OUTPUT_TAP);
    seed_random();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
