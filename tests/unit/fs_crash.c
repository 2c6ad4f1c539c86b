/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The power is cut: after every single block write of a random workload, and with the
 * writes since the last barrier partly done in any order. What was committed must be there, no more and no less, and
 * check must be clean (E5).
 */
#include "fs_device.h"

#define NBLOCKS 1500
#define NFILES 8
#define MAX_BYTES (30u * TFS_BLOCK)

struct file_state {
    int exists;
    uint64_t length;
    uint32_t crc;
};

struct commit_state {
    size_t at; /* writes in the log when it was complete */
    struct file_state file[NFILES];
};

struct history {
    struct commit_state *commit;
    size_t n;
};

static void name_of(int i, char *name)
{
    sprintf(name, "f%d", i);
}

/* What the file system holds, through its own interface. */
static void look(struct tfs *fs, struct file_state out[NFILES])
{
    static uint8_t buf[MAX_BYTES + 1];
    struct tfs_file *root = tfs_root(fs), *dir;
    char name[8];

    assert_int_equal(tfs_walk(root, "d", &dir), 0);
    tfs_unref(root);
    for (int i = 0; i < NFILES; i++) {
        struct tfs_file *f;
        name_of(i, name);
        int r = tfs_walk(dir, name, &f);
        out[i] = (struct file_state){.exists = r == 0};
        if (r < 0) {
            assert_int_equal(r, -TFS_ENOENT);
            continue;
        }
        int64_t n = tfs_read(f, 0, buf, sizeof buf);
        assert_true(n >= 0);
        out[i].length = (uint64_t)n;
        out[i].crc = tfs_crc32c(0, buf, (size_t)n);
        tfs_unref(f);
    }
    tfs_unref(dir);
}

static void note_commit(struct history *h, struct device *d, struct tfs *fs)
{
    h->commit = realloc(h->commit, (h->n + 1) * sizeof *h->commit);
    h->commit[h->n].at = d->nlog;
    look(fs, h->commit[h->n++].file);
}

/* One change of one file; some snapshots stay alive over commits and are never released before the cut. */
static void change(struct device *d, struct tfs_file *dir, struct tfs_snap **snap, uint64_t *x)
{
    static uint8_t src[MAX_BYTES];
    struct tfs_file *f;
    char name[8];

    (void)d;
    name_of((int)below(x, NFILES), name);
    if (tfs_walk(dir, name, &f) < 0)
        assert_int_equal(tfs_create(dir, name, 0644, &f), 0);
    switch (below(x, 10)) {
    case 0:
        tfs_unref(f);
        assert_int_equal(tfs_remove(dir, name), 0);
        return;
    case 1:
        assert_int_equal(tfs_truncate(f, below(x, MAX_BYTES)), 0);
        break;
    case 2:
        if (*snap != NULL)
            tfs_snap_unref(*snap);
        assert_int_equal(tfs_snap_take(f, snap), 0);
        break;
    case 3: {
        char to[8];
        name_of((int)below(x, NFILES), to);
        assert_int_equal(tfs_rename(dir, name, dir, to), 0); /* over what is there */
        break;
    }
    default: {
        uint64_t off = below(x, MAX_BYTES), n = 1 + below(x, below(x, 4) ? 6000 : MAX_BYTES);
        if (n > MAX_BYTES - off)
            n = MAX_BYTES - off;
        memset(src, (int)below(x, 256), n);
        assert_int_equal(tfs_write(f, off, src, n), n);
    }
    }
    tfs_unref(f);
}

static void workload(struct device *d, struct history *h, int commits, uint64_t *x)
{
    struct tfs *fs = mount_or_die(d);
    struct tfs_file *root = tfs_root(fs), *dir;
    struct tfs_snap *snap = NULL;

    assert_int_equal(tfs_create(root, "d", DMDIR_BIT | 0755, &dir), 0);
    tfs_unref(root);
    assert_int_equal(tfs_commit(fs), 0);
    d->logging = 1;
    note_commit(h, d, fs);
    for (int i = 0; i < commits; i++) {
        for (uint64_t k = 1 + below(x, 6); k > 0; k--)
            change(d, dir, &snap, x);
        size_t before = d->nlog;
        assert_int_equal(tfs_commit(fs), 0);
        if (d->nlog > before)
            note_commit(h, d, fs);
    }
    if (snap != NULL)
        tfs_snap_unref(snap);
    tfs_unref(dir);
    assert_int_equal(tfs_unmount(fs), 0);
}

/* Mounts what a cut has left and looks at all of it. */
static void examine(struct device *d, const struct commit_state *want, const struct commit_state *or_next)
{
    struct file_state now[NFILES];

    device_forget(d);
    struct tfs *fs = mount_or_die(d);
    assert_int_equal(tfs_check(fs, print_finding, NULL), 0);
    look(fs, now);
    if (or_next == NULL || memcmp(now, or_next->file, sizeof now) != 0)
        assert_memory_equal(now, want->file, sizeof now);
    uint64_t writes = d->writes;
    assert_int_equal(tfs_unmount(fs), 0);
    assert_int_equal(d->writes, writes); /* only looked at: nothing is written */
}

