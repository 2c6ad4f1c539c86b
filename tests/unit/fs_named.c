/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Named snapshots: what they show never changes, whatever is done to the live files and in whatever order they are removed;
 * removed ones give back every block; a full disk refuses them cleanly. What they cost does not depend on the size of files or disks.
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

/* Deadlists of many blocks: what each snapshot keeps is its own, and comes back when it goes, in whatever order. */
static void test_long_lists(void **state)
{
    enum { BLOCKS = 2000, ROUNDS = 5, ENTRIES = 1000 };
    static const int orders[][ROUNDS] = {{0, 1, 2, 3, 4}, {4, 3, 2, 1, 0}, {2, 0, 4, 1, 3}, {3, 1, 4, 0, 2}};
    static uint8_t block[TFS_BLOCK];
    char name[8];

    (void)state;
    for (unsigned o = 0; o < sizeof orders / sizeof orders[0]; o++) {
        struct device *d = device_new(16000, 85);
        uint64_t x = 85 + o;
        assert_int_equal(tfs_format(&d->env, 16000), 0);
        struct tfs *fs = mount_or_die(d);
        struct tfs_file *root = tfs_root(fs), *f;
        assert_int_equal(tfs_create(root, "f0", 0644, &f), 0);
        for (uint64_t b = 0; b < BLOCKS; b++)
            assert_int_equal(tfs_write(f, b * TFS_BLOCK, block, sizeof block), sizeof block);
        assert_int_equal(tfs_commit(fs), 0);
        uint64_t before = free_blocks(fs);
        for (int i = 0; i < ROUNDS; i++) {
            sprintf(name, "s%d", i);
            assert_int_equal(tfs_named_create(fs, name), 0);
            for (int k = 0; k < ENTRIES; k++) { /* scattered: an entry each */
                assert_int_equal(tfs_write(f, below(&x, BLOCKS) * TFS_BLOCK, &x, 8), 8);
                if (k % 100 == 0)
                    assert_int_equal(tfs_commit(fs), 0);
            }
        }
        assert_int_equal(tfs_commit(fs), 0);
        assert_true(fs->longest > 3);
        for (int i = 0; i < ROUNDS; i++) {
            struct tfs_named n = {0};
            sprintf(name, "s%d", orders[o][i]);
            strcpy(n.name, name);
            assert_int_equal(tfs_named_count(fs, &n), 0);
            uint64_t had = free_blocks(fs), chains = fs->dead.disk.chain;
            for (const struct named *s = fs->named; s != NULL; s = s->next)
                chains += s->disk.dead.chain;
            assert_int_equal(tfs_named_remove(fs, name), 0);
            for (const struct named *s = fs->named; s != NULL; s = s->next)
                chains -= s->disk.dead.chain;
            chains -= fs->dead.disk.chain;
            assert_in_range(free_blocks(fs) - had, n.alone + chains, n.alone + chains + 5); /* records and the table's node among it */
            assert_int_equal(tfs_check(fs, print_finding, NULL), 0);
        }
        tfs_unref(f);
        tfs_unref(root);
        fs = remount(d, fs);
        assert_int_equal(fs->dead.disk.entries, 0);
        assert_in_range(before - free_blocks(fs), 0, 100); /* but for the nodes of a tree that is not contiguous now */
        assert_int_equal(tfs_unmount(fs), 0);
        device_delete(d);
    }
}

