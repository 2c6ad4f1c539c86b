/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Everything that two processes can do to two pages and a file of two blocks, in every order, to a certain depth: after
 * each operation all memory, the file and the maps are compared with the reference model, and after each sequence
 * everybody exits and nothing may be left (S4). Sequences that lead to the same state are gone on with once; two states are
 * the same if no operation could tell them apart: see `fingerprint`.
 *
 * That this leaves nothing out is tried on a sample: both sequences are gone on with, by every step and by random walks, and must give the same
 * results and lead to the same states.
 *
 * TARRY_DEPTH says how deep. A sequence that goes wrong is a shortest one; it is printed as a program for seg_model.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "fs/core.h"
#include "model/text.h"
#include "model/world.h"
#include "khost/random.h"

enum { PAGES = 2, BLOCKS = 512, MOST = 16 };

#define BYTES ((uint64_t)PAGES * MODEL_PAGE)

/* ---- what can be done ---- */

enum action {
    READ, READ_ASIDE, LOAD_0, LOAD_1, STORE_0, STORE_1, WRITE_BACK, WRITE_ASIDE, FREE, EXIT, /* by either process */
    ANYBODY,
    WRITE_0 = ANYBODY, WRITE_1, CUT, EXTEND, FORK, EVICT, SYNC, /* it does not matter by whom */
    ACTIONS,
};

typedef struct Step {
    uint8_t action, proc;
} Step;

typedef struct Path {
    uint8_t n;
    Step step[MOST];
} Path;

/* The region under test, and what goes into it. */
typedef struct Case {
    const char *name;
    int region;
    enum ev_enum_io_policy policy;
    unsigned depth; /* in make check */
    bool lends;     /* R11 */
} Case;

static const Case *the_case;

static uint64_t base(const World *w)
{
    return w->model->layout.base[the_case->region];
}

static unsigned char byte_of(const World *w, unsigned proc, uint64_t va)
{
    unsigned char byte;
    model_peek(w->model, w->model->proc[proc], va, &byte, 1);
    return byte;
}

/* A seed whose first byte is another one than that: every store and every write is seen. */
static unsigned another(unsigned char than)
{
    unsigned char byte;
    model_fill(&byte, 1, 1);
    return byte == than ? 2 : 1;
}

static struct mop store(const World *w, unsigned proc, unsigned page)
{
    uint64_t va = base(w) + page * MODEL_PAGE + 100;
    return (struct mop){.kind = MOP_store, .x = va, .n = 1, .y = another(byte_of(w, proc, va))};
}

/* By somebody else: a whole block out of plain memory, which has the bytes of either seed. */
static struct mop foreign(const World *w, unsigned block)
{
    const MFile *f = w->model->name[0];
    uint64_t off = (uint64_t)block * MODEL_PAGE;
    unsigned seed = another(off < f->length ? f->at[off] : 0);
    return (struct mop){.kind = MOP_write, .x = w->model->layout.base[REGION_C] + (seed - 1) * MODEL_PAGE,
                        .n = MODEL_PAGE, .y = off};
}

static struct mop operation(const World *w, enum action action, unsigned proc)
{
    uint64_t at = base(w);
    switch (action) {
    case READ:
        return (struct mop){.kind = MOP_read, .x = at, .n = BYTES};
    case READ_ASIDE:
        return (struct mop){.kind = MOP_read, .x = at + 0x800, .n = MODEL_PAGE, .y = 0x400};
    case LOAD_0:
    case LOAD_1:
        return (struct mop){.kind = MOP_load, .x = at + (action - LOAD_0) * MODEL_PAGE + 7, .n = 1};
    case STORE_0:
    case STORE_1:
        return store(w, proc, action - STORE_0);
    case WRITE_BACK:
        return (struct mop){.kind = MOP_write, .x = at, .n = BYTES};
    case WRITE_ASIDE: /* into what is read from */
        return (struct mop){.kind = MOP_write, .x = at, .n = 0xc00, .y = MODEL_PAGE + 0x200};
    case FREE:
        return (struct mop){.kind = MOP_free, .x = at + 0x800, .n = MODEL_PAGE};
    case WRITE_0:
    case WRITE_1:
        return foreign(w, action - WRITE_0);
    case CUT:
        return (struct mop){.kind = MOP_truncate, .x = 0x1400};
    case EXTEND:
        return (struct mop){.kind = MOP_truncate, .x = BYTES};
    case FORK:
        return (struct mop){.kind = MOP_fork, .a = (uint8_t)!proc};
    case EXIT:
        return (struct mop){.kind = MOP_exit};
    case EVICT:
        return (struct mop){.kind = MOP_squeeze, .n = 1000};
    case SYNC:
    case ACTIONS:
        break;
    }
    return (struct mop){.kind = MOP_sync};
}

