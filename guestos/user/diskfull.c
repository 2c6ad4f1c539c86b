/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * diskfull FILE COPY ROOM: what becomes of a pending read when its file is overwritten and the disk has no room to preserve
 * the old bytes (E2). Reads FILE, whose bytes COPY has, too, into a deferred segment, fills the disk but for ROOM blocks, and lets
 * another process write N over all of FILE. Tells what the writer was told, and compares every byte of the buffer and of
 * the file with what they must be.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "tarry.h"

static const char help[] = "diskfull FILE COPY ROOM\n"
                           "Overwrites FILE, of which there is a COPY, while it is a pending read and the disk has ROOM blocks.";

enum { BLOCK = 4096, NEW = 'N' };

static const char hog[] = "/diskfull.hog";
static char block[BLOCK];

static void fail(const char *what)
{
    complain(what);
    exit(1);
}

static int must_open(const char *name, int mode)
{
    int fd = open(name, mode | O_CREAT, 0644);
    if (fd < 0)
        fail(name);
    return fd;
}

/* Leaves room for so many blocks, and what the file system keeps back for itself. */
static void fill_disk(uint64_t room)
{
    off_t n = 0;
    ssize_t got;
    int fd = must_open(hog, O_WRONLY);
    while ((got = pwrite(fd, block, BLOCK, n)) > 0)
        n += got;
    n -= n % BLOCK; /* the last write may have been short; within a block truncate needs room itself */
    if (errno != ENOSPC || n < (off_t)(room * BLOCK) || truncate(hog, n - (off_t)(room * BLOCK)) < 0)
        fail(hog);
    close(fd);
    if (sys_sync() < 0)
        fail("sync");
}

/* The writer: goes on after a short count, until all is written or a call fails. How many bytes that was. */
static uint64_t overwrite(int fd, uint64_t length)
{
    uint64_t done = 0;
    ssize_t got = 1;
    char why[100] = "ok";
    char *bytes = segattach(0, "memory", NULL, length);
    if ((intptr_t)bytes == -1)
        fail("segattach");
    memset(bytes, NEW, length);
    for (; done < length && (got = pwrite(fd, bytes + done, length - done, (off_t)done)) > 0; done += (uint64_t)got)
        ;
    if (got < 0)
        errstr(why, sizeof why);
    printf("writer: %lu bytes: %s\n", (unsigned long)done, why);
    return done;
}

/* The writer is another process; what it has written comes through a pipe. */
static uint64_t overwrite_in_child(int fd, uint64_t length)
{
    int ends[2];
    uint64_t done = 0;
    struct waitmsg w;
    if (pipe(ends) < 0)
        fail("pipe");
    fflush(stdout);
    int pid = fork();
    if (pid == 0) {
        done = overwrite(fd, length);
        write(ends[1], &done, sizeof done);
        exit(finish_output(0));
    }
    if (pid < 0 || read(ends[0], &done, sizeof done) != sizeof done)
        fail("the writer");
    await(&w);
    return done;
}

/* How many bytes of [from, length) of the buffer are not those of the copy. */
static uint64_t differ(int copy, const char *p, uint64_t from, uint64_t length)
{
    uint64_t wrong = 0;
    for (uint64_t at = from, n; at < length; at += n) {
        n = length - at < BLOCK ? length - at : BLOCK;
        if (pread(copy, block, n, (off_t)at) != (ssize_t)n)
            fail("the copy");
        for (uint64_t i = 0; i < n; i++)
            wrong += block[i] != p[at + i];
    }
    return wrong;
}

static uint64_t not_new(const char *p, uint64_t n)
{
    uint64_t wrong = 0;
    for (uint64_t i = 0; i < n; i++)
        wrong += p[i] != NEW;
    return wrong;
}

static char *read_all(int fd, uint64_t length)
{
    char *p = segattach(0, "defer", NULL, length);
    if ((intptr_t)p == -1 || pread(fd, p, length, 0) != (ssize_t)length)
        fail("read");
    return p;
}

int main(int argc, char **argv)
{
    uint64_t room;
    if (help_asked(argc, argv, help))
        return 0;
    if (argc != 4 || !parse_number(argv[3], &room))
        usage(help);
    int fd = must_open(argv[1], O_RDWR), copy = must_open(argv[2], O_RDONLY);
    uint64_t length = (uint64_t)lseek(fd, 0, SEEK_END);
    char *p = read_all(fd, length);
    fill_disk(room);
    uint64_t done = overwrite_in_child(fd, length), wrong = differ(copy, p, 0, length);
    printf("reader: %lu bytes wrong\n", (unsigned long)wrong);
    segdetach(p);
    p = read_all(fd, length);
    uint64_t torn = not_new(p, done) + differ(copy, p, done, length);
    printf("file: %lu bytes wrong\n", (unsigned long)torn);
    unlink(hog);
    return finish_output(wrong + torn > 0);
}