/* A removed file that is open, and a snapshot in memory: what they hold outlives the named snapshot that sees it as well. */
static void test_held(void **state)
{
    struct device *d = device_new(NBLOCKS, 86);
    uint8_t buf[5 * TFS_BLOCK], want[sizeof buf];
    struct tfs_file *f[2];
    struct tfs_snap *snap;
    struct tfs_space sp;

    (void)state;
    memset(want, 7, sizeof want);
    assert_int_equal(tfs_format(&d->env, NBLOCKS), 0);
    struct tfs *fs = mount_or_die(d);
    struct tfs_file *root = tfs_root(fs);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(tfs_create(root, i ? "g" : "f", 0644, &f[i]), 0);
        assert_int_equal(tfs_write(f[i], 0, want, sizeof want), sizeof want);
    }
    assert_int_equal(tfs_named_create(fs, "s"), 0);
    uint64_t before = free_blocks(fs);
    assert_int_equal(tfs_snap_take(f[1], &snap), 0);
    assert_int_equal(tfs_remove(root, "f"), 0); /* it is open */
    assert_int_equal(tfs_truncate(f[1], 0), 0);
    assert_int_equal(tfs_commit(fs), 0);
    tfs_space(fs, &sp);
    assert_int_equal(sp.held_blocks, 0); /* the named snapshot has them as well */
    assert_int_equal(tfs_check(fs, print_finding, NULL), 0);
    assert_int_equal(tfs_named_remove(fs, "s"), 0);
    tfs_space(fs, &sp);
    assert_int_equal(sp.held_blocks, 10);
    assert_int_equal(tfs_named_create(fs, "t"), 0); /* younger than what is held, but does not see it */
    for (int i = 0; i < 300; i++) { /* whatever is free is used */
        struct tfs_file *g;
        memset(buf, i, sizeof buf);
        assert_int_equal(tfs_create(root, "new", 0644, &g), 0);
        assert_int_equal(tfs_write(g, 0, buf, sizeof buf), sizeof buf);
        tfs_unref(g);
        assert_int_equal(tfs_remove(root, "new"), 0);
    }
    assert_int_equal(tfs_commit(fs), 0);
    device_forget(d); /* what is on the medium is what counts */
    assert_int_equal(tfs_read(f[0], 0, buf, sizeof buf), sizeof buf);
    assert_memory_equal(buf, want, sizeof buf);
    assert_int_equal(tfs_snap_read(snap, 0, buf, sizeof buf), sizeof buf);
    assert_memory_equal(buf, want, sizeof buf);
    assert_int_equal(tfs_snap_unref(snap), 1);
    for (int i = 0; i < 2; i++)
        tfs_unref(f[i]);
    assert_int_equal(tfs_named_remove(fs, "t"), 0);
    assert_int_equal(tfs_commit(fs), 0);
    tfs_space(fs, &sp);
    assert_int_equal(sp.held_blocks, 0);
    assert_true(sp.free_blocks >= before + 10);
    assert_int_equal(tfs_check(fs, print_finding, NULL), 0);
    tfs_unref(root);
    assert_int_equal(tfs_unmount(fs), 0);
    device_delete(d);
}

/* ---- costs ---- */

static uint64_t moved(const struct device *d)
{
    return d->reads[0] + d->reads[1] + d->writes;
}

/* Blocks read and written to take a snapshot, and to remove it when `dead` blocks of a file of so many MiB were overwritten. */
static void cost(uint64_t nblocks, uint64_t mib, uint64_t dead, uint64_t *take, uint64_t *remove)
{
    static uint8_t buf[1u << 20];
    struct device *d = device_new(nblocks, 84);
    struct tfs_file *root, *f;

    assert_int_equal(tfs_format(&d->env, nblocks), 0);
    struct tfs *fs = mount_or_die(d);
    root = tfs_root(fs);
    assert_int_equal(tfs_create(root, "f0", 0644, &f), 0);
    for (uint64_t off = 0; off < mib << 20; off += sizeof buf)
        assert_int_equal(tfs_write(f, off, buf, sizeof buf), sizeof buf);
    assert_int_equal(tfs_commit(fs), 0);
    uint64_t before = moved(d);
    assert_int_equal(tfs_named_create(fs, "x"), 0);
    *take = moved(d) - before;
    for (uint64_t i = 0; i < dead; i++) /* every other block: an entry each */
        assert_int_equal(tfs_write(f, i * 2 * TFS_BLOCK, buf, 1), 1);
    assert_int_equal(tfs_commit(fs), 0);
    before = moved(d);
    assert_int_equal(tfs_named_remove(fs, "x"), 0);
    *remove = moved(d) - before;
    tfs_unref(f);
    tfs_unref(root);
    assert_int_equal(tfs_unmount(fs), 0);
    device_delete(d);
}

