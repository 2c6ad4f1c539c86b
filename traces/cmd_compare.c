/* SPDX-License-Identifier: GPL-2.0-only */
/* The command `tarry compare`: configuration, totals with ratios, the first event where two traces differ. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "catalogue.h"
#include "compare.h"
#include "format.h"
#include "queries.h"
#include "query.h"

#define SLICE 200000 /* events between two reports of progress */

struct request {
    const char *path[2];
    sqlite3 *db[2];
    const char *ignored[COMPARE_IGNORED];
    unsigned nignored;
    unsigned context;
    bool json;
};

static const char usage[] =
    "usage: tarry compare A B [OPTION...]\n"
    "\n"
    "Compares two traces: how the runs were configured, what they cost (with ratios B/A), and the first event\n"
    "where they differ, with what came before it. Facts of the host (its time, its name) are not compared.\n"
    "The exit status is 0 if every event and the outcome are the same, 1 if they differ.\n"
    "\n"
    "  --ignore COLUMN[,COLUMN]  columns of events that may differ (dur, insn, ts, ...)\n"
    "  --context N               events shown before the first difference (3)\n"
    "  --format table|json       how to print (table)\n"
    "  --help                    print this\n";

static int misuse(const char *what, const char *why)
{
    fflush(stdout);
    fprintf(stderr, "tarry: %s%s%s\n", what, *why ? ": " : "", why);
    return 2;
}

/* ---- options ---- */

static int add_ignored(struct request *q, char *list)
{
    for (char *name = strtok(list, ","); name != NULL; name = strtok(NULL, ",")) {
        if (q->nignored == COMPARE_IGNORED)
            return misuse("--ignore", "too many columns");
        q->ignored[q->nignored++] = name;
    }
    return 0;
}

static int set_option(struct request *q, const char *name, char *value)
{
    char *end;

    if (strcmp(name, "ignore") == 0)
        return add_ignored(q, value);
    if (strcmp(name, "context") == 0) {
        errno = 0;
        unsigned long n = strtoul(value, &end, 10);
        if (*value < '0' || *value > '9' || *end != '\0' || errno != 0 || n > 1000)
            return misuse(value, "--context wants a number of events, at most 1000");
        q->context = (unsigned)n;
        return 0;
    }
    if (strcmp(name, "format") == 0 && (strcmp(value, "json") == 0 || strcmp(value, "table") == 0)) {
        q->json = value[0] == 'j';
        return 0;
    }
    if (strcmp(name, "format") == 0)
        return misuse(value, "--format is table or json");
    return misuse(name, "there is no such option; see tarry compare --help");
}

/* Returns 0, 2, or -1 when help was printed. */
static int parse(struct request *q, int argc, char **argv)
{
    int n = 0, status;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            fputs(usage, stdout);
            return -1;
        }
        if (strncmp(argv[i], "--", 2) == 0) {
            char *name = argv[i] + 2, *equals = strchr(name, '='), *value;
            if (equals != NULL)
                *equals = '\0';
            value = equals != NULL ? equals + 1 : i + 1 < argc ? argv[++i] : NULL;
            if (value == NULL)
                return misuse(argv[i], "a value is missing; see tarry compare --help");
            if ((status = set_option(q, name, value)) != 0)
                return status;
        } else if (n == 2) {
            return misuse(argv[i], "is one argument too many; compare two traces");
        } else {
            q->path[n++] = argv[i];
        }
    }
    return n == 2 ? 0 : misuse("compare", "name two traces: tarry compare A B; see tarry compare --help");
}

/* ---- printing ---- */

static void json_pair(const char *key, const char *value, const char *after)
{
    format_json_text(key, stdout);
    fputs(": ", stdout);
    if (value != NULL)
        format_json_text(value, stdout);
    else
        fputs("null", stdout);
    fputs(after, stdout);
}

/* ---- configuration and outcome ---- */

static const char *column_text(sqlite3_stmt *s, int i)
{
    const unsigned char *t = sqlite3_column_text(s, i);
    return t != NULL ? (const char *)t : "";
}

/* What a run is, but for what its events tell and for facts of the host. */
static bool is_configuration(const char *column)
{
    static const char *const other[] = {"id", "instructions", "virtual_ns", "events", "time_unit"};

    if (strncmp(column, "host_", 5) == 0)
        return false;
    for (unsigned i = 0; i < sizeof(other) / sizeof(other[0]); i++)
        if (strcmp(column, other[i]) == 0)
            return false;
    return true;
}

static bool is_outcome(const char *column)
{
    return strcmp(column, "exit_status") == 0 || strcmp(column, "stop_reason") == 0 || strcmp(column, "complete") == 0;
}

static void print_setting(const struct request *q, const char *column, const char *a, const char *b, bool first)
{
    if (!q->json) {
        printf("  %-14s  A: %s\n  %-14s  B: %s\n", column, a, "", b);
        return;
    }
    printf("%s\n    {", first ? "" : ",");
    json_pair("name", column, ", ");
    json_pair("a", a, ", ");
    json_pair("b", b, "}");
}

