/* SPDX-License-Identifier: GPL-2.0-only */
/* A hash table that becomes coarser in place of larger. */
#include "cells.h"
#include <stdlib.h>
#include <string.h>

/* A picture is wider than it is high: columns are merged until so many are left, and then while there are more than 4 for
 * each row; else rows are. */
#define FINE_COLUMNS 4096
#define COLUMNS_PER_ROW 4
#define LEAST_COLUMNS 64
#define MOST_ROW_SHIFT 52 /* one row for all of the address space */

int cells_init(struct cells *c, uint32_t budget, uint64_t span)
{
    memset(c, 0, sizeof(*c));
    c->budget = budget;
    c->span = span;
    while (1u << c->bits < 2 * budget)
        c->bits++;
    c->table = calloc((size_t)1 << c->bits, sizeof(*c->table));
    return c->table != NULL ? 0 : -1;
}

void cells_free(struct cells *c)
{
    free(c->table);
    c->table = NULL;
}

static uint32_t place_of(const struct cells *c, const struct cell *e)
{
    uint64_t h = e->band * 0x9e3779b97f4a7c15ull;

    h = (h ^ h >> 29 ^ e->row) * 0xbf58476d1ce4e5b9ull;
    h = (h ^ h >> 32 ^ e->col) * 0x94d049bb133111ebull;
    h = (h ^ h >> 31 ^ e->kind) * 0x9e3779b97f4a7c15ull;
    return (uint32_t)(h >> (64 - c->bits));
}

static bool same_place(const struct cell *a, const struct cell *b)
{
    return a->band == b->band && a->row == b->row && a->col == b->col && a->kind == b->kind;
}

/* The cell at e's place, or the unused one where it would be. */
static struct cell *seek(struct cells *c, const struct cell *e)
{
    uint32_t mask = (1u << c->bits) - 1, i = place_of(c, e);

    while (c->table[i].used && !same_place(&c->table[i], e))
        i = (i + 1) & mask;
    return &c->table[i];
}

/* Puts a cell into an unused place, or together with the one that is there. */
static void enter(struct cells *c, struct cell *at, const struct cell *e)
{
    struct cell first;

    if (!at->used) {
        *at = *e;
        at->used = true;
        c->n++;
        return;
    }
    first = at->id <= e->id ? *at : *e;
    first.count = at->count + e->count;
    first.sum = at->sum + e->sum;
    first.max = at->max > e->max ? at->max : e->max;
    first.used = true;
    *at = first;
}

static int by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* How many different rows have cells, of all bands. 0: there is no memory to count them. */
static uint32_t rows_in_use(const struct cells *c)
{
    uint64_t *keys = malloc(((size_t)c->n + 1) * sizeof(*keys));
    uint32_t n = 0, rows = 0;

    if (keys == NULL)
        return 0;
    for (size_t i = 0; i < (size_t)1 << c->bits; i++)
        if (c->table[i].used) /* two rows with one key are too rare to matter for an estimate */
            keys[n++] = c->table[i].band * 0x9e3779b97f4a7c15ull ^ c->table[i].row * 0xbf58476d1ce4e5b9ull;
    qsort(keys, n, sizeof(*keys), by_number);
    for (uint32_t i = 0; i < n; i++)
        rows += i == 0 || keys[i] != keys[i - 1];
    free(keys);
    return rows;
}

/* Is it time to make rows higher, rather than columns wider? Not if that merged hardly any the last time: bands stay apart. */
static bool prefers_rows(struct cells *c)
{
    uint32_t rows;

    if (c->span >> c->col_shift > FINE_COLUMNS || c->row_shift == MOST_ROW_SHIFT)
        return false;
    if (c->span >> c->col_shift <= LEAST_COLUMNS)
        return true;
    rows = rows_in_use(c);
    if (c->rows > 0 && rows > c->rows - c->rows / 8)
        return false;
    if ((uint64_t)rows * COLUMNS_PER_ROW < c->span >> c->col_shift)
        return false;
    c->rows = rows;
    return true;
}

/* Doubles the width of columns or the height of rows. Returns 0, 1 if that cannot go on, or -1 if there is no memory. */
static int coarsen(struct cells *c)
{
    struct cell *old = c->table;
    size_t places = (size_t)1 << c->bits;
    unsigned rows = 0, cols = 0;

    if (prefers_rows(c))
        rows = 1;
    else if (c->span >> c->col_shift > LEAST_COLUMNS)
        cols = 1;
    else
        return 1;
    c->table = calloc(places, sizeof(*c->table));
    if (c->table == NULL) {
        c->table = old;
        return -1;
    }
    c->n = 0;
    c->row_shift += rows;
    c->col_shift += cols;
    for (size_t i = 0; i < places; i++)
        if (old[i].used) {
            old[i].row >>= rows;
            old[i].col >>= cols;
            enter(c, seek(c, &old[i]), &old[i]);
        }
    free(old);
    return 0;
}

int cells_add(struct cells *c, const struct cell *event)
{
    for (;;) {
        struct cell e = *event, *at;
        int full;
        if (event->col > c->span)
            c->span = event->col;
        e.row >>= c->row_shift;
        e.col >>= c->col_shift;
        at = seek(c, &e);
        if (at->used || c->n < c->budget) {
            enter(c, at, &e);
            return 0;
        }
        full = coarsen(c);
        if (full < 0)
            return -1;
        if (full > 0) {
            c->left_out++;
            return 0;
        }
    }
}

static int compare(const void *va, const void *vb)
{
    const struct cell *a = va, *b = vb;

    if (a->band != b->band)
        return a->band < b->band ? -1 : 1;
    if (a->row != b->row)
        return a->row < b->row ? -1 : 1;
    if (a->col != b->col)
        return a->col < b->col ? -1 : 1;
    return (int)a->kind - (int)b->kind;
}

const struct cell *cells_sorted(struct cells *c)
{
    uint32_t n = 0;

    for (size_t i = 0; i < (size_t)1 << c->bits; i++)
        if (c->table[i].used)
            c->table[n++] = c->table[i];
    qsort(c->table, n, sizeof(*c->table), compare);
    return n > 0 ? c->table : NULL;
}
