/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The free map on the disk: copies of groups and what the superblock says has changed since. Small commits all over a disk of several groups,
 * with mounts in between after which few of the groups are loaded, and with what is not committed forgotten now and then.
 */
#include "fs_device.h"
#include "fs/core.h"

#define NGROUPS 4
#define NBLOCKS (NGROUPS * GROUP_BLOCKS)
#define NFILES 12

struct world {
    struct device *d;
    struct tfs *fs;
    uint64_t x;
};

/* One file is written scattered, in a random part of the disk, or cut. */
static void change(struct world *w)
{
    struct tfs_file *root = tfs_root(w->fs), *f;
    char name[8];

    w->fs->cursor = w->fs->first + below(&w->x, min_u64(w->fs->nblocks, (w->fs->map_groups + 1) * GROUP_BLOCKS) - w->fs->first);
    sprintf(name, "f%u", (unsigned)below(&w->x, NFILES));
    if (tfs_walk(root, name, &f) < 0)
        assert_int_equal(tfs_create(root, name, 0644, &f), 0);
    if (below(&w->x, 4) == 0)
        assert_int_equal(tfs_truncate(f, below(&w->x, 100) * TFS_BLOCK), 0);
    for (uint64_t n = 1 + below(&w->x, below(&w->x, 5) ? 4 : 60); n > 0; n--)
        assert_int_equal(tfs_write(f, below(&w->x, 200) * TFS_BLOCK, &n, sizeof n), sizeof n);
    tfs_unref(f);
    tfs_unref(root);
}

static void mount_again(struct world *w, int keep)
{
    if (keep)
        assert_int_equal(tfs_unmount(w->fs), 0);
    else
        super_forget(w->fs);
    device_forget(w->d);
    w->d->pins = 0;
    w->fs = mount_or_die(w->d);
}

static unsigned loaded(const struct tfs *fs)
{
    unsigned n = 0;

    for (const struct group *g = fs->groups; g != NULL; g = g->next)
        n++;
    return n;
}

static void test_random(void **state)
{
    struct world w = {.d = device_new(NBLOCKS, 96), .x = test_seed("free map", 96)};
    unsigned few = 0, carried = 0, maps = 0;

    (void)state;
    assert_int_equal(tfs_format(&w.d->env, NBLOCKS), 0);
    w.fs = mount_or_die(w.d);
    for (int round = 0; round < 600; round++) {
        uint8_t before[(NGROUPS + 7) / 8];
        for (uint64_t n = 1 + below(&w.x, 3); n > 0; n--)
            change(&w);
        memcpy(before, w.fs->map_copy, sizeof before);
        carried += w.fs->ncarried > 0;
        few += loaded(w.fs) < NGROUPS;
        assert_int_equal(tfs_commit(w.fs), 0);
        maps += memcmp(before, w.fs->map_copy, sizeof before) != 0;
        if (below(&w.x, 3) == 0)
            change(&w);
        if (below(&w.x, 2) == 0)
            mount_again(&w, below(&w.x, 3) > 0);
        if (below(&w.x, 6) == 0)
            assert_int_equal(tfs_check(w.fs, print_finding, NULL), 0);
    }
    assert_int_equal(tfs_check(w.fs, print_finding, NULL), 0);
    printf("# %u commits wrote maps, at %u of them not all groups were loaded, at %u the superblock's changes of such went on\n",
           maps, few, carried);
    assert_in_range(maps, 10, 400);
    assert_true(few > 50 && carried > 50);
    assert_int_equal(w.fs->map_groups, NGROUPS);
    assert_int_equal(tfs_unmount(w.fs), 0);
    assert_int_equal(w.d->allocations, 0);
    device_delete(w.d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random)};

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("fs_map", tests, NULL, NULL);
}
