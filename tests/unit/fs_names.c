/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names: large directories, long names, removal while open, renaming, listing while things change, errors.
 */
#include "fs_device.h"

#define NBLOCKS 20000

static struct device *d;
static struct tfs *fs;
static struct tfs_file *root;

static int set_up(void **state)
{
    (void)state;
    d = device_new(NBLOCKS, 51);
    if (tfs_format(&d->env, NBLOCKS) < 0)
        return -1;
    fs = mount_or_die(d);
    root = tfs_root(fs);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    tfs_unref(root);
    int bad = tfs_check(fs, print_finding, NULL) != 0 || tfs_unmount(fs) < 0 || d->pins != 0 || d->allocations != 0;
    device_delete(d);
    return bad ? -1 : 0;
}

static void make(struct tfs_file *dir, const char *name, uint32_t mode)
{
    struct tfs_file *f;

    assert_int_equal(tfs_create(dir, name, mode, &f), 0);
    tfs_unref(f);
}

static int exists(struct tfs_file *dir, const char *name)
{
    struct tfs_file *f;
    int r = tfs_walk(dir, name, &f);

    if (r == 0)
        tfs_unref(f);
    else
        assert_int_equal(r, -TFS_ENOENT);
    return r == 0;
}

static void test_large_directory(void **state)
{
    const int n = 100000;
    struct tfs_dirent e;
    uint64_t cookie = 0, reads;
    uint8_t *seen = calloc(1, (size_t)n);
    char name[32];
    int count = 0, r;

    (void)state;
    for (int i = 0; i < n; i++) {
        sprintf(name, "entry%d", i);
        make(root, name, 0644);
    }
    assert_int_equal(tfs_commit(fs), 0);
    while ((r = tfs_readdir(root, &cookie, &e)) == 1) {
        int i = atoi(e.name + 5);
        assert_in_range(i, 0, n - 1);
        assert_int_equal(seen[i], 0);
        seen[i] = 1;
        count++;
    }
    assert_int_equal(r, 0);
    assert_int_equal(count, n);
    device_forget(d);
    reads = d->reads[TFS_META];
    assert_true(exists(root, "entry12345"));
    printf("# lookup among %d: %llu blocks\n", n, (unsigned long long)(d->reads[TFS_META] - reads));
    assert_in_range(d->reads[TFS_META] - reads, 1, 8);
    assert_false(exists(root, "entry100000"));
    for (int i = 0; i < n; i += 2) {
        sprintf(name, "entry%d", i);
        assert_int_equal(tfs_remove(root, name), 0);
    }
    for (int i = 0; i < n; i += 97) {
        sprintf(name, "entry%d", i);
        assert_int_equal(exists(root, name), i % 2);
    }
    free(seen);
}

/* Every entry that is there from beginning to end is listed exactly once, whatever comes and goes meanwhile. */
static void test_listing_while_changing(void **state)
{
    struct tfs_dirent e;
    uint64_t cookie = 0, x = 99;
    uint8_t seen[1000] = {0};
    char name[64];

    (void)state;
    for (int i = 0; i < 1000; i++) {
        sprintf(name, "stay-%d", i);
        make(root, name, 0644);
    }
    for (int k = 0; tfs_readdir(root, &cookie, &e) == 1; k++) {
        if (strncmp(e.name, "stay-", 5) == 0)
            assert_int_equal(seen[atoi(e.name + 5)]++, 0);
        sprintf(name, "pass-%llu-with-a-long-name-to-split-blocks", (unsigned long long)below(&x, 400));
        if (!exists(root, name) && k < 3000)
            make(root, name, 0644);
        else if (exists(root, name))
            assert_int_equal(tfs_remove(root, name), 0);
    }
    for (int i = 0; i < 1000; i++)
        assert_int_equal(seen[i], 1);
}

