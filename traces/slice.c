/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * B-trees of depth one or two are all that a slice needs: leaves are filled one after the other in the order of the
 * keys, and when there is more than one, the root lists them.
 */
#include "slice.h"
#include <stdlib.h>
#include <string.h>
#include "template.h"

#define PAGE 32768u
#define LEAF_HEAD 8u      /* 1.6: type, free blocks, cells (2 bytes), begin of their contents (2), fragments */
#define INTERIOR_HEAD 12u /* the same and the rightmost child */
#define MOST_CELL (3u + 9u + MOST_RECORD)
#define MOST_RECORD (1u + W_COLUMNS + CATALOGUE_MAX_WORDS + 8u * (W_COLUMNS + CATALOGUE_MAX_WORDS))
#define MOST_INDEX_CELL (1u + 4u + 8u * 3u)
#define LEAVES (SLICE_RECORDS / ((PAGE - LEAF_HEAD) / (MOST_CELL + 2u) / 2u)) /* per tree, and no less than it takes */

enum { TABLE_INTERIOR = 5, TABLE_LEAF = 13, INDEX_INTERIOR = 2, INDEX_LEAF = 10 };

_Static_assert(MOST_CELL < 0x4000, "two bytes hold the length of a record");
_Static_assert(LEAVES * (MOST_INDEX_CELL + 6u) < PAGE - INTERIOR_HEAD, "one root names all leaves");

static void put16(unsigned char *p, uint32_t v)
{
    p[0] = (unsigned char)(v >> 8);
    p[1] = (unsigned char)v;
}

static void put32(unsigned char *p, uint32_t v)
{
    put16(p, v >> 16);
    put16(p + 2, v);
}

static unsigned char *page_at(const struct slice *s, uint32_t number)
{
    return s->image + (size_t)(number - 1) * PAGE;
}

/* ---- records ---- */

/* A variable-length integer: seven bits a byte, the highest first; a ninth byte has eight. Returns its end. */
static unsigned char *put_varint(unsigned char *p, uint64_t v)
{
    unsigned n = 1;

    if (v >> 56) {
        for (int i = 0; i < 8; i++)
            p[i] = (unsigned char)(v >> (57 - 7 * i) | 0x80);
        p[8] = (unsigned char)v;
        return p + 9;
    }
    while (v >> (7 * n))
        n++;
    for (unsigned i = 0; i < n; i++)
        p[i] = (unsigned char)((v >> (7 * (n - 1 - i)) & 0x7f) | (i + 1 < n ? 0x80 : 0));
    return p + n;
}

/* Appends an integer to the body of a record: big-endian, as short as can be. Returns its serial type. */
static unsigned char put_integer(unsigned char **at, uint64_t v)
{
    static const unsigned char type_of[9] = {8, 1, 2, 3, 4, 5, 5, 6, 6}, bytes_of[7] = {0, 1, 2, 3, 4, 6, 8};
    uint64_t folded = (v ^ (uint64_t)((int64_t)v >> 63)) << 1; /* magnitude and a sign */
    unsigned char type;

    if (v <= 1)
        return (unsigned char)(8 + v);
    type = type_of[(71 - (unsigned)__builtin_clzll(folded | 1)) / 8];
    v = __builtin_bswap64(v << (64 - 8 * bytes_of[type]));
    memcpy(*at, &v, sizeof(v)); /* there is room for eight bytes: MOST_RECORD */
    *at += bytes_of[type];
    return type;
}

/* The record of a row as in the table: NULL for the id, which is the key. Returns its length. */
static uint32_t encode_row(unsigned char *out, const struct record *r, const struct event *e)
{
    unsigned known = W_COLUMNS + e->ncols + (r->flags & REC_OPEN ? 0 : e->nresults);
    unsigned columns = W_COLUMNS + e->ncols + e->nresults - (e->interval ? 0 : 1);
    unsigned char *type = out, *body = out + 1 + columns;

    *type++ = (unsigned char)(1 + columns);
    *type++ = 0;
    *type++ = put_integer(&body, r->words[W_INSN]);
    *type++ = put_integer(&body, r->words[W_TS]);
    if (e->interval)
        *type++ = r->flags & REC_OPEN ? 0 : put_integer(&body, r->words[W_DUR]);
    *type++ = put_integer(&body, r->words[W_PROC]);
    *type++ = put_integer(&body, r->words[W_PC]);
    *type++ = put_integer(&body, r->words[W_CAUSE]);
    for (unsigned i = W_COLUMNS; i < known; i++) {
        bool none = r->words[i] == 0 && e->columns[i - W_COLUMNS].type == COL_STR; /* no text: NULL */
        *type++ = none ? 0 : put_integer(&body, r->words[i]);
    }
    while (type < out + 1 + columns)
        *type++ = 0;
    return (uint32_t)(body - out);
}

