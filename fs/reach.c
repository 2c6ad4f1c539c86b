/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sets of blocks, and what a whole tree of files leads to: for comparing what the live files, the named snapshots, the free map
 * and the deadlists say about each block.
 */
#include "core.h"

int set_begin(struct tfs *fs, struct blockset *s)
{
    s->group = mem_alloc(fs, fs->ngroups * sizeof *s->group);
    return s->group != NULL ? 0 : -TFS_ENOMEM;
}

void set_clear(struct tfs *fs, struct blockset *s)
{
    for (uint64_t i = 0; s->group != NULL && i < fs->ngroups; i++) {
        mem_free(fs, s->group[i], GROUP_BYTES);
        s->group[i] = NULL;
    }
}

void set_end(struct tfs *fs, struct blockset *s)
{
    set_clear(fs, s);
    mem_free(fs, s->group, fs->ngroups * sizeof *s->group);
    s->group = NULL;
}

int set_add(struct tfs *fs, struct blockset *s, uint64_t blk)
{
    uint8_t **g = &s->group[blk / GROUP_BLOCKS];

    if (*g == NULL && (*g = mem_alloc(fs, GROUP_BYTES)) == NULL)
        return -TFS_ENOMEM;
    uint8_t *byte = *g + blk % GROUP_BLOCKS / 8, m = (uint8_t)(1u << blk % 8);
    int is_new = !(*byte & m);
    *byte |= m;
    return is_new;
}

/* The pieces of one tree. */
static int reach_tree(struct tfs *fs, const struct disk_root *root, void (*one)(void *arg, const struct piece *),
                      void *arg) {
    struct pieces *list;
    int r = root_check(fs, root) < 0 ? 1 : tree_collect(fs, root, &list);

    if (r != 0)
        return r < 0 ? r : 0;
    for (const struct pieces *l = list; l != NULL; l = l->next)
        for (unsigned i = 0; i < l->n; i++)
            one(arg, &l->piece[i]);
    pieces_free(fs, list);
    return 0;
}

int reach_all(struct tfs *fs, void (*one)(void *arg, const struct piece *), void *arg)
{
    struct disk_inode i;
    int r = reach_tree(fs, &fs->table->inode.root, one, arg);

    for (uint32_t slot = 0; slot < fs->nslots && (r == 0 || r == -TFS_ECORRUPT || r == -TFS_EIO); slot++) {
        r = inode_load(fs, slot, &i);
        if (r == 0 && i.ino != 0)
            r = reach_tree(fs, &i.root, one, arg);
    }
    return r == -TFS_ENOMEM ? r : 0;
}
