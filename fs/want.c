/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which blocks of a snapshot somebody wants: a treap of ranges, which may overlap, by their first block. Each node
 * knows the highest end below it, so that "does any range cover this block?" costs O(log n). The ranges
 * lie in their owners' memory: none of this allocates, fails, or touches a block.
 */
#include "core.h"

static uint64_t reach_of(const struct tfs_want *w)
{
    return w != NULL ? w->reach : 0;
}

static void update(struct tfs_want *w)
{
    uint64_t below = reach_of(w->left) > reach_of(w->right) ? reach_of(w->left) : reach_of(w->right);

    w->reach = w->end > below ? w->end : below;
}

static int before(const struct tfs_want *a, const struct tfs_want *b)
{
    return a->first != b->first ? a->first < b->first : (uintptr_t)a < (uintptr_t)b;
}

/* Cuts a tree into what comes before w and what comes after it. */
static void split(struct tfs_want *tree, const struct tfs_want *w, struct tfs_want **low, struct tfs_want **high)
{
    if (tree == NULL) {
        *low = *high = NULL;
    } else if (before(tree, w)) {
        split(tree->right, w, &tree->right, high);
        update(*low = tree);
    } else {
        split(tree->left, w, low, &tree->left);
        update(*high = tree);
    }
}

static struct tfs_want *join(struct tfs_want *a, struct tfs_want *b)
{
    struct tfs_want *top = a != NULL && (b == NULL || a->priority >= b->priority) ? a : b;

    if (a == NULL || b == NULL)
        return top;
    if (top == a)
        a->right = join(a->right, b);
    else
        b->left = join(a, b->left);
    update(top);
    return top;
}

void want_add(struct tfs_want **tree, struct tfs_want *w)
{
    if (*tree != NULL && (*tree)->priority >= w->priority) {
        want_add(before(w, *tree) ? &(*tree)->left : &(*tree)->right, w);
    } else {
        split(*tree, w, &w->left, &w->right);
        *tree = w;
    }
    update(*tree);
}

void want_remove(struct tfs_want **tree, struct tfs_want *w)
{
    if (*tree == w) {
        *tree = join(w->left, w->right);
        return;
    }
    want_remove(before(w, *tree) ? &(*tree)->left : &(*tree)->right, w);
    update(*tree);
}

int want_covers(const struct tfs_want *w, uint64_t fblk, uint64_t *run)
{
    while (w != NULL && w->reach > fblk) {
        if (w->first <= fblk && w->end > fblk) {
            *run = min_u64(*run, w->end - fblk);
            return 1;
        }
        if (w->first > fblk) {
            *run = min_u64(*run, w->first - fblk);
            w = w->left;
        } else { /* if anything on the left reaches beyond fblk it covers it, as it begins no later than here */
            w = reach_of(w->left) > fblk ? w->left : w->right;
        }
    }
    return 0;
}
