/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Random operations against a plain model in memory: contents of files and of every
 * live snapshot, identity of blocks (W1), counts of free blocks. On a roomy disk and on one that is
 * always nearly full. With remounts, and with crashes: then the state of the last commit is there, and nothing else.
 */
#include "fs_device.h"

#define NFILES 10
#define MAX_BLOCKS 90u
#define MAX_BYTES (MAX_BLOCKS * TFS_BLOCK)
#define NSNAPS 12

struct model_file {
    int exists; /* under its name */
    int dir;    /* which of the two directories */
    struct tfs_file *f; /* open, also after a removal */
    uint64_t length, version;
    uint8_t *bytes;
    uint64_t id[MAX_BLOCKS]; /* a new number with every change of the block; 0: a hole */
};

struct model_snap {
    struct tfs_snap *s;
    int refs;
    struct model_file *of;
    uint64_t ino, length;
    uint8_t *bytes;
    uint64_t id[MAX_BLOCKS];
    uint64_t first, end; /* blocks it was asked for */
};

/* What a crash leaves of a file: how it was at the last commit. */
struct model_saved {
    int exists, dir;
    uint64_t length, version;
    uint8_t *bytes;
    uint64_t id[MAX_BLOCKS];
};

struct world {
    struct device *d;
    struct model_saved saved[NFILES];
    int saved_known; /* no: the last commit came in the midst of an operation, when space was short */
    uint64_t crashes;

    enum tfs_scope scope;
    struct tfs *fs;
    struct tfs_file *dirs[2];
    struct model_file file[NFILES];
    struct model_snap snap[NSNAPS];
    uint64_t rng, last_id;
    uint64_t nospace;
    uint8_t *scratch;
    uint64_t preserved; /* events since the last look */
};

static void on_event(const struct tfs_event *e, void *arg)
{
    struct world *w = arg;

    if (e->kind == TFS_EV_PRESERVE)
        w->preserved++;
    if (e->kind == TFS_EV_COMMIT_BEGIN)
        w->saved_known = 0;
}

static void name_of(int i, char *name)
{
    sprintf(name, "file-%d%s", i, i == 3 ? "-with-a-much-longer-name-than-the-others-have" : "");
}

/* ---- comparing ---- */

static void verify_file(struct world *w, struct model_file *m)
{
    struct tfs_stat st;

    assert_int_equal(tfs_stat(m->f, &st), 0);
    assert_int_equal(st.length, m->length);
    assert_int_equal(st.nlink, m->exists);
    assert_int_equal(tfs_read(m->f, 0, w->scratch, MAX_BYTES + 1), m->length);
    assert_memory_equal(w->scratch, m->bytes, m->length);
    uint64_t mapped = 0;
    for (unsigned b = 0; b < MAX_BLOCKS; b++)
        mapped += m->id[b] != 0;
    assert_int_equal(st.blocks, mapped);
}

static void verify_snap(struct world *w, struct model_snap *s)
{
    assert_int_equal(tfs_snap_length(s->s), s->length);
    assert_int_equal(tfs_snap_ino(s->s), s->ino);
    uint64_t from = s->first * TFS_BLOCK, end = s->end * TFS_BLOCK < s->length ? s->end * TFS_BLOCK : s->length;
    if (from >= end)
        return;
    assert_int_equal(tfs_snap_read(s->s, from, w->scratch, end - from), end - from);
    assert_memory_equal(w->scratch, s->bytes + from, end - from);
}

/* W1: the answer for a random range is what the model's identities say. */
static void verify_compare(struct world *w, struct model_snap *s)
{
    struct model_file *m = s->of;
    uint64_t at = below(&w->rng, MAX_BLOCKS), max = 1 + below(&w->rng, MAX_BLOCKS - at);
    int same;

    if (m->f == NULL || m->version == 0 || s->ino == 0)
        return;
    struct tfs_stat st;
    tfs_stat(m->f, &st);
    int64_t n = tfs_snap_compare(s->s, m->f, at, max, &same);
    assert_true(n >= 1 && n <= (int64_t)max);
    if (st.ino != s->ino) {
        assert_int_equal(same, 0);
        return;
    }
    for (int64_t i = 0; i < n; i++)
        assert_int_equal(same, s->id[at + (uint64_t)i] == m->id[at + (uint64_t)i]);
    if ((uint64_t)n < max)
        assert_int_not_equal(same, s->id[at + (uint64_t)n] == m->id[at + (uint64_t)n]);
}

