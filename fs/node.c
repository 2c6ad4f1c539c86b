/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Nodes of extent trees: a block, or the root inside an inode. Nothing in one is believed before it has been checked.
 *
 * A leaf holds extents and, behind them, one checksum for every block they
 * cover, so that one metadata block says both where about a thousand blocks are
 * and what must be in them. The root is a small node inside the inode.
 */
#include "node.h"

struct node root_node(const struct disk_root *r) {
    struct disk_root *w = (struct disk_root *)r; /* readers do not write through it */

    return (struct node){.shape = &w->shape, .body = (uint8_t *)w->body, .bytes = ROOT_BYTES};
}

struct node block_node(uint64_t blk, void *buf)
{
    struct disk_header *h = buf;

    return (struct node){
        .shape = &h->shape, .body = (uint8_t *)buf + sizeof *h, .bytes = BODY_BYTES, .blk = blk, .buf = buf};
}

const struct disk_extent *node_extents(const struct node *n)
{
    return extents(n);
}

const struct disk_child *node_children(const struct node *n)
{
    return children(n);
}

const uint32_t *node_crcs(const struct node *n)
{
    return crcs(n);
}

/* Cheap, at every visit: nothing below reads or writes outside of the node. */
static int shape_ok(const struct node *n)
{
    if (n->shape->level == 0)
        return leaf_bytes(n) <= n->bytes;
    return n->shape->level <= MAX_LEVEL && n->shape->count >= 1 && n->shape->crcs == 0 &&
           n->shape->count * sizeof(struct disk_child) <= n->bytes;
}

static int extents_ok(const struct tfs *fs, const struct node *n)
{
    uint64_t next = 0, covered = 0;
    const struct disk_extent *e = extents(n);

    for (unsigned i = 0; i < n->shape->count; i++, e++) {
        if (e->length == 0 || e->fblk < next || e->fblk >= MAX_FBLK || e->length > MAX_FBLK - e->fblk)
            return 0;
        if (!block_valid(fs, e->blk) || e->length > fs->nblocks - e->blk || e->birth > fs->epoch)
            return 0;
        next = extent_end(e);
        covered += e->length;
    }
    return covered == n->shape->crcs;
}

static int children_ok(const struct tfs *fs, const struct node *n)
{
    const struct disk_child *c = children(n);

    for (unsigned i = 0; i < n->shape->count; i++, c++) {
        if (c->fblk >= MAX_FBLK || (i > 0 && c->fblk <= c[-1].fblk))
            return 0;
        if (!block_valid(fs, c->blk) || c->birth > fs->epoch)
            return 0;
    }
    return 1;
}

int contents_ok(const struct tfs *fs, const struct node *n)
{
    return n->shape->level == 0 ? extents_ok(fs, n) : children_ok(fs, n);
}

int root_check(struct tfs *fs, const struct disk_root *r)
{
    struct node n = root_node(r);

    return shape_ok(&n) && contents_ok(fs, &n) ? 0 : -TFS_ECORRUPT;
}

int node_get(struct tfs *fs, const struct disk_child *child, unsigned level, struct node *n)
{
    struct disk_child c = *child; /* it may lie in a block that goes away */
    void *buf;
    int fresh;

    if (!block_valid(fs, c.blk))
        return corrupt(fs, c.blk, "tree points outside of the device");
    int r = meta_get(fs, c.blk, MAGIC_NODE, c.birth, &buf, &fresh);
    if (r < 0)
        return r;
    *n = block_node(c.blk, buf);
    if (n->shape->level == level && shape_ok(n) && (!fresh || contents_ok(fs, n)))
        return 0;
    node_put(fs, n, 0);
    if (!block_pinned(fs, c.blk))
        fs->env->drop(fs->env->ctx, c.blk);
    return corrupt(fs, c.blk, "tree node makes no sense");
}

void node_put(struct tfs *fs, struct node *n, int dirty)
{
    if (n->buf != NULL)
        block_put(fs, n->blk, n->buf, dirty);
    n->buf = NULL;
}

unsigned child_index(const struct node *n, uint64_t fblk)
{
    const struct disk_child *c = children(n);
    unsigned lo = 0, hi = n->shape->count;

    while (hi - lo > 1) {
        unsigned mid = (lo + hi) / 2;
        if (c[mid].fblk <= fblk)
            lo = mid;
        else
            hi = mid;
    }
    return lo;
}
