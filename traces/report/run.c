/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the report shows of one trace. Each figure is a query (traces/report/NAME.sql or a canned one) whose rows are
 * added up here, one after the other, into maps, curves and tables of bounded size.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../events.h"
#include "../format.h"
#include "../queries.h"
#include "../query.h"
#include "json.h"
#include "memory.h"
#include "replacement.h"
#include "report.h"

#define TABLE_ROWS 500  /* of a table that the report shows */
#define STRETCHES 200   /* of the run, for queries that divide it */
#define LARGE_EVENTS 2000000
#define RANGE_ROWS 4000 /* of the sourced ranges */
#define INSTRUCTION_ROWS 5000
#define KINDS 16        /* resolutions of faults */
#define MOST_FIGURES 8

enum {
    READ,
    MEMORY,
    WRITTEN,
    SKIPPED,
    SWAPPED_IN,
    SWAPPED_OUT,
    ASKED,
    RESIDENT,
    DIRTY,
    SWAPPED,
    DISK_READ,
    DISK_WRITTEN,
    DISK_BUSY,
    CURVES
};
static const char *const curve_names[CURVES] = {"read",     "memory", "written", "skipped",   "swap_in",      "swap_out", "asked",
                                                "resident", "dirty",  "swapped", "disk_read", "disk_written", "disk_busy"};

struct run {
    sqlite3 *db;
    const char *label;
    FILE *to;
    struct cells faults, states, disk;
    struct curve *curves;                           /* CURVES of them */
    uint64_t (*latency)[DISTRIBUTION_BINS];         /* KINDS of them: how many faults */
    struct memory memory;
    char *err;
    size_t errlen;
    uint64_t events; /* rows of the trace */
    bool memory_lost;
    struct {
        const char *figure;
        char why[200];
    } unanswered[MOST_FIGURES]; /* queries that this trace cannot answer: it was written before there was such a column */
    unsigned nunanswered;
};

static int fail(struct run *r, const char *what, const char *why)
{
    snprintf(r->err, r->errlen, "%s: %s", what, why);
    return -1;
}

static const char *sql_of(const struct canned_query *of, unsigned count, const char *name)
{
    for (unsigned i = 0; i < count; i++)
        if (strcmp(of[i].name, name) == 0)
            return of[i].sql;
    return "";
}

static uint64_t column(sqlite3_stmt *s, int i)
{
    return (uint64_t)sqlite3_column_int64(s, i);
}

/* A page number of a row; a page below its segment's base, which no trace should hold, counts as the first. */
static uint64_t page_column(sqlite3_stmt *s, int i)
{
    sqlite3_int64 page = sqlite3_column_int64(s, i);
    return page > 0 ? (uint64_t)page : 0;
}

static void progress(const struct run *r, const char *what, uint64_t rows)
{
    if (rows % 65536 == 0 && isatty(STDERR_FILENO))
        fprintf(stderr, "\r\033[K%s: %s: %" PRIu64 " rows", r->label, what, rows);
}

static sqlite3_stmt *prepare_figure(struct run *r, const char *figure)
{
    char why[512];
    sqlite3_stmt *s = query_prepare(r->db, sql_of(figures, figures_count, figure), why, sizeof(why));

    if (s == NULL && r->nunanswered < MOST_FIGURES) {
        r->unanswered[r->nunanswered].figure = figure;
        snprintf(r->unanswered[r->nunanswered++].why, sizeof(r->unanswered[0].why), "%.199s", why);
    }
    return s;
}

/* Hands each row of a figure's query to fn; there are none if the trace cannot answer it. Returns 0, or -1 with a message. */
static int each_row(struct run *r, const char *figure, void (*fn)(struct run *, sqlite3_stmt *))
{
    sqlite3_stmt *s = prepare_figure(r, figure);
    uint64_t rows = 0;
    int rc;

    if (s == NULL)
        return 0;
    while ((rc = sqlite3_step(s)) == SQLITE_ROW && !r->memory_lost) {
        fn(r, s);
        progress(r, figure, ++rows);
    }
    sqlite3_finalize(s);
    if (r->memory_lost)
        return fail(r, r->label, "there is no memory for the report");
    return rc == SQLITE_DONE ? 0 : fail(r, r->label, sqlite3_errmsg(r->db));
}

