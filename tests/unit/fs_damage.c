/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Damage: single flipped bits are found and never served as data; metadata changed at will, checksums put
 * right again, does not crash, hang or leak; transfers and allocations that fail leave a sound file system.
 */
#include <unistd.h>
#include "fs_device.h"
#include "fs/core.h"

#define NBLOCKS 3000
#define BIG_BLOCKS 700u

static uint8_t pattern(uint64_t ino, uint64_t off)
{
    return (uint8_t)(ino * 131 + off / TFS_BLOCK * 7 + off % TFS_BLOCK);
}

/* Named snapshots with deadlists of two blocks, the last of them the live one. What is there in the end is as without them. */
static void take_snapshots(struct tfs *fs, struct tfs_file *root, struct tfs_file *big)
{
    struct tfs_file *f;
    uint8_t block[TFS_BLOCK];
    char name[8];

    assert_int_equal(tfs_create(root, "gone", 0644, &f), 0);
    for (unsigned b = 0; b < 100; b++)
        assert_int_equal(tfs_write(f, b * 2 * TFS_BLOCK, "gone", 4), 4);
    tfs_unref(f);
    for (unsigned i = 0; i < 3; i++) {
        sprintf(name, "s%u", i);
        assert_int_equal(tfs_named_create(fs, name), 0);
        for (unsigned b = 0; b < 200; b++) {
            uint64_t at = (b * 13 + i * 7) % BIG_BLOCKS * 2;
            for (unsigned k = 0; k < TFS_BLOCK; k++)
                block[k] = pattern(1, at * TFS_BLOCK + k);
            assert_int_equal(tfs_write(big, at * TFS_BLOCK, block, sizeof block), sizeof block);
        }
        if (i == 1)
            assert_int_equal(tfs_remove(root, "gone"), 0);
    }
    assert_int_equal(tfs_named_remove(fs, "s1"), 0);
}

/* A file system with something of everything: named snapshots, deep trees, holes, several buckets, free inodes. */
static void populate(struct device *d)
{
    assert_int_equal(tfs_format(&d->env, d->nblocks), 0);
    struct tfs *fs = mount_or_die(d);
    struct tfs_file *root = tfs_root(fs), *dir, *f;
    uint8_t block[TFS_BLOCK];
    char name[100];

    assert_int_equal(tfs_create(root, "dir", DMDIR_BIT | 0755, &dir), 0);
    for (int i = 0; i < 150; i++) {
        sprintf(name, "entry-%d-%s", i, "with-a-name-that-takes-some-room-in-its-directory-block");
        assert_int_equal(tfs_create(dir, name, 0644, &f), 0);
        memset(block, i, sizeof block);
        assert_int_equal(tfs_write(f, 0, block, (size_t)(i * 20)), i * 20);
        tfs_unref(f);
        if (i % 5 == 0)
            assert_int_equal(tfs_remove(dir, name), 0);
    }
    assert_int_equal(tfs_create(root, "big", 0644, &f), 0);
    for (unsigned b = 0; b < BIG_BLOCKS; b++) { /* backwards and every other one: extents of one block */
        uint64_t at = (BIG_BLOCKS - 1 - b) * 2;
        for (unsigned k = 0; k < TFS_BLOCK; k++)
            block[k] = pattern(1, at * TFS_BLOCK + k);
        assert_int_equal(tfs_write(f, at * TFS_BLOCK, block, sizeof block), sizeof block);
    }
    take_snapshots(fs, root, f);
    tfs_unref(f);
    tfs_unref(dir);
    tfs_unref(root);
    assert_int_equal(tfs_unmount(fs), 0);
    device_forget(d);
}

/* Every byte that can be read of "big" is right. Returns errors met. */
static int read_big(struct tfs *fs)
{
    struct tfs_file *root = tfs_root(fs), *f;
    uint8_t block[TFS_BLOCK];
    int errors = 0, r = tfs_walk(root, "big", &f);

    tfs_unref(root);
    if (r < 0)
        return 1;
    for (unsigned b = 0; b < BIG_BLOCKS * 2 - 1; b++) {
        int64_t n = tfs_read(f, b * TFS_BLOCK, block, sizeof block);
        if (n < 0) {
            errors++;
            continue;
        }
        assert_int_equal(n, sizeof block);
        for (unsigned k = 0; k < TFS_BLOCK; k++)
            if (block[k] != (b % 2 ? 0 : pattern(1, b * TFS_BLOCK + k)))
                fail_msg("damaged data was served, block %u", b);
    }
    tfs_unref(f);
    return errors;
}