static void test_names(void **state)
{
    char name[TFS_NAME_MAX + 2];
    struct tfs_file *f;
    struct tfs_stat st;

    (void)state;
    memset(name, 'n', sizeof name);
    name[TFS_NAME_MAX + 1] = 0;
    assert_int_equal(tfs_create(root, name, 0644, &f), -TFS_ENAMETOOLONG);
    assert_int_equal(tfs_walk(root, name, &f), -TFS_ENAMETOOLONG);
    name[TFS_NAME_MAX] = 0;
    for (int i = 0; i < 100; i++) { /* a dozen to a block */
        sprintf(name, "%03d", i);
        name[3] = 'n';
        make(root, name, 0644);
    }
    assert_true(exists(root, name));
    assert_int_equal(tfs_create(root, "", 0644, &f), -TFS_EINVAL);
    assert_int_equal(tfs_create(root, ".", 0644, &f), -TFS_EINVAL);
    assert_int_equal(tfs_create(root, "..", 0644, &f), -TFS_EINVAL);
    assert_int_equal(tfs_create(root, "a/b", 0644, &f), -TFS_EINVAL);
    assert_int_equal(tfs_remove(root, "none"), -TFS_ENOENT);
    assert_int_equal(tfs_create(root, "a", 0600, &f), 0);
    assert_int_equal(tfs_create(f, "below", 0644, &f), -TFS_ENOTDIR);
    assert_int_equal(tfs_chmod(f, 0751), 0);
    assert_int_equal(tfs_stat(f, &st), 0);
    assert_int_equal(st.mode, 0751);
    tfs_unref(f);
    assert_int_equal(tfs_walk(root, "..", &f), 0);
    assert_ptr_equal(f, root);
    tfs_unref(f);
    make(root, "dir", DMDIR_BIT | 0755);
    assert_int_equal(tfs_walk(root, "dir", &f), 0);
    make(f, "in", 0644);
    assert_int_equal(tfs_remove(root, "dir"), -TFS_ENOTEMPTY);
    assert_int_equal(tfs_write(f, 0, "x", 1), -TFS_EISDIR);
    assert_int_equal(tfs_remove(f, "in"), 0);
    assert_int_equal(tfs_remove(root, "dir"), 0);
    assert_int_equal(tfs_create(f, "late", 0644, &f), -TFS_ENOENT); /* removed while open */
    tfs_unref(f);
}

static void test_rename(void **state)
{
    struct tfs_file *a, *b, *f;
    struct tfs_stat before, after;

    (void)state;
    make(root, "a", DMDIR_BIT | 0755);
    make(root, "b", DMDIR_BIT | 0755);
    assert_int_equal(tfs_walk(root, "a", &a), 0);
    assert_int_equal(tfs_walk(root, "b", &b), 0);
    make(a, "f", 0644);
    make(b, "f", 0600);
    assert_int_equal(tfs_walk(a, "f", &f), 0);
    tfs_stat(f, &before);
    assert_int_equal(tfs_rename(a, "f", b, "f"), 0); /* over another file */
    tfs_stat(f, &after);
    assert_int_equal(before.ino, after.ino);
    tfs_unref(f);
    assert_false(exists(a, "f"));
    assert_int_equal(tfs_walk(b, "f", &f), 0);
    tfs_stat(f, &after);
    assert_int_equal(before.ino, after.ino);
    tfs_unref(f);
    assert_int_equal(tfs_rename(b, "f", b, "f"), 0);
    assert_int_equal(tfs_rename(root, "a", b, "a"), 0); /* a directory moves */
    assert_int_equal(tfs_walk(a, "..", &f), 0);
    assert_ptr_equal(f, b);
    tfs_unref(f);
    assert_int_equal(tfs_rename(root, "b", a, "b"), -TFS_EINVAL); /* into itself */
    assert_int_equal(tfs_rename(root, "b", b, "b"), -TFS_EINVAL);
    assert_int_equal(tfs_rename(b, "f", b, "a"), -TFS_EISDIR);
    assert_int_equal(tfs_rename(b, "a", b, "f"), -TFS_ENOTDIR);
    make(a, "g", 0644);
    make(root, "c", DMDIR_BIT | 0755);
    assert_int_equal(tfs_rename(root, "c", b, "a"), -TFS_ENOTEMPTY);
    assert_int_equal(tfs_remove(a, "g"), 0);
    assert_int_equal(tfs_rename(root, "c", b, "a"), 0);
    assert_int_equal(tfs_rename(root, "none", b, "x"), -TFS_ENOENT);
    tfs_unref(a);
    tfs_unref(b);
}

