/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every single allocation fails once: each operation is tried with 0, 1, 2 ... free blocks left, and with its first, second,
 * third ... request for memory or for a block of the cache refused. Then it has either happened or not, the file
 * system is sound in memory and on the disk, and no block is lost.
 */
#include "fs_device.h"
#include "fs/core.h"

#define NBLOCKS 640
#define NFILES 6
#define BIG_BLOCKS 130u

static const char *const names[NFILES] = {"big", "small", "new", "moved", "sub", "inside"};
static char long_name[250];

/* ---- the file system that each try begins with ---- */

static struct tfs_file *walk(struct tfs *fs, const char *path1, const char *path2)
{
    struct tfs_file *root = tfs_root(fs), *dir, *f;

    if (tfs_walk(root, path1, &dir) < 0)
        dir = NULL;
    tfs_unref(root);
    if (dir == NULL || path2 == NULL)
        return dir;
    if (tfs_walk(dir, path2, &f) < 0)
        f = NULL;
    tfs_unref(dir);
    return f;
}

static void populate(struct device *d)
{
    struct tfs_file *root, *dir, *f;
    uint8_t block[TFS_BLOCK];
    char name[160];

    assert_int_equal(tfs_format(&d->env, NBLOCKS), 0);
    struct tfs *fs = mount_or_die(d);
    root = tfs_root(fs);
    memset(long_name, 'l', sizeof long_name - 1);
    assert_int_equal(tfs_create(root, "dir", DMDIR_BIT | 0755, &dir), 0);
    for (int i = 0; i < 34; i++) { /* the bucket is full, and so are the first blocks of the inode table */
        sprintf(name, "entry-%0*d", 80, i);
        assert_int_equal(tfs_create(dir, name, 0644, &f), 0);
        tfs_unref(f);
    }
    assert_int_equal(tfs_create(root, "sub", DMDIR_BIT | 0755, &f), 0);
    tfs_unref(f);
    assert_int_equal(tfs_create(root, "small", 0644, &f), 0);
    assert_int_equal(tfs_write(f, 0, name, 100), 100);
    tfs_unref(f);
    assert_int_equal(tfs_create(root, "big", 0644, &f), 0);
    for (unsigned b = BIG_BLOCKS; b-- > 0;) { /* backwards: extents of one block, a tree of two levels */
        memset(block, (int)b, sizeof block);
        assert_int_equal(tfs_write(f, b * 2 * TFS_BLOCK, block, sizeof block), sizeof block);
    }
    tfs_unref(f);
    tfs_unref(dir);
    tfs_unref(root);
    assert_int_equal(tfs_unmount(fs), 0);
}

/* Two named snapshots, with deadlists of their own and something on the live one; one list takes more than a block. */
static void populate_named(struct device *d)
{
    populate(d);
    struct tfs *fs = mount_or_die(d);
    struct tfs_file *root = tfs_root(fs), *big = walk(fs, "big", NULL), *small = walk(fs, "small", NULL), *gone;

    assert_int_equal(tfs_create(root, "gone", 0644, &gone), 0);
    for (unsigned b = 90; b-- > 0;)
        assert_int_equal(tfs_write(gone, b * 2 * TFS_BLOCK, "gone", 4), 4);
    tfs_unref(gone);
    assert_int_equal(tfs_named_create(fs, "older"), 0);
    for (unsigned b = 0; b < BIG_BLOCKS / 2; b++)
        assert_int_equal(tfs_write(big, b * 4 * TFS_BLOCK, "before", 6), 6);
    assert_int_equal(tfs_named_create(fs, "newer"), 0);
    for (unsigned b = 0; b < 50; b++) /* its page has no room for all of the file */
        assert_int_equal(tfs_write(big, (b * 4 + 2) * TFS_BLOCK, "after", 5), 5);
    assert_int_equal(tfs_write(small, 0, "after", 5), 5);
    assert_int_equal(tfs_remove(root, "gone"), 0);
    tfs_unref(root);
    tfs_unref(big);
    tfs_unref(small);
    assert_int_equal(tfs_unmount(fs), 0);
}