/* Blocks that the newest commit needs. */
static uint8_t *needed_blocks(struct device *d)
{
    uint8_t *need = calloc(1, d->nblocks);
    struct tfs *fs = mount_or_die(d);

    for (uint64_t b = fs->first; b < d->nblocks; b++)
        need[b] = (uint8_t)space_is_used(fs, b);
    need[fs->generation & 1] = 1;
    for (uint64_t g = 0; g < fs->map_groups; g++)
        need[MAP_BLOCK(g, fs->map_copy[g / 8] >> g % 8 & 1)] = 1;
    assert_int_equal(tfs_unmount(fs), 0);
    device_forget(d);
    return need;
}

static void mark_piece(void *arg, const struct piece *p)
{
    memset((uint8_t *)arg + p->blk, 1, p->n);
}

/* Those of them that the live files need: others are of named snapshots. */
static uint8_t *live_blocks(struct device *d)
{
    uint8_t *live = calloc(1, d->nblocks);
    struct tfs *fs = mount_or_die(d);

    assert_int_equal(reach_all(fs, mark_piece, live), 0);
    assert_int_equal(tfs_unmount(fs), 0);
    device_forget(d);
    return live;
}

struct wanted {
    uint64_t blk;
    int found;
};

/* Whether a text says "block N". */
static int names(const char *text, uint64_t blk)
{
    char number[32];
    size_t n = (size_t)sprintf(number, "%llu", (unsigned long long)blk);

    for (const char *p = text; (p = strstr(p, "block ")) != NULL; p++)
        if (strncmp(p + 6, number, n) == 0 && (p[6 + n] < '0' || p[6 + n] > '9'))
            return 1;
    return 0;
}

static void look_for_name(void *arg, const char *finding)
{
    struct wanted *w = arg;

    w->found |= names(finding, w->blk);
}

/* Each block of the image in turn, one bit of it: what is needed is found and named, what is not does no harm. */
static void test_flipped_bits(void **state)
{
    struct device *d = device_new(NBLOCKS, 31);
    uint64_t x = test_seed("flipped bits", 31);
    unsigned flipped = 0;

    (void)state;
    populate(d);
    uint8_t *need = needed_blocks(d);
    for (uint64_t b = 0; b < d->nblocks; b++) {
        struct tfs *fs;
        uint64_t bit = below(&x, TFS_BLOCK * 8);
        struct wanted named = {.blk = b};
        if (!need[b] && b % 16 != 0)
            continue;
        d->medium[b * TFS_BLOCK + bit / 8] ^= (uint8_t)(1u << bit % 8);
        d->complaints = 0;
        d->on_complaint = look_for_name;
        d->on_complaint_arg = &named;
        int64_t found = 1;
        if (tfs_mount(&d->env, d->nblocks, &fs) == 0) {
            found = tfs_check(fs, look_for_name, &named);
            if (b % 8 == 0 || !need[b])
                read_big(fs);
            tfs_unmount(fs);
        }
        if (need[b] && (found + d->complaints <= 0 || !named.found))
            fail_msg("a flipped bit in block %llu was not %s", (unsigned long long)b,
                     named.found ? "found" : "named");
        if (!need[b] && b > 1 && found != 0)
            fail_msg("a flipped bit in free block %llu was found", (unsigned long long)b);
        d->medium[b * TFS_BLOCK + bit / 8] ^= (uint8_t)(1u << bit % 8);
        device_forget(d);
        flipped += need[b];
    }
    d->on_complaint = NULL;
    printf("# %u blocks with a flipped bit\n", flipped);
    assert_true(flipped > 800);
    free(need);
    device_delete(d);
}

/* ---- hostile images ---- */

static void look_into(struct tfs *fs, const char *snapshot)
{
    struct tfs *view;
    struct tfs_file *root, *f;
    uint8_t buf[3000];

    if (tfs_named_mount(fs, snapshot, &view) < 0)
        return;
    root = tfs_root(view);
    if (tfs_walk(root, "big", &f) == 0) {
        for (uint64_t at = 0; at < BIG_BLOCKS * 2; at += 9)
            tfs_read(f, at * TFS_BLOCK, buf, sizeof buf);
        tfs_unref(f);
    }
    tfs_unref(root);
    tfs_unmount(view);
}