static void add_cell(struct run *r, struct cells *c, const struct cell *e)
{
    if (cells_add(c, e) < 0)
        r->memory_lost = true;
}

/* ---- what the rows of each figure do ---- */

static void add_fault(struct run *r, sqlite3_stmt *s)
{
    struct cell e = {.id = column(s, 0),
                     .col = column(s, 1),
                     .band = column(s, 2),
                     .row = page_column(s, 3),
                     .sum = column(s, 5),
                     .max = column(s, 5),
                     .kind = (uint8_t)(column(s, 6) % KINDS),
                     .pc = column(s, 9),
                     .cause = column(s, 10),
                     .count = 1};

    /* pages.js takes them apart */
    e.flags = (uint32_t)((column(s, 7) & 3) | (column(s, 8) & 1) << 2 | (column(s, 12) & 31) << 3 |
                         (column(s, 11) & 255) << 8 | (column(s, 13) & 65535) << 16);
    add_cell(r, &r->faults, &e);
}

static void add_state(struct run *r, sqlite3_stmt *s)
{
    struct cell e = {.id = column(s, 0), .col = column(s, 1), .band = column(s, 2), .row = page_column(s, 3)};
    unsigned before = (unsigned)column(s, 4), after = (unsigned)column(s, 5);

    memory_change(&r->memory, e.col, e.band, before, after);
    if (memory_holds(before)) {
        e.kind = (uint8_t)before;
        e.count = -1;
        add_cell(r, &r->states, &e);
    }
    if (memory_holds(after)) {
        e.kind = (uint8_t)after;
        e.count = 1;
        add_cell(r, &r->states, &e);
    }
}

/* The sum grows from ts on for dur: the report draws a straight line between two points. */
static void add_evenly(struct curve *c, uint64_t ts, uint64_t dur, uint64_t amount)
{
    curve_add(c, ts, 0);
    curve_add(c, ts + dur, (int64_t)amount);
}

static void add_disk_request(struct run *r, sqlite3_stmt *s)
{
    uint64_t ts = column(s, 1), bytes = column(s, 4) * 512, op = column(s, 5);
    struct cell e = {.id = column(s, 0),
                     .col = ts,
                     .band = column(s, 2),
                     .row = column(s, 3) / 8,
                     .sum = column(s, 4),
                     .max = column(s, 7),
                     .kind = op == EV_disk_op_read ? 0 : op == EV_disk_op_write ? 1 : op == EV_disk_op_flush ? 2 : 3,
                     .flags = (uint32_t)column(s, 6),
                     .cause = column(s, 10),
                     .count = 1};

    add_cell(r, &r->disk, &e);
    if (e.kind < 2)
        add_evenly(&r->curves[e.kind == 0 ? DISK_READ : DISK_WRITTEN], ts + column(s, 8), column(s, 9), bytes);
    add_evenly(&r->curves[DISK_BUSY], ts + column(s, 8), column(s, 9), column(s, 9));
}

static void add_transfer(struct run *r, sqlite3_stmt *s)
{
    uint64_t boundary = column(s, 1), output = column(s, 2);
    int curve = -1;

    switch (boundary) {
    case EV_boundary_disk:
        curve = output ? WRITTEN : READ;
        break;
    case EV_boundary_copy:
    case EV_boundary_eager:
    case EV_boundary_lend:
        curve = output ? -1 : MEMORY;
        break;
    case EV_boundary_skip:
        curve = SKIPPED;
        break;
    case EV_boundary_swap:
        curve = output ? SWAPPED_OUT : SWAPPED_IN;
        break;
    }
    if (curve >= 0)
        curve_add(&r->curves[curve], column(s, 0), sqlite3_column_int64(s, 3));
}

