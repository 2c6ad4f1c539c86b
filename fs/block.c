/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Blocks as the core sees them: pinned through the environment, and checked
 * before anything in them is believed.
 */
#include "core.h"

void *mem_alloc(struct tfs *fs, size_t n)
{
    void *p = fs->env->alloc(fs->env->ctx, n);

    if (p != NULL)
        memset(p, 0, n);
    return p;
}

void mem_free(struct tfs *fs, void *p, size_t n)
{
    if (p != NULL)
        fs->env->free(fs->env->ctx, p, n);
}

int corrupt(struct tfs *fs, uint64_t blk, const char *what)
{
    if (fs->env->complain != NULL)
        fs->env->complain(fs->env->ctx, blk, what);
    return -TFS_ECORRUPT;
}

/* Whether a tree may point to it. */
int block_valid(const struct tfs *fs, uint64_t blk)
{
    return blk >= fs->first && blk < fs->nblocks;
}

int block_pinned(const struct tfs *fs, uint64_t blk)
{
    for (unsigned i = 0; i < fs->npins; i++)
        if (fs->pins[i] == blk)
            return 1;
    return 0;
}

int block_get(struct tfs *fs, uint64_t blk, enum tfs_class class, enum tfs_how how, void **data, int *fresh)
{
    if (fs->npins == MAX_PINS)
        return corrupt(fs, blk, "too many blocks pinned: the tree is tangled");
    *fresh = 0;
    int r = fs->env->get(fs->env->ctx, blk, class, how, data, fresh);
    if (r < 0)
        return r;
    fs->pins[fs->npins++] = blk;
    return 0;
}

void block_put(struct tfs *fs, uint64_t blk, void *data, int dirty)
{
    for (unsigned i = fs->npins; i-- > 0;)
        if (fs->pins[i] == blk) {
            fs->pins[i] = fs->pins[--fs->npins];
            break;
        }
    fs->env->put(fs->env->ctx, blk, data, dirty);
}

/* Of the whole block with the field zero: whole blocks are what tfs_crc32c is fastest at. */
uint32_t seal_of(void *data)
{
    struct disk_header *h = data;
    uint32_t keep = h->crc;

    h->crc = 0;
    uint32_t crc = tfs_crc32c(0, data, TFS_BLOCK);
    h->crc = keep;
    return crc;
}

void tfs_seal(void *data, uint64_t blk)
{
    struct disk_header *h = data;

    h->blk = blk;
    h->crc = seal_of(data);
}

/* Gives back a block whose contents cannot be believed, and makes sure that the next try reads it again. */
static int reject(struct tfs *fs, uint64_t blk, void *data, const char *what)
{
    block_put(fs, blk, data, 0);
    if (!block_pinned(fs, blk))
        fs->env->drop(fs->env->ctx, blk);
    return corrupt(fs, blk, what);
}

int meta_get(struct tfs *fs, uint64_t blk, uint32_t magic, uint64_t birth, void **data, int *fresh)
{
    int r = block_get(fs, blk, TFS_META, TFS_GET_READ, data, fresh);

    if (r < 0)
        return r;
    const struct disk_header *h = *data;
    if (h->magic != magic)
        return reject(fs, blk, *data, "metadata block is of another kind than expected");
    if (*fresh && h->crc != seal_of(*data))
        return reject(fs, blk, *data, "metadata block has a wrong checksum");
    if (h->blk != blk)
        return reject(fs, blk, *data, "metadata block belongs at another address");
    if (birth != ANY_BIRTH && h->birth != birth)
        return reject(fs, blk, *data, "metadata block is older or newer than its parent says");
    return 0;
}

int meta_new(struct tfs *fs, uint64_t blk, uint32_t magic, void **data)
{
    int fresh, r = block_get(fs, blk, TFS_META, TFS_GET_NEW, data, &fresh);

    if (r < 0)
        return r;
    struct disk_header *h = *data;
    memset(h, 0, TFS_BLOCK);
    h->magic = magic;
    h->blk = blk;
    h->birth = fs->epoch;
    return 0;
}

int data_get(struct tfs *fs, uint64_t blk, uint32_t crc, void **data)
{
    int fresh, r = block_get(fs, blk, TFS_DATA, TFS_GET_READ, data, &fresh);

    if (r < 0)
        return r;
    if (fresh && tfs_crc32c(0, *data, TFS_BLOCK) != crc)
        return reject(fs, blk, *data, "data block has a wrong checksum");
    return 0;
}