/* Some of everything; every call may fail, none may crash or hang. */
static void use(struct tfs *fs, uint64_t *x)
{
    struct tfs_file *root = tfs_root(fs), *dir = NULL, *big = NULL, *f;
    struct tfs_snap *snap = NULL;
    struct tfs_dirent e;
    uint64_t cookie = 0;
    uint8_t buf[3000];
    int same;

    memset(buf, 1, sizeof buf);
    tfs_walk(root, "dir", &dir);
    tfs_walk(root, "big", &big);
    if (big != NULL)
        tfs_snap_take(big, &snap);
    for (int i = 0; i < 12; i++) {
        if (big != NULL) {
            uint64_t at = below(x, BIG_BLOCKS * 2 * TFS_BLOCK);
            tfs_read(big, at, buf, sizeof buf);
            tfs_write(big, at, buf, sizeof buf);
        }
        if (snap != NULL) {
            tfs_snap_compare(snap, big, below(x, BIG_BLOCKS), 100, &same);
            tfs_snap_read(snap, below(x, BIG_BLOCKS) * TFS_BLOCK, buf, sizeof buf);
        }
    }
    for (int i = 0; dir != NULL && i < 300 && tfs_readdir(dir, &cookie, &e) > 0; i++) {
        if (tfs_walk(dir, e.name, &f) == 0) {
            tfs_write(f, 5000, buf, 100);
            tfs_unref(f);
        }
        if (i % 3 == 0)
            tfs_remove(dir, e.name);
        else if (i % 7 == 0)
            tfs_rename(dir, e.name, root, "moved");
    }
    for (int i = 0; dir != NULL && i < 20; i++) {
        char name[40];
        sprintf(name, "new-%d", i);
        if (tfs_create(dir, name, i % 4 ? 0644 : DMDIR_BIT | 0755, &f) == 0)
            tfs_unref(f);
    }
    if (below(x, 2))
        tfs_named_create(fs, "new");
    if (below(x, 2))
        tfs_named_remove(fs, below(x, 2) ? "s0" : "s2");
    look_into(fs, below(x, 2) ? "s0" : "s2");
    if (big != NULL && below(x, 2))
        tfs_truncate(big, below(x, BIG_BLOCKS * TFS_BLOCK));
    tfs_commit(fs);
    if (big != NULL)
        tfs_remove(root, "big");
    if (snap != NULL)
        tfs_snap_unref(snap);
    if (big != NULL)
        tfs_unref(big);
    if (dir != NULL)
        tfs_unref(dir);
    tfs_unref(root);
}

static uint64_t interesting(uint64_t *x)
{
    switch (below(x, 8)) {
    case 0: return 0;
    case 1: return UINT64_MAX >> below(x, 40);
    case 2: return below(x, NBLOCKS + 10);
    case 3: return 1ull << below(x, 64);
    default: return below(x, 400);
    }
}

/* Changes a field of a metadata block and seals it again. */
static void mutate(struct device *d, uint64_t blk, uint64_t *x)
{
    uint8_t *p = d->medium + blk * TFS_BLOCK;
    size_t width = (size_t)1 << below(x, 4), span = below(x, 3) ? 400 : TFS_BLOCK;
    uint64_t v = interesting(x);

    for (uint64_t i = 1 + below(x, 3); i > 0; i--) {
        size_t at = below(x, span) & ~(width - 1);
        if (at < 24 && below(x, 8)) /* magic, address, birth: mostly left alone, or nothing gets far */
            at += 24;
        if (at + width > TFS_BLOCK)
            continue;
        if (below(x, 2)) {
            uint64_t old = 0;
            memcpy(&old, p + at, width);
            v = old + below(x, 5) - 2;
        }
        memcpy(p + at, &v, width);
    }
    if (below(x, 10))
        tfs_seal(p, blk);
}