static void verify_all(struct world *w)
{
    for (int i = 0; i < NFILES; i++)
        if (w->file[i].f != NULL)
            verify_file(w, &w->file[i]);
    for (int i = 0; i < NSNAPS; i++)
        if (w->snap[i].s != NULL)
            verify_snap(w, &w->snap[i]);
    assert_int_equal(w->d->complaints, 0);
    assert_int_equal(w->d->pins, 0);
}

/* ---- operations ---- */

static void op_open(struct world *w, int i)
{
    struct model_file *m = &w->file[i];
    char name[80];

    if (m->f != NULL)
        return;
    name_of(i, name);
    if (m->exists) {
        assert_int_equal(tfs_walk(w->dirs[m->dir], name, &m->f), 0);
        verify_file(w, m);
        return;
    }
    m->dir = (int)below(&w->rng, 2);
    assert_int_equal(tfs_walk(w->dirs[m->dir], name, &m->f), -TFS_ENOENT);
    int r = tfs_create(w->dirs[m->dir], name, 0644, &m->f);
    if (r == -TFS_ENOSPC) {
        w->nospace++;
        m->f = NULL;
        return;
    }
    assert_int_equal(r, 0);
    struct tfs_file *again;
    assert_int_equal(tfs_create(w->dirs[m->dir], name, 0644, &again), -TFS_EEXIST);
    m->exists = 1;
    m->length = 0;
    m->version = 1;
    memset(m->bytes, 0, MAX_BYTES);
    memset(m->id, 0, sizeof m->id);
}

static void op_close(struct world *w, int i)
{
    (void)w;
    if (w->file[i].f != NULL)
        tfs_unref(w->file[i].f);
    w->file[i].f = NULL;
}

/* After a failed write every block is as it was or wholly written. */
static void resync(struct world *w, struct model_file *m, uint64_t off, uint64_t n, const uint8_t *src)
{
    struct tfs_stat st;

    tfs_stat(m->f, &st);
    memset(w->scratch, 0, MAX_BYTES);
    assert_int_equal(tfs_read(m->f, 0, w->scratch, MAX_BYTES), st.length);
    for (uint64_t b = off / TFS_BLOCK; b * TFS_BLOCK < off + n; b++) {
        uint64_t from = b * TFS_BLOCK > off ? b * TFS_BLOCK : off;
        uint64_t to = (b + 1) * TFS_BLOCK < off + n ? (b + 1) * TFS_BLOCK : off + n;
        if (memcmp(w->scratch + from, src + (from - off), to - from) != 0)
            break;
        memcpy(m->bytes + from, src + (from - off), to - from);
        struct tfs_extent e;
        assert_int_equal(tfs_map(m->f, b, &e), 0);
        m->id[b] = e.blk != 0 ? ++w->last_id : 0;
        if (to > m->length && st.length >= to)
            m->length = to;
    }
    verify_file(w, m);
}

static void op_write(struct world *w, int i)
{
    static uint8_t src[MAX_BYTES];
    struct model_file *m = &w->file[i];
    uint64_t off = below(&w->rng, 3) ? below(&w->rng, MAX_BYTES) : below(&w->rng, MAX_BLOCKS) * TFS_BLOCK;
    uint64_t n = below(&w->rng, 4) ? below(&w->rng, 3 * TFS_BLOCK) : below(&w->rng, 40 * TFS_BLOCK);
    struct tfs_stat before, after;

    if (m->f == NULL)
        return;
    if (n > MAX_BYTES - off)
        n = MAX_BYTES - off;
    for (uint64_t k = 0; k < n; k++)
        src[k] = (uint8_t)(rnd(&w->rng) >> 32);
    tfs_stat(m->f, &before);
    int64_t r = tfs_write(m->f, off, src, n);
    if (r == -TFS_ENOSPC) {
        w->nospace++;
        resync(w, m, off, n, src);
        return;
    }
    assert_int_equal(r, n);
    tfs_stat(m->f, &after);
    assert_int_equal(after.version, before.version + (n > 0)); /* once per call */
    if (n == 0)
        return;
    memcpy(m->bytes + off, src, n);
    for (uint64_t b = off / TFS_BLOCK; b * TFS_BLOCK < off + n; b++)
        m->id[b] = ++w->last_id;
    if (off + n > m->length)
        m->length = off + n;
}

