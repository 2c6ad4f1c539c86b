/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Inside the extent trees: what their files share. node.c has nodes and their checks, tree_find.c looks things up and compares, leaf.c changes leaves,
 * tree.c makes the way to a leaf writable, tree_cut.c collects and cuts off.
 */
#ifndef TFS_NODE_H
#define TFS_NODE_H

#include "core.h"

static inline struct disk_extent *extents(const struct node *n)
{
    return (struct disk_extent *)(void *)n->body;
}

static inline struct disk_child *children(const struct node *n)
{
    return (struct disk_child *)(void *)n->body;
}

static inline uint32_t *crcs(const struct node *n)
{
    return (uint32_t *)(void *)(n->body + n->shape->count * sizeof(struct disk_extent));
}

static inline unsigned leaf_bytes(const struct node *n)
{
    return n->shape->count * (unsigned)sizeof(struct disk_extent) + n->shape->crcs * (unsigned)sizeof(uint32_t);
}

static inline uint64_t extent_end(const struct disk_extent *e)
{
    return e->fblk + e->length;
}

/* ---- node.c ---- */
struct node block_node(uint64_t blk, void *buf);
int contents_ok(const struct tfs *, const struct node *); /* extents or children make sense; the shape must */
unsigned child_index(const struct node *, uint64_t fblk); /* the last child whose range begins at or below fblk; 0 if none does */

/* ---- leaf.c ---- */
unsigned leaf_need(const struct node *, uint64_t fblk, uint64_t blk, uint64_t birth); /* bytes that a mapping may need */
void leaf_narrow(struct node *, unsigned i); /* takes extent i out */

/* ---- tree.c ---- */
/* Pins a child for writing; redirects it first if somebody else sees it. The parent must be writable. */
int node_writable(struct tfs_file *, struct disk_child *, unsigned level, struct node *);

#endif
