/* SPDX-License-Identifier: GPL-2.0-only */
/* defertests: R: reading. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "defertests.h"

void r1_same_process(void)
{
    int fd = make_file("f", 1, N);
    uint8_t *p = read_whole(fd, N);
    CHECK(is_pattern(p + 3 * PAGE, 1, 3 * PAGE, 10));
    overwrite_f(NULL);
    CHECK(is_pattern(p, 1, 0, N));
    CHECK(file_is_pattern("f", 2, N));
}

void r1_other_process(void)
{
    int fd = make_file("f", 1, N);
    uint8_t *p = read_whole(fd, N);
    CHECK(is_pattern(p + 3 * PAGE, 1, 3 * PAGE, 10));
    CHECK_IS(strcmp(in_child(overwrite_f, NULL), ""), 0);
    CHECK(is_pattern(p, 1, 0, N));
}

void r1_several_moments(void) { /* each read has its own */
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

void r2_remove_truncate_close(void)
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

void r2_offset(void)
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

void r3_short_read(void)
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

void r4_holes(void)
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

void r5_unaligned(void)
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

void r5_many_pieces(void) { /* adjacent ones, and more than a page may have */
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

void r8_read_over(void)
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

void r8_zeros(void)
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

void r8_segzero(void) { /* as memset: bytes outside stay, what was read or stored inside is gone */
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

void r8_memset_and_calloc(void)
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

void r9_two_places_and_overlap(void)
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

void r10_conventional_files(void)
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
