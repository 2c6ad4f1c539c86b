/* SPDX-License-Identifier: GPL-2.0-only */
/* usertests: processes, pipes. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "usertests.h"

/* ---- processes ---- */

static void say_status(void *text)
{
    exits(text);
}

void statuses(void)
{
    CHECK_IS(strcmp(in_child(say_status, ""), ""), 0);
    CHECK_IS(strcmp(in_child(say_status, NULL), ""), 0);
    CHECK_IS(strcmp(in_child(say_status, "42"), "42"), 0);
    CHECK_IS(strcmp(in_child(say_status, "a text, with spaces"), "a text, with spaces"), 0);
    CHECK_IS(exit_code("42"), 42);
    CHECK_IS(exit_code(""), 0);
    CHECK_IS(exit_code("256"), 1);
    CHECK_IS(exit_code("wrong"), 1);
    struct waitmsg w;
    CHECK_IS(await(&w), -1);
    CHECK_IS(errno, ECHILD);
    int status;
    if (fork() == 0)
        exit(7);
    CHECK(wait(&status) > 0);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
}

void many_children(void)
{
    enum { N = 20 };
    int pids[N], seen = 0;
    struct waitmsg w;
    for (int i = 0; i < N; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            nsleep((uint64_t)((i * 7) % N) * 100000);
            _exit(i);
        }
        CHECK(pids[i] > 0);
    }
    while (await(&w) > 0) {
        int i = 0;
        while (i < N && pids[i] != w.pid)
            i++;
        CHECK(i < N);
        CHECK_IS(exit_code(w.status), i);
        pids[i] = 0;
        seen++;
    }
    CHECK_IS(seen, N);
}

void fork_often(void) { /* what a process holds is free again when it has ended */
    for (int i = 0; i < 300; i++) {
        int pid = fork();
        if (pid == 0) {
            big[(size_t)i * 100 % sizeof big] = 1;
            exits("");
        }
        CHECK(pid > 0);
        CHECK_IS(waitpid(pid, NULL, 0), pid);
    }
}

static int grandchildren(int depth)
{
    struct waitmsg w;
    int n = 1;
    if (depth == 0)
        return n;
    for (int i = 0; i < 2; i++)
        if (fork() == 0)
            _exit(grandchildren(depth - 1));
    while (await(&w) > 0)
        n += exit_code(w.status);
    return n;
}

void tree_of_children(void)
{
    CHECK_IS(grandchildren(3), 15);
}

void not_awaited(void)
{
    struct waitmsg w;
    if (rfork(RFPROC | RFFDG | RFNOWAIT) == 0)
        exits("nobody asks");
    CHECK_IS(await(&w), -1);
    CHECK_IS(errno, ECHILD);
}

void copy_on_write(void)
{
    int fds[2], more[2];
    char c;
    static char mine[3 * 4096];
    fill_pattern(mine, 1, 0, sizeof mine);
    CHECK_IS(pipe(fds), 0);
    CHECK_IS(pipe(more), 0);
    int pid = fork();
    if (pid == 0) {
        if (!is_pattern(mine, 1, 0, sizeof mine))
            exits("child does not see what was there before the fork");
        memset(mine, 2, 4096 + 10);
        write(fds[1], "x", 1);
        read(more[0], &c, 1);
        exits(is_all(mine, 2, 4106) && is_pattern(mine + 4106, 1, 4106, sizeof mine - 4106)
                  ? ""
                  : "child sees the parent's stores");
    }
    CHECK_IS(read(fds[0], &c, 1), 1);
    CHECK(is_pattern(mine, 1, 0, sizeof mine));
    memset(mine, 3, sizeof mine);
    write(more[1], "x", 1);
    struct waitmsg w;
    CHECK_IS(await(&w), pid);
    CHECK_IS(strcmp(w.status, ""), 0);
    CHECK(is_all(mine, 3, sizeof mine));
}

void shared_descriptors(void)
{
    struct waitmsg w;
    int fd = make_file("f", 1, 100);
    CHECK_IS(lseek(fd, 0, SEEK_SET), 0);
    if (rfork(RFPROC) == 0) { /* the table itself is shared */
        close(fd);
        exits("");
    }
    CHECK(await(&w) > 0);
    CHECK_IS(lseek(fd, 0, SEEK_CUR), -1);
    CHECK_IS(errno, EBADF);
    fd = open("f", O_RDONLY);
    if (rfork(RFPROC | RFFDG) == 0) { /* a copy; but the offset is the open file's */
        lseek(fd, 10, SEEK_SET);
        close(fd);
        exits("");
    }
    CHECK(await(&w) > 0);
    CHECK_IS(lseek(fd, 0, SEEK_CUR), 10);
}

