/* SPDX-License-Identifier: GPL-2.0-only */
/* The command `tarry report`: the page of traces/report/report.html with its parts put in. */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../query.h"
#include "report.h"

#define MOST_TRACES 16
#define CELLS 50000 /* of each map, of all traces together: a report has a few MB */
#define LEAST_CELLS 2500

struct request {
    const char *paths[MOST_TRACES];
    sqlite3 *dbs[MOST_TRACES];
    char *labels[MOST_TRACES];
    unsigned n;
    const char *output;
};

static const char usage[] =
    "usage: tarry report DB [DB...] [-o report.html]\n"
    "\n"
    "Writes one HTML file about one or several recorded runs. It needs nothing else: no network, no tarry.\n"
    "Maps of faults and of page states (page by time), curves of what was asked for, moved and resident, how long\n"
    "faults took, what the disks did, the lives of snapshots, tables of processes and segments, and the\n"
    "query behind each figure. Several runs (say, one for each --io policy) are drawn over each other.\n"
    "\n"
    "  -o, --output FILE  where it goes (report.html)\n"
    "      --help         print this\n"
    "\n"
    "Keys in the report: + and - zoom, arrows move, 0 shows all again. docs/report.md explains the figures.\n"
    "\n"
    "example:  tarry run -o eager.db --io eager sparse /in/big --touch 100\n"
    "          tarry run -o deferred.db --io deferred sparse /in/big --touch 100\n"
    "          tarry report eager.db deferred.db -o report.html\n";

static int fail(const char *what, const char *why)
{
    fprintf(stderr, "tarry: %s: %s\n", what, why);
    return 2;
}

/* ---- options ---- */

/* Returns 0, 2, or -1 when help was printed. */
static int parse(struct request *q, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            fputs(usage, stdout);
            return -1;
        }
        if (strncmp(argv[i], "--output=", 9) == 0) {
            q->output = argv[i] + 9;
        } else if (strcmp(argv[i], "-o") == 0 || strcmp(argv[i], "--output") == 0) {
            if (i + 1 == argc)
                return fail(argv[i], "a value is missing; see tarry report --help");
            q->output = argv[++i];
        } else if (argv[i][0] == '-') {
            return fail(argv[i], "there is no such option; see tarry report --help");
        } else if (q->n == MOST_TRACES) {
            return fail(argv[i], "is one trace too many; a report has room for 16");
        } else {
            q->paths[q->n++] = argv[i];
        }
    }
    return q->n > 0 ? 0 : fail("report", "name a trace: tarry report DB [DB...] -o report.html; see tarry report --help");
}

/* ---- traces ---- */

/* What a trace is called: the name of its file, or the path where two have that name. */
static char *label_of(const struct request *q, unsigned i)
{
    const char *slash = strrchr(q->paths[i], '/'), *name = slash != NULL ? slash + 1 : q->paths[i];

    for (unsigned k = 0; k < q->n; k++) {
        const char *other = strrchr(q->paths[k], '/');
        if (k != i && strcmp(other != NULL ? other + 1 : q->paths[k], name) == 0)
            return strdup(q->paths[i]);
    }
    return strdup(name);
}

static int open_traces(struct request *q)
{
    char err[512];

    for (unsigned i = 0; i < q->n; i++) {
        q->labels[i] = label_of(q, i);
        if (q->labels[i] == NULL)
            return fail(q->paths[i], "there is no memory");
        q->dbs[i] = query_open(q->paths[i], err, sizeof(err));
        if (q->dbs[i] == NULL) {
            fprintf(stderr, "tarry: %s\n", err);
            return 2;
        }
        if (!query_is_complete(q->dbs[i]))
            fprintf(stderr, "tarry: %s: the run is still going on or was killed; its stored part is reported\n",
                    q->paths[i]);
    }
    return 0;
}

static void close_traces(struct request *q)
{
    for (unsigned i = 0; i < q->n; i++) {
        sqlite3_close(q->dbs[i]);
        free(q->labels[i]);
    }
}

