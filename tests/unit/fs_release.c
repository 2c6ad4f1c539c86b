/* SPDX-License-Identifier: GPL-2.0-only */
/* S2: preserved blocks of a snapshot are free, block by block, when nobody wants them any more. */
#include <time.h>
#include <unistd.h>
#include "fs_device.h"

enum { BLOCKS = 60, SNAPS = 4, WANTS = 6, STEPS = 20000, NODES = 3 };

static uint64_t rng; /* of below */

static struct tfs *mounted(struct device *d, uint64_t nblocks, enum tfs_scope scope)
{
    struct tfs *fs;
    assert_int_equal(tfs_format(&d->env, nblocks), 0);
    assert_int_equal(tfs_mount(&d->env, nblocks, &fs), 0);
    tfs_set_scope(fs, scope);
    return fs;
}

static struct tfs_file *file_of(struct tfs *fs, const char *name)
{
    struct tfs_file *root = tfs_root(fs), *f;
    assert_int_equal(tfs_create(root, name, 0644, &f), 0);
    tfs_unref(root);
    return f;
}

/* Block fblk of the file becomes the number id, again and again. */
static int write_id(struct tfs_file *f, uint64_t fblk, uint64_t id)
{
    uint64_t words[TFS_BLOCK / 8];
    for (unsigned i = 0; i < TFS_BLOCK / 8; i++)
        words[i] = id;
    return (int)tfs_write(f, fblk * TFS_BLOCK, words, sizeof words);
}

static uint64_t held(struct tfs *fs)
{
    struct tfs_space s;
    tfs_space(fs, &s);
    return s.held_blocks;
}

static void finish(struct device *d, struct tfs *fs, struct tfs_file *f)
{
    struct tfs_space s;
    tfs_unref(f);
    tfs_space(fs, &s);
    assert_int_equal(s.snapshots, 0);
    assert_int_equal(s.held_blocks, 0);
    assert_int_equal(tfs_unmount(fs), 0);
    assert_int_equal(d->allocations, 0);
    device_delete(d);
}

/* ---- one after the other ---- */

static void a_contiguous_file_piece_by_piece(void **state)
{
    enum { N = 1000, PIECE = 10 };
    static struct tfs_want wants[N / PIECE];
    struct device *d = device_new(8192, 1);
    struct tfs *fs = mounted(d, 8192, TFS_SCOPE_RANGE);
    struct tfs_file *f = file_of(fs, "f");
    struct tfs_snap *s;
    (void)state;
    for (uint64_t i = 0; i < N; i++)
        write_id(f, i, i + 1);
    assert_int_equal(tfs_commit(fs), 0);
    assert_int_equal(tfs_snap_take_range(f, 0, N, &s), 0);
    for (uint64_t i = 0; i < N / PIECE; i++)
        tfs_snap_want(s, &wants[i], i * PIECE, PIECE);
    assert_int_equal(tfs_snap_unref(s), 0);
    for (uint64_t i = 0; i < N; i++)
        write_id(f, i, N + i);
    uint64_t before = held(fs), expected = before;
    assert_true(before >= N && before <= N + NODES);
    for (uint64_t n = 0, i = 0; n < N / PIECE - 1; n++, i = (i + 37) % (N / PIECE)) {
        assert_int_equal(tfs_snap_unwant(s, &wants[i]), 0);
        assert_int_equal(held(fs), expected -= PIECE);
    }
    uint64_t last = (N / PIECE - 1) * 37 % (N / PIECE);
    for (uint64_t k = 0; k < PIECE; k++) { /* what is wanted is there still */
        uint64_t word;
        assert_int_equal(tfs_snap_read(s, (last * PIECE + k) * TFS_BLOCK, &word, 8), 8);
        assert_int_equal(word, last * PIECE + k + 1);
    }
    assert_int_equal(tfs_snap_unwant(s, &wants[last]), 1);
    finish(d, fs, f);
}

static void what_nobody_wants_is_not_preserved(void **state)
{
    struct tfs_want want;
    struct device *d = device_new(8192, 2);
    struct tfs *fs = mounted(d, 8192, TFS_SCOPE_RANGE);
    struct tfs_file *f = file_of(fs, "f");
    struct tfs_snap *s;
    (void)state;
    for (uint64_t i = 0; i < 500; i++)
        write_id(f, i, i);
    tfs_commit(fs);
    assert_int_equal(tfs_snap_take_range(f, 0, 500, &s), 0);
    tfs_snap_want(s, &want, 0, 500);
    tfs_snap_unref(s);
    tfs_snap_rewant(s, &want, 0, 20); /* as if the rest had been stored into */
    for (uint64_t i = 0; i < 500; i++)
        write_id(f, i, 1000 + i);
    assert_int_equal(tfs_snap_preserved(s), 20);
    assert_true(held(fs) >= 20 && held(fs) <= 20 + NODES);
    assert_int_equal(tfs_snap_unwant(s, &want), 1);
    finish(d, fs, f);
}

