/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * defertests [--seed S] [--rounds N] [NAME...]: the rules of deferred I/O as a program sees them. A read into a segment
 * of class "defer" must be indistinguishable from a conventional one; all tests pass whatever the policy of the run is,
 * but for `naive`, which has no snapshots. The last test does random operations on files, a segment and processes
 * beside a model in plain memory; it prints its seed when it fails.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "tarry.h"
#include "testing.h"

#define PAGE ((size_t)TARRY_PAGE)

enum { N = 20 * 4096 + 123 }; /* bytes of a usual file: not whole pages */

static uint64_t seed = 88172645463325252u, rounds = 1000;

static uint8_t *deferred(size_t n)
{
    void *p = segattach(0, "defer", NULL, n);
    CHECK((intptr_t)p != -1);
    return p;
}

/* The whole file, which is there for longer. */
static uint8_t *read_whole(int fd, size_t n)
{
    uint8_t *p = deferred(n);
    CHECK_IS(pread(fd, p, n, 0), n);
    return p;
}

static void overwrite(const char *name, unsigned with, size_t at, size_t n)
{
    char *buf = malloc(n);
    int fd = open(name, O_RDWR);
    CHECK(buf && fd >= 0);
    fill_pattern(buf, with, at, n);
    CHECK_IS(pwrite(fd, buf, n, (off_t)at), n);
    close(fd);
    free(buf);
}

static void overwrite_f(void *unused)
{
    (void)unused;
    overwrite("f", 2, 0, N);
}

static uint64_t version(const char *name)
{
    struct tarry_stat st;
    CHECK_IS(dirstat(name, &st), 0);
    return st.version;
}

/* ---- R: reading ---- */

static void r1_same_process(void)
{
    int fd = make_file("f", 1, N);
    uint8_t *p = read_whole(fd, N);
    CHECK(is_pattern(p + 3 * PAGE, 1, 3 * PAGE, 10));
    overwrite_f(NULL);
    CHECK(is_pattern(p, 1, 0, N));
    CHECK(file_is_pattern("f", 2, N));
}

static void r1_other_process(void)
{
    int fd = make_file("f", 1, N);
    uint8_t *p = read_whole(fd, N);
    CHECK(is_pattern(p + 3 * PAGE, 1, 3 * PAGE, 10));
    CHECK_IS(strcmp(in_child(overwrite_f, NULL), ""), 0);
    CHECK(is_pattern(p, 1, 0, N));
}

static void r1_several_moments(void) { /* each read has its own */
    uint8_t *p[4];
    int fd = make_file("f", 0, N);
    for (unsigned i = 0; i < 4; i++) {
        overwrite("f", i, 0, N);
        p[i] = read_whole(fd, N);
    }
    overwrite("f", 9, 0, N);
    for (unsigned i = 0; i < 4; i++)
        CHECK(is_pattern(p[i], i, 0, N));
}

static void r2_remove_truncate_close(void)
{
    int fd = make_file("f", 1, N);
    uint8_t *a = read_whole(fd, N);
    CHECK_IS(truncate("f", 100), 0);
    uint8_t *b = deferred(N);
    CHECK_IS(pread(fd, b, N, 0), 100);
    CHECK_IS(truncate("f", N), 0);
    CHECK_IS(chmod("f", 0), 0);
    CHECK_IS(rename("f", "g"), 0);
    close(fd);
    CHECK_IS(remove("g"), 0);
    close(make_file("f", 3, N)); /* may take the freed blocks */
    CHECK(is_pattern(a, 1, 0, N));
    CHECK(is_pattern(b, 1, 0, 100) && is_all(b + 100, 0, N - 100));
}

static void r2_offset(void)
{
    int fd = make_file("f", 1, N);
    uint8_t *p = deferred(2 * N);
    CHECK_IS(lseek(fd, 5000, SEEK_SET), 5000);
    CHECK_IS(read(fd, p, 7000), 7000);
    CHECK_IS(lseek(fd, 0, SEEK_CUR), 12000);
    CHECK_IS(read(fd, p + 7000, 2 * N - 7000), N - 12000);
    CHECK_IS(lseek(fd, 0, SEEK_CUR), N);
    CHECK_IS(read(fd, p, 100), 0);
    CHECK(is_pattern(p, 1, 5000, N - 5000));
}

