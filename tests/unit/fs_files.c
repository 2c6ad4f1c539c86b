/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What files are, call by call: as long as 16 TiB and longer, with holes; append-only; permissions; version and mtime; renamed over,
 * and removed while open. fs_model does it at random, fs_names has the directories.
 */
#include "fs_device.h"

#define NBLOCKS 3000
#define TIB (1ull << 40)
#define APPEND 0x40000000u

struct scene {
    struct device *d;
    struct tfs *fs;
    struct tfs_file *root;
};

static struct scene begin(uint64_t seed)
{
    struct scene s = {.d = device_new(NBLOCKS, seed)};

    assert_int_equal(tfs_format(&s.d->env, NBLOCKS), 0);
    s.fs = mount_or_die(s.d);
    s.root = tfs_root(s.fs);
    return s;
}

static void end(struct scene *s)
{
    assert_int_equal(tfs_check(s->fs, print_finding, NULL), 0);
    tfs_unref(s->root);
    assert_int_equal(tfs_unmount(s->fs), 0);
    device_delete(s->d);
}

static struct tfs_file *make(struct scene *s, const char *name, uint32_t mode)
{
    struct tfs_file *f;

    assert_int_equal(tfs_create(s->root, name, mode, &f), 0);
    return f;
}

static struct tfs_stat stat_of(struct tfs_file *f)
{
    struct tfs_stat st;

    assert_int_equal(tfs_stat(f, &st), 0);
    return st;
}

/* Written here and there up to 16 TiB and beyond, cut in the middle, grown again; everything else is a hole. */
static void test_long(void **state)
{
    static const uint64_t at[] = {0, 5 * TIB + 4095, 16 * TIB - 3, 16 * TIB, 255 * TIB};
    enum { N = sizeof at / sizeof at[0] };
    struct scene s = begin(91);
    struct tfs_file *f = make(&s, "long", 0644);
    uint8_t buf[3 * TFS_BLOCK], zeros[sizeof buf] = {0};

    (void)state;
    for (int i = 0; i < N; i++)
        assert_int_equal(tfs_write(f, at[i], "abc", 3), 3);
    assert_int_equal(stat_of(f).length, at[N - 1] + 3);
    assert_int_equal(stat_of(f).blocks, N + 1); /* one of them lies across two */
    for (int i = 0; i < N; i++) {
        assert_int_equal(tfs_read(f, at[i], buf, 3), 3);
        assert_memory_equal(buf, "abc", 3);
        if (at[i] > 0) {
            assert_int_equal(tfs_read(f, at[i] - 3, buf, 3), 3);
            assert_memory_equal(buf, at[i] == 16 * TIB ? (const void *)"abc" : zeros, 3);
        }
    }
    struct tfs_extent e;
    assert_int_equal(tfs_map(f, 10, &e), 0);
    assert_int_equal(e.blk, 0);
    assert_true(e.run > TIB / TFS_BLOCK); /* a hole is known to be long without looking at each block */
    assert_int_equal(tfs_truncate(f, 16 * TIB - 2), 0);
    assert_int_equal(tfs_truncate(f, 20 * TIB), 0);
    assert_int_equal(tfs_read(f, 16 * TIB - 3, buf, sizeof buf), sizeof buf);
    assert_int_equal(buf[0], 'a');
    assert_memory_equal(buf + 1, zeros, sizeof buf - 1);
    assert_int_equal(tfs_read(f, 20 * TIB - 1, buf, 5), 1);
    assert_int_equal(tfs_write(f, UINT64_MAX - 1, "abc", 3), -TFS_EFBIG);
    assert_int_equal(tfs_truncate(f, UINT64_MAX), -TFS_EFBIG);
    tfs_unref(f);
    end(&s);
}

/* What is in an append-only file stays, through whatever call and reference. */
static void test_append_only(void **state)
{
    struct scene s = begin(92);
    struct tfs_file *f = make(&s, "log", 0644), *g;
    uint8_t buf[16];

    (void)state;
    assert_int_equal(tfs_write(f, 0, "one", 3), 3);
    assert_int_equal(tfs_chmod(f, APPEND | 0644), 0);
    uint64_t version = stat_of(f).version;
    assert_int_equal(tfs_write(f, 0, "two", 3), -TFS_EPERM);
    assert_int_equal(tfs_write(f, 2, "two", 3), -TFS_EPERM);
    assert_int_equal(tfs_write_part(f, 1, "two", 3), -TFS_EPERM);
    assert_int_equal(tfs_truncate(f, 2), -TFS_EPERM);
    assert_int_equal(stat_of(f).version, version);
    assert_int_equal(tfs_write(f, 3, "two", 3), 3);
    assert_int_equal(tfs_write(f, 0, "", 0), 0);
    assert_int_equal(tfs_truncate(f, 8), 0); /* more is not less */
    assert_int_equal(tfs_walk(s.root, "log", &g), 0);
    assert_int_equal(tfs_write(g, 7, "x", 1), -TFS_EPERM);
    assert_int_equal(tfs_write(g, 8, "three", 5), 5);
    tfs_unref(g);
    assert_int_equal(tfs_read(f, 0, buf, sizeof buf), 13);
    assert_memory_equal(buf, "onetwo\0\0three", 13);
    assert_int_equal(tfs_rename(s.root, "log", s.root, "old log"), 0); /* a name is no content */
    assert_int_equal(tfs_chmod(f, 0644), 0);
    assert_int_equal(tfs_write(f, 0, "two", 3), 3);
    tfs_unref(f);
    end(&s);
}

