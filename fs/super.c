/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whole file systems: format, mount, commit.
 *
 * A commit writes everything that changed to places that the last commit does not
 * use, waits, and then writes one superblock: the older of two. Until that one
 * block is on the medium, the last commit is what a mount finds.
 */
#include "core.h"

#define STRING2(x) #x
#define STRING(x) STRING2(x)
#define MIN_BLOCKS 32u /* the smallest file system that is any use */

/* ---- layout ---- */

static int set_size(struct tfs *fs, uint64_t nblocks)
{
    if (nblocks < MIN_BLOCKS || nblocks > (uint64_t)MAX_GROUPS * GROUP_BLOCKS)
        return -TFS_EINVAL;
    fs->nblocks = nblocks;
    fs->ngroups = (nblocks + GROUP_BLOCKS - 1) / GROUP_BLOCKS;
    fs->first = MAP_BLOCK(fs->ngroups, 0);
    fs->reserve = min_u64(64, nblocks / 16);
    fs->map_copy = mem_alloc(fs, (fs->ngroups + 7) / 8);
    return fs->map_copy != NULL ? 0 : -TFS_ENOMEM;
}

static struct tfs *tfs_new(const struct tfs_env *env)
{
    struct tfs *fs = env->alloc(env->ctx, sizeof *fs);

    if (fs == NULL)
        return NULL;
    memset(fs, 0, sizeof *fs);
    fs->env = env;
    fs->table = mem_alloc(fs, sizeof *fs->table);
    fs->snap_table = mem_alloc(fs, sizeof *fs->snap_table);
    if (fs->table == NULL || fs->snap_table == NULL) {
        mem_free(fs, fs->table, sizeof *fs->table);
        mem_free(fs, fs->snap_table, sizeof *fs->snap_table);
        mem_free(fs, fs, sizeof *fs);
        return NULL;
    }
    *fs->table = (struct tfs_file){.fs = fs, .slot = NO_SLOT, .opens = 1, .magic = MAGIC_INODES};
    *fs->snap_table = (struct tfs_file){.fs = fs, .slot = NO_SLOT, .opens = 1, .magic = MAGIC_SNAP, .inode.nlink = 1};
    return fs;
}

void super_forget(struct tfs *fs)
{
    space_forget(fs);
    named_forget(fs);
    dead_forget(fs);
    if (fs->view_of != NULL)
        fs->view_of->views--;
    mem_free(fs, fs->root, sizeof *fs->root);
    mem_free(fs, fs->table, sizeof *fs->table);
    mem_free(fs, fs->snap_table, sizeof *fs->snap_table);
    mem_free(fs, fs->carried, CARRIED_BYTES);
    mem_free(fs, fs->map_copy, (fs->ngroups + 7) / 8);
    mem_free(fs, fs, sizeof *fs);
}

/* ---- commit ---- */

static int write_super(struct tfs *fs, uint64_t *written)
{
    uint64_t blk = (fs->generation + 1) & 1;
    void *data;
    int r = meta_new(fs, blk, MAGIC_SUPER, &data);

    if (r < 0)
        return r;
    struct disk_super *s = data;
    s->version = FORMAT_VERSION;
    s->block_size = TFS_BLOCK;
    s->generation = fs->generation + 1;
    s->nblocks = fs->nblocks;
    s->next_ino = fs->next_ino;
    s->cursor = fs->cursor;
    s->slots = fs->nslots;
    s->free_slot = fs->free_slot;
    s->dead = fs->dead.next;
    s->table = fs->table->inode;
    s->snaps = fs->snap_table->inode;
    s->free_blocks = fs->free + fs->waiting + fs->held;
    map_describe(fs, s);
    block_put(fs, blk, data, 1);
    r = fs->env->flush(fs->env->ctx, written);
    fs->broken = r < 0; /* it may or may not have arrived */
    return r;
}

static int commit_blocks(struct tfs *fs, uint64_t *written)
{
    int r = inode_store_all(fs);

    if (r == 0)
        r = dead_commit(fs);
    if (r == 0)
        r = map_commit(fs);
    if (r == 0)
        r = fs->env->flush(fs->env->ctx, written);
    if (r == 0)
        r = write_super(fs, written);
    if (r < 0)
        return r;
    space_committed(fs);
    dead_committed(fs);
    fs->generation++;
    fs->committed = fs->epoch++;
    fs->changed = 0;
    return 0;
}

static void tell(struct tfs *fs, enum tfs_event_kind kind, uint64_t epoch, uint64_t blocks, int error)
{
    struct tfs_event e = {.kind = kind, .epoch = epoch, .blocks = blocks, .error = error};

    if (fs->env->event != NULL)
        fs->env->event(fs->env->ctx, &e);
}

