/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Named snapshots: what they show never changes, whatever is done to the live files and in whatever order they are removed;
 * removed ones give back every block; a full disk refuses them cleanly.
 */
#include "fs_device.h"
#include "fs/core.h"

#define NBLOCKS 3000
#define NFILES 6
#define NSNAPS 6
#define MAX_BLOCKS 60u
#define MAX_BYTES (MAX_BLOCKS * TFS_BLOCK)

static void change(struct tfs *fs, uint64_t *x)
{
    static uint8_t src[MAX_BYTES];
    struct tfs_file *root = tfs_root(fs), *f;
    char name[20];

    sprintf(name, "f%u", (unsigned)below(x, NFILES));
    if (tfs_walk(root, name, &f) < 0 && tfs_create(root, name, 0644, &f) < 0)
        f = NULL;
    uint64_t off = below(x, MAX_BYTES - 5000), n = 1 + below(x, below(x, 3) ? 5000 : MAX_BYTES - off);
    memset(src, (int)below(x, 256), n);
    switch (f != NULL ? below(x, 6) : 9) {
    case 0: tfs_remove(root, name); break;
    case 1: tfs_truncate(f, below(x, MAX_BYTES)); break;
    case 9: break;
    default: tfs_write(f, off, src, n);
    }
    if (f != NULL)
        tfs_unref(f);
    tfs_unref(root);
}

/* All that can be read, as one number. */
static uint32_t look(struct tfs *fs)
{
    static uint8_t buf[MAX_BYTES + 1];
    struct tfs_file *root = tfs_root(fs), *f;
    char name[20];
    uint32_t crc = 0;

    for (unsigned i = 0; i < NFILES; i++) {
        struct tfs_stat st = {0};
        sprintf(name, "f%u", i);
        if (tfs_walk(root, name, &f) == 0) {
            tfs_stat(f, &st);
            int64_t n = tfs_read(f, 0, buf, sizeof buf);
            assert_int_equal(n, st.length < sizeof buf ? st.length : sizeof buf);
            crc = tfs_crc32c(crc, buf, (size_t)n);
            tfs_unref(f);
        }
        crc = tfs_crc32c(crc, &st, sizeof st);
    }
    tfs_unref(root);
    return crc;
}

static void verify(struct tfs *fs, const char *name, uint32_t want)
{
    struct tfs *view;

    assert_int_equal(tfs_named_mount(fs, name, &view), 0);
    assert_int_equal(look(view), want);
    assert_int_equal(tfs_unmount(view), 0);
}

static struct tfs *remount(struct device *d, struct tfs *fs)
{
    assert_int_equal(tfs_unmount(fs), 0);
    assert_int_equal(d->pins, 0);
    assert_int_equal(d->allocations, 0);
    device_forget(d);
    return mount_or_die(d);
}

