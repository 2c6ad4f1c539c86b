/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One image out of the bytes of a fuzzer, and some of everything done to it: mount, walk, read, write, snapshots, commit, check, repair. Nothing may
 * crash, hang, leak or leave a repaired file system that is not clean.
 *
 * The bytes are records: a block number (2 bytes), flags (1 byte; bit 0: leave the checksum as it is), the length that is given
 * (2 bytes), the beginning of the block. What is not given is zero. A record for block 0xffff holds the operations instead.
 *
 *   fs_fuzz -max_total_time=60 CORPUS...   with libFuzzer (clang)
 *   fs_fuzz --seed DIR                     writes images made by the file system itself as a corpus (compiled with FS_FUZZ_MAIN)
 *   fs_fuzz FILE...                        does what the fuzzer would do with each file (FS_FUZZ_MAIN)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "fs/core.h"

#define NBLOCKS 128u
#define RECORD 5u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* ---- a disk in memory ---- */

struct disk {
    struct tfs_env env;
    uint8_t medium[NBLOCKS][TFS_BLOCK];
    uint8_t *cache[NBLOCKS];
    enum tfs_class class[NBLOCKS];
    int dirty[NBLOCKS];
    unsigned pins;
    long allocations;
};

static void *disk_alloc(void *ctx, size_t bytes)
{
    struct disk *d = ctx;

    if (bytes > 64u << 20)
        return NULL;
    d->allocations++;
    return malloc(bytes);
}

static void disk_free(void *ctx, void *p, size_t bytes)
{
    (void)bytes;
    ((struct disk *)ctx)->allocations--;
    free(p);
}

static int disk_get(void *ctx, uint64_t blk, enum tfs_class class, enum tfs_how how, void **data, int *fresh)
{
    struct disk *d = ctx;

    if (blk >= NBLOCKS)
        return -TFS_EIO;
    if (d->cache[blk] == NULL) {
        d->cache[blk] = malloc(TFS_BLOCK);
        if (how == TFS_GET_READ) {
            memcpy(d->cache[blk], d->medium[blk], TFS_BLOCK);
            *fresh = 1;
        }
    }
    d->class[blk] = class;
    d->pins++;
    *data = d->cache[blk];
    return 0;
}

static void disk_put(void *ctx, uint64_t blk, void *data, int dirty)
{
    struct disk *d = ctx;

    if (data != d->cache[blk])
        abort();
    d->dirty[blk] |= dirty;
    d->pins--;
}

static void disk_drop(void *ctx, uint64_t blk)
{
    struct disk *d = ctx;

    if (blk >= NBLOCKS)
        return;
    free(d->cache[blk]);
    d->cache[blk] = NULL;
    d->dirty[blk] = 0;
}

static int disk_flush(void *ctx, uint64_t *written)
{
    struct disk *d = ctx;

    for (uint64_t b = 0; b < NBLOCKS; b++) {
        if (!d->dirty[b])
            continue;
        if (d->class[b] == TFS_META)
            tfs_seal(d->cache[b], b);
        memcpy(d->medium[b], d->cache[b], TFS_BLOCK);
        d->dirty[b] = 0;
        ++*written;
    }
    return 0;
}

static uint64_t disk_now(void *ctx)
{
    (void)ctx;
    return 1;
}

static void disk_forget(struct disk *d)
{
    for (uint64_t b = 0; b < NBLOCKS; b++)
        disk_drop(d, b);
}

static void disk_init(struct disk *d)
{
    memset(d, 0, sizeof *d);
    d->env = (struct tfs_env){.ctx = d, .alloc = disk_alloc, .free = disk_free, .get = disk_get, .put = disk_put,
                              .drop = disk_drop, .flush = disk_flush, .now_ns = disk_now};
}

/* ---- what is done to it ---- */

static int is_quiet = 1;

static void say(void *arg, const char *text)
{
    (void)arg;
    if (!is_quiet)
        printf("  %s\n", text);
}

/* The path of a file that an operation is about: a few names, deep enough. */
static int pick(struct tfs *fs, uint8_t which, struct tfs_file **dir, const char **name, struct tfs_file **f)
{
    static const char *const names[] = {"a", "b", "dir", "big", "name-that-is-longer-than-others", "x", "..", "lost+found"};

    *dir = tfs_root(fs);
    if (which & 0x80) {
        struct tfs_file *below;
        if (tfs_walk(*dir, "dir", &below) == 0) {
            tfs_unref(*dir);
            *dir = below;
        }
    }
    *name = names[which & 7];
    *f = NULL;
    return tfs_walk(*dir, *name, f);
}

static void list(struct tfs_file *dir)
{
    struct tfs_dirent e;
    uint64_t cookie = 0;

    for (int i = 0; i < 2000 && tfs_readdir(dir, &cookie, &e) > 0; i++)
        ;
}

