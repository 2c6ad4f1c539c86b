/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * grep [-nvicF] PATTERN [FILE...]: prints the lines that match. A pattern is made of characters, . (any), [abc] [a-z]
 * [^abc] (sets), each with or without * (any number), ^ at its beginning and $ at its end; \ takes away a special
 * meaning. -F: the pattern is plain text. Status 0 if a line matched, 1 if none, 2 for misuse or a file that cannot be
 * read.
 */
#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tarry.h"

static const char help[] =
    "grep [-nvicF] PATTERN [FILE...]\n"
    "Prints lines that match: ^ $ . * [set] as usual; -n line numbers, -v those that do not match,\n"
    "-i case does not matter, -c counts only, -F PATTERN is plain text.";

/* One element of a compiled pattern: a set of bytes, perhaps repeated. */
struct element {
    uint8_t set[32];
    bool star;
};

struct pattern {
    struct element *elements;
    size_t n;
    bool at_start, at_end;
};

static bool number_lines, invert, ignore_case, count_only, plain;

static void add(struct element *e, unsigned char c)
{
    e->set[c >> 3] |= (uint8_t)(1 << (c & 7));
}

static void add_either_case(struct element *e, unsigned char c)
{
    add(e, c);
    if (ignore_case) {
        add(e, (unsigned char)tolower(c));
        add(e, (unsigned char)toupper(c));
    }
}

static bool has(const struct element *e, unsigned char c)
{
    return e->set[c >> 3] >> (c & 7) & 1;
}

/* p stands after '['; returns the place after ']', NULL if there is none. */
static const char *compile_set(const char *p, struct element *e)
{
    bool negated = *p == '^';
    const char *first = p += negated;
    for (; *p && (*p != ']' || p == first); p++) {
        unsigned char low = (unsigned char)*p, high = low;
        if (p[1] == '-' && p[2] && p[2] != ']') {
            high = (unsigned char)p[2];
            p += 2;
        }
        for (unsigned c = low; c <= high; c++)
            add_either_case(e, (unsigned char)c);
    }
    if (negated)
        for (size_t i = 0; i < sizeof e->set; i++)
            e->set[i] = (uint8_t)~e->set[i];
    return *p ? p + 1 : NULL;
}

/* Returns what is wrong with the pattern, or NULL. */
static const char *compile(const char *p, struct pattern *out)
{
    out->elements = calloc(strlen(p) + 1, sizeof *out->elements);
    if (!out->elements)
        return "out of memory";
    if (!plain && *p == '^') {
        out->at_start = true;
        p++;
    }
    while (*p) {
        struct element *e = &out->elements[out->n];
        if (!plain && *p == '$' && !p[1]) {
            out->at_end = true;
            break;
        }
        if (!plain && *p == '.') {
            memset(e->set, 0xff, sizeof e->set);
            p++;
        } else if (!plain && *p == '[') {
            if (!(p = compile_set(p + 1, e)))
                return "no ] after [";
        } else {
            if (!plain && *p == '\\' && !*++p)
                return "nothing after \\";
            add_either_case(e, (unsigned char)*p++);
        }
        out->n++;
        if (!plain && *p == '*') {
            e->star = true;
            p++;
        }
    }
    return NULL;
}

/* Do the elements from i on match the text from s on? */
static bool match_here(const struct pattern *p, size_t i, const char *s, const char *end)
{
    for (; i < p->n; i++) {
        const struct element *e = &p->elements[i];
        if (e->star) {
            const char *most = s;
            while (most < end && has(e, (unsigned char)*most))
                most++;
            for (; most >= s; most--)
                if (match_here(p, i + 1, most, end))
                    return true;
            return false;
        }
        if (s == end || !has(e, (unsigned char)*s++))
            return false;
    }
    return !p->at_end || s == end;
}

static bool match(const struct pattern *p, const char *s, const char *end)
{
    if (p->at_start)
        return match_here(p, 0, s, end);
    for (; s <= end; s++)
        if (match_here(p, 0, s, end))
            return true;
    return false;
}