void kills(void)
{
    struct waitmsg w;
    int pid = fork();
    if (pid == 0)
        for (;;)
            ;
    nsleep(1000000); /* the child spins: it is preempted, or this would never go on */
    CHECK_IS(kill(pid, 9), 0);
    CHECK_IS(await(&w), pid);
    CHECK(w.status[0] != 0);
    pid = fork();
    if (pid == 0)
        nsleep(1000000000000);
    nsleep(1000000);
    CHECK_IS(kill(pid, 9), 0);
    CHECK_IS(await(&w), pid);
    CHECK(w.status[0] != 0);
}

void preemption(void) { /* two that never give the hart away both get on */
    volatile long *counts = segattach(SG_SHARED, "memory", NULL, PAGE);
    int pids[2];
    CHECK((intptr_t)counts != -1);
    for (int i = 0; i < 2; i++) {
        pids[i] = fork();
        if (pids[i] == 0)
            for (;;)
                counts[i]++;
    }
    nsleep(100000000);
    CHECK(counts[0] > 1000);
    CHECK(counts[1] > 1000);
    kill(pids[0], 9);
    kill(pids[1], 9);
    while (wait(NULL) > 0)
        ;
}

void time_passes(void)
{
    uint64_t before = nsec();
    CHECK_IS(nsleep(5000000), 0);
    uint64_t after = nsec();
    CHECK(after - before >= 5000000);
    CHECK(nsec() >= after);
    CHECK_IS(nsleep(0), 0);
}

static double converge(double x)
{
    for (int i = 0; i < 30000; i++)
        x = x * 0.5 + 1.0 / (1.0 + x * x);
    return x;
}

void floating_point(void) { /* each process has its own registers */
    double alone[3], seeds[3] = {0.25, 7.5, 1e9};
    for (int i = 0; i < 3; i++)
        alone[i] = converge(seeds[i]);
    for (int i = 0; i < 3; i++)
        if (fork() == 0) {
            for (int round = 0; round < 10; round++) {
                nsleep(0);
                if (converge(seeds[i]) != alone[i])
                    exits("registers of another process");
            }
            exits("");
        }
    struct waitmsg w;
    while (await(&w) > 0)
        CHECK_IS(strcmp(w.status, ""), 0);
}


/* ---- pipes ---- */

void pipes(void)
{
    enum { N = 200000 };
    int fds[2];
    char buf[777];
    CHECK_IS(pipe(fds), 0);
    if (fork() == 0) {
        close(fds[0]);
        for (size_t at = 0; at < N;) {
            size_t n = 1 + at % 5000 < N - at ? 1 + at % 5000 : N - at;
            fill_pattern(big, 5, at, n);
            if (write_all(fds[1], big, n) < 0)
                exits("write");
            at += n;
        }
        exits("");
    }
    close(fds[1]);
    size_t got = 0;
    ssize_t n;
    while ((n = read(fds[0], buf, sizeof buf)) > 0) {
        CHECK(is_pattern(buf, 5, got, (size_t)n));
        got += (size_t)n;
    }
    CHECK_IS(n, 0);
    CHECK_IS(got, N);
    wait(NULL);
    CHECK_IS(lseek(fds[0], 0, SEEK_SET), -1);
    CHECK_IS(errno, ESPIPE);
}

void closed_pipe(void)
{
    int fds[2];
    CHECK_IS(pipe(fds), 0);
    close(fds[0]);
    CHECK_IS(write(fds[1], "x", 1), -1);
    CHECK_IS(errno, EPIPE);
    close(fds[1]);
    /* a writer that sleeps in a full pipe is told too */
    CHECK_IS(pipe(fds), 0);
    int pid = fork();
    if (pid == 0) {
        close(fds[0]);
        exits(write_all(fds[1], big, sizeof big) < 0 || write_all(fds[1], big, sizeof big) < 0 ? "told" : "");
    }
    close(fds[1]);
    nsleep(1000000);
    close(fds[0]);
    struct waitmsg w;
    CHECK_IS(await(&w), pid);
    CHECK_IS(strcmp(w.status, "told"), 0);
}