/* Can it be done after the path, and is there no other process that would do it as well? */
static bool possible(const Path *path, Step s)
{
    bool alive[2] = {true, false};
    for (unsigned i = 0; i < path->n; i++) {
        if (path->step[i].action == FORK)
            alive[0] = alive[1] = true;
        if (path->step[i].action == EXIT)
            alive[path->step[i].proc] = false;
    }
    if (!alive[s.proc] || (s.action >= ANYBODY && s.proc == 1 && alive[0]))
        return false;
    return s.action == FORK ? !alive[!s.proc] : s.action == EXIT ? alive[!s.proc] : true;
}

/* ---- a sequence, from the beginning ---- */

static struct mop done[MOST + 40]; /* so far, to be printed */
static unsigned long ndone;
static struct layout layout;

static bool act(World *w, struct mop op)
{
    done[ndone++] = op;
    bool good = world_do(w, &op);
    done[ndone - 1] = op;
    return good;
}

static void must(bool good)
{
    if (!good)
        abort();
}

/* A world that the last sequence has left as it found it will do. */
static void begin(World *w)
{
    unsigned pages[MODEL_REGIONS] = {1, 1, 2, 1, 1};
    pages[the_case->region] = PAGES;
    uint64_t c = layout_of(pack_sizes(pages)).base[REGION_C];
    const struct mop prelude[] = {
        {.kind = MOP_begin, .proc = MODEL_NOBODY, .x = pack_sizes(pages)},
        {.kind = MOP_create, .n = ORDWR, .x = 0666},
        {.kind = MOP_store, .x = c, .n = MODEL_PAGE, .y = 1},
        {.kind = MOP_store, .x = c + MODEL_PAGE, .n = MODEL_PAGE, .y = 2},
        {.kind = MOP_write, .x = c, .n = BYTES},
        {.kind = MOP_sync},
    };
    ndone = 0;
    layout = layout_of(pack_sizes(pages));
    for (unsigned i = 0; i < sizeof prelude / sizeof *prelude; i++)
        must(act(w, prelude[i]));
}

static bool take(World *w, Step s)
{
    struct mop op = operation(w, s.action, s.proc);
    op.proc = s.proc;
    return act(w, op);
}

/* Everybody exits; S4. */
static bool end(World *w)
{
    bool good = true;
    for (uint8_t i = 0; i < 2; i++)
        if (w->model->proc[i] != NULL)
            good = good && act(w, (struct mop){.kind = MOP_exit, .proc = i});
    return good && act(w, (struct mop){.kind = MOP_finish, .proc = MODEL_NOBODY});
}

/* ---- states ---- */

/*
 * What the segment code can see of its state, as numbers; what is only a name in memory (a frame, a slot, a snapshot, a
 * block) by the order in which it comes up. Left out: numbers that only grow (versions, epochs but for their order), the
 * priorities in the source map, where the clock's hand is (EVICT goes all the way round).
 */
typedef struct Print {
    uint64_t hash[2];
    const void *name[256];
    unsigned names;
    struct tfs_snap *snap[64];
    unsigned snaps;
} Print;

static void add(Print *p, uint64_t v)
{
    p->hash[0] = model_mix(p->hash[0] ^ v) + 1;
    p->hash[1] = model_mix(p->hash[1] * 3 + v) + 7;
}

static void add_name(Print *p, const void *name)
{
    unsigned i = 0;
    while (name != NULL && i < p->names && p->name[i] != name)
        i++;
    if (name != NULL && i == p->names)
        p->name[p->names++] = name;
    add(p, name != NULL ? i + 1 : 0);
}

