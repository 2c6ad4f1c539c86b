/* SPDX-License-Identifier: GPL-2.0-only */
/* defertests: S: storing. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "defertests.h"

void s2_store_detaches(void)
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

void s4_fork(void)
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

void s4_shared(void)
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

void s4_grandchildren(void)
{
    int f = make_file("f", 1, N);
    uint8_t *p = read_whole(f, N);
    for (int i = 0; i < 5; i++)
        CHECK_IS(strcmp(in_child(s4_generations, p), ""), 0);
    overwrite("f", 2, 0, N);
    CHECK_IS(strcmp(in_child(s4_generations, p), ""), 0);
    CHECK(is_pattern(p, 1, 0, N));
}
