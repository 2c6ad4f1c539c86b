/* SPDX-License-Identifier: GPL-2.0-only */
/* The command `tarry study`: replacement policies and miss-ratio curves on a recorded run. */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include "query.h"
#include "study_print.h"

struct request {
    struct study study;
    bool from_given, bias;
    const char *db, *format, *output;
};

static const char usage[] =
    "usage: tarry study DB [OPTION...]\n"
    "\n"
    "How often would a memory of so many frames have missed, under LRU, FIFO, clock and OPT? From what a recorded run\n"
    "referred to: its accesses (recorded with --trace access), its samples (--sample N), or its faults only.\n"
    "\n"
    "      --from WHAT         accesses, samples or faults; the first of these that the trace has\n"
    "      --policy LIST       of lru, fifo, clock, opt, random; all but random\n"
    "      --frames LIST       sizes of memory in frames, as 3,4,100 or 16-4096 (doubled each time); 4, 6, 8, 12, ... up to what\n"
    "                          holds everything\n"
    "      --memory LIST       the same in bytes, as 64k,1M,2M-64M\n"
    "      --page SIZE         size of a page: 4k (default), 64k, 2M\n"
    "      --process P         only of processes that run program P or have this pid\n"
    "      --pages WHICH       user (default), kernel or all\n"
    "      --window FROM-TO    only of these instructions, by number\n"
    "      --seed N            of random (1)\n"
    "      --bias              from faults only, too, and where that misleads\n"
    "      --format F          table (default), csv or json\n"
    "  -o, --output FILE       a picture: FILE.svg, or FILE.html with the table\n"
    "  -h, --help\n"
    "\n"
    "docs/access.md describes the policies and what each source can tell.\n";

static int fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
static int fail(const char *format, ...)
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

/* ---- options ---- */

/* A number, with k, M, G, T if `units`; it ends at `end`. */
static bool number(const char *text, const char *end, bool units, uint64_t *value)
{
    static const char letters[] = "kMGT";
    char *stop;
    if (text == end || *text < '0' || *text > '9')
        return false;
    errno = 0;
    *value = strtoull(text, &stop, 10);
    const char *letter = units && stop + 1 == end ? strchr(letters, *stop) : NULL;
    if (letter != NULL) {
        unsigned shift = 10 * (unsigned)(letter - letters + 1);
        if (*value >> (64 - shift))
            return false;
        *value <<= shift;
        stop++;
    }
    return errno == 0 && stop == end;
}

static int index_of(const char *word, size_t n, const char *const *names, int count)
{
    for (int i = 0; i < count; i++)
        if (strlen(names[i]) == n && strncmp(word, names[i], n) == 0)
            return i;
    return -1;
}

