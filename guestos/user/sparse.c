/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sparse: the workload of the comparison of conventional and deferred I/O. It reads a whole file with one read into one
 * deferred segment, looks at the first byte of a few pages, and if asked dirties some and writes the whole buffer back
 * with one write.
 *
 * Pages are chosen by x ^= x << 13; x ^= x >> 7; x ^= x << 17 in 64 bits from x = SEED: page = x mod pages, where the
 * last page of the file may be a part of one. The generator goes on from the touched pages to the dirtied ones.
 * Dirtying a page adds one to its first byte (modulo 256; a page chosen twice is incremented twice).
 *
 * For docs/experiments.md there are two orders in which no page comes twice (as long as there are others), a read in
 * pieces, a buffer that does not begin with a page, and rounds of dirtying and writing back. No stdio, and small: the
 * program is demand-paged too, and its own pages should not count (tests/programs-sparse.t).
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "tarry.h"

static const char help[] =
    "sparse FILE [--touch N] [--seed S] [--dirty N] [--write-back] [--rising|--scattered] [--chunk N] [--poke]\n"
    "       [--shift N] [--rounds N]\n"
    "Reads FILE whole into a deferred segment, sums the first bytes of N (1000) random pages,\n"
    "increments the first bytes of N (0) more, writes the whole buffer back if asked.\n"
    "--rising, --scattered: no page twice; --chunk: so many bytes a read; --poke: between reads writes the last byte;\n"
    "--shift: where in a page the buffer begins; --rounds: of dirtying and writing back (1).";

struct options {
    const char *file;
    uint64_t touch, seed, dirty, chunk, shift, rounds;
    bool write_back, rising, scattered, poke;
};

/* The order in which pages are visited. */
struct walk {
    const struct options *o;
    uint64_t pages, x, stride, at;
};

static uint64_t common(uint64_t a, uint64_t b)
{
    return b ? common(b, a % b) : a;
}

static struct walk begin(const struct options *o, uint64_t pages)
{
    struct walk w = {.o = o, .pages = pages, .x = o->seed, .stride = pages * 5 / 8 + 1};
    while (common(w.stride, pages) != 1)
        w.stride++;
    return w;
}

/* Page number i of n. */
static uint64_t next(struct walk *w, uint64_t i, uint64_t n)
{
    if (w->o->rising)
        return n < w->pages ? i * w->pages / n : i % w->pages;
    if (w->o->scattered)
        return w->at = (w->at + w->stride) % w->pages;
    w->x ^= w->x << 13;
    w->x ^= w->x >> 7;
    w->x ^= w->x << 17;
    return w->x % w->pages;
}

/* A row of the command line: a number that follows, or a flag. */
struct option {
    const char *name;
    void *value;
    bool flag;
};

static struct options parse(int argc, char **argv)
{
    static struct options o;
    static const struct option table[] = {
        {"--touch", &o.touch, false},          {"--seed", &o.seed, false},        {"--dirty", &o.dirty, false},
        {"--chunk", &o.chunk, false},          {"--shift", &o.shift, false},      {"--rounds", &o.rounds, false},
        {"--write-back", &o.write_back, true}, {"--rising", &o.rising, true},     {"--scattered", &o.scattered, true},
        {"--poke", &o.poke, true},
    };
    enum { OPTIONS = sizeof table / sizeof table[0] };
    o.touch = 1000;
    o.seed = 88172645463325252u;
    o.rounds = 1;
    for (int i = 1, k; i < argc; i++) {
        for (k = 0; k < OPTIONS && strcmp(argv[i], table[k].name) != 0; k++)
            ;
        if (k == OPTIONS && argv[i][0] != '-' && !o.file)
            o.file = argv[i];
        else if (k == OPTIONS)
            usage(help);
        else if (table[k].flag)
            *(bool *)table[k].value = true;
        else if (++i == argc || !parse_number(argv[i], table[k].value))
            usage(help);
    }
    if (!o.file || !o.seed || o.shift >= TARRY_PAGE) /* the generator stays at zero for ever */
        usage(help);
    return o;
}

/* The whole file in a deferred segment, by one read or several; NULL after a message. */
static signed char *load(int fd, const struct options *o, uint64_t length)
{
    signed char *buf = segattach(0, "defer", NULL, o->shift + length);
    if ((intptr_t)buf == -1) {
        complain("segattach");
        return NULL;
    }
    buf += o->shift;
    uint64_t chunk = o->chunk ? o->chunk : length;
    for (uint64_t at = 0; at < length; at += chunk) {
        uint64_t want = length - at < chunk ? length - at : chunk;
        ssize_t n = pread(fd, buf + at, want, (off_t)at);
        if (n >= 0 && o->poke)
            n = pwrite(fd, "", 1, (off_t)length - 1) == 1 ? n : -1;
        if (n < 0) {
            complain(o->file);
            return NULL;
        }
        if ((uint64_t)n != want) {
            complain_of(o->file, "short read");
            return NULL;
        }
    }
    return buf;
}

static int report(const struct options *o, int64_t sum, uint64_t touched, uint64_t dirtied, int64_t written)
{
    char line[160];
    char *p = put_number(put_text(line, "sum="), sum);
    p = put_number(put_text(p, " touched="), (int64_t)touched);
    if (o->dirty)
        p = put_number(put_text(p, " dirtied="), (int64_t)dirtied);
    if (o->write_back)
        p = put_number(put_text(p, " written="), written);
    *p++ = '\n';
    return write_all(1, line, (size_t)(p - line)) < 0 ? output_failed() : 0;
}

/* Bytes written, or -1 after a message. */
static int64_t write_back(int fd, const char *file, const signed char *buf, uint64_t length)
{
    ssize_t n = pwrite(fd, buf, length, 0);
    if (n < 0)
        complain(file);
    else if ((uint64_t)n != length)
        complain_of(file, "short write");
    return n >= 0 && (uint64_t)n == length ? n : -1;
}

int main(int argc, char **argv)
{
    if (help_asked(argc, argv, help))
        return 0;
    struct options o = parse(argc, argv);
    struct tarry_stat st;
    int fd = open(o.file, o.write_back || o.poke ? O_RDWR : O_RDONLY);
    if (fd < 0 || dirfstat(fd, &st) < 0) {
        complain(o.file);
        return 1;
    }
    if (st.mode & DMDIR) {
        complain_of(o.file, "is a directory");
        return 1;
    }
    if (st.length == 0) /* no page to choose from */
        return report(&o, 0, 0, 0, 0);
    signed char *buf = load(fd, &o, st.length);
    if (!buf)
        return 1;
    struct walk w = begin(&o, (st.length + TARRY_PAGE - 1) / TARRY_PAGE);
    int64_t sum = 0, written = 0;
    for (uint64_t i = 0; i < o.touch; i++)
        sum += buf[next(&w, i, o.touch) * TARRY_PAGE];
    for (uint64_t round = 0; round < o.rounds; round++) {
        for (uint64_t i = 0; i < o.dirty; i++)
            ++*(unsigned char *)&buf[next(&w, i, o.dirty) * TARRY_PAGE];
        if (o.write_back && (written = write_back(fd, o.file, buf, st.length)) < 0)
            return 1;
    }
    return report(&o, sum, o.touch, o.dirty * o.rounds, written);
}
