/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sh, expansion: a word as written to words. Variables come in, quotes go away. In a `pattern`, which is the step
 * between, a \ stands before each character that was quoted.
 */
#include <ctype.h>
#include <string.h>
#include <unistd.h>
#include "sh.h"

static void append_quoted(struct text *t, const char *s)
{
    for (; *s; s++) {
        append(t, "\\", 1);
        append(t, s, 1);
    }
}

static void append_arguments(struct text *t)
{
    for (int i = 1; i < nargs; i++) {
        if (i > 1)
            append_quoted(t, " ");
        append_quoted(t, args[i]);
    }
}

/* p stands after '$'; appends the value; returns the place after the name. */
static const char *expand_variable(struct text *t, const char *p)
{
    char number[24];
    bool brace = *p == '{';
    const char *name = p + brace;
    size_t n = 0;
    if (isalpha((unsigned char)*name) || *name == '_')
        while (isalnum((unsigned char)name[n]) || name[n] == '_')
            n++;
    else if (*name && strchr("?$!#*@0123456789", *name))
        n = 1;
    if (!n || (brace && name[n] != '}')) {
        append_quoted(t, "$");
        return p;
    }
    const char *v = variable_value(name, n);
    int64_t value = *name == '?'   ? exit_code(last_status)
                    : *name == '$' ? getpid()
                    : *name == '!' ? last_background
                                   : nargs - 1;
    *put_number(number, value) = 0;
    if (*name == '*' || *name == '@')
        append_arguments(t);
    else if (isdigit((unsigned char)*name))
        append_quoted(t, *name - '0' < nargs ? args[*name - '0'] : "");
    else if (strchr("?$!#", *name))
        append_quoted(t, number);
    else if (n == 6 && strncmp(name, "status", 6) == 0)
        append_quoted(t, last_status);
    else if (v)
        append_quoted(t, v);
    return name + n + brace;
}

/* Takes quotes away and variables in. *kept: the word stays even if it is empty, for it has quotes. */
static char *expand_to_pattern(const char *p, bool *kept)
{
    struct text t = {0};
    char quote = 0;
    append(&t, "", 0);
    *kept = false;
    while (*p) {
        char c = *p++;
        if (c == quote) {
            quote = 0;
        } else if (!quote && (c == '\'' || c == '"')) {
            quote = c;
            *kept = true;
        } else if (c == '$' && quote != '\'') {
            p = expand_variable(&t, p);
        } else if (c == '\\' && quote != '\'' && *p && (!quote || strchr("\\\"$", *p))) {
            if (*p != '\n') {
                append(&t, "\\", 1);
                append(&t, p, 1);
            }
            p++;
        } else {
            if (quote || c == '\\')
                append(&t, "\\", 1);
            append(&t, &c, 1);
        }
    }
    return t.s;
}

static char *without_backslashes(const char *p)
{
    char *s = allocate(strlen(p) + 1), *to = s;
    for (; *p; p++) {
        if (*p == '\\' && p[1])
            p++;
        *to++ = *p;
    }
    return s;
}

char *expand_to_one(const char *word)
{
    bool kept;
    return without_backslashes(expand_to_pattern(word, &kept));
}

void expand(struct words *out, const char *word)
{
    if (strcmp(word, "$*") == 0 || strcmp(word, "$@") == 0 || strcmp(word, "\"$@\"") == 0) {
        for (int i = 1; i < nargs; i++)
            add_word(out, args[i]);
        return;
    }
    bool kept;
    char *pattern = expand_to_pattern(word, &kept);
    size_t before = out->n;
    add_matches(out, pattern);
    if (out->n == before && (*pattern || kept))
        add_word(out, without_backslashes(pattern));
}
