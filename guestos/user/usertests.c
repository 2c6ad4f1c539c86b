/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * usertests [NAME...]: what the kernel and the C library promise to programs, checked by a program. At the end it runs
 * notetests and defertests, which check notes and deferred I/O. Status 0 if all passed.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>
#include "tarry.h"
#include "testing.h"

#define PAGE ((size_t)TARRY_PAGE)

static char big[65536];

/* ---- files ---- */

static void files(void)
{
    char buf[16];
    int fd = open("f", O_RDWR | O_CREAT, 0644);
    CHECK(fd >= 0);
    CHECK_IS(write(fd, "hello world", 11), 11);
    CHECK_IS(lseek(fd, 6, SEEK_SET), 6);
    CHECK_IS(read(fd, buf, 16), 5);
    CHECK(memcmp(buf, "world", 5) == 0);
    CHECK_IS(read(fd, buf, 16), 0);
    CHECK_IS(lseek(fd, -4, SEEK_END), 7);
    CHECK_IS(lseek(fd, 1, SEEK_CUR), 8);
    CHECK_IS(pread(fd, buf, 5, 0), 5);
    CHECK_IS(lseek(fd, 0, SEEK_CUR), 8); /* pread leaves the offset alone */
    CHECK_IS(pwrite(fd, "W", 1, 6), 1);
    CHECK_IS(pread(fd, buf, 16, 6), 5);
    CHECK(memcmp(buf, "World", 5) == 0);
    CHECK_IS(lseek(fd, -1, SEEK_SET), -1);
    CHECK_IS(errno, EINVAL);
    close(fd);
    CHECK_IS(open("nothing", O_RDONLY), -1);
    CHECK_IS(errno, ENOENT);
    CHECK_IS(open("f/x", O_RDONLY), -1);
    CHECK_IS(errno, ENOTDIR);
    CHECK_IS(open("f", O_RDWR | O_CREAT | O_EXCL, 0644), -1);
    CHECK_IS(errno, EEXIST);
    CHECK_IS(remove("f"), 0);
    CHECK_IS(open("f", O_RDONLY), -1);
}

static void open_modes(void)
{
    char c;
    close(make_file("f", 1, 100));
    int fd = open("f", O_RDONLY);
    CHECK_IS(write(fd, "x", 1), -1);
    close(fd);
    fd = open("f", O_WRONLY);
    CHECK_IS(read(fd, &c, 1), -1);
    close(fd);
    fd = open("f", O_WRONLY | O_APPEND);
    CHECK_IS(write(fd, "x", 1), 1);
    CHECK_IS(pwrite(fd, "y", 1, 0), 1); /* every write goes to the end */
    close(fd);
    struct tarry_stat st;
    CHECK_IS(dirstat("f", &st), 0);
    CHECK_IS(st.length, 102);
    fd = open("f", O_WRONLY | O_TRUNC);
    CHECK_IS(dirfstat(fd, &st), 0);
    CHECK_IS(st.length, 0);
    close(fd);
    CHECK_IS(open("f", 3 | 0x40000), -1); /* no such mode */
}

static void large_file(void)
{
    enum { N = 300000 };
    close(make_file("f", 7, N));
    CHECK(file_is_pattern("f", 7, N));
    int fd = open("f", O_RDWR);
    for (int i = 0; i < 200; i++) { /* small unaligned writes and reads */
        char buf[700];
        int at = i * 1471;
        fill_pattern(buf, 8, (uint64_t)at, sizeof buf);
        CHECK_IS(pwrite(fd, buf, sizeof buf, at), sizeof buf);
    }
    for (int i = 0; i < 200; i++) {
        char buf[1471];
        int at = i * 1471;
        CHECK_IS(pread(fd, buf, sizeof buf, at), sizeof buf);
        CHECK(is_pattern(buf, 8, (uint64_t)at, 700));
        CHECK(is_pattern(buf + 700, 7, (uint64_t)at + 700, 771));
    }
}

