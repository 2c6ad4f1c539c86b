/* SPDX-License-Identifier: GPL-2.0-only */
/* One hash table per rollup, by open addressing; a group is its keys, how many events, and their sums. */
#include "rollup.h"
#include <stdlib.h>
#include <string.h>
#include "sql.h"

#define FIRST_SLOTS 1024u
#define MOST_GROUPS 32768u /* with so many a table is written out and emptied */

const struct rollup rollups[] = {
    {"fault", EV_fault, {"proc", "image", "pc", "segment", "resolution", "in_kernel", "caller"}, {"dur"},
     "Page faults by place, segment and resolution"},
    {"fault_time", EV_fault, {"proc", "resolution", "dur"}, {NULL}, "Page faults by resolution and exact duration"},
    {"transfer", EV_transfer, {"proc", "boundary", "class", "file", "segment", "output"}, {"bytes", "pages"},
     "Transfers by boundary, file and segment"},
    {"syscall", EV_syscall, {"proc", "number", "failed"}, {"result", "insns", "dur"},
     "System calls by number; failed: the result is negative"},
    {"ecall", EV_ecall, {"number", "failed"}, {"result", "dur"},
     "Ecalls by number; failed: the result is negative"},
    {"disk_request", EV_disk_request, {"disk", "op", "class", "status", "sequential"}, {"sectors", "queue_ns", "service_ns", "dur"},
     "Disk requests by operation, class and status; sequential: they begin where the one before on the disk ended"},
    {"page", EV_page, {"proc", "segment", "old", "new"}, {NULL}, "Changes of state of pages by segment and states"},
};
const unsigned nrollups = sizeof(rollups) / sizeof(rollups[0]);

#define COUNT_ROLLUPS (sizeof(rollups) / sizeof(rollups[0]))

/* ---- columns ---- */

enum { FAILED = -1, SEQUENTIAL = -2 };

static int word_of(const struct event *e, const char *column)
{
    if (strcmp(column, "failed") == 0)
        return FAILED;
    if (strcmp(column, "sequential") == 0)
        return SEQUENTIAL;
    if (strcmp(column, "proc") == 0)
        return W_PROC;
    if (strcmp(column, "pc") == 0)
        return W_PC;
    if (strcmp(column, "dur") == 0)
        return W_DUR;
    for (unsigned i = 0; i < e->ncols + e->nresults; i++)
        if (strcmp(column, e->columns[i].name) == 0)
            return (int)(W_COLUMNS + i);
    abort(); /* tests/unit/trace_rollup.c looks at every column */
}

/* Known at an interval's end only: NULL in events that did not end. */
static bool is_result(const struct event *e, const char *column)
{
    int word = word_of(e, column);

    return word == FAILED || word == W_DUR || word >= (int)(W_COLUMNS + e->ncols);
}

/* ---- the schema ---- */

static void columns_of(sqlite3_str *sql, const struct rollup *r, const char *key, const char *sum)
{
    for (unsigned i = 0; i < ROLLUP_MOST_KEYS && r->keys[i] != NULL; i++)
        sqlite3_str_appendf(sql, key, r->keys[i], r->keys[i]);
    for (unsigned i = 0; i < ROLLUP_MOST_SUMS && r->sums[i] != NULL; i++)
        sqlite3_str_appendf(sql, sum, r->sums[i], r->sums[i]);
}

static void table(sqlite3_str *sql, const struct rollup *r)
{
    const struct event *e = &catalogue_events[r->kind];

    sqlite3_str_appendf(sql, "CREATE TABLE \"%w_rollup\"(id INTEGER PRIMARY KEY", r->name);
    columns_of(sql, r, ", \"%w\" INTEGER", ", \"sum_%w\" INTEGER NOT NULL");
    sqlite3_str_appendf(sql, ", events INTEGER NOT NULL, ended INTEGER NOT NULL%s) STRICT;\n",
                        e->interval ? ", min_dur INTEGER, max_dur INTEGER" : "");
}