/* A growing buffer that yields one line after the other. */
struct input {
    int fd;
    char *buf;
    size_t start, have, room;
    bool ended;
};

/* The next line without its newline: *line, *length. 1, 0 at the end, -1 on an error. */
static int next_line(struct input *in, char **line, size_t *length)
{
    size_t scanned = in->start;
    for (;;) {
        char *nl = memchr(in->buf + scanned, '\n', in->have - scanned);
        if (nl || (in->ended && in->start < in->have)) {
            *line = in->buf + in->start;
            *length = nl ? (size_t)(nl - *line) : in->have - in->start;
            in->start = nl ? (size_t)(nl - in->buf) + 1 : in->have;
            return 1;
        }
        if (in->ended)
            return 0;
        memmove(in->buf, in->buf + in->start, in->have - in->start);
        in->have -= in->start;
        in->start = 0;
        scanned = in->have;
        if (in->have == in->room) {
            char *more = realloc(in->buf, 2 * in->room);
            if (!more)
                return -1;
            in->buf = more;
            in->room *= 2;
        }
        ssize_t n = read(in->fd, in->buf + in->have, in->room - in->have);
        if (n < 0)
            return -1;
        in->ended = n == 0;
        in->have += (size_t)n;
    }
}

/* 0: a line matched, 1: none, 2: an error. label: the file's name before each line, or NULL. */
static int grep(int fd, const char *name, const char *label, const struct pattern *p)
{
    struct input in = {.fd = fd, .room = 16384};
    unsigned long number = 0, matched = 0;
    char *line;
    size_t length;
    int r = -1;
    in.buf = malloc(in.room);
    while (in.buf && (r = next_line(&in, &line, &length)) > 0) {
        number++;
        if (match(p, line, line + length) == invert)
            continue;
        matched++;
        if (count_only)
            continue;
        if (label)
            printf("%s:", label);
        if (number_lines)
            printf("%lu:", number);
        fwrite(line, 1, length, stdout);
        putchar('\n');
    }
    free(in.buf);
    if (count_only && r == 0) {
        if (label)
            printf("%s:", label);
        printf("%lu\n", matched);
    }
    if (r < 0)
        complain(name);
    return r < 0 ? 2 : matched ? 0 : 1;
}

static void options(const char *p)
{
    if (!*p)
        usage(help);
    for (; *p; p++) {
        switch (*p) {
        case 'n':
            number_lines = true;
            break;
        case 'v':
            invert = true;
            break;
        case 'i':
            ignore_case = true;
            break;
        case 'c':
            count_only = true;
            break;
        case 'F':
            plain = true;
            break;
        default:
            usage(help);
        }
    }
}

/* Output that cannot be written is a failure, of which grep says 2. */
static int finish(int status)
{
    return finish_output(0) ? 2 : status;
}

int main(int argc, char **argv)
{
    struct pattern p = {0};
    int i = 1, status = 1;
    if (help_asked(argc, argv, help))
        return 0;
    for (; i < argc && argv[i][0] == '-'; i++) {
        if (strcmp(argv[i], "--") == 0) {
            i++;
            break;
        }
        options(argv[i] + 1);
    }
    if (i == argc)
        usage(help);
    const char *pattern = argv[i++];
    const char *wrong = compile(pattern, &p);
    if (wrong) {
        complain_of(pattern, wrong);
        return 2;
    }
    if (i == argc)
        return finish(grep(0, "input", NULL, &p));
    for (int files = argc - i; i < argc; i++) {
        int fd = open(argv[i], O_RDONLY);
        int r = 2;
        if (fd < 0) {
            complain(argv[i]);
        } else {
            r = grep(fd, argv[i], files > 1 ? argv[i] : NULL, &p);
            close(fd);
        }
        status = r == 2 || status == 2 ? 2 : status && r;
    }
    return finish(status);
}