/* Prints what differs in table run. Returns whether the outcomes differ. */
static bool configuration(const struct request *q, sqlite3_stmt *a, sqlite3_stmt *b)
{
    bool outcome = false, first = true;

    fputs(q->json ? "{\"configuration\": [" : "configuration, where it differs\n", stdout);
    for (int i = 0; i < sqlite3_column_count(a) && i < sqlite3_column_count(b); i++) {
        const char *name = sqlite3_column_name(a, i);
        if (!is_configuration(name) || strcmp(column_text(a, i), column_text(b, i)) == 0)
            continue;
        print_setting(q, name, column_text(a, i), column_text(b, i), first);
        outcome = outcome || is_outcome(name);
        first = false;
    }
    if (first && !q->json)
        puts("  nowhere");
    fputs(q->json ? "],\n" : "\n", stdout);
    return outcome;
}

/* ---- totals ---- */

static const char *summary_sql(void)
{
    for (unsigned i = 0; i < queries_count; i++)
        if (strcmp(queries[i].name, "summary") == 0)
            return queries[i].sql;
    return "SELECT '', 0 WHERE 0";
}

static void print_total(const struct request *q, const char *name, sqlite3_int64 a, sqlite3_int64 b, bool first)
{
    char ratio[32] = "";

    if (a != 0)
        snprintf(ratio, sizeof(ratio), "%.3f", (double)b / (double)a);
    if (!q->json) {
        printf("  %-26s %16lld %16lld %9s\n", name, a, b, ratio);
        return;
    }
    printf("%s\n    {\"name\": \"%s\", \"a\": %lld, \"b\": %lld, \"ratio\": %s}", first ? "" : ",", name, a, b,
           *ratio ? ratio : "null");
}

/* The metrics of the canned query `summary`, side by side. */
static void totals(const struct request *q, sqlite3_stmt *a, sqlite3_stmt *b)
{
    bool first = true;

    if (q->json)
        fputs(" \"totals\": [", stdout);
    else
        printf("  %-26s %16s %16s %9s\n", "totals", "A", "B", "B/A");
    while (sqlite3_step(a) == SQLITE_ROW && sqlite3_step(b) == SQLITE_ROW) {
        print_total(q, column_text(a, 0), sqlite3_column_int64(a, 1), sqlite3_column_int64(b, 1), first);
        first = false;
    }
    fputs(q->json ? "],\n" : "\n", stdout);
}

/* ---- the first difference ---- */

/* The row of `KIND_view` in words: name=value for all that is set. */
static void print_row(sqlite3_stmt *s, const char *kind, bool json)
{
    if (json)
        json_pair("kind", kind, "");
    else
        printf("%-12s", kind);
    for (int i = 0; i < sqlite3_column_count(s); i++) {
        if (sqlite3_column_type(s, i) == SQLITE_NULL)
            continue;
        if (json) {
            fputs(", ", stdout);
            json_pair(sqlite3_column_name(s, i), column_text(s, i), "");
        } else {
            printf(" %s=%s", sqlite3_column_name(s, i), column_text(s, i));
        }
    }
}

static void print_event(const struct request *q, int side, sqlite3_int64 id, const char *kind, bool here)
{
    char *sql = sqlite3_mprintf("SELECT * FROM \"%w_view\" WHERE id = %lld", kind, id);
    sqlite3_stmt *s = NULL;

    if (sql != NULL && sqlite3_prepare_v2(q->db[side], sql, -1, &s, NULL) == SQLITE_OK &&
        sqlite3_step(s) == SQLITE_ROW) {
        fputs(q->json ? "{" : here ? "  > " : "    ", stdout);
        print_row(s, kind, q->json);
        fputs(q->json ? "}" : "\n", stdout);
    }
    sqlite3_finalize(s);
    sqlite3_free(sql);
}

/* The last events up to the one at which the traces differ. */
static void context(const struct request *q, int side, const struct divergence_at *d)
{
    char *sql = sqlite3_mprintf("SELECT id, kind FROM event WHERE id <= %lld ORDER BY id DESC LIMIT %u",
                                d->id[side] ? (sqlite3_int64)d->id[side] : INT64_MAX, q->context + 1);
    char *ordered = sqlite3_mprintf("SELECT id, kind FROM (%s) ORDER BY id", sql);
    sqlite3_stmt *s = NULL;
    bool first = true;

    if (ordered != NULL && sqlite3_prepare_v2(q->db[side], ordered, -1, &s, NULL) == SQLITE_OK)
        while (sqlite3_step(s) == SQLITE_ROW) {
            if (q->json)
                fputs(first ? "" : ",\n      ", stdout);
            first = false;
            print_event(q, side, sqlite3_column_int64(s, 0), column_text(s, 1),
                        (uint64_t)sqlite3_column_int64(s, 0) == d->id[side]);
        }
    sqlite3_finalize(s);
    sqlite3_free(sql);
    sqlite3_free(ordered);
    if (!q->json && d->id[side] == 0)
        puts("  > the trace ends here");
}

