/* SPDX-License-Identifier: GPL-2.0-only */
/* Merges the event tables of each trace by event id, and walks the two sequences side by side. */
#include "compare.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "catalogue.h"
#include "sql.h"

#define MAX_COLUMNS (7 + CATALOGUE_MAX_WORDS)

/* A column of an event's row as it is selected: what every event has comes first. */
struct selected {
    const char *name;
    bool is_string; /* holds the id of a text */
    bool ignored;
};

struct kind {
    struct selected columns[MAX_COLUMNS];
    int ncolumns;
};

/* One table of one trace, in order of ids. */
struct cursor {
    sqlite3_stmt *rows;
    sqlite3_int64 id; /* of the current row; INT64_MAX: no more */
};

struct side {
    sqlite3 *db;
    struct cursor tables[EV_COUNT];
    sqlite3_stmt *text;
    char err[256];
};

struct compare {
    struct side sides[2];
    struct kind kinds[EV_COUNT];
    uint64_t events;
    uint8_t *same_text; /* by string id: 0 not known, 1 both traces have the same text, 2 not */
    sqlite3_int64 nsame;
    char *value[2];
};

/* ---- what is compared ---- */

static void add_column(struct kind *k, const char *name, bool is_string, const char *const *ignored, unsigned nignored)
{
    struct selected *c = &k->columns[k->ncolumns++];

    *c = (struct selected){name, is_string, false};
    for (unsigned i = 0; i < nignored; i++)
        c->ignored = c->ignored || strcmp(ignored[i], name) == 0;
}

static void describe(struct kind *k, const struct event *e, const char *const *ignored, unsigned nignored)
{
    static const char *const common[] = {"id", "insn", "ts", "proc", "pc", "cause"};

    for (unsigned i = 0; i < sizeof(common) / sizeof(common[0]); i++)
        add_column(k, common[i], false, ignored, nignored);
    if (e->interval)
        add_column(k, "dur", false, ignored, nignored);
    for (unsigned i = 0; i < e->ncols + e->nresults; i++)
        add_column(k, e->columns[i].name, e->columns[i].type == COL_STR, ignored, nignored);
}

/* A name that is no column of any event is a slip of the pen. */
static bool is_known(const struct compare *c, const char *name)
{
    for (unsigned k = EV_none + 1; k < EV_COUNT; k++)
        for (int i = 0; i < c->kinds[k].ncolumns; i++)
            if (strcmp(c->kinds[k].columns[i].name, name) == 0)
                return true;
    return false;
}

/* ---- cursors ---- */

static int advance(struct side *s, struct cursor *t)
{
    int rc = sqlite3_step(t->rows);

    t->id = rc == SQLITE_ROW ? sqlite3_column_int64(t->rows, 0) : INT64_MAX;
    if (rc == SQLITE_ROW || rc == SQLITE_DONE)
        return 0;
    snprintf(s->err, sizeof(s->err), "%s", sqlite3_errmsg(s->db));
    return -1;
}

static int open_table(struct side *s, struct cursor *t, const struct kind *k, const char *table)
{
    sqlite3_str *sql = sqlite3_str_new(NULL);

    for (int i = 0; i < k->ncolumns; i++)
        sqlite3_str_appendf(sql, "%st.\"%w\"", i > 0 ? ", " : "SELECT ", k->columns[i].name);
    sqlite3_str_appendf(sql, " FROM \"%w\" AS t ORDER BY t.id", table);
    if (sql_prepare(s->db, sql, &t->rows) == SQLITE_OK)
        return advance(s, t);
    snprintf(s->err, sizeof(s->err), "%s; it may be of another version of tarry: record the run again",
             sqlite3_errmsg(s->db));
    return -1;
}

static int open_side(struct compare *c, struct side *s)
{
    for (unsigned k = EV_none + 1; k < EV_COUNT; k++)
        if (open_table(s, &s->tables[k], &c->kinds[k], catalogue_events[k].name) != 0)
            return -1;
    if (sqlite3_prepare_v2(s->db, "SELECT text FROM string WHERE id = ?", -1, &s->text, NULL) == SQLITE_OK)
        return 0;
    snprintf(s->err, sizeof(s->err), "%s", sqlite3_errmsg(s->db));
    return -1;
}

/* The kind of the next event of a trace; EV_none: there is none. */
static unsigned next_kind(const struct side *s)
{
    unsigned best = EV_none;
    sqlite3_int64 id = INT64_MAX;

    for (unsigned k = EV_none + 1; k < EV_COUNT; k++)
        if (s->tables[k].id < id) {
            id = s->tables[k].id;
            best = k;
        }
    return best;
}

struct compare *compare_open(sqlite3 *a, sqlite3 *b, const char *const *ignored, unsigned nignored, char *err,
                             size_t errlen)
{
    struct compare *c = calloc(1, sizeof(*c));

    if (c == NULL) {
        snprintf(err, errlen, "the host is out of memory");
        return NULL;
    }
    c->sides[0].db = a;
    c->sides[1].db = b;
    for (unsigned k = EV_none + 1; k < EV_COUNT; k++)
        describe(&c->kinds[k], &catalogue_events[k], ignored, nignored);
    for (unsigned i = 0; i < nignored; i++)
        if (!is_known(c, ignored[i])) {
            snprintf(err, errlen, "--ignore %s: no event has such a column; docs/trace-tables.md lists them",
                     ignored[i]);
            compare_close(c);
            return NULL;
        }
    for (int i = 0; i < 2; i++)
        if (open_side(c, &c->sides[i]) != 0) {
            snprintf(err, errlen, "trace %c cannot be read: %s", 'A' + i, c->sides[i].err);
            compare_close(c);
            return NULL;
        }
    return c;
}

