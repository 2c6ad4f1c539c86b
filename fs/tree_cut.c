/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Extent trees: all that one leads to, collected; and everything behind a block cut off.
 */
#include "node.h"

struct pieces *pieces_free(struct tfs *fs, struct pieces *list)
{
    while (list != NULL) {
        struct pieces *next = list->next;
        mem_free(fs, list, sizeof *list);
        list = next;
    }
    return NULL;
}

static int continues(const struct piece *p, const struct piece *q)
{
    return !p->is_node && !q->is_node && p->blk + p->n == q->blk && p->fblk + p->n == q->fblk && p->birth == q->birth;
}

uint64_t pieces_count(const struct pieces *l)
{
    uint64_t n = 0;

    for (; l != NULL; l = l->next)
        n += l->n;
    return n;
}

int pieces_add(struct tfs *fs, struct pieces **list, struct piece p)
{
    struct pieces *l = *list;

    if (l != NULL && continues(&l->piece[l->n - 1], &p)) {
        l->piece[l->n - 1].n += p.n;
        return 0;
    }
    if (l == NULL || l->n == PIECES) {
        l = mem_alloc(fs, sizeof *l);
        if (l == NULL)
            return -TFS_ENOMEM;
        l->next = *list;
        *list = l;
    }
    l->piece[l->n++] = p;
    return 0;
}

static int collect_node(struct tfs *fs, const struct node *n, uint64_t low, uint64_t high, struct pieces **list);

/*
 * Child i and all below it; the parent is responsible up to high. Damage is complained about and passed over: a damaged
 * file must be removable; what its nodes led to stays marked as used until `check`.
 */
static int collect_child(struct tfs *fs, const struct node *parent, unsigned i, uint64_t high, struct pieces **list)
{
    struct disk_child c = children(parent)[i];
    struct node n;
    int r = node_get(fs, &c, parent->shape->level - 1u, &n);

    if (r < 0)
        return r == -TFS_ECORRUPT ? 0 : r;
    r = collect_node(fs, &n, c.fblk, i + 1u < parent->shape->count ? children(parent)[i + 1].fblk : high, list);
    node_put(fs, &n, 0);
    return r < 0 ? r : pieces_add(fs, list, (struct piece){.blk = c.blk, .birth = c.birth, .n = 1, .is_node = 1});
}

/* Only what lies in [low, high): one that several parents lead to is gone through in one place at most, so that a hostile tree ends. */
static int collect_node(struct tfs *fs, const struct node *n, uint64_t low, uint64_t high, struct pieces **list)
{
    int r = 0;

    for (unsigned i = 0; r == 0 && i < n->shape->count; i++) {
        uint64_t at = n->shape->level == 0 ? extents(n)[i].fblk : children(n)[i].fblk;
        if (at < low || at >= high) {
            corrupt(fs, n->blk, "tree node leads to what belongs to another");
        } else if (n->shape->level == 0) {
            const struct disk_extent *e = &extents(n)[i];
            r = pieces_add(fs, list, (struct piece){e->fblk, e->blk, e->birth, e->length, 0});
        } else {
            r = collect_child(fs, n, i, high, list);
        }
    }
    return r;
}

int tree_collect(struct tfs *fs, const struct disk_root *root, struct pieces **list)
{
    struct node n = root_node(root);

    *list = NULL;
    int r = collect_node(fs, &n, 0, MAX_FBLK, list);
    if (r < 0)
        *list = pieces_free(fs, *list);
    return r;
}

void pieces_drop(struct tfs_file *f, struct pieces *list)
{
    for (struct pieces *l = list; l != NULL; l = l->next)
        for (unsigned i = 0; i < l->n; i++) {
            const struct piece *p = &l->piece[i];
            file_drop(f, p->fblk, p->blk, p->n, p->birth, p->is_node);
        }
    pieces_free(f->fs, list);
}

static void leaf_cut(struct tfs_file *f, struct node *n, uint64_t from)
{
    while (n->shape->count > 0) {
        unsigned i = n->shape->count - 1u;
        struct disk_extent e = extents(n)[i];
        if (extent_end(&e) <= from)
            return;
        uint32_t keep = from > e.fblk ? (uint32_t)(from - e.fblk) : 0;
        n->shape->crcs = (uint16_t)(n->shape->crcs - (e.length - keep));
        if (keep > 0)
            extents(n)[i].length = keep;
        else
            leaf_narrow(n, i);
        file_drop(f, e.fblk + keep, e.blk + keep, e.length - keep, e.birth, 0);
    }
}

/*
 * Cuts a writable node. All that can fail is done on the way down - the nodes on the edge of the cut made writable, what
 * lies behind it collected - and all that changes what the file is on the way up: it fails with nothing cut.
 */
static int node_cut(struct tfs_file *f, struct node *n, uint64_t from, struct pieces **list)
{
    struct node below;
    unsigned keep = 0;
    int r = 0;

    if (!contents_ok(f->fs, n))
        return corrupt(f->fs, n->blk, "tree node makes no sense");
    if (n->shape->level == 0) {
        r = file_reserve(f, pieces_count(*list) + n->shape->count + MAX_LEVEL);
        if (r == 0)
            leaf_cut(f, n, from);
        return r;
    }
    while (keep < n->shape->count && children(n)[keep].fblk < from)
        keep++;
    for (unsigned i = keep; r == 0 && i < n->shape->count; i++)
        r = collect_child(f->fs, n, i, MAX_FBLK, list);
    if (r == 0 && keep == 0)
        r = file_reserve(f, pieces_count(*list) + MAX_LEVEL);
    if (r == 0 && keep > 0) {
        r = node_writable(f, &children(n)[keep - 1], n->shape->level - 1u, &below);
        if (r < 0)
            return r;
        r = node_cut(f, &below, from, list);
        int empty = r == 0 && below.shape->count == 0;
        node_put(f->fs, &below, 1);
        if (empty) {
            struct disk_child gone = children(n)[--keep];
            file_drop(f, 0, gone.blk, 1, gone.birth, 1);
        }
    }
    if (r == 0)
        n->shape->count = (uint16_t)keep;
    return r;
}

int tree_cut(struct tfs_file *f, uint64_t from)
{
    struct node n = root_node(&f->inode.root);
    struct pieces *list = NULL;
    int r = node_cut(f, &n, from, &list);

    if (r < 0) {
        pieces_free(f->fs, list);
        return r;
    }
    pieces_drop(f, list);
    if (n.shape->count == 0)
        memset(&f->inode.root, 0, sizeof f->inode.root);
    return 0;
}
