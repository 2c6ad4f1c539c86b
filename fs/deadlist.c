/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Deadlists on the disk: what a named snapshot sees and what came after it does not.
 *
 * Each named snapshot, and the live file system, has one: the blocks that the next older snapshot sees and it does not. Only the
 * live one grows, with each commit: its first block is written anew until it is full, then it gets another before it. When
 * a snapshot is taken the live list becomes the snapshot's, and the live one is empty; when one is removed, its
 * neighbour's list and its own become one, and what nobody sees any more is free. Nothing here depends on the size of files or disks.
 */
#include "core.h"

#define SLACK 64u /* entries that changes on the way to the one that room is made for may need */

int dead_sees(const struct tfs *fs, uint64_t birth)
{
    return fs->named != NULL && birth <= fs->named->disk.epoch;
}

/* ---- reading ---- */

static int entry_is_sane(const struct tfs *fs, const struct disk_dead *e)
{
    return block_valid(fs, e->blk) && e->n > 0 && e->n <= fs->nblocks - e->blk && e->birth <= fs->committed;
}

int dead_is_sane(const struct tfs *fs, const struct disk_deadlist *l)
{
    if (l->blk == 0)
        return l->chain == 0 && l->entries == 0 && l->blocks == 0;
    return l->chain > 0 && l->chain <= l->entries && l->entries <= l->blocks && l->blocks <= fs->nblocks;
}

/* Pins a block of a list. */
static int get_block(struct tfs *fs, uint64_t blk, uint64_t birth, const struct disk_deadblock **out)
{
    void *data;
    int fresh, r = block_valid(fs, blk) ? meta_get(fs, blk, MAGIC_DEAD, birth, &data, &fresh)
                                        : corrupt(fs, blk, "deadlist points outside of the device");

    if (r < 0)
        return r;
    const struct disk_deadblock *b = *out = data;
    unsigned n = b->header.shape.count;
    int sane = n > 0 && n <= DEAD_ENTRIES;
    for (unsigned i = 0; sane && i < n; i++)
        sane = entry_is_sane(fs, &b->entry[i]);
    if (sane)
        return 0;
    block_put(fs, blk, data, 0);
    return corrupt(fs, blk, "deadlist makes no sense");
}

static int visit(const struct dead_visitor *v, uint64_t chain_blk, const struct disk_dead *e, unsigned n)
{
    int r = v->chain != NULL ? v->chain(v->arg, chain_blk) : 0;

    for (unsigned i = 0; r >= 0 && i < n; i++)
        r = v->one(v->arg, &e[i]);
    return r < 0 ? r : 0;
}

/* The pages of the live list. */
static int visit_pages(struct tfs *fs, const struct dead_visitor *v, struct disk_deadlist *rest)
{
    const struct deadlist *l = &fs->dead;
    int r = 0;

    for (const struct dead_page *p = l->pages; p != NULL && r == 0; p = p->next)
        r = visit(v, p->blk, p->entry, p->n);
    if (r == 0 && l->pages->old > 0 && !l->replaced && v->chain != NULL)
        r = v->chain(v->arg, l->disk.blk);
    rest->blk = l->base_blk;
    rest->birth = l->base_birth;
    rest->chain -= l->pages->old > 0;
    for (const struct dead_page *p = l->pages; p != NULL; p = p->next)
        for (unsigned i = 0; i < p->n; i++) {
            rest->entries--;
            rest->blocks -= p->entry[i].n;
        }
    return r < 0 ? r : 0;
}

int dead_walk(struct tfs *fs, const struct disk_deadlist *list, const struct dead_visitor *v)
{
    struct disk_deadlist rest = *list;
    int r = list == &fs->dead.disk && fs->dead.pages != NULL ? visit_pages(fs, v, &rest) : 0;

    while (r == 0 && rest.blk != 0) {
        const struct disk_deadblock *b;
        uint64_t blk = rest.blk;
        if (rest.chain == 0) /* it ends */
            return corrupt(fs, blk, "deadlist is longer than it should be");
        r = get_block(fs, blk, rest.birth, &b);
        if (r < 0)
            return r;
        r = visit(v, blk, b->entry, b->header.shape.count);
        rest.chain--;
        rest.entries -= b->header.shape.count;
        for (unsigned i = 0; i < b->header.shape.count; i++)
            rest.blocks -= b->entry[i].n;
        rest.blk = b->next_blk;
        rest.birth = b->next_birth;
        block_put(fs, blk, (void *)(uintptr_t)b, 0);
    }
    if (r == 0 && (rest.chain != 0 || rest.entries != 0 || rest.blocks != 0))
        r = corrupt(fs, list->blk, "deadlist has another length than its owner says");
    return r;
}

/* ---- the live list ---- */

