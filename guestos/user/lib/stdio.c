/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * picolibc's stdio on our descriptors: stdin, stdout, stderr, and fopen and fdopen that remember what is open, so that
 * exit flushes it (picolibc's own do not). stdout is line-buffered on the console and fully buffered elsewhere; stderr
 * is written at the end of each call's last byte (unbuffered).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdio-bufio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tarry.h"

static char in_buf[1024], out_buf[1024], err_buf[1];

static struct __file_bufio in_file = FDEV_SETUP_BUFIO(0, in_buf, sizeof in_buf, read, write, lseek, close, __SRD, 0);
static struct __file_bufio out_file =
    FDEV_SETUP_BUFIO(1, out_buf, sizeof out_buf, read, write, lseek, close, __SWR, __BLBF);
static struct __file_bufio err_file = FDEV_SETUP_BUFIO(2, err_buf, sizeof err_buf, read, write, lseek, close, __SWR, 0);

FILE *const stdin = &in_file.xfile.cfile.file;
FILE *const stdout = &out_file.xfile.cfile.file;
FILE *const stderr = &err_file.xfile.cfile.file;

struct stream {
    struct __file_bufio file; /* first: picolibc knows only this, and frees it */
    struct stream *next, **link;
    char buf[4096];
};

static struct stream *open_streams;

/* What a mode of fopen asks for (C11 7.21.5.3): the stream's flags, and open's in *oflags. 0 with errno: no such mode. */
static int stream_flags(const char *mode, int *oflags)
{
    bool update = strchr(mode, '+') != NULL;
    switch (mode[0]) {
    case 'r':
        *oflags = update ? O_RDWR : O_RDONLY;
        return update ? __SRD | __SWR : __SRD;
    case 'w':
    case 'a':
        *oflags = (update ? O_RDWR : O_WRONLY) | O_CREAT | (mode[0] == 'w' ? O_TRUNC : O_APPEND) |
                  (strchr(mode, 'x') ? O_EXCL : 0);
        return update ? __SRD | __SWR : __SWR;
    }
    errno = EINVAL;
    return 0;
}

static int close_stream(FILE *f)
{
    struct stream *s = (struct stream *)f;
    *s->link = s->next;
    if (s->next)
        s->next->link = s->link;
    return __bufio_close(f);
}

FILE *fdopen(int fd, const char *mode)
{
    int oflags;
    int flags = stream_flags(mode, &oflags);
    struct stream *s = flags ? calloc(1, sizeof *s) : NULL;
    if (!s)
        return NULL;
    s->file = (struct __file_bufio)FDEV_SETUP_BUFIO(fd, s->buf, sizeof s->buf, read, write, lseek, close, 0, 0);
    s->file.xfile.cfile.file.flags |= (uint8_t)flags;
    s->file.xfile.cfile.close = close_stream;
    __lock_init(s->file.lock);
    s->next = open_streams;
    s->link = &open_streams;
    if (s->next)
        s->next->link = &s->next;
    open_streams = s;
    if (oflags & O_APPEND)
        s->file.pos = lseek(fd, 0, SEEK_END);
    return &s->file.xfile.cfile.file;
}

FILE *fopen(const char *path, const char *mode)
{
    int oflags;
    if (!stream_flags(mode, &oflags))
        return NULL;
    int fd = open(path, oflags, 0666);
    if (fd < 0)
        return NULL;
    FILE *f = fdopen(fd, mode);
    if (!f)
        close(fd);
    return f;
}

int finish_output(int status)
{
    return ferror(stdout) | fflush(stdout) ? output_failed() : status;
}

__attribute__((constructor(101))) static void stdio_begin(void)
{
    if (!isatty(1))
        out_file.bflags &= (uint8_t)~__BLBF;
}

__attribute__((destructor(101))) static void stdio_end(void)
{
    fflush(stdout);
    for (struct stream *s = open_streams; s; s = s->next)
        fflush(&s->file.xfile.cfile.file);
}
