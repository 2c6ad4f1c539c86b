/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What things cost: metadata read for sparse access, snapshots and comparisons whose cost does
 * not grow with the file (R6, W1), blocks on the disk, preserving once per generation (W6).
 */
#include "fs_device.h"

#define MIB (1ull << 20)
#define BIG_BYTES (512 * MIB)
#define NBLOCKS (1100 * MIB / TFS_BLOCK)

static void fill(struct tfs_file *f, uint64_t bytes)
{
    static uint8_t piece[MIB];

    for (size_t i = 0; i < sizeof piece; i++)
        piece[i] = (uint8_t)(i * 31 + i / 4096);
    for (uint64_t off = 0; off < bytes; off += MIB)
        assert_int_equal(tfs_write(f, off, piece, MIB), MIB);
}

static struct tfs_file *make_file(struct tfs *fs, const char *dirname, const char *name, uint64_t bytes)
{
    struct tfs_file *root = tfs_root(fs), *dir, *f;

    if (tfs_walk(root, dirname, &dir) < 0)
        assert_int_equal(tfs_create(root, dirname, DMDIR_BIT | 0755, &dir), 0);
    assert_int_equal(tfs_create(dir, name, 0644, &f), 0);
    fill(f, bytes);
    tfs_unref(dir);
    tfs_unref(root);
    return f;
}

static struct tfs_file *open_file(struct tfs *fs, const char *dirname, const char *name)
{
    struct tfs_file *root = tfs_root(fs), *dir, *f;

    assert_int_equal(tfs_walk(root, dirname, &dir), 0);
    assert_int_equal(tfs_walk(dir, name, &f), 0);
    tfs_unref(dir);
    tfs_unref(root);
    return f;
}

static struct tfs_extent map(struct tfs_file *f, uint64_t fblk)
{
    struct tfs_extent e;

    assert_int_equal(tfs_map(f, fblk, &e), 0);
    return e;
}

/*
 * The scenario of `sparse /in/big --touch 1000`: mount, load a program of 100 KiB, touch 1000 random
 * pages (995 distinct ones) of 512 MiB. That may cost 149 blocks of metadata; the aim is 145.
 */
static void test_metadata_budget(void **state)
{
    struct device *d = device_new(NBLOCKS, 41);
    uint64_t x = 88172645463325252, npages = BIG_BYTES / TFS_BLOCK;
    uint8_t byte;

    (void)state;
    assert_int_equal(tfs_format(&d->env, NBLOCKS), 0);
    struct tfs *fs = mount_or_die(d);
    for (int i = 0; i < 20; i++) {
        char name[20];
        sprintf(name, "program%d", i);
        struct tfs_file *root = tfs_root(fs), *f = make_file(fs, "bin", name, 0);
        static uint8_t text[100 * 1024];
        assert_int_equal(tfs_write(f, 0, text, sizeof text), sizeof text);
        tfs_unref(f);
        tfs_unref(root);
    }
    tfs_unref(make_file(fs, "in", "big", BIG_BYTES));
    assert_int_equal(tfs_unmount(fs), 0);
    device_forget(d);

    d->reads[0] = d->reads[1] = 0;
    uint64_t writes = d->writes;
    fs = mount_or_die(d);
    struct tfs_file *program = open_file(fs, "bin", "program7"), *f = open_file(fs, "in", "big");
    printf("# mount and names: %llu metadata blocks\n", (unsigned long long)d->reads[TFS_META]);
    for (uint64_t off = 0; off < 100 * 1024; off += TFS_BLOCK)
        assert_int_equal(tfs_read(program, off, &byte, 1), 1);
    uint64_t program_data = d->reads[TFS_DATA];
    assert_int_equal(program_data, 25);
    struct tfs_snap *s;
    assert_int_equal(tfs_snap_take(f, &s), 0);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(tfs_snap_read(s, rnd(&x) % npages * TFS_BLOCK, &byte, 1), 1);
    tfs_snap_unref(s);
    printf("# %d touches: %llu data blocks, %llu metadata blocks\n", 1000,
           (unsigned long long)(d->reads[TFS_DATA] - program_data), (unsigned long long)d->reads[TFS_META]);
    assert_int_equal(d->reads[TFS_DATA] - program_data, 995);
    assert_in_range(d->reads[TFS_META], 1, 145);
    tfs_unref(program);
    tfs_unref(f);
    assert_int_equal(tfs_unmount(fs), 0);
    assert_int_equal(d->writes, writes); /* nothing changed, nothing written */

    /* Metadata of a contiguous file is near 0.1 % of it. */
    fs = mount_or_die(d);
    f = open_file(fs, "in", "big");
    uint64_t before = free_blocks(fs);
    tfs_unref(f);
    struct tfs_file *root = tfs_root(fs), *in;
    assert_int_equal(tfs_walk(root, "in", &in), 0);
    assert_int_equal(tfs_remove(in, "big"), 0);
    tfs_unref(in);
    tfs_unref(root);
    assert_int_equal(tfs_commit(fs), 0);
    uint64_t overhead = free_blocks(fs) - before - npages;
    printf("# %llu metadata blocks for %llu of data\n", (unsigned long long)overhead, (unsigned long long)npages);
    assert_in_range(overhead, 1, npages / 900);
    assert_int_equal(tfs_unmount(fs), 0);
    device_delete(d);
}