static void r3_short_read(void)
{
    int fd = make_file("f", 1, 10000);
    uint8_t *p = deferred(N);
    memset(p, 0xaa, 3 * PAGE);
    CHECK_IS(pread(fd, p, N, 0), 10000);
    CHECK_IS(pwrite(fd, "longer", 6, 10000), 6);
    CHECK(is_pattern(p, 1, 0, 10000));
    CHECK(is_all(p + 10000, 0xaa, 3 * PAGE - 10000));
    CHECK(is_all(p + 3 * PAGE, 0, N - 3 * PAGE));
    CHECK_IS(pread(fd, p, N, 20000), 0);
    CHECK(is_pattern(p, 1, 0, 10000));
}

static void r4_holes(void)
{
    int fd = make_file("f", 1, 0);
    char *block = malloc(PAGE);
    fill_pattern(block, 1, 2 * PAGE, PAGE);
    CHECK_IS(pwrite(fd, block, PAGE, 2 * PAGE), PAGE);
    CHECK_IS(truncate("f", N), 0);
    uint8_t *p = deferred(N);
    memset(p, 0xaa, N);
    CHECK_IS(pread(fd, p, N, 0), N);
    overwrite("f", 2, 0, N); /* fills the holes */
    CHECK(is_all(p, 0, 2 * PAGE));
    CHECK(is_pattern(p + 2 * PAGE, 1, 2 * PAGE, PAGE));
    CHECK(is_all(p + 3 * PAGE, 0, N - 3 * PAGE));
}

static void r5_unaligned(void)
{
    int fd = make_file("f", 1, N);
    static const size_t offsets[] = {0, 1, 777, 4095, 4096, 5000}, lengths[] = {1, 100, 4096, 12345, 40000},
                        places[] = {0, 1, 4093, 4096, 6000};
    for (size_t i = 0; i < sizeof offsets / sizeof offsets[0]; i++)
        for (size_t j = 0; j < sizeof lengths / sizeof lengths[0]; j++)
            for (size_t k = 0; k < sizeof places / sizeof places[0]; k++) {
                size_t o = offsets[i], n = lengths[j], at = places[k];
                uint8_t *p = deferred(14 * PAGE);
                memset(p, 0xaa, 14 * PAGE);
                CHECK_IS(pread(fd, p + at, n, (off_t)o), n);
                CHECK(is_all(p, 0xaa, at));
                CHECK(is_pattern(p + at, 1, o, n));
                CHECK(is_all(p + at + n, 0xaa, 14 * PAGE - at - n));
                CHECK_IS(segdetach(p), 0);
            }
}

static void r5_many_pieces(void) { /* adjacent ones, and more than a page may have */
    int fd = make_file("f", 1, N);
    uint8_t *p = deferred(N);
    for (size_t at = 0; at < N; at += 1000)
        CHECK_IS(pread(fd, p + at, 1000, (off_t)at), N - at < 1000 ? N - at : 1000);
    overwrite_f(NULL);
    CHECK(is_pattern(p, 1, 0, N));
    for (size_t i = 0; i < 1000; i++) /* backwards: no two adjoin in the file */
        CHECK_IS(pread(fd, p + i * 2, 2, (off_t)(10000 - i * 2)), 2);
    overwrite("f", 3, 0, N);
    for (size_t i = 0; i < 1000; i++)
        CHECK(is_pattern(p + i * 2, 2, 10000 - i * 2, 2));
    CHECK(is_pattern(p + 2000, 1, 2000, N - 2000));
}

static void r8_read_over(void)
{
    int f = make_file("f", 1, N), g = make_file("g", 2, N);
    uint8_t *p = read_whole(f, N);
    size_t at = 5 * PAGE + 50, n = 6 * PAGE + 77;
    CHECK_IS(pread(g, p + at, n, (off_t)at), n);
    overwrite("f", 8, 0, N);
    overwrite("g", 9, 0, N);
    CHECK(is_pattern(p, 1, 0, at));
    CHECK(is_pattern(p + at, 2, at, n));
    CHECK(is_pattern(p + at + n, 1, at + n, N - at - n));
}

