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
    bool late;      /* known when the event ends */
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

/* Events whose digests differ (table digest), or all of them. */
struct chunk {
    sqlite3_int64 from, to;
    uint64_t equal; /* events of the chunks between it and the one before */
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
    struct chunk *chunks;
    size_t nchunks, room, at;
    struct divergence_at best; /* the earliest of the events that began alike and ended otherwise */
    sqlite3_int64 best_moment;
    uint8_t *same_text; /* by string id: 0 not known, 1 both traces have the same text, 2 not */
    sqlite3_int64 nsame;
    char *value[2];
};

/* ---- what is compared ---- */

static void add_column(struct kind *k, const char *name, bool is_string, bool late, const char *const *ignored,
                       unsigned nignored) {
    struct selected *c = &k->columns[k->ncolumns++];

    *c = (struct selected){name, is_string, late, false};
    for (unsigned i = 0; i < nignored; i++)
        c->ignored = c->ignored || strcmp(ignored[i], name) == 0;
}

static void describe(struct kind *k, const struct event *e, const char *const *ignored, unsigned nignored)
{
    static const char *const common[] = {"id", "insn", "ts", "proc", "pc", "cause"};

    for (unsigned i = 0; i < sizeof(common) / sizeof(common[0]); i++)
        add_column(k, common[i], false, false, ignored, nignored);
    if (e->interval)
        add_column(k, "dur", false, true, ignored, nignored);
    for (unsigned i = 0; i < e->ncols + e->nresults; i++)
        add_column(k, e->columns[i].name, e->columns[i].type == COL_STR, i >= e->ncols, ignored, nignored);
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
    sqlite3_str_appendf(sql, " FROM \"%w\" AS t WHERE t.id BETWEEN ? AND ? ORDER BY t.id", table);
    if (sql_prepare(s->db, sql, &t->rows) == SQLITE_OK)
        return 0;
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

static int begin_chunk(struct side *s, const struct chunk *chunk)
{
    for (unsigned k = EV_none + 1; k < EV_COUNT; k++) {
        sqlite3_stmt *rows = s->tables[k].rows;
        sqlite3_reset(rows);
        sqlite3_bind_int64(rows, 1, chunk->from);
        sqlite3_bind_int64(rows, 2, chunk->to);
        if (advance(s, &s->tables[k]) != 0)
            return -1;
    }
    return 0;
}

/* ---- where to look ---- */

static int add_chunk(struct compare *c, struct chunk chunk)
{
    if (c->nchunks == c->room) {
        size_t room = 2 * c->room + 16;
        struct chunk *more = realloc(c->chunks, room * sizeof(*more));
        if (more == NULL)
            return -1;
        c->chunks = more;
        c->room = room;
    }
    c->chunks[c->nchunks++] = chunk;
    return 0;
}

static sqlite3_int64 step(sqlite3_stmt *s)
{
    return sqlite3_step(s) == SQLITE_ROW ? sqlite3_column_int64(s, 0) : INT64_MAX;
}

/* Both have digests, in order of ids. */
static int merge_digests(struct compare *c, sqlite3_stmt *a, sqlite3_stmt *b)
{
    sqlite3_int64 x = step(a), y = step(b);
    uint64_t equal = 0;
    int rc = 0;

    while (rc == 0 && (x != INT64_MAX || y != INT64_MAX)) {
        bool same = x == y;
        for (int i = 1; same && i < 5; i++)
            same = sqlite3_column_int64(a, i) == sqlite3_column_int64(b, i);
        if (same) {
            equal += (uint64_t)sqlite3_column_int64(a, 2);
        } else {
            rc = add_chunk(c, (struct chunk){x < y ? x : y, sqlite3_column_int64(x <= y ? a : b, 1), equal});
            equal = 0;
        }
        sqlite3_int64 least = x < y ? x : y;
        if (x == least)
            x = step(a);
        if (y == least)
            y = step(b);
    }
    return rc == 0 && equal > 0 ? add_chunk(c, (struct chunk){INT64_MAX, INT64_MAX, equal}) : rc; /* what follows the last */
}

/* All events, if a trace has no digests or some columns may differ. */
static int choose_chunks(struct compare *c, bool all)
{
    static const char sql[] = "SELECT id, last, events, begun, ended FROM digest ORDER BY id";
    sqlite3_stmt *s[2] = {NULL, NULL};
    int rc = 0;

    for (int i = 0; i < 2; i++) {
        if (sqlite3_prepare_v2(c->sides[i].db, sql, -1, &s[i], NULL) != SQLITE_OK || sqlite3_step(s[i]) != SQLITE_ROW)
            all = true;
        sqlite3_reset(s[i]);
    }
    rc = all ? add_chunk(c, (struct chunk){INT64_MIN, INT64_MAX - 1, 0}) : merge_digests(c, s[0], s[1]);
    sqlite3_finalize(s[0]);
    sqlite3_finalize(s[1]);
    return rc;
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
    if (choose_chunks(c, nignored > 0) == 0)
        return c;
    snprintf(err, errlen, "the host is out of memory");
    compare_close(c);
    return NULL;
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
    free(c->chunks);
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

/* The first column that differs in the current rows, of those known when the event begins, or when it ends; -1: none. */
static int differing(struct compare *c, unsigned kind, bool late)
{
    const struct kind *k = &c->kinds[kind];
    sqlite3_stmt *a = c->sides[0].tables[kind].rows, *b = c->sides[1].tables[kind].rows;

    for (int i = 0; i < k->ncolumns; i++)
        if (!k->columns[i].ignored && k->columns[i].late == late && !values_equal(c, &k->columns[i], a, b, i))
            return i;
    return -1;
}

enum { TS = 2, DUR = 6 }; /* places of columns in a row */

/* When the current event of a side began, or ended; INT64_MAX: there is none, or it did not end. */
static sqlite3_int64 moment(const struct side *s, unsigned kind, bool end)
{
    sqlite3_stmt *row = s->tables[kind].rows;

    if (kind == EV_none || (end && sqlite3_column_type(row, DUR) == SQLITE_NULL))
        return INT64_MAX;
    return sqlite3_column_int64(row, TS) + (end ? sqlite3_column_int64(row, DUR) : 0);
}

static sqlite3_int64 earlier(const struct compare *c, const struct divergence_at *d, bool end)
{
    sqlite3_int64 a = moment(&c->sides[0], d->kind[0], end), b = moment(&c->sides[1], d->kind[1], end);
    return a < b ? a : b;
}

static void say_column(struct compare *c, struct divergence_at *d, int column)
{
    const struct selected *col = &c->kinds[d->kind[0]].columns[column];

    for (int i = 0; i < 2; i++) {
        sqlite3_free(c->value[i]);
        c->value[i] = d->value[i] = value_text(&c->sides[i], col, c->sides[i].tables[d->kind[0]].rows, column);
    }
    d->column = col->name;
    d->how = DIVERGE_COLUMN;
}

/*
 * Looks at the two current events. The first difference in time is wanted, and an event that began alike and ended
 * otherwise differs when it ends: it is kept, and the walk goes on until nothing can be earlier. Returns whether *d is the first.
 */
static bool look(struct compare *c, struct divergence_at *d)
{
    int column = -1;

    *d = (struct divergence_at){.how = DIVERGE_NONE};
    for (int i = 0; i < 2; i++) {
        d->kind[i] = next_kind(&c->sides[i]);
        d->id[i] = d->kind[i] != EV_none ? (uint64_t)c->sides[i].tables[d->kind[i]].id : 0;
    }
    if (d->kind[0] == EV_none && d->kind[1] == EV_none)
        return false;
    if (c->best.how != DIVERGE_NONE && c->best_moment <= earlier(c, d, false)) {
        *d = c->best;
        return true;
    }
    if (d->kind[0] != d->kind[1]) {
        d->how = d->kind[0] == EV_none || d->kind[1] == EV_none ? DIVERGE_END : DIVERGE_KIND;
        return true;
    }
    column = differing(c, d->kind[0], false);
    if (column >= 0) {
        say_column(c, d, column);
        return true;
    }
    column = differing(c, d->kind[0], true);
    if (column >= 0 && (c->best.how == DIVERGE_NONE || earlier(c, d, true) < c->best_moment)) {
        c->best_moment = earlier(c, d, true);
        c->best = *d;
        say_column(c, &c->best, column);
    }
    return false;
}

/* Both sides go to the next events, in the next chunk if need be. Returns 1, 0 if there are no more, -1 with err of a side. */
static int next_events(struct compare *c, unsigned kind, int *side)
{
    for (*side = 0; *side < 2; ++*side)
        if (kind == EV_none ? c->at < c->nchunks && begin_chunk(&c->sides[*side], &c->chunks[c->at]) != 0
                            : advance(&c->sides[*side], &c->sides[*side].tables[kind]) != 0)
            return -1;
    if (kind != EV_none) {
        c->events++;
        return 1;
    }
    if (c->at == c->nchunks)
        return 0;
    c->events += c->chunks[c->at++].equal;
    return 1;
}

int compare_go_on(struct compare *c, uint64_t limit, struct divergence_at *d, char *err, size_t errlen)
{
    int side = 0, more = c->at == 0 ? next_events(c, EV_none, &side) : 1;

    for (; limit > 0 && more > 0; limit--) {
        if (look(c, d)) {
            d->events = c->events;
            return 1;
        }
        more = next_events(c, d->kind[0], &side);
    }
    if (more < 0)
        snprintf(err, errlen, "trace %c cannot be read: %s", 'A' + side, c->sides[side].err);
    if (more != 0)
        return more < 0 ? -1 : 0;
    *d = c->best; /* or no difference */
    d->events = c->events;
    return 1;
}
