/* SPDX-License-Identifier: GPL-2.0-only */
/* defertests: W: writing. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "defertests.h"

void w1_unchanged(void)
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

void w2_permission(void)
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

void w3_old_over_new(void)
{
    int f = make_file("f", 1, N);
    uint8_t *p = read_whole(f, N);
    CHECK(is_pattern(p + PAGE, 1, PAGE, PAGE)); /* one page resident, the others not */
    overwrite("f", 2, 0, N);
    CHECK_IS(pwrite(f, p, N, 0), N);
    CHECK(file_is_pattern("f", 1, N));
    CHECK(is_pattern(p, 1, 0, N));
}

void w3_same_bytes_again(void) { /* written by another, but equal; and a part of a block only */
    int f = make_file("f", 1, N);
    uint8_t *p = read_whole(f, N);
    overwrite("f", 1, 0, N);
    overwrite("f", 2, 5 * PAGE + 10, 20);
    CHECK_IS(pwrite(f, p, N, 0), N);
    CHECK(file_is_pattern("f", 1, N));
}

void w3_cwrite_by_version(void) { /* the extension: a conflict is reported */
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

void w3_cwrite_by_blocks(void)
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

void w4_again_and_again(void)
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

void w4_clean_after_write(void) { /* what was written back is the buffer's still, whatever the file becomes */
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

void w4_part(void) { /* a write of a part; its edges are within pages */
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

void w5_elsewhere(void)
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

void w5_removed_and_made_again(void) { /* identity, not name */
    int f = make_file("f", 1, N);
    uint8_t *p = read_whole(f, N);
    close(f);
    CHECK_IS(remove("f"), 0);
    f = make_file("f", 2, N);
    CHECK_IS(pwrite(f, p, N, 0), N);
    CHECK(file_is_pattern("f", 1, N));
}

void w6_preserve_once_is_enough(void) { /* many writes to blocks that two snapshots hold */
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

void w7_over_itself(void)
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

void w_append_and_extend(void)
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

void w_from_zeros(void) { /* pages that nothing was read into */
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