static void test_random(void **state)
{
    struct device *d = device_new(NBLOCKS, 81);
    uint64_t x = test_seed("named snapshots", 81);
    uint32_t want[NSNAPS];
    int there[NSNAPS] = {0};
    char name[20];

    (void)state;
    d->churn = 10;
    assert_int_equal(tfs_format(&d->env, NBLOCKS), 0);
    struct tfs *fs = mount_or_die(d);
    struct tfs_snap *held = NULL;
    for (int i = 0; i < NFILES; i++) /* so that the root's blocks are there */
        for (int k = 0; k < 30; k++)
            change(fs, &x);
    for (int round = 0; round < 400; round++) {
        unsigned i = (unsigned)below(&x, NSNAPS);
        sprintf(name, "snapshot-%u", i);
        if (below(&x, 2) == 0) {
            int r = there[i] ? tfs_named_remove(fs, name) : tfs_named_create(fs, name);
            assert_int_equal(r, 0);
            there[i] = !there[i];
            if (there[i])
                want[i] = look(fs);
        }
        for (uint64_t k = below(&x, 8); k > 0; k--)
            change(fs, &x);
        if (below(&x, 5) == 0) { /* one in memory as well: what both keep is free when both are gone */
            struct tfs_file *root = tfs_root(fs), *f;
            if (held != NULL)
                tfs_snap_unref(held);
            held = NULL;
            if (tfs_walk(root, "f1", &f) == 0) {
                assert_int_equal(tfs_snap_take(f, &held), 0);
                tfs_unref(f);
            }
            tfs_unref(root);
        }
        if (round % 10 == 9) {
            if (held != NULL)
                tfs_snap_unref(held);
            held = NULL;
            assert_int_equal(tfs_check(fs, print_finding, NULL), 0);
            if (round % 20 == 19)
                fs = remount(d, fs);
        }
        i = (unsigned)below(&x, NSNAPS);
        sprintf(name, "snapshot-%u", i);
        if (there[i])
            verify(fs, name, want[i]);
    }
    for (unsigned i = 0; i < NSNAPS; i++) {
        sprintf(name, "snapshot-%u", i);
        if (there[i]) {
            verify(fs, name, want[i]);
            assert_int_equal(tfs_named_remove(fs, name), 0);
        }
    }
    assert_int_equal(tfs_commit(fs), 0);
    assert_int_equal(tfs_check(fs, print_finding, NULL), 0); /* the count of free blocks among it */
    uint64_t left = free_blocks(fs);
    fs = remount(d, fs);
    assert_int_equal(free_blocks(fs), left);
    assert_int_equal(tfs_unmount(fs), 0);
    device_delete(d);
}

static void test_refused(void **state)
{
    struct device *d = device_new(NBLOCKS, 82);
    struct tfs *fs, *view;
    struct tfs_file *root, *f, *old;
    struct tfs_named n;
    uint64_t cookie = 0, x = 82;
    char name[80];

    (void)state;
    assert_int_equal(tfs_format(&d->env, NBLOCKS), 0);
    fs = mount_or_die(d);
    for (int i = 0; i < 40; i++)
        change(fs, &x);
    assert_int_equal(tfs_named_create(fs, ""), -TFS_EINVAL);
    assert_int_equal(tfs_named_create(fs, "a/b"), -TFS_EINVAL);
    assert_int_equal(tfs_named_create(fs, ".."), -TFS_EINVAL);
    memset(name, 'x', sizeof name);
    name[64] = 0;
    assert_int_equal(tfs_named_create(fs, name), -TFS_ENAMETOOLONG);
    name[63] = 0;
    assert_int_equal(tfs_named_create(fs, name), 0);
    assert_int_equal(tfs_named_create(fs, name), -TFS_EEXIST);
    assert_int_equal(tfs_named_create(fs, "second"), 0);
    assert_int_equal(tfs_named_remove(fs, "third"), -TFS_ENOENT);
    assert_int_equal(tfs_named_mount(fs, "third", &view), -TFS_ENOENT);
    assert_int_equal(tfs_named_next(fs, &cookie, &n), 1);
    assert_string_equal(n.name, "second");
    assert_int_equal(tfs_named_next(fs, &cookie, &n), 1);
    assert_string_equal(n.name, name);
    assert_int_equal(tfs_named_count(fs, &n), 0);
    assert_true(n.blocks > 0);
    assert_int_equal(tfs_named_next(fs, &cookie, &n), 0);
    assert_int_equal(tfs_named_mount(fs, "second", &view), 0);
    assert_int_equal(tfs_named_remove(fs, "second"), -TFS_EBUSY);
    old = tfs_root(view); /* nothing in it can be changed */
    root = tfs_root(fs);
    assert_int_equal(tfs_create(old, "new", 0644, &f), -TFS_EROFS);
    assert_int_equal(tfs_named_create(view, "new"), -TFS_EROFS);
    for (unsigned i = 0; i < NFILES; i++) {
        sprintf(name, "f%u", i);
        if (tfs_walk(old, name, &f) < 0)
            continue;
        assert_int_equal(tfs_write(f, 0, "x", 1), -TFS_EROFS);
        assert_int_equal(tfs_truncate(f, 0), -TFS_EROFS);
        assert_int_equal(tfs_chmod(f, 0), -TFS_EROFS);
        assert_int_equal(tfs_remove(old, name), -TFS_EROFS);
        assert_int_equal(tfs_rename(old, name, root, "moved"), -TFS_EXDEV);
        assert_int_equal(tfs_rename(old, name, old, "moved"), -TFS_EROFS);
        tfs_unref(f);
    }
    tfs_unref(old);
    tfs_unref(root);
    assert_int_equal(tfs_unmount(view), 0);
    assert_int_equal(tfs_named_remove(fs, "second"), 0);
    assert_int_equal(tfs_check(fs, print_finding, NULL), 0);
    assert_int_equal(tfs_unmount(fs), 0);
    device_delete(d);
}

