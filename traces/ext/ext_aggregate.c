/* SPDX-License-Identifier: GPL-2.0-only */
/* Aggregates over numbers: percentiles and histograms. NULL counts for nothing; anything else must be a number. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "ext.h"

/* ---- percentile(x, p): the smallest of the numbers that at least p percent do not exceed (nearest rank) ---- */

struct numbers {
    double *values;
    size_t n, room;
    double p;
    int failed; /* the error has been given */
};

static int fail(sqlite3_context *c, struct numbers *a, const char *why)
{
    sqlite3_result_error(c, why, -1);
    a->failed = 1;
    return 0;
}

static int take_p(sqlite3_context *c, struct numbers *a, sqlite3_value *v)
{
    double p = sqlite3_value_double(v);
    int type = sqlite3_value_type(v);

    if ((type != SQLITE_INTEGER && type != SQLITE_FLOAT) || !(p >= 0 && p <= 100))
        return fail(c, a, "percentile: p must be a number from 0 to 100");
    if (a->n > 0 && p != a->p)
        return fail(c, a, "percentile: p must be the same for all rows");
    a->p = p;
    return 1;
}

static int add(sqlite3_context *c, struct numbers *a, double x)
{
    if (a->n == a->room) {
        size_t room = a->room ? a->room * 2 : 256;
        double *more = sqlite3_realloc64(a->values, room * sizeof(*more));
        if (more == NULL) {
            sqlite3_result_error_nomem(c);
            a->failed = 1;
            return 0;
        }
        a->values = more;
        a->room = room;
    }
    a->values[a->n++] = x;
    return 1;
}

static void percentile_step(sqlite3_context *c, int argc, sqlite3_value **argv)
{
    struct numbers *a = sqlite3_aggregate_context(c, sizeof(*a));
    int type = sqlite3_value_type(argv[0]);

    (void)argc;
    if (a == NULL || a->failed || !take_p(c, a, argv[1]) || type == SQLITE_NULL)
        return;
    if (type != SQLITE_INTEGER && type != SQLITE_FLOAT)
        fail(c, a, "percentile: x must be a number");
    else
        add(c, a, sqlite3_value_double(argv[0]));
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static void percentile_final(sqlite3_context *c)
{
    struct numbers *a = sqlite3_aggregate_context(c, 0);
    size_t rank;

    if (a == NULL)
        return;
    if (!a->failed && a->n > 0) {
        qsort(a->values, a->n, sizeof(*a->values), ascending);
        rank = (size_t)ceil(a->p / 100 * (double)a->n);
        rank = rank > 0 ? rank - 1 : 0;
        if (a->values[rank] == floor(a->values[rank]) && fabs(a->values[rank]) < 9007199254740992.0)
            sqlite3_result_int64(c, (sqlite3_int64)a->values[rank]);
        else
            sqlite3_result_double(c, a->values[rank]);
    }
    sqlite3_free(a->values);
}

/* ---- histogram(x): JSON [[low, high, count], ...] by powers of two; from low up to below high ---- */

struct histogram {
    sqlite3_int64 counts[65]; /* 0: x < 1; k: 2^(k-1) <= x < 2^k */
    int failed;
};

static void histogram_step(sqlite3_context *c, int argc, sqlite3_value **argv)
{
    struct histogram *h = sqlite3_aggregate_context(c, sizeof(*h));
    int type = sqlite3_value_type(argv[0]), k = 0;
    double x;

    (void)argc;
    if (h == NULL || h->failed || type == SQLITE_NULL)
        return;
    x = sqlite3_value_double(argv[0]);
    if ((type != SQLITE_INTEGER && type != SQLITE_FLOAT) || !(x >= 0)) {
        sqlite3_result_error(c, "histogram: x must be a number from 0 up", -1);
        h->failed = 1;
        return;
    }
    if (x >= 1) {
        uint64_t whole = x < 9223372036854775808.0 ? (uint64_t)x : UINT64_MAX;
        if (type == SQLITE_INTEGER)
            whole = (uint64_t)sqlite3_value_int64(argv[0]);
        k = 64 - __builtin_clzll(whole);
    }
    h->counts[k]++;
}

static void histogram_final(sqlite3_context *c)
{
    struct histogram *h = sqlite3_aggregate_context(c, 0);
    sqlite3_str *text;
    const char *comma = "";

    if (h != NULL && h->failed)
        return;
    text = sqlite3_str_new(sqlite3_context_db_handle(c));
    sqlite3_str_appendall(text, "[");
    for (int k = 0; h != NULL && k <= 64; k++) {
        if (h->counts[k] == 0)
            continue;
        sqlite3_str_appendf(text, "%s[%llu,", comma, k > 0 ? 1ull << (k - 1) : 0ull);
        if (k < 64)
            sqlite3_str_appendf(text, "%llu,%lld]", 1ull << k, h->counts[k]);
        else
            sqlite3_str_appendf(text, "18446744073709551616,%lld]", h->counts[k]);
        comma = ",";
    }
    sqlite3_str_appendall(text, "]");
    sqlite3_result_text(c, sqlite3_str_finish(text), -1, sqlite3_free);
}

int ext_aggregate_register(sqlite3 *db)
{
    const int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
    int rc = sqlite3_create_function_v2(db, "percentile", 2, flags, NULL, NULL, percentile_step, percentile_final, NULL);

    if (rc == SQLITE_OK)
        rc = sqlite3_create_function_v2(db, "histogram", 1, flags, NULL, NULL, histogram_step, histogram_final, NULL);
    return rc;
}