static uint32_t encode_index(unsigned char *out, const struct index_entry *e, bool two)
{
    unsigned char *type = out, *body = out + 3 + two;

    *type++ = 3 + two;
    *type++ = put_integer(&body, (uint64_t)e->value);
    if (two)
        *type++ = put_integer(&body, (uint64_t)e->second);
    *type = put_integer(&body, e->id);
    return (uint32_t)(body - out);
}

/* ---- trees ---- */

/* A tree being filled; `last` is the key of the last cell of each leaf (tables), or the cell that follows it (indexes). */
struct tree {
    struct slice *slice;
    uint32_t root, leaf; /* page numbers */
    unsigned char type;  /* of leaves */
    uint32_t cells, content; /* of the leaf: how many, where their contents begin */
    uint32_t leaves;         /* that are full */
    struct {
        uint32_t page, bytes;
        unsigned char divider[MOST_INDEX_CELL];
    } full[LEAVES];
};

static void begin_leaf(struct tree *t, uint32_t number)
{
    t->leaf = number;
    t->cells = 0;
    t->content = PAGE;
}

static void end_leaf(struct tree *t)
{
    unsigned char *p = page_at(t->slice, t->leaf);

    memset(p, 0, LEAF_HEAD);
    p[0] = t->type;
    put16(p + 3, t->cells);
    put16(p + 5, t->content);
}

/* The leaf is full and another cell is to come. An index keeps the last cell in the root and nowhere else. */
static void next_leaf(struct tree *t, uint64_t last_key)
{
    struct slice *s = t->slice;
    uint32_t moved = s->next++;

    if (t->type == INDEX_LEAF) {
        unsigned char *p = page_at(s, t->leaf), *cell = p + t->content;
        t->full[t->leaves].bytes = 1u + cell[0];
        memcpy(t->full[t->leaves].divider, cell, 1u + cell[0]);
        t->content += 1u + cell[0];
        t->cells--;
    } else {
        t->full[t->leaves].bytes = (uint32_t)(put_varint(t->full[t->leaves].divider, last_key) - t->full[t->leaves].divider);
    }
    end_leaf(t);
    if (t->leaf == t->root) { /* it was the only one so far */
        memcpy(page_at(s, moved), page_at(s, t->root), PAGE);
        t->leaf = moved;
        moved = s->next++;
    }
    t->full[t->leaves++].page = t->leaf;
    begin_leaf(t, moved);
}

/* Where a cell of `bytes` goes. */
static unsigned char *add_cell(struct tree *t, uint32_t bytes, uint64_t last_key)
{
    unsigned char *p;

    if (LEAF_HEAD + 2 * (t->cells + 1) + bytes > t->content)
        next_leaf(t, last_key);
    p = page_at(t->slice, t->leaf);
    t->content -= bytes;
    put16(p + LEAF_HEAD + 2 * t->cells++, t->content);
    return p + t->content;
}

static void end_tree(struct tree *t)
{
    unsigned char *p = page_at(t->slice, t->root);
    uint32_t content = PAGE;

    end_leaf(t);
    if (t->leaf == t->root)
        return;
    memset(p, 0, INTERIOR_HEAD);
    p[0] = t->type == TABLE_LEAF ? TABLE_INTERIOR : INDEX_INTERIOR;
    for (uint32_t i = 0; i < t->leaves; i++) {
        content -= 4 + t->full[i].bytes;
        put32(p + content, t->full[i].page);
        memcpy(p + content + 4, t->full[i].divider, t->full[i].bytes);
        put16(p + INTERIOR_HEAD + 2 * i, content);
    }
    put16(p + 3, t->leaves);
    put16(p + 5, content);
    put32(p + 8, t->leaf);
}

static void begin_tree(struct tree *t, struct slice *s, uint32_t root, unsigned char type)
{
    t->slice = s;
    t->root = root;
    t->type = type;
    t->leaves = 0;
    begin_leaf(t, root);
}

