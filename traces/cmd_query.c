/* SPDX-License-Identifier: GPL-2.0-only */
/* The command `tarry query`: options, canned queries by name, one trace or several. */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "doc.h"
#include "format.h"
#include "queries.h"
#include "query.h"
#include "query_many.h"
#include "query_param.h"
#include "query_progress.h"
#include "schema.h"

#define MAX_PARAMS 16
#define MAX_TRACES 64

struct request {
    const char *db[MAX_TRACES]; /* traces */
    int ndb;
    const char *what; /* name or SQL; NULL: not given */
    enum format format;
    bool help, doc, attach;
    struct query_param params[MAX_PARAMS];
    int nparams;
};

static const char usage[] =
    "usage: tarry query DB                            list the canned queries\n"
    "       tarry query DB... NAME [--PARAMETER VALUE]...  ask one of them\n"
    "       tarry query DB... \"SQL\" [--PARAMETER VALUE]... ask in SQL (one statement that only reads; :PARAMETER)\n"
    "       tarry query DB NAME --help                say what a canned query answers and how to read it\n"
    "       tarry query --doc                         print the reference of all tables (docs/trace-tables.md)\n"
    "\n"
    "  --format table|csv|json   how to print the rows (table)\n"
    "  --attach                  ask once, with the second trace as schema b, the third as c ... (up to 10 of them)\n"
    "  --help                    print this\n"
    "\n"
    "DB is a trace that tarry run wrote; it opens in sqlite3 too. Table `doc` explains every table and column.\n"
    "Several traces are asked one after the other; the first column says which one a row is from.\n"
    "Values may have units: --window 10ms, --va 0x2000003000. SQL may use the functions of docs/extension.md.\n"
    "Examples:\n"
    "  tarry query tarry.db summary\n"
    "  tarry query tarry.db explain-fault --fault 1234\n"
    "  tarry query eager.db deferred.db policies\n"
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
    if (strcmp(argv[*i], "--attach") == 0) {
        q->attach = true;
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
    q->params[q->nparams++] = (struct query_param){name, value};
    return 0;
}

