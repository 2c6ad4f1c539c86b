/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The command `tarry export`: a trace in the formats of other tools. What goes into a format is SQL in
 * traces/exports; here it is run and written.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "catalogue.h"
#include "export.h"
#include "format.h"
#include "queries.h"
#include "query.h"

struct request {
    const char *db, *to, *output; /* NULL: not given */
};

/* What stands around and between the rows of a format. */
static const struct framing {
    const char *name, *before, *between, *after;
} framings[] = {
    {"perfetto", "{\"displayTimeUnit\": \"ns\", \"traceEvents\": [\n", ",\n", "\n]}\n"},
    {"folded", "", "\n", "\n"},
    {"folded-ns", "", "\n", "\n"},
    {"accesses", "insn,ts,proc,mode,kind,va,pa,next_pa,size,pc\n", "\n", "\n"},
    {"lackey", "", "\n", "\n"},
    {"dinero", "", "\n", "\n"},
};

static const char usage[] =
    "usage: tarry export DB --to FORMAT [-o OUTPUT]\n"
    "\n"
    "Writes a trace in the format of another tool:\n"
    "\n"
    "  perfetto   Chrome's JSON trace events: processes, system calls, faults, fills, the disk, counters;\n"
    "             open it in Perfetto's UI or chrome://tracing. Times are virtual\n"
    "  folded     faults as folded stacks, counted: the input of flame graph tools\n"
    "  folded-ns  the same, weighed by virtual nanoseconds\n"
    "  accesses   every fetch, load and store as CSV, of a run with --trace access\n"
    "  lackey     the same as Valgrind's lackey writes it, virtual addresses\n"
    "  dinero     the same as Dinero IV reads it, physical addresses\n"
    "  csv        OUTPUT is a directory: one file per table, in words, and one about the run\n"
    "\n"
    "  -o, --output OUTPUT  where it goes (standard output; csv needs a directory)\n"
    "      --help           print this\n";

static int fail(const char *what, const char *why)
{
    fflush(stdout);
    fprintf(stderr, "tarry: %s: %s\n", what, why);
    return 2;
}

/* ---- options ---- */

/* Returns 0, 2, or -1 when help was printed. */
static int parse(struct request *q, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char **value = NULL, *given = NULL;
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            fputs(usage, stdout);
            return -1;
        }
        if (strcmp(argv[i], "--to") == 0 || strncmp(argv[i], "--to=", 5) == 0)
            value = &q->to;
        else if (strcmp(argv[i], "-o") == 0 || strcmp(argv[i], "--output") == 0 || strncmp(argv[i], "--output=", 9) == 0)
            value = &q->output;
        else if (argv[i][0] == '-')
            return fail(argv[i], "there is no such option; see tarry export --help");
        else if (q->db != NULL)
            return fail(argv[i], "is one argument too many; export one trace");
        if (value == NULL) {
            q->db = argv[i];
            continue;
        }
        given = strchr(argv[i], '=') != NULL ? strchr(argv[i], '=') + 1 : i + 1 < argc ? argv[++i] : NULL;
        if (given == NULL)
            return fail(argv[i], "a value is missing; see tarry export --help");
        *value = given;
    }
    if (q->db == NULL)
        return fail("export", "name a trace: tarry export DB --to FORMAT; see tarry export --help");
    return q->to != NULL ? 0 : fail("export", "name a format with --to: perfetto, folded, folded-ns, accesses, lackey, dinero or csv");
}

/* ---- one file from SQL ---- */

static const struct canned_query *find(const char *name)
{
    for (unsigned i = 0; i < exports_count; i++)
        if (strcmp(exports[i].name, name) == 0)
            return &exports[i];
    return NULL;
}

static void progress(uint64_t rows)
{
    if (rows % 65536 == 0 && isatty(STDERR_FILENO))
        fprintf(stderr, "\r%llu rows", (unsigned long long)rows);
}