static void r8_zeros(void)
{
    int f = make_file("f", 1, N), zero = open("/dev/zero", O_RDONLY);
    uint8_t *p = read_whole(f, N);
    size_t at = PAGE + 50, n = 3 * PAGE + 77, at2 = 10 * PAGE - 1, n2 = PAGE + 2;
    p[at + 10] = 0xee;
    CHECK_IS(read(zero, p + at, n), n);
    CHECK_IS(segfree(p + at2, n2), 0);
    overwrite("f", 8, 0, N);
    CHECK(is_pattern(p, 1, 0, at));
    CHECK(is_all(p + at, 0, n));
    CHECK(is_pattern(p + at + n, 1, at + n, at2 - at - n));
    CHECK(is_all(p + at2, 0, n2));
    CHECK(is_pattern(p + at2 + n2, 1, at2 + n2, N - at2 - n2));
    p[at + n - 1] = 5;
    CHECK(is_all(p + at, 0, n - 1) && p[at + n - 1] == 5);
}

static void r8_segzero(void) { /* as memset: bytes outside stay, what was read or stored inside is gone */
    static const size_t places[][2] = {{0, 1}, {100, 50}, {4000, 200}, {4096, 4096}, {5000, 20000}, {1, N - 1}, {N - 7, 7}};
    int f = make_file("f", 1, N);
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        size_t at = places[i][0], n = places[i][1];
        uint8_t *p = read_whole(f, N);
        p[at] = 0xee;
        CHECK(is_pattern(p + N - 1, 1, N - 1, at < N - 1)); /* the last page is resident */
        CHECK_IS(segzero(p + at, n), 0);
        CHECK(is_pattern(p, 1, 0, at));
        CHECK(is_all(p + at, 0, n));
        CHECK(is_pattern(p + at + n, 1, at + n, N - at - n));
        CHECK_IS(pwrite(f, p, N, 0), N);
        uint8_t *back = malloc(N);
        CHECK_IS(pread(f, back, N, 0), N);
        CHECK(memcmp(back, p, N) == 0);
        free(back);
        CHECK_IS(segdetach(p), 0);
        close(f);
        f = make_file("f", 1, N);
    }
    CHECK_IS(segzero((void *)8, 1), -1);
    CHECK_IS(errno, EFAULT);
    uint8_t *r = segattach(SG_RONLY, "defer", NULL, PAGE);
    CHECK_IS(segzero(r, 1), -1);
}

static void r8_memset_and_calloc(void)
{
    static void *(*volatile any_memset)(void *, int, size_t) = memset;
    enum { BIG = 40 * 4096 };
    int f = make_file("f", 1, BIG);
    uint8_t *p = read_whole(f, BIG);
    CHECK(any_memset(p + 100, 0, BIG - 300) == p + 100);
    overwrite("f", 2, 0, N);
    CHECK(is_pattern(p, 1, 0, 100));
    CHECK(is_all(p + 100, 0, BIG - 300));
    CHECK(is_pattern(p + BIG - 200, 1, BIG - 200, 200));
    any_memset(p, 7, BIG);
    CHECK(is_all(p, 7, BIG));
    CHECK_IS(malloc_deferred(4 * BIG), 0);
    uint8_t *m = malloc(BIG);
    CHECK_IS(pread(f, m, BIG, 0), BIG);
    free(m);
    m = calloc(BIG, 1);
    CHECK(m && is_all(m, 0, BIG));
    m[5] = 1;
    CHECK(m[5] == 1 && is_all(m + 6, 0, BIG - 6));
}

static void r9_two_places_and_overlap(void)
{
    int f = make_file("f", 1, N);
    uint8_t *p = deferred(3 * N);
    CHECK_IS(pread(f, p, N, 0), N);
    CHECK_IS(pread(f, p + N + 5, N, 0), N);
    p[100] = 0;
    overwrite("f", 2, 0, N);
    CHECK(is_pattern(p + N + 5, 1, 0, N)); /* not touched by the store */
    size_t at = 3 * PAGE + 9;
    CHECK_IS(pread(f, p + at, 5 * PAGE, 100), 5 * PAGE);
    CHECK_IS(pread(f, p + at + 200, 3 * PAGE, 0), 3 * PAGE);
    overwrite("f", 3, 0, N);
    CHECK(is_pattern(p + 101, 1, 101, at - 101));
    CHECK(is_pattern(p + at, 2, 100, 200));
    CHECK(is_pattern(p + at + 200, 2, 0, 3 * PAGE));
    CHECK(is_pattern(p + at + 200 + 3 * PAGE, 2, 300 + 3 * PAGE, 2 * PAGE - 200));
    CHECK(is_pattern(p + at + 5 * PAGE, 1, at + 5 * PAGE, N - at - 5 * PAGE));
}