static void op_truncate(struct world *w, int i)
{
    struct model_file *m = &w->file[i];
    uint64_t length = below(&w->rng, 2) ? below(&w->rng, MAX_BYTES) : below(&w->rng, MAX_BLOCKS) * TFS_BLOCK;

    if (m->f == NULL)
        return;
    int r = tfs_truncate(m->f, length);
    if (r == -TFS_ENOSPC) {
        w->nospace++;
        assert_true(length < m->length);
        verify_file(w, m);
        return;
    }
    assert_int_equal(r, 0);
    if (length < m->length) {
        memset(m->bytes + length, 0, MAX_BYTES - length);
        for (uint64_t b = (length + TFS_BLOCK - 1) / TFS_BLOCK; b < MAX_BLOCKS; b++)
            m->id[b] = 0;
        if (length % TFS_BLOCK != 0 && m->id[length / TFS_BLOCK] != 0)
            m->id[length / TFS_BLOCK] = ++w->last_id;
    }
    m->length = length;
}

static void op_remove(struct world *w, int i)
{
    struct model_file *m = &w->file[i];
    char name[80];

    if (!m->exists)
        return;
    name_of(i, name);
    assert_int_equal(tfs_remove(w->dirs[m->dir], name), 0);
    m->exists = 0;
    struct tfs_file *f;
    assert_int_equal(tfs_walk(w->dirs[m->dir], name, &f), -TFS_ENOENT);
    if (m->f != NULL)
        verify_file(w, m); /* removed while open: it lives on */
}

/* To the other directory, under the same name. */
static void op_rename(struct world *w, int i)
{
    struct model_file *m = &w->file[i];
    char name[80];

    if (!m->exists)
        return;
    name_of(i, name);
    int r = tfs_rename(w->dirs[m->dir], name, w->dirs[!m->dir], name);
    if (r == -TFS_ENOSPC) {
        w->nospace++;
        return;
    }
    assert_int_equal(r, 0);
    m->dir = !m->dir;
}

static void op_snap(struct world *w, int i)
{
    struct model_file *m = &w->file[i];
    struct model_snap *s = &w->snap[below(&w->rng, NSNAPS)];
    struct tfs_snap *taken;
    struct tfs_stat st;
    uint64_t first = 0, end = MAX_BLOCKS;

    if (m->f == NULL)
        return;
    if (w->scope == TFS_SCOPE_RANGE) {
        first = below(&w->rng, MAX_BLOCKS);
        end = first + 1 + below(&w->rng, MAX_BLOCKS - first);
    }
    assert_int_equal(tfs_snap_take_range(m->f, first, end - first, &taken), 0);
    for (int k = 0; k < NSNAPS; k++)
        if (w->snap[k].s == taken) { /* shared: it must equal the file */
            w->snap[k].refs++;
            w->snap[k].first = first < w->snap[k].first ? first : w->snap[k].first;
            w->snap[k].end = end > w->snap[k].end ? end : w->snap[k].end;
            assert_int_equal(w->snap[k].length, m->length);
            assert_memory_equal(w->snap[k].id, m->id, sizeof m->id);
            return;
        }
    if (s->s != NULL) {
        assert_int_equal(tfs_snap_unref(taken), 1);
        return;
    }
    tfs_stat(m->f, &st);
    s->s = taken;
    s->refs = 1;
    s->of = m;
    s->ino = st.ino;
    s->length = m->length;
    s->first = first;
    s->end = end;
    memcpy(s->bytes, m->bytes, MAX_BYTES);
    memcpy(s->id, m->id, sizeof s->id);
}

