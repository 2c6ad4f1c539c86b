/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The power is cut, and what the last commit held must be there, no more and no less, and check must be clean (E5). A disk may do this to
 * the writes since the last barrier, and all of it is tried for random workloads:
 *
 *   - it has done them up to any one of them, in order, the last one wholly or torn (any of its eight sectors, or its first bytes);
 *   - it has done any of them and not the others (all sets of them, if they are few), some torn.
 *
 * Cuts are counted; TARRY_CRASH_POINTS says how many are wanted (20,000).
 */
#include "fs_device.h"

#define NBLOCKS 1600
#define NFILES 10
#define NDIRS 2
#define NSNAPS 2
#define MAX_BLOCKS 160u /* of a file, scattered: trees of two levels */
#define MAX_BYTES (MAX_BLOCKS * TFS_BLOCK)
#define SECTOR 512u
#define COMMITS 40
#define ALL_SETS 4u /* so many writes or fewer: every subset is tried */

struct file_state {
    int exists;
    uint32_t mode;
    uint64_t length, version;
    uint32_t crc;
};

struct state {
    struct file_state file[NDIRS][NFILES];
    uint64_t dirs[NDIRS]; /* entries that a listing gives */
    uint32_t snap[NSNAPS]; /* what a named snapshot shows; 0: there is none */
};

struct commit_state {
    size_t at; /* writes in the log when it was complete */
    struct state state;
};

struct history {
    struct commit_state *commit;
    size_t n;
    struct device *d;
    struct tfs *fs;
};

struct tally {
    size_t prefixes, torn, sets, commits, went_on;
};

static size_t points(const struct tally *t)
{
    return t->prefixes + t->torn + t->sets;
}

static const char *const dir_names[NDIRS] = {"d", "a-directory-with-a-longer-name"};

static void name_of(int i, char *name)
{
    sprintf(name, i % 3 == 0 ? "f%d-%0100d" : "f%d", i, i); /* long ones fill buckets */
}

static struct tfs_file *open_dir(struct tfs *fs, int i)
{
    struct tfs_file *root = tfs_root(fs), *dir;

    assert_int_equal(tfs_walk(root, dir_names[i], &dir), 0);
    tfs_unref(root);
    return dir;
}

/* ---- what a file system holds ---- */

/* Holes and blocks with their checksums: as good as the bytes, since check compares those with the checksums. */
static uint32_t contents_of(struct tfs_file *f, uint64_t length)
{
    uint32_t crc = 0;
    struct tfs_extent e;

    for (uint64_t b = 0; b < (length + TFS_BLOCK - 1) / TFS_BLOCK; b++) {
        assert_int_equal(tfs_map(f, b, &e), 0);
        uint64_t what[2] = {b, e.blk != 0 ? 1ull << 32 | e.crc : 0};
        crc = tfs_crc32c(crc, what, sizeof what);
    }
    return crc;
}

static void look_at_file(struct tfs_file *dir, int i, struct file_state *out)
{
    struct tfs_file *f;
    struct tfs_stat st;
    char name[160];

    name_of(i, name);
    int r = tfs_walk(dir, name, &f);
    *out = (struct file_state){.exists = r == 0};
    if (r < 0) {
        assert_int_equal(r, -TFS_ENOENT);
        return;
    }
    tfs_stat(f, &st);
    out->mode = st.mode;
    out->length = st.length;
    out->version = st.version;
    out->crc = contents_of(f, st.length);
    tfs_unref(f);
}

static void look_at_files(struct tfs *fs, struct state *out)
{
    memset(out, 0, sizeof *out);
    for (int d = 0; d < NDIRS; d++) {
        struct tfs_file *dir = open_dir(fs, d);
        struct tfs_dirent e;
        uint64_t cookie = 0;
        int r;
        while ((r = tfs_readdir(dir, &cookie, &e)) > 0)
            out->dirs[d]++;
        assert_int_equal(r, 0);
        for (int i = 0; i < NFILES; i++)
            look_at_file(dir, i, &out->file[d][i]);
        tfs_unref(dir);
    }
}

static const char *const snap_names[NSNAPS] = {"one", "two"};

static void look(struct tfs *fs, struct state *out)
{
    struct state then;
    struct tfs *view;

    look_at_files(fs, out);
    for (int i = 0; i < NSNAPS; i++)
        if (tfs_named_mount(fs, snap_names[i], &view) == 0) {
            look_at_files(view, &then);
            out->snap[i] = tfs_crc32c(0, &then, sizeof then) | 1;
            assert_int_equal(tfs_unmount(view), 0);
        }
}