/* ---- the operations ---- */

struct scene {
    struct device *d;
    struct tfs *fs;
    struct tfs_file *root, *dir, *big, *small;
    struct tfs_snap *snap;
};

static int64_t op_overwrite(struct scene *s)
{
    return tfs_write(s->big, 100 * TFS_BLOCK + 5, "abc", 3);
}

static int64_t op_fill_hole(struct scene *s)
{
    return tfs_write(s->big, 101 * TFS_BLOCK + 5, "abc", 3);
}

static int64_t op_grow(struct scene *s)
{
    return tfs_write(s->small, 200 * TFS_BLOCK, "abc", 3);
}

static int64_t op_cut(struct scene *s)
{
    return tfs_truncate(s->big, 133 * TFS_BLOCK + 5);
}

static int64_t op_cut_all(struct scene *s)
{
    return tfs_truncate(s->big, 0);
}

static int64_t op_create(struct scene *s)
{
    struct tfs_file *f;
    int r = tfs_create(s->root, "new", 0644, &f);

    if (r == 0)
        tfs_unref(f);
    return r;
}

static int64_t op_create_split(struct scene *s) /* the bucket splits, the inode table may grow */
{
    struct tfs_file *f;
    int r = tfs_create(s->dir, long_name, DMDIR_BIT | 0755, &f);

    if (r == 0)
        tfs_unref(f);
    return r;
}

static int64_t op_remove(struct scene *s)
{
    return tfs_remove(s->root, "big"); /* it is open */
}

static int64_t op_remove_dir(struct scene *s)
{
    return tfs_remove(s->root, "sub");
}

static int64_t op_rename_over(struct scene *s)
{
    return tfs_rename(s->root, "small", s->root, "big");
}

static int64_t op_rename_split(struct scene *s)
{
    return tfs_rename(s->root, "small", s->dir, long_name);
}

static int64_t op_chmod(struct scene *s)
{
    return tfs_chmod(s->big, 0400);
}

static int64_t op_touch(struct scene *s)
{
    return tfs_touch(s->small);
}

static int64_t op_snap(struct scene *s)
{
    struct tfs_snap *snap;
    int r = tfs_snap_take(s->small, &snap);

    if (r == 0)
        tfs_snap_unref(snap);
    return r;
}

static int64_t op_commit(struct scene *s)
{
    int64_t r = tfs_write(s->small, 0, "abc", 3);

    return r < 0 ? r : tfs_commit(s->fs);
}

static int64_t op_read(struct scene *s)
{
    uint8_t buf[3000];

    return tfs_read(s->big, 90 * TFS_BLOCK + 2000, buf, sizeof buf);
}

static int64_t op_list(struct scene *s)
{
    struct tfs_dirent e;
    uint64_t cookie = 0;
    int r;

    while ((r = tfs_readdir(s->dir, &cookie, &e)) > 0)
        ;
    return r;
}

static int64_t op_named(struct scene *s)
{
    return tfs_named_create(s->fs, "newest");
}

static int64_t op_unname_older(struct scene *s)
{
    int r = tfs_named_remove(s->fs, "older");

    return r == -TFS_ENOENT ? 0 : r;
}

static int64_t op_unname_newer(struct scene *s)
{
    int r = tfs_named_remove(s->fs, "newer");

    return r == -TFS_ENOENT ? 0 : r;
}

static const struct op {
    const char *name;
    int64_t (*run)(struct scene *);
    int may_half; /* its parts may fail one by one: what it leaves is still sound */
} ops[] = {
    {"overwrite", op_overwrite, 0},     {"fill a hole", op_fill_hole, 0},
    {"grow", op_grow, 0},               {"cut", op_cut, 0},
    {"cut all", op_cut_all, 0},         {"create", op_create, 0},
    {"create and split", op_create_split, 0}, {"remove", op_remove, 0},
    {"remove a directory", op_remove_dir, 0}, {"rename over", op_rename_over, 0},
    {"rename and split", op_rename_split, 0}, {"chmod", op_chmod, 0},
    {"touch", op_touch, 0},             {"snapshot", op_snap, 0},
    {"commit", op_commit, 1},           {"read", op_read, 0},
    {"list", op_list, 0},               {"named snapshot", op_named, 1},
    {"remove the older one", op_unname_older, 1}, {"remove the newer one", op_unname_newer, 1},
};
#define NOPS (sizeof ops / sizeof ops[0])