/* A small file needs its data and no block of metadata of its own. */
static void test_small_file(void **state)
{
    struct device *d = device_new(2000, 42);
    uint8_t buf[40 * TFS_BLOCK];

    (void)state;
    memset(buf, 7, sizeof buf);
    assert_int_equal(tfs_format(&d->env, 2000), 0);
    struct tfs *fs = mount_or_die(d);
    tfs_unref(make_file(fs, "d", "first", 0));
    assert_int_equal(tfs_commit(fs), 0);
    uint64_t before = free_blocks(fs);
    struct tfs_file *f = make_file(fs, "d", "small", 0);
    assert_int_equal(tfs_write(f, 0, buf, sizeof buf), sizeof buf);
    assert_int_equal(map(f, 0).run, 40);
    tfs_unref(f);
    assert_int_equal(tfs_commit(fs), 0);
    assert_int_equal(before - free_blocks(fs), 40);
    assert_int_equal(tfs_unmount(fs), 0);
    device_delete(d);
}

/* Calls of get that a function makes. */
static uint64_t gets;
static int (*real_get)(void *, uint64_t, enum tfs_class, enum tfs_how, void **, int *);

static int counting_get(void *ctx, uint64_t blk, enum tfs_class class, enum tfs_how how, void **data, int *fresh)
{
    gets++;
    return real_get(ctx, blk, class, how, data, fresh);
}

/* Taking, sharing and releasing a snapshot, and comparing all of an unchanged file, touch no block at any size. */
static void test_flat(void **state)
{
    struct device *d = device_new(NBLOCKS, 43);
    int same;

    (void)state;
    assert_int_equal(tfs_format(&d->env, NBLOCKS), 0);
    real_get = d->env.get;
    d->env.get = counting_get;
    struct tfs *fs = mount_or_die(d);
    struct tfs_file *files[3] = {make_file(fs, "d", "small", MIB), make_file(fs, "d", "large", BIG_BYTES),
                                 make_file(fs, "d", "sparse", 0)};
    assert_int_equal(tfs_truncate(files[2], 64ull << 30), 0);
    assert_int_equal(tfs_write(files[2], 40ull << 30, "x", 1), 1);
    assert_int_equal(tfs_commit(fs), 0);
    for (int i = 0; i < 3; i++) {
        struct tfs_snap *s, *again;
        uint64_t nblocks = i == 2 ? (64ull << 30) / TFS_BLOCK : i == 1 ? BIG_BYTES / TFS_BLOCK : MIB / TFS_BLOCK;
        gets = 0;
        long allocations = d->allocations;
        assert_int_equal(tfs_snap_take(files[i], &s), 0);
        assert_int_equal(d->allocations, allocations + 1);
        assert_int_equal(tfs_snap_take(files[i], &again), 0);
        assert_ptr_equal(s, again); /* unchanged: the same one (R5) */
        assert_int_equal(tfs_snap_compare(s, files[i], 0, nblocks, &same), nblocks);
        assert_int_equal(same, 1);
        assert_int_equal(gets, 0);

        assert_int_equal(tfs_write(files[i], nblocks / 2 * TFS_BLOCK, "y", 1), 1);
        assert_int_equal(tfs_snap_preserved(s), i < 2);
        gets = 0;
        assert_int_equal(tfs_snap_compare(s, files[i], 0, nblocks, &same), nblocks / 2);
        assert_int_equal(same, 1);
        assert_in_range(gets, 0, 24); /* the two ways down, at most once for each piece on them */
        assert_int_equal(tfs_snap_compare(s, files[i], nblocks / 2, nblocks / 2, &same), 1);
        assert_int_equal(same, 0);
        assert_int_equal(tfs_snap_compare(s, files[i], nblocks / 2 + 1, nblocks, &same), nblocks);
        assert_int_equal(same, 1);
        assert_in_range(gets, 0, 60);
        assert_int_equal(tfs_snap_unref(s), 0);
        assert_int_equal(tfs_snap_unref(again), 1);
        tfs_unref(files[i]);
    }
    assert_int_equal(tfs_unmount(fs), 0);
    device_delete(d);
}

static struct tfs_event last_event;
static unsigned nevents;

static void remember(const struct tfs_event *e, void *arg)
{
    (void)arg;
    if (e->kind == TFS_EV_PRESERVE) {
        last_event = *e;
        nevents++;
    }
}