static void view(sqlite3_str *sql, const struct rollup *r)
{
    const struct event *e = &catalogue_events[r->kind];
    int n = 0;

    sqlite3_str_appendf(sql, "CREATE VIEW \"%w_total\" AS SELECT ", r->name);
    columns_of(sql, r, "t.\"%w\", ", "t.\"sum_%w\", ");
    sqlite3_str_appendf(sql, "t.events, t.ended%s FROM run AS r CROSS JOIN \"%w_rollup\" AS t WHERE r.complete = 1 AND r.schema_version >= 2"
                        " UNION ALL SELECT ", e->interval ? ", t.min_dur, t.max_dur" : "", r->name);
    for (; n < ROLLUP_MOST_KEYS && r->keys[n] != NULL; n++)
        if (word_of(e, r->keys[n]) == FAILED)
            sqlite3_str_appendall(sql, "t.result < 0, ");
        else if (word_of(e, r->keys[n]) == SEQUENTIAL)
            sqlite3_str_appendall(sql, "coalesce(t.sector = (SELECT p.sector + p.sectors FROM disk_request AS p WHERE p.disk ="
                                       " t.disk AND p.id < t.id ORDER BY p.id DESC LIMIT 1), 0), ");
        else
            sqlite3_str_appendf(sql, "t.\"%w\", ", r->keys[n]);
    for (unsigned i = 0; i < ROLLUP_MOST_SUMS && r->sums[i] != NULL; i++)
        sqlite3_str_appendf(sql, "coalesce(sum(t.\"%w\"), 0), ", r->sums[i]);
    sqlite3_str_appendf(sql, "count(*), count(%s)%s FROM run AS r CROSS JOIN \"%w\" AS t WHERE r.complete = 0 OR r.schema_version < 2 GROUP BY ",
                        e->interval ? "t.dur" : "*", e->interval ? ", min(t.dur), max(t.dur)" : "", e->name);
    for (int i = 1; i <= n; i++)
        sqlite3_str_appendf(sql, i > 1 ? ", %d" : "%d", i);
    sqlite3_str_appendall(sql, ";\n");
}

static void document(sqlite3_str *sql, const struct rollup *r)
{
    const char *const fixed[][2] = {{"events", "how many"},
                                    {"ended", "how many of them had ended, of events that last"},
                                    {"id", "number of the row"},
                                    {"min_dur", "the shortest"},
                                    {"max_dur", "the longest"}};

    sqlite3_str_appendf(sql, "INSERT INTO doc VALUES('%q_rollup', '', 'table', '', %Q || ', of what was recorded; a group may have several "
                        "rows: add them up. View %q_total is the same for any trace');\n", r->name, r->doc, r->name);
    sqlite3_str_appendf(sql, "INSERT INTO doc VALUES('%q_total', '', 'view', '', %Q || ': table %q_rollup, or counted in "
                        "table %q if the run was killed');\n", r->name, r->doc, r->name, catalogue_events[r->kind].name);
    for (unsigned i = 0; i < ROLLUP_MOST_KEYS && r->keys[i] != NULL; i++)
        sqlite3_str_appendf(sql, "INSERT INTO doc VALUES('%q_rollup', %Q, 'int', '', 'as in table %q');\n", r->name,
                            r->keys[i], catalogue_events[r->kind].name);
    for (unsigned i = 0; i < ROLLUP_MOST_SUMS && r->sums[i] != NULL; i++)
        sqlite3_str_appendf(sql, "INSERT INTO doc VALUES('%q_rollup', 'sum_%q', 'int', '', 'sum of column %q');\n",
                            r->name, r->sums[i], r->sums[i]);
    for (unsigned i = 0; i < (catalogue_events[r->kind].interval ? 5u : 3u); i++)
        sqlite3_str_appendf(sql, "INSERT INTO doc VALUES('%q_rollup', %Q, 'int', %Q, %Q);\n", r->name, fixed[i][0],
                            i > 2 ? "virtual ns" : "", fixed[i][1]);
}

char *rollup_sql(void)
{
    sqlite3_str *sql = sqlite3_str_new(NULL);

    for (unsigned i = 0; i < nrollups; i++) {
        table(sql, &rollups[i]);
        view(sql, &rollups[i]);
        document(sql, &rollups[i]);
    }
    return sqlite3_str_finish(sql);
}

/* ---- counting ---- */

struct group {
    uint64_t keys[ROLLUP_MOST_KEYS + 1]; /* the last: 1, the events did not end */
    uint64_t events;                     /* 0: the slot is free */
    uint64_t sums[ROLLUP_MOST_SUMS];
    uint64_t min_dur, max_dur;
};

#define DISKS 16u /* of more, `sequential` is not known */