/* Life goes on after a cut: more changes, another check; then back to where it was. */
static void go_on(struct device *d, uint64_t *x)
{
    uint8_t *saved = malloc(d->nblocks * TFS_BLOCK);
    struct tfs_file *root, *dir;
    struct tfs_snap *snap = NULL;

    memcpy(saved, d->medium, d->nblocks * TFS_BLOCK);
    device_forget(d);
    struct tfs *fs = mount_or_die(d);
    root = tfs_root(fs);
    assert_int_equal(tfs_walk(root, "d", &dir), 0);
    for (int i = 0; i < 30; i++) {
        change(d, dir, &snap, x);
        if (i % 7 == 0)
            assert_int_equal(tfs_commit(fs), 0);
    }
    if (snap != NULL)
        tfs_snap_unref(snap);
    tfs_unref(dir);
    tfs_unref(root);
    assert_int_equal(tfs_unmount(fs), 0);
    device_forget(d);
    fs = mount_or_die(d);
    assert_int_equal(tfs_check(fs, print_finding, NULL), 0);
    assert_int_equal(tfs_unmount(fs), 0);
    memcpy(d->medium, saved, d->nblocks * TFS_BLOCK);
    free(saved);
}

/* A device as it was when the logging began, the log of what was written since, and what each commit held. */
static struct device *record(struct history *h, struct device **fresh, int commits, uint64_t seed)
{
    struct device *d = device_new(NBLOCKS, seed);
    uint64_t x = seed, replay = seed;

    d->churn = 10;
    assert_int_equal(tfs_format(&d->env, NBLOCKS), 0);
    workload(d, h, commits, &x);
    *fresh = device_new(NBLOCKS, seed); /* the same again, up to the first commit */
    (*fresh)->churn = 10;
    assert_int_equal(tfs_format(&(*fresh)->env, NBLOCKS), 0);
    struct history none = {0};
    workload(*fresh, &none, 0, &replay);
    free(none.commit);
    (*fresh)->logging = 0;
    (*fresh)->churn = 0;
    return d;
}

static void apply(struct device *d, const struct write_record *w)
{
    if (w->blk != BARRIER)
        memcpy(d->medium + w->blk * TFS_BLOCK, w->data, TFS_BLOCK);
}

static void test_every_write(void **state)
{
    struct history h = {0};
    struct device *now, *d;
    uint64_t seed = test_seed("crash", 21), x = seed;
    size_t points = 0, c = 0;

    (void)state;
    d = record(&h, &now, 360, seed);
    for (size_t i = 0; i <= d->nlog; i++) {
        /* The superblock is the last write of a commit, its barrier comes after it. */
        while (c + 1 < h.n && i + 1 >= h.commit[c + 1].at)
            c++;
        if (i == 0 || d->log[i - 1].blk != BARRIER) {
            examine(now, &h.commit[c], NULL);
            points++;
            if (below(&x, 60) == 0)
                go_on(now, &x);
        }
        if (i < d->nlog)
            apply(now, &d->log[i]);
    }
    printf("# %zu points, %zu commits\n", points, h.n);
    assert_true(points > 3000);
    free(h.commit);
    device_delete(d);
    device_delete(now);
}

/* Of the writes between two barriers any may have happened. */
static void test_any_order(void **state)
{
    struct history h = {0};
    struct device *now, *d;
    uint64_t seed = test_seed("crash in any order", 22), x = seed;
    uint8_t *saved = malloc(NBLOCKS * TFS_BLOCK);
    size_t points = 0, c = 0;

    (void)state;
    d = record(&h, &now, 120, seed);
    for (size_t from = 0, to; from < d->nlog; from = to + 1) {
        for (to = from; to < d->nlog && d->log[to].blk != BARRIER; to++)
            ;
        memcpy(saved, now->medium, NBLOCKS * TFS_BLOCK);
        while (c + 1 < h.n && from >= h.commit[c + 1].at)
            c++;
        for (int k = 0; k < 8 && to < d->nlog; k++, points++) {
            for (size_t i = from; i < to; i++)
                if (below(&x, 2))
                    apply(now, &d->log[i]);
            examine(now, &h.commit[c], c + 1 < h.n ? &h.commit[c + 1] : NULL);
            memcpy(now->medium, saved, NBLOCKS * TFS_BLOCK);
        }
        for (size_t i = from; i < to; i++)
            apply(now, &d->log[i]);
    }
    printf("# %zu points\n", points);
    assert_true(points > 1000);
    free(saved);
    free(h.commit);
    device_delete(d);
    device_delete(now);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_write), cmocka_unit_test(test_any_order)};

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("fs_crash", tests, NULL, NULL);
}
