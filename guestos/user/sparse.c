/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sparse: the workload of the comparison of conventional and deferred I/O. It reads a whole file with one read into one
 * deferred segment, looks at the first byte of a few pages, and if asked dirties some and writes the whole buffer back
 * with one write.
 *
 * Pages are chosen by x ^= x << 13; x ^= x >> 7; x ^= x << 17 in 64 bits from x = SEED: page = x mod pages, where the
 * last page of the file may be a part of one. The generator goes on from the touched pages to the dirtied ones.
 * Dirtying a page adds one to its first byte (modulo 256; a page chosen twice is incremented twice). No stdio: the
 * program is demand-paged too, and its own pages should not count.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "tarry.h"

static const char help[] = "sparse FILE [--touch N] [--seed S] [--dirty N] [--write-back]\n"
                           "Reads FILE whole into a deferred segment, sums the first bytes of N (1000) random pages,\n"
                           "increments the first bytes of N (0) more, writes the whole buffer back if asked.";

struct options {
    const char *file;
    uint64_t touch, seed, dirty;
    bool write_back;
};

static uint64_t next(uint64_t *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 7;
    *x ^= *x << 17;
    return *x;
}

static struct options parse(int argc, char **argv)
{
    struct options o = {.touch = 1000, .seed = 88172645463325252u};
    for (int i = 1; i < argc; i++) {
        const char *a = argv[i];
        uint64_t *number = strcmp(a, "--touch") == 0   ? &o.touch
                           : strcmp(a, "--seed") == 0  ? &o.seed
                           : strcmp(a, "--dirty") == 0 ? &o.dirty
                                                       : NULL;
        if (number) {
            if (++i == argc || !parse_number(argv[i], number))
                usage(help);
        } else if (strcmp(a, "--write-back") == 0) {
            o.write_back = true;
        } else if (a[0] == '-' || o.file) {
            usage(help);
        } else {
            o.file = a;
        }
    }
    if (!o.file || !o.seed) /* the generator stays at zero for ever */
        usage(help);
    return o;
}

/* The whole file in a deferred segment, by one read; NULL after a message. */
static signed char *load(int fd, const char *file, uint64_t length)
{
    signed char *buf = segattach(0, "defer", NULL, length);
    if ((intptr_t)buf == -1) {
        complain("segattach");
        return NULL;
    }
    ssize_t n = pread(fd, buf, length, 0);
    if (n < 0) {
        complain(file);
        return NULL;
    }
    if ((uint64_t)n != length) {
        complain_of(file, "short read");
        return NULL;
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

int main(int argc, char **argv)
{
    if (help_asked(argc, argv, help))
        return 0;
    struct options o = parse(argc, argv);
    struct tarry_stat st;
    int fd = open(o.file, o.write_back ? O_RDWR : O_RDONLY);
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
    signed char *buf = load(fd, o.file, st.length);
    if (!buf)
        return 1;
    uint64_t pages = (st.length + TARRY_PAGE - 1) / TARRY_PAGE, x = o.seed;
    int64_t sum = 0, written = 0;
    for (uint64_t i = 0; i < o.touch; i++)
        sum += buf[next(&x) % pages * TARRY_PAGE];
    for (uint64_t i = 0; i < o.dirty; i++)
        ++*(unsigned char *)&buf[next(&x) % pages * TARRY_PAGE];
    if (o.write_back) {
        written = pwrite(fd, buf, st.length, 0);
        if (written < 0 || (uint64_t)written != st.length) {
            if (written < 0)
                complain(o.file);
            else
                complain_of(o.file, "short write");
            return 1;
        }
    }
    return report(&o, sum, o.touch, o.dirty, written);
}