static const char *kind_name(unsigned kind)
{
    return kind == EV_none ? "" : catalogue_events[kind].name;
}

static void difference_json(const struct request *q, const struct divergence_at *d)
{
    static const char *const how[] = {"none", "column", "kind", "end"};

    printf(" \"events_equal\": %llu,\n \"difference\": {\"how\": \"%s\"", (unsigned long long)d->events, how[d->how]);
    for (int i = 0; d->how != DIVERGE_NONE && i < 2; i++) {
        printf(",\n  \"%c\": {\"id\": %llu, \"kind\": \"%s\"", 'a' + i, (unsigned long long)d->id[i],
               kind_name(d->kind[i]));
        if (d->how == DIVERGE_COLUMN) {
            fputs(", ", stdout);
            json_pair("column", d->column, ", ");
            json_pair("value", d->value[i], "");
        }
        fputs(",\n    \"context\": [", stdout);
        context(q, i, d);
        fputs("]}", stdout);
    }
    puts("}}");
}

static void difference_text(const struct request *q, const struct divergence_at *d)
{
    if (d->how == DIVERGE_NONE) {
        printf("events\n  all %llu are the same\n", (unsigned long long)d->events);
        return;
    }
    printf("first difference, after %llu equal events\n", (unsigned long long)d->events);
    if (d->how == DIVERGE_COLUMN)
        printf("  event %llu (%s): %s is %s in A, %s in B\n", (unsigned long long)d->id[0], kind_name(d->kind[0]),
               d->column, d->value[0], d->value[1]);
    else if (d->how == DIVERGE_KIND)
        printf("  event %llu of A is a %s, event %llu of B a %s\n", (unsigned long long)d->id[0],
               kind_name(d->kind[0]), (unsigned long long)d->id[1], kind_name(d->kind[1]));
    else
        printf("  trace %c has ended, the other goes on with a %s\n", d->id[0] ? 'B' : 'A',
               kind_name(d->kind[d->id[0] ? 0 : 1]));
    for (int i = 0; i < 2; i++) {
        printf("\n  %c (%s)\n", 'A' + i, q->path[i]);
        context(q, i, d);
    }
}

/* ---- the whole ---- */

static void progress(const struct divergence_at *d, bool end)
{
    if (isatty(STDERR_FILENO))
        fprintf(stderr, end ? "\r\033[K" : "\r%llu events are the same so far", (unsigned long long)d->events);
}

static int find_difference(const struct request *q, struct compare **c, struct divergence_at *d)
{
    char err[512];
    int done = 0;

    *c = compare_open(q->db[0], q->db[1], q->ignored, q->nignored, err, sizeof(err));
    if (*c == NULL)
        return misuse(err, "");
    while (done == 0) {
        done = compare_go_on(*c, SLICE, d, err, sizeof(err));
        progress(d, done != 0);
    }
    return done > 0 ? 0 : misuse(err, "");
}

static int print_all(const struct request *q, sqlite3_stmt *rows[4], const struct divergence_at *d)
{
    bool outcome = configuration(q, rows[0], rows[1]);

    totals(q, rows[2], rows[3]);
    if (q->json)
        difference_json(q, d);
    else
        difference_text(q, d);
    if (fflush(stdout) != 0 || ferror(stdout))
        return misuse("cannot write the comparison", strerror(errno));
    return outcome || d->how != DIVERGE_NONE ? 1 : 0;
}

static int compare(const struct request *q)
{
    struct divergence_at d = {0};
    struct compare *c = NULL;
    sqlite3_stmt *rows[4] = {NULL};
    char err[512];
    int status = find_difference(q, &c, &d);

    for (int i = 0; status == 0 && i < 4; i++) {
        rows[i] = query_prepare(q->db[i % 2], i < 2 ? "SELECT * FROM run" : summary_sql(), err, sizeof(err));
        if (rows[i] == NULL || (i < 2 && sqlite3_step(rows[i]) != SQLITE_ROW))
            status = misuse(q->path[i % 2], rows[i] == NULL ? err : "has no row in table run; record the run again");
    }
    if (status == 0)
        status = print_all(q, rows, &d);
    for (int i = 0; i < 4; i++)
        sqlite3_finalize(rows[i]);
    compare_close(c);
    return status;
}

int cmd_compare(int argc, char **argv)
{
    struct request q = {.context = 3};
    char err[512];
    int status = parse(&q, argc, argv);

    for (int i = 0; status == 0 && i < 2; i++) {
        q.db[i] = query_open(q.path[i], err, sizeof(err));
        if (q.db[i] == NULL)
            status = misuse(err, "");
        else if (!query_is_complete(q.db[i]))
            fprintf(stderr, "tarry: %s: the run is still going on or was killed; its stored part is compared\n",
                    q.path[i]);
    }
    if (status == 0)
        status = compare(&q);
    sqlite3_close(q.db[0]);
    sqlite3_close(q.db[1]);
    return status == -1 ? 0 : status;
}
