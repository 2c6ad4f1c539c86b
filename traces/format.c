/* SPDX-License-Identifier: GPL-2.0-only */
#include "format.h"
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEASURED_ROWS 1000 /* a table's widths are those of so many rows; what is wider later sticks out */

int format_parse(const char *name, enum format *f)
{
    static const char *const names[] = {"table", "csv", "json"};

    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(name, names[i]) == 0) {
            *f = (enum format)i;
            return 0;
        }
    return -1;
}

/* ---- table ---- */

struct cell {
    char *text;
    bool number;
};

struct table {
    int n;              /* columns */
    int *width;         /* in characters */
    bool *right;        /* every value so far is a number or NULL */
    struct cell *cells; /* rows that wait until the widths are known */
    size_t rows;
};

/* Characters, not bytes: UTF-8's continuation bytes take no room. */
static int width_of(const char *s)
{
    int n = 0;

    for (; *s != '\0'; s++)
        n += ((unsigned char)*s & 0xc0) != 0x80;
    return n;
}

/* The value as text on one line: control characters are written as escapes, NULL is empty. */
static char *cell_text(sqlite3_stmt *s, int i)
{
    sqlite3_str *out = sqlite3_str_new(NULL);
    const unsigned char *p;
    char *text;

    if (sqlite3_column_type(s, i) == SQLITE_BLOB) {
        p = sqlite3_column_blob(s, i);
        for (int k = 0; k < sqlite3_column_bytes(s, i); k++)
            sqlite3_str_appendf(out, "%02x", p[k]);
    } else if (sqlite3_column_type(s, i) != SQLITE_NULL) {
        for (p = sqlite3_column_text(s, i); p != NULL && *p != '\0'; p++) {
            if (*p == '\n')
                sqlite3_str_appendall(out, "\\n");
            else if (*p < 0x20 || *p == 0x7f)
                sqlite3_str_appendf(out, "\\x%02x", *p);
            else
                sqlite3_str_appendchar(out, 1, (char)*p);
        }
    }
    text = sqlite3_str_finish(out);
    return text != NULL ? text : sqlite3_mprintf("");
}

static void spaces(int n)
{
    if (n > 0)
        printf("%*s", n, "");
}

/* The last column is not padded on its right. */
static void print_cell(const struct table *t, int i, const char *text)
{
    int pad = t->width[i] - width_of(text);

    if (i > 0)
        fputs("  ", stdout);
    if (t->right[i])
        spaces(pad);
    fputs(text, stdout);
    if (!t->right[i] && i < t->n - 1)
        spaces(pad);
    if (i == t->n - 1)
        putchar('\n');
}

static void print_head(struct table *t, sqlite3_stmt *s)
{
    for (int i = 0; i < t->n; i++)
        print_cell(t, i, sqlite3_column_name(s, i));
    for (int i = 0; i < t->n; i++) {
        fputs(i > 0 ? "  " : "", stdout);
        for (int k = 0; k < t->width[i]; k++)
            putchar('-');
    }
    putchar('\n');
}

static void flush_rows(struct table *t, sqlite3_stmt *s)
{
    print_head(t, s);
    for (size_t r = 0; r < t->rows; r++)
        for (int i = 0; i < t->n; i++) {
            char *text = t->cells[r * (size_t)t->n + (size_t)i].text;
            print_cell(t, i, text ? text : "");
            sqlite3_free(text);
        }
}

static void keep_row(struct table *t, sqlite3_stmt *s)
{
    for (int i = 0; i < t->n; i++) {
        struct cell *c = &t->cells[t->rows * (size_t)t->n + (size_t)i];
        int type = sqlite3_column_type(s, i);
        int width;
        c->text = cell_text(s, i);
        c->number = type == SQLITE_INTEGER || type == SQLITE_FLOAT || type == SQLITE_NULL;
        width = c->text ? width_of(c->text) : 0;
        if (width > t->width[i])
            t->width[i] = width;
        t->right[i] = t->right[i] && c->number;
    }
    t->rows++;
}

static void print_row(struct table *t, sqlite3_stmt *s)
{
    for (int i = 0; i < t->n; i++) {
        char *text = cell_text(s, i);
        print_cell(t, i, text ? text : "");
        sqlite3_free(text);
    }
}

