/* SPDX-License-Identifier: GPL-2.0-only */
/* usertests: files. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include "usertests.h"

void files(void)
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

void open_modes(void)
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

void large_file(void)
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

void holes(void)
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

void stats(void)
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

void renames(void)
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

void directories(void)
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

void long_names(void)
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

void devices(void)
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

void proc_files(void)
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
void permissions(void)
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
void space(void)
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

void descriptors(void)
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
