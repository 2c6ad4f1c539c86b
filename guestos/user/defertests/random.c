/* SPDX-License-Identifier: GPL-2.0-only */
/* defertests: all together, at random. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "defertests.h"

enum { SEG = 12 * 4096, FILES = 2, FILE_MAX = 14 * 4096 };

static uint8_t *segment;                 /* the deferred one, SEG bytes */
static uint8_t model[SEG];               /* what it must hold */
static uint8_t content[FILES][FILE_MAX]; /* what the files must hold; zeros beyond their length */
static size_t length[FILES];
static int fds[FILES];
static uint64_t rng;
static uint64_t step;

#define MUST(cond)                                                                                                     \
    do {                                                                                                               \
        if (!(cond)) {                                                                                                 \
            printf("random: seed %llu, step %llu\n", (unsigned long long)seed, (unsigned long long)step);              \
            CHECK(cond);                                                                                               \
        }                                                                                                              \
    } while (0)

static size_t below(size_t n)
{
    return random_next(&rng) % n;
}

/* An offset that likes page boundaries; below(n). */
static size_t place(size_t n)
{
    size_t at = below(n);
    switch (below(4)) {
    case 0:
        return at;
    case 1:
        return at / PAGE * PAGE;
    case 2:
        return at / PAGE * PAGE + below(3);
    default:
        return at / 512 * 512;
    }
}

static size_t extent(size_t most)
{
    size_t n = below(3) ? below(3 * PAGE) : below(SEG);
    return n < most ? n : most;
}

static void random_read(void)
{
    size_t f = below(FILES), at = place(SEG), off = below(4) ? at : place(FILE_MAX), n = extent(SEG - at);
    size_t expect = off >= length[f] ? 0 : n < length[f] - off ? n : length[f] - off;
    MUST(pread(fds[f], segment + at, n, (off_t)off) == (ssize_t)expect);
    memcpy(model + at, content[f] + off, expect);
}

static void file_written(size_t f, const uint8_t *from, size_t off, size_t n)
{
    memcpy(content[f] + off, from, n);
    if (n && off + n > length[f])
        length[f] = off + n;
}

static void random_write(void)
{
    size_t f = below(FILES), at = place(SEG), off = below(4) ? at : place(FILE_MAX), n = extent(SEG - at);
    if (n > FILE_MAX - off)
        n = FILE_MAX - off;
    MUST(pwrite(fds[f], segment + at, n, (off_t)off) == (ssize_t)n);
    file_written(f, model + at, off, n);
}

static void random_foreign_write(void)
{
    static uint8_t buf[FILE_MAX];
    size_t f = below(FILES), off = place(FILE_MAX), n = extent(FILE_MAX - off);
    fill_pattern(buf, (unsigned)step, off, n);
    MUST(pwrite(fds[f], buf, n, (off_t)off) == (ssize_t)n);
    file_written(f, buf, off, n);
}

static void random_truncate(void)
{
    static const char *names[] = {"0", "1"};
    size_t f = below(FILES), n = place(FILE_MAX);
    MUST(truncate(names[f], (off_t)n) == 0);
    if (n < length[f])
        memset(content[f] + n, 0, FILE_MAX - n);
    length[f] = n;
}

static void random_store(void)
{
    size_t at = place(SEG), n = below(4) ? below(10) : extent(SEG - at);
    if (n > SEG - at)
        n = SEG - at;
    fill_pattern(segment + at, (unsigned)step, at, n);
    fill_pattern(model + at, (unsigned)step, at, n);
}

static void random_free(void)
{
    size_t at = place(SEG), n = extent(SEG - at);
    MUST((below(2) ? segfree : segzero)(segment + at, n) == 0);
    memset(model + at, 0, n);
}

static void random_look(void)
{
    size_t at = place(SEG), n = below(8) ? 1 + below(100) : SEG;
    if (n > SEG - at)
        n = SEG - at;
    MUST(memcmp(segment + at, model + at, n) == 0);
}

static void random_look_at_file(void)
{
    static uint8_t buf[FILE_MAX + 1];
    size_t f = below(FILES);
    MUST(pread(fds[f], buf, sizeof buf, 0) == (ssize_t)length[f]);
    MUST(memcmp(buf, content[f], length[f]) == 0);
}

/* The child sees what the parent had, and the parent nothing of what the child does. */
static void random_fork(void)
{
    struct waitmsg w;
    int pid = fork();
    if (pid == 0) {
        for (int i = 0; i < 5; i++) {
            random_store();
            random_look();
            random_read();
        }
        MUST(memcmp(segment, model, SEG) == 0);
        exits("");
    }
    random_next(&rng);
    random_store();
    MUST(await(&w) == pid);
    MUST(w.status[0] == 0);
}

void random_operations(void)
{
    static void (*const operations[])(void) = {
        random_read,          random_read,  random_read,  random_write, random_write,    random_foreign_write,
        random_foreign_write, random_store, random_store, random_store, random_truncate, random_free,
        random_look,          random_look,  random_look,  random_look,  random_look,     random_look_at_file,
    };
    rng = seed;
    segment = deferred(SEG);
    fds[0] = make_file("0", 1, 0);
    fds[1] = make_file("1", 1, 0);
    for (step = 1; step <= rounds; step++) {
        if (below(60) == 0)
            random_fork();
        else
            operations[below(sizeof operations / sizeof operations[0])]();
    }
    MUST(memcmp(segment, model, SEG) == 0);
    random_look_at_file();
}