struct counter {
    const struct rollup *rollup;
    int keys[ROLLUP_MOST_KEYS], sums[ROLLUP_MOST_SUMS]; /* places in a record's words */
    bool is_result[ROLLUP_MOST_KEYS];
    unsigned nkeys, nsums;
    uint64_t end_of_last[DISKS]; /* sectors */
    struct group *slots;
    uint32_t nslots, ngroups; /* nslots is a power of two */
};

struct rollup_store {
    struct counter counters[COUNT_ROLLUPS];
    struct counter *of[EV_COUNT][2]; /* the counters of a kind */
};

struct rollup_store *rollup_new(void)
{
    struct rollup_store *s = calloc(1, sizeof(*s));

    for (unsigned i = 0; s != NULL && i < nrollups; i++) {
        struct counter *c = &s->counters[i];
        const struct event *e = &catalogue_events[rollups[i].kind];
        c->rollup = &rollups[i];
        while (c->nkeys < ROLLUP_MOST_KEYS && rollups[i].keys[c->nkeys] != NULL) {
            c->keys[c->nkeys] = word_of(e, rollups[i].keys[c->nkeys]);
            c->is_result[c->nkeys] = is_result(e, rollups[i].keys[c->nkeys]);
            c->nkeys++;
        }
        while (c->nsums < ROLLUP_MOST_SUMS && rollups[i].sums[c->nsums] != NULL) {
            c->sums[c->nsums] = word_of(e, rollups[i].sums[c->nsums]);
            c->nsums++;
        }
        s->of[rollups[i].kind][s->of[rollups[i].kind][0] != NULL] = c;
    }
    return s;
}

void rollup_free(struct rollup_store *s)
{
    for (unsigned i = 0; s != NULL && i < nrollups; i++)
        free(s->counters[i].slots);
    free(s);
}

static uint64_t hash(const uint64_t *keys, unsigned n)
{
    uint64_t h = 0;

    for (unsigned i = 0; i < n; i++)
        h = (h ^ keys[i]) * 0x9e3779b97f4a7c15u, h ^= h >> 29;
    return h;
}

/* The slot of the keys: theirs, or the free one where they belong. */
static struct group *slot_of(struct counter *c, const uint64_t *keys)
{
    uint32_t i = (uint32_t)hash(keys, ROLLUP_MOST_KEYS + 1) & (c->nslots - 1);

    while (c->slots[i].events != 0 && memcmp(c->slots[i].keys, keys, sizeof(c->slots[i].keys)) != 0)
        i = (i + 1) & (c->nslots - 1);
    return &c->slots[i];
}

static int grow(struct counter *c)
{
    struct group *old = c->slots;
    uint32_t n = c->nslots;

    c->slots = calloc(n ? n * 2 : FIRST_SLOTS, sizeof(*c->slots));
    if (c->slots == NULL) {
        c->slots = old;
        return -1;
    }
    c->nslots = n ? n * 2 : FIRST_SLOTS;
    for (uint32_t i = 0; i < n; i++)
        if (old[i].events != 0)
            *slot_of(c, old[i].keys) = old[i];
    free(old);
    return 0;
}

/* Requests of a disk are served one after the other, so they come here in the order in which they began. */
static uint64_t is_sequential(struct counter *c, const uint64_t *w)
{
    uint64_t disk = w[c->keys[0]], sector = w[W_COLUMNS + 3], sectors = w[W_COLUMNS + 4];
    bool follows;

    if (disk >= DISKS)
        return 0;
    follows = c->end_of_last[disk] == sector + 1;
    c->end_of_last[disk] = sector + sectors + 1; /* 0: there was none */
    return follows;
}

static uint64_t key_of(struct counter *c, unsigned key, const struct record *r)
{
    const uint64_t *w = r->words;

    if (c->keys[key] == FAILED)
        return (int64_t)w[W_COLUMNS + catalogue_events[r->kind].ncols] < 0;
    return c->keys[key] == SEQUENTIAL ? is_sequential(c, w) : w[c->keys[key]];
}