/* A removed file that is open goes on; a crash frees it; its number is never given to another. */
static void test_removed_while_open(void **state)
{
    struct tfs_file *f, *g;
    struct tfs_stat st, st2;
    uint8_t buf[TFS_BLOCK * 60];

    (void)state;
    make(root, "keep", 0644);
    assert_int_equal(tfs_commit(fs), 0);
    uint64_t before = free_blocks(fs);
    memset(buf, 3, sizeof buf);
    assert_int_equal(tfs_create(root, "f", 0644, &f), 0);
    assert_int_equal(tfs_write(f, 0, buf, sizeof buf), sizeof buf);
    assert_int_equal(tfs_remove(root, "f"), 0);
    assert_int_equal(tfs_write(f, sizeof buf, buf, sizeof buf), sizeof buf);
    assert_int_equal(tfs_commit(fs), 0);
    assert_int_equal(tfs_check(fs, print_finding, NULL), 0);
    assert_int_equal(tfs_read(f, TFS_BLOCK * 50 + 1, buf, 1), 1);
    assert_int_equal(buf[0], 3);
    tfs_stat(f, &st);
    assert_int_equal(st.nlink, 0);
    assert_int_equal(tfs_create(root, "f", 0644, &g), 0); /* takes the slot */
    tfs_stat(g, &st2);
    assert_int_not_equal(st.ino, st2.ino);
    assert_int_equal(tfs_remove(root, "f"), 0);
    tfs_unref(g);
    assert_true(free_blocks(fs) < before - 100);
    tfs_unref(f);
    assert_int_equal(tfs_commit(fs), 0);
    assert_int_equal(free_blocks(fs), before);
}

/* A snapshot outlives its file's name, its last open and commits; the space comes back with it. */
static void test_snapshot_outlives_file(void **state)
{
    struct tfs_file *f;
    struct tfs_snap *s;
    struct tfs_space sp;
    uint8_t buf[TFS_BLOCK * 70];

    (void)state;
    make(root, "keep", 0644);
    assert_int_equal(tfs_commit(fs), 0);
    uint64_t before = free_blocks(fs);
    memset(buf, 5, sizeof buf);
    assert_int_equal(tfs_create(root, "f", 0644, &f), 0);
    assert_int_equal(tfs_write(f, 0, buf, sizeof buf), sizeof buf);
    assert_int_equal(tfs_snap_take(f, &s), 0);
    memset(buf, 6, sizeof buf);
    assert_int_equal(tfs_write(f, 0, buf, sizeof buf), sizeof buf); /* not seen by the snapshot: freed at the remove */
    tfs_unref(f);
    assert_int_equal(tfs_remove(root, "f"), 0);
    assert_int_equal(tfs_commit(fs), 0);
    tfs_space(fs, &sp);
    assert_in_range(sp.held_blocks, 70, 73);
    assert_int_equal(sp.free_blocks + sp.held_blocks, before);
    for (int i = 0; i < 70; i++) {
        assert_int_equal(tfs_snap_read(s, (uint64_t)i * TFS_BLOCK, buf, TFS_BLOCK), TFS_BLOCK);
        assert_int_equal(buf[17], 5);
    }
    assert_int_equal(tfs_snap_unref(s), 1);
    assert_int_equal(free_blocks(fs), before); /* at once: no commit needed */
}

/* The old end of a block is zero after it was cut off and the file grew again (R3, R4). */
static void test_truncate_clears(void **state)
{
    struct tfs_file *f;
    uint8_t buf[3 * TFS_BLOCK], zero[3 * TFS_BLOCK] = {0};

    (void)state;
    assert_int_equal(tfs_create(root, "f", 0644, &f), 0);
    memset(buf, 9, sizeof buf);
    assert_int_equal(tfs_write(f, 0, buf, sizeof buf), sizeof buf);
    assert_int_equal(tfs_truncate(f, 100), 0);
    assert_int_equal(tfs_truncate(f, sizeof buf), 0);
    assert_int_equal(tfs_read(f, 0, buf, sizeof buf), sizeof buf);
    assert_int_equal(buf[99], 9);
    assert_memory_equal(buf + 100, zero, sizeof buf - 100);
    assert_int_equal(tfs_write(f, UINT64_MAX - 5, buf, 100), -TFS_EFBIG);
    assert_int_equal(tfs_truncate(f, UINT64_MAX), -TFS_EFBIG);
    assert_int_equal(tfs_read(f, UINT64_MAX - 5, buf, 100), 0);
    assert_int_equal(tfs_write(f, 1ull << 44, "z", 1), 1); /* 16 TiB */
    assert_int_equal(tfs_read(f, (1ull << 44) - 3, buf, 100), 4);
    assert_memory_equal(buf, "\0\0\0z", 4);
    tfs_unref(f);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_large_directory), TEST(test_listing_while_changing), TEST(test_names),
        TEST(test_rename),          TEST(test_removed_while_open),     TEST(test_snapshot_outlives_file),
        TEST(test_truncate_clears),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("fs_names", tests, NULL, NULL);
}