static void op_unsnap(struct world *w)
{
    struct model_snap *s = &w->snap[below(&w->rng, NSNAPS)];

    if (s->s == NULL)
        return;
    verify_snap(w, s);
    s->refs--;
    assert_int_equal(tfs_snap_unref(s->s), s->refs == 0);
    if (s->refs == 0)
        s->s = NULL;
}

static void op_verify(struct world *w)
{
    for (int i = 0; i < NSNAPS; i++)
        if (w->snap[i].s != NULL)
            verify_compare(w, &w->snap[i]);
    verify_all(w);
}

static void op_check(struct world *w)
{
    assert_int_equal(tfs_check(w->fs, print_finding, NULL), 0);
}

/* ---- commits and crashes ---- */

static void op_commit(struct world *w)
{
    assert_int_equal(tfs_commit(w->fs), 0);
    for (int i = 0; i < NFILES; i++) {
        const struct model_file *m = &w->file[i];
        struct model_saved *s = &w->saved[i];
        s->exists = m->exists;
        s->dir = m->dir;
        s->length = m->length;
        s->version = m->version;
        memcpy(s->bytes, m->bytes, MAX_BYTES);
        memcpy(s->id, m->id, sizeof s->id);
    }
    w->saved_known = 1;
}

static void back_to_commit(struct world *w)
{
    for (int i = 0; i < NFILES; i++) {
        struct model_file *m = &w->file[i];
        const struct model_saved *s = &w->saved[i];
        m->exists = s->exists;
        m->dir = s->dir;
        m->length = s->length;
        m->version = s->version;
        memcpy(m->bytes, s->bytes, MAX_BYTES);
        memcpy(m->id, s->id, sizeof m->id);
    }
}

/* ---- the world ---- */

static void attach(struct world *w)
{
    struct tfs_file *root;

    w->fs = mount_or_die(w->d);
    tfs_set_scope(w->fs, w->scope);
    root = tfs_root(w->fs);
    assert_int_equal(tfs_walk(root, "a", &w->dirs[0]), 0);
    assert_int_equal(tfs_walk(root, "b", &w->dirs[1]), 0);
    tfs_unref(root);
}

static void release_all(struct world *w)
{
    for (int i = 0; i < NSNAPS; i++)
        for (; w->snap[i].s != NULL && w->snap[i].refs > 0; w->snap[i].refs--)
            if (tfs_snap_unref(w->snap[i].s)) {
                w->snap[i].s = NULL;
                break;
            }
    for (int i = 0; i < NFILES; i++)
        op_close(w, i);
}

static void detach(struct world *w)
{
    release_all(w);
    tfs_unref(w->dirs[0]);
    tfs_unref(w->dirs[1]);
    assert_int_equal(tfs_unmount(w->fs), 0);
    assert_int_equal(w->d->pins, 0);
    assert_int_equal(w->d->allocations, 0);
    device_forget(w->d);
}

static void op_remount(struct world *w)
{
    op_commit(w);
    detach(w);
    attach(w);
    w->saved_known = 1; /* unmounting committed what has been committed */
}

/* The power goes. Some of what is dirty has reached the medium, some has not. */
static void op_crash(struct world *w)
{
    size_t bytes = (size_t)w->d->nblocks * TFS_BLOCK;

    if (!w->saved_known)
        return;
    for (uint64_t n = below(&w->rng, 20); n > 0 && w->d->ncached > 0; n--)
        device_churn(w->d);
    uint8_t *medium = malloc(bytes);
    memcpy(medium, w->d->medium, bytes);
    detach(w); /* to give its memory back; what it writes does not count */
    memcpy(w->d->medium, medium, bytes);
    free(medium);
    attach(w);
    back_to_commit(w);
    w->saved_known = 1;
    w->crashes++;
    for (int i = 0; i < NFILES; i++)
        if (w->file[i].exists)
            op_open(w, i); /* and compares */
    op_check(w);
    struct tfs_space sp;
    tfs_space(w->fs, &sp);
    assert_int_equal(sp.held_blocks, 0); /* E5 */
}