/* Very many runs: they are looked through in batches, and when space is short. */
static void many_runs(void **state)
{
    enum { N = 8000, DISK = 18000 };
    static struct tfs_want wants[N];
    struct device *d = device_new(DISK, 3);
    struct tfs *fs = mounted(d, DISK, TFS_SCOPE_RANGE);
    struct tfs_file *f = file_of(fs, "f"), *other = file_of(fs, "other");
    struct tfs_snap *s;
    struct tfs_space space;
    (void)state;
    for (uint64_t i = 0; i < N; i++)
        write_id(f, i, i);
    tfs_commit(fs);
    assert_int_equal(tfs_snap_take_range(f, 0, N, &s), 0);
    for (uint64_t i = 0; i < N; i++)
        tfs_snap_want(s, &wants[i], i, 1);
    tfs_snap_unref(s);
    for (uint64_t i = 0; i < N; i++)
        write_id(f, (i * 4787) % N, N + i); /* in no order */
    tfs_commit(fs);
    uint64_t nodes = held(fs) - N;
    for (uint64_t i = 1; i < N; i++) {
        assert_int_equal(tfs_snap_unwant(s, &wants[i]), 0);
        assert_true(held(fs) <= (N - i) + nodes + N / 8 + 64);
    }
    tfs_space(fs, &space);
    uint64_t n = 0;
    while (write_id(other, n, n) == TFS_BLOCK)
        n++;
    assert_true(held(fs) <= 1 + nodes);
    assert_true(n > space.free_blocks - 100); /* but for metadata and what is kept back */
    tfs_unref(other);
    assert_int_equal(tfs_snap_unwant(s, &wants[0]), 1);
    finish(d, fs, f);
}

/* ---- random, beside a model ---- */

struct model_snap {
    struct tfs_snap *s;
    uint64_t id[BLOCKS];
    struct tfs_want want[WANTS];
    uint64_t first[WANTS], end[WANTS]; /* end 0: not in use */
};

static struct model_snap snaps[SNAPS];
static uint64_t current[BLOCKS]; /* ids; 0: a hole */

static unsigned live(const struct model_snap *m)
{
    unsigned n = 0;
    for (unsigned i = 0; i < WANTS; i++)
        n += m->end[i] != 0;
    return n;
}

static int wants_block(const struct model_snap *m, uint64_t fblk)
{
    for (unsigned i = 0; i < WANTS; i++)
        if (m->end[i] != 0 && fblk >= m->first[i] && fblk < m->end[i])
            return 1;
    return 0;
}

static void take(struct tfs_file *f, struct model_snap *m)
{
    assert_int_equal(tfs_snap_take_range(f, 0, BLOCKS, &m->s), 0);
    memcpy(m->id, current, sizeof current);
    for (unsigned i = 0; i < WANTS; i++) {
        m->first[i] = below(&rng, BLOCKS);
        m->end[i] = m->first[i] + 1 + below(&rng, BLOCKS - m->first[i]);
        tfs_snap_want(m->s, &m->want[i], m->first[i], m->end[i] - m->first[i]);
    }
    tfs_snap_unref(m->s);
}

static void shrink_or_release(struct model_snap *m)
{
    unsigned i = (unsigned)below(&rng, WANTS);
    if (m->end[i] == 0)
        return;
    if (below(&rng, 2) == 0 && m->end[i] - m->first[i] > 1) {
        uint64_t n = m->end[i] - m->first[i] - 1;
        if (below(&rng, 2) == 0)
            m->first[i]++;
        else
            m->end[i]--;
        tfs_snap_rewant(m->s, &m->want[i], m->first[i], n);
        struct tfs_want none; /* what a change of wants leaves is let go with the next reference */
        tfs_snap_want(m->s, &none, m->first[i], 1);
        assert_int_equal(tfs_snap_unwant(m->s, &none), 0);
        return;
    }
    m->end[i] = 0;
    assert_int_equal(tfs_snap_unwant(m->s, &m->want[i]), live(m) == 0);
}

