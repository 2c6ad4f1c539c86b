/* SPDX-License-Identifier: GPL-2.0-only */
#include "json.h"
#include <inttypes.h>
#include "../format.h"

int json_rows(sqlite3_stmt *s, uint64_t limit, FILE *to)
{
    int n = sqlite3_column_count(s), rc;
    uint64_t rows = 0;

    fputs("{\"columns\": [", to);
    for (int i = 0; i < n; i++) {
        fputs(i > 0 ? ", " : "", to);
        format_json_text(sqlite3_column_name(s, i), to);
    }
    fputs("], \"rows\": [", to);
    while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
        if (rows++ >= limit)
            continue;
        fputs(rows > 1 ? ",\n[" : "\n[", to);
        for (int i = 0; i < n; i++) {
            fputs(i > 0 ? ", " : "", to);
            format_json_value(s, i, to);
        }
        putc(']', to);
    }
    fprintf(to, "], \"more\": %" PRIu64 "}", rows > limit ? rows - limit : 0);
    return rc;
}

/* ---- base64 of LEB128 ---- */

struct packer {
    FILE *to;
    uint32_t bits;
    unsigned nbytes; /* in bits */
};

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void pack_byte(struct packer *p, unsigned byte)
{
    p->bits = p->bits << 8 | byte;
    if (++p->nbytes < 3)
        return;
    for (int shift = 18; shift >= 0; shift -= 6)
        putc(digits[p->bits >> shift & 63], p->to);
    p->bits = p->nbytes = 0;
}

static void pack_end(struct packer *p)
{
    unsigned rest = p->nbytes;

    if (rest == 0)
        return;
    p->bits <<= 8 * (3 - rest);
    for (unsigned i = 0; i < 4; i++)
        putc(i <= rest ? digits[p->bits >> (18 - 6 * i) & 63] : '=', p->to);
}

static void pack(struct packer *p, uint64_t n)
{
    for (; n >= 128; n >>= 7)
        pack_byte(p, 128 | (n & 127));
    pack_byte(p, (unsigned)n);
}

/* Signed numbers: small ones of either sign are short. */
static void pack_signed(struct packer *p, uint64_t n)
{
    pack(p, n << 1 ^ (n >> 63 != 0 ? UINT64_MAX : 0));
}

void json_cells(struct cells *c, enum json_cells what, FILE *to)
{
    struct packer p = {.to = to};
    struct cell before = {.used = false};
    const struct cell *e = cells_sorted(c);

    fprintf(to, "{\"row_shift\": %u, \"col_shift\": %u, \"cells\": %u, \"left_out\": %" PRIu64 ", \"data\": \"", c->row_shift,
            c->col_shift, c->n, c->left_out);
    for (uint32_t i = 0; i < c->n; i++, e++) {
        if (e->band != before.band)
            before.row = 0;
        if (e->band != before.band || e->row != before.row)
            before.col = 0;
        pack(&p, e->band - before.band);
        pack(&p, e->row - before.row);
        pack(&p, e->col - before.col);
        pack(&p, e->kind);
        pack_signed(&p, (uint64_t)e->count);
        pack_signed(&p, e->id - before.id);
        if (what == CELLS_MEASURES) {
            pack(&p, e->sum);
            pack(&p, e->max);
            pack_signed(&p, e->id - e->cause);
            pack_signed(&p, e->pc - before.pc);
            pack(&p, e->flags);
        }
        before = *e;
    }
    pack_end(&p);
    fputs("\"}", to);
}

/* ---- curves ---- */

void json_curve(const struct curve *c, FILE *to)
{
    fprintf(to, "{\"shift\": %u, \"t\": [", c->shift);
    for (unsigned i = 0; i < c->n; i++)
        fprintf(to, "%s%" PRIu64, i > 0 ? "," : "", c->col[i] - (i > 0 ? c->col[i - 1] : 0));
    fputs("], \"v\": [", to);
    for (unsigned i = 0; i < c->n; i++)
        fprintf(to, "%s%" PRId64, i > 0 ? "," : "", c->sum[i] - (i > 0 ? c->sum[i - 1] : 0));
    fputs("]}", to);
}

void json_distribution(const uint64_t count[DISTRIBUTION_BINS], FILE *to)
{
    const char *before = "[";

    for (unsigned i = 0; i < DISTRIBUTION_BINS; i++)
        if (count[i] > 0) {
            fprintf(to, "%s[%u,%" PRIu64 "]", before, i, count[i]);
            before = ",";
        }
    fputs(before[0] == '[' ? "[]" : "]", to);
}