static void holes(void)
{
    int fd = make_file("f", 1, 0);
    CHECK_IS(pwrite(fd, "end", 3, 10 * PAGE), 3);
    CHECK_IS(pread(fd, big, 3 * PAGE, 5 * PAGE), 3 * PAGE);
    CHECK(is_all(big, 0, 3 * PAGE));
    CHECK_IS(truncate("f", (off_t)1 << 36), 0);
    CHECK_IS(pread(fd, big, 100, ((off_t)1 << 36) - 50), 50);
    CHECK(is_all(big, 0, 50));
    CHECK_IS(truncate("f", 10 * PAGE + 1), 0);
    CHECK_IS(truncate("f", 10 * PAGE + 3), 0);
    CHECK_IS(pread(fd, big, 100, 10 * PAGE), 3);
    CHECK(memcmp(big, "e\0\0", 3) == 0); /* what was cut off does not come back */
}

static void stats(void)
{
    struct tarry_stat a, b;
    close(make_file("f", 1, 1000));
    CHECK_IS(dirstat("f", &a), 0);
    CHECK_IS(a.length, 1000);
    CHECK_IS(a.mode, 0644);
    CHECK_IS(a.dev, 'f');
    CHECK(strcmp(a.name, "f") == 0);
    int fd = open("f", O_RDWR);
    CHECK_IS(dirfstat(fd, &b), 0);
    CHECK(a.path == b.path && a.version == b.version && a.mtime_ns == b.mtime_ns);
    nsleep(1000000);
    CHECK_IS(write(fd, "x", 1), 1);
    CHECK_IS(dirfstat(fd, &b), 0);
    CHECK_IS(b.version, a.version + 1);
    CHECK(b.mtime_ns > a.mtime_ns && b.mtime_ns <= nsec());
    CHECK_IS(chmod("f", 0600), 0);
    CHECK_IS(dirstat("f", &b), 0);
    CHECK_IS(b.mode, 0600);
    CHECK_IS(dirstat("/", &b), 0);
    CHECK(b.mode & DMDIR);
    CHECK_IS(dirstat("g", &b), -1);
    CHECK_IS(errno, ENOENT);
}

static void renames(void)
{
    CHECK_IS(mkdir("a", 0777), 0);
    CHECK_IS(mkdir("b", 0777), 0);
    close(make_file("a/x", 1, 5000));
    CHECK_IS(rename("a/x", "a/y"), 0);
    CHECK(file_is_pattern("a/y", 1, 5000));
    CHECK_IS(rename("a/y", "b/z"), 0);
    CHECK(file_is_pattern("b/z", 1, 5000));
    CHECK_IS(rename("b/z", "here"), 0);
    CHECK(file_is_pattern("here", 1, 5000));
    close(make_file("there", 2, 300));
    CHECK_IS(rename("here", "there"), 0);
    CHECK(file_is_pattern("there", 1, 5000));
    CHECK_IS(rename("a", "b/a"), 0);
    CHECK_IS(mkdir("b/a/c", 0777), 0);
    CHECK_IS(rename("b", "b/a/c/b"), -1); /* into itself */
    CHECK_IS(rename("nothing", "x"), -1);
    CHECK_IS(errno, ENOENT);
}

static int count_entries(const char *path)
{
    DIR *d = opendir(path);
    int n = 0;
    CHECK(d != NULL);
    while (readdir(d))
        n++;
    closedir(d);
    return n;
}

static void directories(void)
{
    char name[32], cwd[TARRY_PATH_MAX + 1];
    CHECK_IS(mkdir("d", 0777), 0);
    CHECK_IS(mkdir("d", 0777), -1);
    CHECK_IS(errno, EEXIST);
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof name, "d/a file with number %d", i);
        close(make_file(name, (unsigned)i, 1));
    }
    CHECK_IS(count_entries("d"), 100);
    CHECK_IS(remove("d"), -1);
    CHECK_IS(errno, ENOTEMPTY);
    CHECK_IS(open("d", O_WRONLY), -1);
    CHECK_IS(chdir("d"), 0);
    CHECK(getcwd(cwd, sizeof cwd) && strcmp(cwd, "/usertests.dir/directories/d") == 0);
    for (int i = 0; i < 100; i += 2) {
        snprintf(name, sizeof name, "../d/./a file with number %d", i);
        CHECK_IS(remove(name), 0);
    }
    CHECK_IS(count_entries("."), 50);
    CHECK_IS(remove("a file with number 1"), 0);
    CHECK_IS(count_entries("."), 49); /* each open has its own offset */
    close(make_file("a file with number 1", 1, 1));
    CHECK_IS(chdir(".."), 0);
    CHECK_IS(count_entries("d/../d/."), 50);
    CHECK_IS(chdir("nowhere"), -1);
    CHECK_IS(chdir("d/a file with number 1"), -1);
    CHECK_IS(errno, ENOTDIR);
    CHECK_IS(chdir("/../.."), 0);
    CHECK(getcwd(cwd, sizeof cwd) && strcmp(cwd, "/") == 0);
}

