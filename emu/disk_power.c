/* SPDX-License-Identifier: GPL-2.0-only */
/* What a disk loses when its power goes; see disk_power.h. */
#include "disk_power.h"

#include <stdlib.h>

#include "../fs/host/image.h"

enum { SECTOR = 512 };

struct disk_power_sector {
    uint64_t offset; /* bytes */
    uint8_t before[SECTOR];
};

static int make_room(struct disk_power *d, uint64_t more)
{
    if (d->n + more <= d->room)
        return 0;
    uint64_t room = 2 * (d->n + more);
    void *p = realloc(d->sectors, room * sizeof *d->sectors);
    if (!p)
        return -1;
    d->sectors = p;
    d->room = room;
    return 0;
}

int disk_power_note(struct disk_power *d, struct image *image, uint64_t offset, uint64_t bytes)
{
    if (make_room(d, bytes / SECTOR) != 0)
        return -1;
    for (uint64_t end = offset + bytes; offset < end; offset += SECTOR) {
        struct disk_power_sector *s = &d->sectors[d->n];
        s->offset = offset;
        if (image_read(image, offset, s->before, SECTOR) != 0)
            return -1;
        d->n++;
    }
    return 0;
}

void disk_power_flushed(struct disk_power *d)
{
    d->n = 0;
}

static uint64_t next(uint64_t *x) /* splitmix64 */
{
    uint64_t z = *x += 0x9e3779b97f4a7c15ull;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return z ^ z >> 31;
}

/* Backwards: of a sector that was written several times, what is left is what it was before one of them, or the last. */
int disk_power_lose(struct disk_power *d, struct image *image, uint64_t seed)
{
    for (; d->n > 0; d->n--) {
        const struct disk_power_sector *s = &d->sectors[d->n - 1];
        if ((next(&seed) & 1) && image_write(image, s->offset, s->before, SECTOR) != 0)
            return -1;
    }
    return 0;
}

void disk_power_free(struct disk_power *d)
{
    free(d->sectors);
    *d = (struct disk_power){0};
}
