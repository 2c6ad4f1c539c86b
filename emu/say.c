/* SPDX-License-Identifier: GPL-2.0-only */
/* Messages of the command line, and small parsers. */
#include "say.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void say(const char *fmt, ...)
{
    char line[2048];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    fprintf(stderr, "tarry: %s\n", line);
}

bool parse_count(const char *text, uint64_t *n)
{
    if (!isdigit((unsigned char)text[0]))
        return false;
    char *end;
    errno = 0;
    *n = strtoull(text, &end, 10);
    return errno == 0 && *end == '\0';
}

bool parse_size(const char *text, uint64_t *bytes)
{
    if (!isdigit((unsigned char)text[0]))
        return false;
    char *end;
    errno = 0;
    uint64_t n = strtoull(text, &end, 10);
    if (errno)
        return false;
    unsigned shift = 0;
    switch (*end) {
    case 'k':
    case 'K':
        shift = 10;
        break;
    case 'm':
    case 'M':
        shift = 20;
        break;
    case 'g':
    case 'G':
        shift = 30;
        break;
    case 't':
    case 'T':
        shift = 40;
        break;
    case '\0':
        break;
    default:
        return false;
    }
    if ((*end && end[1]) || n > UINT64_MAX >> shift)
        return false;
    *bytes = n << shift;
    return true;
}

static bool plain(const char *word)
{
    if (!*word)
        return false;
    return word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./:,@%")] == '\0';
}

void append_word(char *buf, size_t len, const char *word)
{
    size_t at = strlen(buf);
#define PUT(c) (at + 1 < len ? (void)(buf[at++] = (c)) : (void)0)
    if (at)
        PUT(' ');
    if (plain(word)) {
        for (; *word; word++)
            PUT(*word);
    } else {
        PUT('\'');
        for (; *word; word++) {
            if (*word == '\'')
                for (const char *s = "'\\'"; *s; s++)
                    PUT(*s);
            PUT(*word);
        }
        PUT('\'');
    }
#undef PUT
    buf[at] = '\0';
}