static void r10_conventional_files(void)
{
    int fds[2];
    uint8_t *p = deferred(N);
    CHECK_IS(pipe(fds), 0);
    memset(p, 0xaa, 100);
    CHECK_IS(write(fds[1], "through a pipe", 14), 14);
    CHECK_IS(read(fds[0], p + 4, 100), 14);
    CHECK(memcmp(p + 4, "through a pipe", 14) == 0 && is_all(p + 18, 0xaa, 82));
    struct tarry_stat *st = (struct tarry_stat *)(p + 8192);
    close(make_file("only", 1, 10));
    int d = open(".", O_RDONLY);
    CHECK_IS(read(d, st, 4 * sizeof *st), sizeof *st);
    CHECK_IS(strcmp(st->name, "only"), 0);
}

/* ---- S: storing ---- */

static void s2_store_detaches(void)
{
    int f = make_file("f", 1, N);
    uint8_t *p = read_whole(f, N);
    p[2 * PAGE + 5] = 0x55; /* a page that was not touched before */
    CHECK(is_pattern(p + 4 * PAGE, 1, 4 * PAGE, PAGE));
    p[4 * PAGE] = 0x66; /* one that was */
    CHECK(file_is_pattern("f", 1, N));
    overwrite("f", 2, 0, N);
    CHECK(p[2 * PAGE + 5] == 0x55 && p[4 * PAGE] == 0x66);
    p[2 * PAGE + 5] = pattern(1, 2 * PAGE + 5);
    p[4 * PAGE] = pattern(1, 4 * PAGE);
    CHECK(is_pattern(p, 1, 0, N));
    CHECK(file_is_pattern("f", 2, N));
}

struct fork_case {
    uint8_t *p;
    int hear[2];
};

static void s4_child(void *arg)
{
    struct fork_case *c = arg;
    char x;
    read(c->hear[0], &x, 1); /* the parent has overwritten the file and stored */
    if (!is_pattern(c->p, 1, 0, N))
        exits("the child does not see the file as it was read");
    memset(c->p + 7 * PAGE, 0xcc, PAGE);
    int fd = open("f", O_RDONLY);
    if (pread(fd, c->p, PAGE + 9, 0) != (ssize_t)PAGE + 9 || !is_pattern(c->p, 2, 0, PAGE + 9))
        exits("the child's own read");
}

static void s4_fork(void)
{
    struct fork_case c;
    int f = make_file("f", 1, N);
    c.p = read_whole(f, N);
    CHECK(is_pattern(c.p + PAGE, 1, PAGE, 2 * PAGE)); /* some resident */
    CHECK_IS(pipe(c.hear), 0);
    int pid = fork();
    if (pid == 0) {
        s4_child(&c);
        exits("");
    }
    overwrite("f", 2, 0, N);
    memset(c.p + 2 * PAGE, 0xdd, PAGE);
    CHECK_IS(write(c.hear[1], "x", 1), 1);
    struct waitmsg w;
    CHECK_IS(await(&w), pid);
    if (w.status[0])
        puts(w.status);
    CHECK_IS(strcmp(w.status, ""), 0);
    CHECK(is_all(c.p + 2 * PAGE, 0xdd, PAGE));
    fill_pattern(c.p + 2 * PAGE, 1, 2 * PAGE, PAGE);
    CHECK(is_pattern(c.p, 1, 0, N));
}

static void s4_shared_child(void *arg)
{
    uint8_t *p = arg;
    int fd = open("f", O_RDONLY);
    p[0] = 0x77;
    if (pread(fd, p + PAGE, PAGE, 0) != (ssize_t)PAGE)
        exits("read");
}