/* Those of the needed blocks that look like nodes with a header of their own. Returns their number. */
static uint64_t metadata_blocks(const uint8_t *image, const uint8_t *need, uint64_t *meta)
{
    uint64_t n = 0;

    for (uint64_t b = 0; b < NBLOCKS; b++) {
        const struct disk_header *h = (const void *)(image + b * TFS_BLOCK);
        if (need[b] && h->blk == b && (h->birth & ~0xffffull) == 0)
            meta[n++] = b;
    }
    return n;
}

static void test_hostile(void **state)
{
    struct device *d = device_new(NBLOCKS, 32);
    uint64_t x = test_seed("hostile images", 32), mounted = 0;
    uint64_t meta[NBLOCKS], nmeta;
    const int rounds = 1200;

    (void)state;
    populate(d);
    uint8_t *need = needed_blocks(d), *good = malloc(NBLOCKS * TFS_BLOCK);
    memcpy(good, d->medium, NBLOCKS * TFS_BLOCK);
    nmeta = metadata_blocks(good, need, meta);
    d->logging = 1;
    alarm(100); /* a hang is a failure */
    for (int i = 0; i < rounds; i++) {
        struct tfs *fs;
        uint64_t hit[3], n = 1 + below(&x, 3);
        for (uint64_t k = 0; k < n; k++) {
            hit[k] = meta[below(&x, below(&x, 2) ? nmeta : 10)];
            mutate(d, hit[k], &x);
        }
        if (tfs_mount(&d->env, d->nblocks, &fs) == 0) {
            mounted++;
            if (below(&x, 2))
                tfs_check(fs, ignore_finding, NULL);
            use(fs, &x);
            tfs_check(fs, ignore_finding, NULL);
            tfs_unmount(fs);
        }
        assert_int_equal(d->pins, 0);
        device_forget(d);
        for (uint64_t k = 0; k < n; k++)
            memcpy(d->medium + hit[k] * TFS_BLOCK, good + hit[k] * TFS_BLOCK, TFS_BLOCK);
        for (size_t k = 0; k < d->nlog; k++)
            if (d->log[k].blk != BARRIER)
                memcpy(d->medium + d->log[k].blk * TFS_BLOCK, good + d->log[k].blk * TFS_BLOCK, TFS_BLOCK);
        d->nlog = 0;
    }
    alarm(0);
    printf("# %d mutated images of %llu metadata blocks, %llu could be mounted\n", rounds, (unsigned long long)nmeta,
           (unsigned long long)mounted);
    assert_true(mounted > (uint64_t)rounds / 10);
    free(need);
    free(good);
    device_delete(d);
}

/* A tree whose nodes all lead to one and the same node below, again and again: nobody goes through it 160^9 times. */
static void test_tangled(void **state)
{
    struct device *d = device_new(NBLOCKS, 38);
    struct tfs_extent table;
    struct tfs_file *root, *f;
    enum { TOP = 9, FROM = 1000 };

    (void)state;
    assert_int_equal(tfs_format(&d->env, NBLOCKS), 0);
    struct tfs *fs = mount_or_die(d);
    root = tfs_root(fs);
    assert_int_equal(tfs_create(root, "f", 0644, &f), 0);
    uint32_t slot = f->slot;
    tfs_unref(f);
    tfs_unref(root);
    assert_int_equal(tfs_commit(fs), 0);
    assert_int_equal(tree_find(fs, &fs->table->inode.root, 0, &table), 0);
    uint64_t birth = fs->committed;
    assert_int_equal(tfs_unmount(fs), 0);
    device_forget(d);
    for (unsigned level = 0; level < TOP; level++) {
        uint8_t *block = d->medium + (FROM + level) * TFS_BLOCK;
        struct disk_header *h = (void *)block;
        *h = (struct disk_header){.magic = MAGIC_NODE, .birth = birth,
                                  .shape = {.level = (uint16_t)level, .count = level > 0 ? 160 : 0}};
        for (unsigned i = 0; level > 0 && i < 160; i++)
            ((struct disk_child *)(void *)(h + 1))[i] = (struct disk_child){.fblk = i, .blk = FROM + level - 1, .birth = birth};
        tfs_seal(block, FROM + level);
    }
    uint8_t *block = d->medium + table.blk * TFS_BLOCK;
    struct disk_inode *i = (void *)(block + sizeof(struct disk_header) + slot * INODE_BYTES);
    i->root.shape = (struct disk_shape){.level = TOP, .count = 8};
    for (unsigned k = 0; k < 8; k++)
        ((struct disk_child *)(void *)i->root.body)[k] = (struct disk_child){.fblk = k, .blk = FROM + TOP - 1, .birth = birth};
    i->length = 160 * TFS_BLOCK;
    tfs_seal(block, table.blk);

    alarm(20); /* a hang is a failure */
    fs = mount_or_die(d);
    assert_true(tfs_check(fs, ignore_finding, NULL) > 0);
    tfs_named_create(fs, "s");
    assert_true(tfs_check(fs, ignore_finding, NULL) > 0);
    root = tfs_root(fs);
    tfs_remove(root, "f");
    tfs_unref(root);
    tfs_unmount(fs);
    device_forget(d);
    assert_true(tfs_repair(&d->env, NBLOCKS, ignore_finding, NULL) >= 0);
    alarm(0);
    device_delete(d);
}

