/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The source map: a treap (binary search tree by address, heap by a
 * deterministic priority) of disjoint ranges. Replacing a range cuts the tree
 * at both ends, puts the middle aside and joins the rest around the new
 * node: O(log n + pieces replaced), whatever the range's length (R6, R8).
 */
#include <stdbool.h>
#include <stddef.h>
#include "sourcemap.h"
#include "fileio.h"
#include "image.h"
#include "page.h"
#include "proc.h"

typedef struct Node {
    struct Node *left, *right; /* on the spare and dead lists: left is the next */
    Source src;
    uint32_t priority; /* no child has a greater one */
    struct tfs_want want; /* kind snapshot: the reference to src.snap, for just these bytes (S2) */
} Node;

enum { RESERVE = 3 }; /* one change needs at most the new node and one for a cut at either end */

struct SourceMap {
    Node *root;
    Node *spare;     /* nspare nodes put aside by reservesources */
    Node *dead;      /* replaced, references not dropped yet */
    unsigned nspare;
    uint32_t random; /* of priorities: xorshift32, the same in every run */
    uint64_t count;  /* nodes in the tree */
};

SourceMap *newsources(void)
{
    SourceMap *m = kalloc(sizeof *m);
    if (m != NULL)
        m->random = 2463534242u;
    return m;
}

static uint32_t newpriority(SourceMap *m)
{
    m->random ^= m->random << 13;
    m->random ^= m->random >> 17;
    m->random ^= m->random << 5;
    return m->random;
}

int reservesources(SourceMap *m)
{
    while (m->nspare < RESERVE) {
        Node *node = kalloc(sizeof *node);
        if (node == NULL)
            return -T_ENOMEM;
        node->left = m->spare;
        m->spare = node;
        m->nspare++;
    }
    return 0;
}

/* A node for src out of the reserve. The reference to src.snap or src.image is the node's. */
static Node *newnode(SourceMap *m, Source src)
{
    Node *node = m->spare;
    ASSERT(node != NULL, "R6: a change of the source map without a reserve");
    m->spare = node->left;
    m->nspare--;
    *node = (Node){.src = src, .priority = newpriority(m)};
    if (src.snap != NULL)
        wantsnap(src.snap, &node->want, src.off, src.end - src.va);
    if (src.image != NULL)
        refimage(src.image);
    m->count++;
    return node;
}

/* The node's piece ends elsewhere from now on. */
static void setend(Node *node, uint64_t end)
{
    node->src.end = end;
    if (node->src.snap != NULL)
        rewantsnap(node->src.snap, &node->want, node->src.off, end - node->src.va);
}

/* Puts a whole subtree aside for sweepsources. */
static void bury(SourceMap *m, Node *node)
{
    while (node != NULL) {
        Node *right = node->right;
        bury(m, node->left);
        node->left = m->dead;
        m->dead = node;
        m->count--;
        node = right;
    }
}

void sweepsources(SourceMap *m)
{
    Node *node = m->dead;
    m->dead = NULL; /* unwantsnap may sleep */
    while (node != NULL) {
        Node *next = node->left;
        if (node->src.snap != NULL)
            unwantsnap(node->src.snap, &node->want);
        if (node->src.image != NULL)
            putimage(node->src.image);
        kfree(node);
        node = next;
    }
}

void freesources(SourceMap *m)
{
    bury(m, m->root);
    m->root = NULL;
    sweepsources(m);
    while (m->spare != NULL) {
        Node *next = m->spare->left;
        kfree(m->spare);
        m->spare = next;
    }
    kfree(m);
}

static bool hasoffset(const Source *src)
{
    return src->snap != NULL || src->image != NULL;
}

/* src from va on. */
static Source from(Source src, uint64_t va)
{
    if (hasoffset(&src))
        src.off += va - src.va;
    src.va = va;
    return src;
}

/* The piece that holds va; NULL: it is zero, up to *gap or further. */
static const Node *nodeat(const SourceMap *m, uint64_t va, uint64_t *gap)
{
    const Node *node = m->root;
    while (node != NULL && (va < node->src.va || va >= node->src.end)) {
        if (va < node->src.va && node->src.va < *gap)
            *gap = node->src.va;
        node = va < node->src.va ? node->left : node->right;
    }
    return node;
}