static void world_begin(struct world *w, uint64_t nblocks, uint64_t seed, enum tfs_scope scope)
{
    struct tfs_file *root;

    *w = (struct world){.d = device_new(nblocks, seed), .rng = seed, .scratch = malloc(MAX_BYTES + 1), .scope = scope};
    w->d->churn = 8;
    w->d->on_event = on_event;
    w->d->on_event_arg = w;
    assert_int_equal(tfs_format(&w->d->env, nblocks), 0);
    w->fs = mount_or_die(w->d);
    tfs_set_scope(w->fs, scope);
    root = tfs_root(w->fs);
    assert_int_equal(tfs_create(root, "a", DMDIR_BIT | 0755, &w->dirs[0]), 0);
    assert_int_equal(tfs_create(root, "b", DMDIR_BIT | 0755, &w->dirs[1]), 0);
    tfs_unref(root);
    for (int i = 0; i < NFILES; i++) {
        w->file[i].bytes = calloc(1, MAX_BYTES);
        w->saved[i].bytes = calloc(1, MAX_BYTES);
    }
    op_commit(w);
    for (int i = 0; i < NSNAPS; i++)
        w->snap[i].bytes = calloc(1, MAX_BYTES);
}

static void world_end(struct world *w)
{
    for (int i = 0; i < NFILES; i++) {
        free(w->file[i].bytes);
        free(w->saved[i].bytes);
    }
    for (int i = 0; i < NSNAPS; i++)
        free(w->snap[i].bytes);
    free(w->scratch);
    device_delete(w->d);
}

static void step(struct world *w)
{
    int i = (int)below(&w->rng, NFILES);

    switch (below(&w->rng, 100)) {
    case 0 ... 13: op_open(w, i); break;
    case 14 ... 19: op_close(w, i); break;
    case 20 ... 52: op_write(w, i); break;
    case 53 ... 60: op_truncate(w, i); break;
    case 61 ... 64: op_remove(w, i); break;
    case 65 ... 67: op_rename(w, i); break;
    case 68 ... 79: op_snap(w, i); break;
    case 80 ... 89: op_unsnap(w); break;
    case 90 ... 94: op_verify(w); break;
    case 95 ... 97: op_commit(w); break;
    case 98: op_check(w); break;
    case 99:
        if (below(&w->rng, 6) == 0)
            op_remount(w);
        else if (below(&w->rng, 4) == 0)
            op_crash(w);
        break;
    }
}

/* All snapshots released and all files removed: the blocks are back (S4). */
static void run(uint64_t nblocks, uint64_t seed, int steps, int want_nospace, enum tfs_scope scope)
{
    struct world w;
    struct tfs_space sp;

    world_begin(&w, nblocks, seed, scope);
    op_open(&w, 0); /* so that the directory blocks exist */
    op_remove(&w, 0);
    op_close(&w, 0);
    op_rename(&w, 0);
    for (int i = 0; i < 2; i++) {
        struct tfs_file *f;
        assert_int_equal(tfs_create(w.dirs[i], "first", 0644, &f), 0);
        tfs_unref(f);
        assert_int_equal(tfs_remove(w.dirs[i], "first"), 0);
    }
    assert_int_equal(tfs_commit(w.fs), 0);
    uint64_t free_before = free_blocks(w.fs);
    for (int i = 0; i < steps; i++)
        step(&w);
    op_verify(&w);
    op_check(&w);
    release_all(&w);
    for (int i = 0; i < NFILES; i++)
        op_remove(&w, i);
    assert_int_equal(tfs_commit(w.fs), 0);
    tfs_space(w.fs, &sp);
    assert_int_equal(sp.snapshots, 0);
    assert_int_equal(sp.held_blocks, 0);
    assert_int_equal(sp.free_blocks, free_before);
    op_check(&w);
    op_remount(&w);
    assert_int_equal(free_blocks(w.fs), free_before);
    op_check(&w);
    printf("# %d steps, %llu crashes, %llu times full, %llu blocks preserved\n", steps, (unsigned long long)w.crashes,
           (unsigned long long)w.nospace, (unsigned long long)w.preserved);
    assert_true(w.crashes > 0);
    assert_true(w.preserved > 0);
    assert_true(!want_nospace || w.nospace > 0);
    release_all(&w);
    tfs_unref(w.dirs[0]);
    tfs_unref(w.dirs[1]);
    assert_int_equal(tfs_unmount(w.fs), 0);
    world_end(&w);
}

