/* SPDX-License-Identifier: GPL-2.0-only */
/* The arguments of --trace and its companions. */
#include "choice.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "catalogue.h"

#define PAGE_MASK 0xfffull

static uint32_t default_groups(void)
{
    uint32_t groups = 0;

    for (unsigned g = 0; g < catalogue_ngroups; g++)
        if (catalogue_groups[g].when == GROUP_ALWAYS || catalogue_groups[g].when == GROUP_DEFAULT)
            groups |= 1u << g;
    return groups;
}

/* What --trace all means: those that are by the instruction have to be named. */
static uint32_t all_groups(void)
{
    uint32_t groups = 0;

    for (unsigned g = 0; g < catalogue_ngroups; g++)
        if (catalogue_groups[g].when != GROUP_NAMED)
            groups |= 1u << g;
    return groups;
}

void choice_default(struct choice *c)
{
    memset(c, 0, sizeof(*c));
    c->groups = default_groups();
}

void choice_all(struct choice *c)
{
    memset(c, 0, sizeof(*c));
    c->groups = UINT32_MAX;
}

bool choice_has_group(const struct choice *c, unsigned group)
{
    return catalogue_groups[group].when == GROUP_ALWAYS || c->groups >> group & 1;
}

bool choice_accesses(const struct choice *c)
{
    for (unsigned g = 0; g < catalogue_ngroups; g++)
        if (strcmp(catalogue_groups[g].name, "access") == 0)
            return !c->none && c->groups >> g & 1;
    return false;
}

bool choice_filters(const struct choice *c)
{
    return c->nprocesses + c->nsegments + c->nranges > 0;
}

bool choice_is_whole(const struct choice *c)
{
    return !c->none && !c->wait && !choice_filters(c) && (c->groups & default_groups()) == default_groups();
}

static void remember(struct choice *c, const char *option, const char *arg)
{
    size_t at = strlen(c->text);
    int n = snprintf(c->text + at, sizeof(c->text) - at, "%s%s%s%s", at ? " " : "", option, *arg ? " " : "", arg);
    if (n >= (int)(sizeof(c->text) - at))
        memcpy(c->text + sizeof(c->text) - 4, "...", 4); /* there was more */
}

/* ---- lists ---- */

/* The next word of a list with commas; false if there is none. An empty word is one, too: callers refuse it. */
static bool next_word(const char **list, const char **word, size_t *n)
{
    if (*list == NULL)
        return false;
    *word = *list;
    *n = strcspn(*list, ",");
    *list = (*list)[*n] == ',' ? *list + *n + 1 : NULL;
    return true;
}

static bool is(const char *word, size_t n, const char *name)
{
    return strlen(name) == n && strncmp(word, name, n) == 0;
}

static int too_many(const char *option, char *err, size_t errlen)
{
    snprintf(err, errlen, "more than %d in %s; record more and ask the trace for less", CHOICE_MOST, option);
    return -1;
}

/* A number in decimal or 0x... that ends before `end`. */
static bool number(const char *text, const char *end, uint64_t *value)
{
    char *stop;

    if (text >= end || *text < '0' || *text > '9')
        return false;
    errno = 0;
    *value = strtoull(text, &stop, 0);
    return errno == 0 && stop == end;
}

/* ---- groups ---- */

static int no_such_group(const char *word, size_t n, char *err, size_t errlen)
{
    size_t at = (size_t)snprintf(err, errlen, "no group '%.*s'; there are all, none, default", (int)n, word);

    for (unsigned g = 0; g < catalogue_ngroups; g++)
        if (catalogue_groups[g].when != GROUP_ALWAYS && at < errlen)
            at += (size_t)snprintf(err + at, errlen - at, ", %s", catalogue_groups[g].name);
    if (at < errlen)
        snprintf(err + at, errlen - at, "; -GROUP leaves one out");
    return -1;
}

static int group_bit(const char *word, size_t n, uint32_t *bits)
{
    if (is(word, n, "all")) {
        *bits = all_groups();
        return 0;
    }
    if (is(word, n, "default")) {
        *bits = default_groups();
        return 0;
    }
    for (unsigned g = 0; g < catalogue_ngroups; g++)
        if (catalogue_groups[g].when != GROUP_ALWAYS && is(word, n, catalogue_groups[g].name)) {
            *bits = 1u << g;
            return 0;
        }
    return -1;
}

