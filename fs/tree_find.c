/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Extent trees, read: which disk block holds a block of a file, and whether two trees have the same one there.
 */
#include "node.h"

/* ---- finding ---- */

/* In a leaf that is responsible up to hi. Returns -TFS_ECORRUPT if the leaf contradicts itself. */
static int leaf_find(const struct node *n, uint64_t fblk, uint64_t hi, struct tfs_extent *out)
{
    const struct disk_extent *e = extents(n);
    unsigned base = 0;

    *out = (struct tfs_extent){.run = hi - fblk};
    for (unsigned i = 0; i < n->shape->count; i++, e++) {
        if (fblk < e->fblk) {
            out->run = min_u64(out->run, e->fblk - fblk);
            return 0;
        }
        if (fblk < extent_end(e)) {
            uint64_t off = fblk - e->fblk;
            if (base + off >= n->shape->crcs)
                return -TFS_ECORRUPT;
            out->blk = e->blk + off;
            out->birth = e->birth;
            out->crc = crcs(n)[base + off];
            out->run = min_u64(out->run, e->length - off);
            return 0;
        }
        base += e->length;
    }
    return 0;
}

/* One side of a walk down: a node, or the finding that there is a hole, valid up to hi. */
struct descent {
    struct node n;
    uint64_t hi;
    int hole;
};

/* Narrows hi to the child that is responsible for fblk, which goes to *c (NULL: a hole). */
static void descend_choose(struct descent *d, uint64_t fblk, const struct disk_child **c)
{
    const struct disk_child *all = children(&d->n);
    unsigned i = child_index(&d->n, fblk);

    *c = &all[i];
    if (fblk < all[0].fblk) {
        d->hi = min_u64(d->hi, all[0].fblk);
        *c = NULL;
    } else if (i + 1u < d->n.shape->count) {
        d->hi = min_u64(d->hi, all[i + 1].fblk);
    }
}

static int descend(struct tfs *fs, struct descent *d, uint64_t fblk)
{
    const struct disk_child *c;
    struct node below = {0};

    descend_choose(d, fblk, &c);
    if (c == NULL) {
        d->hole = 1;
        node_put(fs, &d->n, 0);
        return 0;
    }
    int r = node_get(fs, c, d->n.shape->level - 1u, &below);
    node_put(fs, &d->n, 0);
    d->n = below;
    return r;
}

static int at_leaf(const struct descent *d)
{
    return d->hole || d->n.shape->level == 0;
}

static int descent_result(struct tfs *fs, struct descent *d, uint64_t fblk, struct tfs_extent *out)
{
    if (d->hole) {
        *out = (struct tfs_extent){.run = d->hi - fblk};
        return 0;
    }
    int r = leaf_find(&d->n, fblk, d->hi, out);
    return r < 0 ? corrupt(fs, d->n.blk, "tree leaf makes no sense") : 0;
}

int tree_find(struct tfs *fs, const struct disk_root *root, uint64_t fblk, struct tfs_extent *out)
{
    struct descent d = {.n = root_node(root), .hi = MAX_FBLK};

    while (!at_leaf(&d)) {
        int r = descend(fs, &d, fblk);
        if (r < 0)
            return r;
    }
    int r = descent_result(fs, &d, fblk, out);
    node_put(fs, &d.n, 0);
    return r;
}

int tree_floor(struct tfs *fs, const struct disk_root *root, uint64_t fblk, uint64_t *at, struct tfs_extent *out)
{
    struct descent d = {.n = root_node(root), .hi = MAX_FBLK};

    while (!at_leaf(&d)) {
        int r = descend(fs, &d, fblk);
        if (r < 0)
            return r;
    }
    int r = -TFS_ENOENT;
    const struct disk_extent *e = d.hole ? NULL : extents(&d.n);
    for (unsigned i = d.hole ? 0 : d.n.shape->count; i-- > 0;)
        if (e[i].fblk <= fblk) {
            *at = min_u64(fblk, extent_end(&e[i]) - 1);
            r = descent_result(fs, &d, *at, out);
            break;
        }
    node_put(fs, &d.n, 0);
    return r;
}

/* ---- comparing (W1) ---- */

static int same_child(const struct disk_child *a, const struct disk_child *b)
{
    return a != NULL && b != NULL && a->blk == b->blk && a->birth == b->birth;
}

/* Both nodes have the same child for fblk: narrows hi to the last of the children from there on that both have. */
static void extend_same(struct descent *d, const struct disk_child *cd, uint64_t hi, const struct descent *o,
                        const struct disk_child *co) {
    const struct disk_child *end = children(&d->n) + d->n.shape->count, *oend = children(&o->n) + o->n.shape->count;

    do {
        cd++;
        co++;
    } while (cd < end && co < oend && same_child(cd, co) && cd->fblk == co->fblk);
    d->hi = cd < end ? min_u64(hi, cd->fblk) : hi;
}

/* Goes down on both sides until both are at a leaf, or both come to the very same subtree: *same = 1. */
static int compare_down(struct tfs *fs, struct descent *a, struct descent *b, uint64_t fblk, int *same)
{
    *same = 0;
    while (!at_leaf(a) || !at_leaf(b)) {
        int la = at_leaf(a) ? 0 : a->n.shape->level, lb = at_leaf(b) ? 0 : b->n.shape->level;
        if (la == lb) {
            const struct disk_child *ca, *cb;
            uint64_t ha = a->hi, hb = b->hi;
            descend_choose(a, fblk, &ca);
            descend_choose(b, fblk, &cb);
            if (same_child(ca, cb)) {
                *same = 1;
                extend_same(a, ca, ha, b, cb);
                extend_same(b, cb, hb, a, ca);
                return 0;
            }
        }
        int r = descend(fs, la >= lb ? a : b, fblk);
        if (r < 0)
            return r;
        if (la == lb && (r = descend(fs, b, fblk)) < 0)
            return r;
    }
    return 0;
}

int tree_compare(struct tfs *fs, const struct disk_root *ra, const struct disk_root *rb, uint64_t fblk, int *same,
                 uint64_t *run) {
    struct descent a = {.n = root_node(ra), .hi = MAX_FBLK}, b = {.n = root_node(rb), .hi = MAX_FBLK};
    struct tfs_extent ea, eb;

    *same = 1;
    *run = MAX_FBLK - fblk;
    if (memcmp(ra, rb, sizeof *ra) == 0)
        return 0;
    int r = compare_down(fs, &a, &b, fblk, same);
    *run = min_u64(a.hi, b.hi) - fblk;
    if (r == 0 && !*same && (r = descent_result(fs, &a, fblk, &ea)) == 0 &&
        (r = descent_result(fs, &b, fblk, &eb)) == 0) {
        *same = ea.blk == eb.blk && ea.birth == eb.birth;
        *run = min_u64(ea.run, eb.run);
    }
    node_put(fs, &a.n, 0);
    node_put(fs, &b.n, 0);
    return r;
}
