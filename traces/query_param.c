/* SPDX-License-Identifier: GPL-2.0-only */
/* Checks the values that a user gives for parameters, and binds them. */
#include "query_param.h"
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct suffix {
    const char *text;
    sqlite3_int64 factor;
};

static const struct suffix none[] = {{"", 1}, {NULL, 0}};
static const struct suffix sizes[] = {{"", 1},          {"k", 1ll << 10}, {"K", 1ll << 10}, {"M", 1ll << 20},
                                      {"G", 1ll << 30}, {"T", 1ll << 40}, {NULL, 0}};
static const struct suffix times[] = {{"", 1}, {"ns", 1}, {"us", 1000}, {"ms", 1000000}, {"s", 1000000000}, {NULL, 0}};

static const struct kind {
    const char *name, *remedy;
    const struct suffix *suffixes; /* NULL: any text */
    sqlite3_int64 least;
    bool unsigned64; /* the upper half is negative in SQLite */
} kinds[] = {
    {"id", "give the id of a row, as 1234", none, 0, false},
    {"count", "give a number from 1 up", none, 1, false},
    {"bytes", "give a size, as 4096 or 64k", sizes, 0, false},
    {"ns", "give a time from 1 ns up, as 5000, 10us or 20ms", times, 1, false},
    {"address", "give an address, as 0x2000003000", none, 0, true},
    {"text", "", NULL, 0, false},
};

/* The kind that the head of the query gives to the parameter; NULL: none. */
static const struct kind *kind_of(const char *sql, const char *name)
{
    char head[80];
    const char *at;

    snprintf(head, sizeof(head), "\n-- param %.40s (", name);
    at = strstr(sql, head);
    if (at == NULL)
        return NULL;
    at += strlen(head);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strncmp(at, kinds[i].name, strlen(kinds[i].name)) == 0 && at[strlen(kinds[i].name)] == ')')
            return &kinds[i];
    return NULL;
}

static bool number_of(const char *value, const struct kind *k, sqlite3_int64 *n)
{
    char *end;

    errno = 0;
    *n = strtoll(value, &end, 0);
    if (errno == ERANGE && k->unsigned64 && value[0] != '-') {
        errno = 0;
        *n = (sqlite3_int64)strtoull(value, &end, 0);
        return errno == 0 && end != value && *end == '\0';
    }
    if (errno != 0 || end == value || *n < k->least)
        return false;
    for (const struct suffix *s = k->suffixes; s->text != NULL; s++)
        if (strcmp(end, s->text) == 0)
            return !__builtin_mul_overflow(*n, s->factor, n);
    return false;
}

/* Without a kind: a number if it looks like one. */
static void bind_any(sqlite3_stmt *s, int i, const char *value)
{
    static const struct kind any = {"", "", none, INT64_MIN, true};
    sqlite3_int64 n;

    if (number_of(value, &any, &n))
        sqlite3_bind_int64(s, i, n);
    else
        sqlite3_bind_text(s, i, value, -1, SQLITE_STATIC);
}

static int bind_one(sqlite3_stmt *s, int i, const char *sql, const struct query_param *p, char *err, size_t errlen)
{
    const struct kind *k = kind_of(sql, p->name);
    sqlite3_int64 n;

    if (k == NULL) {
        bind_any(s, i, p->value);
    } else if (k->suffixes == NULL) {
        sqlite3_bind_text(s, i, p->value, -1, SQLITE_STATIC);
    } else if (number_of(p->value, k, &n)) {
        sqlite3_bind_int64(s, i, n);
    } else {
        snprintf(err, errlen, "--%s %s: %s", p->name, p->value, k->remedy);
        return -1;
    }
    return 0;
}

static void unknown(sqlite3_stmt *s, const char *name, char *err, size_t errlen)
{
    char known[256] = "";
    size_t n = 0;

    for (int i = 1; i <= sqlite3_bind_parameter_count(s) && n < sizeof(known) - 64; i++)
        if (sqlite3_bind_parameter_name(s, i) != NULL)
            n += (size_t)snprintf(known + n, sizeof(known) - n, "%s--%.40s", n ? ", " : "",
                                  sqlite3_bind_parameter_name(s, i) + 1);
    if (n == 0)
        snprintf(err, errlen, "--%s: no such option, and the query has no parameters; see tarry query --help", name);
    else
        snprintf(err, errlen, "--%s: the query has no such parameter; it has %s", name, known);
}

int query_bind(sqlite3_stmt *s, const char *sql, const struct query_param *p, int n, char *err, size_t errlen)
{
    for (int k = 0; k < n; k++) {
        char name[80];
        int i;
        snprintf(name, sizeof(name), ":%s", p[k].name);
        i = sqlite3_bind_parameter_index(s, name);
        if (i == 0) {
            unknown(s, p[k].name, err, errlen);
            return -1;
        }
        if (bind_one(s, i, sql, &p[k], err, errlen) != 0)
            return -1;
    }
    return 0;
}