/* Whether a write may be in place is a matter of how old the block is beside the last commit and each snapshot. */
static void add_block(Print *p, const struct tfs_extent *x)
{
    unsigned younger = 0;
    for (unsigned i = 0; i < p->snaps; i++)
        younger += tfs_snap_epoch(p->snap[i]) >= x->birth;
    add_name(p, (const void *)(uintptr_t)x->blk);
    add(p, x->blk != 0 ? younger : 0);
    add(p, x->blk != 0 && x->birth <= rootfs->committed);
}

static void add_snapshot(Print *p, struct tfs_snap *snap)
{
    unsigned before = p->names;
    add_name(p, snap);
    if (p->names > before && p->snaps < 64)
        p->snap[p->snaps++] = snap;
}

static void add_page(Print *p, Proc *proc, Segment *s, uint64_t va)
{
    const struct mapping *m = mapped(proc->space, va);
    Resident r = residentat(s->pages, pagenumber(s, va));
    add(p, m != NULL ? (uint64_t)m->rights + 1 : 0);
    add(p, r.flags);
    add_name(p, r.page);
    add_name(p, r.slot);
    add_name(p, r.page != NULL ? r.page->swap : NULL);
    for (uint64_t at = va; at < va + PGSIZE;) {
        Source piece = sourceat(s->sources, at, va + PGSIZE);
        add(p, piece.kind);
        add(p, piece.end - va);
        add(p, piece.kind == EV_source_kind_snapshot ? piece.off : 0);
        if (piece.kind == EV_source_kind_snapshot)
            add_snapshot(p, piece.snap);
        at = piece.end;
    }
}

static void add_file(Print *p, const World *w)
{
    const MFile *f = w->model->name[0];
    add(p, model_digest(f->length, f->at, f->length));
    for (uint64_t b = 0; b < PAGES; b++) {
        struct tfs_extent x;
        must(tfs_map(world_file(w, f), b, &x) == 0);
        add_block(p, &x);
    }
}

static void add_snapshots(Print *p)
{
    for (unsigned i = 0; i < p->snaps; i++) {
        unsigned older = 0;
        for (unsigned k = 0; k < p->snaps; k++)
            older += tfs_snap_epoch(p->snap[k]) < tfs_snap_epoch(p->snap[i]);
        add(p, older);
        add(p, tfs_snap_length(p->snap[i]));
    }
}

/* The blocks that pieces come from; what else a snapshot had is nobody's any more (S2). */
static void add_wanted(Print *p, Segment *s)
{
    for (uint64_t at = s->base; at < s->top;) {
        Source piece = sourceat(s->sources, at, s->top);
        at = piece.end;
        if (piece.kind != EV_source_kind_snapshot)
            continue;
        for (uint64_t b = piece.off / TFS_BLOCK; b <= (piece.off + (piece.end - piece.va) - 1) / TFS_BLOCK; b++) {
            struct tfs_extent x;
            must(tfs_snap_map(piece.snap, b, &x) == 0);
            add_block(p, &x);
        }
    }
}

static Print print_from(const World *w, unsigned first)
{
    Print p = {.names = 0};
    for (unsigned i = first, k = 0; k < 2; i = !i, k++) {
        const MProc *proc = w->model->proc[i];
        add(&p, proc != NULL);
        if (proc == NULL)
            continue;
        add(&p, model_digest(0, proc->region[the_case->region]->at, BYTES));
        Segment *s = segfor(w->proc[i], MODEL_ARENA + base(w));
        for (uint64_t va = s->base; va < s->top; va += PGSIZE)
            add_page(&p, w->proc[i], s, va);
    }
    add_file(&p, w);
    add_snapshots(&p);
    for (unsigned i = first, k = 0; k < 2; i = !i, k++)
        if (w->model->proc[i] != NULL)
            add_wanted(&p, segfor(w->proc[i], MODEL_ARENA + base(w)));
    return p;
}

/* The same for two states that differ only in which process is which: `turned` if the second was taken for the first. */
typedef struct Key {
    uint64_t hash[2];
    bool turned;
} Key;

static Key fingerprint(const World *w)
{
    Print a = print_from(w, 0), b = print_from(w, 1);
    bool turned = memcmp(a.hash, b.hash, sizeof a.hash) > 0;
    const Print *p = turned ? &b : &a;
    return (Key){{p->hash[0] | 1, p->hash[1]}, turned};
}