static void s4_shared(void)
{
    int f = make_file("f", 1, N);
    uint8_t *p = segattach(SG_SHARED, "defer", NULL, N);
    CHECK((intptr_t)p != -1);
    CHECK_IS(pread(f, p, N, 0), N);
    CHECK_IS(strcmp(in_child(s4_shared_child, p), ""), 0);
    CHECK_IS(p[0], 0x77);
    CHECK(is_pattern(p + PAGE, 1, 0, PAGE));
    CHECK(is_pattern(p + 2 * PAGE, 1, 2 * PAGE, N - 2 * PAGE));
}

static void s4_generations(void *arg)
{
    uint8_t *p = arg;
    p[3 * PAGE] = 0x33;
    if (fork() == 0) {
        p[4 * PAGE] = 0x44;
        exits(p[3 * PAGE] == 0x33 && is_pattern(p + 5 * PAGE, 1, 5 * PAGE, N - 5 * PAGE) ? "" : "grandchild");
    }
    struct waitmsg w;
    if (await(&w) < 0 || w.status[0] || p[4 * PAGE] != pattern(1, 4 * PAGE))
        exits("child");
}

static void s4_grandchildren(void)
{
    int f = make_file("f", 1, N);
    uint8_t *p = read_whole(f, N);
    for (int i = 0; i < 5; i++)
        CHECK_IS(strcmp(in_child(s4_generations, p), ""), 0);
    overwrite("f", 2, 0, N);
    CHECK_IS(strcmp(in_child(s4_generations, p), ""), 0);
    CHECK(is_pattern(p, 1, 0, N));
}

/* ---- W: writing ---- */

static void w1_unchanged(void)
{
    int f = make_file("f", 1, N);
    uint8_t *p = read_whole(f, N);
    CHECK(is_pattern(p + PAGE, 1, PAGE, 3 * PAGE));
    uint64_t before = version("f");
    CHECK_IS(pwrite(f, p, N, 0), N);
    CHECK_IS(version("f"), before + 1); /* W2 */
    CHECK(file_is_pattern("f", 1, N));
    CHECK(is_pattern(p, 1, 0, N));
}

static void w2_permission(void)
{
    int f = make_file("f", 1, N);
    uint8_t *p = read_whole(f, N);
    int r = open("f", O_RDONLY);
    uint64_t before = version("f");
    CHECK_IS(pwrite(r, p, N, 0), -1);
    CHECK_IS(pwrite(99, p, N, 0), -1);
    CHECK_IS(version("f"), before);
    nsleep(1000000);
    struct tarry_stat a, b;
    CHECK_IS(dirstat("f", &a), 0);
    CHECK_IS(pwrite(f, p, N, 0), N);
    CHECK_IS(dirstat("f", &b), 0);
    CHECK(b.mtime_ns > a.mtime_ns);
}

static void w3_old_over_new(void)
{
    int f = make_file("f", 1, N);
    uint8_t *p = read_whole(f, N);
    CHECK(is_pattern(p + PAGE, 1, PAGE, PAGE)); /* one page resident, the others not */
    overwrite("f", 2, 0, N);
    CHECK_IS(pwrite(f, p, N, 0), N);
    CHECK(file_is_pattern("f", 1, N));
    CHECK(is_pattern(p, 1, 0, N));
}

static void w3_same_bytes_again(void) { /* written by another, but equal; and a part of a block only */
    int f = make_file("f", 1, N);
    uint8_t *p = read_whole(f, N);
    overwrite("f", 1, 0, N);
    overwrite("f", 2, 5 * PAGE + 10, 20);
    CHECK_IS(pwrite(f, p, N, 0), N);
    CHECK(file_is_pattern("f", 1, N));
}

