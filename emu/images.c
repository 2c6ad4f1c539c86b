/* SPDX-License-Identifier: GPL-2.0-only */
#include "images.h"

#include <stdlib.h>

/* Bounds on what a guest can make the host keep: 64 bytes for each program file, 24 for each pc. */
enum { MOST_IMAGES = 1 << 16, MOST_PCS = 1 << 20, FIRST_ROOM = 1 << 10 };

uint64_t images_number(struct images *s, uint64_t file, uint64_t version, uint64_t path)
{
    for (size_t i = s->n; i-- > 0;)
        if (s->list[i].file == file && s->list[i].version == version)
            return IMAGE_FIRST + i;
    if (s->n == MOST_IMAGES)
        return IMAGE_UNKNOWN;
    if ((s->n & (s->n - 1)) == 0) { /* full: 0, 1, 2, 4, ... */
        struct guest_image *more = realloc(s->list, (s->n ? 2 * s->n : 1) * sizeof *more);
        if (!more)
            return IMAGE_UNKNOWN;
        s->list = more;
    }
    s->list[s->n] = (struct guest_image){file, version, path};
    return IMAGE_FIRST + s->n++;
}

/* The place of a pc: its entry, or the free one where it belongs. */
static struct guest_pc *place(struct guest_pc *pcs, size_t room, uint64_t image, uint64_t pc)
{
    uint64_t hash = (pc + image * 0x9e3779b97f4a7c15ull) * 0x9e3779b97f4a7c15ull;
    size_t i = (hash >> 32) & (room - 1);
    while (pcs[i].used && (pcs[i].pc != pc || pcs[i].image != image))
        i = (i + 1) & (room - 1);
    return &pcs[i];
}

static bool grow(struct images *s)
{
    size_t room = s->room ? 2 * s->room : FIRST_ROOM;
    struct guest_pc *pcs = calloc(room, sizeof *pcs);
    if (!pcs)
        return false;
    for (size_t i = 0; i < s->room; i++)
        if (s->pcs[i].used)
            *place(pcs, room, s->pcs[i].image, s->pcs[i].pc) = s->pcs[i];
    free(s->pcs);
    s->pcs = pcs;
    s->room = room;
    return true;
}

struct guest_pc *images_pc(struct images *s, uint64_t image, uint64_t pc, bool *fresh)
{
    *fresh = false;
    if (s->room) {
        struct guest_pc *known = place(s->pcs, s->room, image, pc);
        if (known->used)
            return known;
    }
    if (s->npcs == MOST_PCS || (2 * s->npcs >= s->room && !grow(s)))
        return NULL;
    struct guest_pc *new = place(s->pcs, s->room, image, pc);
    *new = (struct guest_pc){.image = image, .pc = pc, .used = true};
    s->npcs++;
    *fresh = true;
    return new;
}

void images_free(struct images *s)
{
    free(s->list);
    free(s->pcs);
}
