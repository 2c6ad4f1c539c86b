/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Extent trees, changed: which disk block holds which block of a file.
 *
 * Writing goes down from the root once: every node on the way is made writable (redirected
 * if somebody else sees it) and split if it might overflow, so that a change of a leaf never has to go back up.
 */
#include "node.h"

static int node_new(struct tfs_file *f, unsigned level, struct node *n)
{
    uint64_t blk;
    void *buf;
    int r = space_alloc(f->fs, f, 0, 0, &blk);

    if (r < 0)
        return r;
    r = meta_new(f->fs, blk, MAGIC_NODE, &buf);
    if (r < 0) {
        space_free(f->fs, blk, 1);
        return r;
    }
    *n = block_node(blk, buf);
    n->shape->level = (uint16_t)level;
    return 0;
}

int node_writable(struct tfs_file *f, struct disk_child *c, unsigned level, struct node *n)
{
    struct node copy;
    int r = node_get(f->fs, c, level, n);

    if (r < 0 || c->birth > file_guard(f))
        return r;
    r = file_reserve(f, 1);
    if (r == 0)
        r = node_new(f, level, &copy);
    if (r < 0) {
        node_put(f->fs, n, 0);
        return r;
    }
    *copy.shape = *n->shape;
    memcpy(copy.body, n->body, n->bytes);
    struct disk_child old = *c;
    node_put(f->fs, n, 0);
    c->blk = copy.blk;
    c->birth = f->fs->epoch;
    file_drop(f, 0, old.blk, 1, old.birth, 1);
    *n = copy;
    return 0;
}

static uint64_t first_key(const struct node *n)
{
    if (n->shape->count == 0)
        return 0;
    return n->shape->level == 0 ? extents(n)[0].fblk : children(n)[0].fblk;
}

/* The root in the inode is full: its contents move into a block, and it has that as its only child. */
static int root_grow(struct tfs_file *f)
{
    struct disk_root *r = &f->inode.root;
    struct node top = root_node(r), below;

    if (r->shape.level == MAX_LEVEL)
        return -TFS_EFBIG;
    int e = node_new(f, r->shape.level, &below);
    if (e < 0)
        return e;
    *below.shape = r->shape;
    memcpy(below.body, r->body, ROOT_BYTES);
    uint64_t key = first_key(&top);
    memset(r, 0, sizeof *r);
    r->shape.level = (uint16_t)(below.shape->level + 1);
    r->shape.count = 1;
    children(&top)[0] = (struct disk_child){.fblk = key, .blk = below.blk, .birth = f->fs->epoch};
    node_put(f->fs, &below, 1);
    return 0;
}

/* Where to cut a leaf in two: after i whole extents and k blocks of the next; neither half is empty. */
static void leaf_middle(const struct node *n, unsigned *i, unsigned *k)
{
    const struct disk_extent *e = extents(n);
    unsigned half = leaf_bytes(n) / 2, sum = 0;

    for (*i = 0; *i + 1u < n->shape->count; (*i)++) {
        unsigned size = (unsigned)(sizeof *e + e[*i].length * sizeof(uint32_t));
        if (sum + size > half)
            break;
        sum += size;
    }
    unsigned room = half > sum + sizeof *e ? (unsigned)((half - sum - sizeof *e) / sizeof(uint32_t)) : 0;
    *k = (unsigned)min_u64(room, e[*i].length - 1);
    if (*i == 0 && *k == 0) {
        *k = e[0].length > 1;
        *i = e[0].length == 1;
    }
}

static void leaf_split(struct node *n, struct node *right)
{
    unsigned i, k, kept_crcs = 0;

    leaf_middle(n, &i, &k);
    struct disk_extent *e = extents(n);
    for (unsigned j = 0; j < i; j++)
        kept_crcs += e[j].length;
    kept_crcs += k;
    right->shape->count = (uint16_t)(n->shape->count - i);
    right->shape->crcs = (uint16_t)(n->shape->crcs - kept_crcs);
    memcpy(right->body, &e[i], right->shape->count * sizeof *e);
    memcpy(crcs(right), crcs(n) + kept_crcs, right->shape->crcs * sizeof(uint32_t));
    if (k > 0) {
        struct disk_extent *first = extents(right);
        first->fblk += k;
        first->blk += k;
        first->length -= k;
        e[i].length = k;
    }
    uint32_t *old_crcs = crcs(n);
    n->shape->count = (uint16_t)(i + (k > 0));
    n->shape->crcs = (uint16_t)kept_crcs;
    memmove(crcs(n), old_crcs, kept_crcs * sizeof(uint32_t));
}