/* Taking one is O(1), removing one costs what its deadlist is long. */
static void test_cost(void **state)
{
    static const struct {
        uint64_t nblocks, mib, dead;
    } sizes[] = {{30000, 1, 100}, {30000, 100, 100}, {700000, 1, 100}, {700000, 100, 100}, {700000, 100, 10000}};
    enum { SIZES = sizeof sizes / sizeof sizes[0] };
    uint64_t take[SIZES], remove[SIZES];

    (void)state;
    for (int i = 0; i < SIZES; i++) {
        cost(sizes[i].nblocks, sizes[i].mib, sizes[i].dead, &take[i], &remove[i]);
        printf("# disk of %llu blocks, file of %llu MiB, %llu blocks dead: %llu blocks moved to take, %llu to remove\n",
               (unsigned long long)sizes[i].nblocks, (unsigned long long)sizes[i].mib,
               (unsigned long long)sizes[i].dead, (unsigned long long)take[i], (unsigned long long)remove[i]);
        assert_int_equal(take[i], take[0]);
        if (sizes[i].dead == 100)
            assert_in_range(remove[i], 1, 8);
    }
    assert_in_range(take[0], 1, 2); /* record, superblock */
    assert_in_range(remove[SIZES - 1], 1, 10000 / DEAD_ENTRIES * 2);
}

/* ---- the format before this one ---- */

static void test_version_3(void **state)
{
    struct device *d = device_new(NBLOCKS, 87);
    uint64_t x = 87;
    struct tfs *fs;

    (void)state;
    assert_int_equal(tfs_format(&d->env, NBLOCKS), 0);
    fs = mount_or_die(d);
    for (int i = 0; i < 40; i++)
        change(fs, &x);
    uint32_t want = look(fs);
    for (struct group *g = fs->groups; g != NULL; g = g->next)
        g->must = 1; /* version 3 wrote the map with each commit */
    fs->changed = 1;
    assert_int_equal(tfs_unmount(fs), 0);
    device_forget(d);
    for (uint64_t b = 0; b < 2; b++) { /* as version 3 would have written it */
        struct disk_super now;
        struct disk_super_v3 *old = (void *)(d->medium + b * TFS_BLOCK);
        memcpy(&now, old, sizeof now);
        memset(old, 0, TFS_BLOCK);
        now.version = 3;
        memcpy(old->as_now, &now, sizeof old->as_now);
        old->table = now.table;
        memcpy(old->map_copy, now.map_copy, sizeof now.map_copy);
        tfs_seal(old, b);
    }
    fs = mount_or_die(d);
    assert_int_equal(look(fs), want);
    assert_int_equal(tfs_check(fs, print_finding, NULL), 0);
    assert_int_equal(tfs_named_create(fs, "s"), 0);
    change(fs, &x);
    fs = remount(d, fs);
    verify(fs, "s", want);
    assert_int_equal(tfs_check(fs, print_finding, NULL), 0);
    assert_int_equal(tfs_unmount(fs), 0);
    device_forget(d);
    for (uint64_t b = 0; b < 2; b++) { /* named snapshots of version 3 are of another kind */
        struct disk_super_v3 *old = (void *)(d->medium + b * TFS_BLOCK);
        ((struct disk_super *)(void *)old)->version = 3;
        old->snap_blk = 100;
        tfs_seal(old, b);
    }
    assert_int_equal(tfs_mount(&d->env, NBLOCKS, &fs), -TFS_ECORRUPT);
    assert_non_null(strstr(d->complaint, "tarry fs snap rm"));
    device_delete(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_long_lists),
        cmocka_unit_test(test_held),
        cmocka_unit_test(test_cost),
        cmocka_unit_test(test_version_3),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("fs_named", tests, NULL, NULL);
}