static void w3_cwrite_by_version(void) { /* the extension: a conflict is reported */
    struct tarry_stat st;
    int f = make_file("f", 1, N);
    CHECK_IS(dirfstat(f, &st), 0);
    uint8_t *p = read_whole(f, N);
    p[3 * PAGE] = 0x33;
    CHECK_IS(cwrite(f, p, N, 0, st.version), N);
    CHECK_IS(version("f"), st.version + 1);
    p[4 * PAGE] = 0x44;
    CHECK_IS(cwrite(f, p, N, 0, st.version + 1), N);
    overwrite("f", 2, 5 * PAGE, 10);
    p[6 * PAGE] = 0x66;
    CHECK_IS(cwrite(f, p, N, 0, st.version + 2), -1);
    CHECK_IS(errno, ESTALE);
    uint8_t *back = malloc(N);
    CHECK_IS(pread(f, back, N, 0), N);
    CHECK(back[3 * PAGE] == 0x33 && back[4 * PAGE] == 0x44 && is_pattern(back + 5 * PAGE, 2, 5 * PAGE, 10));
    CHECK_IS(back[6 * PAGE], pattern(1, 6 * PAGE));
    CHECK_IS(cwrite(f, p, N, 0, version("f")), N);
    CHECK_IS(pread(f, back, N, 0), N);
    CHECK(memcmp(back, p, N) == 0);
    CHECK_IS(cwrite(open("f", O_RDONLY), p, N, 0, version("f")), -1);
    CHECK_IS(errno, EBADF);
    CHECK_IS(cwrite(1, p, N, 0, 0), -1);
    CHECK_IS(errno, EINVAL);
}

static void w3_cwrite_by_blocks(void)
{
    int f = make_file("f", 1, N);
    uint8_t *p = segattach(0, "defer:deferred", NULL, N);
    CHECK((intptr_t)p != -1);
    CHECK_IS(pread(f, p, N, 0), N);
    p[3 * PAGE] = 0x33;
    overwrite("f", 2, 15 * PAGE, 10); /* in the file, but not in what is written */
    CHECK_IS(cwrite(f, p, 10 * PAGE, 0, CWRITE_READ), 10 * PAGE);
    CHECK_IS(cwrite(f, p, N, 0, CWRITE_READ), -1);
    CHECK_IS(errno, ESTALE);
    p[5 * PAGE] = 0x55; /* a page that does not know any more what it was read from */
    overwrite("f", 2, 5 * PAGE + 100, 10);
    CHECK_IS(cwrite(f, p, 10 * PAGE, 0, CWRITE_READ), -1);
    CHECK_IS(cwrite(f, p, 5 * PAGE, 0, CWRITE_READ), 5 * PAGE);
    CHECK_IS(cwrite(f, p + PAGE, PAGE, 0, CWRITE_READ), -1); /* another place */
    CHECK_IS(pread(f, p, N, 0), N);
    CHECK(p[3 * PAGE] == 0x33 && is_pattern(p + 5 * PAGE + 100, 2, 5 * PAGE + 100, 10));
    CHECK_IS(truncate("f", 8 * PAGE), 0);
    CHECK_IS(cwrite(f, p, 10 * PAGE, 0, CWRITE_READ), -1);
    CHECK_IS(cwrite(f, p, 8 * PAGE, 0, CWRITE_READ), 8 * PAGE);
    uint8_t *plain = malloc(PAGE);
    CHECK_IS(cwrite(f, plain, PAGE, 0, CWRITE_READ), -1); /* nothing is known of it */
    CHECK_IS(errno, ESTALE);
}

static void w4_again_and_again(void)
{
    int f = make_file("f", 1, N);
    uint8_t *p = read_whole(f, N);
    uint8_t *model = malloc(N), *back = malloc(N);
    fill_pattern(model, 1, 0, N);
    for (unsigned i = 0; i < 12; i++) {
        size_t at = (i * 7919) % (N - 10);
        p[at] = model[at] = (uint8_t)(0xf0 + i);
        if (i % 3 == 2) {
            p[at + 3] = model[at + 3] = (uint8_t)i;
            overwrite("f", 30 + i, (i % 5) * PAGE, 100); /* to be undone by the write */
        }
        CHECK_IS(pwrite(f, p, N, 0), N);
        CHECK_IS(pread(f, back, N, 0), N);
        CHECK(memcmp(back, model, N) == 0);
        CHECK(memcmp(p, model, N) == 0);
    }
}

static void w4_clean_after_write(void) { /* what was written back is the buffer's still, whatever the file becomes */
    int f = make_file("f", 1, N);
    uint8_t *p = read_whole(f, N);
    memset(p + 2 * PAGE, 0x22, PAGE);
    CHECK_IS(pwrite(f, p, N, 0), N);
    overwrite("f", 9, 0, N);
    CHECK(is_all(p + 2 * PAGE, 0x22, PAGE));
    p[2 * PAGE] = 0x23;
    CHECK_IS(p[2 * PAGE + 1], 0x22);
    fill_pattern(p + 2 * PAGE, 1, 2 * PAGE, PAGE);
    CHECK(is_pattern(p, 1, 0, N));
}

