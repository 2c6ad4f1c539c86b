/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the file system's promises cost, counted in blocks on a disk in memory: nothing here depends on the speed of the machine.
 * tests/bench/fs compiles and runs it.
 */
#include "fs_device.h"

#define MIB (1ull << 20)

static uint8_t piece[MIB];

static struct tfs_file *make(struct tfs *fs, const char *name, uint64_t bytes)
{
    struct tfs_file *root = tfs_root(fs), *f;

    if (tfs_create(root, name, 0644, &f) < 0)
        abort();
    for (uint64_t off = 0; off < bytes; off += sizeof piece)
        if (tfs_write(f, off, piece, sizeof piece) < 0)
            abort();
    tfs_unref(root);
    return f;
}

static struct tfs *fresh(struct device **d, uint64_t nblocks)
{
    struct tfs *fs;

    *d = device_new(nblocks, 1);
    if (tfs_format(&(*d)->env, nblocks) < 0 || tfs_mount(&(*d)->env, nblocks, &fs) < 0)
        abort();
    return fs;
}

static void finish(struct device *d, struct tfs *fs)
{
    tfs_unmount(fs);
    device_delete(d);
}

/* ---- write amplification ---- */

static void amplification(const char *what, uint64_t file_bytes, uint64_t writes, uint64_t bytes, int sequential,
                          uint64_t per_commit) {
    struct device *d;
    struct tfs *fs = fresh(&d, 60000);
    struct tfs_file *f = make(fs, "f", file_bytes);
    uint64_t x = 99;

    tfs_commit(fs);
    uint64_t before = d->writes, commits = 0;
    for (uint64_t i = 0; i < writes; i++) {
        uint64_t off = sequential ? i * bytes % file_bytes : below(&x, file_bytes / bytes) * bytes;
        if (tfs_write(f, off, piece, bytes) < 0)
            abort();
        if ((i + 1) % per_commit == 0) {
            tfs_commit(fs);
            commits++;
        }
    }
    tfs_commit(fs);
    printf("| %s | %llu | %llu | %.2f |\n", what, (unsigned long long)(writes * bytes >> 10),
           (unsigned long long)commits, (double)(d->writes - before) * TFS_BLOCK / (double)(writes * bytes));
    tfs_unref(f);
    finish(d, fs);
}

/* ---- blocks preserved, by scope ---- */

static uint64_t preserved;

static void count(const struct tfs_event *e, void *arg)
{
    (void)arg;
    preserved += e->kind == TFS_EV_PRESERVE;
}

/* A snapshot of 1 MiB of one of eight files of 16 MiB, and a writer that writes 4096 random blocks anywhere in them. */
static void scopes(const char *what, enum tfs_scope scope)
{
    struct device *d;
    struct tfs *fs = fresh(&d, 60000);
    struct tfs_file *f[8];
    struct tfs_snap *s;
    struct tfs_space sp;
    uint64_t x = 7;

    for (int i = 0; i < 8; i++) {
        char name[8];
        sprintf(name, "f%d", i);
        f[i] = make(fs, name, 16 * MIB);
    }
    tfs_commit(fs);
    tfs_set_scope(fs, scope);
    d->on_event = count;
    preserved = 0;
    if (tfs_snap_take_range(f[0], 0, MIB / TFS_BLOCK, &s) < 0)
        abort();
    for (int i = 0; i < 4096; i++)
        if (tfs_write(f[below(&x, 8)], below(&x, 16 * MIB / TFS_BLOCK) * TFS_BLOCK, piece, TFS_BLOCK) < 0)
            abort();
    tfs_space(fs, &sp);
    printf("| %s | %llu | %llu |\n", what, (unsigned long long)preserved, (unsigned long long)sp.held_blocks);
    tfs_snap_unref(s);
    for (int i = 0; i < 8; i++)
        tfs_unref(f[i]);
    finish(d, fs);
}

/* ---- the cost of a snapshot, over the size of what it is of ---- */

static uint64_t gets(const struct device *d)
{
    return d->reads[0] + d->reads[1] + d->writes;
}

static void snapshot_cost(uint64_t mib)
{
    struct device *d;
    struct tfs *fs = fresh(&d, 150000);
    struct tfs_file *f = make(fs, "f", mib * MIB);
    struct tfs_snap *s;

    tfs_commit(fs);
    uint64_t io = gets(d);
    if (tfs_snap_take(f, &s) < 0)
        abort();
    uint64_t take = gets(d) - io;
    io = gets(d);
    tfs_snap_unref(s);
    uint64_t release = gets(d) - io, writes = d->writes;
    if (tfs_named_create(fs, "x") < 0)
        abort();
    uint64_t named = d->writes - writes;
    writes = d->writes;
    if (tfs_named_remove(fs, "x") < 0)
        abort();
    printf("| %llu | %llu | %llu | %llu | %llu |\n", (unsigned long long)mib, (unsigned long long)take,
           (unsigned long long)release, (unsigned long long)named, (unsigned long long)(d->writes - writes));
    tfs_unref(f);
    finish(d, fs);
}

int main(void)
{
    printf("| writes, to a file of 64 MiB | KiB | commits | bytes written per byte of data |\n|---|---|---|---|\n");
    amplification("sequential, 1 MiB each, one commit", 64 * MIB, 64, MIB, 1, 64);
    amplification("sequential, 4 KiB each, a commit per 1 MiB", 64 * MIB, 16384, TFS_BLOCK, 1, 256);
    amplification("random, 4 KiB each, a commit per 1024", 64 * MIB, 16384, TFS_BLOCK, 0, 1024);
    amplification("random, 4 KiB each, a commit per 32", 64 * MIB, 4096, TFS_BLOCK, 0, 32);
    amplification("random, 4 KiB each, a commit each", 64 * MIB, 512, TFS_BLOCK, 0, 1);
    printf("\n| scope | blocks preserved | blocks pinned |\n|---|---|---|\n");
    scopes("range", TFS_SCOPE_RANGE);
    scopes("file", TFS_SCOPE_FILE);
    scopes("mount", TFS_SCOPE_MOUNT);
    printf("\n| size of the file, MiB | blocks moved: take | release | named: create | remove |\n|---|---|---|---|---|\n");
    snapshot_cost(1);
    snapshot_cost(32);
    snapshot_cost(500);
    return 0;
}