/* ---- the page ---- */

static int write_data(const struct request *q, FILE *to, char *err, size_t errlen)
{
    uint32_t budget = CELLS / q->n > LEAST_CELLS ? CELLS / q->n : LEAST_CELLS;

    fputs("{\"version\": \"" TARRY_VERSION "\",\n\"runs\": [", to);
    for (unsigned i = 0; i < q->n; i++) {
        fputs(i > 0 ? ",\n" : "\n", to);
        if (report_write_run(q->dbs[i], q->labels[i], budget, to, err, errlen) < 0)
            return -1;
    }
    fputs("],\n\"queries\": ", to);
    report_write_queries(to);
    fputs("}", to);
    return 0;
}

/* Copies the page; {{NAME}} stands for an asset, {{data}} for what the figures show. Returns 0, or -1 with a message. */
static int write_page(const struct request *q, FILE *to, char *err, size_t errlen)
{
    const struct report_asset *page = report_asset("page"), *part;
    const char *p = page->begin;

    for (;;) {
        char name[32];
        const char *open = memmem(p, (size_t)(page->end - p), "{{", 2), *close;
        if (open == NULL)
            break;
        close = memmem(open, (size_t)(page->end - open), "}}", 2);
        fwrite(p, 1, (size_t)(open - p), to);
        snprintf(name, sizeof(name), "%.*s", (int)(close - open - 2), open + 2);
        p = close + 2;
        part = report_asset(name);
        if (part != NULL)
            fwrite(part->begin, 1, (size_t)(part->end - part->begin), to);
        else if (write_data(q, to, err, errlen) < 0)
            return -1;
    }
    fwrite(p, 1, (size_t)(page->end - p), to);
    return 0;
}

/* ---- the file ---- */

static bool is_trace(const struct request *q, const struct stat *output)
{
    for (unsigned i = 0; i < q->n; i++) {
        struct stat st;
        if (stat(q->paths[i], &st) == 0 && st.st_dev == output->st_dev && st.st_ino == output->st_ino)
            return true;
    }
    return false;
}

/*
 * A regular file is written beside its name and takes it when it is whole, so that there is never half a
 * report; what is no regular file (a pipe, a device) is written to. Returns the exit status.
 */
static int write_file(const struct request *q)
{
    char part[PATH_MAX], err[512] = "";
    struct stat st;
    bool exists = stat(q->output, &st) == 0, direct = exists && !S_ISREG(st.st_mode);
    const char *path = direct ? q->output : part;
    FILE *to;
    int status, e = 0;

    if (exists && is_trace(q, &st))
        return fail(q->output, "is one of the traces; give the report another name with -o");
    if (snprintf(part, sizeof(part), "%s.part", q->output) >= (int)sizeof(part))
        return fail(q->output, strerror(ENAMETOOLONG));
    to = fopen(path, "w");
    if (to == NULL)
        return fail(q->output, strerror(errno));
    status = write_page(q, to, err, sizeof(err));
    if (fflush(to) != 0 || ferror(to))
        e = errno;
    if (fclose(to) != 0 && e == 0)
        e = errno;
    if (status == 0 && e == 0 && !direct && rename(part, q->output) != 0)
        e = errno;
    if (status == 0 && e == 0)
        return 0;
    if (!direct)
        unlink(part);
    return fail(status < 0 ? "the report cannot be made" : q->output, status < 0 ? err : strerror(e));
}

int cmd_report(int argc, char **argv)
{
    const struct report_asset *uplot = report_asset("uplot-script");
    struct request q = {.output = "report.html"};
    int status = parse(&q, argc, argv);

    if (status != 0)
        return status < 0 ? 0 : status;
    status = open_traces(&q);
    if (status == 0 && uplot->begin == uplot->end)
        fputs("tarry: report: this tarry was built without uPlot, so the report has no curves; install npm and build again\n",
              stderr);
    if (status == 0)
        status = write_file(&q);
    close_traces(&q);
    return status;
}