static bool same_key(const Key *a, const Key *b)
{
    return a->hash[0] == b->hash[0] && a->hash[1] == b->hash[1];
}

/* ---- the set of states seen ---- */

typedef struct State {
    Key key;   /* hash[0] 0: an empty place */
    Path path; /* that led to it first */
} State;

static struct {
    State *slot;
    uint64_t room, n;
} seen;

static void seen_clear(void)
{
    free(seen.slot);
    seen.room = 1 << 16;
    seen.n = 0;
    seen.slot = calloc(seen.room, sizeof *seen.slot);
    must(seen.slot != NULL);
}

static State *seen_place(const Key *key)
{
    uint64_t i = key->hash[0] % seen.room;
    while (seen.slot[i].key.hash[0] != 0 && !same_key(&seen.slot[i].key, key))
        i = (i + 1) % seen.room;
    return &seen.slot[i];
}

static void seen_grow(void)
{
    State *old = seen.slot;
    uint64_t room = seen.room;
    seen.room *= 2;
    seen.slot = calloc(seen.room, sizeof *seen.slot);
    must(seen.slot != NULL);
    for (uint64_t i = 0; i < room; i++)
        if (old[i].key.hash[0] != 0)
            *seen_place(&old[i].key) = old[i];
    free(old);
}

/* What was seen with that key before; NULL: nothing, and now it is. */
static const State *seen_add(const Key *key, const Path *path)
{
    if (seen.n * 2 > seen.room)
        seen_grow();
    State *place = seen_place(key);
    if (place->key.hash[0] != 0)
        return place;
    *place = (State){*key, *path};
    seen.n++;
    return NULL;
}

/* ---- breadth first ---- */

typedef struct Frontier {
    Path *path;
    unsigned long n, room;
} Frontier;

static void push(Frontier *f, const Path *p)
{
    if (f->n == f->room) {
        f->room = f->room * 2 + 1024;
        f->path = realloc(f->path, f->room * sizeof *f->path);
        must(f->path != NULL);
    }
    f->path[f->n++] = *p;
}

static void print_done(const char *why)
{
    printf("# %s: %s:\n", the_case->name, why);
    print_program(stdout, done, ndone);
    fflush(stdout);
}

static void panicked(int number)
{
    (void)number;
    print_done("a panic");
    _Exit(1);
}

static unsigned long sequences, merges;

/* What comes of a path: the state, and the result and the bytes that its last operation gave. */
typedef struct Outcome {
    Key key;
    int64_t result;
    uint64_t digest;
} Outcome;

static Outcome follow(World *w, const Path *path)
{
    begin(w);
    bool good = true;
    for (unsigned i = 0; i < path->n && good; i++)
        good = take(w, path->step[i]);
    sequences++;
    good = good && world_check(w);
    Outcome o = {.result = done[ndone - 1].result, .digest = done[ndone - 1].digest};
    if (good)
        o.key = fingerprint(w);
    if (!good || !end(w)) {
        print_done(w->why);
        fail_msg("%s", w->why);
    }
    return o;
}

static Path longer(const Path *path, Step s)
{
    Path more = *path;
    more.step[more.n++] = s;
    return more;
}

/* ---- is it right to go on with only one of two sequences that lead to the same state? ---- */

enum { SAMPLE = 100, WALKS = 6, WALK = 4 }; /* one merge in SAMPLE; random steps on from both */

/* The same step in both; false: they do not come to the same. */
static bool agree(World *w, Path *a, Path *b, Step s, bool turned)
{
    Step t = {s.action, s.action < ANYBODY ? s.proc ^ turned : s.proc};
    if (s.action >= ANYBODY && !possible(b, t))
        t.proc = !t.proc; /* whoever is there */
    must(possible(b, t));
    *a = longer(a, s);
    *b = longer(b, t);
    Outcome x = follow(w, a), y = follow(w, b);
    return same_key(&x.key, &y.key) && x.result == y.result && x.digest == y.digest;
}

