/* SPDX-License-Identifier: GPL-2.0-only */
/* The harness of the self-checking programs; see testing.h. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "tarry.h"
#include "testing.h"

static const char *current;

void test_failed(const char *file, int line, const char *what, long long value)
{
    char why[200];
    int n = errstr(why, sizeof why - 1);
    why[n > 0 ? n : 0] = 0;
    const char *base = strrchr(file, '/');
    printf("not ok %s: %s:%d: %s (got %lld; last error: %s)\n", current, base ? base + 1 : file, line, what, value,
           why);
    fflush(stdout);
    exits("failed");
}

/* What /dev/swap counts of segments, snapshots and pinned blocks: the end of its text. */
static void counts(char *text, size_t n)
{
    char all[600];
    int fd = open("/dev/swap", O_RDONLY);
    ssize_t got = fd >= 0 ? read(fd, all, sizeof all - 1) : 0;
    close(fd);
    all[got > 0 ? got : 0] = 0;
    const char *swap = strstr(all, " swap\n");
    snprintf(text, n, "%s", swap ? swap + 6 : "");
}

/* S4: a test leaves nothing behind. (What it did not wait for gets a moment.) */
static bool left_nothing(const char *name, const char *before)
{
    char after[200];
    for (int tries = 0; tries < 100; tries++) {
        counts(after, sizeof after);
        if (strcmp(before, after) == 0)
            return true;
        nsleep(10000000);
    }
    for (char *p = after; *p; p++)
        *p = *p == '\n' ? ' ' : *p;
    printf("not ok %s: left behind: %s\n", name, after);
    return false;
}

/* Runs the test in an empty directory. */
static bool run_one(const struct test *t)
{
    struct waitmsg w;
    char before[200];
    current = t->name;
    counts(before, sizeof before);
    fflush(stdout);
    int pid = rfork(RFPROC | RFFDG);
    if (pid == 0) {
        CHECK(mkdir(t->name, 0777) == 0 && chdir(t->name) == 0);
        t->run();
        exits("");
    }
    if (pid < 0 || await(&w) != pid) {
        printf("not ok %s: no child for the test\n", t->name);
        return false;
    }
    if (!w.status[0] && !left_nothing(t->name, before))
        return false;
    if (!w.status[0])
        printf("ok %s\n", t->name);
    else if (strcmp(w.status, "failed") != 0)
        printf("not ok %s: %s\n", t->name, w.status);
    return !w.status[0];
}

static void remove_all(const char *dir)
{
    char path[TARRY_PATH_MAX + 1];
    struct dirent *e;
    DIR *d;
    while ((d = opendir(dir)) != NULL) {
        e = readdir(d);
        bool made = e && join_path(path, dir, e->d_name) == 0;
        closedir(d);
        if (!made)
            break;
        if (e->d_type == DT_DIR)
            remove_all(path);
        else if (remove(path) < 0)
            break;
    }
    remove(dir);
}

static bool chosen(const char *name, int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return true;
    return argc <= 1;
}

int run_tests(const char *program, const struct test *tests, size_t n, int argc, char **argv)
{
    char dir[TARRY_NAME_MAX];
    size_t ran = 0, passed = 0;
    snprintf(dir, sizeof dir, "/%s.dir", program);
    remove_all(dir);
    if (mkdir(dir, 0777) < 0 || chdir(dir) < 0) {
        complain(dir);
        return 1;
    }
    for (size_t i = 0; i < n; i++)
        if (chosen(tests[i].name, argc, argv)) {
            ran++;
            passed += run_one(&tests[i]);
        }
    chdir("/");
    remove_all(dir);
    printf("%s: %zu of %zu passed\n", program, passed, ran);
    return passed != ran || !ran;
}

const char *in_child(void (*fn)(void *), void *arg)
{
    static struct waitmsg w;
    fflush(stdout);
    int pid = rfork(RFPROC | RFFDG);
    if (pid == 0) {
        fn(arg);
        exits("");
    }
    if (pid < 0)
        test_failed(__FILE__, __LINE__, "rfork makes a child", pid);
    while (await(&w) != pid)
        ;
    return w.status;
}

uint8_t pattern(unsigned seed, uint64_t i)
{
    uint64_t x = (i + 1) * 0x9e3779b97f4a7c15u + seed * 0xd1b54a32d192ed03u;
    return (uint8_t)(x >> 56 ^ x >> 31);
}

void fill_pattern(void *buf, unsigned seed, uint64_t first, size_t n)
{
    uint8_t *p = buf;
    for (size_t i = 0; i < n; i++)
        p[i] = pattern(seed, first + i);
}

bool is_pattern(const void *buf, unsigned seed, uint64_t first, size_t n)
{
    const uint8_t *p = buf;
    for (size_t i = 0; i < n; i++)
        if (p[i] != pattern(seed, first + i))
            return false;
    return true;
}

bool is_all(const void *buf, uint8_t c, size_t n)
{
    const uint8_t *p = buf;
    for (size_t i = 0; i < n; i++)
        if (p[i] != c)
            return false;
    return true;
}

int make_file(const char *name, unsigned seed, size_t n)
{
    char *buf = malloc(n + 1);
    int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);
    CHECK(buf != NULL);
    CHECK(fd >= 0);
    fill_pattern(buf, seed, 0, n);
    CHECK_IS(pwrite(fd, buf, n, 0), n);
    free(buf);
    return fd;
}

bool file_is_pattern(const char *name, unsigned seed, size_t n)
{
    char *buf = malloc(n + 1);
    int fd = open(name, O_RDONLY);
    CHECK(buf != NULL);
    bool good = fd >= 0 && pread(fd, buf, n + 1, 0) == (ssize_t)n && is_pattern(buf, seed, 0, n);
    close(fd);
    free(buf);
    return good;
}

uint64_t random_next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}
