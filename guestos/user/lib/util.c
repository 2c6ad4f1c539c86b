/* SPDX-License-Identifier: GPL-2.0-only */
/* What the programs share and the C library has not, or only at the price of stdio. tarry.h describes it. */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "tarry.h"

char *put_text(char *p, const char *s)
{
    while (*s)
        *p++ = *s++;
    return p;
}

char *put_number(char *p, int64_t v)
{
    char digits[20];
    int n = 0;
    uint64_t u = v < 0 ? -(uint64_t)v : (uint64_t)v;
    do
        digits[n++] = (char)('0' + u % 10);
    while (u /= 10);
    if (v < 0)
        *p++ = '-';
    while (n)
        *p++ = digits[--n];
    return p;
}

bool parse_number(const char *s, uint64_t *value)
{
    uint64_t v = 0;
    if (!*s)
        return false;
    for (; *s; s++) {
        uint64_t digit = (uint64_t)(*s - '0');
        if (digit > 9 || v > (UINT64_MAX - digit) / 10)
            return false;
        v = v * 10 + digit;
    }
    *value = v;
    return true;
}

int write_all(int fd, const void *buf, size_t n)
{
    const char *p = buf;
    while (n) {
        ssize_t w = write(fd, p, n);
        if (w < 0)
            return -1;
        if (w == 0) {
            errno = EIO;
            return -1;
        }
        p += w;
        n -= (size_t)w;
    }
    return 0;
}

static char *append(char *p, char *end, const char *s)
{
    while (*s && p < end)
        *p++ = *s++;
    return p;
}

/* One write for the whole line: lines of several processes do not mix. */
void complain_of(const char *what, const char *why)
{
    char line[512 + TARRY_PATH_MAX];
    char *end = line + sizeof line - 1;
    char *p = append(append(line, end, argv0), end, ": ");
    if (*what)
        p = append(append(p, end, what), end, ": ");
    p = append(p, end, why);
    *p++ = '\n';
    write_all(2, line, (size_t)(p - line));
}

/* The kernel's text often begins with the name of the file already. */
void complain(const char *what)
{
    char why[256];
    int n = errstr(why, sizeof why - 1);
    size_t length = strlen(what);
    why[n > 0 ? n : 0] = 0;
    complain_of(strncmp(why, what, length) == 0 && why[length] == ':' ? "" : what, why);
}

int output_failed(void)
{
    if (errno != EPIPE)
        complain("output");
    return 1;
}

static void write_usage(int fd, const char *text)
{
    write_all(fd, "usage: ", 7);
    write_all(fd, text, strlen(text));
    write_all(fd, "\n", 1);
}

void usage(const char *text)
{
    write_usage(2, text);
    exits("2");
}

bool help_asked(int argc, char **argv, const char *text)
{
    if (argc < 2 || strcmp(argv[1], "--help") != 0)
        return false;
    write_usage(1, text);
    return true;
}

int join_path(char *buf, const char *dir, const char *name)
{
    size_t nd = strlen(dir), nn = strlen(name);
    bool slash = nd && dir[nd - 1] != '/';
    if (nd + slash + nn > TARRY_PATH_MAX) {
        errno = ENAMETOOLONG;
        return -1;
    }
    char *p = put_text(buf, dir);
    if (slash)
        *p++ = '/';
    *put_text(p, name) = 0;
    return 0;
}