int tfs_commit(struct tfs *fs)
{
    uint64_t epoch = fs->epoch, written = 0;

    if (fs->broken)
        return -TFS_EIO;
    if (!fs->changed)
        return 0;
    tell(fs, TFS_EV_COMMIT_BEGIN, epoch, 0, 0);
    int r = commit_blocks(fs, &written);
    tell(fs, TFS_EV_COMMIT_END, epoch, written, r);
    return r;
}

int make_room(struct tfs *fs)
{
    uint64_t least = fs->reserve + space_floor(fs);

    if (fs->free > least)
        return 0;
    snap_sift_all(fs);
    if (fs->free > least || fs->waiting == 0 || fs->no_commit)
        return 0;
    return tfs_commit(fs);
}

/* ---- format ---- */

static int make_root(struct tfs *fs)
{
    int r = file_new(fs, MODE_DIR | 0755, 0, &fs->root);

    if (r < 0)
        return r;
    r = tfs_commit(fs);
    if (r == 0) { /* once more, so that both superblocks are there */
        fs->changed = 1;
        r = tfs_commit(fs);
    }
    return r;
}

int tfs_format(const struct tfs_env *env, uint64_t nblocks)
{
    struct tfs *fs = tfs_new(env);

    if (fs == NULL)
        return -TFS_ENOMEM;
    int r = set_size(fs, nblocks);
    if (r == 0 && fs->first + MIN_BLOCKS / 2 > nblocks)
        r = -TFS_EINVAL;
    if (r == 0) {
        fs->free = fs->nblocks - fs->first;
        fs->cursor = fs->first;
        fs->next_ino = 1;
        fs->epoch = 1;
        fs->table->inode.nlink = 1;
        r = make_root(fs);
    }
    super_forget(fs);
    return r;
}

/* ---- mount ---- */

/* 1 and *out filled if superblock blk is valid; 0 if not; negative if it cannot be read. */
static int read_super(struct tfs *fs, uint64_t blk, struct disk_super **out)
{
    void *data;
    int fresh, r = block_get(fs, blk, TFS_META, TFS_GET_READ, &data, &fresh);

    if (r < 0)
        return r;
    const struct disk_super *s = data;
    struct disk_header h = s->header;
    int good = h.magic == MAGIC_SUPER && h.blk == blk && h.crc == seal_of(data) && (s->generation & 1) == blk;
    *out = data;
    if (good)
        return 1;
    block_put(fs, blk, data, 0);
    fs->env->drop(fs->env->ctx, blk);
    if (h.magic != 0)
        corrupt(fs, blk, "superblock is damaged; the other one is used if it is whole");
    return 0;
}

/* Pins the superblock that counts. */
static int newest_super(struct tfs *fs, uint64_t *blk, struct disk_super **out)
{
    struct disk_super *s[2];
    int r[2];

    for (uint64_t i = 0; i < 2; i++)
        r[i] = read_super(fs, i, &s[i]);
    for (int i = 0; i < 2; i++) /* one that cannot be read might be the newer: do not go back in time */
        if (r[i] < 0) {
            if (r[!i] > 0)
                block_put(fs, (uint64_t)!i, s[!i], 0);
            return r[i];
        }
    if (r[0] == 0 && r[1] == 0)
        return -TFS_ECORRUPT;
    fs->lone_super = r[0] == 0 || r[1] == 0;
    *blk = r[0] == 0 || (r[1] != 0 && s[1]->generation > s[0]->generation);
    if (r[!*blk] > 0)
        block_put(fs, !*blk, s[!*blk], 0);
    *out = s[*blk];
    return 0;
}

/* Says which version it is. Versions beyond 9999 are no versions. */
static int other_version(struct tfs *fs, uint32_t version)
{
    char text[] = "its format is version 0000; this program knows versions 3 and " STRING(FORMAT_VERSION) " only";
    char *digits = strchr(text, '0');

    if (version > 9999)
        return corrupt(fs, 0, "superblock makes no sense");
    for (int i = 3; i >= 0; i--, version /= 10)
        digits[i] = (char)('0' + version % 10);
    size_t zeros = strspn(digits, "0");
    if (zeros > 3)
        zeros = 3;
    memmove(digits, digits + zeros, strlen(digits + zeros) + 1);
    return corrupt(fs, 0, text);
}

/* What differs in version 3, which had named snapshots of another kind: the next commit writes what is known now. */
static int take_v3(struct tfs *fs, const struct disk_super_v3 *s)
{
    if (s->snap_blk != 0)
        return corrupt(fs, 0, "its format is version 3 and it has named snapshots, which this program cannot read: remove them "
                              "(tarry fs snap rm) with the program that took them");
    if (fs->ngroups > MAX_GROUPS_V3)
        return corrupt(fs, 0, "superblock makes no sense");
    memcpy(fs->map_copy, s->map_copy, (fs->ngroups + 7) / 8);
    fs->table->inode = s->table;
    return 0;
}

