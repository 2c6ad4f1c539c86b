/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The disk and its cache for the tests: every block is in memory for good. A freed block is
 * overwritten, so that a snapshot that lost it too early shows; a block that changes under a snapshot
 * shows by its checksum.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "khost.h"
#include "guestos/kernel/virtio.h"

struct khost_disk disk;
QLock fslock;
struct tfs *rootfs;

typedef struct Block {
    Frame *frame; /* not counted as in use, as long as the block holds it */
    enum tfs_class class;
} Block;

static Block **blocks;
static uint64_t nblocks;

static void newcontents(Block *b)
{
    b->frame = calloc(1, sizeof *b->frame);
    b->frame->page = (Page){.ref = 1, .owner = b};
}

static Block *block(uint64_t blk)
{
    ASSERT(blk < nblocks, "a block of the disk");
    if (blocks[blk] == NULL) {
        blocks[blk] = calloc(1, sizeof(Block));
        newcontents(blocks[blk]);
    }
    return blocks[blk];
}

static void *envalloc(void *ctx, size_t bytes)
{
    (void)ctx;
    return calloc(1, bytes);
}

static void envfree(void *ctx, void *p, size_t bytes)
{
    (void)ctx;
    (void)bytes;
    free(p);
}

static int envget(void *ctx, uint64_t blk, enum tfs_class class, enum tfs_how how, void **data, int *fresh)
{
    (void)ctx;
    if (disk.yields)
        preempt();
    if (blk == disk.bad_block && blk != 0 && how == TFS_GET_READ)
        return -TFS_EIO;
    block(blk)->class = class;
    *data = block(blk)->frame->bytes;
    *fresh = how == TFS_GET_READ && class == TFS_DATA;
    return 0;
}

static void envput(void *ctx, uint64_t blk, void *data, int dirty)
{
    (void)ctx;
    ASSERT(data == block(blk)->frame->bytes, "put gets what get gave");
    ASSERT(!dirty || block(blk)->frame->page.maps == 0, "R11: a frame that is lent does not change");
    if (dirty && block(blk)->class == TFS_META)
        tfs_seal(data, blk); /* as good as at the flush */
}

static void envdrop(void *ctx, uint64_t blk)
{
    (void)ctx;
    Block *b = block(blk);
    if (b->frame->page.ref > 1) { /* lent (R11): it lives on in whoever has it */
        memory.frames++;
        b->frame->page.owner = NULL;
        b->frame->page.ref--;
        newcontents(b);
    }
    memset(b->frame->bytes, 0xdd, TFS_BLOCK);
}

static int envflush(void *ctx, uint64_t *written)
{
    (void)ctx;
    (void)written;
    return 0;
}

static uint64_t envnow(void *ctx)
{
    static uint64_t now;
    (void)ctx;
    return ++now;
}

static void envevent(void *ctx, const struct tfs_event *e)
{
    (void)ctx;
    if (e->kind == TFS_EV_PRESERVE)
        preserved(e);
}

static void envcomplain(void *ctx, uint64_t blk, const char *what)
{
    (void)ctx;
    fprintf(stderr, "file system: block %lu: %s\n", (unsigned long)blk, what);
}

static const struct tfs_env env = {
    .alloc = envalloc,
    .free = envfree,
    .get = envget,
    .put = envput,
    .drop = envdrop,
    .flush = envflush,
    .now_ns = envnow,
    .event = envevent,
    .complain = envcomplain,
};

void disk_new(uint64_t n)
{
    nblocks = n;
    blocks = calloc(n, sizeof *blocks);
    disk = (struct khost_disk){0};
    if (tfs_format(&env, n) < 0 || tfs_mount(&env, n, &rootfs) < 0)
        panic("the file system cannot be made");
}

void disk_end(void)
{
    swapend();
    if (tfs_unmount(rootfs) < 0)
        panic("the file system cannot be unmounted");
    for (uint64_t i = 0; i < nblocks; i++) {
        if (blocks[i] != NULL)
            free(blocks[i]->frame);
        free(blocks[i]);
    }
    free(blocks);
}

int cacheget(uint64_t blk, const struct tfs_extent *x, uint64_t ino, uint64_t off, uint64_t cause, Page **page)
{
    (void)ino;
    (void)off;
    (void)cause;
    ASSERT(!holdsqlock(&fslock), "W8: nobody waits for data with fslock held");
    disk.blocks_got++;
    if (disk.yields)
        preempt();
    if (blk == disk.bad_block)
        return error(T_EIO, "bad block");
    Block *b = block(blk);
    ASSERT(tfs_crc32c(0, b->frame->bytes, TFS_BLOCK) == x->crc, "R1: a block under a snapshot never changes");
    b->frame->page.ref++;
    *page = &b->frame->page;
    return 0;
}

void cacheput(uint64_t blk, Page *page)
{
    ASSERT(page == &block(blk)->frame->page && page->ref > 1, "cacheput gets what cacheget gave");
    page->ref--;
}

bool cachehas(uint64_t blk)
{
    return disk.uncached == 0 || blk % disk.uncached != 0;
}

void cachecluster(uint64_t blk, uint64_t n, uint64_t ino, uint64_t off, uint64_t cause)
{
    (void)blk;
    (void)ino;
    (void)off;
    (void)cause;
    disk.clustered += n;
}

int diskio(bool write, uint64_t blk, Page *const *frames, unsigned n)
{
    if (disk.yields)
        preempt();
    for (unsigned i = 0; i < n; i++) {
        if (blk + i == disk.bad_block)
            return error(T_EIO, "bad block");
        if (write)
            memcpy(block(blk + i)->frame->bytes, pagekva(frames[i]), PGSIZE);
        else
            memcpy(pagekva(frames[i]), block(blk + i)->frame->bytes, PGSIZE);
        if (!write && blk + i == disk.rotten_block)
            ((char *)pagekva(frames[i]))[PGSIZE / 3] ^= 0x10;
    }
    *(write ? &disk.swapped_out : &disk.swapped_in) += n;
    return 0;
}

bool swap_peek(const Slot *slot, void *page)
{
    memcpy(page, block(slot->blk)->frame->bytes, PGSIZE);
    return slot->ref > 0;
}

/* ---- files ---- */

static void must(int64_t r, const char *what)
{
    if (r < 0)
        panic("%s: error %ld", what, (long)-r);
}

struct tfs_file *file_new_with(const char *name, const void *data, uint64_t n)
{
    struct tfs_file *root = tfs_root(rootfs), *f;
    must(tfs_create(root, name, 0666, &f), "create");
    tfs_unref(root);
    if (n > 0)
        file_write(f, 0, data, n);
    return f;
}

void file_put(struct tfs_file *f)
{
    tfs_unref(f);
}

void file_write(struct tfs_file *f, uint64_t off, const void *data, uint64_t n)
{
    must(tfs_write(f, off, data, n), "write");
}

void file_read(struct tfs_file *f, uint64_t off, void *data, uint64_t n)
{
    if (tfs_read(f, off, data, n) != (int64_t)n)
        panic("short read");
}

void file_truncate(struct tfs_file *f, uint64_t n)
{
    must(tfs_truncate(f, n), "truncate");
}

static struct tfs_stat statof(struct tfs_file *f)
{
    struct tfs_stat st;
    must(tfs_stat(f, &st), "stat");
    return st;
}

uint64_t file_length(struct tfs_file *f)
{
    return statof(f).length;
}

uint64_t file_version(struct tfs_file *f)
{
    return statof(f).version;
}

struct tfs_space space_now(void)
{
    struct tfs_space space;
    tfs_space(rootfs, &space);
    return space;
}