/* ---- one try ---- */

/* Everything that a caller can see, as one number. */
static uint32_t look(struct tfs *fs)
{
    static uint8_t buf[2 * BIG_BLOCKS * TFS_BLOCK + 1];
    uint32_t crc = 0;

    for (int i = 0; i < NFILES + 1; i++) {
        struct tfs_file *f = i < NFILES ? walk(fs, names[i], NULL) : walk(fs, "dir", long_name);
        struct tfs_stat st = {0};
        if (f != NULL) {
            tfs_stat(f, &st);
            st.mtime_ns = 0;
            if (!(st.mode & DMDIR_BIT)) {
                int64_t n = tfs_read(f, 0, buf, sizeof buf);
                assert_int_equal(n, st.length);
                crc = tfs_crc32c(crc, buf, (size_t)n);
            }
            tfs_unref(f);
        }
        crc = tfs_crc32c(crc, &st, sizeof st);
    }
    struct tfs_named n;
    uint64_t cookie = 0;
    while (tfs_named_next(fs, &cookie, &n) > 0)
        crc = tfs_crc32c(crc, n.name, sizeof n.name);
    return crc;
}

static void scene_begin(struct scene *s, struct device *d, const uint8_t *image, int with_snap)
{
    device_forget(d);
    memcpy(d->medium, image, NBLOCKS * TFS_BLOCK);
    d->complaints = 0;
    *s = (struct scene){.d = d, .fs = mount_or_die(d)};
    s->root = tfs_root(s->fs);
    s->dir = walk(s->fs, "dir", NULL);
    s->big = walk(s->fs, "big", NULL);
    s->small = walk(s->fs, "small", NULL);
    if (with_snap)
        assert_int_equal(tfs_snap_take(s->big, &s->snap), 0);
}

/* Sound in memory, sound after a commit, and the same after a mount; no block lost. */
static void scene_end(struct scene *s)
{
    struct device *d = s->d;
    int broken = s->fs->broken; /* it refuses all changes: what was committed is what counts */

    if (!broken)
        assert_int_equal(tfs_check(s->fs, print_finding, NULL), 0);
    uint32_t seen = broken ? 0 : look(s->fs);
    if (s->snap != NULL)
        tfs_snap_unref(s->snap);
    tfs_unref(s->big);
    tfs_unref(s->small);
    tfs_unref(s->dir);
    tfs_unref(s->root);
    if (!broken) {
        assert_int_equal(tfs_commit(s->fs), 0);
        assert_int_equal(tfs_check(s->fs, print_finding, NULL), 0);
    }
    assert_int_equal(d->pins, 0);
    assert_int_equal(tfs_unmount(s->fs) < 0, broken);
    assert_int_equal(d->allocations, 0);
    device_forget(d);
    struct tfs *fs = mount_or_die(d);
    assert_int_equal(tfs_check(fs, print_finding, NULL), 0);
    if (!broken)
        assert_int_equal(look(fs), seen);
    assert_int_equal(tfs_unmount(fs), 0);
}

/* Runs the operation and compares if it has failed. Returns whether it was done. */
static int try_op(struct scene *s, const struct op *op, int want_error)
{
    uint32_t before = look(s->fs);
    int64_t r = op->run(s);

    s->d->fail_alloc_at = s->d->fail_get_at = 0;
    if (r >= 0 && s->fs->broken)
        fail_msg("%s: done, but the file system is broken", op->name);
    if (r >= 0)
        return 1;
    if (r != want_error)
        fail_msg("%s: %lld", op->name, (long long)r);
    if (!op->may_half && !s->fs->broken && look(s->fs) != before)
        fail_msg("%s: failed, but changed something", op->name);
    return 0;
}

