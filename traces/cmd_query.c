/* SPDX-License-Identifier: GPL-2.0-only */
/* The command `tarry query`: options, canned queries by name, parameters. */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "doc.h"
#include "format.h"
#include "queries.h"
#include "query.h"
#include "schema.h"

#define MAX_PARAMS 16

struct param {
    const char *name; /* without -- */
    const char *value;
};

struct request {
    const char *db, *what; /* NULL: not given */
    enum format format;
    bool help, doc;
    struct param params[MAX_PARAMS];
    int nparams;
};

static const char usage[] =
    "usage: tarry query DB                            list the canned queries\n"
    "       tarry query DB NAME [--PARAMETER VALUE]...  ask one of them\n"
    "       tarry query DB \"SQL\" [--PARAMETER VALUE]... ask in SQL (one statement that only reads; :PARAMETER)\n"
    "       tarry query DB NAME --help                say what a canned query answers and how to read it\n"
    "       tarry query --doc                         print the reference of all tables (docs/trace-tables.md)\n"
    "\n"
    "  --format table|csv|json   how to print the rows (table)\n"
    "  --help                    print this\n"
    "\n"
    "DB is a trace that tarry run wrote; it opens in sqlite3 too. Table `doc` explains every table and column.\n"
    "Examples:\n"
    "  tarry query tarry.db summary\n"
    "  tarry query tarry.db explain-fault --fault 1234\n"
    "  tarry query tarry.db \"select resolution, count(*) from fault_view group by 1\"\n";

static int misuse(const char *format, ...)
{
    va_list args;

    fflush(stdout);
    fputs("tarry: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    return 2;
}

/* ---- arguments ---- */

static bool is_option(const char *arg)
{
    if (strcmp(arg, "-h") == 0)
        return true;
    return strncmp(arg, "--", 2) == 0 && arg[2] >= 'a' && arg[2] <= 'z' && strcspn(arg, " \t\n") == strlen(arg);
}

/* A value of --NAME=VALUE, or of the next argument; *i moves on. NULL: there is none. */
static const char *value_of(int argc, char **argv, int *i)
{
    char *equals = strchr(argv[*i], '=');

    if (equals != NULL) {
        *equals = '\0';
        return equals + 1;
    }
    return *i + 1 < argc ? argv[++*i] : NULL;
}

static int option(struct request *q, int argc, char **argv, int *i)
{
    const char *name, *value;

    if (strcmp(argv[*i], "--help") == 0 || strcmp(argv[*i], "-h") == 0) {
        q->help = true;
        return 0;
    }
    if (strcmp(argv[*i], "--doc") == 0) {
        q->doc = true;
        return 0;
    }
    name = argv[*i] + 2;
    value = value_of(argc, argv, i);
    if (value == NULL)
        return misuse("a value is missing after '--%s'; see tarry query --help", name);
    if (strcmp(name, "format") == 0) {
        if (format_parse(value, &q->format) == 0)
            return 0;
        return misuse("--format %s: unknown; give table, csv or json", value);
    }
    if (q->nparams == MAX_PARAMS)
        return misuse("--%s: too many parameters; no query has more than %d", name, MAX_PARAMS);
    q->params[q->nparams++] = (struct param){name, value};
    return 0;
}

static int parse(struct request *q, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (is_option(argv[i])) {
            if (option(q, argc, argv, &i) != 0)
                return 2;
        } else if (q->db == NULL) {
            q->db = argv[i];
        } else if (q->what == NULL) {
            q->what = argv[i];
        } else {
            return misuse("'%s' is one argument too many; quote the SQL as one", argv[i]);
        }
    }
    return 0;
}

/* ---- canned queries ---- */

static bool is_name(const char *what)
{
    return what[0] != '\0' && strspn(what, "abcdefghijklmnopqrstuvwxyz0123456789-_") == strlen(what);
}

static const struct canned_query *find(const char *name)
{
    for (unsigned i = 0; i < queries_count; i++)
        if (strcmp(queries[i].name, name) == 0)
            return &queries[i];
    return NULL;
}

/* Levenshtein's distance, for names shorter than 64. */
static unsigned distance(const char *a, const char *b)
{
    unsigned row[64], n = (unsigned)strlen(b);

    if (n >= 64 || strlen(a) >= 64)
        return UINT_MAX;
    for (unsigned k = 0; k <= n; k++)
        row[k] = k;
    for (unsigned i = 1; a[i - 1] != '\0'; i++) {
        unsigned corner = row[0];
        row[0] = i;
        for (unsigned k = 1; k <= n; k++) {
            unsigned best = corner + (a[i - 1] != b[k - 1]);
            corner = row[k];
            if (row[k] + 1 < best)
                best = row[k] + 1;
            if (row[k - 1] + 1 < best)
                best = row[k - 1] + 1;
            row[k] = best;
        }
    }
    return row[n];
}