static int print_table(sqlite3_stmt *s)
{
    struct table t = {.n = sqlite3_column_count(s)};
    size_t n = (size_t)t.n;
    bool flushed = false;
    int rc;

    t.width = calloc(n, sizeof(*t.width));
    t.right = calloc(n, sizeof(*t.right));
    t.cells = calloc(n * MEASURED_ROWS, sizeof(*t.cells));
    if (t.width == NULL || t.right == NULL || t.cells == NULL) {
        rc = SQLITE_NOMEM;
        goto out;
    }
    for (int i = 0; i < t.n; i++) {
        t.width[i] = width_of(sqlite3_column_name(s, i));
        t.right[i] = true;
    }
    while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
        if (t.rows < MEASURED_ROWS) {
            keep_row(&t, s);
            continue;
        }
        if (!flushed)
            flush_rows(&t, s);
        flushed = true;
        print_row(&t, s);
    }
    if (t.rows == 0)
        memset(t.right, 0, n);
    if (!flushed)
        flush_rows(&t, s);
out:
    free(t.width);
    free(t.right);
    free(t.cells);
    return rc;
}

/* ---- csv ---- */

/* RFC 4180: quoted if it holds a quote, a comma or a line break; quotes are doubled; lines end in CR LF. */
static void csv_text(const char *s, FILE *to)
{
    if (strpbrk(s, "\",\r\n") == NULL) {
        fputs(s, to);
        return;
    }
    putc('"', to);
    for (; *s != '\0'; s++) {
        if (*s == '"')
            putc('"', to);
        putc(*s, to);
    }
    putc('"', to);
}

static void csv_value(sqlite3_stmt *s, int i, FILE *to)
{
    const unsigned char *blob;

    if (sqlite3_column_type(s, i) == SQLITE_BLOB) {
        blob = sqlite3_column_blob(s, i);
        for (int k = 0; k < sqlite3_column_bytes(s, i); k++)
            fprintf(to, "%02x", blob[k]);
    } else if (sqlite3_column_type(s, i) != SQLITE_NULL) {
        csv_text((const char *)sqlite3_column_text(s, i), to);
    }
}

int format_csv(sqlite3_stmt *s, FILE *to)
{
    int n = sqlite3_column_count(s), rc;

    for (int i = 0; i < n; i++) {
        fputs(i > 0 ? "," : "", to);
        csv_text(sqlite3_column_name(s, i), to);
    }
    fputs("\r\n", to);
    while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
        for (int i = 0; i < n; i++) {
            fputs(i > 0 ? "," : "", to);
            csv_value(s, i, to);
        }
        fputs("\r\n", to);
    }
    return rc;
}

/* ---- json ---- */

void format_json_text(const char *s, FILE *to)
{
    putc('"', to);
    for (const unsigned char *p = (const unsigned char *)s; *p != '\0'; p++) {
        if (*p == '"' || *p == '\\')
            fprintf(to, "\\%c", *p);
        else if (*p < 0x20 || *p == '<') /* a '<' could begin </script> where JSON stands in HTML */
            fprintf(to, "\\u%04x", *p);
        else
            putc(*p, to);
    }
    putc('"', to);
}

void format_json_value(sqlite3_stmt *s, int i, FILE *to)
{
    const unsigned char *blob;

    switch (sqlite3_column_type(s, i)) {
    case SQLITE_NULL:
        fputs("null", to);
        break;
    case SQLITE_FLOAT: /* JSON has no infinity */
        fputs(isfinite(sqlite3_column_double(s, i)) ? (const char *)sqlite3_column_text(s, i) : "null", to);
        break;
    case SQLITE_INTEGER:
        fputs((const char *)sqlite3_column_text(s, i), to);
        break;
    case SQLITE_BLOB:
        putc('"', to);
        blob = sqlite3_column_blob(s, i);
        for (int k = 0; k < sqlite3_column_bytes(s, i); k++)
            fprintf(to, "%02x", blob[k]);
        putc('"', to);
        break;
    default:
        format_json_text((const char *)sqlite3_column_text(s, i), to);
    }
}

static int print_json(sqlite3_stmt *s)
{
    int n = sqlite3_column_count(s), rc;
    const char *before = "[\n";

    while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
        fputs(before, stdout);
        before = ",\n";
        putchar('{');
        for (int i = 0; i < n; i++) {
            fputs(i > 0 ? ", " : "", stdout);
            format_json_text(sqlite3_column_name(s, i), stdout);
            fputs(": ", stdout);
            format_json_value(s, i, stdout);
        }
        putchar('}');
    }
    fputs(before[0] == '[' ? "[]\n" : "\n]\n", stdout);
    return rc;
}

int format_print(sqlite3_stmt *s, enum format f)
{
    switch (f) {
    case FORMAT_CSV:
        return format_csv(s, stdout);
    case FORMAT_JSON:
        return print_json(s);
    case FORMAT_TABLE:
        break;
    }
    return print_table(s);
}