static void w4_part(void) { /* a write of a part; its edges are within pages */
    int f = make_file("f", 1, N);
    uint8_t *p = read_whole(f, N);
    size_t at = 2 * PAGE + 100, n = 3 * PAGE;
    memset(p + at - 50, 0x44, 100);
    memset(p + at + n - 50, 0x44, 100);
    CHECK_IS(pwrite(f, p + at, n, (off_t)at), n);
    uint8_t *back = malloc(N);
    CHECK_IS(pread(f, back, N, 0), N);
    CHECK(is_pattern(back, 1, 0, at));
    CHECK(is_all(back + at, 0x44, 50));
    CHECK(is_pattern(back + at + 50, 1, at + 50, n - 100));
    CHECK(is_all(back + at + n - 50, 0x44, 50));
    CHECK(is_pattern(back + at + n, 1, at + n, N - at - n));
    overwrite("f", 2, 0, N);
    CHECK(is_all(p + at - 50, 0x44, 100) && is_all(p + at + n - 50, 0x44, 100));
    CHECK(is_pattern(p + at + 50, 1, at + 50, n - 100));
}

static void w5_elsewhere(void)
{
    int f = make_file("f", 1, N), g = make_file("g", 2, 100);
    uint8_t *p = read_whole(f, N);
    CHECK_IS(pwrite(g, p, N, 0), N);
    CHECK(file_is_pattern("g", 1, N));
    CHECK_IS(pwrite(g, p, N, N), N);         /* another offset, not congruent */
    CHECK_IS(pwrite(f, p, N, 32 * PAGE), N); /* congruent */
    overwrite("f", 3, 0, N);
    uint8_t *back = malloc(N);
    CHECK_IS(pread(g, back, N, N), N);
    CHECK(is_pattern(back, 1, 0, N));
    CHECK_IS(pread(f, back, N, 32 * PAGE), N);
    CHECK(is_pattern(back, 1, 0, N));
    CHECK_IS(pread(f, back, N, 0), N);
    CHECK(is_pattern(back, 3, 0, N));
    CHECK(is_pattern(p, 1, 0, N));
    overwrite("g", 4, 0, N); /* blocks that were shared are not */
    CHECK(is_pattern(p, 1, 0, N));
    CHECK_IS(pread(f, back, N, 32 * PAGE), N);
    CHECK(is_pattern(back, 1, 0, N));
}

static void w5_removed_and_made_again(void) { /* identity, not name */
    int f = make_file("f", 1, N);
    uint8_t *p = read_whole(f, N);
    close(f);
    CHECK_IS(remove("f"), 0);
    f = make_file("f", 2, N);
    CHECK_IS(pwrite(f, p, N, 0), N);
    CHECK(file_is_pattern("f", 1, N));
}

static void w6_preserve_once_is_enough(void) { /* many writes to blocks that two snapshots hold */
    int f = make_file("f", 1, N);
    uint8_t *a = read_whole(f, N);
    for (unsigned i = 2; i < 6; i++)
        overwrite("f", i, PAGE, 5 * PAGE);
    uint8_t *b = read_whole(f, N);
    for (unsigned i = 6; i < 10; i++)
        overwrite("f", i, 3 * PAGE + 5, 5 * PAGE);
    CHECK(is_pattern(a, 1, 0, N));
    CHECK(is_pattern(b, 1, 0, PAGE));
    CHECK(is_pattern(b + PAGE, 5, PAGE, 5 * PAGE));
    CHECK(is_pattern(b + 6 * PAGE, 1, 6 * PAGE, N - 6 * PAGE));
}

static void w7_over_itself(void)
{
    static const long shifts[] = {1, 100, 4096, 5000, 3 * 4096, -1, -100, -4096, -9000};
    for (size_t i = 0; i < sizeof shifts / sizeof shifts[0]; i++) {
        int f = make_file("f", 1, N);
        uint8_t *p = read_whole(f, N), *back = malloc(N);
        size_t from = shifts[i] < 0 ? (size_t)-shifts[i] : 0, to = shifts[i] > 0 ? (size_t)shifts[i] : 0,
               n = N - from - to;
        CHECK_IS(pwrite(f, p + from, n, (off_t)to), n);
        CHECK_IS(pread(f, back, N, 0), N);
        CHECK(is_pattern(back, 1, 0, to));
        CHECK(is_pattern(back + to, 1, from, n));
        CHECK(is_pattern(p, 1, 0, N));
        CHECK_IS(pwrite(f, p, N, 0), N); /* and put it right again */
        CHECK(file_is_pattern("f", 1, N));
        free(back);
        CHECK_IS(segdetach(p), 0);
        close(f);
    }
}

