/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * diskerrors read|write FILE: what a program sees of a disk that fails, for `tarry run --disk-fault`.
 *   read   reads FILE into a deferred segment, then uses its second page in a system call, in a child, and itself
 *   write  overwrites FILE, syncs until that succeeds (at most 3 times), reads it back
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tarry.h"

static const char help[] = "diskerrors read|write FILE\nWhat a program sees of a disk that fails.";

enum { PAGE = 4096, LENGTH = 4 * PAGE };

static char buf[LENGTH];

static void tell(const char *what, bool good)
{
    char why[200];
    int n = good ? 0 : errstr(why, sizeof why - 1);
    why[n > 0 ? n : 0] = 0;
    printf("%s: %s%s\n", what, good ? "ok" : "", why);
    fflush(stdout);
}

/* E1: the error goes to whoever needs the page, and the page is tried again. */
static void reading(int fd)
{
    struct waitmsg w;
    volatile char *p = segattach(0, "defer", NULL, LENGTH);
    tell("read", pread(fd, (char *)p, LENGTH, 0) == LENGTH);
    int out = open("/diskerrors.out", O_WRONLY | O_CREAT, 0644);
    tell("write to a file", write(out, (char *)p + PAGE, 10) == 10);
    tell("name of a file", open((char *)p + PAGE, O_RDONLY) >= 0 || errno != EIO);
    int pid = fork();
    if (pid == 0) {
        tell("child", p[PAGE] != 0);
        _exit(0);
    }
    await(&w);
    printf("child's status: %.*s\n", 31, w.status);
    tell("parent", p[PAGE] != 0);
    unsigned sum = 0;
    for (int i = 0; i < LENGTH; i++)
        sum += (unsigned char)p[i];
    printf("sum: %u\n", sum);
}

static void writing(int fd)
{
    bool good = false;
    memset(buf, 'w', sizeof buf);
    tell("write", pwrite(fd, buf, LENGTH, 0) == LENGTH);
    for (int i = 0; i < 3 && !good; i++) {
        good = sys_sync() == 0;
        tell("sync", good);
    }
    memset(buf, 0, sizeof buf);
    tell("read back", pread(fd, buf, LENGTH, 0) == LENGTH && buf[0] == 'w' && buf[LENGTH - 1] == 'w');
}

int main(int argc, char **argv)
{
    if (help_asked(argc, argv, help))
        return 0;
    if (argc != 3 || (strcmp(argv[1], "read") && strcmp(argv[1], "write")))
        usage(help);
    int fd = open(argv[2], O_RDWR);
    tell("open", fd >= 0);
    if (fd >= 0)
        (argv[1][0] == 'r' ? reading : writing)(fd);
    return finish_output(fd < 0);
}