static const char *const names_of_snapshots[] = {"s", "t"};

static void look_into(struct tfs *fs, const char *snapshot, const char *name)
{
    static uint8_t buf[3 * TFS_BLOCK];
    struct tfs *view;
    struct tfs_file *root, *f;

    if (tfs_named_mount(fs, snapshot, &view) < 0)
        return;
    root = tfs_root(view);
    list(root);
    if (tfs_walk(root, name, &f) == 0) {
        tfs_read(f, 0, buf, sizeof buf);
        tfs_write(f, 0, buf, sizeof buf);
        tfs_unref(f);
    }
    tfs_unref(root);
    tfs_unmount(view);
}

static void operate(struct tfs *fs, uint8_t op, uint8_t which, uint8_t where, struct tfs_snap **snap)
{
    static uint8_t buf[3 * TFS_BLOCK];
    struct tfs_file *dir, *f, *root;
    const char *name;
    uint64_t off = (uint64_t)where * 777;
    int same;

    pick(fs, which, &dir, &name, &f);
    switch (op % 17) {
    case 0: if (f) tfs_read(f, off, buf, sizeof buf); break;
    case 1: if (f) tfs_write(f, off, buf, sizeof buf / 2); break;
    case 2: if (f) tfs_truncate(f, off); break;
    case 3: tfs_remove(dir, name); break;
    case 4: if (!f) tfs_create(dir, name, where & 1 ? 0644 : MODE_DIR | 0755, &f); break;
    case 5: list(f ? f : dir); break;
    case 6: if (f) tfs_chmod(f, where); break;
    case 7:
        root = tfs_root(fs);
        tfs_rename(dir, name, root, where & 1 ? "dir" : "a");
        tfs_unref(root);
        break;
    case 8: if (f && *snap == NULL && tfs_snap_take(f, snap) < 0) *snap = NULL; break;
    case 9: if (*snap) tfs_snap_unref(*snap); *snap = NULL; break;
    case 10: if (*snap && f) tfs_snap_compare(*snap, f, where, 50, &same); break;
    case 11: if (*snap) tfs_snap_read(*snap, off, buf, sizeof buf); break;
    case 12: tfs_commit(fs); break;
    case 13: tfs_check(fs, say, NULL); break;
    case 14: tfs_named_create(fs, names_of_snapshots[where & 1]); break;
    case 15: tfs_named_remove(fs, names_of_snapshots[where & 1]); break;
    case 16: look_into(fs, names_of_snapshots[where & 1], name); break;
    }
    if (f)
        tfs_unref(f);
    tfs_unref(dir);
}

static void use(struct disk *d, const uint8_t *ops, size_t n)
{
    struct tfs_snap *snap = NULL;
    struct tfs *fs;

    if (tfs_mount(&d->env, NBLOCKS, &fs) == 0) {
        tfs_check(fs, say, NULL);
        for (size_t i = 0; i + 3 <= n && i < 300; i += 3)
            operate(fs, ops[i], ops[i + 1], ops[i + 2], &snap);
        if (snap)
            tfs_snap_unref(snap);
        tfs_check(fs, say, NULL);
        tfs_unmount(fs);
    }
    if (d->pins != 0)
        abort();
    disk_forget(d);
}

/* A repair leaves a file system that is clean, and stays it. */
static void repair(struct disk *d, const uint8_t *ops, size_t n)
{
    struct tfs *fs;

    int64_t done = tfs_repair(&d->env, NBLOCKS, say, NULL);
    if (d->pins != 0 || d->allocations != 0)
        abort();
    disk_forget(d);
    if (done < 0)
        return;
    for (int i = 0; i < 2; i++) {
        int r = tfs_mount(&d->env, NBLOCKS, &fs);
        is_quiet = 0;
        if (r < 0 || tfs_check(fs, say, NULL) != 0) {
            printf("repaired, but %s\n", r < 0 ? "it cannot be mounted" : "check finds something");
            abort();
        }
        is_quiet = 1;
        tfs_unmount(fs);
        disk_forget(d);
        if (i == 0)
            use(d, ops, n);
    }
}

