/* SPDX-License-Identifier: GPL-2.0-only */
/* wc [-lwc] [FILE...]: counts lines, words and bytes. */
#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "tarry.h"

static const char help[] =
    "wc [-lwc] [FILE...]\n"
    "Counts lines (-l), words (-w) and bytes (-c) of each FILE or the input; without an option all three.";

struct counts {
    unsigned long long lines, words, bytes;
};

static bool want_lines, want_words, want_bytes;
static char buf[32768];

static int count(int fd, const char *name, struct counts *c)
{
    bool in_word = false;
    ssize_t n;
    while ((n = read(fd, buf, sizeof buf)) > 0) {
        c->bytes += (unsigned long long)n;
        for (ssize_t i = 0; i < n; i++) {
            bool space = isspace((unsigned char)buf[i]);
            c->lines += buf[i] == '\n';
            c->words += in_word && space;
            in_word = !space;
        }
    }
    c->words += in_word;
    if (n < 0)
        complain(name);
    return n < 0;
}

static void show(const struct counts *c, const char *name)
{
    const char *sep = "";
    struct {
        bool want;
        unsigned long long value;
    } columns[] = {{want_lines, c->lines}, {want_words, c->words}, {want_bytes, c->bytes}};
    for (int i = 0; i < 3; i++)
        if (columns[i].want) {
            printf("%s%llu", sep, columns[i].value);
            sep = " ";
        }
    if (name)
        printf(" %s", name);
    printf("\n");
}

static void options(const char *p)
{
    if (!*p)
        usage(help);
    for (; *p; p++) {
        if (*p == 'l')
            want_lines = true;
        else if (*p == 'w')
            want_words = true;
        else if (*p == 'c')
            want_bytes = true;
        else
            usage(help);
    }
}

int main(int argc, char **argv)
{
    struct counts total = {0, 0, 0};
    int i = 1, failed = 0;
    if (help_asked(argc, argv, help))
        return 0;
    for (; i < argc && argv[i][0] == '-'; i++)
        options(argv[i] + 1);
    if (!want_lines && !want_words && !want_bytes)
        want_lines = want_words = want_bytes = true;
    if (i == argc) {
        failed = count(0, "input", &total);
        show(&total, NULL);
        return finish_output(failed);
    }
    int files = argc - i;
    for (; i < argc; i++) {
        struct counts c = {0, 0, 0};
        int fd = open(argv[i], O_RDONLY);
        if (fd < 0) {
            complain(argv[i]);
            failed = 1;
            continue;
        }
        failed |= count(fd, argv[i], &c);
        close(fd);
        show(&c, argv[i]);
        total.lines += c.lines;
        total.words += c.words;
        total.bytes += c.bytes;
    }
    if (files > 1)
        show(&total, "total");
    return finish_output(failed);
}