static int by_size(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static bool add_size(struct study *s, uint64_t frames)
{
    for (unsigned k = 0; k < s->nsizes; k++)
        if (s->frames[k] == frames)
            return true;
    if (s->nsizes == STUDY_MOST_SIZES || frames == 0 || frames > UINT32_MAX / 2)
        return false;
    s->frames[s->nsizes++] = frames;
    qsort(s->frames, s->nsizes, sizeof(s->frames[0]), by_size);
    return true;
}

/* One word of --frames or --memory: a number, or from-to. */
static bool take_size(struct study *s, const char *word, size_t n, bool bytes)
{
    const char *dash = memchr(word, '-', n);
    uint64_t from, to, unit = bytes ? 1ull << s->choice.shift : 1;
    if (!number(word, dash != NULL ? dash : word + n, bytes, &from))
        return false;
    to = from;
    if (dash != NULL && (!number(dash + 1, word + n, bytes, &to) || to < from))
        return false;
    if (from < unit || from % unit || from == 0)
        return false;
    for (; from <= to; from *= 2)
        if (!add_size(s, from / unit) || from > UINT64_MAX / 2)
            return false;
    return true;
}

static int take_sizes(struct study *s, const char *list, bool bytes)
{
    s->nsizes = 0;
    for (const char *at = list;; at++) {
        size_t n = strcspn(at, ",");
        if (!take_size(s, at, n, bytes))
            return fail("--%s %s: '%.*s': needs sizes with commas between, as %s; at most %d, at least one frame each", bytes ? "memory" : "frames",
                        list, (int)n, at, bytes ? "64k,1M-16M, whole pages" : "3,4,16-1024", STUDY_MOST_SIZES);
        at += n;
        if (*at == '\0')
            return 0;
    }
}

static int take_policies(struct study *s, const char *list)
{
    memset(s->policies, 0, sizeof(s->policies));
    for (const char *at = list;; at++) {
        size_t n = strcspn(at, ",");
        int p = index_of(at, n, study_policy_names, STUDY_POLICIES);
        if (p < 0)
            return fail("--policy %s: there is no policy '%.*s'; there are lru, fifo, clock, opt and random", list, (int)n, at);
        s->policies[p] = true;
        at += n;
        if (*at == '\0')
            return 0;
    }
}

static int take_page(struct study *s, const char *arg)
{
    static const char *const names[] = {"4k", "64k", "2M"};
    static const unsigned shifts[] = {12, 16, 21};
    int i = index_of(arg, strlen(arg), names, 3);
    if (i < 0)
        return fail("--page %s: needs 4k, 64k or 2M", arg);
    s->choice.shift = shifts[i];
    return 0;
}

static int take_window(struct study *s, const char *arg)
{
    const char *dash = strchr(arg, '-');
    if (dash != NULL && number(arg, dash, false, &s->choice.first) &&
        number(dash + 1, arg + strlen(arg), false, &s->choice.last) && s->choice.first <= s->choice.last)
        return 0;
    return fail("--window %s: needs FROM-TO, two numbers of instructions", arg);
}

static int take_word(const char *option, const char *arg, const char *const *names, int n, int *value)
{
    *value = index_of(arg, strlen(arg), names, n);
    return *value >= 0 ? 0 : fail("--%s %s: there is no such; see tarry study --help", option, arg);
}

enum { O_FROM = 256, O_POLICY, O_FRAMES, O_MEMORY, O_PAGE, O_PROCESS, O_PAGES, O_WINDOW, O_SEED, O_BIAS, O_FORMAT };

static const struct option options[] = {
    {"from", 1, 0, O_FROM}, {"policy", 1, 0, O_POLICY}, {"frames", 1, 0, O_FRAMES}, {"memory", 1, 0, O_MEMORY},
    {"page", 1, 0, O_PAGE}, {"process", 1, 0, O_PROCESS}, {"pages", 1, 0, O_PAGES}, {"window", 1, 0, O_WINDOW},
    {"seed", 1, 0, O_SEED}, {"bias", 0, 0, O_BIAS}, {"format", 1, 0, O_FORMAT}, {"output", 1, 0, 'o'}, {"help", 0, 0, 'h'}, {0},
};

static int take(struct request *q, int c, const char *arg, const char **memory)
{
    static const char *const pages[] = {"user", "kernel", "all"}, *const formats[] = {"table", "csv", "json"};
    struct study *s = &q->study;
    int value = 0, bad = 0;

    switch (c) {
    case O_FROM:
        bad = take_word("from", arg, study_from_names, STUDY_SOURCES, &value);
        s->choice.from = bad ? STUDY_ACCESSES : (enum study_from)value;
        q->from_given = true;
        return bad;
    case O_POLICY:
        return take_policies(s, arg);
    case O_FRAMES:
        *memory = NULL;
        return take_sizes(s, arg, false);
    case O_MEMORY:
        *memory = arg; /* when the page's size is known */
        return 0;
    case O_PAGE:
        return take_page(s, arg);
    case O_PROCESS:
        s->choice.process = arg;
        return 0;
    case O_PAGES:
        bad = take_word("pages", arg, pages, 3, &value);
        s->choice.pages = bad ? STUDY_USER : (enum study_pages)value;
        return bad;
    case O_WINDOW:
        return take_window(s, arg);
    case O_SEED:
        return number(arg, arg + strlen(arg), false, &s->seed) ? 0 : fail("--seed %s: needs a number", arg);
    case O_BIAS:
        q->bias = true;
        return 0;
    case O_FORMAT:
        q->format = arg;
        return take_word("format", arg, formats, 3, &value);
    default:
        q->output = arg;
        return 0;
    }
}

static bool ends_in(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n > m && strcmp(text + n - m, end) == 0;
}

/* Returns 0, 2 after a message, or -1 when help was printed. */
static int parse(struct request *q, int argc, char **argv)
{
    const char *memory = NULL;
    int c;

    opterr = 0;
    optind = 0;
    while ((c = getopt_long(argc, argv, "o:h", options, NULL)) != -1) {
        if (c == '?')
            return fail("study: '%s' is no option, or its value is missing; see tarry study --help", argv[optind - 1]);
        if (c == 'h') {
            fputs(usage, stdout);
            return -1;
        }
        if (take(q, c, optarg, &memory) != 0)
            return 2;
    }
    if (memory != NULL && take_sizes(&q->study, memory, true) != 0)
        return 2;
    if (optind + 1 != argc)
        return fail("study: name one trace: tarry study DB; see tarry study --help");
    if (q->output != NULL && !ends_in(q->output, ".svg") && !ends_in(q->output, ".html"))
        return fail("-o %s: needs a name that ends in .svg or .html", q->output);
    q->db = argv[optind];
    return 0;
}

/* ---- doing it ---- */

/* The best that there is, if it was not said. */
static int choose_source(struct request *q, sqlite3 *db)
{
    static const char *const remedy[] = {"record it with --trace access", "record it with --sample N", "record group fault (--trace default)"};
    struct study_choice *c = &q->study.choice;

    for (unsigned i = 0; !q->from_given && i < STUDY_SOURCES; i++)
        if (study_has(db, (enum study_from)i)) {
            c->from = (enum study_from)i;
            q->from_given = true;
        }
    if (!q->from_given)
        return fail("%s: it has no accesses, samples or faults; record it with --trace access", q->db);
    if (!study_has(db, c->from))
        return fail("%s: it has no %s; %s", q->db, study_from_names[c->from], remedy[c->from]);
    if (q->bias && (c->from == STUDY_FAULTS || !study_has(db, STUDY_FAULTS)))
        return fail("%s: --bias compares accesses or samples with faults; the trace has %s; record it with --trace default,access", q->db,
                    c->from == STUDY_FAULTS ? "faults only" : "no faults");
    return 0;
}

static int draw(const struct request *q, const struct study *faults)
{
    FILE *f = fopen(q->output, "w");
    if (f == NULL)
        return fail("%s: %s; choose another place with -o", q->output, strerror(errno));
    if (ends_in(q->output, ".svg"))
        study_print_svg(f, &q->study, faults);
    else
        study_print_html(f, &q->study, faults);
    bool bad = ferror(f) != 0;
    if (fclose(f) != 0 || bad)
        return fail("%s: cannot write: %s; make room or choose another place with -o", q->output, strerror(errno));
    return 0;
}

static int show(const struct request *q, const struct study *faults)
{
    if (q->study.references == 0)
        return fail("%s: no references are left; try --pages all, another --process or --window", q->db);
    if (q->output != NULL)
        return draw(q, faults);
    if (strcmp(q->format, "csv") == 0) {
        study_print_csv(stdout, &q->study, faults);
    } else if (strcmp(q->format, "json") == 0) {
        study_print_json(stdout, &q->study, faults);
    } else {
        study_print_table(stdout, &q->study, faults);
        putchar('\n');
        if (faults != NULL)
            study_print_bias(stdout, &q->study, faults);
        else if (q->study.choice.from == STUDY_FAULTS)
            puts("BIASED: the references are the faults of this run; what hit is missing. Record it with --trace access.");
        else if (q->study.choice.from == STUDY_SAMPLES)
            puts("Each page counts once in each window of samples: sizes below what a window uses are not to be trusted.");
    }
    return fflush(stdout) == 0 && !ferror(stdout) ? 0 : fail("standard output: %s", strerror(errno));
}

static int study(struct request *q, sqlite3 *db)
{
    char err[512];
    struct study faults;

    if (choose_source(q, db) != 0)
        return 2;
    if (q->study.nsizes == 0)
        study_default_sizes(&q->study);
    if (q->bias)
        q->study.policies[STUDY_POLICY_LRU] = true;
    if (study_run(db, &q->study, err, sizeof(err)) != 0)
        return fail("%s: %s", q->db, err);
    if (!q->bias)
        return show(q, NULL);
    faults = q->study;
    faults.choice.from = STUDY_FAULTS;
    faults.trim = false;
    memset(faults.policies, 0, sizeof(faults.policies));
    faults.policies[STUDY_POLICY_LRU] = true;
    if (study_run(db, &faults, err, sizeof(err)) != 0)
        return fail("%s: %s", q->db, err);
    return show(q, &faults);
}

int cmd_study(int argc, char **argv)
{
    struct request q = {.study = {.choice = {.shift = 12, .last = UINT64_MAX}, .policies = {true, true, true, true}, .seed = 1}, .format = "table"};
    char err[512];
    int status = parse(&q, argc, argv);
    sqlite3 *db;

    if (status != 0)
        return status < 0 ? 0 : status;
    db = query_open(q.db, err, sizeof(err));
    if (db == NULL)
        return fail("%s", err);
    if (!query_is_complete(db))
        fprintf(stderr, "tarry: %s: the run is still going on or was killed; its stored part is studied\n", q.db);
    status = study(&q, db);
    sqlite3_close(db);
    return status;
}