static void w_append_and_extend(void)
{
    int f = make_file("f", 1, N);
    uint8_t *p = read_whole(f, N);
    int a = open("f", O_WRONLY | O_APPEND);
    CHECK_IS(pwrite(a, p, N, 0), N); /* at the end: nothing is skipped */
    uint8_t *back = malloc(2 * N + 1);
    CHECK_IS(pread(f, back, 2 * N + 1, 0), 2 * N);
    CHECK(is_pattern(back, 1, 0, N) && is_pattern(back + N, 1, 0, N));
    CHECK_IS(truncate("f", 100), 0);
    CHECK_IS(pwrite(f, p, N, 0), N); /* over a file that is shorter now */
    CHECK(file_is_pattern("f", 1, N));
    CHECK_IS(truncate("f", 10 * PAGE + 5), 0);
    CHECK_IS(truncate("f", N), 0);
    CHECK_IS(pwrite(f, p, 11 * PAGE, 0), 11 * PAGE); /* the block at the cut and its zeros */
    CHECK_IS(pread(f, back, N, 0), N);
    CHECK(is_pattern(back, 1, 0, 11 * PAGE) && is_all(back + 11 * PAGE, 0, N - 11 * PAGE));
}

static void w_from_zeros(void) { /* pages that nothing was read into */
    int f = make_file("f", 1, N);
    uint8_t *p = deferred(N);
    p[5 * PAGE] = 0x55;
    CHECK_IS(pwrite(f, p, N, 0), N);
    uint8_t *back = malloc(N);
    CHECK_IS(pread(f, back, N, 0), N);
    CHECK_IS(back[5 * PAGE], 0x55);
    back[5 * PAGE] = 0;
    CHECK(is_all(back, 0, N));
}

/* ---- all together, at random ---- */

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

static void random_operations(void)
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

#define T(name)                                                                                                        \
    { #name, name }

static const struct test tests[] = {
    T(r1_same_process),
    T(r1_other_process),
    T(r1_several_moments),
    T(r2_remove_truncate_close),
    T(r2_offset),
    T(r3_short_read),
    T(r4_holes),
    T(r5_unaligned),
    T(r5_many_pieces),
    T(r8_read_over),
    T(r8_zeros),
    T(r8_segzero),
    T(r8_memset_and_calloc),
    T(r9_two_places_and_overlap),
    T(r10_conventional_files),
    T(s2_store_detaches),
    T(s4_fork),
    T(s4_shared),
    T(s4_grandchildren),
    T(w1_unchanged),
    T(w2_permission),
    T(w3_old_over_new),
    T(w3_same_bytes_again),
    T(w3_cwrite_by_version),
    T(w3_cwrite_by_blocks),
    T(w4_again_and_again),
    T(w4_clean_after_write),
    T(w4_part),
    T(w5_elsewhere),
    T(w5_removed_and_made_again),
    T(w6_preserve_once_is_enough),
    T(w7_over_itself),
    T(w_append_and_extend),
    T(w_from_zeros),
    T(random_operations),
};

static const char help[] =
    "defertests [--seed S] [--rounds N] [NAME...]\n"
    "Runs the tests of those names, or all; seed and number of operations are random_operations'.";

int main(int argc, char **argv)
{
    if (help_asked(argc, argv, help))
        return 0;
    while (argc > 1 && argv[1][0] == '-') {
        uint64_t *n = strcmp(argv[1], "--seed") == 0 ? &seed : strcmp(argv[1], "--rounds") == 0 ? &rounds : NULL;
        if (!n || argc == 2 || !parse_number(argv[2], n) || !seed)
            usage(help);
        argc -= 2;
        argv += 2;
    }
    return run_tests("defertests", tests, sizeof tests / sizeof tests[0], argc, argv);
}
