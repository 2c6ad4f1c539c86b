/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * spooky [POLICY...]: what a read under a policy is worth when somebody else writes the file. For each policy (none
 * named: that of the run) it reads a file into a segment, lets another process overwrite it, stores into the buffer,
 * reads the file to its end and beyond, and tells what became of the bytes. The sound policies print the same.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tarry.h"

static const char help[] = "spooky [POLICY...]\nWhat becomes of a buffer when somebody else writes the file it was read from.";

enum { PAGE = 4096, PAGES = 8, TAIL = 100, LENGTH = (PAGES - 1) * PAGE + TAIL };

static const char name[] = "/spooky.file";

static void fail(const char *what)
{
    complain(what);
    exit(1);
}

/* The file becomes LENGTH bytes of c. */
static void overwrite(char c)
{
    static char bytes[LENGTH];
    int fd = open(name, O_WRONLY | O_CREAT, 0644);
    memset(bytes, c, sizeof bytes);
    if (fd < 0 || pwrite(fd, bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
        fail(name);
    close(fd);
}

static void in_another_process(void (*fn)(char), char c)
{
    struct waitmsg w;
    int pid = fork();
    if (pid == 0) {
        fn(c);
        _exit(0);
    }
    while (pid > 0 && await(&w) != pid)
        ;
}

static char *attach(const char *policy)
{
    char class[64] = "defer";
    if (policy)
        snprintf(class, sizeof class, "defer:%s", policy);
    char *p = segattach(0, class, NULL, (PAGES + 1) * PAGE);
    if ((intptr_t)p == -1)
        fail(class);
    return p;
}

static const char *age(char c)
{
    return c == 'o' ? "old" : c == 'n' ? "NEW" : "LOST";
}

static char in_file(size_t at)
{
    char c = 0;
    int fd = open(name, O_RDONLY);
    if (fd < 0 || pread(fd, &c, 1, (off_t)at) != 1)
        fail(name);
    close(fd);
    return c;
}

static void try(const char *policy)
{
    overwrite('o');
    char *p = attach(policy);
    memset(p, 'k', (PAGES + 1) * PAGE);
    int fd = open(name, O_RDONLY);
    ssize_t n = pread(fd, p, (PAGES + 1) * PAGE, 0);
    if (n != LENGTH)
        fail("the count of the read");
    char before = p[PAGE];
    p[2 * PAGE] = 's';
    in_another_process(overwrite, 'n');
    printf("%s: touched before the write: %s; not touched: %s; behind the end: %s; stored: %s; the file's: %s\n",
           policy ? policy : "this run", before == 'o' ? age(p[PAGE]) : "LOST", age(p[5 * PAGE + 1]),
           p[LENGTH] == 'k' && p[PAGES * PAGE] == 'k' ? "kept" : "LOST", p[2 * PAGE] == 's' ? "kept" : "LOST",
           age(in_file(2 * PAGE)));
    p[3 * PAGE] = 's';
    printf("%s: a store is seen by a read of the file: %s\n", policy ? policy : "this run",
           in_file(3 * PAGE) == 's' ? "YES" : "no");
    close(fd);
    segdetach(p);
    unlink(name);
}

int main(int argc, char **argv)
{
    if (help_asked(argc, argv, help))
        return 0;
    if (argc == 1)
        try(NULL);
    for (int i = 1; i < argc; i++)
        try(argv[i]);
    return finish_output(0);
}