static int count(struct counter *c, const struct record *r)
{
    const uint64_t *w = r->words;
    uint64_t keys[ROLLUP_MOST_KEYS + 1] = {0};
    bool open = (r->flags & REC_OPEN) != 0;
    struct group *g;

    if (c->ngroups * 2 >= c->nslots && grow(c) < 0)
        return -1;
    for (unsigned i = 0; i < c->nkeys; i++)
        if (!open || !c->is_result[i]) /* else the record does not hold it */
            keys[i] = key_of(c, i, r);
    keys[ROLLUP_MOST_KEYS] = open;
    g = slot_of(c, keys);
    if (g->events == 0) {
        memcpy(g->keys, keys, sizeof(keys));
        g->min_dur = UINT64_MAX;
        c->ngroups++;
    }
    g->events++;
    for (unsigned i = 0; i < c->nsums; i++)
        g->sums[i] += w[c->sums[i]];
    if (w[W_DUR] < g->min_dur)
        g->min_dur = w[W_DUR];
    if (w[W_DUR] > g->max_dur)
        g->max_dur = w[W_DUR];
    return 0;
}

/* ---- writing ---- */

static sqlite3_stmt *prepare(const struct counter *c, sqlite3 *db, int *rc)
{
    const struct event *e = &catalogue_events[c->rollup->kind];
    sqlite3_str *sql = sqlite3_str_new(db);
    sqlite3_stmt *s = NULL;

    sqlite3_str_appendf(sql, "INSERT INTO \"%w_rollup\" VALUES(NULL", c->rollup->name);
    for (unsigned i = 0; i < c->nkeys + c->nsums + (e->interval ? 4 : 2); i++)
        sqlite3_str_appendall(sql, ", ?");
    sqlite3_str_appendall(sql, ")");
    *rc = sql_prepare(db, sql, &s);
    return s;
}

static int write_group(const struct counter *c, const struct group *g, sqlite3_stmt *s)
{
    const struct event *e = &catalogue_events[c->rollup->kind];
    bool open = g->keys[ROLLUP_MOST_KEYS] != 0;
    int at = 1;

    sqlite3_clear_bindings(s);
    for (unsigned i = 0; i < c->nkeys; i++, at++)
        if (!open || !c->is_result[i])
            sqlite3_bind_int64(s, at, (sqlite3_int64)g->keys[i]);
    for (unsigned i = 0; i < c->nsums; i++, at++)
        sqlite3_bind_int64(s, at, open && is_result(e, c->rollup->sums[i]) ? 0 : (sqlite3_int64)g->sums[i]);
    sqlite3_bind_int64(s, at++, (sqlite3_int64)g->events);
    sqlite3_bind_int64(s, at++, open ? 0 : (sqlite3_int64)g->events);
    if (e->interval && !open) {
        sqlite3_bind_int64(s, at++, (sqlite3_int64)g->min_dur);
        sqlite3_bind_int64(s, at, (sqlite3_int64)g->max_dur);
    }
    sqlite3_step(s);
    return sqlite3_reset(s);
}

static int by_keys(const void *a, const void *b)
{
    return memcmp(((const struct group *)a)->keys, ((const struct group *)b)->keys, sizeof(((struct group *)0)->keys));
}

static int write_out(struct counter *c, sqlite3 *db)
{
    int rc;
    sqlite3_stmt *s = prepare(c, db, &rc);
    uint32_t n = 0;

    for (uint32_t i = 0; i < c->nslots; i++)
        if (c->slots[i].events != 0)
            c->slots[n++] = c->slots[i];
    qsort(c->slots, n, sizeof(*c->slots), by_keys);
    for (uint32_t i = 0; rc == SQLITE_OK && i < n; i++)
        rc = write_group(c, &c->slots[i], s);
    memset(c->slots, 0, c->nslots * sizeof(*c->slots));
    c->ngroups = 0;
    sqlite3_finalize(s);
    return rc;
}

/* When a table is written out depends on the events alone: equal runs have equal rows. */
int rollup_add(struct rollup_store *s, sqlite3 *db, const struct record *r)
{
    int rc = SQLITE_OK;

    for (unsigned i = 0; i < 2 && s->of[r->kind][i] != NULL && rc == SQLITE_OK; i++) {
        if (count(s->of[r->kind][i], r) < 0)
            return SQLITE_NOMEM;
        if (s->of[r->kind][i]->ngroups == MOST_GROUPS)
            rc = write_out(s->of[r->kind][i], db);
    }
    return rc;
}

int rollup_write(struct rollup_store *s, sqlite3 *db)
{
    int rc = SQLITE_OK;

    for (unsigned i = 0; rc == SQLITE_OK && i < nrollups; i++)
        if (s->counters[i].ngroups > 0)
            rc = write_out(&s->counters[i], db);
    return rc;
}