/* The oldest page goes on where the first block of the list ends, if that is not full. */
static int reopen(struct tfs *fs, struct dead_page *p)
{
    struct deadlist *l = &fs->dead;
    const struct disk_deadblock *b;

    l->base_blk = l->disk.blk;
    l->base_birth = l->disk.birth;
    if (l->disk.blk == 0)
        return 0;
    int r = get_block(fs, l->disk.blk, l->disk.birth, &b);
    if (r < 0)
        return r;
    if (b->header.shape.count < DEAD_ENTRIES) {
        p->n = p->old = b->header.shape.count;
        memcpy(p->entry, b->entry, p->n * sizeof p->entry[0]);
        l->base_blk = b->next_blk;
        l->base_birth = b->next_birth;
    }
    block_put(fs, l->disk.blk, (void *)(uintptr_t)b, 0);
    return 0;
}

static int add_page(struct tfs *fs)
{
    const struct tfs_file nobody = {.fs = fs, .slot = NO_SLOT};
    struct deadlist *l = &fs->dead;
    struct dead_page **end = &l->pages, *p = mem_alloc(fs, sizeof *p);

    if (p == NULL)
        return -TFS_ENOMEM;
    int r = l->pages == NULL ? reopen(fs, p) : 0;
    if (r == 0)
        r = space_alloc(fs, &nobody, 0, 0, &p->blk);
    if (r < 0) {
        mem_free(fs, p, sizeof *p);
        return r;
    }
    while (*end != NULL)
        end = &(*end)->next;
    *end = p;
    if (l->filling == NULL)
        l->filling = p;
    l->npages++;
    l->room += DEAD_ENTRIES - p->n;
    if (l->disk.chain + l->npages > fs->longest)
        fs->longest = l->disk.chain + l->npages;
    return 0;
}

int dead_reserve(struct tfs *fs, uint64_t n)
{
    int r = 0;

    while (r == 0 && fs->named != NULL && fs->dead.room < n + SLACK)
        r = add_page(fs);
    return r;
}

void dead_append(struct tfs *fs, uint64_t blk, uint64_t n, uint64_t birth)
{
    struct deadlist *l = &fs->dead;
    struct dead_page *p = l->filling;
    struct disk_dead *last = p != NULL && p->n > p->old ? &p->entry[p->n - 1] : NULL;

    if (last != NULL && last->blk + last->n == blk && last->birth == birth) {
        last->n += (uint32_t)n;
        l->disk.blocks += n;
        return;
    }
    if (p != NULL && p->n == DEAD_ENTRIES)
        p = l->filling = p->next;
    if (p == NULL) {
        fs->broken = 1; /* what was committed counts */
        corrupt(fs, blk, "no room was made on the deadlist: no more changes until the next mount");
        return;
    }
    p->entry[p->n++] = (struct disk_dead){.blk = blk, .birth = birth, .n = (uint32_t)n};
    l->room--;
    l->disk.entries++;
    l->disk.blocks += n;
}

/* Pages that nothing was entered into are not needed. */
static void trim(struct tfs *fs)
{
    struct deadlist *l = &fs->dead;
    struct dead_page **p = &l->pages;

    while (*p != NULL && (*p)->n > (*p)->old)
        p = &(*p)->next;
    while (*p != NULL) {
        struct dead_page *gone = *p;
        *p = gone->next;
        l->npages--;
        l->room -= DEAD_ENTRIES - gone->n;
        space_free(fs, gone->blk, 1);
        mem_free(fs, gone, sizeof *gone);
    }
    if (l->pages == NULL)
        l->filling = NULL;
}

static int write_block(struct tfs *fs, uint64_t blk, const struct disk_dead *e, unsigned n, struct disk_deadlist *to)
{
    void *data;
    int r = meta_new(fs, blk, MAGIC_DEAD, &data);

    if (r < 0)
        return r;
    struct disk_deadblock *b = data;
    b->header.shape.count = (uint16_t)n;
    b->next_blk = to->blk;
    b->next_birth = to->birth;
    memcpy(b->entry, e, n * sizeof *e);
    block_put(fs, blk, data, 1);
    to->blk = blk;
    to->birth = fs->epoch;
    to->chain++;
    return 0;
}

int dead_commit(struct tfs *fs)
{
    struct deadlist *l = &fs->dead;
    int r = 0;

    trim(fs);
    l->next = l->disk;
    if (l->pages == NULL)
        return 0;
    if (l->pages->old > 0) {
        if (!l->replaced)
            space_free(fs, l->disk.blk, 1);
        l->replaced = 1;
        l->next.chain--;
    }
    l->next.blk = l->base_blk;
    l->next.birth = l->base_birth;
    for (struct dead_page *p = l->pages; p != NULL && r == 0; p = p->next)
        r = write_block(fs, p->blk, p->entry, p->n, &l->next);
    return r;
}

static void forget_pages(struct tfs *fs)
{
    struct deadlist *l = &fs->dead;

    while (l->pages != NULL) {
        struct dead_page *p = l->pages;
        l->pages = p->next;
        mem_free(fs, p, sizeof *p);
    }
    l->filling = NULL;
    l->npages = l->room = 0;
    l->replaced = 0;
}