/* ---- blocks ---- */

/* Takes all free blocks but `left`, as a removed file that is open would: no commit knows of them. */
static size_t hog_begin(struct tfs *fs, uint64_t left, uint64_t *blocks)
{
    struct tfs_file hog = {.fs = fs, .orphan = 1, .slot = NO_SLOT};
    size_t n = 0;

    while (fs->free > left + space_floor(fs))
        assert_int_equal(space_alloc(fs, &hog, 0, 0, &blocks[n++]), 0);
    return n;
}

/* What needs no free block is what only a snapshot's removal may use. */
static int is_removal(const struct op *op)
{
    return op->run == op_unname_older || op->run == op_unname_newer;
}

static void full(int with_snap, int with_named)
{
    struct device *d = device_new(NBLOCKS, 71);
    uint8_t *image = malloc(NBLOCKS * TFS_BLOCK);
    static uint64_t hog[NBLOCKS];
    unsigned failed = 0, done = 0;

    (with_named ? populate_named : populate)(d);
    memcpy(image, d->medium, NBLOCKS * TFS_BLOCK);
    for (size_t o = 0; o < NOPS; o++)
        for (uint64_t left = 0; left < 42; left++) {
            struct scene s;
            scene_begin(&s, d, image, with_snap);
            size_t n = hog_begin(s.fs, left, hog);
            if (try_op(&s, &ops[o], -TFS_ENOSPC))
                done++;
            else if (is_removal(&ops[o]))
                fail_msg("%s: a full disk cannot be cleaned up", ops[o].name);
            else
                failed++;
            while (n-- > 0)
                space_free(s.fs, hog[n], 1);
            scene_end(&s);
        }
    printf("# %u tries failed for want of blocks, %u did not\n", failed, done);
    assert_true(failed > 150 && done > 150);
    free(image);
    device_delete(d);
}

static void test_each_free_block(void **state)
{
    (void)state;
    full(0, 0);
}

static void test_each_free_block_snapshot(void **state)
{
    (void)state;
    full(1, 0);
}

static void test_each_free_block_named(void **state)
{
    (void)state;
    full(1, 1);
}

/* ---- memory ---- */

static void refuse(int of_cache, int with_named)
{
    struct device *d = device_new(NBLOCKS, 72);
    uint8_t *image = malloc(NBLOCKS * TFS_BLOCK);
    unsigned failed = 0, survived = 0;

    (with_named ? populate_named : populate)(d);
    memcpy(image, d->medium, NBLOCKS * TFS_BLOCK);
    for (size_t o = 0; o < NOPS; o++)
        for (uint64_t at = 1;; at++) {
            struct scene s;
            scene_begin(&s, d, image, 1);
            uint64_t *counter = of_cache ? &d->fail_get_at : &d->fail_alloc_at;
            uint32_t before = look(s.fs);
            *counter = at;
            int64_t r = ops[o].run(&s);
            int came_up = *counter == 0;
            *counter = 0;
            if (r < 0) {
                assert_true(r == -TFS_ENOMEM);
                if (!ops[o].may_half && !s.fs->broken && look(s.fs) != before)
                    fail_msg("%s: failed, but changed something", ops[o].name);
                failed++;
            } else {
                survived += came_up;
            }
            scene_end(&s);
            if (!came_up)
                break;
        }
    printf("# %u tries failed for want of memory, %u did without\n", failed, survived);
    assert_true(failed > (of_cache ? 60 : 3));
    free(image);
    device_delete(d);
}

static void test_each_memory(void **state)
{
    (void)state;
    refuse(0, 0);
    refuse(0, 1);
}

static void test_each_cache_block(void **state)
{
    (void)state;
    refuse(1, 0);
    refuse(1, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_free_block),
        cmocka_unit_test(test_each_free_block_snapshot),
        cmocka_unit_test(test_each_free_block_named),
        cmocka_unit_test(test_each_memory),
        cmocka_unit_test(test_each_cache_block),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("fs_full", tests, NULL, NULL);
}