static void note_commit(struct history *h)
{
    h->commit = realloc(h->commit, (h->n + 1) * sizeof *h->commit);
    h->commit[h->n].at = h->d->nlog;
    look(h->fs, &h->commit[h->n++].state);
}

/* Commits happen when they are asked for, around named snapshots, and when only a commit makes room. */
static void at_commit(const struct tfs_event *e, void *arg)
{
    if (e->kind == TFS_EV_COMMIT_END && e->error == 0)
        note_commit(arg);
}

/* ---- the workload ---- */

/* What stays alive over commits, and is just gone after a cut: snapshots, and files that are open (perhaps removed). */
struct alive {
    struct tfs_snap *snap[3];
    struct tfs_file *open[3];
};

static void let_go(struct alive *a)
{
    for (int i = 0; i < 3; i++) {
        if (a->snap[i] != NULL)
            tfs_snap_unref(a->snap[i]);
        if (a->open[i] != NULL)
            tfs_unref(a->open[i]);
    }
    *a = (struct alive){0};
}

static void change_contents(struct tfs_file *f, uint64_t *x)
{
    static uint8_t src[MAX_BYTES];
    uint64_t off = below(x, MAX_BYTES), n = 1 + below(x, below(x, 4) ? 6000 : 40 * TFS_BLOCK);

    if (n > MAX_BYTES - off)
        n = MAX_BYTES - off;
    memset(src, (int)below(x, 256), n);
    assert_int_equal(tfs_write(f, off, src, n), n);
    for (uint64_t k = below(x, 6) == 0 ? 60 : 0; k > 0; k--) { /* scattered: extents of one block */
        off = below(x, MAX_BLOCKS) * TFS_BLOCK;
        assert_int_equal(tfs_write(f, off, src, 8), 8);
    }
}

/* Something new in the place of what is alive, half the time. */
static void keep(struct alive *a, struct tfs_file *f, uint64_t *x)
{
    uint64_t i = below(x, 3);

    if (below(x, 2)) {
        if (a->snap[i] != NULL)
            tfs_snap_unref(a->snap[i]);
        assert_int_equal(tfs_snap_take(f, &a->snap[i]), 0);
    } else {
        if (a->open[i] != NULL)
            tfs_unref(a->open[i]);
        tfs_ref(f);
        a->open[i] = f;
    }
}

static void change_snapshots(struct tfs *fs, uint64_t *x)
{
    const char *name = snap_names[below(x, NSNAPS)];

    if (tfs_named_remove(fs, name) < 0)
        assert_int_equal(tfs_named_create(fs, name), 0);
}

static void change(struct tfs *fs, struct tfs_file *dirs[NDIRS], struct alive *a, uint64_t *x)
{
    if (below(x, 30) == 0) {
        change_snapshots(fs, x);
        return;
    }
    struct tfs_file *dir = dirs[below(x, NDIRS)], *f;
    char name[160], to[160];

    name_of((int)below(x, NFILES), name);
    if (tfs_walk(dir, name, &f) < 0)
        assert_int_equal(tfs_create(dir, name, 0644, &f), 0);
    switch (below(x, 14)) {
    case 0:
    case 1:
        assert_int_equal(tfs_remove(dir, name), 0);
        break;
    case 2:
    case 3:
        assert_int_equal(tfs_truncate(f, below(x, MAX_BYTES)), 0);
        break;
    case 4:
    case 5:
        keep(a, f, x);
        break;
    case 6:
        name_of((int)below(x, NFILES), to);
        assert_int_equal(tfs_rename(dir, name, dirs[below(x, NDIRS)], to), 0); /* over what is there */
        break;
    case 7:
        assert_int_equal(tfs_chmod(f, (uint32_t)below(x, 01000)), 0);
        break;
    default:
        change_contents(f, x);
    }
    tfs_unref(f);
}

static void workload(struct device *d, struct history *h, int commits, uint64_t *x)
{
    struct tfs *fs = mount_or_die(d);
    struct tfs_file *root = tfs_root(fs), *dirs[NDIRS];
    struct alive alive = {0};

    for (int i = 0; i < NDIRS; i++)
        assert_int_equal(tfs_create(root, dir_names[i], DMDIR_BIT | 0755, &dirs[i]), 0);
    tfs_unref(root);
    assert_int_equal(tfs_commit(fs), 0);
    d->logging = 1;
    h->d = d;
    h->fs = fs;
    note_commit(h);
    d->on_event = at_commit;
    d->on_event_arg = h;
    for (int i = 0; i < commits; i++) {
        for (uint64_t k = 1 + below(x, 6); k > 0; k--)
            change(fs, dirs, &alive, x);
        assert_int_equal(tfs_commit(fs), 0);
    }
    let_go(&alive);
    for (int i = 0; i < NDIRS; i++)
        tfs_unref(dirs[i]);
    assert_int_equal(tfs_unmount(fs), 0); /* letting go of a removed file may have changed the map: one more */
    d->on_event = NULL;
}

