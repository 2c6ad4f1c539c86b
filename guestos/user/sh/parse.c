/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sh, parser: a text to the tree of its lists, pipelines and commands. Words stay as they are written, quotes and all;
 * expand.c takes them from there. A text that may become whole with a further line is INCOMPLETE.
 */
#include <ctype.h>
#include <fcntl.h>
#include <string.h>
#include "sh.h"

static void fail_at(struct parser *ps, const char *p)
{
    if (ps->outcome != PARSED)
        return;
    ps->outcome = WRONG;
    char *near = copy(p, *p == '\n' || !*p ? 0 : strcspn(p, " \t\n"));
    complain_of(*near ? near : "end of line", "syntax error");
}

static void skip_blanks(struct parser *ps)
{
    for (;; ps->p++) {
        if (ps->p[0] == '\\' && ps->p[1] == '\n') {
            ps->p++;
            if (!ps->p[1]) {
                ps->outcome = INCOMPLETE;
                ps->p++;
                return;
            }
        } else if (*ps->p == '#') {
            ps->p += strcspn(ps->p, "\n");
            return;
        } else if (*ps->p != ' ' && *ps->p != '\t') {
            return;
        }
    }
}

static bool ends_word(char c)
{
    return !c || strchr(" \t\n;&|<>()", c) != NULL;
}

/* The word at p, quotes and all; NULL if there is none. */
static const char *parse_word(struct parser *ps)
{
    const char *start = ps->p;
    while (!ends_word(*ps->p)) {
        char c = *ps->p++;
        if (c == '\\' && *ps->p && !(*ps->p == '\n' && !ps->p[1])) {
            ps->p++;
        } else if (c == '\\') {
            ps->outcome = INCOMPLETE;
            return NULL;
        } else if (c == '\'' || c == '"') {
            while (*ps->p && *ps->p != c)
                ps->p += c == '"' && ps->p[0] == '\\' && ps->p[1] ? 2 : 1;
            if (!*ps->p++) {
                ps->p--;
                ps->outcome = INCOMPLETE;
                return NULL;
            }
        }
    }
    return ps->p == start ? NULL : copy(start, (size_t)(ps->p - start));
}

static void parse_target(struct parser *ps, struct redirect *r)
{
    bool output = r->flags != O_RDONLY;
    if (output && *ps->p == '>') {
        r->flags = O_WRONLY | O_CREAT | O_APPEND;
        ps->p++;
    } else if (*ps->p == '&' && isdigit((unsigned char)ps->p[1]) && ends_word(ps->p[2])) {
        r->from = ps->p[1] - '0';
        ps->p += 2;
        return;
    }
    skip_blanks(ps);
    const char *at = ps->p;
    if (!(r->word = parse_word(ps)) && ps->outcome == PARSED)
        fail_at(ps, at);
}

/* A redirection at p (perhaps after its descriptor's digit); false if there is none. */
static bool parse_redirect(struct parser *ps, struct redirect ***tail)
{
    const char *p = ps->p;
    bool digit = isdigit((unsigned char)p[0]) && (p[1] == '<' || p[1] == '>');
    char c = p[digit];
    if (c != '<' && c != '>')
        return false;
    struct redirect *r = allocate(sizeof *r);
    r->fd = digit ? p[0] - '0' : c == '>';
    r->flags = c == '<' ? O_RDONLY : O_WRONLY | O_CREAT | O_TRUNC;
    r->from = -1;
    ps->p += digit + 1;
    parse_target(ps, r);
    **tail = r;
    *tail = &r->next;
    return true;
}

static struct command *parse_command(struct parser *ps)
{
    struct command *c = allocate(sizeof *c);
    struct redirect **tail = &c->redirects;
    struct words ws = {0};
    const char *at = ps->p;
    skip_blanks(ps);
    if (*ps->p == '(') {
        ps->p++;
        c->sub = parse(ps, true);
        if (ps->outcome == PARSED)
            ps->p++;
    }
    while (ps->outcome == PARSED) {
        skip_blanks(ps);
        if (parse_redirect(ps, &tail))
            continue;
        const char *w = c->sub ? NULL : parse_word(ps);
        if (!w)
            break;
        add_word(&ws, (char *)w);
    }
    c->words = (const char **)ws.w;
    c->nwords = ws.n;
    if (!ws.n && !c->redirects && !c->sub)
        fail_at(ps, *ps->p ? ps->p : at);
    return c;
}

/* After && || | a line may end and go on. */
static void skip_newlines(struct parser *ps)
{
    for (skip_blanks(ps); *ps->p == '\n'; skip_blanks(ps))
        ps->p++;
    if (!*ps->p && ps->outcome == PARSED)
        ps->outcome = INCOMPLETE;
}

static struct pipeline *parse_pipeline(struct parser *ps, enum join join)
{
    struct pipeline *pl = allocate(sizeof *pl);
    struct command **tail = &pl->commands;
    pl->join = join;
    for (;;) {
        *tail = parse_command(ps);
        tail = &(*tail)->next;
        if (ps->outcome != PARSED || ps->p[0] != '|' || ps->p[1] == '|')
            return pl;
        ps->p++;
        skip_newlines(ps);
    }
}

static struct list *parse_and_or(struct parser *ps)
{
    struct list *l = allocate(sizeof *l);
    struct pipeline **tail = &l->pipelines;
    enum join join = ALWAYS;
    for (;;) {
        *tail = parse_pipeline(ps, join);
        tail = &(*tail)->next;
        if (ps->outcome != PARSED)
            return l;
        if (strncmp(ps->p, "&&", 2) == 0)
            join = IF_SUCCEEDED;
        else if (strncmp(ps->p, "||", 2) == 0)
            join = IF_FAILED;
        else
            return l;
        ps->p += 2;
        skip_newlines(ps);
    }
}

struct list *parse(struct parser *ps, bool nested)
{
    struct list *first = NULL, **tail = &first;
    for (;;) {
        skip_blanks(ps);
        while (*ps->p == '\n') {
            ps->p++;
            skip_blanks(ps);
        }
        if (nested && !*ps->p && ps->outcome == PARSED)
            ps->outcome = INCOMPLETE;
        if (nested && *ps->p == ')' && !first)
            fail_at(ps, ps->p);
        if (!*ps->p || ps->outcome != PARSED || (nested && *ps->p == ')'))
            return first;
        struct list *l = parse_and_or(ps);
        if (ps->outcome != PARSED)
            return NULL;
        *tail = l;
        tail = &l->next;
        if (*ps->p == '&')
            l->background = true;
        if (*ps->p == '&' || *ps->p == ';')
            ps->p++;
        else if (*ps->p && *ps->p != '\n' && !(nested && *ps->p == ')'))
            fail_at(ps, ps->p);
    }
}