/* W6: the first write preserves, the second does not; a new snapshot begins a new generation. */
static void test_preserve_once(void **state)
{
    struct device *d = device_new(2000, 44);
    struct tfs_snap *a, *b;
    struct tfs_space sp;

    (void)state;
    assert_int_equal(tfs_format(&d->env, 2000), 0);
    d->on_event = remember;
    nevents = 0;
    struct tfs *fs = mount_or_die(d);
    struct tfs_file *f = make_file(fs, "d", "f", MIB);
    assert_int_equal(tfs_snap_take(f, &a), 0);
    *tfs_snap_tag(a) = &last_event;
    struct tfs_extent old = map(f, 5);
    for (int i = 0; i < 4; i++)
        assert_int_equal(tfs_write(f, 5 * TFS_BLOCK + 100, "abc", 3), 3);
    assert_int_equal(nevents, 1);
    assert_int_equal(last_event.fblk, 5);
    assert_int_equal(last_event.blk, old.blk);
    assert_ptr_equal(last_event.snap_tag, &last_event);
    assert_int_equal(tfs_snap_preserved(a), 1);
    assert_int_equal(tfs_snap_take(f, &b), 0);
    assert_ptr_not_equal(a, b);
    assert_int_equal(tfs_write(f, 5 * TFS_BLOCK, "def", 3), 3);
    assert_int_equal(nevents, 2);
    assert_int_equal(tfs_snap_preserved(b), 1);
    /* The older one needs nothing of what the newer one alone saw, and the other way round. */
    tfs_space(fs, &sp);
    uint64_t held = sp.held_blocks;
    assert_int_equal(tfs_snap_unref(b), 1);
    tfs_space(fs, &sp);
    assert_in_range(sp.held_blocks, 1, held - 1);
    assert_int_equal(tfs_snap_unref(a), 1);
    tfs_space(fs, &sp);
    assert_int_equal(sp.held_blocks, 0);
    assert_int_equal(sp.snapshots, 0);
    tfs_unref(f);
    assert_int_equal(tfs_unmount(fs), 0);
    device_delete(d);
}

/* Identity: a block that was let go and allocated again is another block (no ABA). */
static void test_identity(void **state)
{
    struct device *d = device_new(2000, 45);
    struct tfs_snap *s;
    int same;

    (void)state;
    assert_int_equal(tfs_format(&d->env, 2000), 0);
    struct tfs *fs = mount_or_die(d);
    struct tfs_file *f = make_file(fs, "d", "f", MIB);
    uint8_t block[TFS_BLOCK];
    assert_int_equal(tfs_read(f, 0, block, sizeof block), sizeof block);
    for (int i = 0; i < 300; i++) {
        assert_int_equal(tfs_snap_take(f, &s), 0);
        assert_int_equal(tfs_write(f, 0, block, sizeof block), sizeof block); /* the same bytes */
        if (i % 3 == 0)
            assert_int_equal(tfs_truncate(f, 0), 0);
        if (i % 3 == 0)
            assert_int_equal(tfs_write(f, 0, block, sizeof block), sizeof block);
        if (i % 5 == 0)
            assert_int_equal(tfs_commit(fs), 0);
        assert_int_equal(tfs_snap_compare(s, f, 0, 1, &same), 1);
        assert_int_equal(same, 0);
        tfs_snap_unref(s);
    }
    tfs_unref(f);
    assert_int_equal(tfs_unmount(fs), 0);
    device_delete(d);
}

/* Commits: nothing changed costs nothing; a change of one block of a large file costs a handful. */
static void test_commit_cost(void **state)
{
    struct device *d = device_new(NBLOCKS, 46);

    (void)state;
    assert_int_equal(tfs_format(&d->env, NBLOCKS), 0);
    struct tfs *fs = mount_or_die(d);
    struct tfs_file *f = make_file(fs, "d", "f", BIG_BYTES);
    assert_int_equal(tfs_commit(fs), 0);
    uint64_t writes = d->writes, flushes = d->flushes;
    assert_int_equal(tfs_commit(fs), 0);
    assert_int_equal(d->writes, writes);
    assert_int_equal(d->flushes, flushes);
    assert_int_equal(tfs_write(f, 100 * MIB, "x", 1), 1);
    assert_int_equal(tfs_commit(fs), 0);
    printf("# one block changed: %llu blocks written\n", (unsigned long long)(d->writes - writes));
    assert_in_range(d->writes - writes, 1, 6); /* data, two halves of a full leaf, node, block of inodes, superblock */
    tfs_unref(f);
    f = make_file(fs, "d", "short", 0);
    assert_int_equal(tfs_write(f, 0, "x", 1), 1);
    assert_int_equal(tfs_commit(fs), 0);
    writes = d->writes;
    assert_int_equal(tfs_write(f, 0, "y", 1), 1);
    assert_int_equal(tfs_commit(fs), 0);
    assert_int_equal(d->writes - writes, 3); /* data, block of inodes, superblock */
    tfs_unref(f);
    assert_int_equal(tfs_unmount(fs), 0);
    device_delete(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_metadata_budget), cmocka_unit_test(test_small_file),    cmocka_unit_test(test_flat),
        cmocka_unit_test(test_preserve_once),   cmocka_unit_test(test_identity),
        cmocka_unit_test(test_commit_cost),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("fs_cost", tests, NULL, NULL);
}