static int take_now(struct tfs *fs, const struct disk_super *s)
{
    memcpy(fs->map_copy, s->map_copy, (fs->ngroups + 7) / 8);
    fs->table->inode = s->table;
    fs->snap_table->inode = s->snaps;
    fs->dead.disk = s->dead;
    if (!dead_is_sane(fs, &s->dead) || inode_check(fs, &s->snaps) < 0)
        return corrupt(fs, 0, "superblock makes no sense");
    return 0;
}

static int take_super(struct tfs *fs, const struct disk_super *s, uint64_t device_blocks)
{
    if (s->version != FORMAT_VERSION && s->version != 3)
        return other_version(fs, s->version);
    if (s->block_size != TFS_BLOCK || s->nblocks > device_blocks)
        return corrupt(fs, 0, s->nblocks > device_blocks ? "file system is larger than its device: truncated image?"
                                                         : "superblock makes no sense");
    int r = set_size(fs, s->nblocks);
    if (r < 0)
        return r == -TFS_EINVAL ? corrupt(fs, 0, "superblock makes no sense") : r;
    fs->generation = s->generation;
    fs->committed = s->header.birth;
    fs->epoch = s->header.birth + 1;
    fs->free = s->free_blocks;
    fs->next_ino = s->next_ino;
    fs->nslots = s->slots;
    fs->free_slot = s->free_slot;
    fs->map_groups = s->map_groups;
    fs->cursor = s->cursor;
    r = s->version == 3 ? take_v3(fs, (const struct disk_super_v3 *)(const void *)s) : take_now(fs, s);
    if (r < 0)
        return r;
    if (fs->committed >= UINT64_MAX / 2 || fs->generation >= UINT64_MAX / 2 || fs->free > fs->nblocks - fs->first ||
        fs->nslots == 0 || fs->nslots / INODES_PER_BLOCK > fs->nblocks || fs->map_groups > fs->ngroups ||
        !block_valid(fs, fs->cursor) || fs->cursor / GROUP_BLOCKS > fs->map_groups ||
        inode_check(fs, &fs->table->inode) < 0)
        return corrupt(fs, 0, "superblock makes no sense");
    return s->version == 3 ? 0 : map_take(fs, s);
}

int super_mount_root(struct tfs *fs)
{
    int r = file_get(fs, 0, 0, &fs->root);

    if (r < 0)
        return r;
    return file_is_dir(fs->root) ? 0 : corrupt(fs, 0, "root is not a directory");
}

int super_mount(const struct tfs_env *env, uint64_t nblocks, struct tfs **out)
{
    struct tfs *fs = tfs_new(env);
    struct disk_super *s;
    uint64_t blk;

    if (fs == NULL)
        return -TFS_ENOMEM;
    int r = newest_super(fs, &blk, &s);
    if (r == 0) {
        r = take_super(fs, s, nblocks);
        block_put(fs, blk, s, 0);
    }
    if (r < 0)
        super_forget(fs);
    else
        *out = fs;
    return r;
}

int super_view(struct tfs *live, struct named *s, struct tfs **out)
{
    struct tfs *fs = tfs_new(live->env);

    if (fs == NULL)
        return -TFS_ENOMEM;
    int r = set_size(fs, live->nblocks);
    if (r < 0) {
        super_forget(fs);
        return r;
    }
    fs->readonly = 1;
    fs->view_of = s;
    s->views++;
    fs->generation = s->disk.generation;
    fs->committed = s->disk.epoch;
    fs->epoch = s->disk.epoch + 1;
    fs->next_ino = live->next_ino;
    fs->nslots = s->disk.slots;
    fs->free_slot = s->disk.free_slot;
    fs->cursor = fs->first;
    fs->table->inode = s->disk.table;
    *out = fs;
    return 0;
}

int tfs_mount(const struct tfs_env *env, uint64_t nblocks, struct tfs **out)
{
    struct tfs *fs = NULL;
    int r = super_mount(env, nblocks, &fs);

    *out = NULL;
    if (r < 0)
        return r;
    r = named_load(fs, 0);
    if (r == 0)
        r = super_mount_root(fs);
    if (r < 0)
        super_forget(fs);
    else
        *out = fs;
    return r;
}

int tfs_unmount(struct tfs *fs)
{
    int r = tfs_commit(fs);

    super_forget(fs);
    return r;
}

void tfs_space(struct tfs *fs, struct tfs_space *s)
{
    *s = (struct tfs_space){
        .blocks = fs->nblocks,
        .free_blocks = fs->free,
        .held_blocks = fs->held,
        .snapshots = fs->nsnaps,
        .epoch = fs->epoch,
    };
}