/* ---- looking at what a cut has left ---- */

/* Mounts it and looks at all of it. or_next: a commit that may have happened or not. */
static void examine(struct device *d, const struct commit_state *want, const struct commit_state *or_next)
{
    struct state now;

    device_forget(d);
    struct tfs *fs = mount_or_die(d);
    assert_int_equal(tfs_check(fs, print_finding, NULL), 0);
    look(fs, &now);
    if (or_next == NULL || memcmp(&now, &or_next->state, sizeof now) != 0)
        assert_memory_equal(&now, &want->state, sizeof now);
    uint64_t writes = d->writes;
    assert_int_equal(tfs_unmount(fs), 0);
    assert_int_equal(d->writes, writes); /* only looked at: nothing is written */
}

/* Life goes on after a cut: more changes, another check; then back to where it was. */
static void go_on(struct device *d, uint64_t *x)
{
    uint8_t *saved = malloc(d->nblocks * TFS_BLOCK);
    struct tfs_file *dirs[NDIRS];
    struct alive alive = {0};

    memcpy(saved, d->medium, d->nblocks * TFS_BLOCK);
    device_forget(d);
    struct tfs *fs = mount_or_die(d);
    for (int i = 0; i < NDIRS; i++)
        dirs[i] = open_dir(fs, i);
    for (int i = 0; i < 30; i++) {
        change(fs, dirs, &alive, x);
        if (i % 7 == 0)
            assert_int_equal(tfs_commit(fs), 0);
    }
    let_go(&alive);
    for (int i = 0; i < NDIRS; i++)
        tfs_unref(dirs[i]);
    assert_int_equal(tfs_unmount(fs), 0);
    device_forget(d);
    fs = mount_or_die(d);
    assert_int_equal(tfs_check(fs, print_finding, NULL), 0);
    assert_int_equal(tfs_unmount(fs), 0);
    memcpy(d->medium, saved, d->nblocks * TFS_BLOCK);
    free(saved);
}

/* A device as it was when the logging began, the log of what was written since, and what each commit held. */
static struct device *record(struct history *h, struct device **fresh, uint64_t seed)
{
    struct device *d = device_new(NBLOCKS, seed);
    uint64_t x = seed, replay = seed;