static int unknown_name(const struct request *q)
{
    char near[512] = "";
    size_t n = 0;

    for (unsigned i = 0; i < queries_count && n < sizeof(near) - 64; i++)
        if (distance(q->what, queries[i].name) <= 3 || strstr(queries[i].name, q->what) != NULL)
            n += (size_t)snprintf(near + n, sizeof(near) - n, "%s'%s'", n ? ", " : "", queries[i].name);
    if (n > 0)
        return misuse("there is no query '%s'; did you mean %s?", q->what, near);
    return misuse("there is no query '%s'; 'tarry query %s' lists them", q->what, q->db ? q->db : "DB");
}

/* The comments at the head of a query, without their dashes. */
static int explain(const struct request *q)
{
    const struct canned_query *c = find(q->what);
    const char *line;

    if (c == NULL)
        return is_name(q->what) ? unknown_name(q) : (fputs(usage, stdout), 0);
    printf("%s\n", c->name);
    for (line = c->sql; strncmp(line, "-- ", 3) == 0; line = strchr(line, '\n') + 1)
        printf("  %.*s\n", (int)strcspn(line + 3, "\n"), line + 3);
    printf("\n%s", line);
    return 0;
}

/* ---- asking ---- */

static void bind_value(sqlite3_stmt *s, int i, const char *value)
{
    char *end;
    long long n;

    errno = 0;
    n = strtoll(value, &end, 0);
    if (errno == ERANGE) { /* addresses of the upper half */
        errno = 0;
        n = (long long)strtoull(value, &end, 0);
    }
    if (end != value && *end == '\0' && errno == 0)
        sqlite3_bind_int64(s, i, n);
    else
        sqlite3_bind_text(s, i, value, -1, SQLITE_STATIC);
}

static int unknown_param(sqlite3_stmt *s, const char *name)
{
    char known[256] = "";
    size_t n = 0;

    for (int i = 1; i <= sqlite3_bind_parameter_count(s) && n < sizeof(known) - 64; i++)
        if (sqlite3_bind_parameter_name(s, i) != NULL)
            n += (size_t)snprintf(known + n, sizeof(known) - n, "%s--%.40s", n ? ", " : "",
                                  sqlite3_bind_parameter_name(s, i) + 1);
    if (n == 0)
        return misuse("--%s: no such option, and the query has no parameters; see tarry query --help", name);
    return misuse("--%s: the query has no such parameter; it has %s", name, known);
}

static int bind_params(const struct request *q, sqlite3_stmt *s)
{
    for (int k = 0; k < q->nparams; k++) {
        char name[80];
        int i;
        snprintf(name, sizeof(name), ":%s", q->params[k].name);
        i = sqlite3_bind_parameter_index(s, name);
        if (i == 0)
            return unknown_param(s, q->params[k].name);
        bind_value(s, i, q->params[k].value);
    }
    return 0;
}

static int ask(const struct request *q, sqlite3 *db, const char *sql)
{
    char err[512];
    sqlite3_stmt *s = query_prepare(db, sql, err, sizeof(err));
    int rc;

    if (s == NULL)
        return misuse("query: %s", err);
    if (bind_params(q, s) != 0) {
        sqlite3_finalize(s);
        return 2;
    }
    rc = format_print(s, q->format);
    if (rc != SQLITE_DONE)
        misuse("%s: the query stopped: %s", q->db, sqlite3_errmsg(db));
    sqlite3_finalize(s);
    return rc == SQLITE_DONE ? 0 : 2;
}

static int list(const struct request *q, sqlite3 *db)
{
    int status;

    if (q->nparams > 0)
        return misuse("--%s: no such option; see tarry query --help", q->params[0].name);
    status = ask(q, db, "SELECT name, question FROM canned_query ORDER BY name");
    if (status == 0 && q->format == FORMAT_TABLE)
        printf("\nAsk one with: tarry query %s NAME   (NAME --help explains it)\n", q->db);
    return status;
}

static int answer(const struct request *q, sqlite3 *db)
{
    const struct canned_query *c;

    if (!query_is_complete(db))
        fprintf(stderr,
                "tarry: %s: the run is still going on or was killed; the answer is about the part that was stored\n",
                q->db);
    if (q->what == NULL)
        return list(q, db);
    if (!is_name(q->what))
        return ask(q, db, q->what);
    c = find(q->what);
    return c != NULL ? ask(q, db, c->sql) : unknown_name(q);
}

int cmd_query(int argc, char **argv)
{
    struct request q = {.format = FORMAT_TABLE};
    char err[512];
    sqlite3 *db;
    int status;

    if (parse(&q, argc, argv) != 0)
        return 2;
    if (q.help && q.what != NULL)
        return explain(&q);
    if (q.help || q.doc) {
        if (q.doc)
            doc_print();
        else
            fputs(usage, stdout);
        return 0;
    }
    if (q.db == NULL)
        return misuse("query: name a trace: tarry query DB [NAME|SQL]; see tarry query --help");
    db = query_open(q.db, err, sizeof(err));
    if (db == NULL)
        return misuse("%s", err);
    status = answer(&q, db);
    sqlite3_close(db);
    if (fflush(stdout) != 0 || ferror(stdout))
        return misuse("cannot write the answer: %s", strerror(errno));
    return status;
}