static void interior_split(struct node *n, struct node *right, uint64_t fblk)
{
    struct disk_child *c = children(n);
    unsigned count = n->shape->count;
    unsigned keep = fblk >= c[count - 1].fblk ? count - 1 : count / 2; /* growing at the end leaves full nodes behind */

    right->shape->count = (uint16_t)(count - keep);
    memcpy(right->body, &c[keep], (count - keep) * sizeof *c);
    n->shape->count = (uint16_t)keep;
}

static int grows_at_end(const struct node *n, uint64_t fblk)
{
    return n->shape->level == 0 && n->shape->count > 0 && fblk >= extent_end(&extents(n)[n->shape->count - 1]);
}

/* Splits child *at of the parent, which has room; *n becomes the half that is responsible for fblk. */
static int node_split(struct tfs_file *f, struct node *parent, unsigned *at, struct node *n, uint64_t fblk)
{
    struct node right;
    int r = node_new(f, n->shape->level, &right);

    if (r < 0)
        return r;
    uint64_t key = fblk;
    if (!grows_at_end(n, fblk)) {
        if (n->shape->level == 0)
            leaf_split(n, &right);
        else
            interior_split(n, &right, fblk);
        key = first_key(&right);
    }
    struct disk_child *c = children(parent);
    memmove(&c[*at + 2], &c[*at + 1], (parent->shape->count - *at - 1u) * sizeof *c);
    c[*at + 1] = (struct disk_child){.fblk = key, .blk = right.blk, .birth = f->fs->epoch};
    parent->shape->count++;
    if (fblk < key) {
        node_put(f->fs, &right, 1);
        return 0;
    }
    node_put(f->fs, n, 1);
    *n = right;
    ++*at;
    return 0;
}

static int has_room(const struct node *n, uint64_t fblk, uint64_t blk, uint64_t birth)
{
    if (n->shape->level > 0)
        return (n->shape->count + 1u) * sizeof(struct disk_child) <= n->bytes;
    return leaf_bytes(n) + leaf_need(n, fblk, blk, birth) <= n->bytes;
}

/* *n is writable and becomes its child on the way to fblk; *parent becomes what *n was. */
static int step_down(struct tfs_file *f, struct node *parent, unsigned *at, struct node *n, uint64_t fblk)
{
    struct node below;
    unsigned i = child_index(n, fblk);
    struct disk_child *c = &children(n)[i];
    int r = node_writable(f, c, n->shape->level - 1u, &below);

    if (r < 0)
        return r;
    if (fblk < c->fblk)
        c->fblk = fblk;
    node_put(f->fs, parent, 1);
    *parent = *n;
    *n = below;
    *at = i;
    return 0;
}

int tree_prepare(struct tfs_file *f, uint64_t fblk, uint64_t blk, uint64_t birth, struct node *leaf)
{
    struct node parent = {0}, n = root_node(&f->inode.root);
    unsigned at = 0;
    int r = 0;

    while (r == 0) {
        if (!contents_ok(f->fs, &n))
            r = corrupt(f->fs, n.blk, "tree node makes no sense");
        else if (!has_room(&n, fblk, blk, birth))
            r = n.blk == 0 ? root_grow(f) : node_split(f, &parent, &at, &n, fblk);
        else if (n.shape->level == 0)
            break;
        else
            r = step_down(f, &parent, &at, &n, fblk);
    }
    node_put(f->fs, &parent, 1);
    if (r < 0)
        node_put(f->fs, &n, 1);
    *leaf = n;
    return r;
}
