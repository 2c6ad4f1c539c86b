/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Check of directories: their entries, and the ways to them.
 */
#include "check.h"

static int name_is_sane(const struct disk_entry *e)
{
    for (unsigned i = 0; i < e->namelen; i++)
        if (e->name[i] == 0 || e->name[i] == '/')
            return 0;
    return !(e->name[0] == '.' && (e->namelen == 1 || (e->namelen == 2 && e->name[1] == '.')));
}

static void check_target(struct check *c, const struct disk_entry *e)
{
    struct disk_inode i;
    uint8_t *state = e->slot < c->fs->nslots ? check_slot(c, e->slot) : NULL;

    if (c->failed < 0)
        return;
    if (state == NULL || inode_load(c->fs, e->slot, &i) < 0)
        return check_say_number(c, "an entry leads to an inode that cannot be read, of file", e->ino);
    if (i.ino != e->ino)
        return check_say_number(c, "an entry leads to another file's inode instead of file", e->ino);
    if (*state & SLOT_NAMED)
        return check_say_number(c, "there is a second name for file", e->ino);
    *state |= SLOT_NAMED;
    if (i.link != c->slot)
        check_say_number(c, "an entry's file says that it is in another directory: file", e->ino);
}

void check_bucket(struct check *c, const void *bucket, uint64_t blk)
{
    const struct disk_entry *e, *last = NULL;
    unsigned off = 0, n = 0;
    int bad = 0;

    for (; (e = bucket_next(bucket, &off, &bad)) != NULL; last = e, n++) {
        if (!name_is_sane(e) || e->hash != name_hash(e->name, e->namelen) || e->hash < c->low || e->hash >= c->next ||
            (last != NULL && e->hash < last->hash))
            check_say_number(c, "an entry is impossible or out of place in directory block", blk);
        if (last != NULL && e->hash == last->hash && e->namelen == last->namelen &&
            memcmp(e->name, last->name, e->namelen) == 0)
            check_say_number(c, "a name occurs twice in directory block", blk);
        check_target(c, e);
    }
    if (bad || n != ((const struct disk_header *)bucket)->shape.count)
        check_say_number(c, "entries make no sense in directory block", blk);
    c->entries += n;
}

/* Follows the directories upwards until one that is known; marks the way. */
void check_connected(struct check *c, uint32_t slot)
{
    struct disk_inode i;

    for (int marking = 0; marking < 2; marking++) {
        uint32_t at = slot;
        for (uint32_t steps = 0; at != 0; steps++) {
            uint8_t *state = at < c->fs->nslots ? check_slot(c, at) : NULL;
            if (state != NULL && (*state & SLOT_CONNECTED))
                break;
            if (state == NULL || steps > c->fs->nslots || inode_load(c->fs, at, &i) < 0 || i.ino == 0) {
                if (!marking)
                    check_say(c, "no way leads to it from the root");
                break;
            }
            if (marking)
                *state |= SLOT_CONNECTED;
            at = i.link;
        }
    }
}