static void long_names(void)
{
    char name[TARRY_PATH_MAX + 3];
    memset(name, 'n', sizeof name);
    name[TARRY_NAME_MAX] = 0;
    close(make_file(name, 1, 10));
    CHECK(file_is_pattern(name, 1, 10));
    name[TARRY_NAME_MAX] = 'n';
    name[TARRY_NAME_MAX + 1] = 0;
    CHECK_IS(open(name, O_RDWR | O_CREAT, 0644), -1);
    CHECK_IS(errno, ENAMETOOLONG);
    memset(name, '/', sizeof name);
    name[TARRY_PATH_MAX] = 0;
    CHECK_IS(chdir(name), 0);
    name[TARRY_PATH_MAX] = '/';
    name[TARRY_PATH_MAX + 1] = 0;
    CHECK_IS(chdir(name), -1);
    CHECK_IS(errno, ENAMETOOLONG);
    CHECK_IS(open("", O_RDONLY), -1);
}

static void devices(void)
{
    char buf[100];
    int fd = open("/dev/zero", O_RDONLY);
    memset(buf, 1, sizeof buf);
    CHECK_IS(read(fd, buf, sizeof buf), sizeof buf);
    CHECK(is_all(buf, 0, sizeof buf));
    fd = open("/dev/null", O_RDWR);
    CHECK_IS(write(fd, buf, sizeof buf), sizeof buf);
    CHECK_IS(read(fd, buf, sizeof buf), 0);
    CHECK_IS(open("/dev/nothing", O_RDONLY), -1);
    CHECK_IS(open("/dev/mine", O_RDWR | O_CREAT, 0644), -1);
    CHECK(count_entries("/dev") >= 4);
}

static void proc_files(void)
{
    char path[64], text[512];
    snprintf(path, sizeof path, "/proc/%d/status", getpid());
    int fd = open(path, O_RDONLY);
    CHECK(fd >= 0);
    ssize_t n = read(fd, text, sizeof text - 1);
    CHECK(n > 0);
    text[n] = 0;
    CHECK(strstr(text, "usertests") != NULL);
    snprintf(path, sizeof path, "/proc/%d/segment", getpid());
    fd = open(path, O_RDONLY);
    CHECK(read(fd, text, sizeof text) > 0);
    CHECK_IS(open("/proc/999999/status", O_RDONLY), -1);
}