void dead_committed(struct tfs *fs)
{
    fs->dead.disk = fs->dead.next;
    forget_pages(fs);
}

void dead_forget(struct tfs *fs)
{
    forget_pages(fs);
}

/* ---- writing a list ---- */

static int flush_page(struct dead_writer *w)
{
    struct tfs *fs = w->fs;
    uint64_t blk;
    int r = space_alloc(fs, fs->snap_table, 0, 0, &blk);

    if (r < 0)
        return r;
    r = pieces_add(fs, &w->fresh, (struct piece){.fblk = blk, .blk = blk, .n = 1});
    if (r < 0) {
        space_free(fs, blk, 1);
        return r;
    }
    r = write_block(fs, blk, w->page->entry, w->page->n, &w->to);
    w->page->n = 0;
    return r;
}

/* Begins a page; what the first block of the list has goes into it if there is room. */
static int begin_page(struct dead_writer *w)
{
    struct tfs *fs = w->fs;
    const struct disk_deadblock *b;
    int r = 0;

    w->page = mem_alloc(fs, sizeof *w->page);
    if (w->page == NULL)
        return -TFS_ENOMEM;
    if (w->to.blk == 0)
        return 0;
    uint64_t blk = w->to.blk;
    if ((r = get_block(fs, blk, w->to.birth, &b)) < 0)
        return r;
    if (b->header.shape.count < DEAD_ENTRIES &&
        (r = pieces_add(fs, &w->gone, (struct piece){.fblk = blk, .blk = blk, .n = 1})) == 0) {
        w->page->n = b->header.shape.count;
        memcpy(w->page->entry, b->entry, w->page->n * sizeof w->page->entry[0]);
        w->to.blk = b->next_blk;
        w->to.birth = b->next_birth;
        w->to.chain--;
    }
    block_put(fs, blk, (void *)(uintptr_t)b, 0);
    return r;
}

int dead_put(struct dead_writer *w, const struct disk_dead *e)
{
    int r = w->page == NULL ? begin_page(w) : 0;

    if (r == 0 && w->page->n == DEAD_ENTRIES)
        r = flush_page(w);
    if (r < 0)
        return r;
    w->page->entry[w->page->n++] = *e;
    w->to.entries++;
    w->to.blocks += e->n;
    return 0;
}

int dead_finish(struct dead_writer *w, int r)
{
    if (r == 0 && w->page != NULL)
        r = flush_page(w);
    mem_free(w->fs, w->page, sizeof *w->page);
    w->page = NULL;
    return r;
}

/* ---- two lists become one ---- */

struct merging {
    struct tfs *fs;
    uint64_t epoch;
    struct dead_merge *m;
    struct dead_writer w;
};

static int merge_chain(void *arg, uint64_t blk)
{
    struct merging *g = arg;
    int r = space_load(g->fs, blk, 1);

    return r < 0 ? r : pieces_add(g->fs, &g->m->gone, (struct piece){.fblk = blk, .blk = blk, .n = 1});
}

/* A block born after the older snapshot was seen by none but the one that goes. */
static int merge_one(void *arg, const struct disk_dead *e)
{
    struct merging *g = arg;

    if (e->birth <= g->epoch)
        return dead_put(&g->w, e);
    int r = space_load(g->fs, e->blk, e->n);
    return r < 0 ? r : pieces_add(g->fs, &g->m->freed, (struct piece){.fblk = e->blk, .blk = e->blk, .n = e->n});
}

int dead_merge(struct tfs *fs, const struct disk_deadlist *of_newer, const struct disk_deadlist *of_it, uint64_t epoch,
               struct dead_merge *m)
{
    struct merging g = {.fs = fs, .epoch = epoch, .m = m, .w = {.fs = fs, .to = *of_it}};
    const struct dead_visitor v = {.chain = merge_chain, .one = merge_one, .arg = &g};

    *m = (struct dead_merge){0};
    int r = dead_finish(&g.w, dead_walk(fs, of_newer, &v));
    m->to = g.w.to;
    m->fresh = g.w.fresh;
    if (r == 0 && g.w.gone != NULL)
        r = merge_chain(&g, g.w.gone->piece[0].blk);
    pieces_free(fs, g.w.gone);
    if (r < 0)
        dead_merge_end(fs, m, 0);
    return r;
}

static void let_go(struct tfs *fs, struct pieces *list, void (*free_them)(struct tfs *, uint64_t, uint64_t))
{
    for (const struct pieces *l = list; l != NULL && free_them != NULL; l = l->next)
        for (unsigned i = 0; i < l->n; i++)
            free_them(fs, l->piece[i].blk, l->piece[i].n);
    pieces_free(fs, list);
}

void dead_merge_end(struct tfs *fs, struct dead_merge *m, int done)
{
    let_go(fs, m->freed, done ? space_unlist : NULL);
    let_go(fs, m->gone, done ? space_free : NULL);
    let_go(fs, m->fresh, done ? NULL : space_free);
    *m = (struct dead_merge){0};
}
