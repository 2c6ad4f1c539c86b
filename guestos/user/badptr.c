/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * badptr: gives bad pointers to every system call that takes one -- kernel addresses, unmapped ones, text where the
 * kernel would store, buffers that cross from good memory into nothing, lengths that wrap around -- and sees that the
 * answer is EFAULT each time. Prints ok; a line for each wrong answer.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "tarry.h"

static int wrong;
static int disk, pipes[2], zero;
static char *edge;     /* first byte after a page of our own: nothing is there */
static char *readonly; /* a page that may not be stored into */

static const char dir[] = "/badptr.dir", file[] = "/badptr.file";

static void expect_at(int line, const char *call, const char *kind, long r)
{
    if (r == -T_EFAULT)
        return;
    printf("badptr: %s with %s (line %d): %ld\n", call, kind, line, r);
    wrong++;
}

#define EXPECT(call, kind) expect_at(__LINE__, #call, kind, call)

/* Calls that read n bytes at p, each shorter than what is there before the edge. */
static void bad_sources(const char *kind, uintptr_t bad)
{
    const char *p = (const char *)bad;
    char *good[] = {"x", NULL};
    EXPECT(sys_exec(p, good), kind);
    EXPECT(sys_exec("/bin/true", (char *const *)bad), kind);
    char *bad_argument[] = {"x", (char *)p, NULL};
    if (bad) /* null would be the end of the vector */
        EXPECT(sys_exec("/bin/true", bad_argument), kind);
    EXPECT(sys_open(p, OREAD), kind);
    EXPECT(sys_create(p, OWRITE, 0644), kind);
    EXPECT(sys_stat(p, &(struct tarry_stat){0}), kind);
    EXPECT(sys_wstat(p, &(struct tarry_wstat){0}), kind);
    EXPECT(sys_wstat(file, (const struct tarry_wstat *)bad), kind);
    EXPECT(sys_remove(p), kind);
    EXPECT(sys_chdir(p), kind);
    EXPECT(sys_segattach(0, p, 0, TARRY_PAGE), kind);
    EXPECT(sys_pwrite(disk, p, 100, 0), kind);
    EXPECT(sys_pwrite(pipes[1], p, 100, -1), kind);
}

/* Calls that store at p. The file has 8192 bytes, the pipe some. */
static void bad_targets(const char *kind, uintptr_t bad)
{
    char *p = (char *)bad;
    EXPECT(sys_pread(disk, p, 100, 0), kind);
    EXPECT(sys_pread(disk, p, 8192, 0), kind);
    EXPECT(sys_pread(zero, p, 100, -1), kind);
    EXPECT(sys_pread(pipes[0], p, 100, -1), kind);
    EXPECT(sys_pipe((int *)bad), kind);
    EXPECT(sys_stat(file, (struct tarry_stat *)bad), kind);
    EXPECT(sys_fstat(disk, (struct tarry_stat *)bad), kind);
    EXPECT(sys_getcwd(p, 100), kind);
    EXPECT(sys_errstr(p, 100), kind);
    int d = (int)sys_open(dir, OREAD);
    EXPECT(sys_pread(d, p, 10 * sizeof(struct tarry_stat), 0), kind);
    sys_close(d);
    if (rfork(RFPROC | RFFDG) == 0)
        exits("a long status text, so that the message crosses the edge");
    EXPECT(sys_await(p, 100), kind);
    while (sys_await((char[300]){0}, 300) > 0)
        ;
}

static void bad_lengths(void)
{
    static char good[64];
    EXPECT(sys_pwrite(disk, good, (size_t)1 << 62, 0), "a length beyond memory");
    EXPECT(sys_pwrite(disk, good, (size_t)-1, 0), "a length that wraps");
    EXPECT(sys_pwrite(pipes[1], good, (size_t)-1, -1), "a length that wraps");
    EXPECT(sys_pread(zero, good, (size_t)-64, -1), "a length that wraps");
    EXPECT(sys_pread(zero, good, (size_t)1 << 40, -1), "a length beyond memory");
}

/* A read of a file is settled by what the file has: a buffer that is long enough for that is good. */
static void good_lengths(void)
{
    static char good[8192];
    long n = sys_pread(disk, good, sizeof good, 0);
    if (n != 8192) {
        printf("badptr: a good read after all that: %ld\n", n);
        wrong++;
    }
}

static int prepare(void)
{
    static char block[8192];
    memset(block, 'b', sizeof block);
    char *mem = segattach(0, "memory", NULL, TARRY_PAGE);
    char *ro = segattach(SG_RONLY, "memory", NULL, TARRY_PAGE);
    if ((intptr_t)mem == -1 || (intptr_t)ro == -1)
        return -1;
    edge = mem + TARRY_PAGE;
    readonly = ro;
    disk = open(file, O_RDWR | O_CREAT | O_TRUNC, 0644);
    zero = open("/dev/zero", O_RDONLY);
    int d = (int)sys_create(dir, OREAD, DMDIR | 0755);
    if (disk < 0 || zero < 0 || d < 0 || pipe(pipes) < 0)
        return -1;
    close(d);
    char entry[TARRY_PATH_MAX];
    for (int i = 0; i < 10; i++) {
        snprintf(entry, sizeof entry, "%s/%d", dir, i);
        close((int)sys_create(entry, OWRITE, 0644));
    }
    if (chdir(dir) < 0) /* a name too long to fit before the edge */
        return -1;
    return write_all(pipes[1], block, 200) < 0 || write_all(disk, block, sizeof block) < 0 ? -1 : 0;
}

static void clean_up(void)
{
    char entry[TARRY_PATH_MAX];
    chdir("/");
    for (int i = 0; i < 10; i++) {
        snprintf(entry, sizeof entry, "%s/%d", dir, i);
        remove(entry);
    }
    remove(dir);
    remove(file);
}

int main(void)
{
    static const struct {
        const char *kind;
        uintptr_t va;
    } nowhere[] = {
        {"null", 0},
        {"page 1", 0x1000},
        {"an unmapped address", 0x2000000000},
        {"the top of user space", TARRY_USER_TOP},
        {"the last byte below the hole", 0x3fffffffff},
        {"a non-canonical address", 0x4000000000},
        {"the kernel's text", 0xffffffc080200000u},
        {"the last byte", ~(uintptr_t)0},
    };
    if (prepare() < 0) {
        complain("prepare");
        return 1;
    }
    for (size_t i = 0; i < sizeof nowhere / sizeof nowhere[0]; i++) {
        bad_sources(nowhere[i].kind, nowhere[i].va);
        bad_targets(nowhere[i].kind, nowhere[i].va);
    }
    memset(edge - 8, 'a', 8); /* no NUL before the edge */
    bad_sources("a buffer that crosses into nothing", (uintptr_t)edge - 8);
    bad_targets("a buffer that crosses into nothing", (uintptr_t)edge - 4);
    bad_targets("text", (uintptr_t)main & ~(uintptr_t)3);
    bad_targets("a read-only segment", (uintptr_t)readonly);
    bad_lengths();
    good_lengths();
    clean_up();
    if (!wrong)
        puts("ok");
    return wrong != 0;
}