static void add_rows(struct slice *s, unsigned kind, const struct record *const *records, uint32_t n)
{
    struct tree t;
    unsigned char row[MOST_RECORD + 8], head[12], *end;
    uint64_t last = 0;

    begin_tree(&t, s, s->table[kind], TABLE_LEAF);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t bytes = encode_row(row, records[i], &catalogue_events[kind]);
        end = put_varint(put_varint(head, bytes), records[i]->words[W_ID]);
        unsigned char *cell = add_cell(&t, (uint32_t)(end - head) + bytes, last);
        memcpy(cell, head, (size_t)(end - head));
        memcpy(cell + (end - head), row, bytes);
        last = records[i]->words[W_ID];
    }
    end_tree(&t);
}

static void add_index(struct slice *s, unsigned index, const struct record *const *records, uint32_t n)
{
    struct index_entry *entries = s->entries;
    struct tree t;
    unsigned char row[MOST_INDEX_CELL + 8];
    bool second = schema_index_second(index) != 0;

    entries_of(index, records, n, entries);
    entries_sort(entries, n);
    begin_tree(&t, s, s->index[index], INDEX_LEAF);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t bytes = encode_index(row, &entries[i], second);
        unsigned char *cell = add_cell(&t, 1 + bytes, 0);
        cell[0] = (unsigned char)bytes;
        memcpy(cell + 1, row, bytes);
    }
    end_tree(&t);
}

/* ---- the slice ---- */

void slice_clear(struct slice *s)
{
    s->next = s->first;
    for (unsigned k = 1; k < EV_COUNT; k++)
        add_rows(s, k, NULL, 0);
    for (unsigned i = 0; i < schema_nindexes; i++)
        if (schema_indexes[i].rises)
            add_index(s, i, NULL, 0);
}

void slice_add(struct slice *s, unsigned kind, const struct record *const *records, uint32_t n)
{
    add_rows(s, kind, records, n);
    for (unsigned i = 0; i < schema_nindexes; i++)
        if (schema_indexes[i].rises && schema_indexes[i].kind == kind)
            add_index(s, i, records, n);
}

void slice_done(struct slice *s)
{
    s->changes++;
    put32(s->image + 24, s->changes);
    put32(s->image + 28, s->pages);
    put32(s->image + 92, s->changes); /* the change for which the number of pages is valid */
}

/* ---- attaching ---- */

/* Where SQLite put the trees when the template was made. */
static int find_roots(struct slice *s, sqlite3 *db)
{
    sqlite3_stmt *q = NULL;
    int rc = sqlite3_prepare_v2(db, "SELECT rootpage FROM slice.sqlite_schema WHERE name = ?", -1, &q, NULL);

    for (unsigned k = 1; rc == SQLITE_OK && k < EV_COUNT + schema_nindexes; k++) {
        bool table = k < EV_COUNT;
        if (!table && !schema_indexes[k - EV_COUNT].rises)
            continue;
        sqlite3_bind_text(q, 1, table ? catalogue_events[k].name : schema_indexes[k - EV_COUNT].name, -1, SQLITE_STATIC);
        if (sqlite3_step(q) == SQLITE_ROW)
            *(table ? &s->table[k] : &s->index[k - EV_COUNT]) = (uint32_t)sqlite3_column_int64(q, 0);
        rc = sqlite3_reset(q);
    }
    sqlite3_finalize(q);
    return rc;
}

int slice_attach(struct slice *s, sqlite3 *db)
{
    size_t bytes = (size_t)(template_slice_end - template_slice);
    int rc;

    memset(s, 0, sizeof(*s));
    s->first = (uint32_t)(bytes / PAGE) + 1;
    s->pages = s->first + LEAVES + 2 * (EV_COUNT + SCHEMA_MOST_INDEXES) +
               SLICE_RECORDS * SCHEMA_MOST_INDEXES / ((PAGE - LEAF_HEAD) / (MOST_INDEX_CELL + 2) / 2);
    s->image = malloc((size_t)s->pages * PAGE);
    s->entries = malloc(SLICE_RECORDS * sizeof(*s->entries));
    if (s->image == NULL || s->entries == NULL)
        return SQLITE_NOMEM;
    memcpy(s->image, template_slice, bytes);
    slice_done(s);
    rc = sqlite3_exec(db, "ATTACH ':memory:' AS slice", NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_deserialize(db, "slice", s->image, (sqlite3_int64)s->pages * PAGE, (sqlite3_int64)s->pages * PAGE,
                                 SQLITE_DESERIALIZE_READONLY);
    return rc == SQLITE_OK ? find_roots(s, db) : rc;
}

void slice_free(struct slice *s)
{
    free(s->image);
    free(s->entries);
    s->image = NULL;
    s->entries = NULL;
}