static void add_asked(struct run *r, sqlite3_stmt *s)
{
    curve_add(&r->curves[ASKED], column(s, 0), sqlite3_column_int64(s, 1));
}

static void add_latency(struct run *r, sqlite3_stmt *s)
{
    r->latency[column(s, 0) % KINDS][distribution_bin(column(s, 1))]++;
}

/* ---- writing ---- */

/* A query's rows, or why the trace cannot answer it. */
static int write_rows(struct run *r, const char *sql, uint64_t limit)
{
    char why[512];
    sqlite3_stmt *s = query_prepare(r->db, sql, why, sizeof(why));
    int rc, window;

    if (s == NULL) {
        fputs("{\"unavailable\": ", r->to);
        format_json_text(why, r->to);
        putc('}', r->to);
        return 0;
    }
    window = sqlite3_bind_parameter_index(s, ":window");
    if (window > 0)
        sqlite3_bind_int64(s, window, (sqlite3_int64)(r->faults.span / STRETCHES + 1));
    rc = json_rows(s, limit, r->to);
    sqlite3_finalize(s);
    return rc == SQLITE_DONE ? 0 : fail(r, r->label, sqlite3_errmsg(r->db));
}

/* The canned queries that a report asks. */
static const struct {
    const char *name;
    bool slow; /* reads the whole trace several times: not asked of large ones */
} tables[] = {
    {"summary", false},  {"working-set", false}, {"miss-ratio", false}, {"fault-latency", false}, {"faults-by-line", false},
    {"faults", false},   {"processes", false},   {"segments", false},   {"syscalls", false},      {"files", false},
    {"disk", false},     {"transfers", false},   {"snapshots", false},  {"dirty-pages", true},    {"syscall-transfers", true},
    {"os161", false},    {"waits", true},        {"checks", true},        {"tlb", false},
};

static int write_table(struct run *r, const char *name, bool slow)
{
    if (slow && r->events > LARGE_EVENTS) {
        fprintf(r->to, "{\"unavailable\": \"the trace is large; ask it with: tarry query DB %s\"}", name);
        return 0;
    }
    return write_rows(r, sql_of(queries, queries_count, name), TABLE_ROWS);
}

static int write_tables(struct run *r)
{
    fputs(",\n\"tables\": {", r->to);
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        progress(r, tables[i].name, 0);
        fprintf(r->to, "%s\n\"%s\": ", i > 0 ? "," : "", tables[i].name);
        if (write_table(r, tables[i].name, tables[i].slow) < 0)
            return -1;
    }
    fputs(",\n\"event_kind\": ", r->to);
    if (write_rows(r, "SELECT g.name AS \"group\", k.name AS kind, g.chosen, k.happened, k.stored FROM event_kind AS k "
                      "JOIN event_group AS g ON g.id = k.\"group\" ORDER BY g.id, k.id", TABLE_ROWS) < 0)
        return -1;
    fputs(",\n\"diagnostic\": ", r->to);
    if (write_rows(r, "SELECT name, value, unit, doc AS meaning FROM diagnostic ORDER BY id", TABLE_ROWS) < 0)
        return -1;
    putc('}', r->to);
    return 0;
}

/* Names of the segments that a map shows and the one before did not. */
static int write_bands(struct run *r, const struct cells *c, sqlite3_stmt *s, const char **before)
{
    uint64_t last = 0;

    for (uint32_t i = 0; i < c->n; i++) {
        int rc;
        if (c->table[i].band == last)
            continue;
        last = c->table[i].band;
        sqlite3_reset(s);
        sqlite3_bind_int64(s, 1, (sqlite3_int64)last);
        fprintf(r->to, "%s\"%" PRIu64 "\": ", *before, last);
        *before = ",\n";
        rc = json_rows(s, 1, r->to);
        if (rc != SQLITE_DONE)
            return fail(r, r->label, sqlite3_errmsg(r->db));
    }
    return 0;
}