Source sourceat(const SourceMap *m, uint64_t va, uint64_t end)
{
    const Node *node = nodeat(m, va, &end);
    if (node == NULL)
        return (Source){.va = va, .end = end, .kind = EV_source_kind_zero};
    Source found = from(node->src, va);
    if (found.end > end)
        found.end = end;
    return found;
}

unsigned sourcekinds(const SourceMap *m, uint64_t va, uint64_t end, unsigned *pieces)
{
    unsigned kinds = 0;
    for (*pieces = 0; va < end; ++*pieces) {
        uint64_t gap = end;
        const Node *node = nodeat(m, va, &gap);
        kinds |= 1u << (node != NULL ? node->src.kind : EV_source_kind_zero);
        va = node != NULL ? node->src.end : gap;
    }
    return kinds;
}

/* Cuts a tree at va into what lies before and what lies from va on. A piece across va is cut in two. */
static void split(SourceMap *m, Node *tree, uint64_t va, Node **before, Node **after)
{
    if (tree == NULL) {
        *before = *after = NULL;
    } else if (tree->src.end <= va) {
        *before = tree;
        split(m, tree->right, va, &tree->right, after);
    } else if (tree->src.va >= va) {
        *after = tree;
        split(m, tree->left, va, before, &tree->left);
    } else {
        Node *rest = newnode(m, from(tree->src, va));
        rest->priority = tree->priority; /* keeps the heap: it takes over the right subtree */
        rest->right = tree->right;
        tree->right = NULL;
        setend(tree, va);
        *before = tree;
        *after = rest;
    }
}

/* Joins two trees, every address of a below every one of b. */
static Node *join(Node *a, Node *b)
{
    if (a == NULL || b == NULL)
        return a != NULL ? a : b;
    if (a->priority >= b->priority) {
        a->right = join(a->right, b);
        return a;
    }
    b->left = join(a, b->left);
    return b;
}

static Node *first(Node *tree)
{
    while (tree != NULL && tree->left != NULL)
        tree = tree->left;
    return tree;
}

static Node *last(Node *tree)
{
    while (tree != NULL && tree->right != NULL)
        tree = tree->right;
    return tree;
}

/* Does b go on where a ends, so that they can be one piece (R5)? */
static bool continues(const Source *a, const Source *b)
{
    return a->kind == b->kind && a->end == b->va &&
           (!hasoffset(a) ||
            (a->snap == b->snap && a->image == b->image && a->off + (a->end - a->va) == b->off));
}

/* Puts aside the pieces of [va, end), the map being cut at both. */
static void cutout(SourceMap *m, uint64_t va, uint64_t end, Node **before, Node **after)
{
    Node *middle;
    split(m, m->root, va, before, &middle);
    split(m, middle, end, &middle, after);
    bury(m, middle);
}

void setsource(SourceMap *m, Source src)
{
    Node *before, *after;

    if (src.va >= src.end)
        return;
    Source old = sourceat(m, src.va, src.end);
    if (old.end == src.end && old.kind == src.kind && old.snap == src.snap && old.image == src.image &&
        old.off == src.off)
        return; /* as it is already */
    cutout(m, src.va, src.end, &before, &after);
    if (src.kind != EV_source_kind_zero) {
        Node *left = last(before), *right = first(after);
        if (right != NULL && continues(&src, &right->src)) {
            src.end = right->src.end;
            Node *rest;
            split(m, after, src.end, &right, &rest);
            bury(m, right);
            after = rest;
        }
        if (left != NULL && continues(&left->src, &src))
            setend(left, src.end);
        else
            before = join(before, newnode(m, src));
    }
    m->root = join(before, after);
}

/* A copy of a subtree in *copy; on failure what has been copied so far hangs there. */
static int copytree(SourceMap *m, const Node *tree, Node **copy)
{
    if (tree == NULL)
        return 0;
    if (reservesources(m) < 0)
        return -T_ENOMEM;
    *copy = newnode(m, tree->src);
    (*copy)->priority = tree->priority;
    if (copytree(m, tree->left, &(*copy)->left) < 0)
        return -T_ENOMEM;
    return copytree(m, tree->right, &(*copy)->right);
}

SourceMap *copysources(const SourceMap *m)
{
    SourceMap *copy = newsources();
    if (copy != NULL && copytree(copy, m->root, &copy->root) < 0) {
        freesources(copy);
        return NULL;
    }
    return copy;
}

uint64_t countsources(const SourceMap *m)
{
    return m->count;
}