/* Runs the statements one after the other and writes their rows. Returns an SQLite result code. */
static int write_rows(sqlite3 *db, const char *sql, const struct framing *f, FILE *to)
{
    uint64_t rows = 0;
    int rc = SQLITE_DONE;

    fputs(f->before, to);
    while (rc == SQLITE_DONE && *sql != '\0') {
        sqlite3_stmt *s = NULL;
        if (sqlite3_prepare_v2(db, sql, -1, &s, &sql) != SQLITE_OK)
            return sqlite3_errcode(db);
        if (s == NULL) /* comments at the end */
            break;
        while ((rc = sqlite3_step(s)) == SQLITE_ROW && !ferror(to)) {
            fputs(rows > 0 ? f->between : "", to);
            fputs((const char *)sqlite3_column_text(s, 0), to);
            progress(++rows);
        }
        sqlite3_finalize(s);
    }
    if (rows > 0 || f->before[0] != '\0')
        fputs(f->after, to);
    if (rows >= 65536 && isatty(STDERR_FILENO))
        fputs("\r\033[K", stderr);
    return rc;
}

/* Says what went wrong in writing, if anything did. */
static int close_output(FILE *to, const char *path, sqlite3 *db, int rc)
{
    bool bad = fflush(to) != 0 || ferror(to);
    int e = errno;

    if (to != stdout && fclose(to) != 0 && !bad) {
        bad = true;
        e = errno;
    }
    if (bad)
        return fail(path, strerror(e));
    return rc == SQLITE_DONE ? 0 : fail("the trace cannot be exported", sqlite3_errmsg(db));
}

static FILE *open_output(const char *path)
{
    FILE *to = path != NULL ? fopen(path, "w") : stdout;

    if (to == NULL)
        fail(path, strerror(errno));
    return to;
}

static int export_rows(const struct request *q, sqlite3 *db, const struct framing *f)
{
    FILE *to = open_output(q->output);

    if (to == NULL)
        return 2;
    return close_output(to, q->output != NULL ? q->output : "standard output", db,
                        write_rows(db, find(f->name)->sql, f, to));
}

/* ---- csv ---- */

static int export_table(const struct request *q, sqlite3 *db, const char *name, const char *relation)
{
    char path[PATH_MAX], err[512], sql[128];
    sqlite3_stmt *s;
    FILE *to;
    int rc;

    snprintf(sql, sizeof(sql), "SELECT * FROM \"%s\"", relation);
    snprintf(path, sizeof(path), "%s/%s.csv", q->output, name);
    s = query_prepare(db, sql, err, sizeof(err));
    if (s == NULL)
        return fail(q->db, err);
    to = open_output(path);
    if (to == NULL) {
        sqlite3_finalize(s);
        return 2;
    }
    rc = format_csv(s, to);
    sqlite3_finalize(s);
    return close_output(to, path, db, rc);
}

static int export_csv(const struct request *q, sqlite3 *db)
{
    int status = 0;

    if (q->output == NULL)
        return fail("--to csv", "name a directory with -o");
    if (mkdir(q->output, 0777) != 0 && errno != EEXIST)
        return fail(q->output, strerror(errno));
    status = export_table(q, db, "run", "run");
    for (unsigned k = EV_none + 1; status == 0 && k < EV_COUNT; k++) {
        char view[80];
        snprintf(view, sizeof(view), "%s_view", catalogue_events[k].name);
        status = export_table(q, db, catalogue_events[k].name, view);
    }
    return status;
}

int cmd_export(int argc, char **argv)
{
    struct request q = {NULL, NULL, NULL};
    const struct framing *f = NULL;
    char err[512];
    sqlite3 *db;
    int status = parse(&q, argc, argv);

    if (status != 0)
        return status < 0 ? 0 : status;
    for (size_t i = 0; i < sizeof(framings) / sizeof(framings[0]); i++)
        if (strcmp(framings[i].name, q.to) == 0)
            f = &framings[i];
    if (f == NULL && strcmp(q.to, "csv") != 0)
        return fail(q.to, "is no format; give perfetto, folded, folded-ns, accesses, lackey, dinero or csv");
    db = query_open(q.db, err, sizeof(err));
    if (db == NULL) {
        fprintf(stderr, "tarry: %s\n", err);
        return 2;
    }
    if (!query_is_complete(db))
        fprintf(stderr, "tarry: %s: the run is still going on or was killed; its stored part is exported\n", q.db);
    status = f != NULL ? export_rows(&q, db, f) : export_csv(&q, db);
    sqlite3_close(db);
    return status;
}