/* ---- repair ---- */

/* Mounts what a repair has left: it must be clean, and of use. */
static void use_repaired(struct device *d, uint64_t *x)
{
    struct tfs *fs = mount_or_die(d);

    assert_int_equal(tfs_check(fs, print_finding, NULL), 0);
    use(fs, x);
    assert_int_equal(tfs_check(fs, print_finding, NULL), 0);
    assert_int_equal(tfs_unmount(fs), 0);
}

/* How many of the small files of "dir" are where they were, and whole. Their contents are never wrong. */
static int count_sound(struct tfs *fs)
{
    struct tfs_file *root = tfs_root(fs), *dir, *f;
    uint8_t buf[4 * TFS_BLOCK];
    char name[100];
    int n = 0;

    if (tfs_walk(root, "dir", &dir) == 0) {
        for (int i = 0; i < 150; i++) {
            sprintf(name, "entry-%d-%s", i, "with-a-name-that-takes-some-room-in-its-directory-block");
            if (tfs_walk(dir, name, &f) < 0)
                continue;
            int64_t got = tfs_read(f, 0, buf, sizeof buf);
            assert_int_equal(got, i * 20);
            for (int64_t k = 0; k < got; k++)
                assert_int_equal(buf[k], i);
            tfs_unref(f);
            n++;
        }
        tfs_unref(dir);
    }
    tfs_unref(root);
    return n;
}

/* Each block in use is lost in turn: what did not depend on it is where it was. */
static void test_repair_each_block(void **state)
{
    struct device *d = device_new(NBLOCKS, 36);
    uint64_t x = test_seed("repair", 36);
    unsigned repaired = 0, hopeless = 0, kept = 0;
    uint8_t *need, *live, *good = malloc(NBLOCKS * TFS_BLOCK);

    (void)state;
    populate(d);
    need = needed_blocks(d);
    live = live_blocks(d);
    memcpy(good, d->medium, NBLOCKS * TFS_BLOCK);
    for (uint64_t b = 0; b < NBLOCKS; b++) {
        const struct disk_header *h = (const void *)(good + b * TFS_BLOCK);
        struct tfs *fs;
        if (!need[b] || (h->blk != b && below(&x, 8) != 0)) /* all metadata, some data */
            continue;
        memset(d->medium + b * TFS_BLOCK + below(&x, 3900), 0xa5, 100);
        int64_t done = tfs_repair(&d->env, NBLOCKS, ignore_finding, NULL);
        assert_int_equal(d->pins, 0);
        assert_int_equal(d->allocations, 0);
        device_forget(d);
        if (done < 0) {
            hopeless++;
        } else {
            fs = mount_or_die(d);
            int sound = count_sound(fs), large = read_big(fs);
            assert_int_equal(tfs_check(fs, print_finding, NULL), 0);
            assert_int_equal(tfs_unmount(fs), 0);
            uint32_t magic = h->blk == b ? h->magic : 0;
            if (magic == MAGIC_MAP)
                assert_true(sound == 120 && large == 0);
            if (magic == MAGIC_NODE)
                assert_int_equal(sound, 120);
            if (magic == MAGIC_SNAP || magic == MAGIC_DEAD || (!live[b] && magic == 0))
                assert_true(sound == 120 && large == 0);
            else if (magic == 0)
                assert_true((sound == 119 && large == 0) || (sound == 120 && large > 0));
            kept += sound == 120 && large == 0;
            repaired++;
            use_repaired(d, &x);
        }
        device_forget(d);
        memcpy(d->medium, good, NBLOCKS * TFS_BLOCK);
    }
    printf("# %u repaired, %u of them with nothing lost where it was; %u hopeless\n", repaired, kept, hopeless);
    assert_int_equal(hopeless, 0);
    assert_true(repaired > 100 && kept > 0);
    free(live);
    free(need);
    free(good);
    device_delete(d);
}

