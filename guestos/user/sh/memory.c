/* SPDX-License-Identifier: GPL-2.0-only */
/* sh, memory: what a line needs lives until the line is done. Strings and arrays that grow. */
#include <stdlib.h>
#include <string.h>
#include "sh.h"

struct chunk {
    struct chunk *next;
    max_align_t data[];
};

struct chunk *line_memory;

void *allocate(size_t n)
{
    struct chunk *c = calloc(1, sizeof *c + n);
    if (!c) {
        complain_of("memory", "none left");
        exits("1");
    }
    c->next = line_memory;
    line_memory = c;
    return c->data;
}

void free_until(struct chunk *mark)
{
    while (line_memory != mark) {
        struct chunk *c = line_memory;
        line_memory = c->next;
        free(c);
    }
}

void append(struct text *t, const char *s, size_t n)
{
    if (t->n + n + 1 > t->room) {
        char *bigger = allocate(t->room = 2 * (t->n + n + 1));
        if (t->n)
            memcpy(bigger, t->s, t->n);
        t->s = bigger;
    }
    memcpy(t->s + t->n, s, n);
    t->n += n;
    t->s[t->n] = 0;
}

void add_word(struct words *ws, char *s)
{
    if (ws->n + 2 > ws->room) {
        char **bigger = allocate((ws->room = 2 * ws->room + 8) * sizeof *bigger);
        if (ws->n)
            memcpy(bigger, ws->w, ws->n * sizeof *bigger);
        ws->w = bigger;
    }
    ws->w[ws->n++] = s;
    ws->w[ws->n] = NULL;
}

char *copy(const char *s, size_t n)
{
    char *c = allocate(n + 1);
    memcpy(c, s, n);
    return c;
}