/* A snapshot keeps what is overwritten: a full disk says so, and removing the snapshot gives the room back. */
static void test_full(void **state)
{
    struct device *d = device_new(NBLOCKS, 83);
    static uint8_t buf[1000 * TFS_BLOCK];
    struct tfs_file *root, *f;
    struct tfs_named n;
    uint64_t cookie = 0;
    int64_t r = 0;

    (void)state;
    assert_int_equal(tfs_format(&d->env, NBLOCKS), 0);
    struct tfs *fs = mount_or_die(d);
    root = tfs_root(fs);
    assert_int_equal(tfs_create(root, "f0", 0644, &f), 0);
    assert_int_equal(tfs_write(f, 0, buf, sizeof buf), sizeof buf);
    assert_int_equal(tfs_named_create(fs, "before"), 0);
    uint32_t want = look(fs);
    memset(buf, 1, sizeof buf);
    for (int i = 0; i < 4 && r >= 0; i++) {
        r = tfs_write(f, 0, buf, sizeof buf);
        assert_int_equal(tfs_commit(fs), 0);
    }
    assert_true(r > 0); /* overwriting again and again needs room once */
    assert_int_equal(tfs_write(f, sizeof buf, buf, sizeof buf), -TFS_ENOSPC);
    assert_int_equal(tfs_truncate(f, sizeof buf), 0);
    assert_int_equal(tfs_check(fs, print_finding, NULL), 0);
    assert_int_equal(tfs_named_next(fs, &cookie, &n), 1);
    assert_int_equal(tfs_named_count(fs, &n), 0);
    assert_in_range(n.alone, 1000, 1010);
    verify(fs, "before", want);
    assert_int_equal(tfs_named_remove(fs, "before"), 0);
    assert_int_equal(tfs_write(f, sizeof buf, buf, 900 * TFS_BLOCK), 900 * TFS_BLOCK);
    tfs_unref(f);
    tfs_unref(root);
    assert_int_equal(tfs_check(fs, print_finding, NULL), 0);
    assert_int_equal(tfs_unmount(fs), 0);
    device_delete(d);
}

/* Taking one costs the same whatever is in the file system. */
static void test_cost(void **state)
{
    static uint8_t buf[1u << 20];
    uint64_t cost[2];

    (void)state;
    for (int large = 0; large < 2; large++) {
        struct device *d = device_new(30000, 84);
        struct tfs_file *root, *f;
        assert_int_equal(tfs_format(&d->env, 30000), 0);
        struct tfs *fs = mount_or_die(d);
        root = tfs_root(fs);
        assert_int_equal(tfs_create(root, "f0", 0644, &f), 0);
        for (uint64_t off = 0; off < (large ? 100 : 1) * sizeof buf; off += sizeof buf)
            assert_int_equal(tfs_write(f, off, buf, sizeof buf), sizeof buf);
        tfs_unref(f);
        tfs_unref(root);
        assert_int_equal(tfs_commit(fs), 0);
        uint64_t before = d->writes;
        assert_int_equal(tfs_named_create(fs, "x"), 0);
        cost[large] = d->writes - before;
        assert_int_equal(tfs_unmount(fs), 0);
        device_delete(d);
    }
    printf("# %llu blocks written for a snapshot of 1 MiB, %llu for one of 100 MiB\n", (unsigned long long)cost[0],
           (unsigned long long)cost[1]);
    assert_int_equal(cost[0], cost[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_cost),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("fs_named", tests, NULL, NULL);
}