static uint64_t number(const uint8_t *p, unsigned bytes)
{
    return bytes == 1 ? p[0] : p[0] | (uint64_t)p[1] << 8;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct disk d;
    static uint8_t ops[900];
    size_t nops = 0;

    disk_init(&d);
    while (n >= RECORD) {
        uint64_t blk = number(data, 2), flags = number(data + 2, 1), length = number(data + 3, 2);
        data += RECORD;
        n -= RECORD;
        length = min_u64(min_u64(length, n), TFS_BLOCK);
        if (blk == 0xffff) {
            nops = min_u64(length, sizeof ops);
            memcpy(ops, data, nops);
        } else {
            blk %= NBLOCKS;
            memcpy(d.medium[blk], data, length);
            if (!(flags & 1) && length >= sizeof(struct disk_header))
                tfs_seal(d.medium[blk], blk);
        }
        data += length;
        n -= length;
    }
    static uint8_t image[NBLOCKS][TFS_BLOCK];
    memcpy(image, d.medium, sizeof image);
    use(&d, ops, nops);
    if (d.allocations != 0)
        abort();
    memcpy(d.medium, image, sizeof image);
    repair(&d, ops, nops);
    return 0;
}

#ifdef FS_FUZZ_MAIN

/* ---- seeds ---- */

static void put_record(FILE *out, unsigned blk, unsigned flags, const uint8_t *data, size_t length)
{
    uint8_t h[RECORD] = {(uint8_t)blk, (uint8_t)(blk >> 8), (uint8_t)flags, (uint8_t)length, (uint8_t)(length >> 8)};

    fwrite(h, 1, sizeof h, out);
    fwrite(data, 1, length, out);
}

static size_t used_bytes(const uint8_t *block)
{
    size_t n = TFS_BLOCK;

    while (n > 0 && block[n - 1] == 0)
        n--;
    return n;
}

/* How large the seed's file system is: more of everything with each. */
static void fill(struct tfs *fs, int size)
{
    static uint8_t buf[8 * TFS_BLOCK];
    struct tfs_file *root = tfs_root(fs), *dir, *f;
    char name[100];

    memset(buf, 'x', sizeof buf);
    if (tfs_create(root, "a", 0644, &f) == 0) {
        tfs_write(f, 0, buf, (size_t)size * 100);
        tfs_unref(f);
    }
    if (size > 1 && tfs_create(root, "big", 0644, &f) == 0) {
        for (int i = size * 4; i-- > 0;)
            tfs_write(f, (uint64_t)i * 2 * TFS_BLOCK, buf, 1 + (size_t)i);
        tfs_unref(f);
    }
    if (size > 2 && tfs_create(root, "dir", MODE_DIR | 0755, &dir) == 0) {
        for (int i = 0; i < size * 8; i++) {
            sprintf(name, "%d-%0*d", i, size * 8, i);
            if (tfs_create(dir, name, 0600, &f) == 0)
                tfs_unref(f);
            if (i % 4 == 0)
                tfs_remove(dir, name);
        }
        tfs_unref(dir);
    }
    tfs_unref(root);
}

static int seed(const char *dir)
{
    static struct disk d;
    static const uint8_t ops[] = {0, 3, 1, 1, 3, 9, 8, 3, 0, 1, 3, 0, 10, 3, 0, 11, 3, 0, 4, 0x85, 1, 7, 0, 0, 9, 0, 0, 3, 3, 0, 5, 2, 0, 12, 0, 0, 14, 0, 0, 1, 0, 5, 16, 0, 0, 14, 0, 1, 15, 0, 0, 13, 0, 0};
    char path[4096];
    struct tfs *fs;

    for (int size = 0; size < 8; size++) {
        disk_init(&d);
        if (tfs_format(&d.env, NBLOCKS) < 0 || tfs_mount(&d.env, NBLOCKS, &fs) < 0)
            return 1;
        fill(fs, size);
        if (size >= 4) { /* with named snapshots of what was there, and changes since */
            tfs_named_create(fs, "s");
            fill(fs, size - 1);
        }
        if (size >= 6)
            tfs_named_create(fs, "t");
        tfs_unmount(fs);
        snprintf(path, sizeof path, "%s/seed-%d", dir, size);
        FILE *out = fopen(path, "w");
        if (out == NULL) {
            perror(path);
            return 1;
        }
        for (unsigned b = 0; b < NBLOCKS; b++)
            if (used_bytes(d.medium[b]) > 0)
                put_record(out, b, d.medium[b][0] == 'x', d.medium[b], used_bytes(d.medium[b]));
        put_record(out, 0xffff, 0, ops, sizeof ops);
        fclose(out);
        disk_forget(&d);
    }
    return 0;
}

int main(int argc, char **argv)
{
    static uint8_t data[2u << 20];

    if (argc == 3 && strcmp(argv[1], "--seed") == 0)
        return seed(argv[2]);
    for (int i = 1; i < argc; i++) {
        FILE *in = fopen(argv[i], "r");
        if (in == NULL) {
            perror(argv[i]);
            return 1;
        }
        size_t n = fread(data, 1, sizeof data, in);
        fclose(in);
        alarm(20); /* a hang is a failure */
        LLVMFuzzerTestOneInput(data, n);
        alarm(0);
    }
    printf("%d images\n", argc - 1);
    return 0;
}

#endif
