/* SPDX-License-Identifier: GPL-2.0-only */
/* sh, globbing: the names in the file system that match a pattern of * ? [set]; a \ makes the next character plain. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include "sh.h"

static bool is_pattern(const char *p)
{
    for (; *p; p++) {
        if (*p == '\\' && p[1])
            p++;
        else if (strchr("*?[", *p))
            return true;
    }
    return false;
}

/* p stands after '['; *in tells whether c is in the set. The place after ']', or NULL if there is none. */
static const char *match_set(const char *p, unsigned char c, bool *in)
{
    bool negated = *p == '!' || *p == '^', found = false;
    const char *first = p += negated;
    for (; *p && (*p != ']' || p == first); p++) {
        if (*p == '\\' && p[1])
            p++;
        unsigned char low = (unsigned char)*p, high = low;
        if (p[1] == '-' && p[2] && p[2] != ']') {
            high = (unsigned char)p[2];
            p += 2;
        }
        found |= c >= low && c <= high;
    }
    *in = found != negated;
    return *p ? p + 1 : NULL;
}

/* Does the name match the pattern from p to pend? */
static bool match_name(const char *p, const char *pend, const char *s)
{
    for (; p < pend; s++) {
        if (*p == '*') {
            for (;; s++) {
                if (match_name(p + 1, pend, s))
                    return true;
                if (!*s)
                    return false;
            }
        }
        if (!*s)
            return false;
        bool in = true;
        const char *after = *p == '[' ? match_set(p + 1, (unsigned char)*s, &in) : NULL;
        if (after && after <= pend) {
            p = after;
        } else if (*p == '?') {
            p++;
        } else {
            if (*p == '\\' && p + 1 < pend)
                p++;
            in = *p++ == *s;
        }
        if (!in)
            return false;
    }
    return !*s;
}

/* Adds the paths that begin with `done` and match the rest of the pattern. */
static void glob(struct words *found, const char *done, const char *rest)
{
    size_t slashes = strspn(rest, "/");
    const char *part = rest + slashes, *end = part + strcspn(part, "/");
    struct text base = {0};
    append(&base, done, strlen(done));
    append(&base, rest, slashes);
    if (!*part) {
        add_word(found, base.s);
        return;
    }
    DIR *d = opendir(base.n ? base.s : ".");
    for (struct dirent *e; d && (e = readdir(d));) {
        if (!match_name(part, end, e->d_name) || (e->d_name[0] == '.' && *part != '.'))
            continue;
        struct text path = {0};
        append(&path, base.s, base.n);
        append(&path, e->d_name, strlen(e->d_name));
        if (!*end)
            add_word(found, path.s);
        else if (e->d_type == DT_DIR)
            glob(found, path.s, end);
    }
    if (d)
        closedir(d);
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void add_matches(struct words *out, const char *pattern)
{
    size_t before = out->n;
    if (!is_pattern(pattern))
        return;
    glob(out, "", pattern);
    if (out->n > before)
        qsort(out->w + before, out->n - before, sizeof *out->w, by_bytes);
}
