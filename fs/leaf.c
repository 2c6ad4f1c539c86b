/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Changing a leaf of an extent tree, in memory: a block's place and checksum are entered, extents are cut and joined.
 */
#include "node.h"

static int joins(const struct disk_extent *e, uint64_t fblk, uint64_t blk, uint64_t birth)
{
    return extent_end(e) == fblk && e->blk + e->length == blk && e->birth == birth;
}

/* Index of the first extent that ends above fblk; *base = checksums before it. */
static unsigned leaf_position(const struct node *n, uint64_t fblk, unsigned *base)
{
    const struct disk_extent *e = extents(n);
    unsigned i = 0;

    *base = 0;
    for (; i < n->shape->count && extent_end(&e[i]) <= fblk; i++)
        *base += e[i].length;
    return i;
}

unsigned leaf_need(const struct node *n, uint64_t fblk, uint64_t blk, uint64_t birth)
{
    unsigned base, i = leaf_position(n, fblk, &base);
    const struct disk_extent *e = &extents(n)[i];

    if (i < n->shape->count && e->fblk <= fblk) {
        if (e->blk + (fblk - e->fblk) == blk && e->birth == birth)
            return 0;
        return ((fblk > e->fblk) + (fblk + 1 < extent_end(e))) * (unsigned)sizeof *e;
    }
    if (i > 0 && joins(&e[-1], fblk, blk, birth))
        return sizeof(uint32_t);
    return sizeof *e + sizeof(uint32_t);
}

/* Makes k extents' room before extent i, contents undefined. */
static void leaf_widen(struct node *n, unsigned i, unsigned k)
{
    struct disk_extent *e = extents(n);
    size_t tail = leaf_bytes(n) - i * sizeof *e;

    memmove(&e[i + k], &e[i], tail);
    n->shape->count = (uint16_t)(n->shape->count + k);
}

void leaf_narrow(struct node *n, unsigned i)
{
    struct disk_extent *e = extents(n);
    size_t tail = leaf_bytes(n) - (i + 1) * sizeof *e;

    memmove(&e[i], &e[i + 1], tail);
    n->shape->count--;
}

static void leaf_add_crc(struct node *n, unsigned at, uint32_t crc)
{
    uint32_t *c = crcs(n);

    memmove(&c[at + 1], &c[at], (n->shape->crcs - at) * sizeof *c);
    c[at] = crc;
    n->shape->crcs++;
}

static void leaf_join_right(struct node *n, unsigned i)
{
    struct disk_extent *e = extents(n);

    if (i + 1u < n->shape->count && joins(&e[i], e[i + 1].fblk, e[i + 1].blk, e[i + 1].birth)) {
        e[i].length += e[i + 1].length;
        leaf_narrow(n, i + 1);
    }
}

/* Block fblk lies within extent i: cuts it so that fblk is alone. Returns the index it then has. */
static unsigned leaf_isolate(struct node *n, unsigned i, uint64_t fblk)
{
    struct disk_extent whole = extents(n)[i];
    unsigned before = (unsigned)(fblk - whole.fblk), after = whole.length - before - 1;

    leaf_widen(n, i, (before > 0) + (after > 0));
    struct disk_extent *e = &extents(n)[i];
    if (before > 0) {
        *e = whole;
        e++->length = before;
    }
    *e = (struct disk_extent){.fblk = fblk, .blk = whole.blk + before, .birth = whole.birth, .length = 1};
    if (after > 0)
        e[1] = (struct disk_extent){
            .fblk = fblk + 1, .blk = whole.blk + before + 1, .birth = whole.birth, .length = after};
    return i + (before > 0);
}

void leaf_set(struct node *n, uint64_t fblk, uint64_t blk, uint64_t birth, uint32_t crc)
{
    unsigned base, i = leaf_position(n, fblk, &base);
    struct disk_extent *e = &extents(n)[i];

    if (i < n->shape->count && e->fblk <= fblk) {
        uint64_t off = fblk - e->fblk;
        crcs(n)[base + off] = crc;
        if (e->blk + off == blk && e->birth == birth)
            return;
        i = leaf_isolate(n, i, fblk);
        extents(n)[i].blk = blk;
        extents(n)[i].birth = birth;
    } else if (i > 0 && joins(&e[-1], fblk, blk, birth)) {
        e[-1].length++;
        leaf_add_crc(n, base, crc);
        leaf_join_right(n, i - 1);
        return;
    } else {
        leaf_widen(n, i, 1);
        extents(n)[i] = (struct disk_extent){.fblk = fblk, .blk = blk, .birth = birth, .length = 1};
        leaf_add_crc(n, base, crc);
    }
    leaf_join_right(n, i);
    if (i > 0)
        leaf_join_right(n, i - 1);
}