/* Permission bits and DMAPPEND are honoured: open(5), stat(5) of Plan 9. */
static void permissions(void)
{
    char buf[16];
    struct tarry_wstat w;
    int fd = create("log", OWRITE, DMAPPEND | 0644);
    CHECK_IS(write(fd, "one", 3), 3);
    CHECK_IS(pwrite(fd, "two", 3, 0), 3); /* an offset does not matter */
    close(fd);
    fd = open("log", O_RDWR | O_TRUNC); /* not truncated */
    CHECK(fd >= 0);
    CHECK_IS(write(fd, "!", 1), 1);
    CHECK_IS(pread(fd, buf, sizeof buf, 0), 7);
    CHECK(memcmp(buf, "onetwo!", 7) == 0);
    CHECK_IS(truncate("log", 3), -1);
    CHECK_IS(errno, EPERM);
    CHECK_IS(truncate("log", 9), 0);
    memset(&w, 0xff, sizeof w);
    w.name[0] = 0;
    w.mode = 0444;
    CHECK_IS(dirwstat("log", &w), 0);
    CHECK_IS(write(fd, "x", 1), 1); /* R2: what is open stays as it was opened */
    CHECK_IS(pread(fd, buf, sizeof buf, 0), 10);
    CHECK_IS(open("log", O_WRONLY), -1);
    CHECK_IS(errno, EACCES);
    CHECK_IS(open("log", O_RDONLY | O_TRUNC), -1);
    CHECK_IS(truncate("log", 0), -1);
    CHECK_IS(errno, EACCES);
    CHECK_IS(mkdir("d", 0777), 0);
    close(make_file("d/f", 1, 10));
    CHECK_IS(chmod("d", 0555), 0);
    CHECK_IS(remove("d/f"), -1);
    CHECK_IS(errno, EACCES);
    CHECK_IS(rename("d/f", "f"), -1);
    CHECK_IS(rename("log", "d/log"), -1);
    CHECK_IS(open("d/g", O_WRONLY | O_CREAT, 0644), -1);
    CHECK_IS(errno, EACCES);
    CHECK(file_is_pattern("d/f", 1, 10));
    CHECK_IS(chmod("d", 0666), 0);
    CHECK_IS(open("d/f", O_RDONLY), -1);
    CHECK_IS(errno, EACCES);
    CHECK_IS(chmod("d", 0777), 0);
}

/* Blocks that no file has: what others hold, swap above all, may come and go meanwhile. */
static uint64_t unused(const struct fsspace *s)
{
    return s->free + s->held;
}

/* How much is free, and what makes it less. */
static void space(void)
{
    struct fsspace before, now;
    struct statvfs v;
    struct tarry_wstat w;
    CHECK_IS(fsspace(&before), 0);
    CHECK_IS(before.blocksize, PAGE);
    CHECK(before.free > 1000 && before.free < before.blocks);
    int fd = make_file("f", 1, 200 * PAGE);
    CHECK_IS(fsspace(&now), 0);
    CHECK(unused(&before) - unused(&now) >= 200 && unused(&before) - unused(&now) < 220);
    CHECK_IS(statvfs(".", &v), 0);
    CHECK(v.f_bsize == PAGE && v.f_bfree > 1000 && v.f_bfree < v.f_blocks && v.f_blocks == now.blocks);
    CHECK_IS(fsync(fd), 0);
    CHECK_IS(fsync(99), -1);
    CHECK_IS(errno, EBADF);
    CHECK_IS(fsspace(&before), 0);
    CHECK_IS(remove("f"), 0);
    CHECK_IS(fsspace(&now), 0);
    CHECK(now.held >= 200); /* it is open */
    close(fd);
    sync();
    CHECK_IS(fsspace(&now), 0);
    CHECK(unused(&now) >= unused(&before) + 200);
    close(make_file("g", 1, 1));
    memset(&w, 0xff, sizeof w);
    w.name[0] = 0;
    CHECK_IS(dirwstat("g", &w), 0); /* changes nothing: a commit */
    CHECK_IS(fsspace(&before), 0);
    CHECK(before.epoch > now.epoch);
    CHECK_IS(statvfs("nothing", &v), -1);
    CHECK_IS(errno, ENOENT);
}

static void descriptors(void)
{
    int fds[TARRY_NFD], n = 0;
    int fd = make_file("f", 1, 100);
    char c;
    while (n < TARRY_NFD && (fds[n] = dup(fd)) >= 0)
        n++;
    CHECK_IS(errno, EMFILE);
    CHECK_IS(open("f", O_RDONLY), -1);
    CHECK_IS(pipe(fds + TARRY_NFD - 2), -1);
    for (int i = 0; i < n; i++)
        CHECK_IS(close(fds[i]), 0);
    int other = dup2(fd, 20);
    CHECK_IS(other, 20);
    CHECK_IS(lseek(fd, 50, SEEK_SET), 50); /* the two share the offset */
    CHECK_IS(read(20, &c, 1), 1);
    CHECK((uint8_t)c == pattern(1, 50));
    CHECK_IS(lseek(fd, 0, SEEK_CUR), 51);
    CHECK_IS(close(20), 0);
    CHECK_IS(close(20), -1);
    CHECK_IS(errno, EBADF);
    CHECK_IS(read(-1, &c, 1), -1);
    CHECK_IS(read(1000000, &c, 1), -1);
    CHECK_IS(dup2(fd, TARRY_NFD), -1);
    CHECK_IS(dup2(55, 3), -1);
}