    d->churn = 10;
    assert_int_equal(tfs_format(&d->env, NBLOCKS), 0);
    workload(d, h, COMMITS, &x);
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

/* ---- cutting ---- */

static void do_write(struct device *d, const struct write_record *w)
{
    memcpy(d->medium + w->blk * TFS_BLOCK, w->data, TFS_BLOCK);
}

/* Some of its sectors arrive, at least one does not; or, on a bad disk, its first bytes. */
static void do_torn(struct device *d, const struct write_record *w, uint64_t *x)
{
    uint8_t *there = d->medium + w->blk * TFS_BLOCK;
    uint64_t sectors = below(x, 255);

    if (below(x, 4) == 0) {
        memcpy(there, w->data, below(x, 2) ? below(x, 400) : below(x, TFS_BLOCK));
        return;
    }
    for (unsigned s = 0; s < TFS_BLOCK / SECTOR; s++)
        if (sectors >> s & 1)
            memcpy(there + s * SECTOR, w->data + s * SECTOR, SECTOR);
}

/* The writes [from, to) lie between two barriers; the medium is as at the first. */
struct cutting {
    struct device *d;
    const struct write_record *log;
    size_t from, to;
    const struct commit_state *want, *next; /* next: complete once all of them are done, or NULL */
    uint8_t *saved;
    uint64_t x;
    struct tally *tally;
};

/* Puts back what lay there at the first barrier. */
static void restore(struct cutting *c)
{
    for (size_t i = c->from; i < c->to; i++)
        memcpy(c->d->medium + c->log[i].blk * TFS_BLOCK, c->saved + c->log[i].blk * TFS_BLOCK, TFS_BLOCK);
}

static void cut_after_each(struct cutting *c)
{
    for (size_t i = c->from; i < c->to; i++) {
        uint8_t before[TFS_BLOCK], *there = c->d->medium + c->log[i].blk * TFS_BLOCK;
        memcpy(before, there, TFS_BLOCK);
        const struct commit_state *next = i + 1 == c->to ? c->next : NULL;
        do_torn(c->d, &c->log[i], &c->x);
        examine(c->d, c->want, next); /* next: the sectors that did not arrive may be as they were */
        c->tally->torn++;
        memcpy(there, before, TFS_BLOCK);
        do_write(c->d, &c->log[i]);
        examine(c->d, next != NULL ? next : c->want, NULL);
        c->tally->prefixes++;
        if (below(&c->x, 100) == 0) {
            go_on(c->d, &c->x);
            c->tally->went_on++;
        }
    }
    restore(c);
}

static void cut_any_set(struct cutting *c)
{
    size_t n = c->to - c->from;
    uint64_t tries = n <= ALL_SETS ? 1ull << n : 8;

    for (uint64_t k = 0; k < tries; k++) {
        uint64_t set = n <= ALL_SETS ? k : rnd(&c->x) & rnd(&c->x) >> 7;
        for (size_t i = 0; i < n; i++) {
            int chosen = (set >> i % 60 & 1) != 0;
            if (chosen && below(&c->x, 8) == 0)
                do_torn(c->d, &c->log[c->from + i], &c->x);
            else if (chosen)
                do_write(c->d, &c->log[c->from + i]);
        }
        examine(c->d, c->want, c->next);
        c->tally->sets++;
        restore(c);
    }
}

/* One workload, cut everywhere. */
static void cut_everywhere(uint64_t seed, struct tally *t)
{
    struct history h = {0};
    struct device *now, *d = record(&h, &now, seed);
    struct cutting c = {.d = now, .log = d->log, .x = seed, .tally = t, .saved = malloc(NBLOCKS * TFS_BLOCK)};
    size_t commit = 0;

    examine(now, &h.commit[0], NULL);
    t->prefixes++;
    memcpy(c.saved, now->medium, NBLOCKS * TFS_BLOCK);
    for (c.from = 0; c.from < d->nlog; c.from = c.to + 1) {
        for (c.to = c.from; c.to < d->nlog && d->log[c.to].blk != BARRIER; c.to++)
            ;
        while (commit + 1 < h.n && c.from >= h.commit[commit + 1].at)
            commit++;
        c.want = &h.commit[commit];
        c.next = commit + 1 < h.n && c.to + 1 >= h.commit[commit + 1].at ? &h.commit[commit + 1] : NULL;
        cut_after_each(&c);
        cut_any_set(&c);
        for (size_t i = c.from; i < c.to; i++) {
            do_write(now, &d->log[i]);
            memcpy(c.saved + d->log[i].blk * TFS_BLOCK, d->log[i].data, TFS_BLOCK);
        }
    }
    assert_int_equal(commit, h.n - 2); /* the last one came about in the last round */
    t->commits += h.n;
    free(c.saved);
    free(h.commit);
    device_delete(d);
    device_delete(now);
}

static void test_power_cuts(void **state)
{
    const char *s = getenv("TARRY_CRASH_POINTS");
    size_t want = s != NULL ? strtoull(s, NULL, 0) : 20000;
    uint64_t seed = test_seed("crash", 21);
    struct tally t = {0};

    (void)state;
    while (points(&t) < want) {
        cut_everywhere(seed, &t);
        rnd(&seed);
    }
    printf("# %zu crash points: %zu after a write, %zu in a torn one, %zu in any order; %zu commits, %zu went on\n",
           points(&t), t.prefixes, t.torn, t.sets, t.commits, t.went_on);
    assert_true(t.went_on > 0 || want < 1000);
}

/* A write that an older one undoes is what the checker must notice: each commit's superblock is left out once. */
static void test_the_checker(void **state)
{
    struct history h = {0};
    struct device *now, *d = record(&h, &now, test_seed("crash, without superblocks", 23));
    unsigned noticed = 0;
    struct state found;

    (void)state;
    for (size_t i = 0; i < d->nlog; i++)
        if (d->log[i].blk != BARRIER && d->log[i].blk > 1)
            do_write(now, &d->log[i]);
    device_forget(now);
    struct tfs *fs;
    if (tfs_mount(&now->env, now->nblocks, &fs) < 0) {
        noticed++;
    } else {
        noticed += tfs_check(fs, ignore_finding, NULL) > 0;
        if (noticed == 0) {
            look(fs, &found);
            noticed += memcmp(&found, &h.commit[h.n - 1].state, sizeof found) != 0;
        }
        tfs_unmount(fs);
    }
    assert_true(noticed > 0);
    free(h.commit);
    device_delete(d);
    device_delete(now);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_power_cuts), cmocka_unit_test(test_the_checker)};

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("fs_crash", tests, NULL, NULL);
}