static void merge_fails(const Path *a, const Path *b, const char *how)
{
    printf("# %s: two sequences lead to the same state, but go on differently (%s):\n", the_case->name, how);
    for (unsigned i = 0; i < (a->n > b->n ? a->n : b->n); i++)
        printf("#   %2d by p%d    %2d by p%d\n", i < a->n ? a->step[i].action : -1, i < a->n ? a->step[i].proc : -1,
               i < b->n ? b->step[i].action : -1, i < b->n ? b->step[i].proc : -1);
    fail_msg("the key of a state leaves out something that matters");
}

static bool random_step(const Path *path, Step *s)
{
    unsigned tries = 0;
    do
        *s = (Step){(uint8_t)below(ACTIONS), (uint8_t)below(2)};
    while (!possible(path, *s) && ++tries < 200);
    return tries < 200;
}

/* Every single step, and some random walks. */
static void check_merge(World *w, const State *first, const Path *path, bool turned)
{
    Step s;
    turned ^= first->key.turned;
    for (s.action = 0; s.action < ACTIONS; s.action++)
        for (s.proc = 0; s.proc < 2; s.proc++) {
            Path a = first->path, b = *path;
            if (a.n < MOST && b.n < MOST && possible(&a, s) && !agree(w, &a, &b, s, turned))
                merge_fails(&a, &b, "a step");
        }
    for (unsigned i = 0; i < WALKS; i++) {
        Path a = first->path, b = *path;
        for (unsigned n = 0; n < WALK && a.n < MOST && b.n < MOST && random_step(&a, &s); n++)
            if (!agree(w, &a, &b, s, turned))
                merge_fails(&a, &b, "a walk");
    }
}

/* One more step on a path; goes on with it if it leads to a new state. */
static void go_on(World *w, const Path *path, Step s, Frontier *next)
{
    Path more = longer(path, s);
    Key key = follow(w, &more).key;
    const State *before = seen_add(&key, &more);
    if (before == NULL)
        push(next, &more);
    else if (++merges % SAMPLE == 0)
        check_merge(w, &(State){before->key, before->path}, &more, key.turned);
}

static void go_on_all(World *w, const Path *path, Frontier *next)
{
    for (uint8_t action = 0; action < ACTIONS; action++)
        for (uint8_t proc = 0; proc < 2; proc++)
            if (possible(path, (Step){action, proc}))
                go_on(w, path, (Step){action, proc}, next);
}

static void explore(const Case *c)
{
    const char *given = getenv("TARRY_DEPTH");
    unsigned depth = given != NULL ? (unsigned)atoi(given) : c->depth;
    Frontier now = {.n = 0};
    World w;
    the_case = c;
    world_begin(&w, c->policy, BLOCKS, 0, 0);
    lending = c->lends;
    sequences = merges = 0;
    seen_clear();
    push(&now, &(Path){.n = 0});
    for (unsigned d = 1; d <= depth && d <= MOST && now.n > 0; d++) {
        Frontier next = {.n = 0};
        for (unsigned long i = 0; i < now.n; i++)
            go_on_all(&w, &now.path[i], &next);
        free(now.path);
        now = next;
        printf("# %s: depth %u: %lu sequences, %lu states\n", c->name, d, sequences, (unsigned long)seen.n);
        fflush(stdout);
    }
    free(now.path);
    printf("# %s: of %lu merged sequences one in %u was gone on with beside the one it is taken for\n", c->name, merges, SAMPLE);
    world_end(&w);
}

static void private_segment(void **state)
{
    (void)state;
    explore(&(Case){"private", REGION_A, EV_io_policy_deferred, 5, false});
}

static void shared_segment(void **state)
{
    (void)state;
    explore(&(Case){"shared", REGION_B, EV_io_policy_deferred, 4, false});
}

static void lent_frames(void **state)
{
    (void)state;
    explore(&(Case){"lent frames", REGION_A, EV_io_policy_deferred, 4, true});
}

static void fragments_eager(void **state)
{
    (void)state;
    explore(&(Case){"fragments-eager", REGION_A, EV_io_policy_fragments_eager, 4, false});
}

static void cached(void **state)
{
    (void)state;
    explore(&(Case){"cached", REGION_A, EV_io_policy_cached, 4, false});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(private_segment),
        cmocka_unit_test(shared_segment),
        cmocka_unit_test(lent_frames),
        cmocka_unit_test(fragments_eager),
        cmocka_unit_test(cached),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    signal(SIGABRT, panicked);
    events_keep(false);
    seed_random();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
