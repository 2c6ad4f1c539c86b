/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What check finds, in words: each finding names the file with its path.
 */
#include "check.h"

#define MAX_SAID 200 /* findings in words; the rest are counted */

static void check_say_text(struct check *c, const struct text *t)
{
    c->findings++;
    if (c->findings <= MAX_SAID)
        c->say(c->arg, t->buf);
    if (c->findings == MAX_SAID)
        c->say(c->arg, "more findings are counted but not listed");
}

/* The name that slot has in the directory at hand; empty if it cannot be found. */
static void find_name(struct tfs_file *dir, uint32_t slot, char name[TFS_NAME_MAX + 1])
{
    struct tfs_extent x;
    void *data;

    name[0] = 0;
    for (uint64_t fblk = 0; fblk < MAX_FBLK && name[0] == 0; fblk += x.run) {
        if (tree_find(dir->fs, &dir->inode.root, fblk, &x) < 0)
            return;
        if (x.blk == 0)
            continue;
        const struct disk_entry *e;
        unsigned off = 0;
        int fresh, bad = 0;
        if (meta_get(dir->fs, x.blk, MAGIC_DIR, x.birth, &data, &fresh) < 0)
            continue;
        while ((e = bucket_next(data, &off, &bad)) != NULL)
            if (e->slot == slot) {
                memcpy(name, e->name, e->namelen);
                name[e->namelen] = 0;
                break;
            }
        block_put(dir->fs, x.blk, data, 0);
    }
}

/* Adds "/dir/name" of a file, as far up as it can be found. */
static void add_path(struct check *c, struct text *t, uint32_t slot, uint32_t parent, unsigned depth)
{
    struct tfs_file *dir = NULL;
    char name[TFS_NAME_MAX + 1];

    if (slot == 0 || depth > 16 || file_get(c->fs, parent, 0, &dir) < 0)
        return;
    if (file_is_dir(dir)) {
        find_name(dir, slot, name);
        add_path(c, t, parent, dir->inode.link, depth + 1);
        text_add(t, "/");
        text_add(t, name[0] != 0 ? name : "?");
    }
    tfs_unref(dir);
}

void check_about_file(struct check *c, uint32_t slot, const struct disk_inode *i)
{
    c->name.n = 0;
    text_add(&c->name, i->mode & MODE_DIR ? "directory " : "file ");
    text_number(&c->name, i->ino);
    c->path_slot = slot;
    c->path_parent = i->link;
}

/* "NAME: WHAT" or, with a number, "NAME: WHAT NUMBER". */
void check_say(struct check *c, const char *what)
{
    struct text t = {.n = 0};

    if (c->snap != NULL) {
        text_add(&t, "snapshot ");
        text_add(&t, c->snap->disk.name);
        text_add(&t, ": ");
    }
    text_add(&t, c->name.buf);
    if (c->path_slot != 0 && c->findings < MAX_SAID) {
        struct text path = {.n = 0};
        add_path(c, &path, c->path_slot, c->path_parent, 0);
        text_add(&t, " (");
        text_add(&t, path.buf);
        text_add(&t, ")");
    }
    text_add(&t, ": ");
    text_add(&t, what);
    check_say_text(c, &t);
}

void check_say_number(struct check *c, const char *what, uint64_t v)
{
    struct text t = {.n = 0};

    text_add(&t, what);
    text_add(&t, " ");
    text_number(&t, v);
    check_say(c, t.buf);
}

void check_about(struct check *c, const char *what, uint64_t v)
{
    c->name.n = 0;
    text_add(&c->name, what);
    text_number(&c->name, v);
    c->path_slot = 0;
}