/* The maps' cells must be sorted by now. A segment may occur twice: in faults and in states. */
static int write_segments(struct run *r)
{
    const char *before = "\n";
    sqlite3_stmt *s = prepare_figure(r, "segment-names");
    int status;

    fputs(",\n\"segments\": {", r->to);
    if (s != NULL) {
        status = write_bands(r, &r->faults, s, &before);
        if (status == 0)
            status = write_bands(r, &r->states, s, &before);
        sqlite3_finalize(s);
        if (status < 0)
            return -1;
    }
    putc('}', r->to);
    return 0;
}

/* The rows of a figure's query that has a parameter :limit. */
static int write_limited(struct run *r, const char *member, const char *figure, int limit)
{
    sqlite3_stmt *s = prepare_figure(r, figure);
    int rc = SQLITE_DONE;

    fprintf(r->to, ",\n\"%s\": ", member);
    if (s == NULL) {
        fputs("null", r->to);
        return 0;
    }
    sqlite3_bind_int(s, 1, limit);
    rc = json_rows(s, (uint64_t)limit, r->to);
    sqlite3_finalize(s);
    return rc == SQLITE_DONE ? 0 : fail(r, r->label, sqlite3_errmsg(r->db));
}

static int write_words(struct run *r)
{
    static const char *const enums[] = {"resolution", "access", "syscall", "source_kind", "rule", "refusal"};
    /* another kernel's page faults have an exception's code in place of a resolution (fault-map.sql) */
    static const char exceptions[] = " UNION ALL SELECT id, name, doc FROM enum_exception WHERE id IN (12, 13, 15)";

    fputs(",\n\"words\": {", r->to);
    for (size_t i = 0; i < sizeof(enums) / sizeof(enums[0]); i++) {
        char sql[200];
        snprintf(sql, sizeof(sql), "SELECT id, name, doc FROM enum_%s%s ORDER BY id", enums[i], i == 0 ? exceptions : "");
        fprintf(r->to, "%s\n\"%s\": ", i > 0 ? "," : "", enums[i]);
        if (write_rows(r, sql, 1000) < 0)
            return -1;
    }
    putc('}', r->to);
    return 0;
}

static void write_unanswered(struct run *r)
{
    fputs(",\n\"unanswered\": {", r->to);
    for (unsigned i = 0; i < r->nunanswered; i++) {
        fprintf(r->to, "%s\"%s\": ", i > 0 ? ", " : "", r->unanswered[i].figure);
        format_json_text(r->unanswered[i].why, r->to);
    }
    putc('}', r->to);
}

/* Did a kernel run that tells the machine nothing of its processes? */
static bool is_foreign(sqlite3 *db)
{
    static const char sql[] = "SELECT NOT EXISTS (SELECT 1 FROM process) AND (EXISTS (SELECT 1 FROM trap) OR EXISTS (SELECT 1 FROM ecall)"
                              " OR EXISTS (SELECT 1 FROM interrupt))";
    sqlite3_stmt *s = NULL;
    bool foreign = sqlite3_prepare_v2(db, sql, -1, &s, NULL) == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW && sqlite3_column_int(s, 0) != 0;

    sqlite3_finalize(s);
    return foreign;
}

static int write_run(struct run *r)
{
    fputs("{\"label\": ", r->to);
    format_json_text(r->label, r->to);
    fprintf(r->to, ", \"complete\": %s, \"span\": %" PRIu64 ", \"foreign\": %s,\n\"facts\": ",
            query_is_complete(r->db) ? "true" : "false", r->faults.span, is_foreign(r->db) ? "true" : "false");
    if (write_rows(r, "SELECT * FROM run", 1) < 0)
        return -1;
    fputs(",\n\"maps\": {\"faults\": ", r->to);
    json_cells(&r->faults, CELLS_MEASURES, r->to);
    fputs(",\n\"states\": ", r->to);
    json_cells(&r->states, CELLS_COUNTS, r->to);
    fputs(",\n\"disk\": ", r->to);
    json_cells(&r->disk, CELLS_MEASURES, r->to);
    fputs("},\n\"curves\": {", r->to);
    for (int i = 0; i < CURVES; i++) {
        fprintf(r->to, "%s\n\"%s\": ", i > 0 ? "," : "", curve_names[i]);
        json_curve(&r->curves[i], r->to);
    }
    fputs("},\n\"latency\": {", r->to);
    for (int i = 0; i < KINDS; i++) {
        fprintf(r->to, "%s\"%d\": ", i > 0 ? ",\n" : "\n", i);
        json_distribution(r->latency[i], r->to);
    }
    putc('}', r->to);
    if (write_segments(r) < 0 || write_limited(r, "ranges", "sourced-ranges", RANGE_ROWS) < 0 ||
        write_limited(r, "instructions", "instruction-names", INSTRUCTION_ROWS) < 0 || write_words(r) < 0 || write_tables(r) < 0)
        return -1;
    write_unanswered(r);
    fputs(",\n\"replacement\": ", r->to);
    report_write_replacement(r->db, r->to);
    fputs("}\n", r->to);
    return 0;
}

