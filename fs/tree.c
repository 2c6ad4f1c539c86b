/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Extent trees: which disk block holds which block of a file.
 *
 * A leaf holds extents and, behind them, one checksum for every block they
 * cover, so that one metadata block says both where about a thousand blocks are
 * and what must be in them. The root is a small node inside the inode.
 *
 * Writing goes down from the root once: every node on the way is made writable (redirected
 * if somebody else sees it) and split if it might overflow, so that a change of a leaf never has to go back up.
 */
#include "core.h"

/* ---- nodes ---- */

struct node root_node(const struct disk_root *r) {
    struct disk_root *w = (struct disk_root *)r; /* readers do not write through it */

    return (struct node){.shape = &w->shape, .body = (uint8_t *)w->body, .bytes = ROOT_BYTES};
}

static struct node block_node(uint64_t blk, void *buf)
{
    struct disk_header *h = buf;

    return (struct node){
        .shape = &h->shape, .body = (uint8_t *)buf + sizeof *h, .bytes = BODY_BYTES, .blk = blk, .buf = buf};
}

static struct disk_extent *extents(const struct node *n)
{
    return (struct disk_extent *)(void *)n->body;
}

static struct disk_child *children(const struct node *n)
{
    return (struct disk_child *)(void *)n->body;
}

static uint32_t *crcs(const struct node *n)
{
    return (uint32_t *)(void *)(n->body + n->shape->count * sizeof(struct disk_extent));
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

static unsigned leaf_bytes(const struct node *n)
{
    return n->shape->count * (unsigned)sizeof(struct disk_extent) + n->shape->crcs * (unsigned)sizeof(uint32_t);
}

static uint64_t extent_end(const struct disk_extent *e)
{
    return e->fblk + e->length;
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

static int contents_ok(const struct tfs *fs, const struct node *n)
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

/* The last child whose range begins at or below fblk; 0 if none does. */
static unsigned child_index(const struct node *n, uint64_t fblk)
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

/* ---- changing leaves ---- */

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

/* Bytes that a mapping may need in the leaf. */
static unsigned leaf_need(const struct node *n, uint64_t fblk, uint64_t blk, uint64_t birth)
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

static void leaf_narrow(struct node *n, unsigned i)
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

/* ---- making the way down writable ---- */

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

/* Pins a child for writing; redirects it first if somebody else sees it. The parent must be writable. */
static int node_writable(struct tfs_file *f, struct disk_child *c, unsigned level, struct node *n)
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

/* ---- collecting, and cutting off the end ---- */

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