/* Everything but options: traces, and at last what to ask, unless that is one more trace. */
static int parse(struct request *q, int argc, char **argv)
{
    const char *words[MAX_TRACES + 1];
    int n = 0;

    for (int i = 1; i < argc; i++) {
        if (is_option(argv[i])) {
            if (option(q, argc, argv, &i) != 0)
                return 2;
        } else if (n == MAX_TRACES + 1) {
            return misuse("'%s' is one argument too many; no more than %d traces are asked at once", argv[i], MAX_TRACES);
        } else {
            words[n++] = argv[i];
        }
    }
    if (n > 1)
        q->what = words[--n];
    for (; q->ndb < n; q->ndb++) {
        q->db[q->ndb] = words[q->ndb];
        if (q->ndb > 0 && access(words[q->ndb], F_OK) != 0)
            return misuse("'%s' is no file and one argument too many; give traces, then one name or SQL in quotes",
                          words[q->ndb]);
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
    return misuse("there is no query '%s'; 'tarry query %s' lists them", q->what, q->ndb ? q->db[0] : "DB");
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

static sqlite3 *open_trace(const char *path)
{
    char err[512];
    sqlite3 *db = query_open(path, err, sizeof(err));

    if (db != NULL && query_is_old(db, "main"))
        fprintf(stderr, "tarry: %s: an older tarry wrote it; tables and columns that it lacks are empty\n", path);
    if (db == NULL)
        misuse("%s", err);
    else if (!query_is_complete(db))
        fprintf(stderr,
                "tarry: %s: the run is still going on or was killed; the answer is about the part that was stored\n",
                path);
    return db;
}

/* The statement with its parameters; NULL after a message. */
static sqlite3_stmt *prepare(const struct request *q, sqlite3 *db, const char *sql)
{
    char err[512];
    sqlite3_stmt *s = query_prepare(db, sql, err, sizeof(err));

    if (s == NULL) {
        misuse("query: %s", err);
    } else if (query_bind(s, sql, q->params, q->nparams, err, sizeof(err)) != 0) {
        misuse("%s", err);
        sqlite3_finalize(s);
        return NULL;
    }
    return s;
}

static int ask(const struct request *q, sqlite3 *db, const char *sql)
{
    sqlite3_stmt *s = prepare(q, db, sql);
    struct query_progress progress;
    int rc;

    if (s == NULL)
        return 2;
    query_progress_begin(&progress, db, s, q->db[0]);
    rc = format_print(s, q->format);
    query_progress_end(&progress);
    if (rc != SQLITE_DONE)
        misuse("%s: the query stopped: %s", q->db[0], sqlite3_errmsg(db));
    sqlite3_finalize(s);
    return rc == SQLITE_DONE ? 0 : 2;
}

/* One of several traces: its rows are kept for the common answer. */
static int ask_one_of(const struct request *q, int i, const char *sql, struct query_many *answers)
{
    sqlite3 *db = open_trace(q->db[i]);
    sqlite3_stmt *s = db != NULL ? prepare(q, db, sql) : NULL;
    struct query_progress progress;
    char err[300];
    int status = 2;

    if (s != NULL) {
        query_progress_begin(&progress, db, s, q->db[i]);
        status = query_many_add(answers, q->db[i], s, err, sizeof(err)) == 0 ? 0 : 2;
        query_progress_end(&progress);
        if (status != 0)
            misuse("%s: %s", q->db[i], err);
    }
    sqlite3_finalize(s);
    sqlite3_close(db);
    return status;
}

static int ask_each(const struct request *q, const char *sql)
{
    struct query_many answers = {0};
    sqlite3_stmt *rows;
    int status = 0;

    for (int i = 0; i < q->ndb && status == 0; i++)
        status = ask_one_of(q, i, sql, &answers);
    if (status == 0) {
        rows = query_many_rows(&answers);
        if (rows == NULL || format_print(rows, q->format) != SQLITE_DONE)
            status = misuse("the answers cannot be read again: %s", sqlite3_errmsg(answers.db));
        sqlite3_finalize(rows);
    }
    query_many_free(&answers);
    return status;
}

/* Schema b as its file has it: only what an older main lacks is lent from today's. */
static int second_is_old(const struct request *q)
{
    return misuse("%s: an older tarry wrote it, so that tables may be missing; name it first, or: tarry compare %s %s",
                  q->db[1], q->db[0], q->db[1]);
}

/* today: the query asks for tables of today's in all of them. */
static int ask_attached(const struct request *q, const char *sql, bool today)
{
    sqlite3 *db = open_trace(q->db[0]);
    char err[512], schema[] = "b";
    int status = db != NULL ? 0 : 2;

    for (int i = 1; i < q->ndb && status == 0; i++, schema[0]++)
        if (query_attach(db, q->db[i], schema, err, sizeof(err)) != 0)
            status = misuse("%s", err);
    if (status == 0 && today && q->ndb > 1 && query_is_old(db, "b"))
        status = second_is_old(q);
    if (status == 0)
        status = ask(q, db, sql);
    sqlite3_close(db);
    return status;
}

static int list(const struct request *q)
{
    static const char *const sql[] = {"SELECT name, title FROM canned_query ORDER BY name",
                                      "SELECT name, title, question FROM canned_query ORDER BY name"};
    sqlite3 *db;
    int status;

    if (q->nparams > 0)
        return misuse("--%s: no such option; see tarry query --help", q->params[0].name);
    db = open_trace(q->db[0]);
    if (db == NULL)
        return 2;
    status = ask(q, db, sql[q->format != FORMAT_TABLE]);
    if (status == 0 && q->format == FORMAT_TABLE)
        printf("\nAsk one with: tarry query %s NAME   (NAME --help explains it)\n", q->db[0]);
    sqlite3_close(db);
    return status;
}

/* "-- traces: two" at the head of a query: it compares schema main with schema b. */
static bool wants_two(const char *sql)
{
    return strstr(sql, "\n-- traces: two\n") != NULL;
}

static int answer(const struct request *q)
{
    const struct canned_query *c = NULL;
    const char *sql = q->what;

    if (q->what == NULL)
        return list(q);
    if (is_name(q->what)) {
        c = find(q->what);
        if (c == NULL)
            return unknown_name(q);
        sql = c->sql;
    }
    if (c == NULL && access(sql, F_OK) == 0)
        return misuse("'%s' is a file, so what to ask of it is missing; give a name or SQL as the last argument", sql);
    if (c != NULL && wants_two(sql) && q->ndb != 2)
        return misuse("%s compares two traces; give both: tarry query A.db B.db %s", c->name, c->name);
    if (q->attach || q->ndb == 1 || (c != NULL && wants_two(sql)))
        return ask_attached(q, sql, c != NULL);
    return ask_each(q, sql);
}

int cmd_query(int argc, char **argv)
{
    struct request q = {.format = FORMAT_TABLE};
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
    if (q.ndb == 0)
        return misuse("query: name a trace: tarry query DB [NAME|SQL]; see tarry query --help");
    status = answer(&q);
    if (fflush(stdout) != 0 || ferror(stdout))
        return misuse("cannot write the answer: %s", strerror(errno));
    return status;
}
