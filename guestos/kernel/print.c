/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Text: format (a snprintf without floating point), print, panic, and the error text of a process.
 */
#include <stdarg.h>
#include <string.h>
#include "io.h"
#include "proc.h"
#include "procprivate.h"

struct text {
    char *buf;
    size_t size; /* of buf */
    size_t len;  /* of the whole text, even if it does not fit */
};

/* One conversion: %[-0#][width][.precision][hh|h|l|ll|z|j|t]c */
struct spec {
    bool left, zero, alternate;
    int width, precision; /* precision -1: none */
    int longs;            /* 1, 2: 64 bits; negative: short, char */
};

static void put(struct text *t, char c)
{
    if (t->len + 1 < t->size)
        t->buf[t->len] = c;
    t->len++;
}

static void pad(struct text *t, char c, int n)
{
    while (n-- > 0)
        put(t, c);
}

static void putstring(struct text *t, const struct spec *s, const char *p)
{
    if (p == NULL)
        p = "(null)";
    int n = 0;
    while ((s->precision < 0 || n < s->precision) && p[n] != '\0')
        n++;
    pad(t, ' ', s->left ? 0 : s->width - n);
    for (int i = 0; i < n; i++)
        put(t, p[i]);
    pad(t, ' ', s->left ? s->width - n : 0);
}

static void putnumber(struct text *t, const struct spec *s, uint64_t v, unsigned base, bool negative)
{
    char digits[24];
    int n = 0;
    const char *prefix = negative ? "-" : s->alternate && base == 16 && v != 0 ? "0x" : "";
    do
        digits[n++] = "0123456789abcdef"[v % base];
    while ((v /= base) != 0);
    int zeros = s->precision > n ? s->precision - n : 0;
    int width = s->width - (int)strlen(prefix) - n - zeros;
    if (s->zero && !s->left && s->precision < 0 && width > 0) {
        zeros = width;
        width = 0;
    }
    pad(t, ' ', s->left ? 0 : width);
    for (; *prefix != '\0'; prefix++)
        put(t, *prefix);
    pad(t, '0', zeros);
    while (n > 0)
        put(t, digits[--n]);
    pad(t, ' ', s->left ? width : 0);
}

static const char *parse(const char *p, struct spec *s, va_list *args)
{
    *s = (struct spec){.precision = -1};
    for (;; p++) {
        if (*p == '-')
            s->left = true;
        else if (*p == '0')
            s->zero = true;
        else if (*p == '#')
            s->alternate = true;
        else
            break;
    }
    if (*p == '*') {
        s->width = va_arg(*args, int);
        p++;
    }
    for (; *p >= '0' && *p <= '9'; p++)
        s->width = s->width * 10 + (*p - '0');
    if (*p == '.') {
        s->precision = 0;
        if (*++p == '*') {
            s->precision = va_arg(*args, int);
            p++;
        }
        for (; *p >= '0' && *p <= '9'; p++)
            s->precision = s->precision * 10 + (*p - '0');
    }
    for (; *p == 'l' || *p == 'z' || *p == 'j' || *p == 't' || *p == 'h'; p++)
        s->longs += *p == 'h' ? -1 : 1;
    return p;
}

static uint64_t fetch(const struct spec *s, bool issigned, va_list *args)
{
    if (s->longs > 0)
        return va_arg(*args, uint64_t);
    if (issigned)
        return (uint64_t)(int64_t)va_arg(*args, int);
    return va_arg(*args, unsigned);
}

static int vformat(char *buf, size_t size, const char *fmt, va_list *args)
{
    struct text t = {buf, size, 0};
    for (const char *p = fmt; *p != '\0'; p++) {
        if (*p != '%') {
            put(&t, *p);
            continue;
        }
        struct spec s;
        p = parse(p + 1, &s, args);
        switch (*p) {
        case 'd':
        case 'i': {
            int64_t v = (int64_t)fetch(&s, true, args);
            putnumber(&t, &s, v < 0 ? 0 - (uint64_t)v : (uint64_t)v, 10, v < 0);
            break;
        }
        case 'u':
            putnumber(&t, &s, fetch(&s, false, args), 10, false);
            break;
        case 'x':
        case 'X':
            putnumber(&t, &s, fetch(&s, false, args), 16, false);
            break;
        case 'p':
            s.alternate = true;
            putnumber(&t, &s, (uint64_t)va_arg(*args, void *), 16, false);
            break;
        case 'c':
            put(&t, (char)va_arg(*args, int));
            break;
        case 's':
            putstring(&t, &s, va_arg(*args, const char *));
            break;
        case '\0':
            p--;
            break;
        default:
            put(&t, *p);
        }
    }
    if (size > 0)
        buf[t.len < size ? t.len : size - 1] = '\0';
    return (int)t.len;
}

int format(char *buf, size_t n, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int len = vformat(buf, n, fmt, &args);
    va_end(args);
    return len;
}

static void puttext(const char *text)
{
    for (; *text != '\0'; text++)
        uartputc(*text);
}

int print(const char *fmt, ...)
{
    char line[512];
    va_list args;
    va_start(args, fmt);
    int len = vformat(line, sizeof line, fmt, &args);
    va_end(args);
    puttext(line);
    return len;
}

int error(int code, const char *fmt, ...)
{
    if (up != NULL) {
        va_list args;
        va_start(args, fmt);
        vformat(up->errstr, sizeof up->errstr, fmt, &args);
        va_end(args);
    }
    return -code;
}

const char *errortext(int code)
{
#define X(n, name, text) \
    if (code == (n)) \
        return text;
    TARRY_ERRORS(X)
#undef X
    return "unknown error";
}

void panic(const char *fmt, ...)
{
    static bool again;
    char line[512];
    va_list args;
    va_start(args, fmt);
    vformat(line, sizeof line, fmt, &args);
    va_end(args);
    puttext("panic: ");
    puttext(line);
    puttext("\n");
    if (!again && up != NULL) {
        again = true;
        print("process %u %s, pc %#lx, cause %lu\n", up->pid, up->name, up->ureg->pc, up->cause);
    }
    poweroff(PANIC_STATUS);
}