/* ---- processes ---- */

static void say_status(void *text)
{
    exits(text);
}

static void statuses(void)
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

static void many_children(void)
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

static void fork_often(void) { /* what a process holds is free again when it has ended */
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

static void tree_of_children(void)
{
    CHECK_IS(grandchildren(3), 15);
}

static void not_awaited(void)
{
    struct waitmsg w;
    if (rfork(RFPROC | RFFDG | RFNOWAIT) == 0)
        exits("nobody asks");
    CHECK_IS(await(&w), -1);
    CHECK_IS(errno, ECHILD);
}

static void copy_on_write(void)
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

static void shared_descriptors(void)
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

static void kills(void)
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

static void preemption(void) { /* two that never give the hart away both get on */
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

static void time_passes(void)
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

static void floating_point(void) { /* each process has its own registers */
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

static void pipes(void)
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

static void closed_pipe(void)
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

/* ---- exec ---- */

/* Run as `usertests @args N TOTAL ...`: are there N arguments of TOTAL bytes? */
static int check_arguments(int argc, char **argv)
{
    long total = 0;
    for (int i = 4; i < argc; i++)
        total += (long)strlen(argv[i]) + 1;
    if (argv[argc] != NULL || argc - 4 != atoi(argv[2]) || total != atol(argv[3]))
        return 1;
    return argc > 6 &&
           (strcmp(argv[4], "two words") != 0 || strcmp(argv[5], "") != 0 || strcmp(argv[6], "\"quoted\"\n\\") != 0);
}

static void exec_self(void *argv)
{
    exec("/bin/usertests", argv);
    exits("exec failed");
}

static void exec_arguments(void)
{
    char *small[] = {"usertests", "@args", "3", "22", "two words", "", "\"quoted\"\n\\", NULL};
    CHECK_IS(strcmp(in_child(exec_self, small), ""), 0);
    char *none[] = {"usertests", "@args", "0", "0", NULL};
    CHECK_IS(strcmp(in_child(exec_self, none), ""), 0);
    memset(big, 'x', 60000);
    big[59999] = 0;
    char *large[] = {"usertests", "@args", "1", "60000", big, NULL};
    CHECK_IS(strcmp(in_child(exec_self, large), ""), 0);
    memset(big, 'x', sizeof big);
    big[sizeof big - 1] = 0;
    char *excess[] = {"usertests", big, NULL};
    CHECK_IS(exec("/bin/usertests", excess), -1);
    CHECK_IS(errno, E2BIG);
}

static void exec_failures(void) { /* the process lives on, whole */
    char *argv[] = {"x", NULL};
    static char elf[8192];
    CHECK_IS(exec("/bin/nothing", argv), -1);
    CHECK_IS(errno, ENOENT);
    close(make_file("text", 1, 6000));
    CHECK_IS(chmod("text", 0755), 0);
    CHECK_IS(exec("text", argv), -1);
    CHECK_IS(errno, ENOEXEC);
    close(make_file("empty", 1, 0));
    CHECK_IS(chmod("empty", 0755), 0);
    CHECK_IS(exec("empty", argv), -1);
    CHECK_IS(errno, ENOEXEC);
    CHECK_IS(exec("/bin", argv), -1);
    int fd = open("/bin/true", O_RDONLY);
    CHECK(fd >= 0);
    ssize_t n = read(fd, elf, 400);
    CHECK_IS(n, 400);
    fd = open("cut", O_RDWR | O_CREAT, 0755); /* an ELF whose segments end beyond the file */
    CHECK_IS(write(fd, elf, 400), 400);
    CHECK_IS(exec("cut", argv), -1);
    CHECK_IS(errno, ENOEXEC);
    static const uint8_t vital[] = {0, 1, 3, 4, 5, 18, 39, 54, 57}; /* magic, class, order, machine, e_phoff, sizes */
    for (size_t i = 0; i < sizeof vital; i++) {
        elf[vital[i]] ^= 0x25;
        CHECK_IS(pwrite(fd, elf, 400, 0), 400);
        CHECK_IS(exec("cut", argv), -1);
        CHECK_IS(errno, ENOEXEC);
        elf[vital[i]] ^= 0x25;
    }
}

static void exec_keeps_descriptors(void)
{
    int fds[2];
    char buf[8];
    CHECK_IS(pipe(fds), 0);
    if (fork() == 0) {
        char *argv[] = {"echo", "-n", "through", NULL};
        dup2(fds[1], 1);
        execv("/bin/echo", argv);
        exits("exec failed");
    }
    close(fds[1]);
    CHECK_IS(read(fds[0], buf, sizeof buf), 7);
    CHECK(memcmp(buf, "through", 7) == 0);
    wait(NULL);
}

/* ---- memory ---- */

static void heap(void)
{
    char *end = sbrk(0);
    CHECK(sbrk(100000) == end);
    CHECK(is_all(end, 0, 100000));
    memset(end, 1, 100000);
    CHECK(sbrk(-100000) != (void *)-1);
    CHECK(sbrk(0) == end);
    CHECK(sbrk(100000) == end);
    CHECK(is_all(end + PAGE, 0, 100000 - PAGE)); /* whole pages that were given back come back as zeros */
    CHECK(sbrk((ptrdiff_t)1 << 45) == (void *)-1);
    CHECK(sbrk(0) == end + 100000);
}

static void mallocs(void)
{
    enum { N = 200 };
    static char *p[N];
    static size_t size[N];
    uint64_t r = 12345;
    for (int i = 0; i < 3000; i++) {
        size_t k = random_next(&r) % N;
        if (p[k]) {
            CHECK(is_pattern(p[k], (unsigned)k, 0, size[k]));
            free(p[k]);
            p[k] = NULL;
        } else {
            size[k] = random_next(&r) % (k % 10 ? 300 : 20000);
            CHECK((p[k] = malloc(size[k] + 1)) != NULL);
            fill_pattern(p[k], (unsigned)k, 0, size[k]);
        }
    }
}

static int deep(int n)
{
    volatile char room[1000];
    room[n % 1000] = (char)n;
    return n == 0 ? 0 : deep(n - 1) + (room[n % 1000] == (char)n);
}

static void stack_grows(void)
{
    CHECK_IS(deep(500), 500);
}

static void store_at(void *p)
{
    *(volatile char *)p = 1;
}

static void load_at(void *p)
{
    (void)*(volatile char *)p;
}

static void segments(void)
{
    char *p = segattach(0, "memory", NULL, 10 * PAGE + 1);
    CHECK((intptr_t)p != -1);
    CHECK_IS((uintptr_t)p % PAGE, 0);
    CHECK(is_all(p, 0, 11 * PAGE));
    fill_pattern(p, 1, 0, 11 * PAGE);
    CHECK_IS(segfree(p + 100, 3 * PAGE), 0);
    CHECK(is_pattern(p, 1, 0, 100));
    CHECK(is_all(p + 100, 0, 3 * PAGE));
    CHECK(is_pattern(p + 100 + 3 * PAGE, 1, 100 + 3 * PAGE, 8 * PAGE - 100));
    CHECK_IS(segfree(p + 10 * PAGE, 2 * PAGE), -1); /* beyond its end */
    char *q = segattach(0, "memory", (void *)0x3000000000, PAGE);
    CHECK(q == (void *)0x3000000000);
    *q = 1;
    CHECK((intptr_t)segattach(0, "memory", q, PAGE) == -1); /* taken */
    CHECK((intptr_t)segattach(0, "memory", q - PAGE, 2 * PAGE) == -1);
    CHECK((intptr_t)segattach(0, "memory", q + 1, PAGE) == -1); /* not on a page */
    CHECK((intptr_t)segattach(0, "nonsense", NULL, PAGE) == -1);
    CHECK((intptr_t)segattach(0, "memory", NULL, 0) == -1);
    CHECK((intptr_t)segattach(0, "memory", NULL, (size_t)1 << 45) == -1);
    CHECK((intptr_t)segattach(0, "memory", NULL, (size_t)-1) == -1);
    CHECK((intptr_t)segattach(0, "memory", (void *)0x3fffffe000, 4 * PAGE) == -1);
    CHECK_IS(segdetach(q), 0);
    CHECK_IS(segdetach(q), -1);
    CHECK_IS(segdetach((void *)files), -1); /* the text stays */
    CHECK(is_pattern(p + 4 * PAGE, 1, 4 * PAGE, PAGE));
    char *r = segattach(0, "memory", q, PAGE);
    CHECK(r == q && *r == 0);
}

static void segments_protect(void) { /* the kernel says on the console how these children died */
    char *p = segattach(SG_RONLY, "memory", NULL, PAGE);
    CHECK((intptr_t)p != -1);
    CHECK_IS(*p, 0);
    CHECK(strstr(in_child(store_at, p), "trap") != NULL);
    CHECK_IS(segdetach(p), 0);
    CHECK(strstr(in_child(load_at, p), "trap") != NULL);
    CHECK(strstr(in_child(store_at, (void *)files), "trap") != NULL);
}

static void set_first(void *p)
{
    ((char *)p)[0] = 'c';
    ((char *)p)[5 * PAGE] = 'c';
}

static void segments_shared(void)
{
    char *shared = segattach(SG_SHARED, "memory", NULL, 6 * PAGE);
    char *private = segattach(0, "memory", NULL, 6 * PAGE);
    shared[0] = private[0] = 'p';
    CHECK_IS(strcmp(in_child(set_first, shared), ""), 0);
    CHECK(shared[0] == 'c' && shared[5 * PAGE] == 'c');
    CHECK_IS(strcmp(in_child(set_first, private), ""), 0);
    CHECK(private[0] == 'p' && private[5 * PAGE] == 0);
}

static void huge_segment(void) { /* costs nothing where it is not touched */
    char *p = segattach(0, "memory", NULL, (size_t)32 << 30);
    CHECK((intptr_t)p != -1);
    for (size_t i = 0; i < 32; i++) {
        CHECK_IS(p[i << 30], 0);
        p[i << 30] = (char)i;
    }
    CHECK_IS(strcmp(in_child(set_first, p), ""), 0);
    CHECK_IS(p[(size_t)7 << 30], 7);
    CHECK_IS(segfree(p, (size_t)32 << 30), 0);
    CHECK_IS(p[(size_t)31 << 30], 0);
}

/* ---- the C library ---- */

static int by_value(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

static void c_library(void)
{
    char text[100];
    int numbers[100], n = 0;
    snprintf(text, sizeof text, "%d %5.2f %s %llx %-4c|", -5, 3.14159, "str", 0xdeadbeefcafeull, 'c');
    CHECK_IS(strcmp(text, "-5  3.14 str deadbeefcafe c   |"), 0);
    CHECK(strtod("-1.5e3", NULL) == -1500.0);
    CHECK_IS(sscanf("12 abc 3.5", "%d %s", &n, text), 2);
    CHECK(n == 12 && strcmp(text, "abc") == 0);
    for (int i = 0; i < 100; i++)
        numbers[i] = i * 37 % 100;
    qsort(numbers, 100, sizeof numbers[0], by_value);
    for (int i = 0; i < 100; i++)
        CHECK_IS(numbers[i], i);
    jmp_buf env;
    n = setjmp(env);
    if (n < 3)
        longjmp(env, n + 1);
    CHECK_IS(n, 3);
    CHECK(strcmp(strerror(ENOENT), "") != 0);
}

static void write_and_exit(void *unused)
{
    (void)unused;
    FILE *f = fopen("left open", "w");
    fputs("flushed at exit", f);
    exit(0);
}

static void standard_io(void)
{
    char line[64];
    FILE *f = fopen("f", "w");
    CHECK(f != NULL);
    for (int i = 0; i < 2000; i++)
        CHECK(fprintf(f, "line %d\n", i) > 0);
    CHECK_IS(fclose(f), 0);
    f = fopen("f", "r");
    for (int i = 0; i < 2000; i++) {
        int k;
        CHECK(fgets(line, sizeof line, f) && sscanf(line, "line %d", &k) == 1 && k == i);
    }
    CHECK(fgets(line, sizeof line, f) == NULL && feof(f));
    CHECK_IS(fseek(f, 0, SEEK_SET), 0);
    CHECK_IS(fgetc(f), 'l');
    CHECK_IS(ungetc('x', f), 'x');
    CHECK_IS(fgetc(f), 'x');
    CHECK_IS(fseek(f, 7, SEEK_SET), 0);
    CHECK_IS(ftell(f), 7);
    CHECK_IS(fread(line, 1, 6, f), 6);
    CHECK(memcmp(line, "line 1", 6) == 0);
    fclose(f);
    f = fopen("f", "a");
    fputs("more", f);
    fclose(f);
    struct stat st;
    CHECK_IS(stat("f", &st), 0);
    CHECK_IS(st.st_size, 10 * 7 + 90 * 8 + 900 * 9 + 1000 * 10 + 4);
    CHECK(fopen("nothing", "r") == NULL);
    CHECK_IS(strcmp(in_child(write_and_exit, NULL), ""), 0);
    f = fopen("left open", "r");
    CHECK(f != NULL);
    CHECK(fgets(line, sizeof line, f) != NULL);
    CHECK_IS(strcmp(line, "flushed at exit"), 0);
}

static void errors(void)
{
    char text[100];
    CHECK_IS(sys_open("/nothing", OREAD), -T_ENOENT);
    int n = errstr(text, sizeof text);
    CHECK(n > 0 && n < (int)sizeof text);
    register long a7 __asm__("a7") = SYS_MAX + 1;
    register long a0 __asm__("a0") = 0;
    __asm__ volatile("ecall" : "+r"(a0) : "r"(a7) : "memory");
    CHECK_IS(a0, -T_ENOSYS);
    a7 = -1;
    a0 = 0;
    __asm__ volatile("ecall" : "+r"(a0) : "r"(a7) : "memory");
    CHECK_IS(a0, -T_ENOSYS);
}

/* ---- and then deferred I/O ---- */

static void run_program(void *name)
{
    char path[40], *argv[] = {name, NULL};
    *put_text(put_text(path, "/bin/"), name) = 0;
    exec(path, argv);
    exits("no such program");
}

#define T(name)                                                                                                        \
    { #name, name }

static const struct test tests[] = {
    T(files),
    T(open_modes),
    T(large_file),
    T(holes),
    T(stats),
    T(renames),
    T(directories),
    T(long_names),
    T(devices),
    T(proc_files),
    T(permissions),
    T(space),
    T(descriptors),
    T(statuses),
    T(many_children),
    T(fork_often),
    T(tree_of_children),
    T(not_awaited),
    T(copy_on_write),
    T(shared_descriptors),
    T(kills),
    T(preemption),
    T(time_passes),
    T(floating_point),
    T(pipes),
    T(closed_pipe),
    T(exec_arguments),
    T(exec_failures),
    T(exec_keeps_descriptors),
    T(heap),
    T(mallocs),
    T(stack_grows),
    T(segments),
    T(segments_protect),
    T(segments_shared),
    T(huge_segment),
    T(c_library),
    T(standard_io),
    T(errors),
};

int main(int argc, char **argv)
{
    if (help_asked(argc, argv, "usertests [NAME...]\nRuns the tests of those names, or all."))
        return 0;
    if (argc >= 4 && strcmp(argv[1], "@args") == 0)
        return check_arguments(argc, argv);
    int failed = run_tests("usertests", tests, sizeof tests / sizeof tests[0], argc, argv);
    if (argc == 1) {
        failed |= strcmp(in_child(run_program, "notetests"), "") != 0;
        failed |= strcmp(in_child(run_program, "defertests"), "") != 0;
    }
    return failed;
}