static void test_repair_hostile(void **state)
{
    struct device *d = device_new(NBLOCKS, 37);
    uint64_t x = test_seed("repair of hostile images", 37);
    uint64_t meta[NBLOCKS], nmeta;
    unsigned repaired = 0;
    const int rounds = 400;

    (void)state;
    populate(d);
    uint8_t *need = needed_blocks(d), *good = malloc(NBLOCKS * TFS_BLOCK);
    memcpy(good, d->medium, NBLOCKS * TFS_BLOCK);
    nmeta = metadata_blocks(good, need, meta);
    alarm(100); /* a hang is a failure */
    for (int i = 0; i < rounds; i++) {
        for (uint64_t k = 1 + below(&x, 3); k > 0; k--)
            mutate(d, meta[below(&x, below(&x, 2) ? nmeta : 10)], &x);
        int64_t done = tfs_repair(&d->env, NBLOCKS, ignore_finding, NULL);
        assert_int_equal(d->pins, 0);
        assert_int_equal(d->allocations, 0);
        device_forget(d);
        if (done >= 0) {
            repaired++;
            use_repaired(d, &x);
        }
        device_forget(d);
        memcpy(d->medium, good, NBLOCKS * TFS_BLOCK);
    }
    alarm(0);
    printf("# %u of %d repaired\n", repaired, rounds);
    assert_true(repaired > (unsigned)rounds / 2);
    free(need);
    free(good);
    device_delete(d);
}

/* ---- failing transfers and allocations ---- */

static void failing(const char *what, uint64_t seed, uint64_t writes, uint64_t allocs)
{
    uint64_t x = test_seed(what, seed);
    struct device *full = device_new(NBLOCKS, x);

    populate(full);
    for (int round = 0; round < 40; round++) {
        struct device *d = device_new(NBLOCKS, x);
        struct tfs *fs;
        memcpy(d->medium, full->medium, NBLOCKS * TFS_BLOCK);
        d->churn = 4;
        d->fail_write = writes;
        d->fail_alloc = allocs;
        if (tfs_mount(&d->env, d->nblocks, &fs) == 0) {
            use(fs, &x);
            use(fs, &x);
            tfs_unmount(fs);
        }
        assert_int_equal(d->pins, 0);
        d->fail_write = d->fail_alloc = 0;
        device_forget(d);
        fs = mount_or_die(d);
        assert_int_equal(tfs_check(fs, print_finding, NULL), 0);
        assert_int_equal(tfs_unmount(fs), 0);
        device_delete(d);
    }
    device_delete(full);
}

static void test_failing_writes(void **state)
{
    (void)state;
    failing("failing writes", 33, 60, 0);
}

static void test_failing_allocations(void **state)
{
    (void)state;
    failing("failing allocations", 34, 0, 12);
}

/* Reads that fail are errors to the caller, and never change what is read later. */
static void test_failing_reads(void **state)
{
    struct device *d = device_new(NBLOCKS, 35);
    uint64_t errors = 0;

    (void)state;
    populate(d);
    struct tfs *fs = mount_or_die(d);
    d->churn = 2;
    d->fail_read = 9;
    for (int i = 0; i < 10; i++)
        errors += (uint64_t)read_big(fs);
    d->fail_read = 0;
    assert_true(errors > 0);
    assert_int_equal(read_big(fs), 0);
    assert_int_equal(tfs_check(fs, print_finding, NULL), 0);
    assert_int_equal(tfs_unmount(fs), 0);
    device_delete(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flipped_bits),   cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_tangled),
        cmocka_unit_test(test_failing_writes), cmocka_unit_test(test_failing_allocations),
        cmocka_unit_test(test_failing_reads),
        cmocka_unit_test(test_repair_each_block),
        cmocka_unit_test(test_repair_hostile),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("fs_damage", tests, NULL, NULL);
}