static int gather(struct run *r)
{
    if (memory_init(&r->memory, r->db, &r->curves[RESIDENT], &r->curves[DIRTY], &r->curves[SWAPPED]) < 0)
        return fail(r, r->label, "its segments cannot be read");
    if (each_row(r, "fault-map", add_fault) < 0 || each_row(r, "page-states", add_state) < 0 ||
        each_row(r, "disk-map", add_disk_request) < 0 || each_row(r, "transfer-curves", add_transfer) < 0 ||
        each_row(r, "asked-curve", add_asked) < 0 || each_row(r, "fault-durations", add_latency) < 0)
        return -1;
    memory_end(&r->memory);
    return 0;
}

/* How long the run was, in virtual ns, and how many events it has. */
static uint64_t size_of(sqlite3 *db, uint64_t *events)
{
    static const char sql[] = "SELECT virtual_ns, events FROM run";
    sqlite3_stmt *s = NULL;
    uint64_t span = 0;

    if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW) {
        span = column(s, 0);
        *events = column(s, 1);
    }
    sqlite3_finalize(s);
    return span > 0 ? span : 1;
}

int report_write_run(sqlite3 *db, const char *label, uint32_t budget, FILE *to, char *err, size_t errlen)
{
    struct run r = {.db = db, .label = label, .to = to, .err = err, .errlen = errlen};
    uint64_t span = size_of(db, &r.events);
    int status = -1;

    r.curves = calloc(CURVES, sizeof(*r.curves));
    r.latency = calloc(KINDS, sizeof(*r.latency));
    if (r.curves == NULL || r.latency == NULL || cells_init(&r.faults, budget, span) < 0 ||
        cells_init(&r.states, 2 * budget, span) < 0 || cells_init(&r.disk, budget, span) < 0)
        fail(&r, label, "there is no memory for the report");
    else if (gather(&r) == 0)
        status = write_run(&r);
    if (isatty(STDERR_FILENO))
        fputs("\r\033[K", stderr);
    free(r.curves);
    free(r.latency);
    cells_free(&r.faults);
    cells_free(&r.states);
    cells_free(&r.disk);
    memory_free(&r.memory);
    return status;
}

/* ---- the queries ---- */

static void write_query(const struct canned_query *q, const char *canned, FILE *to)
{
    const char *const member[] = {"title", "question", "sql"};
    const char *const text[] = {q->title, q->question, q->sql};

    format_json_text(q->name, to);
    fprintf(to, ": {\"canned\": %s", canned);
    for (int i = 0; i < 3; i++) {
        fprintf(to, ", \"%s\": ", member[i]);
        format_json_text(text[i], to);
    }
    putc('}', to);
}

void report_write_queries(FILE *to)
{
    const char *before = "{\n";

    for (unsigned i = 0; i < figures_count; i++, before = ",\n") {
        fputs(before, to);
        write_query(&figures[i], "false", to);
    }
    for (unsigned i = 0; i < queries_count; i++, before = ",\n") {
        fputs(before, to);
        write_query(&queries[i], "true", to);
    }
    fputs("}\n", to);
}