static void test_permissions(void **state)
{
    struct scene s = begin(93);
    struct tfs_file *f = make(&s, "f", 0644), *dir = make(&s, "dir", DMDIR_BIT | 0755);

    (void)state;
    for (uint32_t mode = 0; mode < 01000; mode++) {
        assert_int_equal(tfs_chmod(f, mode), 0);
        assert_int_equal(stat_of(f).mode, mode);
        for (unsigned want = 0; want < 8; want++) {
            unsigned has = (mode >> 6 | mode >> 3 | mode) & 7;
            assert_int_equal(tfs_access(f, want), (want & ~has) ? -TFS_EACCES : 0);
        }
    }
    assert_int_equal(tfs_access(dir, 7), 0);
    assert_int_equal(tfs_chmod(dir, 0), 0);
    assert_int_equal(stat_of(dir).mode, DMDIR_BIT); /* it stays a directory */
    assert_int_equal(tfs_chmod(f, DMDIR_BIT | 0644), 0);
    assert_int_equal(stat_of(f).mode, 0644); /* and a file a file */
    tfs_unref(f);
    tfs_unref(dir);
    end(&s);
}

/* Each call that changes a file adds one to its version and sets mtime; others do not. */
static void test_version(void **state)
{
    struct scene s = begin(94);
    struct tfs_file *f = make(&s, "f", 0644);
    struct tfs_stat before = stat_of(f), after;
    uint8_t buf[4];

    (void)state;
    for (int i = 0; i < 7; i++) {
        switch (i) {
        case 0: assert_int_equal(tfs_write(f, 0, "abc", 3), 3); break;
        case 1: assert_int_equal(tfs_truncate(f, 1), 0); break;
        case 2: assert_int_equal(tfs_chmod(f, 0600), 0); break;
        case 3: assert_int_equal(tfs_touch(f), 0); break;
        case 4: assert_int_equal(tfs_read(f, 0, buf, 4), 1); break;
        case 5: assert_int_equal(tfs_commit(s.fs), 0); break;
        case 6: assert_int_equal(tfs_rename(s.root, "f", s.root, "g"), 0); break;
        }
        after = stat_of(f);
        assert_int_equal(after.version, before.version + (i < 4));
        if (i < 4)
            assert_true(after.mtime_ns > before.mtime_ns);
        else
            assert_int_equal(after.mtime_ns, before.mtime_ns);
        before = after;
    }
    tfs_unref(f);
    end(&s);
}

/* A file that another takes the place of lives on while it is open, and then gives its blocks back. */
static void test_rename_over(void **state)
{
    struct scene s = begin(95);
    static uint8_t buf[100 * TFS_BLOCK];
    struct tfs_file *old = make(&s, "f", 0644), *new = make(&s, "new", 0644), *f;

    (void)state;
    assert_int_equal(tfs_commit(s.fs), 0);
    uint64_t left = free_blocks(s.fs);
    memset(buf, 'o', sizeof buf);
    assert_int_equal(tfs_write(old, 0, buf, sizeof buf), sizeof buf);
    assert_int_equal(tfs_write(new, 0, "n", 1), 1);
    assert_int_equal(tfs_rename(s.root, "new", s.root, "f"), 0);
    assert_int_equal(tfs_commit(s.fs), 0);
    assert_int_equal(tfs_walk(s.root, "new", &f), -TFS_ENOENT);
    assert_int_equal(tfs_walk(s.root, "f", &f), 0);
    assert_ptr_equal(f, new);
    assert_int_equal(stat_of(old).nlink, 0);
    memset(buf, 0, sizeof buf);
    assert_int_equal(tfs_read(old, 0, buf, sizeof buf), sizeof buf);
    for (size_t i = 0; i < sizeof buf; i += 1000)
        assert_int_equal(buf[i], 'o');
    tfs_unref(f);
    tfs_unref(new);
    tfs_unref(old);
    assert_int_equal(tfs_commit(s.fs), 0);
    assert_int_equal(free_blocks(s.fs), left - 1);
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_long),    cmocka_unit_test(test_append_only), cmocka_unit_test(test_permissions),
        cmocka_unit_test(test_version), cmocka_unit_test(test_rename_over),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("fs_files", tests, NULL, NULL);
}