void compare_close(struct compare *c)
{
    if (c == NULL)
        return;
    for (int i = 0; i < 2; i++) {
        for (unsigned k = 0; k < EV_COUNT; k++)
            sqlite3_finalize(c->sides[i].tables[k].rows);
        sqlite3_finalize(c->sides[i].text);
        sqlite3_free(c->value[i]);
    }
    free(c->same_text);
    free(c);
}

/* ---- values ---- */

/* The text with this id; sqlite3_free it. */
static char *text_of(struct side *s, sqlite3_int64 id)
{
    char *text;

    sqlite3_bind_int64(s->text, 1, id);
    if (sqlite3_step(s->text) == SQLITE_ROW)
        text = sqlite3_mprintf("%s", sqlite3_column_text(s->text, 0));
    else
        text = sqlite3_mprintf("string %lld", id);
    sqlite3_reset(s->text);
    return text;
}

static bool texts_equal(struct compare *c, sqlite3_int64 a, sqlite3_int64 b)
{
    char *x = text_of(&c->sides[0], a), *y = text_of(&c->sides[1], b);
    bool equal = x != NULL && y != NULL && strcmp(x, y) == 0;

    sqlite3_free(x);
    sqlite3_free(y);
    return equal;
}

static bool strings_equal(struct compare *c, sqlite3_int64 a, sqlite3_int64 b)
{
    if (a != b || a < 0 || a >= 1 << 28)
        return texts_equal(c, a, b);
    if (a >= c->nsame) { /* equal runs number their strings alike: remember what was looked up */
        sqlite3_int64 n = (a + 1) * 2;
        uint8_t *more = realloc(c->same_text, (size_t)n);
        if (more == NULL)
            return texts_equal(c, a, b);
        memset(more + c->nsame, 0, (size_t)(n - c->nsame));
        c->same_text = more;
        c->nsame = n;
    }
    if (c->same_text[a] == 0)
        c->same_text[a] = texts_equal(c, a, b) ? 1 : 2;
    return c->same_text[a] == 1;
}

static bool values_equal(struct compare *c, const struct selected *col, sqlite3_stmt *a, sqlite3_stmt *b, int i)
{
    bool null_a = sqlite3_column_type(a, i) == SQLITE_NULL, null_b = sqlite3_column_type(b, i) == SQLITE_NULL;

    if (null_a || null_b)
        return null_a == null_b;
    if (col->is_string)
        return strings_equal(c, sqlite3_column_int64(a, i), sqlite3_column_int64(b, i));
    return sqlite3_column_int64(a, i) == sqlite3_column_int64(b, i);
}

static char *value_text(struct side *s, const struct selected *col, sqlite3_stmt *row, int i)
{
    if (sqlite3_column_type(row, i) == SQLITE_NULL)
        return sqlite3_mprintf("NULL");
    if (col->is_string)
        return text_of(s, sqlite3_column_int64(row, i));
    return sqlite3_mprintf("%lld", sqlite3_column_int64(row, i));
}

/* ---- the walk ---- */

static bool same_row(struct compare *c, unsigned kind, struct divergence_at *d)
{
    const struct kind *k = &c->kinds[kind];
    sqlite3_stmt *a = c->sides[0].tables[kind].rows, *b = c->sides[1].tables[kind].rows;

    for (int i = 0; i < k->ncolumns; i++) {
        const struct selected *col = &k->columns[i];
        if (col->ignored || values_equal(c, col, a, b, i))
            continue;
        c->value[0] = d->value[0] = value_text(&c->sides[0], col, a, i);
        c->value[1] = d->value[1] = value_text(&c->sides[1], col, b, i);
        d->column = col->name;
        d->how = DIVERGE_COLUMN;
        return false;
    }
    return true;
}

/* Compares the two current events. */
static void look(struct compare *c, struct divergence_at *d)
{
    *d = (struct divergence_at){.how = DIVERGE_NONE, .events = c->events};
    for (int i = 0; i < 2; i++) {
        d->kind[i] = next_kind(&c->sides[i]);
        d->id[i] = d->kind[i] != EV_none ? (uint64_t)c->sides[i].tables[d->kind[i]].id : 0;
    }
    if (d->kind[0] == EV_none || d->kind[1] == EV_none)
        d->how = d->kind[0] == d->kind[1] ? DIVERGE_NONE : DIVERGE_END;
    else if (d->kind[0] != d->kind[1])
        d->how = DIVERGE_KIND;
    else
        same_row(c, d->kind[0], d);
}

int compare_go_on(struct compare *c, uint64_t limit, struct divergence_at *d, char *err, size_t errlen)
{
    for (; limit > 0; limit--) {
        look(c, d);
        if (d->how != DIVERGE_NONE || d->kind[0] == EV_none)
            return 1;
        for (int i = 0; i < 2; i++)
            if (advance(&c->sides[i], &c->sides[i].tables[d->kind[0]]) != 0) {
                snprintf(err, errlen, "trace %c cannot be read: %s", 'A' + i, c->sides[i].err);
                return -1;
            }
        c->events++;
    }
    return 0;
}