/* Blocks that are no longer the file's, but wanted of some snapshot. */
static uint64_t expected_held(void)
{
    uint64_t n = 0;
    for (uint64_t b = 0; b < BLOCKS; b++)
        for (unsigned i = 0; i < SNAPS; i++) {
            if (live(&snaps[i]) == 0 || !wants_block(&snaps[i], b) || snaps[i].id[b] == 0 || snaps[i].id[b] == current[b])
                continue;
            int counted = 0;
            for (unsigned k = 0; k < i; k++)
                counted |= live(&snaps[k]) > 0 && wants_block(&snaps[k], b) && snaps[k].id[b] == snaps[i].id[b];
            n += !counted;
        }
    return n;
}

static void verify(struct tfs *fs)
{
    uint64_t data = expected_held(), alive = 0;
    for (unsigned i = 0; i < SNAPS; i++) {
        alive += live(&snaps[i]) > 0;
        for (uint64_t b = 0; b < BLOCKS && live(&snaps[i]) > 0; b++) {
            uint64_t word = 0;
            if (!wants_block(&snaps[i], b) || b * TFS_BLOCK >= tfs_snap_length(snaps[i].s))
                continue;
            assert_int_equal(tfs_snap_read(snaps[i].s, b * TFS_BLOCK, &word, 8), 8);
            assert_int_equal(word, snaps[i].id[b]);
        }
    }
    assert_in_range(held(fs), data, data + NODES * alive);
}

static void random_wants(enum tfs_scope scope)
{
    struct device *d = device_new(8192, rng);
    struct tfs *fs = mounted(d, 8192, scope);
    struct tfs_file *f = file_of(fs, "f");
    uint64_t id = 0;
    memset(snaps, 0, sizeof snaps);
    memset(current, 0, sizeof current);
    for (unsigned step = 0; step < STEPS; step++) {
        struct model_snap *m = &snaps[below(&rng, SNAPS)];
        if (below(&rng, 3) == 0) {
            uint64_t first = below(&rng, BLOCKS), n = 1 + below(&rng, BLOCKS - first);
            for (uint64_t b = first; b < first + (below(&rng, 2) == 0 ? 1 : n); b++)
                assert_int_equal(write_id(f, b, current[b] = ++id), TFS_BLOCK);
        } else if (below(&rng, 60) == 0) {
            uint64_t length = below(&rng, BLOCKS);
            assert_int_equal(tfs_truncate(f, length * TFS_BLOCK), 0);
            for (uint64_t b = length; b < BLOCKS; b++)
                current[b] = 0;
        } else if (below(&rng, 20) == 0) {
            assert_int_equal(tfs_commit(fs), 0);
        } else if (live(m) > 0) {
            shrink_or_release(m);
        } else if (below(&rng, 4) == 0) {
            assert_int_equal(write_id(f, 0, current[0] = ++id), TFS_BLOCK); /* so that it is another one */
            take(f, m);
        }
        for (unsigned i = 0; i < SNAPS; i++) /* so that what was preserved at large is sorted out, too */
            if (scope == TFS_SCOPE_FILE && live(&snaps[i]) > 0) {
                struct tfs_want all;
                tfs_snap_want(snaps[i].s, &all, 0, BLOCKS);
                tfs_snap_unwant(snaps[i].s, &all);
            }
        verify(fs);
    }
    for (unsigned i = 0; i < SNAPS; i++)
        for (unsigned k = 0; k < WANTS; k++)
            if (snaps[i].end[k] != 0)
                tfs_snap_unwant(snaps[i].s, &snaps[i].want[k]);
    finish(d, fs, f);
}

static void random_wants_of_ranges(void **state)
{
    (void)state;
    random_wants(TFS_SCOPE_RANGE);
}

static void random_wants_of_files(void **state)
{
    (void)state;
    random_wants(TFS_SCOPE_FILE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_contiguous_file_piece_by_piece), cmocka_unit_test(what_nobody_wants_is_not_preserved),
        cmocka_unit_test(many_runs),                        cmocka_unit_test(random_wants_of_ranges),
        cmocka_unit_test(random_wants_of_files),
    };
    const char *seed = getenv("TARRY_SEED");
    rng = seed != NULL ? strtoull(seed, NULL, 0) : (uint64_t)time(NULL) * 1000003 + (uint64_t)getpid();
    printf("# TARRY_SEED=%llu\n", (unsigned long long)rng);
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