static void test_roomy(void **state)
{
    (void)state;
    run(20000, test_seed("roomy", 11), 12000, 0, TFS_SCOPE_FILE);
}

static void test_tight(void **state)
{
    (void)state;
    run(330, test_seed("tight", 12), 12000, 1, TFS_SCOPE_FILE);
}

static void test_range(void **state)
{
    (void)state;
    run(20000, test_seed("range", 13), 8000, 0, TFS_SCOPE_RANGE);
    run(330, test_seed("range, tight", 14), 4000, 1, TFS_SCOPE_RANGE);
}

static void test_mount(void **state)
{
    (void)state;
    run(20000, test_seed("mount", 15), 8000, 0, TFS_SCOPE_MOUNT);
    run(330, test_seed("mount, tight", 16), 4000, 1, TFS_SCOPE_MOUNT);
}

static uint64_t held_blocks(struct tfs *fs)
{
    struct tfs_space sp;
    tfs_space(fs, &sp);
    return sp.held_blocks;
}

/* What a write to another file, and to another part of the same file, preserves. */
static void test_scopes(void **state)
{
    static const struct {
        enum tfs_scope scope;
        uint64_t inside, beside, elsewhere; /* blocks preserved so far */
    } cases[] = {{TFS_SCOPE_RANGE, 1, 1, 1}, {TFS_SCOPE_FILE, 1, 2, 2}, {TFS_SCOPE_MOUNT, 1, 2, 3}};
    static uint8_t block[TFS_BLOCK];

    (void)state;
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct world w;
        struct tfs_snap *s;
        world_begin(&w, 2000, 1, cases[i].scope);
        for (int k = 0; k < 2; k++) {
            op_open(&w, k);
            for (unsigned b = 0; b < 20; b++)
                assert_int_equal(tfs_write(w.file[k].f, b * TFS_BLOCK, block, TFS_BLOCK), TFS_BLOCK);
        }
        assert_int_equal(tfs_commit(w.fs), 0);
        uint64_t held = held_blocks(w.fs);
        assert_int_equal(tfs_snap_take_range(w.file[0].f, 5, 3, &s), 0);
        for (int twice = 0; twice < 2; twice++) { /* W6: once per block */
            assert_int_equal(tfs_write(w.file[0].f, 7 * TFS_BLOCK, block, TFS_BLOCK), TFS_BLOCK);
            assert_int_equal(tfs_snap_preserved(s), cases[i].inside);
        }
        assert_int_equal(tfs_write(w.file[0].f, 8 * TFS_BLOCK, block, 100), 100);
        assert_int_equal(tfs_snap_preserved(s), cases[i].beside);
        assert_int_equal(tfs_write(w.file[1].f, 7 * TFS_BLOCK, block, TFS_BLOCK), TFS_BLOCK);
        assert_int_equal(tfs_snap_preserved(s), cases[i].elsewhere);
        assert_int_equal(tfs_snap_unref(s), 1);
        assert_int_equal(held_blocks(w.fs), held);
        release_all(&w);
        tfs_unref(w.dirs[0]);
        tfs_unref(w.dirs[1]);
        assert_int_equal(tfs_unmount(w.fs), 0);
        world_end(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_roomy), cmocka_unit_test(test_tight),  cmocka_unit_test(test_range),
        cmocka_unit_test(test_mount), cmocka_unit_test(test_scopes),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("fs_model", tests, NULL, NULL);
}