int choice_groups(struct choice *c, const char *arg, char *err, size_t errlen)
{
    const char *list = arg, *word;
    uint32_t groups = arg[0] == '-' ? default_groups() : 0, bits;
    size_t n;

    c->none = strcmp(arg, "none") == 0;
    remember(c, "--trace", arg);
    if (c->none)
        return 0;
    while (next_word(&list, &word, &n)) {
        bool out = n > 0 && word[0] == '-';
        if (group_bit(word + out, n - out, &bits) < 0)
            return no_such_group(word + out, n - out, err, errlen);
        groups = out ? groups & ~bits : groups | bits;
    }
    c->groups = groups;
    return 0;
}

/* ---- filters ---- */

int choice_process(struct choice *c, const char *arg, char *err, size_t errlen)
{
    const char *list = arg, *word;
    size_t n;

    while (next_word(&list, &word, &n)) {
        if (n == 0) {
            snprintf(err, errlen, "a name is missing; name programs or pids, with commas between");
            return -1;
        }
        if (c->nprocesses == CHOICE_MOST)
            return too_many("--trace-process", err, errlen);
        if (!number(word, word + n, &c->processes[c->nprocesses].pid)) {
            c->processes[c->nprocesses].name = word;
            c->processes[c->nprocesses].length = n;
        }
        c->nprocesses++;
    }
    remember(c, "--trace-process", arg);
    return 0;
}

static int no_such_type(const char *word, size_t n, char *err, size_t errlen)
{
    size_t at = (size_t)snprintf(err, errlen, "no type of segment '%.*s'; there are", (int)n, word);
    const char *comma = "";

    for (unsigned i = 0; i < catalogue_nvalues && at < errlen; i++)
        if (strcmp(catalogue_values[i].enum_name, "segment_type") == 0) {
            at += (size_t)snprintf(err + at, errlen - at, "%s %s", comma, catalogue_values[i].name);
            comma = ",";
        }
    if (at < errlen)
        snprintf(err + at, errlen - at, "; or give an address that lies in it");
    return -1;
}

int choice_segment(struct choice *c, const char *arg, char *err, size_t errlen)
{
    const char *list = arg, *word;
    size_t n;

    while (next_word(&list, &word, &n)) {
        bool found = false;
        if (c->nsegments == CHOICE_MOST)
            return too_many("--trace-segment", err, errlen);
        c->segments[c->nsegments].by_address = number(word, word + n, &c->segments[c->nsegments].value);
        for (unsigned i = 0; i < catalogue_nvalues && !c->segments[c->nsegments].by_address; i++)
            if (strcmp(catalogue_values[i].enum_name, "segment_type") == 0 && is(word, n, catalogue_values[i].name)) {
                c->segments[c->nsegments].value = (uint64_t)catalogue_values[i].number;
                found = true;
            }
        if (!found && !c->segments[c->nsegments].by_address)
            return no_such_type(word, n, err, errlen);
        c->nsegments++;
    }
    remember(c, "--trace-segment", arg);
    return 0;
}

int choice_address(struct choice *c, const char *arg, char *err, size_t errlen)
{
    const char *list = arg, *word;
    size_t n;

    while (next_word(&list, &word, &n)) {
        uint64_t first, last;
        const char *dash = memchr(word, '-', n);
        bool good = number(word, dash ? dash : word + n, &first);
        last = first;
        if (good && dash)
            good = number(dash + 1, word + n, &last) && first <= last;
        if (!good) {
            snprintf(err, errlen, "'%.*s' is no range; give FIRST-LAST, as in 0x2000000000-0x2000003fff", (int)n, word);
            return -1;
        }
        if (c->nranges == CHOICE_MOST)
            return too_many("--trace-address", err, errlen);
        c->ranges[c->nranges].first = first & ~PAGE_MASK;
        c->ranges[c->nranges].last = last | PAGE_MASK;
        c->nranges++;
    }
    remember(c, "--trace-address", arg);
    return 0;
}

void choice_wait(struct choice *c)
{
    c->wait = true;
    remember(c, "--trace-wait", "");
}
